"""Every change is a revision; changes made together are undone together; nothing that somebody wrote is lost."""

from collections.abc import Sequence

import pytest

from synthgen_core.database import Database
from synthgen_core.errors import NotFoundError
from synthgen_core.models import Example, ExampleFilter, ExampleStatus
from tests.core.database.support import active_count, chat, make_dataset, news

ACTIVE, REMOVED = ExampleStatus.ACTIVE, ExampleStatus.REMOVED


def fill(database: Database, count: int = 4) -> tuple[int, list[int]]:
    made = make_dataset(database)
    database.add_examples(made.id, news(count))
    return made.id, [e.id for e in database.get_dataset_examples(made.id, count)]


def everything(database: Database, dataset_id: int) -> list[Example]:
    return database.get_dataset_examples(dataset_id, 9999, filter=ExampleFilter(()))


def seen(examples: Sequence[Example]) -> list[tuple[object, ...]]:
    return [(e.id, e.status, e.content, e.turns, e.characters, e.content_hash) for e in examples]


def test_a_removal_is_a_revision_that_copies_no_text(database: Database) -> None:
    dataset_id, ids = fill(database)
    before = database.get_dataset(dataset_id)
    done = database.set_status(dataset_id, ids[:2], REMOVED, author="ann", reason="dull")
    assert (done.changed, done.skipped, done.dataset_id) == (2, 0, dataset_id)
    after = database.get_dataset(dataset_id)
    assert after.example_count == active_count(database, dataset_id) == 2
    assert after.updated_at > before.updated_at
    first, second = database.get_revisions(ids[0])
    assert (first.revision, first.status, first.author, first.operation) == (1, ACTIVE, "", "created")
    assert (second.revision, second.status, second.author, second.reason) == (2, REMOVED, "ann", "dull")
    assert second.batch_id == done.batch_id
    assert first.content == second.content == chat("question 0")
    with database.engine.connect() as connection:
        assert {row[0] for row in connection.exec_driver_sql("SELECT content FROM example_revisions")} == {None}


def test_what_has_the_status_already_is_left_alone(database: Database) -> None:
    dataset_id, ids = fill(database)
    database.set_status(dataset_id, ids[:1], REMOVED, author="ann")
    again = database.set_status(dataset_id, ids, REMOVED, author="ann")
    assert again.changed == 3
    assert len(database.get_revisions(ids[0])) == 2
    assert database.get_dataset(dataset_id).example_count == 0


def test_ids_of_another_dataset_are_out_of_reach(database: Database) -> None:
    dataset_id, _ = fill(database)
    other_id, others = fill(database)
    assert database.set_status(dataset_id, others, REMOVED, author="ann").changed == 0
    assert database.get_dataset(other_id).example_count == 4
    with pytest.raises(NotFoundError):
        database.set_status(99, others, REMOVED, author="ann")


def test_a_whole_filter_is_changed_at_once_and_undone_at_once(database: Database) -> None:
    dataset_id, _ = fill(database, 2500)
    before = seen(everything(database, dataset_id))
    done = database.set_status(dataset_id, ExampleFilter(text="question 1"), REMOVED, author="ann")
    expected = sum("question 1" in str(content) for _, _, content, *_ in before)
    assert done.changed == expected > 1000
    assert database.get_dataset(dataset_id).example_count == 2500 - expected
    undone = database.undo_batch(done.batch_id, author="ben")
    assert (undone.changed, undone.skipped) == (expected, 0)
    assert seen(everything(database, dataset_id)) == before
    assert database.get_dataset(dataset_id).example_count == 2500
    again = database.undo_batch(undone.batch_id, author="ben")
    assert again.changed == expected
    assert database.get_dataset(dataset_id).example_count == 2500 - expected


def test_many_ids_are_no_more_than_a_database_takes(database: Database) -> None:
    dataset_id, ids = fill(database, 2100)
    done = database.set_status(dataset_id, ids * 40, REMOVED, author="ann")
    assert done.changed == 2100


def test_an_undo_leaves_alone_what_was_changed_since(database: Database) -> None:
    dataset_id, ids = fill(database)
    done = database.set_status(dataset_id, ids[:3], REMOVED, author="ann")
    database.update_example(ids[0], chat("later"), seen_revision=2, author="ben")
    undone = database.undo_batch(done.batch_id, author="ann")
    assert (undone.changed, undone.skipped) == (3, 0)
    assert [e.status for e in everything(database, dataset_id)] == [ACTIVE] * 4
    assert database.get_example(ids[0]).content == chat("later"), "the text was not part of what is undone"
    again = database.undo_batch(undone.batch_id, author="ann")
    database.set_status(dataset_id, ids[:1], ACTIVE, author="ben")
    undone = database.undo_batch(again.batch_id, author="ann")
    assert (undone.changed, undone.skipped) == (2, 1), "somebody brought the first one back already"
    with pytest.raises(NotFoundError):
        database.undo_batch("none", author="ann")


def test_every_text_that_ever_stood_there_can_be_read_again(database: Database) -> None:
    dataset_id, (first, *_) = fill(database)
    database.set_status(dataset_id, [first], REMOVED, author="ann")
    database.update_example(first, chat("two"), seen_revision=2, author="ann")
    database.set_status(dataset_id, [first], ACTIVE, author="ben")
    database.update_example(first, chat("three"), seen_revision=4, author="ann", reason="typo")
    revisions = database.get_revisions(first)
    assert [r.content for r in revisions] == [chat(t) for t in ("question 0", "question 0", "two", "two", "three")]
    assert [r.status for r in revisions] == [ACTIVE, REMOVED, REMOVED, ACTIVE, ACTIVE]
    assert [r.operation for r in revisions] == ["created", "remove", "edit", "restore", "edit"]


def test_an_example_that_never_changed_has_one_revision(database: Database) -> None:
    _, (first, *_) = fill(database)
    (only,) = database.get_revisions(first)
    assert (only.revision, only.content, only.status) == (1, chat("question 0"), ACTIVE)
    with pytest.raises(NotFoundError):
        database.get_revisions(999)


def test_an_edit_of_many_is_undone_to_the_letter(database: Database) -> None:
    dataset_id, ids = fill(database)
    database.update_example(ids[0], chat("mine"), seen_revision=1, author="ann")
    before = seen(everything(database, dataset_id))
    for example_id, revision in ((ids[0], 2), (ids[1], 1)):
        database.update_example(
            example_id, chat("a much longer text than before"), seen_revision=revision, author="ann", batch_id="b"
        )
    changed = everything(database, dataset_id)
    assert changed[0].characters > before[0][4]  # type: ignore[operator] # a number of characters
    assert database.undo_batch("b", author="ann").changed == 2
    assert seen(everything(database, dataset_id)) == before
