"""Which words of an example are compared."""

from enum import StrEnum

from synthgen_core.formats import Format, messages_in, text_of
from synthgen_core.models import JsonObject, Role


class Compared(StrEnum):
    """What of two examples must be alike."""

    WHOLE = "whole"
    """All that user and assistant say; of a pair of answers, both."""
    QUESTION = "question"
    """What the user says."""
    RESPONSE = "response"
    """What the assistant says; of a pair of answers, the chosen one. Templates with other names in them show here."""


ROLES = {Compared.QUESTION: Role.USER, Compared.RESPONSE: Role.ASSISTANT}


def compared_text(format: Format, content: JsonObject, what: Compared) -> str:
    """The text of an example that is compared with that of others; none of one without content, which is gone.

    System prompts, which many share, are no part.
    """
    if not content:
        return ""
    wanted = ROLES.get(what)
    texts = [turn.content for turn in format.turns(content) if wanted in (None, turn.role)]
    if what is Compared.WHOLE and "rejected" in content:
        texts += [text_of(message) for message in messages_in(content["rejected"])]
    return "\n".join(texts)
