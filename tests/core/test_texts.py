"""The short texts of an example that a list shows can be replaced, where each is one plain text."""

import pytest

from synthgen_core.errors import InvalidExampleError
from synthgen_core.formats import get_format
from synthgen_core.models import JsonObject
from synthgen_core.texts import Part, plain_text, replace_part

CHAT: JsonObject = {
    "messages": [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "q1"},
        {"role": "assistant", "content": "a1"},
        {"role": "user", "content": "q2"},
        {"role": "assistant", "content": "a2", "weight": 1},
    ]
}
INSTRUCTION: JsonObject = {"instruction": "do", "input": "", "output": "done"}
PAIR: JsonObject = {
    "prompt": [{"role": "user", "content": "q"}],
    "chosen": [{"role": "assistant", "content": "good"}],
    "rejected": [{"role": "assistant", "content": "bad"}],
}


@pytest.mark.parametrize(
    ("format", "content", "question", "answer"),
    [("chat", CHAT, "q1", "a2"), ("instruction", INSTRUCTION, "do", "done"), ("preference", PAIR, "q", "good")],
)
def test_a_text_is_replaced_where_the_list_shows_it(
    format: str, content: JsonObject, question: str, answer: str
) -> None:
    known = get_format(format)
    for part, was in ((Part.FIRST_USER, question), (Part.LAST_ANSWER, answer)):
        there, changed = replace_part(format, content, part, "new")
        shown = (known.first_user_text(changed), known.last_answer_text(changed))
        assert there == was
        assert shown == (("new", answer) if part is Part.FIRST_USER else (question, "new"))
        assert replace_part(format, changed, part, was)[1] == content, "nothing else changed"


def test_an_instruction_and_what_it_works_on_are_replaced_apart() -> None:
    content = INSTRUCTION | {"input": "this"}
    for part, was in ((Part.FIRST_USER, "do"), (Part.INPUT, "this"), (Part.LAST_ANSWER, "done")):
        assert plain_text("instruction", content, part) == was
        there, changed = replace_part("instruction", content, part, "new")
        assert there == was
        assert [changed[key] for key in content if changed[key] != content[key]] == ["new"]
    assert replace_part("instruction", INSTRUCTION, Part.INPUT, "that")[1] == INSTRUCTION | {"input": "that"}


@pytest.mark.parametrize(
    ("format", "content", "part"),
    [
        ("chat", {"messages": [{"role": "user", "content": [{"type": "text", "text": "q"}]}]}, Part.FIRST_USER),
        ("chat", {"messages": [{"role": "user", "content": "q"}]}, Part.LAST_ANSWER),
        ("chat", CHAT, Part.INPUT),
        ("preference", PAIR, Part.INPUT),
        ("instruction", INSTRUCTION | {"history": [["q", "a"]]}, Part.FIRST_USER),
    ],
)
def test_what_is_not_one_plain_text_is_left_alone(format: str, content: JsonObject, part: Part) -> None:
    assert plain_text(format, content, part) is None
    with pytest.raises(InvalidExampleError, match="not one plain text"):
        replace_part(format, content, part, "new")
