"""Examples are counted, paged, and edited by revisions that nobody overwrites."""

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from synthgen_core.concurrency import DaemonExecutor
from synthgen_core.database import Database, NewExample, Progress
from synthgen_core.errors import ConflictError, DatabaseError, NotFoundError
from synthgen_core.models import Example, ExampleFilter, ExampleStatus, JobStatus
from tests.core.database.support import NASTY, active_count, chat, make_dataset, make_job, news


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
    assert database.get_dataset(other.id).example_count == 0


def test_removed_examples_are_left_out_unless_asked_for(database: Database) -> None:
    made = make_dataset(database)
    database.add_examples(made.id, news(3))
    database.set_status(made.id, ExampleFilter(text="question 1"), ExampleStatus.REMOVED, author="ann")
    assert [e.example_index for e in database.get_dataset_examples(made.id)] == [0, 2]
    assert [e.example_index for e in database.get_dataset_examples(made.id, filter=ExampleFilter(()))] == [0, 1, 2]
    assert [
        e.example_index for e in database.get_dataset_examples(made.id, filter=ExampleFilter((ExampleStatus.REMOVED,)))
    ] == [1]
    assert [m for _, m in database.stream_contents(made.id)] == [{"n": 0}, {"n": 2}]


def test_no_examples_change_nothing(database: Database) -> None:
    made = make_dataset(database)
    database.add_examples(made.id, [])
    assert database.get_dataset(made.id) == made


def test_an_example_holds_any_text(database: Database) -> None:
    made = make_dataset(database)
    contents = [chat(text) for text in (*NASTY, "nul \0 here", "tab\tand\nnew line", "x" * 200_000)]
    database.add_examples(
        made.id, [NewExample(n, content, {"text": list(NASTY)}) for n, content in enumerate(contents)]
    )
    assert [e.content for e in database.get_dataset_examples(made.id)] == contents
    assert [content for content, _ in database.stream_contents(made.id)] == contents
    assert database.get_dataset_examples(made.id)[0].metadata == {"text": list(NASTY)}


def test_pages_of_examples_are_in_order_and_complete(database: Database) -> None:
    made = make_dataset(database)
    database.add_examples(made.id, news(120)[::-1])
    assert len(database.get_dataset_examples(made.id)) == 100
    pages = [database.get_dataset_examples(made.id, 50, offset) for offset in (0, 50, 100, 150)]
    assert [e.example_index for page in pages for e in page] == list(range(120))
    newest = database.get_dataset_examples(made.id, 3, sort="id", is_descending=True)
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
    acts: tuple[Callable[[], object], ...] = (
        lambda: database.get_example(example.id, other.id),
        lambda: database.get_example(999),
        lambda: database.update_example(999, chat("x"), seen_revision=1, author="a"),
    )
    for act in acts:
        with pytest.raises(NotFoundError):
            act()


def revisions(database: Database, example_id: int) -> list[tuple[int, str, str, str, str | None]]:
    query = (
        "SELECT revision, content, author, operation, reason FROM example_revisions WHERE example_id = :id ORDER BY 1"
    )
    with database.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query), {"id": example_id})]


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
