"""Conversions between formats lose nothing unasked, and every example is either converted or skipped with a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen_core.conversion import (
    CONVERSIONS,
    STRATEGIES,
    Converted,
    LossReport,
    can_convert,
    convert_content,
    convert_format,
    get_strategy,
)
from synthgen_core.errors import ConfigError, InvalidExampleError, NotFoundError
from synthgen_core.formats import FORMATS
from synthgen_core.models import Json, JsonObject

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


def said(role: str, content: Json, **more: Json) -> JsonObject:
    return {"role": role, "content": content, **more}


def chat(*turns: JsonObject, **more: Json) -> JsonObject:
    return {"messages": [*turns], **more}


def row(asked: str, answer: str, **more: Json) -> JsonObject:
    return {"instruction": asked, "input": "", "output": answer, **more}


ONE = (said("user", "a"), said("assistant", "b"))
TWO = (said("user", "c"), said("assistant", "d"))
SYSTEM = said("system", "s")
TOOL: JsonObject = {"type": "function", "function": {"name": "now"}}
CALL = said("assistant", None, tool_calls=[TOOL])

CASES: list[tuple[str, JsonObject, list[JsonObject], list[str]]] = [
    ("skip_multi_turn", chat(*ONE), [row("a", "b")], []),
    ("skip_multi_turn", chat(SYSTEM, *ONE), [row("a", "b", system="s")], []),
    ("skip_multi_turn", chat(*ONE, *TWO), [], ["several_exchanges"]),
    ("skip_multi_turn", chat(said("assistant", "Hello."), *ONE), [], ["several_exchanges"]),
    ("skip_multi_turn", chat(*ONE, said("user", "c")), [], ["several_exchanges"]),
    ("per_turn", chat(*ONE), [row("a", "b")], []),
    (
        "per_turn",
        chat(SYSTEM, *ONE, *TWO),
        [row("a", "b", system="s"), row("c", "d", system="s", history=[["a", "b"]])],
        [],
    ),
    ("last_turn", chat(*ONE, *TWO), [row("c", "d", history=[["a", "b"]])], []),
    ("last_turn", chat(*ONE, *TWO, said("user", "e")), [row("c", "d", history=[["a", "b"]])], ["open_question"]),
    ("first_pair", chat(*ONE), [row("a", "b")], []),
    ("first_pair", chat(*ONE, *TWO), [row("a", "b")], ["later_turns"]),
    ("first_pair", chat(said("assistant", "Hello."), *ONE, *TWO), [row("a", "b")], ["first_answer", "later_turns"]),
    ("per_turn", chat(said("user", [{"type": "text", "text": "a"}]), ONE[1]), [row("a", "b")], []),
    ("per_turn", chat(said("user", "a", name=None), ONE[1]), [row("a", "b")], []),
    ("per_turn", chat(said("user", "a", name="Ann"), ONE[1]), [row("a", "b")], ["message_keys"]),
    ("per_turn", chat(*ONE, tools=[TOOL]), [row("a", "b")], ["tool_definitions"]),
    ("per_turn", chat(*ONE, mood="x"), [row("a", "b")], ["example_keys"]),
]
ALWAYS_SKIPPED: list[tuple[JsonObject, str]] = [
    (chat(said("user", "a")), "no_exchange"),
    (chat(said("assistant", "b")), "no_exchange"),
    (chat(SYSTEM), "no_exchange"),
    (chat(said("assistant", "b"), said("user", "a")), "no_exchange"),
    (chat(said("user", "a"), *ONE), "turns_in_a_row"),
    (chat(*ONE, said("assistant", "c")), "turns_in_a_row"),
    (chat(said("user", "a"), CALL, said("tool", "12"), said("assistant", "b")), "tools_used"),
    (chat(said("user", [{"type": "text", "text": "a"}, {"type": "image"}]), ONE[1]), "not_text"),
    (chat(SYSTEM, said("developer", "s"), *ONE), "several_systems"),
    (chat(*ONE, SYSTEM, *TWO), "several_systems"),
]


@pytest.mark.parametrize(("strategy", "content", "rows", "losses"), CASES)
def test_a_conversation_is_cut_as_the_strategy_says(
    strategy: str, content: JsonObject, rows: list[JsonObject], losses: list[str]
) -> None:
    converted = convert_content(content, "chat", "instruction", strategy, {"seed": 1})
    assert list(converted.contents) == rows
    assert [loss.reason for loss in converted.losses] == losses
    assert converted.metadata == {"seed": 1}
    for made in converted.contents:
        assert FORMATS["instruction"].accept(made) == made


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(("content", "reason"), ALWAYS_SKIPPED)
def test_what_cannot_be_cut_is_skipped_with_its_reason(content: JsonObject, reason: str, strategy: str) -> None:
    converted = convert_content(content, "chat", "instruction", strategy)
    assert converted.contents == ()
    assert [loss.is_skip for loss in converted.losses] == [True]
    reasons = {reason, "several_exchanges"} if strategy == "skip_multi_turn" else {reason}
    assert converted.losses[0].reason in reasons
    assert converted.losses[0].message


INSTRUCTIONS = st.fixed_dictionaries(
    {"instruction": TEXT, "input": TEXT | st.just(""), "output": TEXT},
    optional={"system": TEXT, "history": st.lists(st.lists(TEXT, min_size=2, max_size=2), min_size=1, max_size=3)},
)


@given(INSTRUCTIONS)
def test_an_instruction_survives_the_way_to_chat_and_back(content: JsonObject) -> None:
    there = convert_content(content, "instruction", "chat")
    assert there.losses == ()
    assert FORMATS["chat"].faults(there.contents[0]) == []
    back = convert_content(there.contents[0], "chat", "instruction", "last_turn", there.metadata)
    assert (back.contents, back.losses, back.metadata) == ((content,), (), {})


@given(INSTRUCTIONS)
def test_each_answer_of_a_conversation_makes_a_row_and_no_text_is_lost(content: JsonObject) -> None:
    there = convert_content(content, "instruction", "chat")
    messages = FORMATS["chat"].turns(there.contents[0])
    rows = convert_content(there.contents[0], "chat", "instruction", "per_turn", there.metadata).contents
    assert [made["output"] for made in rows] == [message.content for message in messages[1::2]]
    assert rows[-1] == content
    for n, made in enumerate(rows):
        turns = FORMATS["instruction"].turns(made)
        assert [turn.content for turn in turns] == [message.content for message in messages[: 2 * n + 2]]


def test_an_instruction_that_is_all_input_comes_back_as_such() -> None:
    content: JsonObject = {"instruction": "", "input": "a\nb", "output": "c"}
    there = convert_content(content, "instruction", "chat")
    assert there.contents[0] == chat(said("user", "a\nb"), said("assistant", "c"))
    assert convert_content(there.contents[0], "chat", "instruction", metadata=there.metadata).contents == (content,)


@pytest.mark.parametrize("length", [-3, 2, 99, "x", True])
def test_a_boundary_that_no_longer_fits_changes_no_text(length: Json) -> None:
    converted = convert_content(chat(*ONE), "chat", "instruction", metadata={"input_length": length})
    made = converted.contents[0]
    assert f"{made['instruction']}{made['input']}" == "a"


def test_a_pair_gives_its_chosen_side_and_says_what_is_left_out() -> None:
    pair: JsonObject = {"prompt": [SYSTEM, ONE[0]], "chosen": [ONE[1]], "rejected": [TWO[1]], "tools": [TOOL]}
    as_chat = convert_content(pair, "preference", "chat")
    assert as_chat.contents == (chat(SYSTEM, *ONE, tools=[TOOL]),)
    assert [loss.reason for loss in as_chat.losses] == ["rejected"]
    as_row = convert_content(pair, "preference", "instruction")
    assert as_row.contents == (row("a", "b", system="s"),)
    assert [loss.reason for loss in as_row.losses] == ["rejected", "tool_definitions"]


def test_one_answer_never_becomes_a_pair() -> None:
    assert not can_convert("chat", "preference")
    for source in ("chat", "instruction"):
        with pytest.raises(ConfigError, match="second answer"):
            convert_content(FORMATS[source].sample, source, "preference")
    assert all(can_convert(source, target) for source, target in CONVERSIONS)
    assert all(can_convert(name, name) for name in FORMATS)


def test_the_same_format_is_the_same_example() -> None:
    assert convert_content(chat(*ONE), "chat", "chat", metadata={"a": 1}) == Converted((chat(*ONE),), {"a": 1})


def test_a_report_adds_up_and_names_the_first_rows_of_each_reason() -> None:
    report = LossReport()
    contents = [chat(*ONE), chat(*ONE, *TWO), *[chat(said("user", "a"))] * 12, chat(*ONE, tools=[TOOL])]
    for n, content in enumerate(contents, 1):
        report.add(n, convert_content(content, "chat", "instruction", "per_turn"))
    assert (report.rows, report.converted, report.skipped, report.written) == (15, 3, 12, 4)
    assert [(counted.reason, counted.count, counted.examples) for counted in report.losses] == [
        ("no_exchange", 12, list(range(3, 13))),
        ("tool_definitions", 1, [15]),
    ]
    assert report.to_json()["losses"] == [
        {
            "reason": "no_exchange",
            "message": "There is no question with an answer.",
            "is_skip": True,
            "count": 12,
            "examples": list(range(3, 13)),
        },
        {
            "reason": "tool_definitions",
            "message": "The definitions of tools are left out.",
            "is_skip": False,
            "count": 1,
            "examples": [15],
        },
    ]


def test_strategies_are_found_with_dashes_too_and_the_nearest_is_named() -> None:
    assert get_strategy("Per-Turn").name == "per_turn"
    with pytest.raises(NotFoundError, match="last_turn"):
        get_strategy("last_tern")


# -- one example


def test_one_example_is_converted_without_a_loss() -> None:
    content: JsonObject = {"instruction": "Add.", "input": "1\n2", "output": "3"}
    there = convert_format(content, "chat")
    assert there["messages"] == [said("user", "Add.\n1\n2"), said("assistant", "3")]
    assert convert_format(there, "instruction") == content
    assert convert_format({**content, "metadata": {"seed": 1}}, "instruction") == {**content, "metadata": {"seed": 1}}


@pytest.mark.parametrize(
    ("example", "said_so"),
    [
        (chat(*ONE, *TWO), "goes on after the first answer"),
        (chat(*ONE, tools=[TOOL]), "definitions of tools"),
        ({"prompt": [ONE[0]], "chosen": [ONE[1]], "rejected": [TWO[1]]}, "rejected answer"),
        (chat(), "empty list"),
        ({"question": "a"}, "no known format"),
    ],
)
def test_one_example_that_would_lose_something_is_refused_with_what_it_is(example: JsonObject, said_so: str) -> None:
    with pytest.raises(InvalidExampleError, match=said_so):
        convert_format(example, "instruction")
