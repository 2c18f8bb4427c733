"""Paid replies are kept, and found again by whom they belong to."""

import threading
import time
from datetime import timedelta

from synthgen_core.concurrency import DaemonExecutor
from synthgen_core.database import Database, PaidReply, Progress
from synthgen_core.database.datasets import now
from synthgen_core.models import Completion, Job, Usage
from tests.core.database.support import NASTY, make_dataset, make_job, reply


def test_replies_are_found_by_their_job_or_by_their_age(database: Database) -> None:
    dataset = make_dataset(database)
    mine, other = make_job(database, dataset), make_job(database, dataset)
    database.record(mine, Progress(replies=[reply("mine", "{mine}")]))
    time.sleep(0.01)
    later = now()
    database.record(other, Progress(replies=[reply("theirs", "{theirs}")]))
    keys = ["mine", "theirs", "never"]
    assert set(database.get_completions(keys, job_id=mine.id)) == {"mine"}
    assert set(database.get_completions(keys, since=later)) == {"theirs"}
    assert set(database.get_completions(keys, job_id=mine.id, since=later)) == {"mine", "theirs"}
    assert database.get_completions(keys) == {} == database.get_completions([], job_id=mine.id)
    kept = database.get_completions(["mine"], job_id=mine.id)["mine"]
    assert kept == Completion("{mine}", "m", "stop", Usage(3, 4), 0.5)


def test_a_newer_reply_to_the_same_request_replaces_the_older(database: Database) -> None:
    job = make_job(database, make_dataset(database))
    database.record(job, Progress(replies=[reply("k", "old"), reply("other", "stays")]))
    database.record(job, Progress(replies=[reply("k", "middle"), reply("k", "new")]))
    kept = database.get_completions(["k", "other"], job_id=job.id)
    assert {key: completion.text for key, completion in kept.items()} == {"k": "new", "other": "stays"}


def test_a_reply_holds_whatever_a_model_writes(database: Database) -> None:
    job = make_job(database, make_dataset(database))
    for text in (*NASTY, "a NUL \0 in the middle"):
        odd = Completion(text, f"model {text}", "a reason of more than forty letters " * 3)
        database.record(job, Progress(replies=[PaidReply("k", 0, 1, "openai", odd)]))
        kept = database.get_completions(["k"], job_id=job.id)["k"]
        assert kept.text == text.replace("\0", "\ufffd")


def test_it_is_known_whether_any_reply_could_be_found(database: Database) -> None:
    job, other = (make_job(database, make_dataset(database)) for _ in range(2))
    assert not database.has_completions(job_id=job.id, since=now() - timedelta(days=1))
    database.record(job, Progress(replies=[reply("k")]))
    assert database.has_completions(job_id=job.id)
    assert database.has_completions(job_id=other.id, since=now() - timedelta(hours=1))
    assert not database.has_completions(job_id=other.id, since=now() + timedelta(hours=1))
    assert not database.has_completions(job_id=other.id)
    assert not database.has_completions()


def test_jobs_that_save_the_same_replies_at_once_do_not_block_each_other(database: Database) -> None:
    dataset = make_dataset(database)
    jobs, barrier, writers = [make_job(database, dataset) for _ in range(4)], threading.Barrier(4), DaemonExecutor(4)

    def save(job: Job, replies: list[PaidReply]) -> None:
        barrier.wait()
        for _ in range(5):
            database.record(job, Progress(replies=replies))

    replies = [reply(f"key {n}") for n in range(30)]
    futures = [writers.submit(save, job, replies[:: 1 if n % 2 else -1]) for n, job in enumerate(jobs)]
    assert [future.exception(timeout=60) for future in futures] == [None] * 4
    writers.shutdown()
