"""Rows of no known shape come in by what the user says of their columns, and the guess is filled in."""

import json

import pytest

from synthgen_core.errors import ConfigError, InvalidExampleError
from synthgen_core.models import Json, JsonObject
from synthgen_core.shapes import MAPPINGS, apply_mapping, check_mapping, extra_of, guess_mapping, read_row, source_of

MESSAGES: list[Json] = [{"role": "user", "content": "Hi."}, {"from": "gpt", "value": "Hello."}]
CHAT: JsonObject = {"messages": [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello."}]}
PAIR: JsonObject = {
    "prompt": [{"role": "user", "content": "Hi."}],
    "chosen": [{"role": "assistant", "content": "Hello."}],
    "rejected": [{"role": "assistant", "content": "What."}],
}

GUESSES: list[tuple[JsonObject, dict[str, str], JsonObject]] = [
    (
        {"instruction": "Add.", "context": "1 2", "response": "3", "category": "sums"},
        {"instruction": "instruction", "output": "response", "input": "context"},
        {"instruction": "Add.", "input": "1 2", "output": "3"},
    ),
    (
        {"id": 1, "Question": "Add.", "Answer (short)": "3"},
        {"instruction": "Question", "output": "Answer (short)"},
        {"instruction": "Add.", "input": "", "output": "3"},
    ),
    (
        {"system_prompt": "Count.", "question": "Add.", "response": "3"},
        {"instruction": "question", "output": "response", "system": "system_prompt"},
        {"instruction": "Add.", "input": "", "output": "3", "system": "Count."},
    ),
    (
        {"frage": "Add.", "antwort": "3"},
        {"instruction": "frage", "output": "antwort"},
        {"instruction": "Add.", "input": "", "output": "3"},
    ),
    ({"customer": "Hi.", "agent": "Hello."}, {"user": "customer", "assistant": "agent"}, CHAT),
    ({"dialogue": MESSAGES, "n": 2}, {"messages": "dialogue"}, CHAT),
    ({"log": json.dumps(MESSAGES), "n": 2}, {"messages": "log"}, CHAT),
    (
        {"question": "Hi.", "chosen": "Hello.", "rejected": "What."},
        {"prompt": "question", "chosen": "chosen", "rejected": "rejected"},
        PAIR,
    ),
]


@pytest.mark.parametrize(("row", "mapping", "content"), GUESSES)
def test_the_guess_says_which_columns_hold_what(row: JsonObject, mapping: dict[str, str], content: JsonObject) -> None:
    with pytest.raises(InvalidExampleError, match="no known shape"):
        read_row(row)
    assert guess_mapping([row, dict.fromkeys(row)]) == mapping
    check_mapping(mapping, row)
    read = apply_mapping(row, mapping, 4)
    assert (read.shape, read.content) == ("mapped", content)
    assert source_of(read.metadata) is not None
    assert extra_of(read.metadata) == {key: value for key, value in row.items() if key not in mapping.values()}


@pytest.mark.parametrize("rows", [[], [{}], [{"a": 1, "b": "x"}], [{"a": "x"}], [{"a": "x", "b": "y", "c": "z"}]])
def test_where_nothing_is_known_nothing_is_guessed(rows: list[JsonObject]) -> None:
    assert guess_mapping(rows) == {}


def test_a_column_that_is_not_always_a_text_is_not_guessed() -> None:
    assert guess_mapping([{"question": "a", "answer": "b"}, {"question": "a", "answer": 3}]) == {}


EXCHANGE = {"user": "q", "assistant": "a", "system": "s"}
BAD: list[tuple[dict[str, str], Json, str, str]] = [
    (EXCHANGE, {"q": "Hi.", "a": 42}, "not_text", "Column “a” is 42"),
    (EXCHANGE, {"q": "Hi."}, "missing_column", "Column “a” is missing"),
    (EXCHANGE, {"q": "", "a": "b"}, "empty_column", "Column “q” is empty"),
    (EXCHANGE, ["q"], "not_object", "a list"),
    (EXCHANGE, {"q": "Hi.", "a": "b\0"}, "nul", "“q” and “a”"),
    ({"messages": "log"}, {"log": "no messages"}, "not_object", "“log”"),
    ({"messages": "log"}, {"log": [{"role": "alien", "content": "x"}]}, "unknown_role", "“log”"),
]


@pytest.mark.parametrize(("mapping", "row", "reason", "named"), BAD)
def test_a_row_that_does_not_fit_the_mapping_is_refused_with_its_column(
    mapping: dict[str, str], row: Json, reason: str, named: str
) -> None:
    with pytest.raises(InvalidExampleError) as caught:
        apply_mapping(row, mapping)
    assert caught.value.reason == reason
    assert named in caught.value.message
    assert caught.value.hint


def test_an_optional_column_may_be_missing_or_empty() -> None:
    for row in (
        {"q": "Hi.", "a": "Hello."},
        {"q": "Hi.", "a": "Hello.", "s": ""},
        {"q": "Hi.", "a": "Hello.", "s": None},
    ):
        assert apply_mapping(row, EXCHANGE).content == CHAT


@pytest.mark.parametrize("mapping", [{}, {"instruction": "a"}, {"user": "a", "output": "b"}, {"mood": "a"}])
def test_fields_that_make_no_example_are_refused_with_those_that_do(mapping: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="user, assistant"):
        check_mapping(mapping, ["a", "b"])


def test_a_mapping_to_a_column_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match=r"“answer” for “output”\. Known: question, reply"):
        check_mapping({"instruction": "question", "output": "answer"}, ["question", "reply"])
    for name, kind in MAPPINGS.items():
        assert check_mapping({field: field for field in kind.required}, kind.required).name == name
