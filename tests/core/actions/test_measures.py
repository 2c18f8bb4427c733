"""Dear figures are computed once for a state of a dataset: at once where it is small, by a job where it is large."""

import csv
import io

import pytest

from synthgen_core.actions.charts import CHARTS, as_csv, figures_of, related_datasets
from synthgen_core.actions.curation import start
from synthgen_core.actions.curation_requests import Duplicate
from synthgen_core.actions.jobs import resume_task
from synthgen_core.actions.measures import get_or_measure, measuring_job, start_measuring
from synthgen_core.database import Measure, NewExample, NewJob
from synthgen_core.errors import ConfigError, ConflictError, NotFoundError
from synthgen_core.models import Dataset, JobKind, JobStatus
from synthgen_core.workspace import Workspace
from tests.core.actions.support import add_dataset, finish

MANY = 1_000_000


def dataset_of(workspace: Workspace, dataset_id: int) -> Dataset:
    return workspace.database.get_dataset(dataset_id)


def measure(workspace: Workspace, dataset_id: int, at_once: int = MANY) -> Measure | None:
    return get_or_measure(workspace, dataset_of(workspace, dataset_id), CHARTS, at_once=at_once)


def add_one(workspace: Workspace, dataset_id: int, index: int) -> None:
    workspace.database.add_examples(dataset_id, [NewExample(index, {"messages": []}, {})])


def test_a_small_dataset_is_measured_at_once_and_anew_when_it_has_changed(each_workspace: Workspace) -> None:
    dataset_id = add_dataset(each_workspace, count=3)
    first = measure(each_workspace, dataset_id)
    assert first is not None
    assert (first.n, figures_of(first).active) == (3, 3)
    assert measure(each_workspace, dataset_id) == first
    add_one(each_workspace, dataset_id, 3)
    second = measure(each_workspace, dataset_id)
    assert second is not None
    assert (second.n, figures_of(second).active) == (4, 4)


def test_a_large_dataset_is_measured_by_a_job_and_its_older_measure_is_shown_until_then(workspace: Workspace) -> None:
    dataset_id = add_dataset(workspace, count=3)
    assert measure(workspace, dataset_id, at_once=2) is None
    job = finish(workspace, start_measuring(workspace, dataset_id, [CHARTS]))
    assert (job.status, job.done, job.errors) == (JobStatus.COMPLETED, 3, {})
    first = measure(workspace, dataset_id, at_once=2)
    assert first is not None
    assert first.of_state == dataset_of(workspace, dataset_id).updated_at
    add_one(workspace, dataset_id, 3)
    assert measure(workspace, dataset_id, at_once=2) == first
    assert first.of_state != dataset_of(workspace, dataset_id).updated_at


def test_a_dataset_is_measured_by_one_job_at_a_time(workspace: Workspace) -> None:
    dataset_id = add_dataset(workspace)
    waiting = workspace.database.create_job(NewJob(JobKind.MEASURES, {}, 2, workspace.runner.owner), dataset_id)
    assert measuring_job(workspace, dataset_id) == waiting
    with pytest.raises(ConflictError, match=f"job {waiting.id}"):
        start_measuring(workspace, dataset_id, [CHARTS])


def test_a_measure_or_dataset_that_there_is_not_is_refused(workspace: Workspace) -> None:
    with pytest.raises(ConfigError, match="charts"):
        start_measuring(workspace, add_dataset(workspace), ["beauty"])
    with pytest.raises(NotFoundError):
        start_measuring(workspace, 99, [CHARTS])


def test_a_run_that_stopped_short_goes_on(workspace: Workspace) -> None:
    dataset_id = add_dataset(workspace, count=3)
    owner = workspace.runner.owner
    job = workspace.database.create_job(NewJob(JobKind.MEASURES, {"measures": [CHARTS]}, 3, owner), dataset_id)
    workspace.database.begin_job(job.id, owner)
    workspace.database.end_job(job.id, JobStatus.INTERRUPTED)
    assert measure(workspace, dataset_id, at_once=0) is None
    assert finish(workspace, resume_task(workspace, job.id)).status is JobStatus.COMPLETED
    assert measure(workspace, dataset_id, at_once=0) is not None


def test_a_dataset_is_beside_what_it_was_made_from_and_what_was_made_of_it(workspace: Workspace) -> None:
    parent = add_dataset(workspace, "parent")
    finish(workspace, start(workspace, Duplicate(parent, name="child")))
    ((before, after),) = related_datasets(workspace, parent)
    assert (before.id, after.name) == (parent, "child")
    assert related_datasets(workspace, after.id) == [(before, after)]
    workspace.database.delete_dataset(parent)
    assert related_datasets(workspace, after.id) == []


def test_the_numbers_of_a_chart_are_a_file_that_no_spreadsheet_runs() -> None:
    text = as_csv(["tone", "mean"], [["=1+1", -0.5], ['a, "b"\n', None], ["ärger", 3]])
    assert list(csv.reader(io.StringIO(text.decode(), newline=""))) == [
        ["tone", "mean"],
        ["'=1+1", "-0.5"],
        ['a, "b"\n', ""],
        ["ärger", "3"],
    ]
