"""What the database promises, on SQLite and on PostgreSQL alike."""

import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from synthgen_core.concurrency import DaemonExecutor
from synthgen_core.database import Database, NewDataset, NewExample, NewJob, PaidReply, Progress, open_database
from synthgen_core.database.datasets import SORTS, now
from synthgen_core.database.engine import CONNECT_SECONDS, HEAD, MIGRATIONS
from synthgen_core.database.tables import metadata
from synthgen_core.errors import ConflictError, DatabaseError, NotFoundError
from synthgen_core.models import Completion, Dataset, Example, ExampleStatus, Job, JobKind, JobStatus, JsonObject, Usage
from tests.tools import postgres

ME = "host:1:1.00"
FINAL = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)
NASTY = (
    "100% of_it",
    'it\'s "quoted" \\ and `ticked`; DROP TABLE datasets; --',
    "emoji 👩‍👩‍👧 and 𝔘nicode",
    "שלום مرحبا \u202eright to left",
    "line\u2028separator\u0085next",
)
"""Texts that have broken a database, a query or a page somewhere."""


@contextmanager
def fresh(url: str) -> Iterator[Database]:
    with closing(open_database(url)) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared_postgres(postgres_url: str) -> Iterator[Database]:
    with postgres.fresh_database(postgres_url) as url, fresh(url) as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each kind; PostgreSQL's is emptied and used again, which is much faster than a new one."""
    if request.param == "sqlite":
        with fresh(f"sqlite:///{tmp_path / 'test.db'}") as opened:
            yield opened
        return
    shared: Database = request.getfixturevalue("shared_postgres")
    with shared.engine.begin() as connection:
        connection.execute(sa.text(f"TRUNCATE {', '.join(table.name for table in metadata.sorted_tables)}"))
    yield shared


def make_dataset(
    database: Database,
    name: str = "A dataset",
    *,
    domain: str = "support",
    subdomain: str = "technical_support",
    format_type: str = "chat",
    description: str = "",
) -> Dataset:
    file_path = f"datasets/{time.monotonic_ns()}.jsonl"
    return database.create_dataset(NewDataset(name, domain, subdomain, format_type, file_path, description))


