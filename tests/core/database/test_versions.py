"""A version is a state that stays, whatever comes: it is read, compared, and brought back to the letter."""

import contextlib
import random
from typing import Any

import pytest
import sqlalchemy as sa

from synthgen_core.database import Database, DiffKind, NewExample
from synthgen_core.database.versions import NOW, state_at
from synthgen_core.errors import NotFoundError
from synthgen_core.models import ExampleFilter, ExampleStatus, Watermark
from tests.core.database.support import chat, make_dataset, news

ACTIVE, REMOVED = ExampleStatus.ACTIVE, ExampleStatus.REMOVED
State = list[tuple[int, str, str]]


def fill(database: Database, count: int = 6) -> tuple[int, list[int]]:
    made = make_dataset(database)
    database.add_examples(made.id, news(count))
    return made.id, [e.id for e in database.get_dataset_examples(made.id, count)]


def state(database: Database, dataset_id: int, mark: Watermark = NOW) -> State:
    there = state_at(dataset_id, mark)
    query = sa.select(there.c.id, there.c.content, there.c.metadata).where(there.c.status == ACTIVE)
    with database.engine.connect() as connection:
        return [(row[0], row[1], row[2]) for row in connection.execute(query.order_by(there.c.example_index))]


def edit(database: Database, example_id: int, text: str) -> None:
    revision = database.get_example(example_id).revision
    database.update_example(example_id, chat(text), seen_revision=revision, author="ann")


def test_versions_are_numbered_within_their_dataset(database: Database) -> None:
    (dataset_id, _), (other_id, _) = fill(database), fill(database, 2)
    first = database.create_version(dataset_id, name="raw", author="ann", note="as it came")
    other = database.create_version(other_id, name="raw", author="ann")
    second = database.create_version(dataset_id, name="later", author="ben")
    assert [v.number for v in (first, other, second)] == [1, 1, 2]
    assert (first.name, first.note, first.author, first.example_count) == ("raw", "as it came", "ann", 6)
    assert database.get_versions(dataset_id) == [second, first]
    assert database.get_version(other_id, 1) == other
    with pytest.raises(NotFoundError):
        database.get_version(dataset_id, 3)
    with pytest.raises(NotFoundError):
        database.create_version(99, name="x", author="ann")


def test_a_version_stays_what_it_was(database: Database) -> None:
    dataset_id, ids = fill(database)
    edit(database, ids[0], "edited before")
    database.set_status(dataset_id, [ids[1]], REMOVED, author="ann")
    before = state(database, dataset_id)
    version = database.create_version(dataset_id, name="v", author="ann")
    edit(database, ids[0], "edited after")
    edit(database, ids[2], "edited after for the first time")
    database.set_status(dataset_id, ids[1:4], ACTIVE, author="ann")
    database.set_status(dataset_id, ids[3:5], REMOVED, author="ann")
    edit(database, ids[3], "removed, then edited")
    database.add_examples(dataset_id, news(3, start=6))
    assert state(database, dataset_id) != before
    assert state(database, dataset_id, version.watermark) == before
    assert len(before) == 5


def test_the_difference_of_two_states_is_what_was_done_between_them(database: Database) -> None:
    dataset_id, ids = fill(database)
    fill(database)
    mark = database.get_watermark(dataset_id)
    edit(database, ids[0], "changed")
    edit(database, ids[1], "changed, and back")
    edit(database, ids[1], "question 1")
    database.set_status(dataset_id, [ids[2], ids[3]], REMOVED, author="ann")
    database.set_status(dataset_id, [ids[3]], ACTIVE, author="ann")
    database.add_examples(dataset_id, news(2, start=6))
    newest = database.get_dataset_examples(dataset_id, 9)[-1].id
    database.set_status(dataset_id, [newest], REMOVED, author="ann")

    def differences(first: Watermark, second: Watermark, kind: DiffKind) -> list[tuple[int, Any, Any]]:
        rows = database.get_differences(dataset_id, first, second, kind, limit=9)
        return [(row.example_index, row.before, row.after) for row in rows]

    assert database.count_differences(dataset_id, mark, NOW) == {
        DiffKind.ADDED: 1,
        DiffKind.REMOVED: 1,
        DiffKind.CHANGED: 1,
    }
    assert differences(mark, NOW, DiffKind.ADDED) == [(6, None, chat("question 6"))]
    assert differences(mark, NOW, DiffKind.REMOVED) == [(2, chat("question 2"), None)]
    assert differences(mark, NOW, DiffKind.CHANGED) == [(0, chat("question 0"), chat("changed"))]
    later = database.get_watermark(dataset_id)
    assert sum(database.count_differences(dataset_id, later, NOW).values()) == 0


