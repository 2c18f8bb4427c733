"""Parquet: rows of columns, which may hold lists and structs; read a batch at a time.

A struct has all of its fields in every row; those that are null are taken for absent, but for a message's content.
"""

import datetime
import math
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import orjson

from synthgen_core.errors import ConfigError, InvalidExampleError
from synthgen_core.models import Json, JsonObject
from synthgen_core.readers.rows import EXCERPT, MB, BadLine, Found, Row
from synthgen_core.readers.stream import Stream

BATCH_BYTES = 16 * MB
BATCH_ROWS = 1000
KEPT_NULL = "content"


def read_parquet(path: Path, stream: Stream, found: Found, most_bytes: int | None) -> Iterator[Row | BadLine]:
    """Every row, numbered from 1. Raises ConfigError where the file is damaged, or longer than it may be."""
    import pyarrow

    try:
        with tempfile.TemporaryFile() if stream.is_gzip else path.open("rb") as file:
            if stream.is_gzip:  # Parquet is read from its end
                file.writelines(stream.raw_blocks())
                file.seek(0)
            yield from _rows(file, stream, found, most_bytes)
    except (pyarrow.ArrowException, OSError) as error:
        raise ConfigError("The Parquet file is damaged, or of a kind that is not known.", "Write it anew.") from error


def _rows(file: IO[bytes], stream: Stream, found: Found, most_bytes: int | None) -> Iterator[Row | BadLine]:
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(file) as table:
        found.columns = list(table.schema_arrow.names)
        total, size = table.metadata.num_rows, _check_size(table.metadata, stream)
        first, seen = 1, 0
        for batch in table.iter_batches(max(1, min(BATCH_ROWS, BATCH_BYTES * total // max(1, size)))):
            is_long = batch.nbytes > stream.limits.line_bytes
            for number, row in enumerate(batch.to_pylist(), first):
                yield _to_row(number, row, stream.limits.line_bytes if is_long else None)
            first, seen = first + batch.num_rows, seen + batch.nbytes
            if most_bytes is not None and seen >= most_bytes and first <= total:
                stream.is_cut = True
                return


def _check_size(metadata: Any, stream: Stream) -> int:
    """Bytes that all rows take once unpacked. Raises ConfigError."""
    size: int = sum(metadata.row_group(n).total_byte_size for n in range(metadata.num_row_groups))
    if size > stream.limits.file_bytes:
        raise ConfigError(
            f"The file has {size / MB:,.0f} MB unpacked, more than {stream.limits.file_bytes / MB:,.0f}.",
            "Split it, or raise IMPORT_MAX_FILE_MB.",
        )
    return size


def _to_row(line: int, row: dict[str, Any], most: int | None) -> Row | BadLine:
    try:
        value = {name: _plain(part, name) for name, part in row.items() if part is not None}
    except InvalidExampleError as error:
        return BadLine(line, None, error.reason, error.message, str(row)[:EXCERPT])
    if most is not None and len(orjson.dumps(value)) > most:
        message = f"It has more than {most / MB:,.0f} MB (IMPORT_MAX_LINE_MB)."
        return BadLine(line, None, "too_long", message, str(row)[:EXCERPT])
    return Row(line, value, b"")


def _plain(value: Any, column: str) -> Json:
    """A value of a column as JSON. Raises InvalidExampleError."""
    match value:
        case str():
            if "\0" in value:
                raise InvalidExampleError(f"“{column}” holds a NUL character.", reason="nul")
            return value
        case float() if not math.isfinite(value):
            raise InvalidExampleError(f"“{column}” holds {value}, which is not JSON.", reason="nan")
        case None | bool() | int() | float():
            return value
        case dict():
            fields: JsonObject = {
                name: _plain(part, column) for name, part in value.items() if part is not None or name == KEPT_NULL
            }
            return fields
        case list() | tuple():
            return [_plain(part, column) for part in value]
        case Decimal():
            return str(value)
        case datetime.datetime() | datetime.date() | datetime.time():
            return value.isoformat()
        case _:
            raise InvalidExampleError(f"“{column}” holds {type(value).__name__}, not text.", reason="not_json")
