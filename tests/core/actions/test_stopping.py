"""A run that is stopped, however it is stopped, keeps what it has and goes on where it was."""

import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from synthgen_core.actions import datasets, jobs, trash
from synthgen_core.errors import (
    NotFoundError,
)
from synthgen_core.models import JobStatus
from synthgen_core.settings import Settings
from synthgen_core.workspace import Workspace, open_workspace
from tests.core.actions.support import (
    SECONDS,
    files,
    finish,
    lines,
    start_and_wait_for_three,
    stored,
    until,
)
from tests.support.replies import MODEL
from tests.support.server import ModelServer


def test_a_cancelled_run_starts_no_new_call_and_keeps_what_is_done(
    workspace: Workspace, server: ModelServer, gate: threading.Event
) -> None:
    job = start_and_wait_for_three(workspace, server)
    started = time.monotonic()
    jobs.cancel_task(workspace, job.id)
    ended = finish(workspace, job)
    assert time.monotonic() - started < 5
    assert (ended.status, ended.done) == (JobStatus.CANCELLED, 3)
    gate.set()
    until(lambda: len(server.answered) == len(server.calls))
    assert len(server.calls) == 5
    assert workspace.database.get_job(job.id) == ended
    assert lines(workspace, job.dataset_id or 0) == stored(workspace, job.dataset_id or 0)
    again = finish(workspace, jobs.resume_task(workspace, job.id))
    assert (again.status, again.done, len(lines(workspace, job.dataset_id or 0))) == (JobStatus.COMPLETED, 10, 10)


def test_deleting_a_dataset_cancels_its_run_and_keeps_the_history(
    workspace: Workspace, server: ModelServer, gate: threading.Event
) -> None:
    job = start_and_wait_for_three(workspace, server)
    dataset_id = job.dataset_id or 0
    path = workspace.mirror.path(workspace.database.get_dataset(dataset_id).file_path)
    assert path.is_file()
    trash.delete_dataset(workspace, dataset_id)
    assert workspace.database.get_job(job.id).status is JobStatus.CANCELLED
    gate.set()
    until(lambda: len(server.answered) == len(server.calls))
    assert datasets.get_datasets(workspace).total == 0
    assert not path.exists()
    assert [view.job.id for view in jobs.get_all_tasks(workspace)] == [job.id]
    with pytest.raises(NotFoundError):
        datasets.get_dataset_examples(workspace, dataset_id)
    with pytest.raises(NotFoundError):
        jobs.resume_task(workspace, job.id)
    restored = trash.restore_dataset(workspace, dataset_id)
    assert restored.example_count == 3
    assert path.is_file()
    assert lines(workspace, dataset_id) == stored(workspace, dataset_id)
    assert finish(workspace, jobs.resume_task(workspace, job.id)).done == 10


def test_a_dataset_deleted_by_another_process_gets_no_file_again(
    workspace: Workspace, server: ModelServer, gate: threading.Event
) -> None:
    job = start_and_wait_for_three(workspace, server)
    with closing(open_workspace(workspace.settings)) as other:
        executor_done = threading.Event()

        def delete() -> None:
            trash.delete_dataset(other, job.dataset_id or 0)
            executor_done.set()

        threading.Thread(target=delete, daemon=True).start()
        assert finish(workspace, job).status is JobStatus.CANCELLED
        assert executor_done.wait(SECONDS)
    workspace.mirror.close()  # it writes what it has yet to write
    assert files(workspace) == []


def test_closing_interrupts_a_run_and_it_goes_on_where_it_was(
    tmp_path: Path, server: ModelServer, gate: threading.Event
) -> None:
    settings = Settings(
        data_dir=tmp_path, openai_base_url=server.url, openai_api_key="sk-secret-key", openai_model=MODEL
    )
    with closing(open_workspace(settings)) as workspace:
        job = start_and_wait_for_three(workspace, server)
        started = time.monotonic()
    assert time.monotonic() - started < 5
    gate.set()
    with closing(open_workspace(settings)) as workspace:
        assert workspace.database.get_job(job.id).status is JobStatus.INTERRUPTED
        assert lines(workspace, job.dataset_id or 0) == stored(workspace, job.dataset_id or 0)
        assert jobs.find_job(workspace, "latest").id == job.id
        again = finish(workspace, jobs.resume_task(workspace, job.id))
        assert (again.status, again.done) == (JobStatus.COMPLETED, 10)
        assert again.calls == 10
        assert again.parameters == job.parameters
