"""The shapes that an example can have, each as one row of ``FORMATS``.

To add a format, write its functions and add its row: detection, validation, prompts and all conversions follow, since
everything else goes through ``to_messages`` and ``from_messages``.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from synthgen_core.errors import InvalidExampleError, NotFoundError
from synthgen_core.models import Json, JsonObject, Message, Role

MAX_BYTES = 1_000_000
"""Most that the texts of one example may take, together, as UTF-8."""
CHAT_ROLES = ("system", "user", "assistant")
SURROGATE = re.compile("[\ud800-\udfff]")
SHOWN = 40
"""Characters of a wrong value that a message quotes."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One way in which an example is not of its format."""

    reason: str
    """A short class for counting."""
    message: str
    """Names the field and its value."""
    remedy: str

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}"


@dataclass(frozen=True, slots=True, eq=False)
class Format:
    """A shape of examples: what it is called, what it demands, and its way to and from messages.

    All but ``detect``, ``issues`` and ``validate`` expect content that was validated.
    """

    name: str
    label: str
    summary: str
    is_conversation: bool
    """An example may have more than one exchange."""
    advice: tuple[str, ...]
    """What a model that writes such an example should know about its fields."""
    sample: JsonObject
    """The shape shown to a model where a subdomain has no worked example of this format."""
    schema: JsonObject
    """JSON schema of a generated example, within the subset that strict structured output accepts."""
    detect: Callable[[JsonObject], bool]
    """The example means to be of this format, right or wrong."""
    find_issues: Callable[[JsonObject], Iterator[Issue]]
    keep: Callable[[JsonObject], JsonObject]
    """The content with the format's own keys only."""
    to_messages: Callable[[JsonObject], tuple[Message, ...]]
    from_messages: Callable[[Sequence[Message]], JsonObject]
    """Raises InvalidExampleError for messages that this format cannot hold without a loss."""

    def issues(self, content: Json) -> list[Issue]:
        """Everything that is wrong with a generated example; empty: nothing."""
        if not isinstance(content, dict):
            return [Issue("not_object", f"The example is {_shown(content)}.", "Give a JSON object.")]
        found = list(self.find_issues(content))
        if not found and (size := _size(self.keep(content))) > MAX_BYTES:
            found = [Issue("too_large", f"The example has {size:,} bytes of text.", f"Keep it to {MAX_BYTES:,}.")]
        return found

    def validate(self, content: Json) -> JsonObject:
        """The content of a generated example, with the format's own keys only.

        Raises:
            InvalidExampleError: it is not of this format; the message names field and value, the hint the remedy.
        """
        for issue in self.issues(content):
            raise InvalidExampleError(issue.message, issue.remedy, reason=issue.reason)
        assert isinstance(content, dict)
        return self.keep(content)

    def turns(self, content: JsonObject) -> tuple[Message, ...]:
        """What user and assistant say, in order."""
        return tuple(m for m in self.to_messages(content) if m.role in (Role.USER, Role.ASSISTANT))

    def first_user_text(self, content: JsonObject) -> str:
        """What the user says first."""
        return next((m.content for m in self.turns(content) if m.role is Role.USER), "")

    def last_answer_text(self, content: JsonObject) -> str:
        """What the assistant says last."""
        return next((m.content for m in reversed(self.turns(content)) if m.role is Role.ASSISTANT), "")

    def count_exchanges(self, content: JsonObject) -> int:
        """Number of user/assistant pairs."""
        return sum(m.role is Role.ASSISTANT for m in self.turns(content))

    def check_exchanges(self, content: JsonObject, n: int) -> None:
        """Accept a conversation of ``n`` user/assistant pairs, and anything in a format without conversations.

        Raises:
            InvalidExampleError: there are more or fewer (reason "exchanges").
        """
        if self.is_conversation and (found := self.count_exchanges(content)) != n:
            raise InvalidExampleError(
                f"The conversation has {found} user/assistant pairs instead of {n}.",
                "Try again, or ask for shorter conversations.",
                reason="exchanges",
            )


