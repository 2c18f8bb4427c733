"""A filter finds what it says, on every database, whatever stands in the texts."""

from typing import Any

import pytest
import sqlalchemy as sa

from synthgen_core.database import Database, NewExample, NewFlag
from synthgen_core.database.tables import examples
from synthgen_core.errors import ConfigError
from synthgen_core.models import ExampleFilter, ExampleStatus, Severity
from tests.core.database.support import NASTY, chat, found, make_dataset, news
from tests.support.reviews import review

REMOVED = ExampleFilter((ExampleStatus.REMOVED,))


def fill(database: Database, *texts: str, **metadata: Any) -> int:
    made = make_dataset(database)
    database.add_examples(made.id, [NewExample(n, chat(text), metadata) for n, text in enumerate(texts)])
    return made.id


@pytest.mark.parametrize("text", [*NASTY, "a\\b", "tab\there", "100%", "_", "ÄRGER", "ΣΟΦΟΣ"])
def test_a_text_is_found_in_any_case_and_only_where_it_stands(database: Database, text: str) -> None:
    dataset_id = fill(database, "nothing", f"before {text} after", "nothing else")
    for needle in (text, text.lower(), text.upper() if text.upper().lower() == text.lower() else text):
        assert found(database, dataset_id, text=needle) == [1]


@pytest.mark.parametrize("word", ["user", "role", "messages", "content", "assistant", "e", '":"', "er"])
def test_the_names_around_the_texts_are_not_found(database: Database, word: str) -> None:
    made = make_dataset(database)
    quiet = {"messages": [{"role": "user", "content": "1"}, {"role": "assistant", "content": "2"}]}
    database.add_examples(made.id, [NewExample(0, quiet, {}), NewExample(1, chat(f"x{word}x"), {})])
    assert found(database, made.id, text=word) == [1]


def test_a_text_of_any_length_can_be_looked_for(database: Database) -> None:
    dataset_id = fill(database, "a" * 30_000)
    assert found(database, dataset_id, text="a" * 20_000) == [0]
    assert found(database, dataset_id, text="a" * 20_000 + "b") == []


def test_scores_narrow_on_both_sides_and_leave_out_what_has_none(database: Database) -> None:
    dataset_id = fill(database, *"abcd")
    with database.engine.begin() as connection:
        for index, score in ((0, 2.0), (1, 5.5), (2, 9.0)):
            connection.execute(sa.update(examples).where(examples.c.example_index == index).values(quality_score=score))
    assert found(database, dataset_id, min_score=5.5) == [1, 2]
    assert found(database, dataset_id, max_score=5.5) == [0, 1]
    assert found(database, dataset_id, min_score=3, max_score=8) == [1]
    assert found(database, dataset_id, is_scored=False) == [3]
    assert found(database, dataset_id, is_scored=True) == [0, 1, 2]


def test_a_flag_or_a_verdict_counts_for_the_text_that_it_was_given_for(database: Database) -> None:
    made = make_dataset(database)
    flag = NewFlag("pii", Severity.WARNING, "a name", "messages[0].content", 0, 3)
    other = NewFlag("late_system", Severity.INFO, "odd")
    new = [NewExample(n, chat(str(n)), {}, flags=given) for n, given in enumerate([(flag,), (other, flag), (), ()])]
    database.add_examples(made.id, new)
    assert found(database, made.id, flags="any") == [0, 1]
    assert found(database, made.id, flags="none") == [2, 3]
    assert found(database, made.id, flags="late_system") == [1]
    assert found(database, made.id, flags="unknown") == []
    ids = [e.id for e in database.get_dataset_examples(made.id)]
    assert [(f.rule, f.start, f.end) for f in database.get_flags(ids[:1])] == [("pii", 0, 3)]
    for example_id, verdict in zip(ids, ("accept", "reject", "skip"), strict=False):
        review(database, [example_id], verdict)
    assert found(database, made.id, is_reviewed=True) == [0, 1]
    assert found(database, made.id, is_reviewed=False) == [2, 3]
    database.update_example(ids[0], chat("new"), seen_revision=1, author="ann")
    assert found(database, made.id, is_reviewed=True) == [1]
    assert found(database, made.id, flags="any") == found(database, made.id, flags="pii") == [1]
    assert found(database, made.id, verdict="accept") == found(database, made.id, verdict="stale") == [0]
    assert (found(database, made.id, verdict="skip"), found(database, made.id, verdict="none")) == ([2], [3])
    assert found(database, made.id, reviewer="Ada") == [1, 2]
    assert database.get_flags(ids[:1]) == []