def chat(text: str) -> JsonObject:
    return {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": f"As to {text}."}]}


def news(count: int, start: int = 0) -> list[NewExample]:
    return [NewExample(n, chat(f"question {n}"), {"n": n}, n) for n in range(start, start + count)]


def make_job(database: Database, dataset: Dataset, *, owner: str = ME, requested: int = 10) -> Job:
    return database.create_job(NewJob(JobKind.GENERATION, {"seed": 1}, requested, owner), dataset.id)


def reply(key: str, text: str = "{}", *, item: int = 0) -> PaidReply:
    return PaidReply(key, item, 1, "openai", Completion(text, "m", "stop", Usage(3, 4), 0.5))


def active_count(database: Database, dataset_id: int) -> int:
    return len(list(database.stream_contents(dataset_id)))


# -- datasets


def test_a_dataset_reads_back_as_it_was_written(database: Database) -> None:
    before = now()
    more: JsonObject = {"seed": 7, "tags": ["a", None, 1.5]}
    made = database.create_dataset(
        NewDataset("Lists", "support", "returns", "chat", "datasets/a.jsonl", "of returns", more)
    )
    assert made == database.get_dataset(made.id)
    assert (made.name, made.description, made.domain, made.subdomain) == ("Lists", "of returns", "support", "returns")
    assert (made.format, made.example_count, made.file_path) == ("chat", 0, "datasets/a.jsonl")
    assert made.metadata == more
    assert made.created_at.tzinfo is UTC
    assert before <= made.created_at <= now()
    assert made.deleted_at is None


def test_two_datasets_never_share_a_file(database: Database) -> None:
    first = make_dataset(database)
    with pytest.raises(DatabaseError):
        database.create_dataset(NewDataset("b", "support", "returns", "chat", first.file_path))
    assert database.count_datasets() == 1


def test_an_unknown_dataset_is_not_found(database: Database) -> None:
    for act in (
        lambda: database.get_dataset(999),
        lambda: database.update_dataset(999, name="x"),
        lambda: database.delete_dataset(999),
        lambda: database.restore_dataset(999),
        lambda: database.add_examples(999, news(1)),
        lambda: database.get_dataset(10**30),
    ):
        with pytest.raises(NotFoundError):
            act()


def test_names_and_descriptions_hold_any_text(database: Database) -> None:
    for text in NASTY:
        made = make_dataset(database, text, description=text * 3)
        assert (database.get_dataset(made.id).name, database.get_dataset(made.id).description) == (text, text * 3)


@pytest.mark.parametrize("text", NASTY)
def test_a_search_takes_every_character_for_itself(database: Database, text: str) -> None:
    wanted = make_dataset(database, f"before {text} after")
    make_dataset(database, "100 of it, of-it, its quoted")
    assert [d.id for d in database.get_datasets(text=text)] == [wanted.id]
    assert database.count_datasets(text=text) == 1


def test_a_search_looks_into_name_description_and_subdomain_in_any_case(database: Database) -> None:
    by_name = make_dataset(database, "Printer trouble", subdomain="returns")
    by_description = make_dataset(database, "b", description="About a PRINTER", subdomain="returns")
    by_subdomain = make_dataset(database, "c", subdomain="printer_support")
    make_dataset(database, "d", subdomain="returns")
    found = {d.id for d in database.get_datasets(text="pRinter")}
    assert found == {by_name.id, by_description.id, by_subdomain.id}


def test_a_search_knows_upper_and_lower_case_of_other_alphabets(tmp_path: Path) -> None:
    with fresh(f"sqlite:///{tmp_path / 'a.db'}") as database:
        wanted = make_dataset(database, "Ответы на Жалобы")
        make_dataset(database, "Answers")
        assert [d.id for d in database.get_datasets(text="жалобы")] == [wanted.id]


def test_filters_narrow_and_combine(database: Database) -> None:
    a = make_dataset(database, domain="support", format_type="chat")
    b = make_dataset(database, domain="support", format_type="instruction")
    c = make_dataset(database, domain="medical", format_type="chat")
    assert {d.id for d in database.get_datasets("support")} == {a.id, b.id}
    assert {d.id for d in database.get_datasets(format_type="chat")} == {a.id, c.id}
    assert [d.id for d in database.get_datasets("support", "instruction")] == [b.id]
    assert database.get_datasets("legal") == []
    assert [database.count_datasets(*f) for f in ((), ("support",), ("support", "chat"), ("legal",))] == [3, 2, 1, 0]


def test_pages_of_datasets_hold_every_one_once(database: Database) -> None:
    made = [make_dataset(database, f"set {n:02}").id for n in range(25)]
    pages = [database.get_datasets(sort="name", is_descending=False, limit=10, offset=o) for o in (0, 10, 20, 30)]
    assert [len(page) for page in pages] == [10, 10, 5, 0]
    assert [d.id for page in pages for d in page] == made


@pytest.mark.parametrize("sort", SORTS)
def test_every_offered_sort_orders_both_ways(database: Database, sort: str) -> None:
    made_ids: list[int] = []
    for n, (name, domain) in enumerate((("b", "medical"), ("c", "legal"), ("a", "support"))):
        made = make_dataset(database, name, domain=domain, format_type=f"format {n}")
        database.add_examples(made.id, news((5 * n + 1) % 7 + 1))
        made_ids.append(made.id)
    database.update_dataset(made_ids[1], description="changed")
    up = [getattr(d, sort) for d in database.get_datasets(sort=sort, is_descending=False)]
    down = [getattr(d, sort) for d in database.get_datasets(sort=sort)]
    assert up == sorted(up)
    assert down == up[::-1]
    assert len(set(up)) == 3


def test_every_change_of_a_dataset_moves_its_time(database: Database) -> None:
    made = make_dataset(database)
    seen = [made.updated_at]

    def changed() -> None:
        seen.append(database.get_dataset(made.id).updated_at)
        assert seen[-1] > seen[-2]

    database.update_dataset(made.id, name="another")
    changed()
    database.add_examples(made.id, news(1))
    changed()
    example = database.get_dataset_examples(made.id)[0]
    database.update_example(example.id, chat("new"), seen_revision=1, author="ann")
    changed()
    assert database.get_dataset(made.id).created_at == made.created_at


def test_an_update_changes_what_is_given_and_no_more(database: Database) -> None:
    made = make_dataset(database, description="first")
    database.update_dataset(made.id, metadata={"a": 1})
    database.update_dataset(made.id, description="")
    after = database.get_dataset(made.id)
    assert (after.name, after.description, after.metadata) == (made.name, "", {"a": 1})


def test_totals_leave_out_the_trash(database: Database) -> None:
    assert database.get_totals() == {"datasets": 0, "examples": 0, "domains": 0, "subdomains": 0}
    a, b, c = (make_dataset(database, domain=domain) for domain in ("support", "support", "medical"))
    for dataset, count in ((a, 2), (b, 3), (c, 9)):
        database.add_examples(dataset.id, news(count))
    database.delete_dataset(c.id)
    assert database.get_totals() == {"datasets": 2, "examples": 5, "domains": 1, "subdomains": 1}
    assert database.get_domain_counts() == [("support", 2, 5)]
    database.restore_dataset(c.id)
    assert database.get_domain_counts() == [("medical", 1, 9), ("support", 2, 5)]


def test_a_deleted_dataset_is_seen_nowhere_but_in_the_trash_and_can_come_back(database: Database) -> None:
    made = make_dataset(database, "gone")
    database.add_examples(made.id, news(2))
    database.delete_dataset(made.id)
    assert database.get_datasets() == []
    assert database.count_datasets(text="gone") == 0
    with pytest.raises(NotFoundError):
        database.get_dataset(made.id)
    with pytest.raises(NotFoundError):
        database.update_dataset(made.id, name="x")
    with pytest.raises(NotFoundError):
        database.delete_dataset(made.id)
    assert database.get_dataset(made.id, is_deleted=True).deleted_at is not None
    database.restore_dataset(made.id)
    assert database.get_dataset(made.id).example_count == 2
    with pytest.raises(NotFoundError):
        database.restore_dataset(made.id)


def test_a_deleted_dataset_refuses_new_examples(database: Database) -> None:
    made = make_dataset(database)
    job = make_job(database, made)
    database.begin_job(job.id, ME)
    database.delete_dataset(made.id)
    with pytest.raises(NotFoundError):
        database.add_examples(made.id, news(1))
    with pytest.raises(NotFoundError):
        database.record(job, Progress(news(1), [reply("k")], calls=1))
    assert active_count(database, made.id) == 0
    assert database.get_job(job.id).calls == 0
    assert database.get_completions(["k"], job_id=job.id) == {}


def test_deleting_a_dataset_stops_its_jobs_and_keeps_their_history(database: Database) -> None:
    made, other = make_dataset(database), make_dataset(database)
    waiting, running, foreign = make_job(database, made), make_job(database, made), make_job(database, other)
    database.begin_job(running.id, ME)
    database.delete_dataset(made.id)
    assert sorted(database.beat(ME)) == [waiting.id, running.id]
    assert not database.get_job(foreign.id).cancel_requested
    assert [job.id for job in database.get_jobs(dataset_id=made.id)] == [running.id, waiting.id]


# -- examples


def test_the_count_is_always_that_of_the_active_examples(database: Database) -> None:
    made, other = make_dataset(database), make_dataset(database)
    job = make_job(database, made)

    def check(expected: int) -> None:
        assert database.get_dataset(made.id).example_count == active_count(database, made.id) == expected

    check(0)
    database.add_examples(made.id, news(3))
    check(3)
    database.record(job, Progress(news(2, start=3)))
    check(5)
    with pytest.raises(DatabaseError):
        database.add_examples(made.id, news(2, start=4))  # index 4 is taken
    check(5)
    database.update_example(database.get_dataset_examples(made.id)[0].id, chat("x"), seen_revision=1, author="a")
    check(5)
    database.delete_dataset(made.id)
    database.restore_dataset(made.id)
    database.delete_job(job.id) if database.end_job(job.id, JobStatus.COMPLETED) else pytest.fail("it was active")
    check(5)
    assert database.recount(made.id) == 5
    assert database.get_dataset(other.id).example_count == 0


def test_a_recount_leaves_out_removed_examples(database: Database) -> None:
    made = make_dataset(database)
    database.add_examples(made.id, news(3))
    with database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE examples SET status = 'removed' WHERE example_index = 1"))
    assert database.recount(made.id) == 2 == database.get_dataset(made.id).example_count
    assert [e.example_index for e in database.get_dataset_examples(made.id)] == [0, 2]
    assert [e.example_index for e in database.get_dataset_examples(made.id, status=None)] == [0, 1, 2]
    assert [e.example_index for e in database.get_dataset_examples(made.id, status=ExampleStatus.REMOVED)] == [1]
    assert [m for _, m in database.stream_contents(made.id)] == [{"n": 0}, {"n": 2}]


def test_no_examples_change_nothing(database: Database) -> None:
    made = make_dataset(database)
    database.add_examples(made.id, [])
    assert database.get_dataset(made.id) == made


def test_an_example_holds_any_text(database: Database) -> None:
    made = make_dataset(database)
    contents = [chat(text) for text in (*NASTY, "nul \0 here", "tab\tand\nnew line", "x" * 200_000)]
    database.add_examples(made.id, [NewExample(n, content, {"text": NASTY}) for n, content in enumerate(contents)])
    assert [e.content for e in database.get_dataset_examples(made.id)] == contents
    assert [content for content, _ in database.stream_contents(made.id)] == contents
    assert database.get_dataset_examples(made.id)[0].metadata == {"text": list(NASTY)}


def test_pages_of_examples_are_in_order_and_complete(database: Database) -> None:
    made = make_dataset(database)
    database.add_examples(made.id, news(120)[::-1])
    assert len(database.get_dataset_examples(made.id)) == 100
    pages = [database.get_dataset_examples(made.id, 50, offset) for offset in (0, 50, 100, 150)]
    assert [e.example_index for page in pages for e in page] == list(range(120))
    newest = database.get_dataset_examples(made.id, 3, is_newest_first=True)
    assert [e.example_index for e in newest] == [0, 1, 2]  # they came last


def test_the_next_index_follows_the_highest(database: Database) -> None:
    made = make_dataset(database)
    assert database.next_index(made.id) == 0
    database.add_examples(made.id, [NewExample(41, chat("x"), {})])
    assert database.next_index(made.id) == 42


def test_an_example_is_found_in_its_own_dataset_only(database: Database) -> None:
    made, other = make_dataset(database), make_dataset(database)
    database.add_examples(made.id, news(1))
    example = database.get_dataset_examples(made.id)[0]
    assert database.get_example(example.id) == database.get_example(example.id, made.id) == example
    for act in (
        lambda: database.get_example(example.id, other.id),
        lambda: database.get_example(999),
        lambda: database.update_example(999, chat("x"), seen_revision=1, author="a"),
    ):
        with pytest.raises(NotFoundError):
            act()


def revisions(database: Database, example_id: int) -> list[tuple[int, str, str, str, str | None]]:
    query = (
        "SELECT revision, content, author, operation, reason FROM example_revisions WHERE example_id = :id ORDER BY 1"
    )
    with database.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query), {"id": example_id})]  # type: ignore[misc]


