"""Diffs keep every character, read like a person's, and stay quick on long texts."""

import random
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen_core.diffs import Change, Span, diff_contents, diff_words
from synthgen_core.models import Json, JsonObject

EQUAL, ADDED, REMOVED, CHANGED = Change.EQUAL, Change.ADDED, Change.REMOVED, Change.CHANGED
LONG_ENOUGH = 15.0
"""Seconds, on a loaded machine, for what takes one."""


def joined(spans: list[Span], *changes: Change) -> str:
    return "".join(span.text for span in spans if span.change in changes)


def short(old: str, new: str) -> str:
    """A diff as one line: [-removed-]{+added+}."""
    marks = {EQUAL: "{}", REMOVED: "[-{}-]", ADDED: "{{+{}+}}"}
    return "".join(marks[span.change].format(span.text) for span in diff_words(old, new))


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("", "", ""),
        ("same", "same", "same"),
        ("", "new", "{+new+}"),
        ("old", "", "[-old-]"),
        ("a cat sat", "a dog sat", "a [-cat-]{+dog+} sat"),
        ("a cat sat.", "a cat sat!", "a cat sat[-.-]{+!+}"),
        ("one two three four", "one 2 3 four", "one [-two three-]{+2 3+} four"),
        ("a b", "a  b", "a[- -]{+  +}b"),
        ("x\n\ny", "z\n\nw", "[-x-]{+z+}\n\n[-y-]{+w+}"),
        ("keep this\nand that", "keep this", "keep this[-\nand that-]"),
        ("我喜欢喝茶。", "我喜欢喝咖啡。", "我喜欢喝[-茶-]{+咖啡+}。"),
        ("お茶を飲む", "水を飲む", "[-お茶-]{+水+}を飲む"),
        ("ฉันชอบชา", "ฉันชอบกา", "ฉันชอบ[-ช-]{+ก+}า"),
        ("हिन्दी भाषा", "हिन्दी बोली", "हिन्दी [-भाषा-]{+बोली+}"),
        ("a 👩‍💻 b", "a 👨‍💻 b", "a [-👩‍💻-]{+👨‍💻+} b"),
        ("it’s", "it is", "it[-’s-]{+ is+}"),
    ],
)
def test_a_diff_reads_as_a_person_would_mark_it(old: str, new: str, shown: str) -> None:
    assert short(old, new) == shown


TEXTS = st.text() | st.lists(st.sampled_from([*"ab .\n我茶", "word", "\u0301", "\r\n", "  "]), max_size=30).map("".join)


@given(TEXTS, TEXTS)
def test_no_character_is_lost_or_made_up(old: str, new: str) -> None:
    spans = diff_words(old, new)
    assert joined(spans, EQUAL, REMOVED) == old
    assert joined(spans, EQUAL, ADDED) == new
    assert all(span.text for span in spans)
    kinds = [span.change for span in spans]
    assert all(one != other for one, other in pairwise(kinds))


def drawn(seed: int, count: int, line_every: int = 10**9) -> str:
    source = random.Random(seed)
    return "".join(f"w{source.randrange(5000)}{chr(10) if n % line_every == 9 else ' '}" for n in range(count))


def test_texts_of_100_kb_are_compared_in_time_whatever_they_share() -> None:
    text, other = drawn(1, 17_000), drawn(2, 17_000)
    assert len(text) > 95_000
    few = text.split(" ")
    few[1000::1000] = ["changed"] * len(few[1000::1000])
    started = time.perf_counter()
    assert joined(diff_words(text, other), EQUAL, ADDED) == other
    spans = diff_words(text, " ".join(few))
    assert time.perf_counter() - started < LONG_ENOUGH
    assert [span.text for span in spans if span.change is ADDED] == ["changed"] * 16


def test_books_are_compared_by_lines_first() -> None:
    text, other = drawn(1, 100_000, line_every=10), drawn(2, 100_000, line_every=10)
    started = time.perf_counter()
    spans = diff_words(text, text.replace("w77 ", "w78 ", 1))
    assert joined(diff_words(text, other), EQUAL, REMOVED) == text
    assert time.perf_counter() - started < LONG_ENOUGH
    assert [(span.change, span.text) for span in spans if span.change is not EQUAL] == [
        (REMOVED, "w77"),
        (ADDED, "w78"),
    ]


