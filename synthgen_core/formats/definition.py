"""What a format is: a name, two sets of rules, and a way to and from messages; and what is wrong with an example."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import isfinite

import orjson

from synthgen_core.errors import InvalidExampleError
from synthgen_core.models import Json, JsonObject, Message, Role

MAX_BYTES = 1_000_000
"""Most that the texts of one generated example may take, together, as UTF-8."""
MAX_DEPTH = 100
"""Levels of lists and objects in an example. What reads it back has a limit, too."""
LEAST_INTEGER, GREATEST_INTEGER = -(2**63), 2**64 - 1
"""Beyond these, readers of JSON round numbers."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One way in which an example is not of its format."""

    reason: str
    """A short class for counting."""
    message: str
    """Names the field and its value."""
    remedy: str
    is_warning: bool = False
    """It is legal, but doubtful: it can be stored, and some export targets refuse it."""

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}"

    def as_error(self) -> InvalidExampleError:
        """The error to raise for it."""
        return InvalidExampleError(self.message, self.remedy, reason=self.reason)


@dataclass(frozen=True, slots=True, eq=False)
class Format:
    """A shape of examples: what it is called, what it demands, and its way to and from messages.

    There are two sets of rules. A generated example is held to the strict ones (``issues``, ``validate``): turns
    alternate, and there are no other keys than the format's. What a person imports or edits is held to the structural
    ones (``faults``, ``accept``), which know tools, parts and further keys; what is legal but doubtful is a warning.

    ``turns`` and what follows it expect content that was validated or accepted.
    """

    name: str
    label: str
    summary: str
    is_conversation: bool
    """An example may have more than one exchange."""
    sample: JsonObject
    """The shape shown to a model where a subdomain has no worked example of this format."""
    detect: Callable[[JsonObject], bool]
    """The example means to be of this format, right or wrong."""
    find_issues: Callable[[JsonObject], Iterator[Issue]]
    find_faults: Callable[[JsonObject], Iterator[Issue]]
    find_warnings: Callable[[JsonObject], Iterator[Issue]]
    keep: Callable[[JsonObject], JsonObject]
    """Generated content with the format's own keys only."""
    store: Callable[[JsonObject], JsonObject]
    """Imported or edited content as it is stored: all its keys, but one way to say “nothing”."""
    to_messages: Callable[[JsonObject], tuple[Message, ...]]
    from_messages: Callable[[Sequence[Message]], JsonObject]
    """Raises InvalidExampleError for messages that this format cannot hold without a loss."""
    is_generated: bool = True
    """A model can be asked to write such examples."""
    advice: tuple[str, ...] = ()
    """What a model that writes such an example should know about its fields."""
    schema: JsonObject = field(default_factory=dict)
    """JSON schema of a generated example, within the subset that strict structured output accepts."""

    def issues(self, content: Json) -> list[Issue]:
        """Everything that is wrong with a generated example; empty: nothing."""
        if not isinstance(content, dict):
            return [_not_an_object(content)]
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
            raise issue.as_error()
        assert isinstance(content, dict)
        return self.keep(content)

    def faults(self, content: Json) -> list[Issue]:
        """Why an imported or edited example cannot be stored; empty: it can."""
        if not isinstance(content, dict):
            return [_not_an_object(content)]
        return list(self.find_faults(content)) or list(json_faults(content))

    def warnings(self, content: JsonObject) -> list[Issue]:
        """What is doubtful in an example that can be stored: each is a warning."""
        return list(self.find_warnings(content))

    def accept(self, content: Json) -> JsonObject:
        """The content of an imported or edited example as it is stored, with all its keys.

        Raises:
            InvalidExampleError: it is not of this format; the message names field and value, the hint the remedy.
        """
        for issue in self.faults(content):
            raise issue.as_error()
        assert isinstance(content, dict)
        return self.store(content)

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


def text_issues(field: str, value: Json, *, may_be_empty: bool = False) -> Iterator[Issue]:
    """What is wrong with a text of a generated example."""
    if value is None and not may_be_empty:
        yield Issue("missing_field", f"{field} is missing.", "Add it, with a text.")
    elif value is not None and not isinstance(value, str):
        yield Issue("not_text", f"{field} is {shown(value)}, not a text.", "Put it in quotes.")
    elif isinstance(value, str):
        if not value.strip() and not may_be_empty:
            yield Issue("empty_text", f"{field} is empty.", "Write its text.")
        yield from character_faults(field, value)


def character_faults(field: str, value: str) -> Iterator[Issue]:
    """Characters that a database, or UTF-8, cannot hold."""
    if "\0" in value:
        yield Issue("nul", f"{field} holds a NUL character: {shown(value)}.", "Take it out.")
    if not value.isascii() and has_surrogate(value):
        yield Issue("surrogate", f"{field} holds half a character: {shown(value)}.", "Replace it.")


def has_surrogate(text: str) -> bool:
    """It holds half of a character, and cannot be written as UTF-8. Faster than a search."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def json_faults(value: Json) -> Iterator[Issue]:
    """What a Python value holds that JSON, or its readers, cannot; at most one. Keys are looked at as texts are."""
    if not _is_surely_json(value):
        yield from _look_for_faults(value)


def _is_surely_json(value: Json) -> bool:
    """Quick, and right when it says so: the serialiser refuses most faults, and its text betrays the others."""
    try:
        text = orjson.dumps(value)
    except orjson.JSONEncodeError:
        return False
    return b"\\u0000" not in text and b"null" not in text and text.count(b"[") + text.count(b"{") <= MAX_DEPTH


def _look_for_faults(value: Json) -> Iterator[Issue]:
    level = [value]
    for _ in range(MAX_DEPTH):
        below: list[Json] = []
        for part in level:
            if isinstance(part, str):
                for fault in character_faults("A text", part):
                    yield fault
                    return
            elif isinstance(part, dict):
                below.extend(part)
                below.extend(part.values())
            elif isinstance(part, list):
                below.extend(part)
            elif not _is_json_number(part):
                yield Issue("bad_number", f"The number {shown(part)} is not one of JSON.", "Write it as a text.")
                return
        if not below:
            return
        level = below
    yield Issue("too_deep", f"The example is nested more than {MAX_DEPTH} levels deep.", "Make it flatter.")


def _is_json_number(value: Json) -> bool:
    """Also true of true, false and null."""
    if isinstance(value, float):
        return isfinite(value)
    return not isinstance(value, int) or LEAST_INTEGER <= value <= GREATEST_INTEGER


def _not_an_object(value: Json) -> Issue:
    return Issue("not_object", f"The example is {shown(value)}.", "Give a JSON object.")


def _size(value: Json) -> int:
    if isinstance(value, str):
        return len(value.encode())
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(map(_size, parts))


SHOWN = 40
"""Characters of a wrong value that a message quotes."""
SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a character, which cannot be written as UTF-8."""


def writable(text: str) -> str:
    """The text with a mark in place of what no database and no file takes: halves of characters, and NUL."""
    return SURROGATE.sub("�", text).replace("\0", "�")


def shown(value: Json) -> str:
    """A wrong value as a message quotes it: short, and in characters that can be written."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list" if value else "an empty list"
    text = f"“{value}”" if isinstance(value, str) else repr(value)
    text = writable(text)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def object_schema(**properties: JsonObject) -> JsonObject:
    """The JSON schema of an object with exactly these properties."""
    names: list[Json] = list(properties)
    return {"type": "object", "properties": {**properties}, "required": names, "additionalProperties": False}


TEXT: JsonObject = {"type": "string"}
"""The JSON schema of a text."""
