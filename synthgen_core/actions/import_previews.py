"""What is in a file before it is imported: its rows, its faults, and what could be chosen otherwise."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from synthgen_core.access import Role, requires
from synthgen_core.actions.import_files import Source
from synthgen_core.actions.import_runs import FileTally, ImportOptions, open_source
from synthgen_core.database import NewBadLine
from synthgen_core.errors import NotFoundError
from synthgen_core.formats import get_format
from synthgen_core.importing import Accepted, Outcome, choose_format, fit, read_examples
from synthgen_core.models import JsonObject
from synthgen_core.readers import BadLine, FileType, Row, guess_encoding
from synthgen_core.shapes import guess_mapping
from synthgen_core.workspace import Workspace
from synthgen_core.writers import to_cell

PREVIEW_BYTES = 16_000_000
"""As much of a file is read for a preview; most files are smaller."""
PREVIEW_ROWS = 5
"""Examples that are shown."""
MAPPING_ROWS = 50
"""Rows by which a mapping is guessed."""
UNKNOWN_SHAPE = "unknown_shape"
BAD_LINE_COLUMNS = ("line", "column", "reason", "excerpt")


@dataclass(frozen=True, slots=True)
class Earlier:
    """The same content was imported before."""

    dataset_id: int
    name: str
    """Of the dataset."""
    at: datetime


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What is in a file, or in its beginning."""

    source: Source
    file_type: FileType
    is_whole: bool
    """All of the file was read; else ``rows`` of it."""
    rows: int
    good: int
    bad: int
    skipped: int
    """Sound rows that have no place in a dataset of this format."""
    blank: int
    shapes: Mapping[str, int]
    """Shape -> rows that would come in with it."""
    formats: Mapping[str, int]
    """Format of the rows as they stand -> how many."""
    format: str
    """Of the dataset; empty where no row would come in."""
    warnings: Mapping[str, int]
    """Reason -> examples that are doubtful for it."""
    first: Sequence[Accepted]
    bad_lines: Sequence[NewBadLine] = field(repr=False)
    """The first 10,000 that would not come in."""
    notes: Sequence[str]
    encoding: str
    encoding_guess: str
    """What the characters may be where lines are not what was expected; else empty."""
    columns: Sequence[str]
    """Names in the first rows."""
    raw_rows: Sequence[JsonObject] = field(repr=False)
    """The first rows as they stand."""
    mapping_guess: Mapping[str, str]
    """Field -> column, where there are rows of no known shape; else empty, as where nothing can be guessed."""
    has_unknown_shape: bool
    earlier: Earlier | None


class _Look:
    """One reading of a file, or of its beginning."""

    def __init__(self, workspace: Workspace, source: Source, options: ImportOptions, format: str) -> None:
        self.tally = FileTally()
        self.formats: Counter[str] = Counter()
        """Of the rows as they stand."""
        self.first: list[Accepted] = []
        self.rows: list[JsonObject] = []
        """The first, as they stand."""
        self.unknown: list[JsonObject] = []
        """The first of no known shape."""
        self.reasons: set[str] = set()
        """Why lines are bad."""
        self._last: JsonObject = {}
        with open_source(workspace, source, options, PREVIEW_BYTES) as reader:
            for outcome in read_examples(self._watched(reader), dict(options.mapping)):
                if isinstance(outcome, Accepted):
                    self.formats[outcome.format] += 1
                self._keep(fit(outcome, format) if format and isinstance(outcome, Accepted) else outcome)
            self.file_type, self.encoding, self.is_whole = reader.file_type, reader.encoding, reader.is_whole
            self.tally.blank, self.tally.remarks = reader.blank, reader.notes

    def _watched(self, rows: Iterable[Row | BadLine]) -> Iterator[Row | BadLine]:
        for row in rows:
            if isinstance(row, Row):
                self._last = row.value
                if len(self.rows) < PREVIEW_ROWS:
                    self.rows.append(row.value)
            yield row

    def _keep(self, outcome: Outcome) -> None:
        self.tally.keep(outcome)
        if isinstance(outcome, Accepted):
            if len(self.first) < PREVIEW_ROWS:
                self.first.append(outcome)
            return
        self.reasons.add(outcome.reason)
        if outcome.reason == UNKNOWN_SHAPE and len(self.unknown) < MAPPING_ROWS:
            self.unknown.append(self._last)


@requires(Role.ADMIN)
def preview_import(workspace: Workspace, source: Source, options: ImportOptions | None = None) -> ImportPreview:
    """What would come of a file, told by all of it or by its first 16 MB; nothing is written.

    Raises:
        NotFoundError: the file is gone, or there is no such format.
        ConfigError: it is none that can be read, or an option is wrong.
    """
    options = options or ImportOptions()
    look = _Look(workspace, source, options, options.format_type and get_format(options.format_type).name)
    format = options.format_type or choose_format(look.formats)
    if not options.format_type and set(look.formats) - {format}:
        look = _Look(workspace, source, options, format)
    tally = look.tally
    has_bad_encoding = "encoding" in look.reasons
    return ImportPreview(
        source=source,
        file_type=look.file_type,
        is_whole=look.is_whole,
        rows=tally.rows,
        good=tally.good,
        bad=tally.bad,
        skipped=tally.skipped,
        blank=tally.blank,
        shapes=dict(tally.shapes),
        formats=dict(look.formats),
        format=format if tally.good else "",
        warnings=dict(tally.warnings),
        first=look.first,
        bad_lines=tally.bad_lines,
        notes=tally.notes() + tally.remarks,
        encoding=look.encoding,
        encoding_guess=guess_encoding(source.facts.path) if has_bad_encoding else "",
        columns=list(dict.fromkeys(name for row in look.unknown or look.rows for name in row)),
        raw_rows=look.rows,
        mapping_guess=guess_mapping(look.unknown) if look.unknown else {},
        has_unknown_shape=bool(look.unknown),
        earlier=find_earlier(workspace, source),
    )


def common_format(previews: Iterable[ImportPreview]) -> str:
    """The format for one dataset of all these files; empty where no row would come in."""
    formats: Counter[str] = Counter()
    for preview in previews:
        formats.update(preview.formats)
    return choose_format(formats) if formats else ""


def find_earlier(workspace: Workspace, source: Source) -> Earlier | None:
    """The dataset that the same content was imported to, if it is still there; the latest of several."""
    for one in workspace.database.get_imports(content_hash=source.facts.content_hash):
        if one.dataset_id is not None and one.good:
            try:
                dataset = workspace.database.get_dataset(one.dataset_id)
            except NotFoundError:
                continue  # it is in the trash
            return Earlier(dataset.id, dataset.name, one.created_at)
    return None


def bad_lines_csv(lines: Iterable[NewBadLine]) -> bytes:
    """A list of bad lines as CSV, for a spreadsheet: line, column, reason and how the line begins."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(BAD_LINE_COLUMNS)
    for line in lines:
        writer.writerow([line.line, line.column or "", to_cell(line.reason), to_cell(line.excerpt)])
    return text.getvalue().encode()