# -- examples


def said(role: str, content: Json, **more: Json) -> JsonObject:
    return {"role": role, "content": content, **more}


def test_equal_examples_have_equal_fields_only() -> None:
    content: JsonObject = {"messages": [said("user", "a"), said("assistant", "b", weight=1)], "tools": [{"x": 1}]}
    assert {field.change for field in diff_contents(content, content)} == {EQUAL}


def test_the_messages_that_changed_are_named_and_their_words_marked() -> None:
    old: JsonObject = {"messages": [said("user", "Hi there."), said("assistant", "Hello.")]}
    new: JsonObject = {"messages": [said("user", "Hi you."), said("assistant", "Hello.")]}
    first, second = diff_contents(old, new)
    assert (first.name, first.change) == ("Message 1 (user)", CHANGED)
    assert first.spans == (Span(EQUAL, "Hi "), Span(REMOVED, "there"), Span(ADDED, "you"), Span(EQUAL, "."))
    assert (second.name, second.change) == ("Message 2 (assistant)", EQUAL)


def test_an_inserted_turn_does_not_shift_those_behind_it() -> None:
    turns: list[Json] = [said("user", "a"), said("assistant", "b"), said("user", "c"), said("assistant", "d")]
    more: list[Json] = [*turns[:2], said("user", "new"), said("assistant", "newer"), *turns[2:]]
    found = [(field.name, field.change) for field in diff_contents({"messages": turns}, {"messages": more})]
    assert found == [
        ("Message 1 (user)", EQUAL),
        ("Message 2 (assistant)", EQUAL),
        ("Message 3 (user)", ADDED),
        ("Message 4 (assistant)", ADDED),
        ("Message 5 (user)", EQUAL),
        ("Message 6 (assistant)", EQUAL),
    ]
    back = [field.change for field in diff_contents({"messages": more}, {"messages": turns})]
    assert back == [EQUAL, EQUAL, REMOVED, REMOVED, EQUAL, EQUAL]


def test_a_message_by_another_role_is_removed_and_added() -> None:
    found = diff_contents({"messages": [said("system", "a")]}, {"messages": [said("user", "a")]})
    assert sorted(field.change for field in found) == [ADDED, REMOVED]


def test_tools_parts_and_further_keys_are_compared_as_well() -> None:
    call: JsonObject = {"function": {"name": "now"}}
    old: JsonObject = {"messages": [said("user", "a", weight=0), said("assistant", None, tool_calls=[call])]}
    new: JsonObject = {
        "messages": [said("user", [{"type": "image", "url": "x"}]), said("assistant", None, tool_calls=[])],
        "tools": [call],
    }
    assert [(field.name, field.change) for field in diff_contents(old, new)] == [
        ("Message 1 (user)", CHANGED),
        ("Message 1 (user): weight", REMOVED),
        ("Message 2 (assistant)", EQUAL),
        ("Message 2 (assistant): tool_calls", CHANGED),
        ("tools", ADDED),
    ]


def test_fields_of_instructions_and_pairs_are_named() -> None:
    old: JsonObject = {"instruction": "a", "input": "", "output": "b", "history": [["x", "y"]]}
    new: JsonObject = {"instruction": "a", "input": "c", "output": "b"}
    assert [(field.name, field.change) for field in diff_contents(old, new)] == [
        ("instruction", EQUAL),
        ("input", CHANGED),
        ("output", EQUAL),
        ("history", REMOVED),
    ]
    pair: JsonObject = {"prompt": [said("user", "a")], "chosen": [said("assistant", "b")], "rejected": []}
    other: JsonObject = {**pair, "rejected": [said("assistant", "c")]}
    assert [(field.name, field.change) for field in diff_contents(pair, other)][1:] == [
        ("chosen, message 1 (assistant)", EQUAL),
        ("rejected, message 1 (assistant)", ADDED),
    ]
