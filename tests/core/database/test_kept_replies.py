"""Paid replies can be counted and forgotten, but for those that a job needs in order to go on."""

import time

import pytest

from synthgen_core.database import Database, Kept, Progress
from synthgen_core.database.datasets import now
from synthgen_core.models import JobStatus
from tests.core.database.support import make_dataset, make_job, news, reply


def keys(database: Database) -> set[str]:
    names = ["done", "missing", "completed", "theirs"]
    return {
        key for job in (None, *database.get_jobs()) for key in database.get_completions(names, job_id=job and job.id)
    }


@pytest.mark.parametrize("status", [status for status in JobStatus if status is not JobStatus.COMPLETED])
def test_what_a_job_that_may_go_on_needs_is_kept_unless_told_otherwise(database: Database, status: JobStatus) -> None:
    dataset = make_dataset(database)
    job, completed = make_job(database, dataset), make_job(database, dataset)
    database.record(job, Progress(news(1), [reply("done", item=0), reply("missing", item=1)]))
    database.record(completed, Progress(news(1, start=5), [reply("completed", item=6)]))
    database.end_job(completed.id, JobStatus.COMPLETED)
    if status is JobStatus.RUNNING:
        database.begin_job(job.id, "me:1:1.00")
    elif status is not JobStatus.PENDING:
        database.end_job(job.id, status)
    assert database.get_kept() == Kept(replies=3, size=6, needed=1)
    assert database.delete_completions() == 2
    assert keys(database) == {"missing"}
    assert database.delete_completions(with_needed=True) == 1
    assert database.get_kept() == Kept(0, 0, 0)


def test_only_what_is_older_is_forgotten(database: Database) -> None:
    job = make_job(database, make_dataset(database))
    database.record(job, Progress(news(2), [reply("done", item=0)]))
    time.sleep(0.01)
    later = now()
    database.record(job, Progress(replies=[reply("theirs", item=1)]))
    assert database.delete_completions(before=later) == 1
    assert keys(database) == {"theirs"}


def test_the_size_is_told_in_bytes(database: Database) -> None:
    job = make_job(database, make_dataset(database))
    database.record(job, Progress(replies=[reply("done", "é👩\\x")]))
    assert database.get_kept() == Kept(replies=1, size=8, needed=1)


def test_the_replies_of_a_deleted_job_are_needed_by_nobody(database: Database) -> None:
    job = make_job(database, make_dataset(database))
    database.record(job, Progress(replies=[reply("done")]))
    database.request_cancel(job.id)
    assert database.get_kept().needed == 1
    database.delete_job(job.id)
    assert database.get_kept() == Kept(1, 2, 0)
    assert database.delete_completions() == 1
