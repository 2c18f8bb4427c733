"""Comparing two datasets, or two examples, with a judge: what it will take, starting it, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from math import ceil
from statistics import fmean

from synthgen_core.access import Role, requires
from synthgen_core.actions.comparison_requests import (
    MOST_PAIRS,
    ComparisonRequest,
    check_comparison,
    check_room_for_pairs,
    from_parameters,
    to_parameters,
)
from synthgen_core.actions.comparison_runs import compare_in_background
from synthgen_core.actions.estimate import THINKING, prompt_tokens
from synthgen_core.actions.jobs import JobView, get_job
from synthgen_core.actions.providers import model_table, open_provider
from synthgen_core.actions.usage import tariff_for
from synthgen_core.database import NewJob
from synthgen_core.database.comparisons import Compared
from synthgen_core.database.jobs import STOPPED_SHORT
from synthgen_core.errors import NotFoundError
from synthgen_core.judging.preferences import A, Preference, Verdict
from synthgen_core.judging.prompts import pair_request
from synthgen_core.models import Job, JobKind, Usage
from synthgen_core.statistics import Figure
from synthgen_core.statistics.intervals import wilson
from synthgen_core.workspace import Workspace

__all__ = [
    "MOST_PAIRS",
    "Compared",
    "Comparison",
    "ComparisonEstimate",
    "ComparisonRequest",
    "check_comparison",
    "estimate_comparison",
    "get_comparison",
    "get_comparisons",
    "resume_comparison",
    "start_comparison",
]

SAMPLE = 20
"""Examples of each dataset that are read for an estimate."""
VERDICT_TOKENS = 80
"""Of a verdict with its reason, about."""
ORDERS = 2
"""Calls for a pair."""
LISTED = 200
"""Comparisons that are looked through for those of a dataset."""


@dataclass(frozen=True, slots=True)
class ComparisonEstimate:
    """What a comparison will take, about."""

    pairs: int
    """As many as were asked for, or as the smaller dataset has examples."""
    calls: int
    usage: Usage
    cost: Decimal | None
    """US dollars; None: the price is not known."""
    basis: str
    """What it rests on, in words."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison as it stands. ``wins``, ``ties`` and ``failed`` sum up to the pairs that are settled."""

    view: JobView
    names: tuple[str, str]
    """What was compared, in words."""
    wins: tuple[int, int]
    """Pairs in which the first, or the second, was better in both orders."""
    ties: int
    """Neither was better in both."""
    failed: int
    same_matter: int
    """Pairs about the same scenario or question; the others were put together by chance."""
    alike: int
    """Examples that are word for word in both datasets, and were left out."""
    win_rate: Figure
    """The first's share of the pairs that were decided."""
    turned: Figure
    """The share of all pairs with a verdict in which the order decided: the same place won in both."""
    for_first_shown: int
    """Pairs of these in which it was the place of the one that is shown first."""
    pairs: Sequence[Compared]

    @property
    def decided(self) -> int:
        """Pairs with a winner."""
        return sum(self.wins)


def estimate_comparison(workspace: Workspace, request: ComparisonRequest) -> ComparisonEstimate:
    """What this comparison will take; no call is made. Raises as ``check_comparison`` does."""
    filled, sides = check_comparison(workspace, request)
    database, tariff = workspace.database, tariff_for(workspace.settings, filled.provider)
    if filled.are_examples:
        firsts, seconds = ([database.get_example(number)] for number in (filled.first, filled.second))
        pairs = filled.pairs
    else:
        firsts, seconds = (database.get_dataset_examples(number, SAMPLE) for number in sides.datasets)
        pairs = min(filled.pairs, *(database.get_dataset(number).example_count for number in sides.datasets))
    asked = [
        pair_request(filled.rubric, sides.format, one.content, other.content)
        for one, other in zip(firsts, seconds, strict=False)
    ]
    prompt = ceil(fmean(prompt_tokens(request) for request in asked))
    a_call = Usage(prompt, VERDICT_TOKENS + (THINKING if tariff.token_limit(1) > 1 else 0))
    calls, price = ORDERS * pairs, tariff.price(a_call)
    return ComparisonEstimate(
        pairs,
        calls,
        Usage(calls * a_call.prompt_tokens, calls * a_call.completion_tokens),
        None if price is None else calls * price,
        f"Two calls a pair, one for each order; from the texts of {len(asked)} pairs and about {VERDICT_TOKENS} tokens "
        "a verdict. A reply that is no verdict is asked for again.",
    )