def _shown(value: Json) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list" if value else "an empty list"
    text = repr(value) if isinstance(value, int | float) or value is None else f"“{value}”"
    text = SURROGATE.sub("�", text).replace("\0", "�")
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def _size(value: Json) -> int:
    if isinstance(value, str):
        return len(value.encode())
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(map(_size, parts))


def _text_issues(field: str, value: Json, *, may_be_empty: bool = False) -> Iterator[Issue]:
    if value is None and not may_be_empty:
        yield Issue("missing_field", f"{field} is missing.", "Add it, with a text.")
    elif value is not None and not isinstance(value, str):
        yield Issue("not_text", f"{field} is {_shown(value)}, not a text.", "Put it in quotes.")
    elif isinstance(value, str):
        if not value.strip() and not may_be_empty:
            yield Issue("empty_text", f"{field} is empty.", "Write its text.")
        if "\0" in value:
            yield Issue("nul", f"{field} holds a NUL character: {_shown(value)}.", "Take it out.")
        if SURROGATE.search(value):
            yield Issue("surrogate", f"{field} holds half a character: {_shown(value)}.", "Replace it.")


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


# -- chat


def _messages(content: JsonObject) -> list[JsonObject]:
    messages = content.get("messages")
    return [m for m in messages if isinstance(m, dict)] if isinstance(messages, list) else []


def _chat_issues(content: JsonObject) -> Iterator[Issue]:
    messages = content.get("messages")
    if not isinstance(messages, list) or not messages:
        fault = "missing" if messages is None else f"{_shown(messages)}, not a list of messages"
        yield Issue("missing_field", f"“messages” is {fault}.", "Give a list of user and assistant messages.")
        return
    roles: list[str] = []
    for n, message in enumerate(messages, 1):
        if not isinstance(message, dict):
            yield Issue("not_object", f"Message {n} is {_shown(message)}.", "Give it a “role” and a “content”.")
            continue
        role = message.get("role")
        if isinstance(role, str) and role in CHAT_ROLES:
            roles.append(role)
        else:
            fault = "has no role" if role is None else f"has the role {_shown(role)}"
            yield Issue("unknown_role", f"Message {n} {fault}.", "Use system, user or assistant.")
        yield from _text_issues(f"The content of message {n}", message.get("content"))
    if len(roles) == len(messages):
        yield from _order_issues(roles)


def _order_issues(roles: list[str]) -> Iterator[Issue]:
    first = 2 if roles[0] == "system" else 1
    for n, role in enumerate(roles[first - 1 :], first):
        expected = "user" if (n - first) % 2 == 0 else "assistant"
        if role != expected:
            remedy = "After an optional system message, user and assistant take turns, the user first."
            yield Issue("wrong_order", f"Message {n} is by “{role}”, where “{expected}” is expected.", remedy)
            return
    if roles[-1] != "assistant":
        yield Issue("wrong_order", f"The last message is by “{roles[-1]}”.", "Let the assistant have the last word.")


def _chat_keep(content: JsonObject) -> JsonObject:
    return {"messages": [{"role": m["role"], "content": m["content"]} for m in _messages(content)]}


def _chat_to_messages(content: JsonObject) -> tuple[Message, ...]:
    return tuple(Message(Role(_text(m["role"])), _text(m["content"])) for m in _messages(content))


def _chat_from_messages(messages: Sequence[Message]) -> JsonObject:
    return {"messages": [{"role": m.role.value, "content": m.content} for m in messages]}


# -- instruction


def _instruction_issues(content: JsonObject) -> Iterator[Issue]:
    yield from _text_issues("“instruction”", content.get("instruction"))
    yield from _text_issues("“input”", content.get("input"), may_be_empty=True)
    yield from _text_issues("“output”", content.get("output"))


