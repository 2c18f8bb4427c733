"""The two texts by which a person knows an example, what is asked first and what is answered last, each replaceable."""

from copy import deepcopy
from enum import StrEnum

from synthgen_core.errors import InvalidExampleError
from synthgen_core.models import Json, JsonObject, Role


class Part(StrEnum):
    """One of the two texts."""

    FIRST_USER = "first_user"
    LAST_ANSWER = "last_answer"


def replace_part(format: str, content: JsonObject, part: Part, text: str) -> tuple[str, JsonObject]:
    """The text that stands there, and a copy of the content with another one in its place.

    Raises:
        InvalidExampleError: it is not one plain text: it has parts, or is put together from several fields.
    """
    holder: JsonObject | None
    changed = deepcopy(content)
    match format, part:
        case "instruction", Part.FIRST_USER:
            is_alone = not changed.get("input") and not changed.get("history")
            holder, key = changed if is_alone else None, "instruction"
        case "instruction", _:
            holder, key = changed, "output"
        case "preference", Part.FIRST_USER:
            holder, key = _message(changed.get("prompt"), Role.USER, 0), "content"
        case "preference", _:
            holder, key = _message(changed.get("chosen"), Role.ASSISTANT, -1), "content"
        case _, Part.FIRST_USER:
            holder, key = _message(changed.get("messages"), Role.USER, 0), "content"
        case _:
            holder, key = _message(changed.get("messages"), Role.ASSISTANT, -1), "content"
    there = None if holder is None else holder.get(key)
    if holder is None or not isinstance(there, str):
        raise InvalidExampleError(
            f"The {'question' if part is Part.FIRST_USER else 'answer'} is not one plain text.",
            "Edit it in the example's own view.",
            reason="not_plain",
        )
    holder[key] = text
    return there, changed


def _message(messages: Json, role: Role, number: int) -> JsonObject | None:
    """The first or the last message of a role."""
    found = [m for m in messages if isinstance(m, dict) and m.get("role") == role] if isinstance(messages, list) else []
    return found[number] if found else None
