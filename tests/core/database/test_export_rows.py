"""What an export reads of the database: chosen examples, their texts as they were, the facts on them."""

from array import array
from dataclasses import replace

import orjson

from synthgen_core.database import Database, NewExample
from synthgen_core.files import to_line
from synthgen_core.models import ExampleFilter, ExampleStatus, JsonObject
from tests.core.database.support import NASTY, chat, make_dataset, news

EVERYTHING = ExampleFilter(statuses=())


def texts(database: Database, dataset_id: int, ids: list[int], mark: object) -> list[tuple[int, JsonObject]]:
    blocks = database.stream_texts(dataset_id, ids, mark)  # type: ignore[arg-type]
    return [(example_id, orjson.loads(content)) for block in blocks for example_id, content, _ in block]


def test_examples_are_taken_by_index_even_if_they_came_in_another_order(database: Database) -> None:
    dataset = make_dataset(database)
    database.add_examples(dataset.id, [NewExample(n, chat(f"{n}"), {}) for n in (3, 1, 2, 0)])
    ids, mark = database.select_examples(dataset.id, EVERYTHING)
    found = texts(database, dataset.id, list(ids), mark)
    assert [content for _, content in found] == [chat(f"{n}") for n in range(4)]
    assert [example_id for example_id, _ in found] == list(ids)


def test_only_the_chosen_examples_are_read(database: Database) -> None:
    first, second = make_dataset(database), make_dataset(database, "Another")
    for n in range(5):  # their ids alternate
        database.add_examples(first.id, [NewExample(n, chat(f"a{n}"), {})])
        database.add_examples(second.id, [NewExample(n, chat(f"b{n}"), {})])
    ids, mark = database.select_examples(first.id, EVERYTHING)
    some = [ids[0], ids[3], ids[4]]
    assert [c for _, c in texts(database, first.id, some, mark)] == [chat("a0"), chat("a3"), chat("a4")]


def test_texts_are_those_of_the_moment_whatever_is_edited_later(database: Database) -> None:
    dataset = make_dataset(database)
    database.add_examples(dataset.id, news(3))
    ids = list(database.select_examples(dataset.id, EVERYTHING)[0])
    database.update_example(ids[1], chat("second state"), seen_revision=1, author="Ann")
    _, between = database.select_examples(dataset.id, EVERYTHING)
    before = texts(database, dataset.id, ids, between)
    for n, seen in ((0, 1), (1, 2)):
        database.update_example(ids[n], chat("third state"), seen_revision=seen, author="Ann")
    database.set_status(dataset.id, [ids[2]], ExampleStatus.REMOVED, author="Ann")
    assert texts(database, dataset.id, ids, between) == before
    assert before[1][1] == chat("second state")


def test_lines_are_those_of_the_dataset_s_file_to_the_byte(database: Database) -> None:
    dataset = make_dataset(database)
    database.add_examples(dataset.id, [NewExample(n, chat(text), {"note": text}) for n, text in enumerate(NASTY)])
    ids, mark = database.select_examples(dataset.id, EVERYTHING)
    lines = b"".join(database.stream_lines(dataset.id, ids, mark))
    assert lines == b"".join(to_line(chat(text), {"note": text}) for text in NASTY)


def test_a_line_has_one_key_for_metadata_whatever_keys_an_imported_content_has(database: Database) -> None:
    dataset, facts = make_dataset(database), {"seed": 1}
    contents = [
        chat("a") | {"metadata": "theirs", "later": 1},
        chat('"metadata":'),
        chat("b") | {"more": {"metadata": 2}},
    ]
    database.add_examples(dataset.id, [NewExample(n, content, facts) for n, content in enumerate(contents)])
    ids, mark = database.select_examples(dataset.id, EVERYTHING)
    lines = b"".join(database.stream_lines(dataset.id, ids, mark))
    assert lines == b"".join(database.stream_lines_of_file(dataset.id))
    assert lines == b"".join(to_line(content, facts) for content in contents)


def test_an_earlier_state_is_chosen_from_by_the_status_of_then(database: Database) -> None:
    dataset = make_dataset(database)
    database.add_examples(dataset.id, news(3))
    mark = database.get_watermark(dataset.id)
    ids = list(database.select_examples(dataset.id, EVERYTHING)[0])
    database.set_status(dataset.id, [ids[0]], ExampleStatus.REMOVED, author="Ann")
    database.add_examples(dataset.id, news(1, start=3))
    assert list(database.select_examples_at(dataset.id, ExampleFilter(), mark)) == ids
    assert list(database.select_examples(dataset.id, ExampleFilter())[0])[:2] == ids[1:]


def test_edits_are_those_by_people_with_what_was_there_first(database: Database) -> None:
    dataset = make_dataset(database)
    database.add_examples(dataset.id, news(4))
    ids = list(database.select_examples(dataset.id, EVERYTHING)[0])
    database.update_example(ids[0], chat("by hand"), seen_revision=1, author="Ann")
    database.update_example(ids[1], chat("by a model"), seen_revision=1, author="gemma", operation="fix")
    database.update_example(ids[2], chat("once"), seen_revision=1, author="Ann")
    database.update_example(ids[2], chat("twice"), seen_revision=2, author="Ann")
    database.set_status(dataset.id, [ids[3]], ExampleStatus.REMOVED, author="Ann")
    mark = database.get_watermark(dataset.id)
    database.update_example(ids[0], chat("after the mark"), seen_revision=2, author="Ann")
    found = {i: (orjson.loads(a), orjson.loads(b)) for i, a, b, _ in database.stream_edits(dataset.id, ids, mark)}
    assert found == {
        ids[0]: (news(1)[0].content, chat("by hand")),
        ids[2]: (news(1, start=2)[0].content, chat("twice")),
    }


def test_facts_count_models_languages_and_repeats_of_just_these_examples(database: Database) -> None:
    dataset = make_dataset(database)
    made = [
        NewExample(n, chat("same" if n < 3 else f"{n}"), {"model": f"m{n % 2}", "language": "en"}) for n in range(5)
    ]
    database.add_examples(dataset.id, [*made, replace(made[0], example_index=5, metadata={})])
    ids = array("q", database.select_examples(dataset.id, EVERYTHING)[0])
    facts = database.gather_facts(ids)
    assert facts.models == {"m0": 3, "m1": 2}
    assert facts.languages == {"en": 5}
    assert facts.repeats == 3
    assert (facts.accepted, facts.rejected, facts.scored) == (0, 0, 0)
    assert database.gather_facts(ids[3:5]).models == {"m1": 1, "m0": 1}
