"""Jobs run in turn, stop when asked, keep what they did, and end with the right word, whatever happens."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from synthgen_core.database import Database, NewDataset, NewExample, NewJob, Progress, open_database
from synthgen_core.errors import ConfigError, ProviderRefusedError, StoppedError
from synthgen_core.jobs import GRACE_SECONDS, JobRunner, Run, find_lost_jobs
from synthgen_core.models import Job, JobKind, JobStatus
from synthgen_core.system import is_dead, this_process

SECONDS = 30.0
"""Longest wait for what must come; nothing waits for so long unless it is broken."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(open_database(f"sqlite:///{tmp_path / 'a.db'}")) as opened:
        yield opened


@contextmanager
def running(database: Database, max_jobs: int = 2, owner: str = "") -> Iterator[JobRunner]:
    runner = JobRunner(database, owner=owner or this_process(), max_jobs=max_jobs)
    try:
        yield runner
    finally:
        runner.close(0.5)


@pytest.fixture
def runner(database: Database) -> Iterator[JobRunner]:
    with running(database) as opened:
        yield opened


def make_job(database: Database, *, requested: int = 3, owner: str = "") -> Job:
    dataset = NewDataset("a", "support", "returns", "chat", f"datasets/{time.monotonic_ns()}.jsonl")
    return database.create_job(NewJob(JobKind.GENERATION, {}, requested, owner or this_process()), dataset)


def bring_in(run: Run, *items: int) -> None:
    """Write down these items as accepted."""
    run.record(Progress([NewExample(n, {"n": n}, {}, n) for n in items], calls=len(items), seconds=run.seconds))


def until(is_so: Callable[[], object], what: str = "it") -> None:
    end = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < end, f"{what} never came"
        time.sleep(0.01)


class Gate:
    """Work that says that it has begun, and goes on when it is let through or asked to stop."""

    def __init__(self, *items: int) -> None:
        self.items = items
        self.begun = threading.Event()
        self.open = threading.Event()
        self.runs = 0

    def __call__(self, run: Run) -> None:
        self.runs += 1
        bring_in(run, *self.items)
        self.begun.set()
        while not self.open.wait(0.01):
            run.stop.check()


def test_two_jobs_run_at_a_time_and_the_third_waits(database: Database, runner: JobRunner) -> None:
    gates, jobs = [Gate(0), Gate(0), Gate(0)], [make_job(database) for _ in range(3)]
    for job, gate in zip(jobs, gates, strict=True):
        runner.start(job, gate)
    assert gates[0].begun.wait(SECONDS)
    assert gates[1].begun.wait(SECONDS)
    assert not gates[2].begun.wait(0.2)
    assert [database.get_job(job.id).status for job in jobs] == ["running", "running", "pending"]
    gates[1].open.set()
    assert gates[2].begun.wait(SECONDS)
    assert database.get_job(jobs[1].id).status is JobStatus.COMPLETED
    gates[0].open.set()
    gates[2].open.set()
    for job in jobs:
        assert runner.wait(job.id, SECONDS)
        assert database.get_job(job.id).status is JobStatus.COMPLETED


def test_a_completed_job_says_when_and_how_long(database: Database, runner: JobRunner) -> None:
    job = make_job(database)
    runner.start(job, lambda run: bring_in(run, 0, 1, 2))
    assert runner.wait(job.id, SECONDS)
    ended = database.get_job(job.id)
    assert ended.status is JobStatus.COMPLETED
    assert (ended.done, ended.calls) == (3, 3)
    assert ended.created_at <= (ended.started_at or ended.created_at) <= (ended.completed_at or ended.created_at)
    assert 0 < ended.seconds < SECONDS


def test_some_of_n_is_completed_and_none_of_n_is_failed(database: Database, runner: JobRunner) -> None:
    some, none = make_job(database), make_job(database)
    runner.start(some, lambda run: bring_in(run, 1))
    runner.start(none, lambda run: run.record(Progress(failed=3)))
    assert runner.wait(some.id, SECONDS)
    assert runner.wait(none.id, SECONDS)
    assert database.get_job(some.id).status is JobStatus.COMPLETED
    assert database.get_job(none.id).status is JobStatus.FAILED


