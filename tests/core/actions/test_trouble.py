"""Runs that do not go well say why, keep what they have, and can go on."""

import threading

import pytest
import sqlalchemy as sa

from synthgen_core.actions import jobs
from synthgen_core.actions.generation import start_generation
from synthgen_core.errors import (
    ConflictError,
    ProviderRefusedError,
)
from synthgen_core.models import JobStatus
from synthgen_core.workspace import Workspace
from tests.core.actions.support import (
    ATTEMPTS,
    BAD,
    ask,
    finish,
    lines,
    make,
    start_and_wait_for_three,
    stored,
)
from tests.support.server import Act, ModelServer


def test_some_of_n_is_completed_with_the_shortfall_in_view(workspace: Workspace, server: ModelServer) -> None:
    server.then(*[BAD] * ATTEMPTS)
    job = make(workspace, ask(server, 3, workers=1))
    assert (job.status, job.done, job.failed, job.calls) == (JobStatus.COMPLETED, 2, 1, ATTEMPTS + 2)
    view = jobs.get_job(workspace, job.id)
    assert (view.shortfall, view.fraction) == (1, 2 / 3)
    assert [error["count"] for error in job.errors.values() if isinstance(error, dict)] == [ATTEMPTS]
    assert len(lines(workspace, job.dataset_id or 0)) == 2


def test_none_of_n_is_failed_and_says_why(workspace: Workspace, server: ModelServer) -> None:
    server.choose = lambda call: BAD
    job = make(workspace, ask(server, 1))
    assert (job.status, job.done, job.failed) == (JobStatus.FAILED, 0, 1)
    assert job.errors
    assert lines(workspace, job.dataset_id or 0) == []


def test_a_run_that_leads_nowhere_is_ended(workspace: Workspace, server: ModelServer) -> None:
    server.choose = lambda call: BAD
    job = make(workspace, ask(server, 1000))
    assert job.status is JobStatus.FAILED
    assert "hopeless" in job.errors
    assert len(server.calls) < 100


def test_a_key_refused_in_the_middle_ends_the_run_and_it_can_go_on_later(
    each_workspace: Workspace, server: ModelServer
) -> None:
    workspace = each_workspace
    server.choose = lambda call: Act(status=401, text="revoked") if call.number >= 5 else Act()
    job = make(workspace, ask(server, 12, seed=1, workers=2))
    assert job.status is JobStatus.FAILED
    assert 4 <= job.done <= 5
    assert "auth" in job.errors
    assert len(server.calls) <= 7
    kept = stored(workspace, job.dataset_id or 0)
    server.choose = lambda call: Act()
    again = finish(workspace, jobs.resume_task(workspace, job.id))
    assert (again.status, again.done, again.failed, again.errors) == (JobStatus.COMPLETED, 12, 0, {})
    assert again.calls == 12
    after = stored(workspace, job.dataset_id or 0)
    assert all(example in after for example in kept)
    assert lines(workspace, job.dataset_id or 0) == after
    assert [example["metadata"]["item"] for example in after] == list(range(12))  # type: ignore[index,call-overload]


def test_a_disk_that_fills_up_ends_the_run_with_its_cause_and_loses_nothing(
    workspace: Workspace, server: ModelServer, gate: threading.Event
) -> None:
    job = start_and_wait_for_three(workspace, server, 200)
    engine = workspace.database.engine
    is_full = True

    def limit(connection: sa.Connection) -> None:
        """SQLite's own way to say how much room there is."""
        connection.exec_driver_sql(f"PRAGMA max_page_count = {1 if is_full else 1_000_000}")

    sa.event.listen(engine, "begin", limit)
    gate.set()
    ended = finish(workspace, job)
    assert ended.status is JobStatus.FAILED
    assert "disk is full" in str(ended.errors)
    assert 3 <= ended.done < 200
    assert len(stored(workspace, job.dataset_id or 0)) == ended.done
    is_full = False
    again = finish(workspace, jobs.resume_task(workspace, job.id))
    assert (again.status, again.done) == (JobStatus.COMPLETED, 200)
    assert lines(workspace, job.dataset_id or 0) == stored(workspace, job.dataset_id or 0)


def test_a_completed_or_a_running_job_cannot_be_resumed(workspace: Workspace, server: ModelServer) -> None:
    done = make(workspace, ask(server, 1))
    with pytest.raises(ConflictError):
        jobs.resume_task(workspace, done.id)
    gate = threading.Event()
    server.choose = lambda call: Act(until=gate)
    running = start_generation(workspace, ask(server, 1))
    with pytest.raises(ConflictError):
        jobs.resume_task(workspace, running.id)
    gate.set()
    assert finish(workspace, running).status is JobStatus.COMPLETED


def test_a_job_stays_as_it_was_while_the_model_cannot_be_reached(workspace: Workspace, server: ModelServer) -> None:
    server.choose = lambda call: Act(status=401)
    job = make(workspace, ask(server, 2))
    server.models_act = Act(status=401)
    with pytest.raises(ProviderRefusedError):
        jobs.resume_task(workspace, job.id)
    assert workspace.database.get_job(job.id) == job