def test_pages_of_differences_are_in_order_and_complete(database: Database) -> None:
    dataset_id, ids = fill(database, 30)
    mark = database.get_watermark(dataset_id)
    for example_id in ids[::-1]:
        edit(database, example_id, f"new {example_id}")
    pages = [
        database.get_differences(dataset_id, mark, NOW, DiffKind.CHANGED, limit=10, offset=offset)
        for offset in (0, 10, 20, 30)
    ]
    assert [row.example_index for page in pages for row in page] == list(range(30))


def test_a_version_comes_back_as_a_new_state_that_can_be_undone(database: Database) -> None:
    dataset_id, ids = fill(database)
    edit(database, ids[5], "five")
    database.set_status(dataset_id, [ids[4]], REMOVED, author="ann")
    before = state(database, dataset_id)
    version = database.create_version(dataset_id, name="v", author="ann")
    edit(database, ids[0], "zero")
    edit(database, ids[5], "cinq")
    database.set_status(dataset_id, [ids[1]], REMOVED, author="ann")
    database.set_status(dataset_id, [ids[4]], ACTIVE, author="ann")
    database.add_examples(dataset_id, news(2, start=6))
    after = state(database, dataset_id)
    done = database.restore_state(dataset_id, version.watermark, author="ben", reason="version 1")
    assert done.changed == 6
    assert state(database, dataset_id) == before
    assert database.get_dataset(dataset_id).example_count == len(before)
    newest = database.get_revisions(ids[0])[-1]
    assert (newest.author, newest.operation, newest.reason) == ("ben", "restore_version", "version 1")
    database.undo_batch(done.batch_id, author="ben")
    assert state(database, dataset_id) == after
    assert database.get_dataset(dataset_id).example_count == len(after)
    assert database.restore_state(dataset_id, NOW, author="ben", reason="").changed == 0


@pytest.mark.parametrize("seed", range(4))
def test_any_course_of_changes_leaves_every_version_as_it_was(database: Database, seed: int) -> None:
    draw = random.Random(seed)
    dataset_id, _ = fill(database, 5)
    states: list[tuple[Watermark, State]] = []
    batches: list[str] = []
    for step in range(40):
        rows = database.get_dataset_examples(dataset_id, 99, filter=ExampleFilter(()))
        some = draw.sample([row.id for row in rows], 2)
        match draw.randrange(6):
            case 0:
                edit(database, some[0], f"text {step}")
            case 1 | 2:
                status = draw.choice((ACTIVE, REMOVED))
                batches.append(database.set_status(dataset_id, some, status, author="ann").batch_id)
            case 3:
                database.add_examples(dataset_id, [NewExample(100 + step, chat(f"came {step}"), {"step": step})])
            case 4 if states:
                mark, expected = draw.choice(states)
                batches.append(database.restore_state(dataset_id, mark, author="ann", reason="").batch_id)
                assert state(database, dataset_id) == expected
            case 5 if batches:
                with contextlib.suppress(NotFoundError):  # a batch that changed nothing left no trace
                    database.undo_batch(draw.choice(batches), author="ann")
        assert database.get_dataset(dataset_id).example_count == len(state(database, dataset_id))
        if not step % 4:
            states.append(
                (database.create_version(dataset_id, name="v", author="a").watermark, state(database, dataset_id))
            )
    for mark, expected in states:
        assert state(database, dataset_id, mark) == expected
    for (first, before), (second, after) in zip(states, states[3:], strict=False):
        counts = database.count_differences(dataset_id, first, second)
        old, new = ({row[0]: row[1] for row in side} for side in (before, after))
        assert counts == {
            DiffKind.ADDED: len(new.keys() - old.keys()),
            DiffKind.REMOVED: len(old.keys() - new.keys()),
            DiffKind.CHANGED: sum(old[n] != new[n] for n in old.keys() & new.keys()),
        }
