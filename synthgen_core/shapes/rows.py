"""Rows of files as examples, and examples as rows again."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from synthgen_core.errors import InvalidExampleError, NotFoundError
from synthgen_core.formats import FORMATS, Format, Issue, get_format, json_faults, shown
from synthgen_core.formats.definition import has_surrogate
from synthgen_core.models import Json, JsonObject
from synthgen_core.shapes.answers import ALPACA, PROMPT_COMPLETION
from synthgen_core.shapes.conversations import OPENAI_CHAT, SHAREGPT_CHAT
from synthgen_core.shapes.definition import Reading, Shape, differences, with_differences
from synthgen_core.shapes.own import METADATA, OWN, from_table, unwrapped
from synthgen_core.shapes.preferences import LLAMA_FACTORY_PREFERENCE, OPENAI_PREFERENCE, TRL_PREFERENCE

SHAPES: Mapping[str, Shape] = {
    shape.name: shape
    for shape in (
        OWN,
        OPENAI_PREFERENCE,
        LLAMA_FACTORY_PREFERENCE,
        TRL_PREFERENCE,
        OPENAI_CHAT,
        SHAREGPT_CHAT,
        ALPACA,
        PROMPT_COMPLETION,
    )
}
"""Name -> shape. Pairs come before conversations: files of pairs often have the better conversation beside them."""
MAX_WRAPPING = 4
USER, ASSISTANT = "user", "assistant"
PLAIN_KEYS = 2
"""A plain message has a role and a content."""
SOURCE = "source"


@dataclass(frozen=True, slots=True)
class ShapedRow:
    """A row of a file as an example that can be stored."""

    shape: str
    format: str
    content: JsonObject
    metadata: JsonObject
    warnings: tuple[Issue, ...]
    """What is legal but doubtful."""
    is_unwrapped: bool = False
    """The row was damaged: the example was nested in a key “content”."""


def get_shape(name: str) -> Shape:
    """The shape with this name. Raises NotFoundError, whose hint names the nearest."""
    if found := SHAPES.get(name):
        return found
    raise NotFoundError.of("shape", name, SHAPES)


def read_row(row: Json, line: int | None = None) -> ShapedRow:
    """A row of a file, whichever of the shapes it has; ``line`` is kept as its origin.

    Raises:
        InvalidExampleError: it fits no shape (reason "unknown_shape"), or is wrong in the one that it fits.
    """
    if not isinstance(row, dict):
        raise InvalidExampleError(f"The row is {shown(row)}.", "Give a JSON object.", reason="not_object")
    if (short := _read_plain_chat(row, line)) is not None:
        return short
    found = from_table(row)
    for layers in range(MAX_WRAPPING):
        for shape in SHAPES.values():
            if shape.is_match(found):
                return _read_as(shape, found, line, is_unwrapped=layers > 0)
        if (inner := unwrapped(found)) is None:
            break
        found = from_table(inner)
    raise InvalidExampleError(
        f"The row has the keys {shown(', '.join(row))}, which fit no known shape.",
        "Say which columns hold what.",
        reason="unknown_shape",
    )


def _read_plain_chat(row: JsonObject, line: int | None) -> ShapedRow | None:
    """What the long way gives for a row of plain texts by user and assistant in turn, as most rows of most files are;
    None for any other."""
    messages = row.get("messages")
    if len(row) != 1 or not isinstance(messages, list) or not messages:
        return None
    expected = USER
    for message in messages:
        if not isinstance(message, dict) or len(message) != PLAIN_KEYS or message.get("role") != expected:
            return None
        content = message.get("content")
        if not isinstance(content, str) or not content or content.isspace() or "\0" in content:
            return None
        if not content.isascii() and has_surrogate(content):
            return None
        expected = ASSISTANT if expected is USER else USER
    if expected is ASSISTANT:
        return None
    source: JsonObject = {"shape": OPENAI_CHAT.name}
    if line is not None:
        source["line"] = line
    return ShapedRow(OPENAI_CHAT.name, "chat", row, {SOURCE: source}, ())


def _read_as(shape: Shape, row: JsonObject, line: int | None, *, is_unwrapped: bool) -> ShapedRow:
    reading = shape.read(row)
    content, warnings = accepted(reading)
    if shape is OWN:
        metadata = row[METADATA]
        assert isinstance(metadata, dict)
        for fault in json_faults(metadata):
            raise fault.as_error()
        return ShapedRow(shape.name, reading.format, content, metadata, warnings, is_unwrapped)
    source = {"shape": shape.name} | origin(row, reading.used, line)
    if reading.layout:
        source["layout"] = reading.layout
    written = extra_in(source) | shape.write(content, reading.format, reading.layout)
    if written != row:
        source["spelling"] = differences(written, row)
    return ShapedRow(shape.name, reading.format, content, {SOURCE: source}, warnings, is_unwrapped)


def accepted(reading: Reading) -> tuple[JsonObject, tuple[Issue, ...]]:
    """What was read, as it is stored, and what is doubtful in it. Raises InvalidExampleError."""
    format = FORMATS[reading.format]
    content = format.accept(reading.content)
    return content, tuple(format.warnings(content))


def origin(row: JsonObject, used: Collection[str], line: int | None) -> JsonObject:
    """Where a row stood, and its keys beyond those that were used. Raises InvalidExampleError for a value of these."""
    found: JsonObject = {} if line is None else {"line": line}
    if extra := {key: value for key, value in row.items() if key not in used}:
        for fault in json_faults(extra):
            raise fault.as_error()
        found["extra"] = extra
    return found


def source_of(metadata: JsonObject) -> JsonObject | None:
    """What an example's metadata say of the row that it was read from; None: it was not, or they mean another thing."""
    source = metadata.get(SOURCE)
    return source if isinstance(source, dict) and isinstance(source.get("shape"), str) else None


