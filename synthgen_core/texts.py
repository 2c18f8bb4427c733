"""The short texts by which a person knows an example, what is asked, on what and what is answered, each replaceable."""

from copy import deepcopy
from enum import StrEnum

from synthgen_core.errors import InvalidExampleError
from synthgen_core.models import Json, JsonObject, Role


class Part(StrEnum):
    """One of these texts."""

    FIRST_USER = "first_user"
    """What is asked first; of an instruction, without what it works on."""
    INPUT = "input"
    """What an instruction works on; other formats have none."""
    LAST_ANSWER = "last_answer"


NAMES = {Part.FIRST_USER: "question", Part.INPUT: "input", Part.LAST_ANSWER: "answer"}


def plain_text(format: str, content: JsonObject, part: Part) -> str | None:
    """The text that stands there; None: none does, or it has parts."""
    holder, key = _place(format, content, part)
    there = None if holder is None else holder.get(key)
    return there if isinstance(there, str) else None


def replace_part(format: str, content: JsonObject, part: Part, text: str) -> tuple[str, JsonObject]:
    """The text that stands there, and a copy of the content with another one in its place.

    Raises InvalidExampleError where ``plain_text`` finds none.
    """
    there = plain_text(format, content, part)
    changed = deepcopy(content)
    holder, key = _place(format, changed, part)
    if there is None or holder is None:
        raise InvalidExampleError(
            f"The {NAMES[part]} is not one plain text.", "Edit it in the example's own view.", reason="not_plain"
        )
    holder[key] = text
    return there, changed


def _place(format: str, content: JsonObject, part: Part) -> tuple[JsonObject | None, str]:
    """Where a text stands: in which object, under which key; None: in no one place."""
    match format, part:
        case "instruction", Part.FIRST_USER:
            return (None if content.get("history") else content), "instruction"
        case "instruction", Part.INPUT:
            return content, "input"
        case "instruction", _:
            return content, "output"
        case _, Part.INPUT:
            return None, "input"
        case "preference", Part.FIRST_USER:
            return _message(content.get("prompt"), Role.USER, 0), "content"
        case "preference", _:
            return _message(content.get("chosen"), Role.ASSISTANT, -1), "content"
        case _, Part.FIRST_USER:
            return _message(content.get("messages"), Role.USER, 0), "content"
        case _:
            return _message(content.get("messages"), Role.ASSISTANT, -1), "content"


def _message(messages: Json, role: Role, number: int) -> JsonObject | None:
    """The first or the last message of a role."""
    found = [m for m in messages if isinstance(m, dict) and m.get("role") == role] if isinstance(messages, list) else []
    return found[number] if found else None
