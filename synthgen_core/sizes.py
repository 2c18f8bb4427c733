"""How large an example is, and a fingerprint of what it says: kept beside every example, so that lists need no text."""

from dataclasses import dataclass
from hashlib import blake2b

import orjson

from synthgen_core.models import Json, JsonObject, Role

SILENT = (Role.SYSTEM, Role.DEVELOPER)
"""They set the scene, and take no turn."""
ONE_EXCHANGE = 2


@dataclass(frozen=True, slots=True)
class Size:
    """How large an example is."""

    turns: int
    """Messages but for those of the system; of a preference pair, those of the prompt and of the chosen side."""
    characters: int
    """Length of all its texts together, in characters."""


def size_of(content: JsonObject) -> Size:
    """The size of an example of any stored format; what has no text counts as nothing."""
    if isinstance(messages := content.get("messages"), list):
        return _size_of_messages(messages)
    if "chosen" in content:
        prompt, chosen, rejected = (_size_of_messages(content.get(key)) for key in ("prompt", "chosen", "rejected"))
        characters = prompt.characters + chosen.characters + rejected.characters
        return Size(prompt.turns + chosen.turns, characters)
    history = content.get("history")
    earlier = history if isinstance(history, list) else []
    texts = [content.get(key) for key in ("instruction", "input", "output", "system")]
    return Size(ONE_EXCHANGE * (1 + len(earlier)), sum(map(_length, [*texts, *earlier])))


def fingerprint(content: JsonObject) -> str:
    """32 hexadecimal digits, the same for equal JSON values whatever the order of their keys."""
    return blake2b(orjson.dumps(content, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def _size_of_messages(messages: Json) -> Size:
    if not isinstance(messages, list):
        return Size(0, 0)
    turns = characters = 0
    for message in messages:
        if isinstance(message, dict):
            content = message.get("content")
            turns += message.get("role") not in SILENT
            characters += len(content) if isinstance(content, str) else _length(content)
    return Size(turns, characters)


def _length(value: Json) -> int:
    """Characters of a text, of a list of texts, or of the parts of a message that are text."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, list):
        return sum(_length(part.get("text") if isinstance(part, dict) else part) for part in value)
    return 0