def test_a_job_that_waits_is_cancelled_at_once_and_never_runs(database: Database, runner: JobRunner) -> None:
    busy, waiting = [Gate(), Gate()], Gate()
    for gate in busy:
        runner.start(make_job(database), gate)
        assert gate.begun.wait(SECONDS)
    job = make_job(database)
    runner.start(job, waiting)
    runner.cancel(job.id)
    assert runner.wait(job.id, 0)
    assert database.get_job(job.id).status is JobStatus.CANCELLED
    for gate in busy:
        gate.open.set()
    last = make_job(database)
    runner.start(last, lambda run: bring_in(run, 0))
    assert runner.wait(last.id, SECONDS)
    assert waiting.runs == 0
    assert database.get_job(job.id).status is JobStatus.CANCELLED


def test_a_job_cancelled_while_it_waited_can_be_resumed_and_runs_once(database: Database, runner: JobRunner) -> None:
    busy, first, again = [Gate(0), Gate(0)], Gate(), Gate(0, 1, 2)
    for gate in busy:
        runner.start(make_job(database), gate)
        assert gate.begun.wait(SECONDS)
    job = make_job(database)
    runner.start(job, first)
    runner.cancel(job.id)
    again.open.set()
    runner.start(database.reopen_job(job.id, runner.owner), again)
    for gate in busy:
        gate.open.set()
    assert runner.wait(job.id, SECONDS)
    assert database.get_job(job.id).status is JobStatus.COMPLETED
    assert (first.runs, again.runs) == (0, 1)


def test_a_cancelled_job_keeps_what_it_did_and_is_never_called_completed(database: Database, runner: JobRunner) -> None:
    gate, job = Gate(0, 1, 2), make_job(database, requested=3)
    runner.start(job, gate)
    assert gate.begun.wait(SECONDS)
    runner.cancel(job.id)
    assert runner.wait(job.id, SECONDS)
    ended = database.get_job(job.id)
    assert ended.status is JobStatus.CANCELLED
    assert (ended.done, len(database.get_job_items(job.id))) == (3, 3)
    assert ended.seconds > 0


def test_work_that_returns_when_asked_to_stop_is_cancelled_too(database: Database, runner: JobRunner) -> None:
    job, begun = make_job(database), threading.Event()

    def work(run: Run) -> None:
        bring_in(run, 0)
        begun.set()
        run.stop.wait(SECONDS)

    runner.start(job, work)
    assert begun.wait(SECONDS)
    runner.cancel(job.id)
    assert runner.wait(job.id, SECONDS)
    assert database.get_job(job.id).status is JobStatus.CANCELLED


def test_an_error_on_the_way_to_a_stop_does_not_make_it_a_failure(database: Database, runner: JobRunner) -> None:
    job, begun = make_job(database), threading.Event()

    def work(run: Run) -> None:
        begun.set()
        run.stop.wait(SECONDS)
        raise ConfigError("the connection was closed under me")

    runner.start(job, work)
    assert begun.wait(SECONDS)
    runner.cancel(job.id)
    assert runner.wait(job.id, SECONDS)
    assert database.get_job(job.id).status is JobStatus.CANCELLED


def test_another_process_can_cancel_a_running_job(database: Database, runner: JobRunner) -> None:
    gate, job = Gate(0), make_job(database)
    runner.start(job, gate)
    assert gate.begun.wait(SECONDS)
    with closing(open_database(str(database.engine.url))) as other:
        other.request_cancel(job.id)
    assert runner.wait(job.id, SECONDS)
    assert database.get_job(job.id).status is JobStatus.CANCELLED


def test_another_process_can_cancel_a_job_that_waits(database: Database) -> None:
    with running(database, max_jobs=1) as runner:
        busy, waiting, job = Gate(0), Gate(0), make_job(database)
        runner.start(make_job(database), busy)
        assert busy.begun.wait(SECONDS)
        runner.start(job, waiting)
        database.request_cancel(job.id)
        busy.open.set()
        assert runner.wait(job.id, SECONDS)
        assert waiting.runs == 0
        assert database.get_job(job.id).status is JobStatus.CANCELLED


