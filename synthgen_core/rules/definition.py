"""What a rule is: a function that reads one example and reports findings, each with its reason and its place."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from synthgen_core.formats import Format
from synthgen_core.formats.messages import messages_in, text_of
from synthgen_core.models import JsonObject, Role, Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found in one example. It never holds a secret or a person's data, only where they stand."""

    rule: str
    severity: Severity
    message: str
    """One sentence: what was found."""
    field: str = ""
    """Where: ``messages.3`` (from 0), ``chosen.0``, ``instruction``, ...; empty: the whole example."""
    start: int = 0
    end: int = 0
    """The characters of that field's words, as ``part.text`` counts them; equal: all of it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One text of an example, and who says it."""

    field: str
    role: Role
    text: str
    low: str
    """The text in lower case, with straight apostrophes."""

    def has_any(self, words: Iterable[str]) -> bool:
        """One of these stands in it, in any case: asked before a slow pattern is tried."""
        return any(word in self.low for word in words)


def part(field: str, role: Role, text: str) -> Part:
    """A text of an example."""
    return Part(field, role, text, text.lower().replace("’", "'"))


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long the answers of a dataset are: what a length outlier is measured against."""

    median: float
    """Of the natural logarithm of the answers' characters."""
    spread: float
    """Their median absolute deviation, times 1.4826 (the standard deviation, were they normal)."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another example, and how much this one is like it."""

    example_id: int
    similarity: float
    """The share of words, 0-1, that both have in the same order; verified."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One example as the rules see it."""

    format: Format
    content: JsonObject
    metadata: JsonObject
    parts: tuple[Part, ...]
    thresholds: Mapping[str, float]
    """Rule -> its number, for each rule that has one."""
    lengths: Lengths | None = None
    twin: Neighbour | None = None
    """An example of the dataset that is to be preferred to this one, if it is like it."""
    shown: Neighbour | None = None
    """The one most like it of those that its prompt showed."""

    @property
    def answers(self) -> tuple[Part, ...]:
        """What the assistant says."""
        return tuple(text for text in self.parts if text.role is Role.ASSISTANT)


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number that a user may change."""

    default: float
    least: float
    most: float
    meaning: str
    """What the number says, with its unit."""


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A row of ``RULES``."""

    name: str
    label: str
    summary: str
    """What it looks for, and what it cannot tell."""
    find: Callable[[Subject], Iterator[Finding]]
    threshold: Threshold | None = None
    measured: str = ""
    """What ``benchmarks/rules.py`` and ``duplicates.py`` say of it, as the README has it; empty: nobody measured it."""


def parts_of(content: JsonObject) -> tuple[Part, ...]:
    """The texts of an example of any stored format, in order."""
    if "messages" in content:
        return tuple(_message_parts(content, "messages"))
    if "chosen" in content:
        return tuple(found for key in ("prompt", "chosen", "rejected") for found in _message_parts(content, key))
    return tuple(_instruction_parts(content))


def _message_parts(content: JsonObject, key: str) -> Iterator[Part]:
    for number, message in enumerate(messages_in(content.get(key))):
        yield part(f"{key}.{number}", Role(str(message["role"])), text_of(message))


def _instruction_parts(content: JsonObject) -> Iterator[Part]:
    roles = {"system": Role.SYSTEM, "instruction": Role.USER, "input": Role.USER, "output": Role.ASSISTANT}
    for key, role in roles.items():
        if isinstance(text := content.get(key), str) and text:
            yield part(key, role, text)
    history = content.get("history")
    for number, exchange in enumerate(history if isinstance(history, list) else []):
        for role, text in zip(
            (Role.USER, Role.ASSISTANT), exchange if isinstance(exchange, list) else [], strict=False
        ):
            yield part(f"history.{number}.{role.value}", role, str(text))
