"""Examples to the rows of an export target, and what is lost or refused on the way: counted first, written then.

Pure but for ``read_back``, which reads a file that was written. The database is not known here.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import orjson

from synthgen_core.conversion import can_convert, convert_content
from synthgen_core.errors import DatabaseError, InvalidExampleError
from synthgen_core.formats import Issue
from synthgen_core.importing import Accepted, read_back
from synthgen_core.models import JsonObject
from synthgen_core.readers import Limits
from synthgen_core.targets import Omission, Target, fields_of
from synthgen_core.writers import WRITERS, RowWriter, Sink

SHOWN = 10
"""Examples that a report names for each reason."""
UNLIMITED = Limits(line_bytes=1 << 40, file_bytes=1 << 60, rows=1 << 60)
PREFERENCE = "preference"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How examples become rows."""

    target: Target
    source: str
    """Stored format of the examples."""
    strategy: str
    """How conversations are taken apart where the target has no place for them; a key of ``STRATEGIES``."""

    @property
    def format(self) -> str:
        """Of the rows: the examples' own if the target takes it, else what they are converted to."""
        format = format_for(self.target, self.source)
        assert format is not None
        return format

    @property
    def is_verbatim(self) -> bool:
        """The stored texts are the rows."""
        return self.target.is_verbatim


def format_for(target: Target, source: str) -> str | None:
    """The format in which a target takes examples of this one; None: it does not, but for pairs from edits."""
    if source in target.formats:
        return source
    return next((format for format in target.formats if can_convert(source, format)), None)


@dataclass(frozen=True, slots=True)
class Made:
    """What one example comes to."""

    example_id: int
    rows: tuple[JsonObject, ...]
    omissions: tuple[Omission, ...]
    issues: tuple[Issue, ...]
    """Why the target refuses it; then its rows are not to be written."""


def make_rows(recipe: Recipe, example_id: int, content: JsonObject, metadata: JsonObject) -> Made:
    """An example as rows of the target: one, several, or none where the strategy leaves it out."""
    target, format = recipe.target, recipe.format
    converted = convert_content(content, recipe.source, format, recipe.strategy, metadata)
    rows: list[JsonObject] = []
    told = [Omission(loss.reason, loss.message) for loss in converted.losses]
    issues: list[Issue] = []
    for part in converted.contents:
        try:
            draft = target.draft(format, part, converted.metadata)
        except InvalidExampleError as error:
            issues.append(Issue(error.reason, error.message, error.hint))
        else:
            rows.append(draft.row)
            issues += draft.issues
            told += draft.omissions
    return Made(example_id, tuple(rows), tuple(dict.fromkeys(told)), tuple(issues))


@dataclass(slots=True)
class Count:
    """One reason for something, over many examples."""

    reason: str
    message: str
    """Of the first example that it holds for."""
    remedy: str = ""
    count: int = 0
    examples: list[int] = field(default_factory=list)
    """Ids of the first."""

    def add(self, example_id: int) -> None:
        """It holds for one more."""
        self.count += 1
        if len(self.examples) < SHOWN:
            self.examples.append(example_id)


@dataclass(slots=True)
class Survey:
    """What an export would come to, counted without a file. Takes 12 bytes an example."""

    ids: "array[int]" = field(default_factory=lambda: array("q"))
    """Examples that give rows, in order."""
    rows: "array[int]" = field(default_factory=lambda: array("I"))
    """Of each of them: its rows."""
    left_out: int = 0
    """Examples that give none, because of how conversations are taken apart."""
    refused: int = 0
    """Examples that the target refuses."""
    omissions: dict[str, Count] = field(default_factory=dict)
    """Reason -> what is left out, of examples or altogether."""
    refusals: dict[str, Count] = field(default_factory=dict)
    fields: set[str] = field(default_factory=set)
    """Keys that occur in rows, where the target needs to know."""
    size: int = 0
    """Bytes of the rows as JSON lines."""

    def add(self, made: Made, *, needs_fields: bool) -> None:
        """Count one more example."""
        if made.issues:
            self.refused += 1
            for issue in {issue.reason: issue for issue in reversed(made.issues)}.values():
                refusal = Count(issue.reason, issue.message, issue.remedy)
                self.refusals.setdefault(issue.reason, refusal).add(made.example_id)
            return
        for told in made.omissions:
            self.omissions.setdefault(told.reason, Count(told.reason, told.message)).add(made.example_id)
        if not made.rows:
            self.left_out += 1
            return
        self.ids.append(made.example_id)
        self.rows.append(len(made.rows))
        for row in made.rows:
            if needs_fields:
                self.fields.update(fields_of(row))
            self.size += len(orjson.dumps(row)) + 1


def survey(recipe: Recipe, examples: Iterable[tuple[int, JsonObject, JsonObject]]) -> Survey:
    """Count what (id, content, metadata) come to."""
    found = Survey()
    for example in examples:
        found.add(make_rows(recipe, *example), needs_fields=recipe.target.needs_fields)
    return found


class Digest:
    """A sink that keeps nothing but the hash and the number of its bytes."""

    def __init__(self) -> None:
        self._hash = sha256()
        self.size = 0

    def write(self, block: bytes, /) -> None:
        """Take a block."""
        self._hash.update(block)
        self.size += len(block)

    @property
    def sha256(self) -> str:
        """Of the bytes so far, in hexadecimal digits."""
        return self._hash.hexdigest()


def open_rows(recipe: Recipe, sink: Sink, fields: frozenset[str]) -> RowWriter:
    """A writer of the target's rows. ``fields`` are the keys that occur in any of them."""
    target = recipe.target
    return WRITERS[target.file_type](sink, target.columns(recipe.format, fields))


def write_rows(
    recipe: Recipe, sink: Sink, fields: frozenset[str], examples: Iterable[tuple[int, JsonObject, JsonObject]]
) -> int:
    """Write the rows that (id, content, metadata) come to; returns how many. The target takes all of them."""
    writer, count = open_rows(recipe, sink, fields), 0
    for _, content, metadata in examples:
        converted = convert_content(content, recipe.source, recipe.format, recipe.strategy, metadata)
        for part in converted.contents:
            writer.write(recipe.target.make_row(recipe.format, part, converted.metadata))
            count += 1
    writer.close()
    return count


def verify(recipe: Recipe, path: Path, sha: str, rows: int, fields: frozenset[str]) -> None:
    """Read a file with our own importer, and write what was read again: the same bytes, or it did not come through.

    Raises:
        DatabaseError: a row does not come back, or comes back as something else.
    """
    again = Digest()
    writer, count = open_rows(recipe, again, fields), 0
    for outcome in read_back(path, UNLIMITED):
        if not isinstance(outcome, Accepted):
            raise _unread(f"row {outcome.line} does not come back: {outcome.message}")
        if outcome.format != recipe.format:
            raise _unread(f"row {outcome.line} comes back as {outcome.format}")
        writer.write(recipe.target.to_row(outcome.format, outcome.content, outcome.metadata))
        count += 1
    writer.close()
    if count != rows or again.sha256 != sha:
        raise _unread(f"{count:,} of {rows:,} rows come back" + (", not all as they were" if count == rows else ""))


def _unread(fault: str) -> DatabaseError:
    return DatabaseError(f"The file was read again, and {fault}.", "Nothing was put in its place. Please report it.")