def extra_of(metadata: JsonObject) -> JsonObject:
    """The keys that the row of a file had beyond those of its shape, as they came."""
    return extra_in(source_of(metadata) or {})


def extra_in(source: JsonObject) -> JsonObject:
    """The same, of what was kept of the row."""
    extra = source.get("extra")
    return extra if isinstance(extra, dict) else {}


def to_shape_row(shape: str, format: str, content: JsonObject, metadata: JsonObject) -> JsonObject:
    """A stored example as a row of this shape.

    With the metadata of an example that was read from this shape, the row is equal to the one that was read, as long
    as the content is the same; after a change of the content it is written the shape's usual way, with its extra keys.
    With empty metadata it is written the usual way, without extra keys.

    Raises:
        NotFoundError: there is no such shape or format.
        InvalidExampleError: the shape cannot hold the format (reason "other_format"), or this example.
    """
    wanted, stored = get_shape(shape), get_format(format)
    if stored.name not in wanted.formats:
        raise InvalidExampleError(
            f"The shape {wanted.label} has no place for the format “{stored.name}”.",
            "Convert the example first.",
            reason="other_format",
        )
    if wanted is OWN:
        return {**content, METADATA: metadata}
    source = source_of(metadata)
    if source is None or source["shape"] != shape:
        return wanted.write(content, stored.name, {})
    extra = extra_in(source)
    if "layout" in source or "spelling" in source:
        row = _as_it_was(wanted, stored, content, source, extra)
        if row is not None:
            return row
    return extra | wanted.write(content, stored.name, {})


def _as_it_was(
    shape: Shape, format: Format, content: JsonObject, source: JsonObject, extra: JsonObject
) -> JsonObject | None:
    """The row as its source spelt it; None where that would say something else than the content does by now."""
    layout = source.get("layout")
    try:
        usual = extra | shape.write(content, format.name, layout if isinstance(layout, dict) else {})
        row = with_differences(usual, source.get("spelling", []))
        if not isinstance(row, dict) or not shape.is_match(row):
            return None
        reading = shape.read(row)
        is_same = reading.format == format.name and format.accept(reading.content) == content
    except (InvalidExampleError, LookupError):
        return None
    return row if is_same else None
