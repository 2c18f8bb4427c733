"""JSONL: one JSON object a line. Lines end at LF and nowhere else; an object may hold any other separator."""

from collections.abc import Iterator

from synthgen_core.errors import InvalidExampleError
from synthgen_core.models import Json
from synthgen_core.readers.rows import MB, BadLine, Found, Row, excerpt
from synthgen_core.readers.stream import UTF8, Stream
from synthgen_core.strict_json import load


def read_json_lines(stream: Stream, found: Found, *, replace_invalid: bool) -> Iterator[Row | BadLine]:
    """Every line that is not blank."""
    most = stream.limits.line_bytes
    for number, line in enumerate(stream.lines(), 1):
        if not line or line.isspace():
            found.blank += 1
        elif len(line) > most:
            yield too_long(number, line, most)
        else:
            yield read_object(stream, found, number, 1, line, replace_invalid=replace_invalid)


def read_object(
    stream: Stream, found: Found, line: int, column: int, text: bytes, *, replace_invalid: bool
) -> Row | BadLine:
    """The object that this text is; it stands at this line and column."""
    try:
        value = _load(text, found, replace_invalid=replace_invalid)
    except InvalidExampleError as error:
        message, reason = error.message, error.reason
        if reason == "encoding" and stream.encoding != UTF8:
            message = f"A byte is no character of {stream.encoding}."
        if reason == "cut_off" and stream.ends_open:
            message += " The file may be truncated."
        row, place = error.row or 1, error.column or 1
        return BadLine(line + row - 1, place + (column - 1 if row == 1 else 0), reason, message, excerpt(text))
    if isinstance(value, dict):
        return Row(line, value, text)
    return BadLine(line, column, "not_object", "It is not a JSON object {...}.", excerpt(text))


def too_long(line: int, text: bytes, most: int) -> BadLine:
    """The entry for a line, or an object, that is beyond the limit."""
    return BadLine(line, None, "too_long", f"It has more than {most / MB:,.0f} MB (IMPORT_MAX_LINE_MB).", excerpt(text))


def _load(text: bytes, found: Found, *, replace_invalid: bool) -> Json:
    try:
        return load(text)
    except InvalidExampleError as error:
        if not replace_invalid or error.reason != "encoding":
            raise
    found.replaced += 1
    return load(text.decode("utf-8", "replace").encode())
