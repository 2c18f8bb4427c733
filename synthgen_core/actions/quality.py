"""Judging a dataset, and making a better one of it: what it will take, starting it, going on with it."""

from dataclasses import replace
from decimal import Decimal

from synthgen_core.access import Role, requires
from synthgen_core.actions.caps import caps_of
from synthgen_core.actions.providers import model_table, open_provider
from synthgen_core.actions.quality_estimates import QualityEstimate, estimate_quality
from synthgen_core.actions.quality_records import QualityCounters, quality_counters
from synthgen_core.actions.quality_requests import (
    DEFAULT_BATCH_SIZE,
    MIN_QUALITY_SCORE,
    MOST_AT_A_TIME,
    MOST_RUNS,
    QualityRequest,
    budget_for,
    check_budget,
    check_judge,
    check_request,
    from_parameters,
    to_parameters,
)
from synthgen_core.actions.quality_runs import QualityWork, chosen_examples, known_before
from synthgen_core.database import NewJob
from synthgen_core.database.jobs import STOPPED_SHORT
from synthgen_core.errors import ConfigError, ConflictError, NotFoundError
from synthgen_core.models import Dataset, Job, JobKind, ProviderConfig, Watermark
from synthgen_core.workspace import ACTIVE, Workspace

__all__ = [
    "DEFAULT_BATCH_SIZE",
    "MIN_QUALITY_SCORE",
    "MOST_AT_A_TIME",
    "MOST_RUNS",
    "QualityCounters",
    "QualityEstimate",
    "QualityRequest",
    "check_judge",
    "check_request",
    "estimate_quality",
    "process_dataset_quality",
    "quality_counters",
    "resume_quality",
    "start_judging",
    "start_quality",
]


@requires(Role.ADMIN)
def start_quality(workspace: Workspace, request: QualityRequest) -> Job:
    """Check everything, and judge in the background; returns at once.

    The dataset is judged as it is now, whatever is changed meanwhile. What comes of it is a new dataset, unless the
    request is ``judge_only``; the examples of the old one get their scores either way.

    Raises:
        NotFoundError, ConfigError: as ``check_request`` does, or all is judged already.
        ConflictError: a judge is at work on this dataset.
        ProviderError: the model cannot be reached.
    """
    filled = check_request(workspace, request)
    dataset = workspace.database.get_dataset(filled.dataset_id)
    _check_idle(workspace, dataset)
    filled = replace(filled, provider=_reached(workspace, filled))
    check_request(workspace, filled)  # by the price of the model that it chose
    mark = workspace.database.get_watermark(dataset.id)
    chosen = chosen_examples(workspace, filled, mark)
    requested = len(chosen)
    if filled.judge_only:
        known = known_before(workspace, filled)
        requested = sum(each not in known for each in chosen)
        if not requested:
            raise ConfigError(
                f"All {len(chosen):,} examples have a score of this judge by this rubric.",
                "Ask again (--again), take another rubric, or another judge.",
            )
    new = NewJob(JobKind.QUALITY, to_parameters(filled, dataset, mark), requested, workspace.runner.owner)
    job = workspace.database.create_job(new, dataset.id)
    _start(workspace, job, filled, mark)
    return job


@requires(Role.ADMIN)
def start_judging(workspace: Workspace, request: QualityRequest) -> Job:
    """Score the examples, and no more. Raises as ``start_quality`` does."""
    return start_quality(workspace, replace(request, judge_only=True))


@requires(Role.ADMIN)
def process_dataset_quality(
    workspace: Workspace,
    dataset_id: int,
    provider: ProviderConfig,
    batch_size: int = DEFAULT_BATCH_SIZE,
    min_quality_score: float = MIN_QUALITY_SCORE,
    auto_fix: bool = False,
    auto_remove: bool = False,
) -> Job:
    """A quality run over all of a dataset, by the rubric that comes with the app. Raises as ``start_quality`` does."""
    return start_quality(
        workspace,
        QualityRequest(
            dataset_id,
            provider,
            batch_size=batch_size,
            min_quality_score=min_quality_score,
            auto_fix=auto_fix,
            auto_remove=auto_remove,
        ),
    )


@requires(Role.ADMIN)
def resume_quality(
    workspace: Workspace, job_id: int, *, max_cost: Decimal | None = None, max_tokens_total: int | None = None
) -> Job:
    """Go on with a run that stopped short: what was decided stays, what was paid for is used, failures are asked anew.

    A budget that is given replaces the one that the job had; what it has spent counts.

    Raises:
        NotFoundError: there is no such job, or its dataset was deleted.
        ConfigError: its budget is used up, or cannot be kept.
        ConflictError: it runs already, or is complete, or another run judges the dataset.
        ProviderError: the model cannot be reached; the job stays as it was.
    """
    job = workspace.database.get_job(job_id)
    if job.dataset_id is None:
        raise NotFoundError(f"The dataset of job {job_id} is gone.", "Start a new run.")
    dataset = workspace.database.get_dataset(job.dataset_id)
    request, mark = from_parameters(workspace, job)
    request = replace(
        request,
        max_cost=request.max_cost if max_cost is None else max_cost,
        max_tokens_total=request.max_tokens_total if max_tokens_total is None else max_tokens_total,
    )
    if job.status in STOPPED_SHORT:
        _check_idle(workspace, dataset)
        check_budget(workspace, request, job)
        _reached(workspace, request)
    job = workspace.database.reopen_job(job_id, workspace.runner.owner, job.parameters | caps_of(request))
    _start(workspace, job, request, mark)
    return job


def _check_idle(workspace: Workspace, dataset: Dataset) -> None:
    for job in workspace.database.get_jobs(ACTIVE, JobKind.QUALITY, dataset_id=dataset.id):
        raise ConflictError(f"A judge is at work on “{dataset.name}” already (job {job.id}).", "Wait, or cancel it.")


def _start(workspace: Workspace, job: Job, request: QualityRequest, mark: Watermark) -> None:
    budget = budget_for(workspace, request, job)
    workspace.runner.start(job, lambda run: QualityWork(workspace, run, request, mark, budget).perform())


def _reached(workspace: Workspace, request: QualityRequest) -> ProviderConfig:
    """The judge as it answers now, with the model that it chose if none was named. Raises ProviderError."""
    provider = open_provider(request.provider, model_table(workspace.settings))
    provider.close()
    return provider.config