def _instruction_keep(content: JsonObject) -> JsonObject:
    return {
        "instruction": content["instruction"],
        "input": _text(content.get("input")),
        "output": content["output"],
    }


def _instruction_to_messages(content: JsonObject) -> tuple[Message, ...]:
    instruction, material = _text(content["instruction"]), _text(content.get("input"))
    asked = f"{instruction}\n{material}" if material else instruction
    return Message(Role.USER, asked), Message(Role.ASSISTANT, _text(content["output"]))


def _instruction_from_messages(messages: Sequence[Message]) -> JsonObject:
    if [m.role for m in messages] != [Role.USER, Role.ASSISTANT]:
        raise InvalidExampleError(
            f"An instruction holds one user message and its answer, not {len(messages)} messages.",
            "Use the chat format, or convert with a strategy for longer conversations.",
            reason="not_one_exchange",
        )
    return {"instruction": messages[0].content, "input": "", "output": messages[1].content}


# -- the registry


def _object_schema(**properties: JsonObject) -> JsonObject:
    names: list[Json] = list(properties)
    return {"type": "object", "properties": {**properties}, "required": names, "additionalProperties": False}


TEXT: JsonObject = {"type": "string"}

FORMATS: dict[str, Format] = {
    format.name: format
    for format in (
        Format(
            name="chat",
            label="Chat",
            summary="A conversation of one or more exchanges between a user and an assistant.",
            is_conversation=True,
            advice=(
                "Messages take turns, user first, assistant last. There is no system message.",
                "Each later user message reacts to the reply before it: what came of a step, a doubt, a new detail, a "
                "further question. Thanks alone are not a message.",
                "Replies build on one another: no step is explained twice, and nothing said earlier is contradicted.",
            ),
            sample={
                "messages": [
                    {"role": "user", "content": "What the user writes."},
                    {"role": "assistant", "content": "What the assistant answers."},
                ]
            },
            schema=_object_schema(
                messages={
                    "type": "array",
                    "items": _object_schema(role={"type": "string", "enum": ["user", "assistant"]}, content=TEXT),
                }
            ),
            detect=lambda example: isinstance(example.get("messages"), list),
            find_issues=_chat_issues,
            keep=_chat_keep,
            to_messages=_chat_to_messages,
            from_messages=_chat_from_messages,
        ),
        Format(
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
            schema=_object_schema(instruction=TEXT, input=TEXT, output=TEXT),
            detect=lambda example: "instruction" in example,
            find_issues=_instruction_issues,
            keep=_instruction_keep,
            to_messages=_instruction_to_messages,
            from_messages=_instruction_from_messages,
        ),
    )
}
"""Name -> format. An example that could be of several is taken for the first."""


def get_format(name: str) -> Format:
    """The format with this name, in any case.

    Raises:
        NotFoundError: there is none; the hint names the nearest.
    """
    if found := FORMATS.get(name.strip().lower()):
        return found
    raise NotFoundError.of("format", name, FORMATS)


def detect_format_type(example: Json) -> str:
    """The name of the format that an example means to have, right or wrong in its details.

    Raises:
        InvalidExampleError: it is of none (reason "unknown_format").
    """
    if isinstance(example, dict):
        for format in FORMATS.values():
            if format.detect(example):
                return format.name
    shown = f"has the keys {_shown(', '.join(example))}" if isinstance(example, dict) else f"is {_shown(example)}"
    raise InvalidExampleError(
        f"The example {shown}, which fits no known format.",
        "Give “messages”, or “instruction” and “output”.",
        reason="unknown_format",
    )


def validate_example_structure(example: Json, format_type: str) -> list[str]:
    """Everything that is wrong with an example of this format, one sentence each with its remedy; empty: nothing.

    Raises:
        NotFoundError: there is no such format.
    """
    return [str(issue) for issue in get_format(format_type).issues(example)]
