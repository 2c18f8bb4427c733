"""What a reader hands on: rows and bad lines, with their place in the file, and the limits that it keeps."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from synthgen_core.models import JsonObject

EXCERPT = 120
"""Characters of a bad line that are kept."""
MB = 1_000_000


class FileType(StrEnum):
    """How rows are written in a file. Each may be gzipped, too."""

    JSONL = "jsonl"
    JSON = "json"
    """One list of objects, or objects over several lines each."""
    CSV = "csv"
    PARQUET = "parquet"


class Row(NamedTuple):
    """One object of a file."""

    line: int
    """Where it begins, from 1; for Parquet, which has no lines, its number."""
    value: JsonObject
    text: bytes
    """As it is written, or how that begins; empty for Parquet."""


class BadLine(NamedTuple):
    """A place in a file that holds no row."""

    line: int
    column: int | None
    """From 1, in characters."""
    reason: str
    """A short class for counting."""
    message: str
    excerpt: str
    """How the line begins."""
    shape: str = ""
    """The shape of the row, where it was one."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may have at most, so that nothing fills the memory or the disk."""

    line_bytes: int = 10 * MB
    file_bytes: int = 4096 * MB
    """Once unpacked."""
    rows: int = 5_000_000


@dataclass(slots=True)
class Found:
    """What was noticed while reading, besides rows."""

    blank: int = 0
    """Lines with nothing on them."""
    replaced: int = 0
    """Lines in which bytes that are no characters were replaced."""
    columns: list[str] = field(default_factory=list)
    """Of a table."""
    remarks: list[str] = field(default_factory=list)

    def notes(self) -> list[str]:
        """All that the user should be told."""
        replaced = [f"Bytes that are no characters were replaced by “�” in {self.replaced:,} lines."]
        return self.remarks + (replaced if self.replaced else [])


def excerpt(line: bytes) -> str:
    """How a line begins, for people."""
    return line[: 4 * EXCERPT].decode("utf-8", "replace")[:EXCERPT]
