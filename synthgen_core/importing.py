"""Rows of a file to examples: what shape each has, and in which format they can all be kept.

Generators of outcomes: an example that came in, a bad line, or a row that is sound and does not fit the others.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeAlias

import orjson

from synthgen_core.conversion import can_convert, convert_content
from synthgen_core.errors import InvalidExampleError
from synthgen_core.formats import FORMATS, Issue
from synthgen_core.models import JsonObject
from synthgen_core.readers import BadLine, Limits, Row, open_reader
from synthgen_core.readers.rows import excerpt
from synthgen_core.shapes import apply_mapping, read_row

NO_MAPPING: Mapping[str, str] = {}
CHAT, INSTRUCTION, PREFERENCE = "chat", "instruction", "preference"


class Accepted(NamedTuple):
    """A row that is an example."""

    line: int
    shape: str
    format: str
    content: JsonObject
    metadata: JsonObject
    warnings: tuple[Issue, ...]
    is_unwrapped: bool
    """It stood in a wrapping that damaged files have."""
    text: bytes
    """Its line, where there are lines."""


class Skipped(NamedTuple):
    """A row that is sound, and has no place in a dataset of the format that was chosen."""

    line: int
    reason: str
    message: str
    excerpt: str
    shape: str


Outcome: TypeAlias = Accepted | BadLine | Skipped


@dataclass(slots=True)
class Tally:
    """What came of the rows so far."""

    good: int = 0
    bad: int = 0
    skipped: int = 0
    unwrapped: int = 0
    shapes: Counter[str] = field(default_factory=Counter)
    """Shape -> rows that came in with it."""
    formats: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    """Reason -> rows that came in with it."""

    @property
    def rows(self) -> int:
        """All of them."""
        return self.good + self.bad + self.skipped

    def add(self, outcome: Outcome) -> None:
        """Count one more."""
        if isinstance(outcome, Accepted):
            self.good += 1
            self.unwrapped += outcome.is_unwrapped
            self.shapes[outcome.shape] += 1
            self.formats[outcome.format] += 1
            for issue in outcome.warnings:
                self.warnings[issue.reason] += 1
        elif isinstance(outcome, BadLine):
            self.bad += 1
        else:
            self.skipped += 1

    def notes(self) -> list[str]:
        """What the user should be told, one sentence each."""
        if not self.unwrapped:
            return []
        rows = "1 row" if self.unwrapped == 1 else f"{self.unwrapped:,} rows"
        return [f"{rows} stood in a damaged wrapping, {{“content”: ...}}, which was taken off."]


def read_examples(
    rows: Iterable[Row | BadLine], mapping: Mapping[str, str] = NO_MAPPING
) -> Iterator[Accepted | BadLine]:
    """Every row of a file, each in its own format. ``mapping`` (field -> column) holds for rows with such columns.

    Raises ConfigError as the reader does.
    """
    columns = set(mapping.values())
    for row in rows:
        if isinstance(row, BadLine):
            yield row
            continue
        try:
            is_mapped = columns and not columns.isdisjoint(row.value)
            shaped = apply_mapping(row.value, mapping, row.line) if is_mapped else read_row(row.value, row.line)
        except InvalidExampleError as error:
            yield BadLine(row.line, None, error.reason, error.message, _excerpt(row))
        else:
            yield Accepted(
                row.line,
                shaped.shape,
                shaped.format,
                shaped.content,
                shaped.metadata,
                shaped.warnings,
                shaped.is_unwrapped,
                row.text,
            )


def read_back(path: Path, limits: Limits | None = None) -> Iterator[Accepted | BadLine]:
    """Every row of a file that we wrote ourselves. Raises ConfigError, NotFoundError."""
    with open_reader(path, limits=limits) as reader:
        yield from read_examples(reader)


def fit(example: Accepted, format: str) -> Accepted | Skipped:
    """An example as one of this format, if that costs nothing of it."""
    if example.format == format:
        return example
    other = f"It is of the format {example.format}, and the dataset of the format {format}."
    begin = excerpt(example.text or orjson.dumps(example.content))
    if not can_convert(example.format, format):
        return Skipped(example.line, "other_format", other, begin, example.shape)
    converted = convert_content(example.content, example.format, format, metadata=example.metadata)
    if converted.losses or len(converted.contents) != 1:
        loss = converted.losses[0].message if converted.losses else "It becomes several examples."
        return Skipped(
            example.line, "other_format", f"{other} Converted, it is not the same: {loss}", begin, example.shape
        )
    content = converted.contents[0]
    warnings = tuple(FORMATS[format].warnings(content))
    return example._replace(format=format, content=content, metadata=converted.metadata, warnings=warnings)


def fits(format: str, into: str) -> bool:
    """Every example of ``format`` has its place in a dataset of the format ``into``."""
    return format == into or (format, into) == (INSTRUCTION, CHAT)


def choose_format(formats: Mapping[str, int]) -> str:
    """The format for a dataset of examples of these (format -> number): that of the most, where not all fit in one."""
    pairs = formats.get(PREFERENCE, 0)
    if pairs > sum(formats.values()) - pairs:
        return PREFERENCE
    return CHAT if formats.get(CHAT) or not formats.get(INSTRUCTION) else INSTRUCTION


def _excerpt(row: Row) -> str:
    return excerpt(row.text or orjson.dumps(row.value))
