"""The shapes that an example can be stored in, each as one row of ``FORMATS``.

To add a format, write a module with its functions and its row, and name it here: detection, validation, prompts and
all that goes through ``to_messages`` follow. Conversions to and from it are rows of ``conversion.CONVERSIONS``; the
shapes that files have it in are rows of ``shapes.SHAPES``.
"""

from collections.abc import Mapping

from synthgen_core.errors import InvalidExampleError, NotFoundError
from synthgen_core.formats.chat import CHAT
from synthgen_core.formats.definition import MAX_BYTES, SURROGATE, Format, Issue, json_faults, shown, writable
from synthgen_core.formats.instruction import INSTRUCTION, joined
from synthgen_core.formats.messages import ROLES, SYSTEM_ROLES, calls_tools, messages_in, text_of
from synthgen_core.formats.preference import PREFERENCE
from synthgen_core.models import Json

__all__ = [
    "FORMATS",
    "GENERATED",
    "MAX_BYTES",
    "ROLES",
    "SURROGATE",
    "SYSTEM_ROLES",
    "Format",
    "Issue",
    "calls_tools",
    "detect_format_type",
    "get_format",
    "joined",
    "json_faults",
    "messages_in",
    "shown",
    "text_of",
    "validate_example_structure",
    "writable",
]

FORMATS: Mapping[str, Format] = {format.name: format for format in (CHAT, INSTRUCTION, PREFERENCE)}
"""Name -> format. An example that could be of several is taken for the first."""
GENERATED: Mapping[str, Format] = {name: format for name, format in FORMATS.items() if format.is_generated}
"""Those that a model can be asked to write."""


def get_format(name: str, among: Mapping[str, Format] = FORMATS) -> Format:
    """The format with this name, in any case.

    Raises:
        NotFoundError: there is none; the hint names the nearest.
    """
    if found := among.get(name.strip().lower()):
        return found
    raise NotFoundError.of("format", name, among)


def detect_format_type(example: Json) -> str:
    """The name of the format that an example means to have, right or wrong in its details.

    Raises:
        InvalidExampleError: it is of none (reason "unknown_format").
    """
    if isinstance(example, dict):
        for format in FORMATS.values():
            if format.detect(example):
                return format.name
    named = f"has the keys {shown(', '.join(example))}" if isinstance(example, dict) else f"is {shown(example)}"
    raise InvalidExampleError(
        f"The example {named}, which fits no known format.",
        "Give “messages”, or “instruction” and “output”, or “prompt”, “chosen” and “rejected”.",
        reason="unknown_format",
    )


def validate_example_structure(example: Json, format_type: str) -> list[str]:
    """Everything that is wrong with an example of this format, one sentence each with its remedy; empty: nothing.

    Raises:
        NotFoundError: there is no such format.
    """
    return [str(issue) for issue in get_format(format_type).issues(example)]
