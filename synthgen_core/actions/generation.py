"""Making a dataset: show the prompt, start a run, resume it."""

from dataclasses import replace
from decimal import Decimal

from synthgen_core.actions.requests import (
    MOST_EXAMPLES,
    MOST_SHOTS,
    MOST_WORKERS,
    GenerationRequest,
    budget_for,
    caps_of,
    check_budget,
    check_request,
    first_ask,
    from_parameters,
    to_parameters,
)
from synthgen_core.actions.runs import close_sides, open_sides, run_in_background
from synthgen_core.actions.trials import Trial, try_example
from synthgen_core.database import NewDataset, NewJob
from synthgen_core.database.datasets import now
from synthgen_core.database.jobs import STOPPED_SHORT
from synthgen_core.errors import DatabaseError, NotFoundError
from synthgen_core.methods import Plan
from synthgen_core.models import Job, JobKind, JsonObject, Message, Side
from synthgen_core.workspace import Workspace

__all__ = [
    "MOST_EXAMPLES",
    "MOST_SHOTS",
    "MOST_WORKERS",
    "GenerationRequest",
    "Trial",
    "check_request",
    "preview_prompt",
    "resume_generation",
    "start_generation",
    "try_example",
]


def preview_prompt(workspace: Workspace, request: GenerationRequest) -> tuple[Message, ...]:
    """The messages that the first call of this run would send. Raises as ``check_request`` does."""
    _, plan = check_request(workspace, request)
    return first_ask(plan).sent.messages


def start_generation(workspace: Workspace, request: GenerationRequest) -> Job:
    """Check everything, make the dataset and its file, and start the run in the background; returns at once.

    Raises:
        NotFoundError, ConfigError: as ``check_request`` does; ProviderError: a model cannot be reached.
        DatabaseError: the data folder or the database cannot be written. Then nothing was made.
    """
    filled, plan = check_request(workspace, request)
    sides = open_sides(workspace, filled)
    close_sides(sides)
    filled = replace(filled, provider=sides[Side.WRITER].config)  # with the model that it chose, if none was named
    if filled.assistant_provider is not None:
        filled = replace(filled, assistant_provider=sides[Side.ASSISTANT].config)
    check_budget(workspace, filled, plan)
    file_path = workspace.mirror.claim(plan.domain.slug, now())
    metadata: JsonObject = {
        "origin": "generated",
        "language": plan.language.code,
        "model": filled.provider.model,
        "seed": plan.seed,
    }
    if filled.assistant_provider is not None:
        metadata["assistant_model"] = filled.assistant_provider.model
    new_dataset = NewDataset(
        name=filled.name,
        domain=plan.domain.slug,
        subdomain=plan.subdomain.slug,
        format_type=plan.format.name,
        file_path=file_path,
        metadata=metadata,
    )
    new_job = NewJob(JobKind.GENERATION, to_parameters(filled), filled.num_examples, workspace.runner.owner)
    try:
        job = workspace.database.create_job(new_job, new_dataset)
    except DatabaseError:
        workspace.mirror.path(file_path).unlink(missing_ok=True)
        raise
    is_repeatable = request.seed is not None and filled.use_cache
    _run(workspace, job, filled, plan, has_memory=is_repeatable)
    return job


def resume_generation(
    workspace: Workspace, job_id: int, *, max_cost: Decimal | None = None, max_tokens_total: int | None = None
) -> Job:
    """Go on with a run that was interrupted, cancelled or failed: what is there is kept, what was paid for is used.

    A budget that is given replaces the one that the job had; what it has spent counts.

    Raises:
        NotFoundError: there is no such job, or its dataset was deleted.
        ConfigError: its budget is used up, or cannot be kept.
        ConflictError: it runs already, or is complete.
        ProviderError: a model cannot be reached; the job stays as it was.
    """
    job = workspace.database.get_job(job_id)
    if job.dataset_id is None:
        raise NotFoundError(f"The dataset of job {job_id} is gone.", "Start a new run.")
    workspace.database.get_dataset(job.dataset_id)
    request = from_parameters(workspace, job.parameters)
    request = replace(
        request,
        max_cost=request.max_cost if max_cost is None else max_cost,
        max_tokens_total=request.max_tokens_total if max_tokens_total is None else max_tokens_total,
    )
    filled, plan = check_request(workspace, request)
    if job.status in STOPPED_SHORT:
        check_budget(workspace, filled, plan, job)
        close_sides(open_sides(workspace, filled))
    parameters = job.parameters | caps_of(filled)
    job = workspace.database.reopen_job(job_id, workspace.runner.owner, parameters)
    _run(workspace, job, filled, plan, has_memory=True)
    return job


def _run(workspace: Workspace, job: Job, request: GenerationRequest, plan: Plan, *, has_memory: bool) -> None:
    budget = budget_for(workspace.settings, request, job)
    run_in_background(workspace, job, request, plan, budget, has_memory=has_memory)
