"""What a quality run will take, told before it starts: calls, tokens, money, and what the figures rest on."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from statistics import fmean

from synthgen_core.actions.estimate import THINKING, prompt_tokens
from synthgen_core.actions.quality_requests import QualityRequest, check_request
from synthgen_core.actions.quality_runs import chosen_examples, known_before
from synthgen_core.actions.usage import tariff_for
from synthgen_core.budget import Tariff
from synthgen_core.formats import Format, get_format
from synthgen_core.judging.prompts import improve_request, judge_request
from synthgen_core.models import Dataset, Example, ExampleFilter, Usage
from synthgen_core.workspace import Workspace

SAMPLE = 25
"""Examples whose prompts are measured."""
CRITERION_TOKENS = 55
"""Of a judge's reason and score for one criterion, about."""
USUAL_SHARE = 0.3
"""Of examples below the minimum, where too few have a score."""
FEWEST_SCORES = 20


@dataclass(frozen=True, slots=True)
class QualityEstimate:
    """What a run will take, about."""

    examples: int
    """Those that were chosen."""
    known: int
    """Of them: judged already, so that no judgement is asked for."""
    calls: int
    usage: Usage
    cost: Decimal | None
    """US dollars; None: the price is not known."""
    basis: str
    """What it rests on, in words."""
    is_capped: bool
    """The run has a budget, and this is more than that."""
    warnings: tuple[str, ...]


def estimate_quality(workspace: Workspace, request: QualityRequest) -> QualityEstimate:
    """What this run will take, mending and judging anew included; no call is made. Raises as ``check_request`` does."""
    filled = check_request(workspace, request)
    dataset = workspace.database.get_dataset(filled.dataset_id)
    examples, known = _count(workspace, dataset, filled)
    rows = _some(workspace, dataset)
    tariff = tariff_for(workspace.settings, filled.provider)
    judging, mending = _a_judgement(filled, get_format(dataset.format), rows, tariff), Usage()
    judgements, fixes = filled.runs * (examples - known), 0
    basis = f"From the length of the prompts: {judgements:,} judgements"
    if filled.auto_fix and not filled.judge_only:
        share, source = _weak_share(workspace, dataset, filled.min_quality_score)
        fixes = round(share * examples)
        mending = _a_fix(get_format(dataset.format), rows, tariff)
        judgements += filled.runs * fixes
        basis += f", {fixes:,} texts mended and judged again ({share:.0%} below {filled.min_quality_score:g}: {source})"
    usage = Usage(
        judgements * judging.prompt_tokens + fixes * mending.prompt_tokens,
        judgements * judging.completion_tokens + fixes * mending.completion_tokens,
    )
    prices = [tariff.price(each) for each in (judging, mending)]
    cost = None
    if prices[0] is not None:
        cost = judgements * prices[0] + fixes * (prices[1] or Decimal(0))
    too_dear = cost is not None and filled.max_cost is not None and cost > filled.max_cost
    too_long = filled.max_tokens_total is not None and usage.total > filled.max_tokens_total
    return QualityEstimate(
        examples,
        known,
        judgements + fixes,
        usage,
        cost,
        f"{basis}.",
        too_dear or too_long,
        _warnings(dataset, filled),
    )


def _count(workspace: Workspace, dataset: Dataset, request: QualityRequest) -> tuple[int, int]:
    """How many examples will be chosen, and how many of them are judged already."""
    judged = known_before(workspace, request)
    if request.sample is None:
        return dataset.example_count, len(judged)
    chosen = chosen_examples(workspace, request, workspace.database.get_watermark(dataset.id))
    return len(chosen), sum(each in judged for each in chosen)


def _some(workspace: Workspace, dataset: Dataset) -> list[Example]:
    """A few examples from all over a dataset."""
    step = max(1, dataset.example_count // SAMPLE)
    offsets = range(0, dataset.example_count, step)[:SAMPLE]
    return [row for at in offsets for row in workspace.database.get_dataset_examples(dataset.id, 1, at)]


def _a_judgement(request: QualityRequest, format: Format, rows: Sequence[Example], tariff: Tariff) -> Usage:
    """Tokens of an average judgement."""
    prompts = [prompt_tokens(judge_request(request.rubric, format, row.content, row.metadata, seed=1)) for row in rows]
    thinking = THINKING if tariff.token_limit(1) > 1 else 0
    return Usage(ceil(fmean(prompts)), CRITERION_TOKENS * len(request.rubric.criteria) + thinking)


def _a_fix(format: Format, rows: Sequence[Example], tariff: Tariff) -> Usage:
    """Tokens of an average mending: the example goes in, and comes back."""
    prompts = [prompt_tokens(improve_request(format, row.content, ["x" * 200])) for row in rows]
    bare = prompt_tokens(improve_request(format, {}, []))
    thinking = THINKING if tariff.token_limit(1) > 1 else 0
    return Usage(ceil(fmean(prompts)), max(1, ceil(fmean(prompts) - bare)) + thinking)


def _weak_share(workspace: Workspace, dataset: Dataset, min_score: float) -> tuple[float, str]:
    """The share of examples below a score, and how that is known."""
    database = workspace.database
    scored = database.count_examples(dataset.id, ExampleFilter(is_scored=True))
    if scored < FEWEST_SCORES:
        return USUAL_SHARE, "an assumption"
    high = database.count_examples(dataset.id, ExampleFilter(min_score=min_score))
    return 1 - high / scored, f"as among the {scored:,} with a score"


def _warnings(dataset: Dataset, request: QualityRequest) -> tuple[str, ...]:
    writers = {dataset.metadata.get("model"), dataset.metadata.get("assistant_model")}
    if request.provider.model and request.provider.model in writers:
        return (
            f"The judge {request.provider.model} wrote this dataset: models tend to prefer what they wrote themselves. "
            "Another judge is better.",
        )
    return ()
