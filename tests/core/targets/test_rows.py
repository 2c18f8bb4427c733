"""The rows of every target: their shape, what they refuse, what they leave out, and that they can be read again."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam
from pydantic import TypeAdapter

from synthgen_core.errors import NotFoundError
from synthgen_core.models import JsonObject
from synthgen_core.shapes import read_row
from synthgen_core.targets import TARGETS, get_target
from tests.core.targets.support import (
    ANY,
    CALL,
    INSTRUCTION,
    LONG_CHAT,
    PAIR,
    TOOL_CHAT,
    TOOLS,
    draft,
    reasons,
    said,
)

TAKEN = [(name, format) for name, target in TARGETS.items() for format in target.formats]
OPENAI_MESSAGE: TypeAdapter[Any] = TypeAdapter(ChatCompletionMessageParam)
OPENAI_TOOL: TypeAdapter[Any] = TypeAdapter(ChatCompletionToolParam)


def message(role: str, content: object, **more: object) -> JsonObject:
    return {"role": role, "content": content, **more}  # type: ignore[dict-item]


@pytest.mark.parametrize(("name", "format"), TAKEN)
@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_what_is_written_is_read_as_what_it_was_and_written_again_alike(
    name: str, format: str, data: st.DataObject
) -> None:
    content = data.draw(ANY[format])
    row = draft(name, format, content, {"parameters": {"tone": "calm"}})
    assert not row.issues
    read = read_row(row.row)
    assert read.format == format
    assert read.content == content
    assert TARGETS[name].to_row(format, read.content, read.metadata) == row.row


@pytest.mark.parametrize(("name", "format"), TAKEN)
def test_every_target_has_words_for_what_it_is_for_and_a_place_for_its_formats(name: str, format: str) -> None:
    target = TARGETS[name]
    assert target.summary.endswith(".")
    assert target.label
    assert format in target.shapes


def test_an_unknown_target_is_told_with_the_nearest() -> None:
    with pytest.raises(NotFoundError) as caught:
        get_target("hugging-fase")
    assert "hugging_face" in caught.value.hint
    assert get_target(" Hugging-Face ") is TARGETS["hugging_face"]


# -- OpenAI


def test_openai_chat_is_what_the_openai_package_says_a_message_is() -> None:
    row = draft("openai_chat", "chat", TOOL_CHAT).row
    assert set(row) == {"messages", "tools"}
    for each in row["messages"]:  # type: ignore[union-attr]
        assert isinstance(each, dict)
        plain = {key: value for key, value in each.items() if key != "weight"}  # of fine-tuning only
        valid = OPENAI_MESSAGE.validate_python(plain)
        if "tool_calls" in valid:
            valid["tool_calls"] = list(valid["tool_calls"])  # validated as they are taken
        assert valid == plain
    for tool in row["tools"]:  # type: ignore[union-attr]
        assert OPENAI_TOOL.validate_python(tool) == tool


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([message("user", "a")], "no_assistant"),
        ([message("user", "a"), message("assistant", "b"), message("user", "c")], "last_not_assistant"),
        ([message("user", "a"), message("assistant", "b", weight=2)], "bad_weight"),
        ([message("user", "a", weight=1), message("assistant", "b")], "bad_weight"),
        ([message("user", [{"type": "input_audio", "x": 1}]), message("assistant", "b")], "bad_part"),
        ([message("user", "a"), message("tool", "29", tool_call_id="c9"), message("assistant", "b")], "orphan_tool"),
        (
            [message("assistant", None, tool_calls=[CALL]), message("tool", "x"), message("assistant", "b")],
            "no_call_id",
        ),
        ([message("user", "a"), message("assistant", None, tool_calls=[{"id": "c"}])], "bad_tool_call"),
    ],
)
def test_openai_refuses_what_its_fine_tuning_does(messages: list[JsonObject], reason: str) -> None:
    assert reason in reasons("openai_chat", "chat", {"messages": [*messages]})


def test_keys_that_openai_does_not_know_are_left_out_and_told() -> None:
    content: JsonObject = {
        "messages": [message("user", "a", name=None, mood="odd"), message("assistant", "b", reasoning="hm")],
        "note": "x",
    }
    found = draft("openai_chat", "chat", content, {"source": {"shape": "openai_chat", "extra": {"id": 7}}})
    assert found.row == said("a", "b")
    assert {told.reason for told in found.omissions} == {"key mood", "key reasoning", "key note", "key id"}
    assert not found.issues


def test_arguments_of_a_call_become_text_for_openai() -> None:
    call = {**CALL, "function": {"name": "weather", "arguments": {"city": "Rome"}}}
    content: JsonObject = {"messages": [message("user", "a"), message("assistant", None, tool_calls=[call])]}
    row: Any = draft("openai_chat", "chat", content).row
    assert row["messages"][1]["tool_calls"][0]["function"]["arguments"] == '{"city":"Rome"}'


def test_an_openai_pair_has_an_input_and_one_answer_on_each_side() -> None:
    assert draft("openai_preference", "preference", PAIR | {"tools": TOOLS}).row == {
        "input": {"messages": PAIR["prompt"], "tools": TOOLS},
        "preferred_output": PAIR["chosen"],
        "non_preferred_output": PAIR["rejected"],
    }


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"prompt": [message("user", "a"), message("assistant", "b")]}, "prompt_not_by_user"),
        ({"chosen": [message("assistant", "a"), message("assistant", "b")]}, "not_one_answer"),
        ({"rejected": [message("user", "a")]}, "not_one_answer"),
        ({"chosen": PAIR["rejected"]}, "no_difference"),
    ],
)
def test_openai_refuses_a_pair_that_is_none(changes: JsonObject, reason: str) -> None:
    assert reason in reasons("openai_preference", "preference", PAIR | changes)


# -- Alpaca, ShareGPT, TRL, LLaMA-Factory, the plain form


def test_alpaca_has_strings_and_never_null() -> None:
    found = draft("alpaca", "instruction", {**INSTRUCTION, "input": ""}).row
    assert found == {"instruction": "Sum up.", "input": "", "output": "Short."}
    assert reasons("alpaca", "instruction", {"instruction": None, "input": "a", "output": "b"}) == ["not_text"]


def test_sharegpt_has_its_own_names_and_calls_of_tools_as_it_has_them() -> None:
    found = draft("sharegpt", "chat", TOOL_CHAT)
    turns: Any = found.row["conversations"]
    assert [turn["from"] for turn in turns] == ["human", "function_call", "observation", "gpt"]
    assert turns[1]["value"] == '{"name": "weather", "arguments": {"city": "Rome"}}'
    assert found.row["system"] == "Be brief."
    assert [told.reason for told in found.omissions] == ["call_ids"]


def test_sharegpt_that_was_imported_leaves_as_it_came() -> None:
    row: JsonObject = {
        "id": "x1",
        "conversations": [{"from": "user", "value": "a"}, {"from": "chatgpt", "value": "b", "markdown": None}],
        "lang": "en",
    }
    read = read_row(row)
    found = draft("sharegpt", read.format, read.content, read.metadata)
    assert found.row == row
    assert not found.issues
    assert not found.omissions


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"messages": [message("assistant", "a"), message("user", "b")]}, "wrong_place"),
        ({"messages": [message("user", "a"), message("user", "b"), message("assistant", "c")]}, "wrong_place"),
        (said("a", "b", "c"), "wrong_place"),
        ({"messages": [message("user", "a"), message("assistant", "b", tool_calls=[CALL])]}, "mixed_turn"),
        ({"messages": [message("user", [{"type": "image_url", "x": 1}]), message("assistant", "b")]}, "not_text"),
    ],
)
@pytest.mark.parametrize("target", ["sharegpt", "llama_factory"])
def test_sharegpt_refuses_turns_at_the_wrong_place(target: str, content: JsonObject, reason: str) -> None:
    assert reason in reasons(target, "chat", content)


def test_trl_pairs_are_lists_of_messages_that_differ_and_end_with_the_assistant() -> None:
    assert draft("trl_preference", "preference", PAIR).row == PAIR
    assert reasons("trl_preference", "preference", PAIR | {"chosen": PAIR["rejected"]}) == ["no_difference"]
    ends = [message("assistant", "a"), message("user", "b")]
    assert reasons("trl_preference", "preference", PAIR | {"chosen": ends}) == ["last_not_assistant"]


def test_llama_factory_has_pairs_as_a_conversation_and_two_answers() -> None:
    assert draft("llama_factory", "preference", PAIR).row == {
        "conversations": [{"from": "human", "value": "Why?"}],
        "chosen": {"from": "gpt", "value": "Because of the rain."},
        "rejected": {"from": "gpt", "value": "Because."},
    }


def test_the_plain_form_is_exactly_two_strings_a_message() -> None:
    content: JsonObject = {
        "messages": [
            message("user", [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], name="Ann"),
            message("assistant", "c", weight=0),
        ],
        "tools": TOOLS,
    }
    found = draft("unsloth", "chat", content)
    assert found.row == said("a\nb", "c")
    assert {told.reason for told in found.omissions} == {"key name", "key weight", "key tools", "parts"}
    assert set(reasons("unsloth", "chat", TOOL_CHAT)) == {"not_plain", "unknown_role"}


# -- tables


@pytest.mark.parametrize("target", ["hugging_face", "parquet"])
def test_a_table_has_only_the_columns_and_keys_that_occur(target: str) -> None:
    columns = TARGETS[target].columns
    plain = columns("chat", frozenset({"messages", "messages.role", "messages.content"}))
    assert plain["messages"] == "messages:role,content"
    assert "tools" not in plain
    rich = columns("chat", frozenset({"messages", "messages.tool_calls", "tools"}))
    assert (rich["messages"], rich["tools"]) == ("messages:role,content,tool_calls", "json")
    assert ("metadata" in plain) == (target == "parquet")


def test_a_table_refuses_parts_that_are_no_text_and_keeps_plain_calls() -> None:
    image = {"messages": [message("user", [{"type": "image_url", "x": 1}]), message("assistant", "b")]}
    assert reasons("parquet", "chat", image) == ["bad_part"]  # type: ignore[arg-type]
    call = {**CALL, "index": 0}
    content: JsonObject = {"messages": [message("user", "a"), message("assistant", None, tool_calls=[call])]}
    found = draft("parquet", "chat", content)
    messages: Any = found.row["messages"]
    assert messages[1]["tool_calls"] == [CALL]
    assert [told.reason for told in found.omissions] == ["key index"]


@pytest.mark.parametrize("target", ["hugging_face", "parquet"])
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"reasoning": 1}, "not_text"),
        ({"name": ["Ann"]}, "not_text"),
        ({"tool_calls": [CALL | {"id": 7}]}, "not_text"),
        ({"tool_calls": [CALL | {"function": {"name": 7}}]}, "not_text"),
        ({"tool_calls": [CALL | {"function": "weather"}]}, "bad_tool_call"),
    ],
)
def test_a_table_refuses_what_is_no_text_in_a_column_of_texts(target: str, changes: JsonObject, reason: str) -> None:
    content: JsonObject = {"messages": [message("user", "a"), message("assistant", "b") | changes]}
    assert reasons(target, "chat", content) == [reason]


def test_null_in_a_message_is_absent_in_csv_as_in_all_tables() -> None:
    content: JsonObject = {"messages": [message("user", "a", name=None), message("assistant", None, tool_calls=[CALL])]}
    found = draft("csv", "chat", content)
    assert found.row["messages"] == [message("user", "a"), message("assistant", None, tool_calls=[CALL])]
    assert not found.omissions


def test_this_app_s_own_rows_leave_nothing_out() -> None:
    content: JsonObject = LONG_CHAT | {"anything": {"else": [1]}}
    found = draft("jsonl", "chat", content, {"n": 1})
    assert found.row == {**content, "metadata": {"n": 1}}
    assert not found.omissions
