"""CSV: a line of column names, then one row a record; quotes as RFC 4180 has them, with newlines inside if need be.

An apostrophe that our export put before a formula (``'=1+1``) is taken away again.
"""

import csv
import io
import re
from collections.abc import Iterator

from synthgen_core.errors import ConfigError
from synthgen_core.models import Json
from synthgen_core.readers.rows import BadLine, Found, Row, excerpt
from synthgen_core.readers.stream import UTF8, Stream

DELIMITERS = (",", ";", "\t")
SAMPLE = 20
"""Records by which the delimiter is told."""
NEUTRALISED = re.compile(r"''*[=+\-@\t\r]")
WORDS = {
    "field larger than field limit": ("too_long", "A cell is longer than a row may be (IMPORT_MAX_LINE_MB)."),
    "record too long": ("too_long", "The record is longer than a row may be (IMPORT_MAX_LINE_MB)."),
    "unexpected end of data": ("cut_off", "A quoted text has no end. The file may be truncated."),
    "expected after": ("quotes", "Something follows a closing quote; a quote within a text is written twice."),
    "new-line character": ("line_ends", "A carriage return stands outside of quotes; lines end with LF or CR LF."),
}
"""What Python's reader says -> a class for counting, and what we say."""


class Feed:
    """Lines of text for Python's reader, and what is wrong with those of the record that it reads at the moment."""

    def __init__(self, stream: Stream, found: Found, *, replace_invalid: bool) -> None:
        self.number = 0
        """Lines handed on."""
        self.fault: tuple[int, int, str, str] | None = None
        """Line, column, reason, message: the first of this record."""
        self.text = b""
        """The record's first line."""
        self._size = 0
        self._lines = stream.lines()
        self._stream, self._found, self._replace_invalid = stream, found, replace_invalid

    def begin(self) -> None:
        """The next line begins a record."""
        self._size, self.fault, self.text = 0, None, b""

    def __iter__(self) -> "Feed":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        self.text = self.text or line
        self._size += len(line)
        if self._size > self._stream.limits.line_bytes:
            raise csv.Error("record too long")
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            text = line.decode("utf-8", "replace")
            if self._replace_invalid:
                self._found.replaced += 1
            else:
                self._note(line, error.start, "encoding", self._not_text(line, error.start))
        if "\0" in text:
            self._note(line, line.index(b"\0"), "nul", "A cell holds a NUL character.")
        return text + "\n"

    def _not_text(self, line: bytes, index: int) -> str:
        if self._stream.encoding != UTF8:
            return f"A byte is no character of {self._stream.encoding}."
        return f"Byte {index + 1:,} (0x{line[index]:02X}) is not UTF-8."

    def _note(self, line: bytes, index: int, reason: str, message: str) -> None:
        self.fault = self.fault or (self.number, len(line[:index].decode("utf-8", "replace")) + 1, reason, message)


def read_csv(stream: Stream, found: Found, *, replace_invalid: bool) -> Iterator[Row | BadLine]:
    """Every record after the header as an object of its cells; an empty cell is left out.

    Raises ConfigError where there is no header.
    """
    csv.field_size_limit(stream.limits.line_bytes)
    feed = Feed(stream, found, replace_invalid=replace_invalid)
    records = csv.reader(feed, delimiter=find_delimiter(stream.head()), strict=True)
    names = _header(records)
    found.columns = names
    while True:
        feed.begin()
        line = feed.number + 1
        try:
            cells = next(records)
        except StopIteration:
            return
        except csv.Error as error:
            if not stream.is_cut:
                yield BadLine(line, None, *_words(error), excerpt(feed.text))
            continue
        if not cells:
            found.blank += 1
        elif feed.fault:
            at, column, reason, message = feed.fault
            yield BadLine(at, column, reason, message, excerpt(feed.text))
        elif len(cells) != len(names):
            message = f"It has {len(cells)} cells, and the header {len(names)}."
            yield BadLine(line, None, "cells", message, excerpt(feed.text))
        else:
            value: dict[str, Json] = {
                name: cell[1:] if cell[0] == "'" and NEUTRALISED.match(cell) else cell
                for name, cell in zip(names, cells, strict=True)
                if cell
            }
            yield Row(line, value, feed.text)


def find_delimiter(head: bytes) -> str:
    """What separates the cells of a table that begins so: the candidate that makes the most equal columns."""
    return max(DELIMITERS, key=lambda delimiter: _width(_records(head, delimiter)))


def is_table(head: bytes) -> bool:
    """The text begins like a CSV file of two columns or more, each with a name of its own."""
    records = _records(head, find_delimiter(head))
    return _width(records) > 1 and all(records[0]) and len(set(records[0])) == len(records[0])


def _records(head: bytes, delimiter: str) -> list[list[str]]:
    """The first records; none if they cannot be told apart."""
    lines = io.StringIO(head.decode("utf-8", "replace"), newline="")
    records = []
    try:
        for record in csv.reader(lines, delimiter=delimiter):
            if record:
                records.append(record)
            if len(records) > SAMPLE:
                break
    except csv.Error:
        return []
    return records


def _width(records: list[list[str]]) -> int:
    """How many columns the header has; 0 if most of the records have more or fewer."""
    width = len(records[0]) if records else 0
    return width if 2 * sum(len(record) == width for record in records) >= len(records) else 0


def _header(records: Iterator[list[str]]) -> list[str]:
    try:
        names = [name.strip() for name in next((record for record in records if record), [])]
    except csv.Error as error:
        raise ConfigError(f"The header of the CSV file cannot be read: {_words(error)[1]}", "Correct it.") from error
    if not all(names):
        raise ConfigError(f"Column {names.index('') + 1} of the CSV file has no name.", "Add a first line with names.")
    if twice := next((name for n, name in enumerate(names) if name in names[:n]), None):
        raise ConfigError(f"Two columns of the CSV file are called “{twice}”.", "Rename one.")
    return names


def _words(error: csv.Error) -> tuple[str, str]:
    said = str(error)
    return next((words for start, words in WORDS.items() if start in said), ("not_csv", f"It is not CSV: {said}."))