def test_an_edit_is_a_new_revision_and_the_first_text_is_kept(database: Database) -> None:
    made = make_dataset(database)
    database.add_examples(made.id, news(1))
    first = database.get_dataset_examples(made.id)[0]
    second = database.update_example(first.id, chat("b"), seen_revision=1, author="ann", reason="clearer")
    third = database.update_example(first.id, chat("c"), seen_revision=2, author="bob", operation="undo", batch_id="x")
    assert (first.revision, second.revision, third.revision) == (1, 2, 3)
    assert database.get_example(first.id) == third
    assert third.content == chat("c")
    assert third.updated_at > first.updated_at
    assert third.created_at == first.created_at
    kept = revisions(database, first.id)
    assert [(row[0], row[2], row[3], row[4]) for row in kept] == [
        (1, "", "created", ""),
        (2, "ann", "edit", "clearer"),
        (3, "bob", "undo", ""),
    ]
    assert ["question 0" in kept[0][1], '"b"' in kept[1][1], '"c"' in kept[2][1]] == [True] * 3


def test_a_stale_edit_is_refused_and_changes_nothing(database: Database) -> None:
    made = make_dataset(database)
    database.add_examples(made.id, news(1))
    example = database.get_dataset_examples(made.id)[0]
    database.update_example(example.id, chat("theirs"), seen_revision=1, author="ann")
    for seen in (1, 3):
        with pytest.raises(ConflictError, match="revision is 2"):
            database.update_example(example.id, chat("mine"), seen_revision=seen, author="bob")
    assert database.get_example(example.id).content == chat("theirs")
    assert len(revisions(database, example.id)) == 2


