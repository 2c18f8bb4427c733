"""Measuring what is too dear for every look at a page: computed once for a state of a dataset, and kept.

A further measure is a function with its row in ``MEASURES``. Small datasets are measured at once, large ones by a job.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence

from synthgen_core.database import Measure, NewJob, Progress
from synthgen_core.errors import ConfigError, ConflictError, StoppedError
from synthgen_core.jobs import Run
from synthgen_core.models import Dataset, Job, JobKind, JsonObject
from synthgen_core.workspace import ACTIVE, Workspace

__all__ = ["MEASURES", "Measure", "Tick", "get_or_measure", "measuring_job", "resume_measuring", "start_measuring"]

MEASURES: Mapping[str, str] = {
    "charts": "charts:measure_charts",
    "coverage": "coverage:measure",
    "diversity": "diversity:measure",
    "overview": "quality_state:measure_overview",
    "judge_health": "judge_health:measure_health",
}
"""Name -> ``module:function`` of this package, loaded on first use. The function takes a workspace, a dataset and
something to call now and then, which raises StoppedError once the job is to end; it returns on how many examples the
result rests, and the result as JSON."""

Tick = Callable[[], None]
Compute = Callable[[Workspace, Dataset, Tick], tuple[int, JsonObject]]


def get_or_measure(workspace: Workspace, dataset: Dataset, name: str, *, at_once: int) -> Measure | None:
    """The measure of the dataset as it is now; computed, if it has at most ``at_once`` examples, else only looked up.

    Then it may be of an older state (``of_state`` is not the dataset's ``updated_at``), or None. Raises NotFoundError.
    """
    kept = workspace.database.get_measure(dataset.id, name)
    if kept is not None and kept.of_state == dataset.updated_at:
        return kept
    return _measure(workspace, dataset.id, name, _go_on) if dataset.example_count <= at_once else kept


def start_measuring(workspace: Workspace, dataset_id: int, names: Sequence[str]) -> Job:
    """Compute these measures in the background; returns at once.

    Raises NotFoundError for the dataset, ConfigError for a name, ConflictError if the dataset is measured already.
    """
    if unknown := [name for name in names if name not in MEASURES]:
        raise ConfigError(f"There is no measure “{unknown[0]}”.", f"Known: {', '.join(MEASURES)}.")
    dataset = workspace.database.get_dataset(dataset_id)
    if job := measuring_job(workspace, dataset_id):
        raise ConflictError(f"“{dataset.name}” is measured already (job {job.id}).", "Wait, or cancel it.")
    parameters: JsonObject = {"name": f"Measuring “{dataset.name}”", "measures": [*names]}
    new = NewJob(JobKind.MEASURES, parameters, dataset.example_count, workspace.runner.owner)
    job = workspace.database.create_job(new, dataset_id)
    _start(workspace, job)
    return job


def resume_measuring(workspace: Workspace, job_id: int, **_: object) -> Job:
    """Go on with a run that stopped short. Raises NotFoundError, or ConflictError if it waits, runs, or is complete."""
    job = workspace.database.reopen_job(job_id, workspace.runner.owner)
    _start(workspace, job)
    return job


def measuring_job(workspace: Workspace, dataset_id: int) -> Job | None:
    """The job that measures this dataset now, or waits to."""
    return next(iter(workspace.database.get_jobs(ACTIVE, JobKind.MEASURES, dataset_id=dataset_id)), None)


def _start(workspace: Workspace, job: Job) -> None:
    workspace.runner.start(job, lambda run: _perform(workspace, run))


def _perform(workspace: Workspace, run: Run) -> None:
    dataset_id, names = run.job.dataset_id, run.job.parameters["measures"]
    assert dataset_id is not None
    assert isinstance(names, list)

    def tick() -> None:
        if run.stop.is_set():
            raise StoppedError

    for n, name in enumerate(map(str, names), 1):
        tick()
        run.note(f"Measuring: {name} ({n} of {len(names)}).")
        kept, dataset = workspace.database.get_measure(dataset_id, name), workspace.database.get_dataset(dataset_id)
        if kept is None or kept.of_state != dataset.updated_at:
            _measure(workspace, dataset_id, name, tick)
    run.note("")
    run.record(Progress(done=run.job.requested, seconds=run.seconds))


def _measure(workspace: Workspace, dataset_id: int, name: str, tick: Tick) -> Measure:
    """Compute and keep it. Of a change meanwhile, the state that it is of tells: that was read first."""
    module, function = MEASURES[name].split(":")
    compute: Compute = getattr(importlib.import_module(f"synthgen_core.actions.{module}"), function)
    dataset = workspace.database.get_dataset(dataset_id)
    n, result = compute(workspace, dataset, tick)
    return workspace.database.put_measure(dataset_id, name, dataset.updated_at, n, result)


def _go_on() -> None:
    """Nobody can stop what a page waits for."""
