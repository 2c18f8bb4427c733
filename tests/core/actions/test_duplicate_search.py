"""The search for duplicates as a job: what it refuses, how it is stopped, and that it begins anew."""

import threading
from contextlib import closing
from pathlib import Path

import pytest

from synthgen_core.actions.duplicate_search import SearchRequest, find_clusters, start_search
from synthgen_core.actions.duplicates import latest_search, stream_pairs
from synthgen_core.actions.jobs import cancel_task, latest_task, resume_task
from synthgen_core.database import NewJob
from synthgen_core.errors import ConfigError, ConflictError, NotFoundError, StoppedError
from synthgen_core.models import JobKind, JobStatus
from synthgen_core.settings import Settings
from synthgen_core.workspace import Workspace, open_workspace
from tests.core.actions.curating import add, chat
from tests.core.actions.support import finish

TEXT = "Open Billing, choose the invoice and press Correct; the new one is sent to you within an hour or so."


def test_what_cannot_be_asked_starts_nothing(workspace: Workspace) -> None:
    dataset = add(workspace, [chat("How?", TEXT)])
    for threshold in (0.2, 1.1, float("nan")):
        with pytest.raises(ConfigError, match="threshold"):
            start_search(workspace, dataset, threshold=threshold)
    with pytest.raises(ConfigError, match="ranked by “best”"):
        start_search(workspace, dataset, keep=("best",))
    with pytest.raises(NotFoundError):
        start_search(workspace, 99)
    with pytest.raises(ConfigError, match="no examples"):
        start_search(workspace, add(workspace, [], "empty"))
    assert workspace.database.get_jobs() == []
    assert latest_task(workspace, dataset, JobKind.DUPLICATES) is None


def test_a_dataset_of_one_example_has_no_duplicates(workspace: Workspace) -> None:
    dataset = add(workspace, [chat("How?", TEXT)])
    job = finish(workspace, start_search(workspace, dataset))
    found = latest_search(workspace, dataset)
    assert found is not None
    assert (job.status, job.done, found.searched, found.clusters) == (JobStatus.COMPLETED, 1, 1, 0)


def test_a_second_search_does_not_start_while_one_runs(workspace: Workspace) -> None:
    dataset = add(workspace, [chat("How?", TEXT)] * 2)
    waiting = NewJob(JobKind.DUPLICATES, {}, 2, workspace.runner.owner)
    job = workspace.database.create_job(waiting, dataset)
    with pytest.raises(ConflictError, match=f"job {job.id}"):
        start_search(workspace, dataset)


def test_a_search_can_be_stopped_in_between(workspace: Workspace) -> None:
    dataset = add(workspace, [chat("How?", TEXT)] * 3)

    def stop() -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        find_clusters(workspace, dataset, SearchRequest(), tick=stop)


def test_a_search_that_was_cancelled_begins_anew_when_it_is_resumed(workspace: Workspace) -> None:
    dataset = add(workspace, [chat(f"How {n}?", f"{TEXT} {n}") for n in range(3)])
    hold = threading.Event()
    for _ in range(workspace.settings.max_concurrent_jobs):  # all places are taken, so that the search waits
        busy = workspace.database.create_job(NewJob(JobKind.RULES, {}, 1, workspace.runner.owner), dataset)
        workspace.runner.start(busy, lambda _: hold.wait(60) and None)
    job = start_search(workspace, dataset, threshold=0.7)
    cancel_task(workspace, job.id)
    assert workspace.database.get_job(job.id).status is JobStatus.CANCELLED
    hold.set()
    done = finish(workspace, resume_task(workspace, job.id))
    found = latest_search(workspace, dataset)
    assert found is not None
    assert (done.status, done.done, done.requested) == (JobStatus.COMPLETED, 3, 3)
    assert (found.threshold, found.twins) == (0.7, 2), "as it was asked for"


def test_what_was_counted_before_the_app_was_closed_is_not_counted_twice(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    with closing(open_workspace(settings)) as workspace:
        dataset = add(workspace, [chat(f"How {n}?", f"{TEXT} {n}") for n in range(5000)])
        job = start_search(workspace, dataset)
    with closing(open_workspace(settings)) as workspace:
        if workspace.database.get_job(job.id).status is not JobStatus.COMPLETED:
            finish(workspace, resume_task(workspace, job.id))
        assert workspace.database.get_job(job.id).done == 5000
        found = latest_search(workspace, dataset)
        assert found is not None
        assert sum(1 for _ in stream_pairs(workspace, found)) == found.twins == 4999


def test_nothing_is_kept_for_a_dataset_that_was_deleted_meanwhile(workspace: Workspace) -> None:
    dataset = add(workspace, [chat("How?", TEXT)] * 2)
    job = start_search(workspace, dataset)
    workspace.database.delete_dataset(dataset)
    ended = finish(workspace, job)
    is_kept = latest_search(workspace, dataset) is not None
    assert is_kept is (ended.status is JobStatus.COMPLETED)
    workspace.database.purge_dataset(dataset)
    assert latest_search(workspace, dataset) is None
