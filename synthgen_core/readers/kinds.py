"""Which type a file has: told by what it begins with, and by its name only where that does not tell."""

from pathlib import PurePath

import orjson

from synthgen_core.errors import ConfigError
from synthgen_core.readers.csv_tables import is_table
from synthgen_core.readers.rows import FileType

PARQUET = b"PAR1"
STRANGERS = {
    b"PK\x03\x04": "a ZIP archive or an Excel sheet",
    b"PK\x05\x06": "an empty ZIP archive",
    b"\x1f\x8b": "gzipped twice",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ": "compressed with xz",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"SQLite format 3": "an SQLite database",
    b"ARROW1": "an Arrow file",
    b"%PDF": "a PDF",
}
"""How files begin that people try, and that are none of ours."""
SUFFIXES = {
    ".jsonl": FileType.JSONL,
    ".ndjson": FileType.JSONL,
    ".json": FileType.JSONL,
    ".csv": FileType.CSV,
    ".tsv": FileType.CSV,
}
"""What a name means where the content is no help: a broken .json is best told line by line."""
SAMPLE = 20
"""Lines that are looked at."""
SHOWN = 40


def tell_type(head: bytes, name: str, *, is_whole: bool) -> FileType:
    """The type of a file that begins so; ``is_whole``: ``head`` is all of it.

    Raises:
        ConfigError: it is something else, which is named.
    """
    if head.startswith(PARQUET):
        return FileType.PARQUET
    for mark, what in STRANGERS.items():
        if head.startswith(mark):
            raise ConfigError(f"The file is {what}.", "Give JSONL, JSON, CSV or Parquet, gzipped at most.")
    lines = [line for line in (line.strip() for line in head.split(b"\n")) if line][:SAMPLE]
    if lines and lines[0][:1] in (b"{", b"["):
        return _type_of_json(lines, is_whole=is_whole)
    by_name = SUFFIXES.get(PurePath(name.lower().removesuffix(".gz")).suffix)
    if by_name is FileType.CSV and is_table(head):
        return FileType.CSV  # a line that begins with a brace may be in a cell
    if any(line.startswith(b"{") for line in lines):
        return FileType.JSONL
    if not lines or by_name is FileType.CSV:
        return by_name or FileType.JSONL
    if is_table(head):
        return FileType.CSV
    if by_name is None:
        begin = lines[0].decode("utf-8", "replace")[:SHOWN].replace("\0", "�")
        raise ConfigError(f"The file begins with “{begin}”.", "Give JSONL, JSON, CSV or Parquet.")
    return by_name


def _type_of_json(lines: list[bytes], *, is_whole: bool) -> FileType:
    """JSONL if the first line stands for itself, or if it is plain that it should have."""
    first = lines[0]
    if first.startswith(b"["):
        return FileType.JSONL if len(lines) > 1 and _is_json(first) else FileType.JSON
    if len(lines) == 1 and not is_whole:
        return FileType.JSONL  # a line that is longer than what we see of it
    is_open = first.endswith((b"{", b"[", b",")) and not _is_json(first)
    return FileType.JSON if is_open and not (len(lines) > 1 and _is_json(lines[1])) else FileType.JSONL


def _is_json(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict | list)
    except orjson.JSONDecodeError:
        return False