def test_of_edits_at_the_same_moment_one_wins_and_the_others_hear_of_it(database: Database) -> None:
    made = make_dataset(database)
    database.add_examples(made.id, news(1))
    example = database.get_dataset_examples(made.id)[0]
    barrier, writers = threading.Barrier(8), DaemonExecutor(8)

    def warm() -> None:
        """So that each writer has a connection of its own before it matters."""
        with database.engine.connect().execution_options(is_read=True):
            barrier.wait()

    def edit(n: int) -> Example:
        barrier.wait()
        return database.update_example(example.id, chat(f"writer {n}"), seen_revision=1, author=str(n))

    for future in [writers.submit(warm) for _ in range(8)]:
        future.result(timeout=60)
    futures = [writers.submit(edit, n) for n in range(8)]
    errors = [future.exception(timeout=60) for future in futures]
    writers.shutdown()
    won = [future.result() for future, error in zip(futures, errors, strict=True) if error is None]
    assert len(won) == 1
    assert won[0] == database.get_example(example.id)
    assert {type(error) for error in errors if error} == {ConflictError}
    assert len(revisions(database, example.id)) == 2


# -- jobs


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
    assert database.count_of_job(job.id) == 3
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


# -- paid replies


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


@pytest.mark.parametrize("text", [*NASTY, "a NUL \0 in the middle"])
def test_a_reply_holds_whatever_a_model_writes(database: Database, text: str) -> None:
    job = make_job(database, make_dataset(database))
    odd = PaidReply("k", 0, 1, "openai", Completion(text, f"model {text}", "a reason of more than forty letters " * 3))
    database.record(job, Progress(replies=[odd]))
    kept = database.get_completions(["k"], job_id=job.id)["k"]
    assert kept.text == text.replace("\0", "\ufffd")


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


