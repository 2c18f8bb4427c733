"""A job's row moves from state to state as it should, and adds up what was achieved."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from synthgen_core.database import Database, NewDataset, NewExample, NewJob, Progress
from synthgen_core.database.datasets import now
from synthgen_core.errors import ConflictError, DatabaseError, NotFoundError
from synthgen_core.models import Job, JobKind, JobStatus, JsonObject, Usage
from tests.core.database.support import FINAL, ME, active_count, chat, make_dataset, make_job, news, reply


def test_a_job_reads_back_as_it_was_written(database: Database) -> None:
    dataset = make_dataset(database)
    job = make_job(database, dataset, requested=7)
    assert job == database.get_job(job.id)
    assert (job.kind, job.status, job.dataset_id, job.owner) == (
        JobKind.GENERATION,
        JobStatus.PENDING,
        dataset.id,
        ME,
    )
    assert (job.requested, job.done, job.failed, job.calls, job.usage) == (7, 0, 0, 0, Usage())
    assert job.started_at is None
    assert job.completed_at is None
    assert job.heartbeat_at == job.created_at
    assert job.parameters == {"seed": 1}
    assert job.errors == {}
    assert job.note == ""
    assert not job.cancel_requested


def test_a_dataset_and_its_job_are_made_together_or_not_at_all(database: Database) -> None:
    new, job = NewDataset("a", "support", "returns", "chat", "a.jsonl"), NewJob(JobKind.GENERATION, {}, 1, ME)
    made = database.create_job(job, new)
    assert database.get_datasets() == [database.get_dataset(made.dataset_id or 0)]
    with pytest.raises(DatabaseError):
        database.create_job(job, new)  # the file is taken
    with pytest.raises(DatabaseError):
        database.create_job(job, 999)
    with pytest.raises((DatabaseError, TypeError)):
        database.create_job(replace(job, parameters={"x": object()}), replace(new, file_path="b.jsonl"))  # type: ignore[dict-item]
    assert (database.count_datasets(), database.count_jobs()) == (1, 1)


def test_an_unknown_job_is_not_found(database: Database) -> None:
    for act in (
        lambda: database.get_job(999),
        lambda: database.request_cancel(999),
        lambda: database.delete_job(999),
        lambda: database.reopen_job(999, ME),
        lambda: database.get_job(10**30),
    ):
        with pytest.raises(NotFoundError):
            act()
    assert not database.begin_job(999, ME)
    assert not database.end_job(999, JobStatus.FAILED)


def test_lists_of_jobs_are_filtered_paged_and_newest_first(database: Database) -> None:
    one, two = make_dataset(database), make_dataset(database)
    jobs = [make_job(database, dataset) for dataset in (one, two, one, two, one)]
    database.begin_job(jobs[0].id, ME)
    database.end_job(jobs[1].id, JobStatus.FAILED)
    assert [j.id for j in database.get_jobs()] == [j.id for j in jobs[::-1]]
    assert [j.id for j in database.get_jobs(limit=2, offset=1)] == [jobs[3].id, jobs[2].id]
    assert [j.id for j in database.get_jobs((JobStatus.RUNNING, JobStatus.FAILED))] == [jobs[1].id, jobs[0].id]
    assert [j.id for j in database.get_jobs(kind=JobKind.GENERATION, dataset_id=two.id)] == [jobs[3].id, jobs[1].id]
    assert database.count_jobs() == 5
    assert database.count_jobs((JobStatus.PENDING,), dataset_id=one.id) == 2


def bring_to(database: Database, job: Job, status: JobStatus) -> None:
    if status is JobStatus.INTERRUPTED:
        assert database.abandon_jobs([job.owner], now() - timedelta(days=1)) == [job.id]
    elif status is JobStatus.RUNNING:
        assert database.begin_job(job.id, ME)
    elif status is not JobStatus.PENDING:
        assert database.end_job(job.id, status)


@pytest.mark.parametrize("status", FINAL)
def test_a_final_status_never_changes(database: Database, status: JobStatus) -> None:
    job = make_job(database, make_dataset(database))
    database.begin_job(job.id, ME)
    bring_to(database, job, status)
    before = database.get_job(job.id)
    assert not database.begin_job(job.id, "other:2:2.00")
    for other in JobStatus:
        assert not database.end_job(job.id, other, errors={"x": {"count": 1}}, seconds=99.0)
    database.request_cancel(job.id)
    database.set_note(job.id, "still busy")
    assert database.abandon_jobs([ME], now() + timedelta(days=1)) == []
    assert database.beat(ME) == []
    database.delete_dataset(before.dataset_id or 0)
    assert database.get_job(job.id) == before


@pytest.mark.parametrize("status", [JobStatus.PENDING, JobStatus.RUNNING])
@pytest.mark.parametrize("end", [*FINAL, JobStatus.INTERRUPTED])
def test_an_active_job_can_end_in_every_way(database: Database, status: JobStatus, end: JobStatus) -> None:
    job = make_job(database, make_dataset(database))
    bring_to(database, job, status)
    assert database.end_job(job.id, end, errors={"x": {"count": 1}}, seconds=2.5)
    ended = database.get_job(job.id)
    assert ended.status is end
    assert ended.completed_at is not None
    assert ended.errors == {"x": {"count": 1}}
    assert ended.seconds == 2.5


def test_only_a_job_that_waits_can_begin(database: Database) -> None:
    job = make_job(database, make_dataset(database))
    assert database.begin_job(job.id, "me:3:3.00")
    running = database.get_job(job.id)
    assert running.status is JobStatus.RUNNING
    assert running.owner == "me:3:3.00"
    assert running.started_at is not None
    assert not database.begin_job(job.id, "other:4:4.00")
    assert database.get_job(job.id) == running


@pytest.mark.parametrize("status", JobStatus)
def test_what_stopped_short_can_be_resumed_and_nothing_else(database: Database, status: JobStatus) -> None:
    job = make_job(database, make_dataset(database), requested=5)
    database.record(job, Progress(news(2), failed=1, errors={"x": {"count": 1}}, seconds=4.0))
    bring_to(database, job, status)
    if status in (JobStatus.INTERRUPTED, JobStatus.CANCELLED, JobStatus.FAILED):
        again = database.reopen_job(job.id, "new:5:5.00")
        assert again == database.get_job(job.id)
        assert again.status is JobStatus.PENDING
        assert again.owner == "new:5:5.00"
        assert (again.done, again.failed, again.errors, again.seconds) == (2, 0, {}, 4.0)
        assert not again.cancel_requested
        assert again.completed_at is None
    else:
        with pytest.raises(ConflictError, match=status):
            database.reopen_job(job.id, ME)
        assert database.get_job(job.id).status is status


def test_a_job_keeps_the_time_of_its_first_start(database: Database) -> None:
    job = make_job(database, make_dataset(database))
    database.begin_job(job.id, ME)
    first = database.get_job(job.id).started_at
    database.end_job(job.id, JobStatus.INTERRUPTED)
    database.reopen_job(job.id, ME)
    database.begin_job(job.id, ME)
    assert database.get_job(job.id).started_at == first


def test_progress_adds_up(database: Database) -> None:
    dataset = make_dataset(database)
    job = make_job(database, dataset)
    database.begin_job(job.id, ME)
    database.record(job, Progress(news(2), [reply("a"), reply("b")], calls=2, usage=Usage(10, 20), seconds=1.0))
    errors: JsonObject = {"json": {"count": 1, "message": "no", "hint": ""}}
    database.record(job, Progress(news(1, 2), failed=1, calls=3, usage=Usage(1, 2), errors=errors, seconds=2.0))
    after = database.get_job(job.id)
    assert (after.done, after.failed, after.calls, after.usage, after.seconds) == (3, 1, 5, Usage(11, 22), 2.0)
    assert after.errors == errors
    assert database.get_job_items(job.id) == {0, 1, 2}
    assert [e.example_index for e in database.newest_of_job(job.id, 2)] == [2, 1]


def test_the_tokens_of_a_huge_job_can_be_counted(database: Database) -> None:
    job = make_job(database, make_dataset(database))
    for _ in range(3):
        database.record(job, Progress(calls=1, usage=Usage(2**31 - 1, 2**31 - 1)))
    assert database.get_job(job.id).usage == Usage(3 * (2**31 - 1), 3 * (2**31 - 1))


def test_progress_is_written_as_a_whole_or_not_at_all(database: Database) -> None:
    dataset = make_dataset(database)
    job = make_job(database, dataset)
    database.record(job, Progress(news(1), calls=1))
    before = database.get_job(job.id), database.get_dataset(dataset.id)
    with pytest.raises(DatabaseError):
        database.record(job, Progress([*news(1, 5), *news(1)], [reply("new")], failed=1, calls=9, usage=Usage(1, 1)))
    assert (database.get_job(job.id), database.get_dataset(dataset.id)) == before
    assert active_count(database, dataset.id) == 1
    assert database.get_completions(["new"], job_id=job.id) == {}


def test_an_item_of_a_job_is_kept_once_even_if_two_processes_bring_it(database: Database) -> None:
    dataset = make_dataset(database)
    job = make_job(database, dataset)
    database.record(job, Progress(news(1)))
    with pytest.raises(DatabaseError):
        database.record(job, Progress([NewExample(77, chat("again"), {}, item=0)]))
    assert active_count(database, dataset.id) == 1


def test_a_heartbeat_reaches_the_owner_s_jobs_and_brings_back_what_to_stop(database: Database) -> None:
    dataset = make_dataset(database)
    mine, stopped, theirs = make_job(database, dataset), make_job(database, dataset), make_job(database, dataset)
    for job, owner in ((mine, ME), (stopped, ME), (theirs, "other:2:2.00")):
        database.begin_job(job.id, owner)
    database.request_cancel(stopped.id)
    database.request_cancel(theirs.id)
    heard = {job.id: database.get_job(job.id).heartbeat_at for job in (mine, theirs)}
    assert database.beat(ME) == [stopped.id]
    assert database.get_job(mine.id).heartbeat_at != heard[mine.id]
    assert database.get_job(theirs.id).heartbeat_at == heard[theirs.id]


def test_a_job_that_waits_is_cancelled_at_once_and_one_that_runs_is_asked(database: Database) -> None:
    dataset = make_dataset(database)
    waiting, running = make_job(database, dataset), make_job(database, dataset)
    database.begin_job(running.id, ME)
    database.request_cancel(waiting.id)
    database.request_cancel(running.id)
    assert database.get_job(waiting.id).status is JobStatus.CANCELLED
    assert database.get_job(waiting.id).completed_at is not None
    after = database.get_job(running.id)
    assert after.status is JobStatus.RUNNING
    assert after.cancel_requested


def test_jobs_are_abandoned_by_owner_and_by_silence(database: Database) -> None:
    dataset = make_dataset(database)
    dead, silent, alive, done = (
        make_job(database, dataset, owner=f"{owner}:1:1.00") for owner in ("dead", "silent", "alive", "done")
    )
    time.sleep(0.01)
    moment = now()
    for job in (dead, alive):
        database.beat(job.owner)
    database.end_job(done.id, JobStatus.COMPLETED)
    assert database.abandon_jobs(["dead:1:1.00", "done:1:1.00"], moment) == [dead.id, silent.id]
    assert [database.get_job(job.id).status for job in (dead, silent, alive, done)] == [
        JobStatus.INTERRUPTED,
        JobStatus.INTERRUPTED,
        JobStatus.PENDING,
        JobStatus.COMPLETED,
    ]
    assert database.abandon_jobs(["dead:1:1.00"], moment) == []


def test_a_note_is_for_a_running_job_and_goes_with_its_end(database: Database) -> None:
    job = make_job(database, make_dataset(database))
    database.set_note(job.id, "too early")
    assert database.get_job(job.id).note == ""
    database.begin_job(job.id, ME)
    database.set_note(job.id, "Fetching the model.")
    assert database.get_job(job.id).note == "Fetching the model."
    database.end_job(job.id, JobStatus.COMPLETED)
    assert database.get_job(job.id).note == ""


def test_a_job_can_be_forgotten_once_it_has_ended_and_its_examples_stay(database: Database) -> None:
    dataset = make_dataset(database)
    job = make_job(database, dataset)
    database.record(job, Progress(news(2), [reply("k")]))
    with pytest.raises(ConflictError):
        database.delete_job(job.id)
    database.end_job(job.id, JobStatus.COMPLETED)
    database.delete_job(job.id)
    with pytest.raises(NotFoundError):
        database.get_job(job.id)
    assert active_count(database, dataset.id) == 2
    assert list(database.get_completions(["k"], since=now() - timedelta(hours=1))) == ["k"]


def test_a_number_is_never_given_twice(database: Database) -> None:
    dataset = make_dataset(database)
    first = make_job(database, dataset)
    database.end_job(first.id, JobStatus.COMPLETED)
    database.delete_job(first.id)
    assert make_job(database, dataset).id > first.id
    database.delete_dataset(dataset.id)
    assert make_dataset(database).id > dataset.id
