"""Preference pairs that editing leaves behind: what a person made of an answer, and what the model had written."""

from synthgen_core.conversion import convert_content
from synthgen_core.formats import messages_in
from synthgen_core.models import Json, JsonObject, Role
from synthgen_core.targets.definition import Omission

NOT_BY_MODEL = Omission("not_by_model", "What was edited was not written by a model.")
NOT_EDITED = Omission("not_edited", "It says again what the model had written.")
PROMPT_EDITED = Omission("prompt_edited", "More than an answer was edited: the two have no prompt in common.")
"""Why an edited example makes no pair."""


def pair_of(format: str, original: JsonObject, edited: JsonObject) -> JsonObject | Omission:
    """The pair in an edited example, as content of the preference format; or why there is none.

    The prompt is all that stands before the first answer that differs; that answer is chosen as it was edited, and
    rejected as it was. What follows it is left out: it follows on one of the two only.
    """
    before, after = _as_chat(format, original), _as_chat(format, edited)
    if before.get("tools") != after.get("tools"):
        return PROMPT_EDITED
    old, new = messages_in(before.get("messages")), messages_in(after.get("messages"))
    place = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    if place == len(old) == len(new):
        return NOT_EDITED
    if not 0 < place < min(len(old), len(new)):
        return PROMPT_EDITED
    rejected, chosen = old[place], new[place]
    if not rejected.get("role") == chosen.get("role") == Role.ASSISTANT:
        return PROMPT_EDITED
    tools: dict[str, Json] = {"tools": after["tools"]} if "tools" in after else {}
    prompt: list[Json] = [*new[:place]]
    return {"prompt": prompt, "chosen": [chosen], "rejected": [rejected], **tools}


def _as_chat(format: str, content: JsonObject) -> JsonObject:
    return content if format == "chat" else convert_content(content, format, "chat").contents[0]