@requires(Role.ADMIN)
def start_comparison(workspace: Workspace, request: ComparisonRequest) -> Job:
    """Check everything and start the comparison in the background; returns at once.

    Raises as ``check_comparison`` does, and ProviderError where the judge cannot be reached.
    """
    filled, sides = check_comparison(workspace, request)
    provider = open_provider(filled.provider, model_table(workspace.settings))
    provider.close()
    filled = replace(filled, provider=provider.config)  # with the model that it chose, if none was named
    check_room_for_pairs(workspace, filled, sides)
    new = NewJob(JobKind.COMPARISON, to_parameters(filled, sides), filled.pairs, workspace.runner.owner)
    job = workspace.database.create_job(new, sides.datasets[0])
    compare_in_background(workspace, job, filled, sides)
    return job


@requires(Role.ADMIN)
def resume_comparison(
    workspace: Workspace, job_id: int, *, max_cost: Decimal | None = None, max_tokens_total: int | None = None
) -> Job:
    """Go on with a comparison that stopped short: pairs with a verdict are done, replies that were paid for are used.

    Raises as ``start_comparison`` does, and ConflictError if it waits, runs, or is complete.
    """
    job = workspace.database.get_job(job_id)
    request = from_parameters(workspace, job.parameters)
    request = replace(
        request,
        max_cost=request.max_cost if max_cost is None else max_cost,
        max_tokens_total=request.max_tokens_total if max_tokens_total is None else max_tokens_total,
    )
    filled, sides = check_comparison(workspace, request)
    if job.status in STOPPED_SHORT:
        check_room_for_pairs(workspace, filled, sides, job)
        open_provider(filled.provider, model_table(workspace.settings)).close()
    job = workspace.database.reopen_job(job_id, workspace.runner.owner, to_parameters(filled, sides))
    compare_in_background(workspace, job, filled, sides)
    return job


def get_comparison(workspace: Workspace, job_id: int) -> Comparison:
    """What came of a comparison so far. Raises NotFoundError."""
    view = get_job(workspace, job_id)
    if view.job.kind is not JobKind.COMPARISON:
        raise NotFoundError(f"Job {job_id} is no comparison.", "See the list of jobs.")
    pairs, counters = workspace.database.get_compared(job_id), workspace.database.get_counters(job_id)
    verdicts = [pair.verdict for pair in pairs]
    wins = verdicts.count(Preference.FIRST), verdicts.count(Preference.SECOND)
    failed = verdicts.count(Preference.FAILED)
    said = [Verdict.from_json(pair.reasons) for pair in pairs if pair.verdict != Preference.FAILED]
    turned = [verdict.turned for verdict in said if verdict.turned]
    names = view.job.parameters["names"]
    assert isinstance(names, list)
    return Comparison(
        view=view,
        names=(str(names[0]), str(names[1])),
        wins=wins,
        ties=verdicts.count(Preference.TIE),
        failed=failed,
        same_matter=int(str(counters.get("same_matter", 0))),
        alike=int(str(counters.get("alike", 0))),
        win_rate=wilson(wins[0], sum(wins)),
        turned=wilson(len(turned), len(said)),
        for_first_shown=turned.count(A),
        pairs=pairs,
    )


def get_comparisons(workspace: Workspace, dataset_id: int, *, limit: int = 10) -> list[Comparison]:
    """The comparisons that this dataset took part in, the newest first."""
    jobs = workspace.database.get_jobs((), JobKind.COMPARISON, limit=LISTED)
    mine = [job for job in jobs if dataset_id in (job.dataset_id, _second_dataset(job))]
    return [get_comparison(workspace, job.id) for job in mine[:limit]]


def _second_dataset(job: Job) -> object:
    return None if job.parameters["are_examples"] else job.parameters["second"]
