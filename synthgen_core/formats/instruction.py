"""The instruction format: one instruction, the material it works on, the answer; a system text and earlier pairs."""

from collections.abc import Iterator, Sequence

from synthgen_core.errors import InvalidExampleError
from synthgen_core.formats.definition import TEXT, Format, Issue, character_faults, object_schema, shown, text_issues
from synthgen_core.models import Json, JsonObject, Message, Role

PAIR = 2


def joined(instruction: str, material: str) -> str:
    """What the user of a conversation says: the instruction, a newline, the material; one of them where it is alone."""
    return f"{instruction}\n{material}" if instruction and material else instruction or material


def _issues(content: JsonObject) -> Iterator[Issue]:
    yield from text_issues("“instruction”", content.get("instruction"))
    yield from text_issues("“input”", content.get("input"), may_be_empty=True)
    yield from text_issues("“output”", content.get("output"))


def _faults(content: JsonObject) -> Iterator[Issue]:
    """Either the instruction or the input may be empty, not both: in some datasets, one of them has all."""
    for key in ("instruction", "input", "output", "system"):
        value = content.get(key)
        if isinstance(value, str):
            yield from character_faults(f"“{key}”", value)
        elif value is not None:
            yield Issue("not_text", f"“{key}” is {shown(value)}, not a text.", "Put it in quotes.")
    if not content.get("output"):
        yield _empty("output", content)
    if not content.get("instruction") and not content.get("input"):
        yield _empty("instruction", content)
    history = content.get("history")
    if history is not None and not isinstance(history, list):
        yield Issue("bad_history", f"“history” is {shown(history)}.", "Give a list of [user, assistant] pairs.")
    for n, pair in enumerate(history if isinstance(history, list) else [], 1):
        if not _is_pair(pair):
            yield Issue("bad_history", f"Pair {n} of “history” is {shown(pair)}.", "Give two texts: [user, assistant].")


def _is_pair(value: Json) -> bool:
    return isinstance(value, list) and len(value) == PAIR and all(text and isinstance(text, str) for text in value)


def _empty(key: str, content: JsonObject) -> Issue:
    if content.get(key) is None:
        return Issue("missing_field", f"“{key}” is missing.", "Add it, with a text.")
    return Issue("empty_text", f"“{key}” is empty.", "Write its text.")


def _warnings(content: JsonObject) -> Iterator[Issue]:
    if not content["instruction"]:
        message = "“instruction” is empty, and “input” has it all."
        yield Issue("no_instruction", message, "Move it to “instruction”.", is_warning=True)
    for key in ("instruction", "input", "output"):
        if isinstance(value := content[key], str) and value and value.isspace():
            yield Issue("blank_text", f"“{key}” is only white space.", "Write its text.", is_warning=True)


def _keep(content: JsonObject) -> JsonObject:
    return {
        "instruction": content["instruction"],
        "input": _text(content.get("input")),
        "output": content["output"],
    }


def _store(content: JsonObject) -> JsonObject:
    stored: JsonObject = {
        "instruction": _text(content.get("instruction")),
        "input": _text(content.get("input")),
        "output": content["output"],
    }
    optional = ("system", "history")
    return stored | {key: v for key, v in content.items() if key not in stored and (v or key not in optional)}


def _to_messages(content: JsonObject) -> tuple[Message, ...]:
    messages = []
    if system := _text(content.get("system")):
        messages.append(Message(Role.SYSTEM, system))
    history = content.get("history")
    for pair in history if isinstance(history, list) else []:
        assert isinstance(pair, list)
        messages += [Message(Role.USER, _text(pair[0])), Message(Role.ASSISTANT, _text(pair[1]))]
    asked = joined(_text(content["instruction"]), _text(content.get("input")))
    return *messages, Message(Role.USER, asked), Message(Role.ASSISTANT, _text(content["output"]))


def _from_messages(messages: Sequence[Message]) -> JsonObject:
    if [m.role for m in messages] != [Role.USER, Role.ASSISTANT]:
        raise InvalidExampleError(
            f"An instruction holds one user message and its answer, not {len(messages)} messages.",
            "Use the chat format, or convert with a strategy for longer conversations.",
            reason="not_one_exchange",
        )
    return {"instruction": messages[0].content, "input": "", "output": messages[1].content}


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


INSTRUCTION = Format(
    name="instruction",
    label="Instruction",
    summary="One instruction, the material it works on if there is any, and the answer.",
    is_conversation=False,
    advice=(
        '"instruction" is what the user asks for. With the "input", nothing else is needed to act on it.',
        '"input" is material the instruction works on (a letter, figures, notes, code), written out in full. '
        "Leave it empty when the instruction needs none.",
        '"output" is the answer alone, ready to use.',
    ),
    sample={"instruction": "What the user asks for.", "input": "", "output": "The answer."},
    schema=object_schema(instruction=TEXT, input=TEXT, output=TEXT),
    detect=lambda example: "instruction" in example,
    find_issues=_issues,
    find_faults=_faults,
    find_warnings=_warnings,
    keep=_keep,
    store=_store,
    to_messages=_to_messages,
    from_messages=_from_messages,
)