@pytest.fixture
def drawn(database: Database) -> int:
    made = make_dataset(database)
    drawn: list[Any] = [
        {"tone": "angry", 'it\'s "odd"': "a.b"},
        {"tone": "Angry"},
        {"tone": "calm", "level": 3},
        "no object",
        None,
    ]
    new = [NewExample(n, chat(str(n)), {"parameters": given, "n": n}) for n, given in enumerate(drawn)]
    database.add_examples(made.id, [*new, NewExample(5, chat("5"), {"tone": "angry"})])
    return made.id


def test_a_parameter_is_found_by_its_exact_value(database: Database, drawn: int) -> None:
    assert found(database, drawn, parameters={"tone": "angry"}) == [0]
    assert found(database, drawn, parameters={"level": "3"}) == [2]
    assert found(database, drawn, parameters={'it\'s "odd"': "a.b"}) == [0]
    assert found(database, drawn, parameters={"tone": "calm", "level": "4"}) == []


def test_criteria_narrow_together_and_with_the_status(database: Database, drawn: int) -> None:
    ids = [e.id for e in database.get_dataset_examples(drawn)]
    database.set_status(drawn, [ids[0]], ExampleStatus.REMOVED, author="ann")
    assert found(database, drawn, parameters={"tone": "angry"}) == []
    assert found(database, drawn, parameters={"tone": "angry"}, statuses=()) == [0]
    assert database.count_examples(drawn) == 5
    assert database.count_examples(drawn, REMOVED) == 1
    assert found(database, drawn, text="As to 2", parameters={"tone": "calm"}) == [2]


def test_a_list_is_sorted_by_any_column_it_offers_and_by_no_other(database: Database) -> None:
    dataset_id = fill(database, "bb", "a", "cccc")
    with database.engine.begin() as connection:
        connection.execute(sa.update(examples).where(examples.c.example_index == 1).values(quality_score=5))
        connection.execute(sa.update(examples).where(examples.c.example_index == 2).values(quality_score=7))

    def order(sort: str, is_descending: bool) -> list[int]:
        rows = database.get_dataset_examples(dataset_id, sort=sort, is_descending=is_descending)
        return [row.example_index for row in rows]

    assert order("example_index", False) == order("example_index", True)[::-1] == [0, 1, 2]
    assert order("characters", False) == [1, 0, 2]
    assert order("characters", True) == [2, 0, 1]
    assert order("quality_score", True) == [2, 1, 0], "what has no score comes last"
    assert order("quality_score", False) == [1, 2, 0]
    with pytest.raises(ConfigError, match="characters"):
        order("content", False)


@pytest.mark.parametrize("removed", [(), (0,), (3, 4, 5), (0, 1, 9, 10, 11, 50), tuple(range(0, 60, 2))])
@pytest.mark.parametrize("missing", [(), (7, 20)])
def test_a_page_holds_the_same_however_it_is_found(
    database: Database, removed: tuple[int, ...], missing: tuple[int, ...]
) -> None:
    made = make_dataset(database)
    database.add_examples(made.id, [new for new in news(60) if new.example_index not in missing])
    by_index = {e.example_index: e.id for e in database.get_dataset_examples(made.id)}
    gone = [by_index[n] for n in removed if n in by_index]
    database.set_status(made.id, gone, ExampleStatus.REMOVED, author="ann")
    left = [n for n in range(60) if n not in (*removed, *missing)]
    for offset in (0, 1, 7, 25, len(left) - 1, len(left), 99):
        page = database.get_dataset_examples(made.id, 10, offset)
        assert [e.example_index for e in page] == left[offset : offset + 10]
