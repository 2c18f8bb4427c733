"""What people import or edit is held to the structure only: what can be stored is kept, what is doubtful is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen_core.domains import load_catalogue
from synthgen_core.errors import InvalidExampleError, NotFoundError
from synthgen_core.formats import FORMATS, GENERATED, detect_format_type, get_format, text_of
from synthgen_core.methods import make_plan
from synthgen_core.models import Json, JsonObject, Method, Role

CHAT, INSTRUCTION, PREFERENCE = FORMATS["chat"], FORMATS["instruction"], FORMATS["preference"]


def said(role: str, content: Json, **more: Json) -> JsonObject:
    return {"role": role, "content": content, **more}


ASK, REPLY, SYSTEM = said("user", "a"), said("assistant", "b"), said("system", "s")
CALL: JsonObject = {"id": "c1", "type": "function", "function": {"name": "now", "arguments": "{}"}}
CALLING, ANSWER = said("assistant", None, tool_calls=[CALL]), said("tool", "12", tool_call_id="c1")
PARTS: list[Json] = [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "x"}}]
PAIR: JsonObject = {"prompt": [ASK], "chosen": [REPLY], "rejected": [said("assistant", "c")]}


def chat(*messages: Json, **more: Json) -> JsonObject:
    return {"messages": [*messages], **more}


KEPT: list[tuple[str, JsonObject]] = [
    ("chat", chat(SYSTEM, ASK, CALLING, ANSWER, said("assistant", "b", weight=0), tools=[{"type": "function"}])),
    ("chat", chat(said("developer", "s"), said("user", PARTS), said("assistant", "b", reasoning="r", mood=[1]))),
    ("chat", chat(ASK, {"role": "assistant", "tool_calls": [CALL]}, ANSWER, REPLY)),
    ("chat", chat(ASK, said("assistant", "", function_call={"name": "now"}), said("tool", "12"), REPLY)),
    ("chat", chat(said("user", "a", name=None, tool_calls=None), said("assistant", "b", weight=0.5), further={"x": 1})),
    ("instruction", {"instruction": "a", "input": "b", "output": "c", "system": "s", "history": [["x", "y"]], "z": 0}),
    ("preference", {**PAIR, "tools": [{"type": "function"}], "score": 0.5}),
]
DOUBTFUL: list[tuple[str, JsonObject, list[str]]] = [
    ("chat", chat(ASK), ["last_not_assistant"]),
    ("chat", chat(REPLY), ["no_user"]),
    ("chat", chat(SYSTEM), ["last_not_assistant", "no_user"]),
    ("chat", chat(ASK, REPLY, REPLY), ["assistant_twice"]),
    ("chat", chat(ASK, SYSTEM, REPLY), ["late_system"]),
    ("chat", chat(SYSTEM, said("developer", "s"), ASK, REPLY), []),
    ("chat", chat(ASK, ASK, REPLY), []),
    ("chat", chat(ASK, ANSWER, REPLY), ["orphan_tool"]),
    ("chat", chat(ASK, CALLING, said("tool", "12", tool_call_id="c2"), REPLY), ["orphan_tool"]),
    ("chat", chat(ASK, CALLING, said("tool", "12"), ANSWER, REPLY), []),
    ("chat", chat(ASK, said("assistant", None, tool_calls=[CALL | {"id": [1]}]), ANSWER, REPLY), ["orphan_tool"]),
    ("chat", chat(said("user", " \n"), REPLY), ["blank_text"]),
    ("instruction", {"instruction": "", "input": "a", "output": "b"}, ["no_instruction"]),
    ("instruction", {"instruction": "a", "input": "", "output": " "}, ["blank_text"]),
    ("preference", {**PAIR, "prompt": [ASK, REPLY]}, ["prompt_answered"]),
    ("preference", {**PAIR, "rejected": [REPLY]}, ["no_difference"]),
    ("preference", {**PAIR, "chosen": [ASK]}, ["last_not_assistant"]),
    ("preference", {**PAIR, "prompt": [SYSTEM]}, ["no_user"]),
]
FAULTY: list[tuple[str, Json, str, str]] = [
    ("chat", None, "not_object", "None"),
    ("chat", chat(), "missing_field", "messages"),
    ("chat", chat("a"), "not_object", "Message 1"),
    ("chat", chat(said("human", "a")), "unknown_role", "human"),
    ("chat", chat(said("user", ""), REPLY), "empty_text", "message 1"),
    ("chat", chat(said("user", None), REPLY), "empty_text", "message 1"),
    ("chat", chat(said("user", []), REPLY), "empty_text", "message 1"),
    ("chat", chat(said("user", "", tool_calls=[CALL])), "empty_text", "message 1"),
    ("chat", chat(ASK, said("assistant", None, tool_calls=[])), "empty_text", "message 2"),
    ("chat", chat(said("user", 7)), "not_text", "7"),
    ("chat", chat(said("user", ["a"])), "bad_part", "Part 1 of message 1"),
    ("chat", chat(said("user", [{"text": "a"}])), "bad_part", "no type"),
    ("chat", chat(said("user", [{"type": "text", "text": 1}])), "bad_part", "part 1 of message 1"),
    ("chat", chat(ASK, said("assistant", "b", tool_calls="now()")), "bad_tool_call", "now()"),
    ("chat", chat(ASK, said("assistant", "b", tool_calls=["now()"])), "bad_tool_call", "tool_calls"),
    ("chat", chat(said("user", "a", name=3)), "not_text", "name"),
    ("chat", chat(said("user", "a", weight=True)), "not_number", "weight"),
    ("chat", chat(ASK, REPLY, tools="now"), "bad_tools", "tools"),
    ("chat", chat(said("user", "a\0b")), "nul", "message 1"),
    ("chat", chat(said("user", "a\ud800b")), "surrogate", "message 1"),
    ("chat", chat(said("user", "a", more="a\0b")), "nul", "text"),
    ("chat", chat(said("user", "a", more={"\ud800": 1})), "surrogate", "text"),
    ("chat", chat(ASK, x=float("inf")), "bad_number", "inf"),
    ("chat", chat(ASK, x=2**64), "bad_number", "18446744073709551616"),
    ("instruction", {"instruction": "a"}, "missing_field", "output"),
    ("instruction", {"instruction": "a", "output": ""}, "empty_text", "output"),
    ("instruction", {"instruction": "", "output": "b"}, "empty_text", "instruction"),
    ("instruction", {"instruction": "a", "output": "b", "system": ["s"]}, "not_text", "system"),
    ("instruction", {"instruction": "a", "output": "b", "history": "x"}, "bad_history", "x"),
    ("instruction", {"instruction": "a", "output": "b", "history": [["x", ""]]}, "bad_history", "Pair 1"),
    ("preference", {"prompt": [ASK], "chosen": [REPLY]}, "missing_field", "rejected"),
    ("preference", {**PAIR, "chosen": "b"}, "missing_field", "chosen"),
    ("preference", {**PAIR, "chosen": [said("assistant", "")]}, "empty_text", "message 1 of “chosen”"),
]


@pytest.mark.parametrize(("name", "content"), KEPT)
def test_all_that_can_be_stored_is_kept_with_every_key(name: str, content: JsonObject) -> None:
    format = FORMATS[name]
    assert format.faults(content) == []
    assert format.warnings(content) == []
    assert format.accept(content) == content


@pytest.mark.parametrize(("name", "content", "reasons"), DOUBTFUL)
def test_what_is_legal_but_doubtful_is_kept_and_told(name: str, content: JsonObject, reasons: list[str]) -> None:
    format = FORMATS[name]
    assert format.accept(content) == content
    found = format.warnings(content)
    assert [issue.reason for issue in found] == reasons
    assert all(issue.is_warning and issue.message and issue.remedy for issue in found)


@pytest.mark.parametrize(("name", "content", "reason", "named"), FAULTY)
def test_what_cannot_be_stored_is_refused_with_its_place_and_a_remedy(
    name: str, content: Json, reason: str, named: str
) -> None:
    with pytest.raises(InvalidExampleError) as caught:
        FORMATS[name].accept(content)
    assert caught.value.reason == reason
    assert named in caught.value.message
    assert caught.value.hint
    assert not any(issue.is_warning for issue in FORMATS[name].faults(content))


def test_what_says_nothing_is_stored_in_one_way() -> None:
    bare: JsonObject = {"instruction": "a", "output": "b"}
    for empty in ({}, {"input": None, "system": "", "history": []}, {"input": "", "system": None, "history": None}):
        assert INSTRUCTION.accept({**bare, **empty}) == {"instruction": "a", "input": "", "output": "b"}
    assert CHAT.accept(chat(ASK, REPLY, tools=None)) == chat(ASK, REPLY)
    assert PREFERENCE.accept({**PAIR, "tools": []}) == PAIR


def nested(levels: int) -> Json:
    value: Json = "x"
    for _ in range(levels):
        value = [value]
    return value


def test_absurd_nesting_is_refused_and_plain_nesting_is_not() -> None:
    assert CHAT.faults(chat(ASK, REPLY, more=nested(90))) == []
    for levels in (110, 300, 100_000):
        assert [issue.reason for issue in CHAT.faults(chat(ASK, REPLY, more=nested(levels)))] == ["too_deep"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=3), part, max_size=3),
    max_leaves=10,
)
MESSAGE = st.dictionaries(st.sampled_from(["role", "content", "tool_calls", "name"]), JSON | st.sampled_from([*Role]))


@given(
    st.sampled_from([*FORMATS]),
    st.dictionaries(
        st.sampled_from(["messages", "tools", "instruction", "output", "history", "prompt", "chosen", "rejected"]),
        JSON | st.lists(MESSAGE, max_size=3),
    ),
)
def test_no_content_crashes_a_format_and_what_is_accepted_stays_so(name: str, content: JsonObject) -> None:
    format = FORMATS[name]
    format.issues(content)
    if format.faults(content):
        return
    stored = format.accept(content)
    assert format.accept(stored) == stored
    format.warnings(stored)
    format.to_messages(stored)


# -- what is asked of accepted content


def test_turns_are_told_of_tools_parts_system_and_history_alike() -> None:
    content = KEPT[0][1]
    assert [message.role for message in CHAT.to_messages(content)] == [
        Role.SYSTEM,
        Role.USER,
        Role.ASSISTANT,
        Role.TOOL,
        Role.ASSISTANT,
    ]
    assert CHAT.last_answer_text(content) == "b"
    assert text_of(said("user", [*PARTS, {"type": "text", "text": "b"}])) == "a\nb"
    turns = INSTRUCTION.to_messages(KEPT[5][1])
    assert [message.content for message in turns] == ["s", "x", "y", "a\nb", "c"]
    assert INSTRUCTION.to_messages({"instruction": "", "input": "a", "output": "b"})[0].content == "a"
    assert PREFERENCE.last_answer_text(PAIR) == "b"


def test_a_pair_is_a_format_that_nobody_can_ask_a_model_for() -> None:
    assert detect_format_type(PAIR) == "preference"
    assert PREFERENCE.validate(PAIR) == PAIR
    assert PREFERENCE.issues({**PAIR, "rejected": [REPLY]})
    assert set(FORMATS) - set(GENERATED) == {"preference"}
    with pytest.raises(NotFoundError, match="Known: chat, instruction"):
        get_format("preference", GENERATED)
    with pytest.raises(InvalidExampleError, match="two answers"):
        PREFERENCE.from_messages(PREFERENCE.to_messages(PAIR))


def test_a_run_that_is_asked_for_pairs_does_not_start() -> None:
    with pytest.raises(NotFoundError, match="format “preference”"):
        make_plan(
            load_catalogue(),
            domain="support",
            subdomain="technical_support",
            format_type="preference",
            language_code="en",
            method=Method.STRUCTURED,
            seed=1,
        )