# -- the schema


def test_the_migrated_schema_is_the_one_that_the_code_knows(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_code_needs_the_newest_migration() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [HEAD]


def test_an_existing_database_is_opened_as_it_is(database_url: str) -> None:
    with fresh(database_url) as first:
        made = make_dataset(first)
    with fresh(database_url) as second:
        assert second.get_dataset(made.id) == made


def test_a_schema_from_a_newer_version_is_left_alone_and_told(database_url: str) -> None:
    with fresh(database_url) as database:
        make_dataset(database)
        with database.engine.begin() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match="newer version"):
        open_database(database_url)


def test_two_processes_can_open_a_fresh_database_at_once(database_url: str) -> None:
    code = "import sys; from synthgen_core.database import open_database; open_database(sys.argv[1]).get_totals()"
    run = [sys.executable, "-c", code, database_url]
    processes = [subprocess.Popen(run, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [(process.communicate(timeout=60)[1], process.returncode) for process in processes] == [("", 0)] * 3


def test_threads_can_open_a_fresh_database_at_once(database_url: str) -> None:
    barrier, executor = threading.Barrier(4), DaemonExecutor(4)

    def opened(_: int) -> int:
        barrier.wait()
        with fresh(database_url) as database:
            return database.get_totals()["datasets"]

    futures = [executor.submit(opened, n) for n in range(4)]
    assert [future.result(timeout=60) for future in futures] == [0] * 4
    executor.shutdown()


def test_plain_sqlite_reads_what_the_document_names(tmp_path: Path) -> None:
    path = tmp_path / "llm_dataset_creator.db"
    with fresh(f"sqlite:///{path}") as database:
        dataset = make_dataset(database)
        job = make_job(database, dataset, requested=3)
        database.begin_job(job.id, ME)
        database.record(job, Progress(news(2), errors={"json": {"count": 1}}))
        with closing(sqlite3.connect(path)) as plain:
            plain.row_factory = sqlite3.Row
            row = plain.execute("SELECT * FROM generation_jobs ORDER BY started_at DESC LIMIT 5").fetchone()
            assert (row["dataset_id"], row["status"], row["examples_generated"], row["examples_requested"]) == (
                dataset.id,
                "running",
                2,
                3,
            )
            assert row["parameters"] == '{"seed":1}'
            assert row["errors"] == '{"json":{"count":1}}'
            assert datetime.fromisoformat(row["started_at"])
            assert row["completed_at"] is None
            row = plain.execute("SELECT * FROM datasets").fetchone()
            document = "id name description domain subdomain format example_count created_at updated_at file_path"
            assert {*document.split(), "metadata"} <= set(row.keys())
            assert row["example_count"] == 2
            rows = plain.execute("SELECT * FROM examples WHERE dataset_id=? LIMIT 10", (dataset.id,)).fetchall()
            document = "id dataset_id example_index content quality_score status metadata created_at updated_at"
            assert len(rows) == 2
            assert set(document.split()) <= set(rows[0].keys())
            assert rows[0]["content"].startswith('{"messages":[{"role":"user"')
            assert rows[0]["status"] == "active"
            schema = plain.execute("SELECT sql FROM sqlite_master WHERE name = 'datasets'").fetchone()
            assert "CREATE TABLE datasets" in schema["sql"]


def test_the_view_of_quality_jobs_has_the_columns_of_the_document(database: Database) -> None:
    dataset = make_dataset(database)
    make_job(database, dataset)
    sql = """UPDATE jobs SET kind = 'quality', done = 9, counters =
    '{"kept": 5, "fixed": 1, "removed": 3, "average": 7.25, "file": "datasets/a_improved.jsonl"}'"""
    view = """SELECT dataset_id, status, examples_processed, examples_kept, examples_fixed, examples_removed,
    avg_quality_score, result_file_path FROM quality_jobs"""
    with database.engine.begin() as connection:
        assert connection.execute(sa.text(view)).all() == []
        connection.execute(sa.text(sql))
        expected = (dataset.id, "pending", 9, 5, 1, 3, 7.25, "datasets/a_improved.jsonl")
        assert [tuple(row) for row in connection.execute(sa.text(view))] == [expected]
        assert connection.execute(sa.text("SELECT count(*) FROM generation_jobs")).scalar() == 0


# -- what can be wrong outside


@pytest.mark.parametrize("folder", ["100% sure? #1", "a%20b", "it's & ünïcödé 数据", "a:b@c"])
def test_the_folder_may_have_any_name(tmp_path: Path, folder: str) -> None:
    from synthgen_core.settings import Settings

    settings = Settings(data_dir=tmp_path / folder)
    with fresh(settings.sqlalchemy_url) as database:
        make_dataset(database)
    assert (tmp_path / folder / "llm_dataset_creator.db").stat().st_size > 0


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for parent in (tmp_path / "file" / "data", tmp_path / "file", Path("/proc/nothing/here")):
        with pytest.raises(DatabaseError) as caught:
            open_database(f"sqlite:///{parent}/a.db")
        assert str(parent) in caught.value.message
        assert "--data-dir" in caught.value.hint


def test_a_database_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    with fresh(f"sqlite:///{tmp_path / 'a.db'}") as database:
        make_dataset(database)
    with fresh(f"sqlite:///{tmp_path / 'a.db'}") as database:
        sa.event.listen(database.engine, "begin", lambda c: c.exec_driver_sql("PRAGMA query_only = ON"))
        with pytest.raises(DatabaseError, match="may not be written"):
            make_dataset(database)
        assert database.count_datasets() == 1


def test_a_folder_in_place_of_the_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.db").mkdir()
    with pytest.raises(DatabaseError, match="cannot be opened"):
        open_database(f"sqlite:///{tmp_path / 'a.db'}")


def test_a_file_that_is_no_database_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"Dear diary, " * 1000)
    with pytest.raises(DatabaseError, match="no database"):
        open_database(f"sqlite:///{path}")
    assert path.read_bytes() == b"Dear diary, " * 1000


def test_a_damaged_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with fresh(f"sqlite:///{path}") as database:
        database.add_examples(make_dataset(database).id, news(200))
    blocks = path.read_bytes()
    path.write_bytes(blocks[:8192] + b"\xa5" * (len(blocks) - 8192))

    def read_all() -> None:
        with fresh(f"sqlite:///{path}") as database:
            for dataset in database.get_datasets():
                list(database.stream_contents(dataset.id))

    with pytest.raises(DatabaseError, match="damaged"):
        read_all()


def test_a_full_disk_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    with fresh(f"sqlite:///{tmp_path / 'a.db'}") as database:
        dataset = make_dataset(database)
        job = make_job(database, dataset)
        database.record(job, Progress(news(3), calls=3))
        room = 0

        def limit(connection: sa.Connection) -> None:
            """SQLite's own way to say how much room there is."""
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + room}")

        sa.event.listen(database.engine, "begin", limit)
        big = [NewExample(9, chat("x" * 500_000), {}, 9)]
        with pytest.raises(DatabaseError, match="disk is full") as caught:
            database.record(job, Progress(big, calls=1))
        assert caught.value.hint
        assert (active_count(database, dataset.id), database.get_job(job.id).calls) == (3, 3)
        room = 1000
        database.record(job, Progress(big, calls=1))
        assert (active_count(database, dataset.id), database.get_job(job.id).calls) == (4, 4)


