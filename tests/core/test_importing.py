"""Rows of any known shape become examples, each mixture of them one dataset, and nothing is lost without a word."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from synthgen_core.importing import (
    Accepted,
    Outcome,
    Skipped,
    Tally,
    choose_format,
    fit,
    fits,
    read_back,
    read_examples,
)
from synthgen_core.models import JsonObject
from synthgen_core.readers import BadLine, open_reader
from synthgen_core.shapes import read_row
from synthgen_core.shapes.conversations import OPENAI_CHAT
from synthgen_core.shapes.rows import _read_as

CHAT: JsonObject = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}
LONG: JsonObject = {"messages": [*CHAT["messages"], *CHAT["messages"]]}  # type: ignore[misc]
ALPACA: JsonObject = {"instruction": "Say hello", "input": "in French", "output": "Bonjour"}
SHAREGPT: JsonObject = {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]}
COMPLETION: JsonObject = {"prompt": "Hi", "completion": "Hello"}
PAIR: JsonObject = {"prompt": "Hi", "chosen": "Hello!", "rejected": "What?"}
OPENAI_PAIR: JsonObject = {
    "input": {"messages": [{"role": "user", "content": "Hi"}]},
    "preferred_output": [{"role": "assistant", "content": "Hello!"}],
    "non_preferred_output": [{"role": "assistant", "content": "What?"}],
}
OWN: JsonObject = {**CHAT, "metadata": {"parameters": {"tone": "warm"}}}
UNKNOWN: JsonObject = {"question": "Hi", "reply": "Hello", "note": 1}
Look = Callable[..., list[Outcome]]


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """What becomes of these rows, written as JSONL."""

    def look(*rows: JsonObject | str, mapping: dict[str, str] | None = None) -> list[Outcome]:
        path = tmp_path / "a.jsonl"
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        path.write_text("\n".join(lines), encoding="utf-8")
        with open_reader(path) as reader:
            return list(read_examples(reader, mapping or {}))

    return look


def good(outcomes: list[Outcome]) -> list[Accepted]:
    assert all(isinstance(one, Accepted) for one in outcomes), outcomes
    return [one for one in outcomes if isinstance(one, Accepted)]


def test_each_shape_is_recognised_by_itself(look: Look) -> None:
    found = good(look(OWN, CHAT, SHAREGPT, ALPACA, COMPLETION, PAIR, OPENAI_PAIR))
    assert [(one.line, one.shape, one.format) for one in found] == [
        (1, "own", "chat"),
        (2, "openai_chat", "chat"),
        (3, "sharegpt", "chat"),
        (4, "alpaca", "instruction"),
        (5, "prompt_completion", found[4].format),
        (6, "trl_preference", "preference"),
        (7, "openai_preference", "preference"),
    ]
    assert found[0].metadata == OWN["metadata"]
    assert found[1].content == found[2].content == CHAT


def test_a_row_knows_the_line_that_it_came_from(look: Look) -> None:
    [one] = good(look("", json.dumps(CHAT)))
    assert one.metadata["source"] == {"shape": "openai_chat", "line": 2}


def test_a_damaged_wrapping_is_taken_off_and_told(look: Look) -> None:
    [one] = good(look({"content": {"content": CHAT}}))
    assert (one.content, one.is_unwrapped) == (CHAT, True)
    tally = Tally()
    tally.add(one)
    assert tally.notes() == ["1 row stood in a damaged wrapping, {“content”: ...}, which was taken off."]


def test_a_row_that_is_wrong_is_a_bad_line_and_a_doubtful_one_is_a_warning(look: Look) -> None:
    wrong = {"messages": [{"role": "alien", "content": "Hi"}]}
    doubtful = {"messages": [{"role": "user", "content": "Hi"}]}
    bad, warned = look(wrong, doubtful)
    assert isinstance(bad, BadLine)
    assert (bad.line, bad.reason, bad.excerpt) == (1, "unknown_role", json.dumps(wrong))
    assert "alien" in bad.message
    assert isinstance(warned, Accepted)
    assert [issue.reason for issue in warned.warnings] == ["last_not_assistant"]


def test_rows_of_no_known_shape_come_in_by_a_mapping(look: Look) -> None:
    [bad] = look(UNKNOWN)
    assert isinstance(bad, BadLine)
    assert bad.reason == "unknown_shape"
    mapping = {"instruction": "question", "output": "reply"}
    mapped, known, empty = look(UNKNOWN, CHAT, {"question": "Hi"}, mapping=mapping)
    assert isinstance(mapped, Accepted)
    assert isinstance(known, Accepted)
    assert (mapped.format, mapped.content["output"], known.content) == ("instruction", "Hello", CHAT)
    assert mapped.metadata["source"]["extra"] == {"note": 1}  # type: ignore[index, call-overload]
    assert isinstance(empty, BadLine)
    assert "“reply”" in empty.message


@pytest.mark.parametrize(
    ("formats", "chosen"),
    [
        ({"chat": 3}, "chat"),
        ({"instruction": 3}, "instruction"),
        ({"chat": 1, "instruction": 9}, "chat"),
        ({"preference": 2, "chat": 1}, "preference"),
        ({"preference": 2, "chat": 1, "instruction": 1}, "chat"),
        ({"preference": 2, "instruction": 3}, "instruction"),
        ({}, "chat"),
    ],
)
def test_a_dataset_has_the_format_that_most_rows_fit(formats: dict[str, int], chosen: str) -> None:
    assert choose_format(formats) == chosen


def test_an_instruction_fits_a_chat_without_a_loss(look: Look) -> None:
    [one] = good(look(ALPACA))
    assert fits("instruction", "chat")
    assert not fits("chat", "instruction")
    as_chat = fit(one, "chat")
    assert isinstance(as_chat, Accepted)
    assert as_chat.format == "chat"
    assert as_chat.content["messages"] == [
        {"role": "user", "content": "Say hello\nin French"},
        {"role": "assistant", "content": "Bonjour"},
    ]
    back = fit(as_chat, "instruction")
    assert isinstance(back, Accepted)
    assert back.content == ALPACA


def test_what_would_lose_something_is_skipped_with_its_reason(look: Look) -> None:
    for row, format, why in ((LONG, "instruction", "goes on"), (PAIR, "chat", "rejected"), (CHAT, "preference", "")):
        [one] = good(look(row))
        left_out = fit(one, format)
        assert isinstance(left_out, Skipped)
        assert (left_out.line, left_out.reason, left_out.excerpt) == (1, "other_format", json.dumps(row)[:120])
        assert f"the dataset of the format {format}" in left_out.message
        assert why in left_out.message


def test_tables_bring_in_the_same_examples(tmp_path: Path) -> None:
    """Nested cells of CSV are JSON."""
    rows = [OWN, {**OWN, "messages": LONG["messages"]}]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["messages", "metadata"])
    writer.writerows([[json.dumps(row["messages"]), json.dumps(row["metadata"])] for row in rows])
    (tmp_path / "a.csv").write_text(text.getvalue(), encoding="utf-8", newline="")
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "a.parquet")
    for path in (tmp_path / "a.csv", tmp_path / "a.parquet"):
        found = [one for one in read_back(path) if isinstance(one, Accepted)]
        assert [one.content for one in found] == [CHAT, LONG]
        assert [one.metadata for one in found] == [OWN["metadata"]] * 2


def test_the_short_way_for_plain_chats_gives_what_the_long_way_does() -> None:
    turns = [{"role": role, "content": "Text 你好"} for role in ("user", "assistant")]
    plain = [{"messages": turns * n} for n in (1, 3)]
    others = [
        {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "  "}]},
        {"messages": [*reversed(turns)]},
        {"messages": [*turns, turns[0]]},
        {"messages": [{"role": "system", "content": "s"}, *turns]},
        {"messages": [turns[0], {**turns[1], "name": "x"}]},
        {"messages": turns, "tools": []},
        {"messages": turns, "id": 7},
    ]
    for row in [*plain, *others]:
        assert read_row(row, 5) == _read_as(OPENAI_CHAT, row, 5, is_unwrapped=False)
