"""The texts of an example that a person can edit, whatever its format: each with its place, and put back there."""

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from synthgen_core.formats import messages_in
from synthgen_core.models import JsonObject

Path: TypeAlias = tuple[str | int, ...]
"""Keys and positions from the content down to a text."""
CONVERSATIONS = ("messages", "prompt", "chosen", "rejected")
SPEAKERS = ("user", "assistant")


@dataclass(frozen=True, slots=True)
class Passage:
    """One text of an example."""

    path: Path
    label: str
    """“Message 2 (user)”, “Output”."""
    name: str
    """As the rules of the formats call its place: “message 2”, “output” in quotes."""
    text: str

    def is_meant_by(self, message: str) -> bool:
        """Whether a rule's message is about this text."""
        return re.search(rf"{re.escape(self.name)}(?!\d| of)", message, re.IGNORECASE) is not None


def passages(content: JsonObject) -> list[Passage]:
    """All texts of an accepted example that can be edited, in the order in which they are read."""
    found = [*_fields(content, "system"), *_history(content), *_fields(content, "instruction", "input", "output")]
    for key in CONVERSATIONS:
        found += _conversation(key, content)
    return found


def with_texts(content: JsonObject, texts: Mapping[Path, str]) -> JsonObject:
    """A copy of the content with these texts in their places; everything else is as it was."""
    changed = copy.deepcopy(content)
    for path, text in texts.items():
        place: Any = changed  # lists and objects in turn; a path leads through what is there
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = text
    return changed


def _fields(content: JsonObject, *keys: str) -> Iterator[Passage]:
    for key in keys:
        if isinstance(text := content.get(key), str):
            yield Passage((key,), key.capitalize(), f"“{key}”", text)


def _history(content: JsonObject) -> Iterator[Passage]:
    history = content.get("history")
    for n, pair in enumerate(history if isinstance(history, list) else []):
        for side, text in enumerate(pair if isinstance(pair, list) else []):
            if isinstance(text, str):
                label = f"History, pair {n + 1} ({SPEAKERS[side]})"
                yield Passage(("history", n, side), label, f"pair {n + 1} of “history”", text)


def _conversation(key: str, content: JsonObject) -> Iterator[Passage]:
    for n, message in enumerate(messages_in(content.get(key))):
        name = f"message {n + 1}" if key == "messages" else f"message {n + 1} of “{key}”"
        label = f"{'' if key == 'messages' else f'{key.capitalize()}, '}message {n + 1} ({message['role']})"
        label = label[:1].upper() + label[1:]
        body = message.get("content")
        if isinstance(body, str):
            yield Passage((key, n, "content"), label, name, body)
        for k, part in enumerate(body if isinstance(body, list) else []):
            if isinstance(part, dict) and isinstance(text := part.get("text"), str):
                place = (key, n, "content", k, "text")
                yield Passage(place, f"{label}, part {k + 1}", f"part {k + 1} of {name}", text)
