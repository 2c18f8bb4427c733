"""The texts of an example that can be edited: all are found, named as the rules name them, and put back in place."""

import pytest

from synthgen_core.errors import InvalidExampleError
from synthgen_core.formats import get_format
from synthgen_core.models import JsonObject
from synthgen_core.passages import passages, with_texts

CHAT: JsonObject = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [{"type": "text", "text": "Look:"}, {"type": "image_url", "image_url": {"url": "x"}}],
        },
        {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "look", "arguments": "{}"}}]},
        {"role": "tool", "content": "a cat", "tool_call_id": "1"},
        {"role": "assistant", "content": "A cat.", "weight": 1},
    ],
    "tools": [{"type": "function"}],
}
INSTRUCTION: JsonObject = {
    "instruction": "Sort.",
    "input": "b a",
    "output": "a b",
    "system": "Use lists.",
    "history": [["Hello?", "Hello."], ["Wait.", "I wait."]],
}
PAIR: JsonObject = {
    "prompt": [{"role": "user", "content": "Why?"}],
    "chosen": [{"role": "assistant", "content": "So."}],
    "rejected": [{"role": "assistant", "content": "No."}],
}


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        (CHAT, ["Be brief.", "Look:", "a cat", "A cat."]),
        (INSTRUCTION, ["Use lists.", "Hello?", "Hello.", "Wait.", "I wait.", "Sort.", "b a", "a b"]),
        (PAIR, ["Why?", "So.", "No."]),
    ],
)
def test_every_text_is_found_in_the_order_in_which_it_is_read(content: JsonObject, texts: list[str]) -> None:
    assert [passage.text for passage in passages(content)] == texts


@pytest.mark.parametrize("content", [CHAT, INSTRUCTION, PAIR])
def test_an_edit_changes_its_text_and_nothing_else(content: JsonObject) -> None:
    before = repr(content)
    for n, passage in enumerate(passages(content)):
        edited = with_texts(content, {passage.path: "another"})
        expected = [each.text for each in passages(content)]
        expected[n] = "another"
        assert [each.text for each in passages(edited)] == expected
        assert with_texts(edited, {passage.path: passage.text}) == content
    assert repr(content) == before, "the original is left alone"


@pytest.mark.parametrize(
    ("format", "content", "label"),
    [
        (
            "chat",
            {"messages": [{"role": ("user", "assistant")[n % 2], "content": "x"} for n in range(24)]},
            "Message 2 ",
        ),
        ("instruction", INSTRUCTION, "Output"),
        ("preference", PAIR, "Rejected, message 1"),
    ],
)
def test_a_fault_is_told_beside_the_text_that_is_meant(format: str, content: JsonObject, label: str) -> None:
    (meant,) = [passage for passage in passages(content) if passage.label.startswith(label)]
    with pytest.raises(InvalidExampleError) as refused:
        get_format(format).accept(with_texts(content, {meant.path: ""}))
    assert [passage.path for passage in passages(content) if passage.is_meant_by(refused.value.message)] == [meant.path]