def test_a_crash_is_a_failure_with_its_cause_and_the_runner_goes_on(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with running(database, max_jobs=1) as runner:
        crashing, fine = make_job(database), make_job(database)

        def crash(run: Run) -> None:
            bring_in(run, 0)
            raise ZeroDivisionError("secret" * 2)

        runner.start(crashing, crash)
        runner.start(fine, lambda run: bring_in(run, 0))
        for job in (crashing, fine):
            assert runner.wait(job.id, SECONDS)
        failed = database.get_job(crashing.id)
        assert failed.status is JobStatus.FAILED
        assert failed.done == 1
        cause = failed.errors["bug"]
        assert isinstance(cause, dict)
        assert "ZeroDivisionError" in str(cause["message"])
        assert "secret" not in str(failed.errors)
        assert database.get_job(fine.id).status is JobStatus.COMPLETED
    assert f"job {crashing.id} crashed" in caplog.text
    assert "secretsecret" not in caplog.text


def test_an_error_that_ends_a_job_is_kept_with_cause_and_remedy(database: Database, runner: JobRunner) -> None:
    job = make_job(database)

    def work(run: Run) -> None:
        bring_in(run, 0)
        run.count_error("json", ConfigError("first"))
        run.count_error("json", ConfigError("second \ud800\0", "do that"))  # no database takes these two
        raise ProviderRefusedError("The key is refused.", "Check it.", cause="auth")

    runner.start(job, work)
    assert runner.wait(job.id, SECONDS)
    assert database.get_job(job.id).status is JobStatus.FAILED
    assert database.get_job(job.id).errors == {
        "json": {"count": 2, "message": "second ��", "hint": "do that"},
        "auth": {"count": 1, "message": "The key is refused.", "hint": "Check it."},
    }


def test_a_resumed_job_adds_to_its_time(database: Database, runner: JobRunner) -> None:
    job = make_job(database)
    database.end_job(job.id, JobStatus.INTERRUPTED, seconds=100.0)
    runner.start(database.reopen_job(job.id, runner.owner), lambda run: bring_in(run, 0))
    assert runner.wait(job.id, SECONDS)
    assert 100 < database.get_job(job.id).seconds < 100 + SECONDS


def test_a_job_that_somebody_else_took_is_left_alone(database: Database, runner: JobRunner) -> None:
    gate, job = Gate(0), make_job(database)
    database.begin_job(job.id, "other:1:1.00")
    database.end_job(job.id, JobStatus.COMPLETED)
    runner.start(job, gate)
    assert runner.wait(job.id, SECONDS)
    assert gate.runs == 0
    assert database.get_job(job.id).status is JobStatus.COMPLETED


def test_a_note_is_seen_while_it_holds(database: Database, runner: JobRunner) -> None:
    job, seen, go_on = make_job(database), threading.Event(), threading.Event()

    def work(run: Run) -> None:
        run.note("Fetching the model.")
        seen.set()
        go_on.wait(SECONDS)

    runner.start(job, work)
    assert seen.wait(SECONDS)
    assert database.get_job(job.id).note == "Fetching the model."
    go_on.set()
    assert runner.wait(job.id, SECONDS)
    assert database.get_job(job.id).note == ""


def test_the_heart_beats_while_a_job_runs(database: Database, runner: JobRunner) -> None:
    gate, job = Gate(), make_job(database)
    runner.start(job, gate)
    assert gate.begun.wait(SECONDS)
    first = database.get_job(job.id).heartbeat_at
    until(lambda: database.get_job(job.id).heartbeat_at != first, "a heartbeat")


def test_closing_interrupts_what_runs_and_what_waits(database: Database) -> None:
    with running(database, max_jobs=1) as runner:
        gate, waiting = Gate(0), Gate()
        first, second = make_job(database), make_job(database)
        runner.start(first, gate)
        runner.start(second, waiting)
        assert gate.begun.wait(SECONDS)
        runner.close()
    assert [database.get_job(job.id).status for job in (first, second)] == ["interrupted", "interrupted"]
    assert waiting.runs == 0
    assert database.get_job(first.id).done == 1
    assert database.reopen_job(first.id, "new").status is JobStatus.PENDING


def test_closing_does_not_wait_for_a_worker_that_is_stuck(database: Database) -> None:
    assert GRACE_SECONDS < 5
    begun, let_go, ended, job = threading.Event(), threading.Event(), threading.Event(), make_job(database)

    def stuck(run: Run) -> None:
        begun.set()
        let_go.wait(SECONDS)
        ended.set()

    with running(database) as runner:
        runner.start(job, stuck)
        assert begun.wait(SECONDS)
        started = time.monotonic()
        runner.close(0.3)
        runner.close()  # a second time it has nothing to wait for
        assert time.monotonic() - started < GRACE_SECONDS
        assert database.get_job(job.id).status is JobStatus.INTERRUPTED
        before = database.get_job(job.id)
        let_go.set()
        assert ended.wait(SECONDS)
        until(lambda: not any(t.name.startswith("synthgen-job") for t in threading.enumerate()), "their end")
    assert database.get_job(job.id) == before


def test_a_job_that_was_cancelled_stays_cancelled_when_the_app_stops(database: Database) -> None:
    begun, job = threading.Event(), make_job(database)

    def slow(run: Run) -> None:
        begun.set()
        run.stop.wait(SECONDS)
        time.sleep(0.2)
        raise StoppedError

    with running(database) as runner:
        runner.start(job, slow)
        assert begun.wait(SECONDS)
        runner.cancel(job.id)
        runner.close()
    assert database.get_job(job.id).status is JobStatus.CANCELLED


def test_jobs_of_dead_processes_are_found_and_those_of_living_ones_are_not(database: Database) -> None:
    code = "from synthgen_core.system import this_process; print(this_process())"
    gone = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    host = gone.split(":")[0]
    reused = f"{host}:{os.getpid()}:1.00"  # this number, but not this process
    dead, waiting, other, mine, elsewhere = (
        make_job(database, owner=owner) for owner in (gone, gone, reused, this_process(), "another-host:1:1.00")
    )
    database.begin_job(dead.id, gone)
    assert find_lost_jobs(database, is_dead) == [dead.id, waiting.id, other.id]
    assert [database.get_job(job.id).status for job in (mine, elsewhere)] == ["pending", "pending"]
    assert find_lost_jobs(database, is_dead) == []


def test_a_job_that_nobody_heard_of_for_a_minute_is_lost(database: Database) -> None:
    silent, heard = (make_job(database, owner=f"another-host:{n}:1.00") for n in (1, 2))
    with database.engine.begin() as connection:
        for job, seconds in ((silent, 120), (heard, 20)):
            long_ago = (job.created_at - timedelta(seconds=seconds)).replace(tzinfo=None)
            query = sa.text("UPDATE jobs SET heartbeat_at = :at WHERE id = :id")
            connection.execute(query.bindparams(sa.bindparam("at", type_=sa.DateTime)), {"at": long_ago, "id": job.id})
    assert find_lost_jobs(database, is_dead) == [silent.id]
    assert database.get_job(heard.id).status is JobStatus.PENDING


def test_a_job_in_progress_is_not_lost_to_another_process(database: Database, runner: JobRunner) -> None:
    gate, job = Gate(), make_job(database)
    runner.start(job, gate)
    assert gate.begun.wait(SECONDS)
    code = """if True:
        import sys
        from synthgen_core.database import open_database
        from synthgen_core.jobs import find_lost_jobs
        from synthgen_core.system import is_dead
        print(find_lost_jobs(open_database(sys.argv[1]), is_dead))
        """
    run = [sys.executable, "-c", code, str(database.engine.url)]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip() == "[]"
    assert database.get_job(job.id).status is JobStatus.RUNNING
