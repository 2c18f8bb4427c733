"""Making datasets from datasets: merge, sample, split, convert, deduplicate, filter, duplicate.

Each takes a request (``curation_requests``): ``preview`` says what will happen, ``start`` does it in the background.
The new datasets know their parents, the operation and its seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from synthgen_core.access import Role, requires
from synthgen_core.actions.curation_plans import LeftOut, make_plan
from synthgen_core.actions.curation_requests import (
    Convert,
    Deduplicate,
    Duplicate,
    Filter,
    Merge,
    Request,
    Sample,
    Split,
    check_request,
    from_json,
    to_json,
)
from synthgen_core.actions.curation_runs import CurationWork, converted
from synthgen_core.conversion import LossReport
from synthgen_core.database import NewJob
from synthgen_core.errors import ConfigError, SynthGenError
from synthgen_core.models import Dataset, Job, JobKind, JobStatus, JsonObject, Origin
from synthgen_core.workspace import Workspace

__all__ = [
    "Convert",
    "Deduplicate",
    "Duplicate",
    "Filter",
    "Merge",
    "Planned",
    "Preview",
    "Request",
    "Sample",
    "Split",
    "get_results",
    "merge_datasets",
    "preview",
    "resume_curation",
    "sample_dataset",
    "start",
    "wait_for_datasets",
]

TITLES = {
    Origin.MERGED: "Merge of",
    Origin.SAMPLED: "Sample of",
    Origin.SPLIT: "Split of",
    Origin.CONVERTED: "Conversion of",
    Origin.DEDUPLICATED: "Repeats taken out of",
    Origin.FILTERED: "Filter of",
    Origin.DUPLICATED: "Copy of",
}


@dataclass(frozen=True, slots=True)
class Planned:
    """A dataset that would be made."""

    name: str
    format: str
    count: int
    """Examples that it would have."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What an operation will do. ``total`` goes in; all of it is in an output, left out, or skipped by ``losses``."""

    request: Request
    """With every gap filled: started like this, it does exactly this."""
    total: int
    outputs: tuple[Planned, ...]
    left_out: tuple[LeftOut, ...]
    losses: LossReport | None
    """What is lost by converting; None: nothing is converted."""
    notes: tuple[str, ...]

    @property
    def problem(self) -> str:
        """Why it cannot be done; empty: it can."""
        return "" if sum(planned.count for planned in self.outputs) else "No example would be left."


def preview(workspace: Workspace, request: Request) -> Preview:
    """What the operation will do; nothing is written. Where texts are compared or converted, all are read.

    Raises NotFoundError and ConfigError as ``check_request`` does.
    """
    filled, datasets = check_request(workspace, request)
    plan = make_plan(workspace, filled, datasets)
    losses = LossReport()
    outputs = []
    for output in plan.outputs:
        count = 0
        for take in output.takes:
            if take.dataset.format == output.format:
                count += len(take.ids)
                continue
            for example_id, result in converted(workspace, take, output, lambda: None):
                losses.add(example_id, result)
                count += len(result.contents)
        outputs.append(Planned(output.name, output.format, count))
    return Preview(filled, plan.total, tuple(outputs), plan.left_out, losses if losses.rows else None, plan.notes)


@requires(Role.ADMIN)
def start(workspace: Workspace, request: Request) -> Job:
    """Check the request and do it in the background; returns at once. ``wait_for_datasets`` waits for it.

    Raises NotFoundError and ConfigError as ``check_request`` does; then nothing was begun.
    """
    filled, datasets = check_request(workspace, request)
    names = ", ".join(f"“{dataset.name}”" for dataset in datasets)
    parameters: JsonObject = {
        "name": f"{TITLES[filled.operation]} {names}",
        "operation": filled.operation.value,
        "request": to_json(filled),
    }
    total = sum(dataset.example_count for dataset in datasets)
    job = workspace.database.create_job(NewJob(JobKind.CURATION, parameters, total, workspace.runner.owner))
    _run(workspace, job, filled)
    return job


@requires(Role.ADMIN)
def resume_curation(workspace: Workspace, /, job_id: int, **_: object) -> Job:
    """Do an operation that stopped short anew, from the beginning; what it had made was taken away.

    Raises NotFoundError, or ConflictError if it waits, runs, or is complete.
    """
    job = workspace.database.reopen_job(job_id, workspace.runner.owner)
    request = job.parameters["request"]
    assert isinstance(request, dict)
    _run(workspace, job, from_json(Origin(str(job.parameters["operation"])), request))
    return job


def _run(workspace: Workspace, job: Job, request: Request) -> None:
    workspace.runner.start(job, lambda run: CurationWork(workspace, run, request).perform())


def wait_for_datasets(workspace: Workspace, job: Job) -> list[Dataset]:
    """The datasets that an operation made, once it has ended. Raises ConfigError with the cause if it made none."""
    workspace.runner.wait(job.id)
    ended = workspace.database.get_job(job.id)
    if ended.status is JobStatus.COMPLETED:
        return workspace.database.get_made_by(job.id)
    for error in reversed(ended.errors.values()):
        if isinstance(error, dict):
            raise ConfigError(str(error["message"]), str(error["hint"]))
    raise SynthGenError(f"{ended.parameters['name']}: the job was {ended.status}.", "Resume it from the list of jobs.")


def get_results(workspace: Workspace, job_id: int) -> list[Dataset]:
    """The datasets that an operation made, as far as they are still there; none while it runs."""
    return workspace.database.get_made_by(job_id)


@requires(Role.ADMIN)
def merge_datasets(workspace: Workspace, dataset_ids: Sequence[int], name: str) -> Dataset:
    """A new dataset of all active examples of these, which have one format. Raises as ``start`` does."""
    (made,) = wait_for_datasets(workspace, start(workspace, Merge(tuple(dataset_ids), name)))
    return made


@requires(Role.ADMIN)
def sample_dataset(workspace: Workspace, dataset_id: int, sample_size: int) -> Dataset:
    """A new dataset of so many examples of this one, drawn by chance. Raises as ``start`` does."""
    (made,) = wait_for_datasets(workspace, start(workspace, Sample(dataset_id, sample_size)))
    return made
