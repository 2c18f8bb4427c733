"""The formats accept what they should, name what is wrong, and lose nothing on the way to and from messages."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen_core.errors import InvalidExampleError, NotFoundError
from synthgen_core.formats import (
    FORMATS,
    GENERATED,
    MAX_BYTES,
    Format,
    detect_format_type,
    get_format,
    validate_example_structure,
)
from synthgen_core.languages import LANGUAGES, language
from synthgen_core.models import Json, JsonObject, Message, Role

CHAT, INSTRUCTION = FORMATS["chat"], FORMATS["instruction"]
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(str.strip)


def chat(*turns: tuple[Json, Json]) -> JsonObject:
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


PAIR = (("user", "Hi."), ("assistant", "Hello."))
GOOD_CHATS = [chat(*PAIR), chat(*PAIR, *PAIR), chat(("system", "Be kind."), *PAIR)]
GOOD_INSTRUCTIONS: list[JsonObject] = [
    {"instruction": "Add.", "input": "1 2", "output": "3"},
    {"instruction": "Add.", "input": "", "output": "3"},
]

BAD: list[tuple[str, JsonObject, str, str]] = [
    ("chat", {}, "missing_field", "messages"),
    ("chat", {"messages": []}, "missing_field", "empty list"),
    ("chat", {"messages": "hi"}, "missing_field", "hi"),
    ("chat", {"messages": ["hi"]}, "not_object", "Message 1"),
    ("chat", chat(("human", "Hi."), PAIR[1]), "unknown_role", "human"),
    ("chat", chat((None, "Hi."), PAIR[1]), "unknown_role", "Message 1"),
    ("chat", chat((["user"], "Hi."), PAIR[1]), "unknown_role", "a list"),
    ("chat", chat(PAIR[0], ("tool", "x"), PAIR[1]), "unknown_role", "tool"),
    ("chat", chat(PAIR[0]), "wrong_order", "user"),
    ("chat", chat(PAIR[1]), "wrong_order", "assistant"),
    ("chat", chat(PAIR[0], PAIR[0], PAIR[1]), "wrong_order", "Message 2"),
    ("chat", chat(*PAIR, PAIR[1]), "wrong_order", "Message 3"),
    ("chat", chat(*PAIR, ("system", "x")), "wrong_order", "Message 3"),
    ("chat", chat(("system", "x")), "wrong_order", "system"),
    ("chat", chat(("user", " \n"), PAIR[1]), "empty_text", "message 1"),
    ("chat", chat(("user", None), PAIR[1]), "missing_field", "message 1"),
    ("chat", chat(("user", 7), PAIR[1]), "not_text", "7"),
    ("chat", chat(("user", {"deep": []}), PAIR[1]), "not_text", "an object"),
    ("chat", chat(("user", "a\0b"), PAIR[1]), "nul", "message 1"),
    ("chat", chat(("user", "a\ud800b"), PAIR[1]), "surrogate", "message 1"),
    ("chat", chat(PAIR[0], ("assistant", "ж" * (MAX_BYTES // 2))), "too_large", "bytes"),
    ("instruction", {}, "missing_field", "instruction"),
    ("instruction", {"instruction": "x"}, "missing_field", "output"),
    ("instruction", {"instruction": "", "output": "y"}, "empty_text", "instruction"),
    ("instruction", {"instruction": "x", "output": ["y"]}, "not_text", "output"),
    ("instruction", {"instruction": "x", "input": 3, "output": "y"}, "not_text", "input"),
    ("instruction", {"instruction": "x", "input": "\0", "output": "y"}, "nul", "input"),
]


@pytest.mark.parametrize("content", GOOD_CHATS)
def test_a_good_chat_is_kept_as_it_is(content: JsonObject) -> None:
    assert CHAT.validate(content) == content


@pytest.mark.parametrize("content", GOOD_INSTRUCTIONS)
def test_a_good_instruction_is_kept_as_it_is(content: JsonObject) -> None:
    assert INSTRUCTION.validate(content) == content


@pytest.mark.parametrize(("name", "content", "reason", "named"), BAD)
def test_what_is_wrong_is_named_with_its_class_and_a_remedy(
    name: str, content: JsonObject, reason: str, named: str
) -> None:
    with pytest.raises(InvalidExampleError) as caught:
        FORMATS[name].validate(content)
    assert caught.value.reason == reason
    assert named in caught.value.message
    assert caught.value.hint
    str(caught.value).encode()
    assert validate_example_structure(content, name)


def test_every_fault_is_listed_not_only_the_first() -> None:
    assert len(validate_example_structure({"instruction": "", "input": 1, "output": None}, "instruction")) == 3


@pytest.mark.parametrize("value", [None, [], "text", 3])
def test_what_is_no_object_is_refused_and_of_no_format(value: Json) -> None:
    assert validate_example_structure(value, "chat")
    with pytest.raises(InvalidExampleError):
        detect_format_type(value)


def test_a_value_nested_absurdly_is_refused_without_a_crash() -> None:
    deep: Json = []
    for _ in range(5000):
        deep = [deep]
    assert validate_example_structure({"messages": deep}, "chat")
    assert validate_example_structure({"instruction": deep, "output": "x"}, "instruction")


def test_keys_that_are_not_of_the_format_are_dropped_from_a_generated_example() -> None:
    content: JsonObject = {
        "messages": [{"role": "user", "content": "Hi.", "mood": 1}, {"role": "assistant", "content": "Hello."}],
        "tags": ["x"],
    }
    assert CHAT.validate(content) == chat(*PAIR)
    assert INSTRUCTION.validate({"instruction": "a", "output": "b", "tags": 1}) == {
        "instruction": "a",
        "input": "",
        "output": "b",
    }


def test_a_missing_or_null_input_is_empty() -> None:
    assert INSTRUCTION.validate({"instruction": "a", "input": None, "output": "b"})["input"] == ""


def test_the_format_is_found_by_its_keys() -> None:
    assert detect_format_type(GOOD_CHATS[0]) == "chat"
    assert detect_format_type({"instruction": "a", "output": "b"}) == "instruction"
    with pytest.raises(InvalidExampleError) as caught:
        detect_format_type({"prompt": "a", "answer": "b"})
    assert caught.value.reason == "unknown_format"
    assert "prompt" in caught.value.message


def test_an_unknown_format_is_not_found_and_the_nearest_is_named() -> None:
    assert get_format("Chat") is CHAT
    with pytest.raises(NotFoundError, match="chat"):
        get_format("chats")
    with pytest.raises(NotFoundError):
        validate_example_structure({}, "nothing")


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=4), st.none() | TEXT)
def test_chat_survives_messages_and_back(pairs: list[tuple[str, str]], system: str | None) -> None:
    turns: list[tuple[Json, Json]] = [("system", system)] if system else []
    for asked, answered in pairs:
        turns += [("user", asked), ("assistant", answered)]
    content = CHAT.validate(chat(*turns))
    assert CHAT.from_messages(CHAT.to_messages(content)) == content
    assert CHAT.first_user_text(content) == pairs[0][0]
    assert CHAT.last_answer_text(content) == pairs[-1][1]
    assert CHAT.count_exchanges(content) == len(pairs)
    assert len(CHAT.turns(content)) == 2 * len(pairs)


@given(TEXT, TEXT)
def test_an_instruction_without_input_survives_messages_and_back(asked: str, answered: str) -> None:
    content = INSTRUCTION.validate({"instruction": asked, "input": "", "output": answered})
    assert INSTRUCTION.from_messages(INSTRUCTION.to_messages(content)) == content


def test_the_input_follows_the_instruction_in_the_users_message() -> None:
    assert INSTRUCTION.to_messages(GOOD_INSTRUCTIONS[0])[0] == Message(Role.USER, "Add.\n1 2")


@pytest.mark.parametrize("content", GOOD_CHATS[1:])
def test_a_conversation_is_never_squeezed_into_an_instruction(content: JsonObject) -> None:
    with pytest.raises(InvalidExampleError) as caught:
        INSTRUCTION.from_messages(CHAT.to_messages(content))
    assert caught.value.reason == "not_one_exchange"


def test_another_number_of_exchanges_than_asked_for_is_refused() -> None:
    CHAT.check_exchanges(GOOD_CHATS[1], 2)
    INSTRUCTION.check_exchanges(GOOD_INSTRUCTIONS[0], 5)
    with pytest.raises(InvalidExampleError) as caught:
        CHAT.check_exchanges(GOOD_CHATS[1], 3)
    assert caught.value.reason == "exchanges"


def objects_of(schema: Json) -> Iterator[JsonObject]:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for part in schema.values():
            yield from objects_of(part)


@pytest.mark.parametrize("format", GENERATED.values(), ids=list(GENERATED))
def test_the_schema_is_strict_at_every_level_and_has_the_samples_keys(format: Format) -> None:
    for schema in objects_of(format.schema):
        assert schema["additionalProperties"] is False
        assert isinstance(schema["properties"], dict)
        assert schema["required"] == list(schema["properties"])
    assert format.schema["required"] == list(format.sample)
    assert format.validate(format.sample) == format.sample
    assert detect_format_type(format.sample) == format.name


def test_a_language_is_found_by_code_and_by_either_name_in_any_case() -> None:
    for known in LANGUAGES.values():
        for name in (known.code, known.name, known.native_name):
            assert language(name.upper()) is known
    assert language(" GERMAN ") is LANGUAGES["de"]
    assert [known.code for known in LANGUAGES.values() if known.is_rtl] == ["ar"]


def test_an_unknown_language_is_not_found_and_the_nearest_is_named() -> None:
    with pytest.raises(NotFoundError, match="German"):
        language("Germann")
