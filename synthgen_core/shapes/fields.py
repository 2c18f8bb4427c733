"""A prompt or an answer in a field of its own: a text, a message, a list of messages, or a transcript."""

import re

from synthgen_core.formats import messages_in, text_of
from synthgen_core.models import Json, JsonObject, Role
from synthgen_core.shapes.turns import ROLE_KEYS, is_plain, read_messages, write_messages

TEXT, OBJECT, LIST, TRANSCRIPT = "text", "object", "list", "transcript"
"""Forms of a field. A transcript is a conversation in one text."""
TURN = re.compile(r"\n\n(Human|Assistant): ?")
"""What begins a turn of a transcript, as Anthropic's files of preferences have it."""
SPEAKERS = {"Human": Role.USER.value, "Assistant": Role.ASSISTANT.value}


def read_field(field: str, value: Json, role: str) -> tuple[list[Json], str, str]:
    """The messages of a field, its form and its keys; a plain text is by ``role``. Raises InvalidExampleError."""
    if isinstance(value, str):
        return [{"role": role, "content": value}], TEXT, ROLE_KEYS
    messages, keys = read_messages(field, value)
    return messages, OBJECT if isinstance(value, dict) else LIST, keys


def write_field(messages: list[Json], form: str, keys: str, role: str) -> Json:
    """The reverse of ``read_field``: in this form where the messages allow it, else as a list."""
    if form == TRANSCRIPT:
        return write_transcript(messages)
    if form == TEXT and len(messages) == 1 and is_plain(message := messages[0], role):
        assert isinstance(message, dict)
        return message["content"]
    written = write_messages(messages, keys)
    return written[0] if form == OBJECT and len(written) == 1 else written


def is_transcript(value: Json) -> bool:
    """A text that begins with a turn."""
    return isinstance(value, str) and TURN.match(value) is not None


def read_transcript(text: str) -> list[Json]:
    """The turns of a transcript."""
    pieces = TURN.split(text)[1:]
    return [{"role": SPEAKERS[who], "content": said} for who, said in zip(pieces[::2], pieces[1::2], strict=True)]


def write_transcript(messages: list[Json]) -> str:
    """The reverse, of turns by user and assistant."""
    names = {role: name for name, role in SPEAKERS.items()}
    return "".join(f"\n\n{names.get(str(m['role']), m['role'])}: {text_of(m)}" for m in messages_in(messages))


def as_list(value: Json) -> list[Json]:
    """A value that is known to be a list."""
    assert isinstance(value, list)
    return value


def forms_of(**forms: str) -> JsonObject:
    """A layout: those that are not a list."""
    return {field: form for field, form in forms.items() if form != LIST}
