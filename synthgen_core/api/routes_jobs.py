"""Long work: generation, quality, rules, and the list of all jobs."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from synthgen_core.actions import jobs
from synthgen_core.actions.generation import start_generation
from synthgen_core.actions.quality import QualityRequest, start_quality
from synthgen_core.actions.requests import GenerationRequest
from synthgen_core.actions.rules import check_dataset
from synthgen_core.api.bodies import (
    GenerateRequest,
    Id,
    JobBody,
    JobPage,
    QualityStartRequest,
    RulesStartRequest,
)
from synthgen_core.api.place import Place, provider_for, told
from synthgen_core.errors import NotFoundError
from synthgen_core.models import JobKind, JobStatus
from synthgen_core.workspace import Workspace

router = APIRouter()


@router.post("/generator/start", status_code=HTTPStatus.ACCEPTED, tags=["generator"])
def start_generator(place: Place, body: GenerateRequest) -> JobBody:
    """Start making a dataset."""
    request = GenerationRequest(
        body.domain,
        body.subdomain,
        provider_for(place, body.provider, body.model),
        body.num_examples,
        body.format_type,
        body.language,
        body.name,
        seed=body.seed,
        method=body.method,
        max_cost=body.max_cost,
        max_tokens_total=body.max_tokens_total,
    )
    return told(place, start_generation(place, request).id)


@router.get("/generator/status/{job_id}", tags=["generator"])
def get_generator_status(place: Place, job_id: Id) -> JobBody:
    """How far a generation is."""
    return told(place, _of_kind(place, job_id, JobKind.GENERATION))


@router.post("/generator/cancel/{job_id}", tags=["generator"])
def cancel_generator(place: Place, job_id: Id) -> JobBody:
    """Stop a generation; what it made is kept."""
    return _cancelled(place, _of_kind(place, job_id, JobKind.GENERATION))


@router.post("/quality/start", status_code=HTTPStatus.ACCEPTED, tags=["quality"])
def start_quality_run(place: Place, body: QualityStartRequest) -> JobBody:
    """Start judging a dataset, and mending or removing what falls short, into a new dataset."""
    request = QualityRequest(
        body.dataset_id,
        provider_for(place, body.provider, body.model),
        batch_size=body.batch_size,
        judge_only=body.judge_only,
        min_quality_score=body.min_quality_score,
        auto_fix=body.auto_fix,
        auto_remove=body.auto_remove,
        max_cost=body.max_cost,
        max_tokens_total=body.max_tokens_total,
    )
    return told(place, start_quality(place, request).id)


@router.get("/quality/status/{job_id}", tags=["quality"])
def get_quality_status(place: Place, job_id: Id) -> JobBody:
    """How far a quality run is, with its counters."""
    return told(place, _of_kind(place, job_id, JobKind.QUALITY))


@router.post("/quality/cancel/{job_id}", tags=["quality"])
def cancel_quality(place: Place, job_id: Id) -> JobBody:
    """Stop a quality run; what was judged stays judged."""
    return _cancelled(place, _of_kind(place, job_id, JobKind.QUALITY))


@router.post("/rules/start", status_code=HTTPStatus.ACCEPTED, tags=["quality"])
def start_rules(place: Place, body: RulesStartRequest) -> JobBody:
    """Start the rules over a dataset: flags and scores, without a model."""
    return told(place, check_dataset(place, body.dataset_id).id)


@router.get("/tasks", tags=["tasks"])
def list_tasks(
    place: Place,
    status: JobStatus | None = None,
    type: JobKind | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 20,
    offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> JobPage:
    """Jobs, the newest first."""
    statuses = (status,) if status else ()
    found = jobs.get_all_tasks(place, statuses, type, limit=limit, offset=offset)
    return JobPage(total=jobs.count_tasks(place, statuses, type), tasks=[JobBody.of(view) for view in found])


@router.get("/tasks/{job_id}", tags=["tasks"])
def get_task(place: Place, job_id: Id) -> JobBody:
    """One job."""
    return told(place, job_id)


@router.post("/tasks/{job_id}/cancel", tags=["tasks"])
def cancel_task(place: Place, job_id: Id) -> JobBody:
    """Stop a job; what it achieved is kept."""
    return _cancelled(place, job_id)


@router.delete("/tasks/{job_id}", status_code=HTTPStatus.NO_CONTENT, tags=["tasks"])
def delete_task(place: Place, job_id: Id) -> None:
    """Forget a job that has ended; its dataset stays."""
    jobs.delete_task(place, job_id)


def _of_kind(place: Workspace, job_id: int, kind: JobKind) -> int:
    """The same number. Raises NotFoundError where it is another kind of job."""
    job = jobs.get_job(place, job_id).job
    if job.kind is not kind:
        raise NotFoundError(f"Job {job_id} is no {kind} job.", f"It is a {job.kind} job; see /api/tasks/{job_id}.")
    return job_id


def _cancelled(place: Workspace, job_id: int) -> JobBody:
    jobs.cancel_task(place, job_id)
    return told(place, job_id)