def test_another_program_that_holds_the_database_is_told(tmp_path: Path) -> None:
    with fresh(f"sqlite:///{tmp_path / 'a.db'}") as database, closing(sqlite3.connect(tmp_path / "a.db")) as other:
        sa.event.listen(
            database.engine, "checkout", lambda c, *_: c.execute("PRAGMA busy_timeout = 50")
        )  # so that the test need not wait long
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseError, match="busy"):
            make_dataset(database)
        assert database.count_datasets() == 0  # reading goes on
        other.rollback()
        make_dataset(database)


def soon(act: Callable[[], object], seconds: float = 20.0) -> DatabaseError:
    """The error that this act raises, within so many seconds."""
    started = time.monotonic()
    with pytest.raises(DatabaseError) as caught:
        act()
    assert time.monotonic() - started < seconds
    return caught.value


def test_a_server_that_is_not_there_is_told_in_seconds() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    error = soon(lambda: open_database(f"postgresql+psycopg://me:pa55word@127.0.0.1:{port}/db"))
    assert "does not answer" in error.message
    assert "pa55word" not in str(error)


def test_a_server_that_says_nothing_is_told_in_seconds() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        error = soon(lambda: open_database(f"postgresql+psycopg://me:pa55word@127.0.0.1:{port}/db?connect_timeout=2"))
    assert "does not answer" in error.message
    assert "pa55word" not in str(error)


