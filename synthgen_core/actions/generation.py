"""Making a dataset: show the prompt, start a run, resume it."""

from dataclasses import replace
from decimal import Decimal

from synthgen_core.access import Role, requires
from synthgen_core.actions.caps import caps_of
from synthgen_core.actions.requests import (
    MOST_EXAMPLES,
    MOST_SHOTS,
    MOST_WORKERS,
    GenerationRequest,
    budget_for,
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
from synthgen_core.errors import ConflictError, DatabaseError, NotFoundError
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


@requires(Role.ADMIN)
def start_generation(workspace: Workspace, request: GenerationRequest) -> Job:
    """Check everything, make the dataset and its file, and start the run in the background; returns at once.

    With ``add_to`` there is a dataset already.

    Raises:
        NotFoundError, ConfigError: as ``check_request`` does; ProviderError: a model cannot be reached.
        ConflictError: another run adds to the same dataset.
        DatabaseError: the data folder or the database cannot be written. Then nothing was made.
    """
    filled, plan = check_request(workspace, request)
    sides = open_sides(workspace, filled)
    close_sides(sides)
    filled = replace(filled, provider=sides[Side.WRITER].config)  # with the model that it chose, if none was named
    if filled.assistant_provider is not None:
        filled = replace(filled, assistant_provider=sides[Side.ASSISTANT].config)
    check_budget(workspace, filled, plan)
    if filled.add_to is None:
        job = _make_dataset(workspace, filled, plan)
    else:
        filled = replace(filled, first_index=_first_free_index(workspace, filled.add_to))
        job = workspace.database.create_job(_new_job(workspace, filled), filled.add_to)
    is_repeatable = request.seed is not None and filled.use_cache
    _run(workspace, job, filled, plan, has_memory=is_repeatable)
    return job


def _make_dataset(workspace: Workspace, request: GenerationRequest, plan: Plan) -> Job:
    """The job with a new dataset and its file."""
    file_path = workspace.mirror.claim(plan.domain.slug, now())
    metadata: JsonObject = {
        "origin": "generated",
        "language": plan.language.code,
        "model": request.provider.model,
        "seed": plan.seed,
    }
    if request.assistant_provider is not None:
        metadata["assistant_model"] = request.assistant_provider.model
    new_dataset = NewDataset(
        name=request.name,
        domain=plan.domain.slug,
        subdomain=plan.subdomain.slug,
        format_type=plan.format.name,
        file_path=file_path,
        metadata=metadata,
    )
    try:
        return workspace.database.create_job(_new_job(workspace, request), new_dataset)
    except DatabaseError:
        workspace.mirror.path(file_path).unlink(missing_ok=True)
        raise


def _first_free_index(workspace: Workspace, dataset_id: int) -> int:
    """The position after all that other runs brought to a dataset, or may bring yet.

    Raises NotFoundError, or ConflictError while another run adds to it.
    """
    dataset = workspace.database.get_dataset(dataset_id)
    runs = workspace.database.get_jobs(kind=JobKind.GENERATION, dataset_id=dataset_id)
    if busy := [job.id for job in runs if job.status.is_active]:
        raise ConflictError(
            f"A run adds to “{dataset.name}” already (job {busy[0]}).", "Wait until it has ended, or cancel it."
        )
    ends = [job.first_index + job.requested for job in runs]
    return max([workspace.database.next_index(dataset_id), *ends])


def _new_job(workspace: Workspace, request: GenerationRequest) -> NewJob:
    return NewJob(JobKind.GENERATION, to_parameters(request), request.num_examples, workspace.runner.owner)


@requires(Role.ADMIN)
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
