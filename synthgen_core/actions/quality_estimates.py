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
from synthgen_core.database.judgements import Judgeable
from synthgen_core.formats import Format, get_format
from synthgen_core.judging.prompts import improve_request, judge_request
from synthgen_core.models import Dataset, ExampleFilter, Usage
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
    mark = workspace.database.get_watermark(dataset.id)
    chosen = chosen_examples(workspace, filled, mark)
    known = known_before(workspace, filled)
    to_judge = sum(each not in known for each in chosen)
    step = max(1, len(chosen) // SAMPLE)
    rows = workspace.database.get_judgeable(dataset.id, mark, chosen[::step][:SAMPLE])
    tariff = tariff_for(workspace.settings, filled.provider)
    judging, mending = _a_judgement(filled, get_format(dataset.format), rows, tariff), Usage()
    judgements, fixes = filled.runs * to_judge, 0
    basis = f"From the length of the prompts: {judgements:,} judgements"
    if filled.auto_fix and not filled.judge_only:
        share, source = _weak_share(workspace, dataset, filled.min_quality_score)
        fixes = round(share * len(chosen))
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
        len(chosen),
        len(chosen) - to_judge,
        judgements + fixes,
        usage,
        cost,
        f"{basis}.",
        too_dear or too_long,
        _warnings(dataset, filled),
    )


def _a_judgement(request: QualityRequest, format: Format, rows: Sequence[Judgeable], tariff: Tariff) -> Usage:
    """Tokens of an average judgement."""
    prompts = [prompt_tokens(judge_request(request.rubric, format, row.content, row.metadata, seed=1)) for row in rows]
    thinking = THINKING if tariff.token_limit(1) > 1 else 0
    return Usage(ceil(fmean(prompts)), CRITERION_TOKENS * len(request.rubric.criteria) + thinking)


def _a_fix(format: Format, rows: Sequence[Judgeable], tariff: Tariff) -> Usage:
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