def test_a_server_has_seconds_to_answer_unless_the_address_says_otherwise() -> None:
    class SeenError(Exception):
        """Enough was seen: no connection need be made."""

    seen = []

    def look(_dialect: object, _record: object, _args: object, options: dict[str, str]) -> None:
        seen.append(int(options["connect_timeout"]))
        raise SeenError

    sa.event.listen(sa.Engine, "do_connect", look)
    try:
        for query in ("", "?connect_timeout=77"):
            with pytest.raises(SeenError):
                open_database(f"postgresql+psycopg://me@127.0.0.1:1/db{query}")
    finally:
        sa.event.remove(sa.Engine, "do_connect", look)
    assert seen == [CONNECT_SECONDS, 77]
    assert CONNECT_SECONDS <= 10


@pytest.mark.parametrize(
    "url",
    [
        "not an address",
        "postgresql+psycopg://me:pa55word@host:pa55word/db",
        "postgresql+psycopg://me:pa55word@[::1/db",
        "postgres:/me:pa55word@host",
        "nosuch://me:pa55word@host/db",
        "postgresql+nosuch://me:pa55word@host/db",
        "mysql+nosuch://me:pa55word@host/db",
        "mssql+pymssql://me:pa55word@host/db",
    ],
)
def test_a_wrong_address_is_told_without_the_password(url: str) -> None:
    error = soon(lambda: open_database(url))
    shown: BaseException | None = error
    assert error.hint
    while shown is not None:  # the causes get into logs
        assert "pa55word" not in f"{shown} {shown!r}"
        shown = shown.__cause__


def test_a_server_that_refuses_the_user_is_told_without_the_password(postgres_url: str) -> None:
    url = sa.make_url(postgres_url).set(username="nobody_here", password="pa55word")
    error = soon(lambda: open_database(url.render_as_string(hide_password=False)))
    assert "pa55word" not in f"{error} {error.__cause__}"
    assert error.hint


def test_a_database_that_the_server_does_not_have_is_named(postgres_url: str) -> None:
    url = sa.make_url(postgres_url).set(database="no_such_database")
    error = soon(lambda: open_database(url.render_as_string(hide_password=False)))
    assert "no_such_database" in error.message


def test_a_server_that_went_away_is_told_and_found_again(shared_postgres: Database) -> None:
    database = shared_postgres
    made = make_dataset(database)
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    with pytest.raises(sa.exc.DBAPIError), database.engine.connect() as connection:
        connection.execute(sa.text(kill)).all()
    assert database.get_dataset(made.id) == made
