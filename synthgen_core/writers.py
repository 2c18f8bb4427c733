"""How rows become bytes: JSON lines, CSV, Parquet. A new file type is one class and its row in ``WRITERS``.

A writer takes rows one by one, in bounded memory, and hands blocks of bytes to a sink; where they go is not its matter.
"""

import csv
import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from synthgen_core.models import Json, JsonObject

if TYPE_CHECKING:
    import pyarrow

BLOCK = 120_000
"""Bytes that are handed on at once."""
GROUP_ROWS, GROUP_BYTES = 10_000, 32_000_000
"""A row group of Parquet ends with whichever is reached first; it is held in memory, and read at once."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins with one of these is a formula to a spreadsheet."""


class Sink(Protocol):
    """Where bytes go."""

    def write(self, block: bytes, /) -> object:
        """Take a block. Raises DatabaseError where the disk does not."""


class RowWriter(Protocol):
    """A file that is being written."""

    def write(self, row: JsonObject) -> None:
        """Add a row. Its keys are among the columns."""

    def close(self) -> None:
        """Write what is left; the sink stays open."""


class JsonLines:
    """One object a line: UTF-8 without BOM, letters as letters, LF after each. ``columns`` are not needed."""

    def __init__(self, sink: Sink, columns: Mapping[str, str]) -> None:
        self._sink = sink
        self._lines: list[bytes] = []
        self._size = 0

    def write(self, row: JsonObject) -> None:
        """Add a row."""
        line = orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
        self._lines.append(line)
        self._size += len(line)
        if self._size >= BLOCK:
            self.close()

    def close(self) -> None:
        """Write what is left."""
        if self._lines:
            self._sink.write(b"".join(self._lines))
            self._lines, self._size = [], 0


class Csv:
    """RFC 4180 with LF: a head, then a row for each. Nested values are JSON, absent ones empty, formulas defused."""

    def __init__(self, sink: Sink, columns: Mapping[str, str]) -> None:
        self._sink = sink
        self._columns = list(columns)
        self._text = io.StringIO(newline="")
        self._writer = csv.writer(self._text, lineterminator="\n", quoting=csv.QUOTE_ALL)  # a lone CR needs quotes, too
        self._writer.writerow(self._columns)

    def write(self, row: JsonObject) -> None:
        """Add a row."""
        self._writer.writerow([to_cell(row.get(column)) for column in self._columns])
        if self._text.tell() >= BLOCK:
            self.close()

    def close(self) -> None:
        """Write what is left."""
        self._sink.write(self._text.getvalue().encode())
        self._text.seek(0)
        self._text.truncate()


def to_cell(value: Json) -> str:
    """A value as a cell of CSV.

    An apostrophe before what a spreadsheet would take for a formula makes it text; one is put before apostrophes that
    stand there already, so that a reader knows which to take away.
    """
    if value is None:
        return ""
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return f"'{text}" if text.lstrip("'").startswith(FORMULA) else text


class Parquet:
    """Row groups of bounded size, zstd. Columns are ``text``, ``json`` (as text), ``pairs`` or ``messages...``.

    A column of messages is a list of structs with the fields that its kind names: ``messages:role,content,name``.
    """

    def __init__(self, sink: Sink, columns: Mapping[str, str]) -> None:
        import pyarrow
        import pyarrow.parquet

        self._kinds = columns
        self._schema = pyarrow.schema([(name, _arrow_type(kind)) for name, kind in columns.items()])
        self._writer = pyarrow.parquet.ParquetWriter(
            pyarrow.PythonFile(_WriteOnly(sink), "w"), self._schema, compression="zstd"
        )
        self._rows: list[JsonObject] = []
        self._size = 0

    def write(self, row: JsonObject) -> None:
        """Add a row."""
        self._rows.append({name: _to_arrow(row.get(name), kind) for name, kind in self._kinds.items()})
        self._size += len(orjson.dumps(row))
        if len(self._rows) >= GROUP_ROWS or self._size >= GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        """Write what is left, and the foot without which the file cannot be read."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        import pyarrow

        if self._rows:
            table = pyarrow.Table.from_pylist(self._rows, schema=self._schema)
            self._writer.write_table(table, row_group_size=len(self._rows))
            self._rows, self._size = [], 0


class _WriteOnly:
    """A sink as the kind of file that pyarrow writes to."""

    closed = False

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def write(self, block: Any) -> int:
        self._sink.write(bytes(block))
        return len(block)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """The sink stays open."""


def _arrow_type(kind: str) -> "pyarrow.DataType":
    import pyarrow

    text = pyarrow.string()
    name, _, fields = kind.partition(":")
    if name == "messages":
        call = [("id", text), ("type", text), ("function", pyarrow.struct([("name", text), ("arguments", text)]))]
        special = {"tool_calls": pyarrow.list_(pyarrow.struct(call)), "weight": pyarrow.int64()}
        return pyarrow.list_(pyarrow.struct([(field, special.get(field, text)) for field in fields.split(",")]))
    return pyarrow.list_(pyarrow.list_(text)) if name == "pairs" else text


def _to_arrow(value: Json, kind: str) -> Json:
    return orjson.dumps(value).decode() if kind == "json" and value is not None else value


WRITERS: Mapping[str, Callable[[Sink, Mapping[str, str]], RowWriter]] = {
    "jsonl": JsonLines,
    "csv": Csv,
    "parquet": Parquet,
}
"""File type -> writer: a sink, and the columns with their kinds, in order."""
