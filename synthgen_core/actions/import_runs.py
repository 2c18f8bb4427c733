"""The work of an import, in the background: read, put in one format, write batch by batch, show it once it is whole."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from synthgen_core.actions.datasets import storable
from synthgen_core.actions.import_files import Source, forget_upload, limits_of
from synthgen_core.actions.unpublished import begin_unpublished, take_away
from synthgen_core.database import NewBadLine, NewDataset, NewExample, NewFlag, NewImport, Progress
from synthgen_core.database.datasets import now
from synthgen_core.errors import ConfigError, DatabaseError, InvalidExampleError, NotFoundError, StoppedError
from synthgen_core.importing import Accepted, Outcome, Skipped, Tally, choose_format, fit, fits, read_examples
from synthgen_core.jobs import Run
from synthgen_core.models import Dataset, Job, Origin, Severity
from synthgen_core.readers import BadLine, Reader, open_reader
from synthgen_core.workspace import Workspace

LOG = logging.getLogger(__name__)
BATCH_ROWS, BATCH_BYTES = 4000, 16_000_000
"""Rows are written in one transaction until either is reached."""
MOST_BAD_LINES = 10_000
"""Lines of one file that are listed; the others are counted."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How files are imported."""

    name: str = ""
    """Of the dataset; empty: that of the file."""
    format_type: str = ""
    """Of the dataset; empty: the one that most rows fit."""
    encoding: str = ""
    """Of the files' characters; empty: UTF-8."""
    replace_invalid: bool = False
    """Bytes that are no characters become “�”; else their lines are bad ones."""
    mapping: tuple[tuple[str, str], ...] = ()
    """(field, column) for rows of a shape that is not known."""
    is_all_or_nothing: bool = False
    """One bad line, and nothing is imported."""
    is_again: bool = False
    """Import the same content once more."""


@dataclass(slots=True)
class FileTally(Tally):
    """What came of one file."""

    blank: int = 0
    remarks: list[str] = field(default_factory=list)
    bad_lines: list[NewBadLine] = field(default_factory=list)
    """The first of those that did not come in."""

    def keep(self, outcome: Outcome) -> None:
        """Count one more, and list it if it did not come in."""
        self.add(outcome)
        if isinstance(outcome, BadLine | Skipped) and len(self.bad_lines) < MOST_BAD_LINES:
            column = outcome.column if isinstance(outcome, BadLine) else None
            message, begin = storable(outcome.message), storable(outcome.excerpt)
            self.bad_lines.append(NewBadLine(outcome.line, column, message, begin, outcome.shape))


class MixedError(Exception):
    """A row does not fit the format that the first rows suggested."""


def import_in_background(workspace: Workspace, job: Job, sources: Sequence[Source], options: ImportOptions) -> None:
    """Do the work of a pending job as soon as there is room; returns at once."""
    workspace.runner.start(job, lambda run: ImportWork(workspace, run, sources, options).perform())


def open_source(workspace: Workspace, source: Source, options: ImportOptions, most_bytes: int | None = None) -> Reader:
    """A reader of a source's rows. Raises NotFoundError, ConfigError as ``open_reader`` does."""
    if source.is_upload and not source.facts.path.exists():
        raise NotFoundError(f"The upload “{source.label}” is gone; it is kept for a day.", "Upload it again.")
    return open_reader(
        source.facts.path,
        name=source.label,
        encoding=options.encoding,
        replace_invalid=options.replace_invalid,
        limits=limits_of(workspace.settings),
        most_bytes=most_bytes,
    )


class ImportWork:
    """One run of an import: its files, and what came of them so far."""

    def __init__(self, workspace: Workspace, run: Run, sources: Sequence[Source], options: ImportOptions) -> None:
        self._workspace, self._run, self._sources, self._options = workspace, run, sources, options
        self._tallies: list[FileTally] = []
        """One for each file that was begun."""
        self._dataset: Dataset | None = None
        """What is being made; hidden."""
        self._batch: list[NewExample] = []
        self._bytes = 0
        """Of the lines in the batch."""
        self._given_up = 0
        """Lines since the last batch that did not come in."""
        self._index = 0
        """Of the next example."""
        self._reader: Reader | None = None
        self._bytes_before = 0
        """Of the files before the one that is read."""

    def perform(self) -> None:
        """Import everything, or leave nothing behind.

        Raises:
            InvalidExampleError: there is no example in the files, or a bad line where all is wanted.
            ConfigError: a file cannot be read, or was changed meanwhile. StoppedError: somebody cancelled.
            DatabaseError: nothing can be written.
        """
        if any(one.good for one in self._workspace.database.get_imports(job_id=self._run.job.id)):
            return  # all was done when the process died
        try:
            self._start_over()
            self._import()
        except ConfigError:
            self._give_up()
            self._report_nothing()  # the folder's next scan knows by it that this file cannot be read
            raise
        except BaseException:
            self._give_up()
            raise
        for source in self._sources:
            forget_upload(source)

    def _import(self) -> None:
        if self._options.is_all_or_nothing:
            self._bring_in(self._checked_format(), is_guess=False)
        elif self._options.format_type:
            self._bring_in(self._options.format_type, is_guess=False)
        else:
            try:
                self._bring_in("", is_guess=True)
            except MixedError:
                self._start_over()
                self._bring_in(choose_format(self._look_through("").formats), is_guess=False)
        self._publish()

    def _checked_format(self) -> str:
        """The format for the dataset, once every row was found to fit. Raises InvalidExampleError."""
        format = self._options.format_type
        found = self._look_through(format)
        if not format:
            format = choose_format(found.formats)
            if not all(fits(name, format) for name in found.formats):
                found = self._look_through(format)
        if lost := found.bad + found.skipped:
            self._report_nothing()
            raise InvalidExampleError(
                f"{lost:,} of {found.rows:,} rows cannot be imported, so that nothing was.",
                "See the list of bad lines; correct them, or import the good ones only.",
                reason="all_or_nothing",
            )
        return format

    def _look_through(self, format: str) -> Tally:
        """What would come of all files, in this format if one is given; nothing is written."""
        self._run.note("Looking through the file.")
        total = Tally()
        for outcome in self._outcomes():
            fitted = fit(outcome, format) if format and isinstance(outcome, Accepted) else outcome
            self._tallies[-1].keep(fitted)
            total.add(fitted)
            if total.rows % BATCH_ROWS == 0:
                self._check_stop()
        self._run.note("")
        return total

    def _bring_in(self, format: str, *, is_guess: bool) -> None:
        """Write all that fits this format. As a guess it is the first row's; MixedError at a row that does not fit."""
        rows = 0
        for outcome in self._outcomes():
            rows += 1
            fitted: Outcome = outcome
            if isinstance(outcome, Accepted):
                format = format or outcome.format
                if is_guess and not fits(outcome.format, format):
                    raise MixedError
                fitted = fit(outcome, format)
            self._tallies[-1].keep(fitted)
            self._take(fitted)
            if len(self._batch) + self._given_up >= BATCH_ROWS or self._bytes >= BATCH_BYTES:
                self._write(format, round(rows / self._share_read()))
        self._write(format, rows)

    def _outcomes(self) -> Iterator[Accepted | BadLine]:
        """What each row of every file is; a tally is begun for each file."""
        mapping = dict(self._options.mapping)
        before = 0
        self._tallies, self._index = [], 0
        for source in self._sources:
            self._tallies.append(tally := FileTally())
            with open_source(self._workspace, source, self._options) as reader:
                self._reader, self._bytes_before = reader, before
                yield from read_examples(reader, mapping)
                tally.blank, tally.remarks = reader.blank, reader.notes
            before += source.facts.size
            if not source.facts.is_same:
                raise ConfigError(f"“{source.label}” was changed while it was read.", "Import it again.")

    def _share_read(self) -> float:
        """How much of all files was read."""
        total = sum(source.facts.size for source in self._sources)
        read = self._bytes_before + (self._reader.position if self._reader else 0)
        return max(read, 1) / max(total, 1)

    def _take(self, outcome: Outcome) -> None:
        if isinstance(outcome, Accepted):
            flags = tuple(NewFlag(issue.reason, Severity.WARNING, str(issue)) for issue in outcome.warnings)
            self._batch.append(NewExample(self._index, outcome.content, outcome.metadata, flags=flags))
            self._bytes += len(outcome.text)
            self._index += 1
        else:
            self._given_up += 1
            self._run.count_error(outcome.reason, InvalidExampleError(f"Line {outcome.line:,}: {outcome.message}"))

    def _write(self, format: str, expected: int) -> None:
        """Write the batch down, with ``expected`` rows in all."""
        self._check_stop()
        if self._batch and self._dataset is None:
            self._dataset = self._begin(format)
        self._run.record(
            Progress(
                self._batch,
                failed=self._given_up,
                errors=self._run.errors_json() if self._given_up else None,
                requested=expected,
                seconds=self._run.seconds,
            )
        )
        self._batch, self._bytes, self._given_up = [], 0, 0

    def _check_stop(self) -> None:
        if self._run.stop.is_set():
            raise StoppedError

    def _begin(self, format: str) -> Dataset:
        new = NewDataset(
            name=str(self._run.job.parameters["name"]),
            domain="",
            subdomain="",
            format_type=format,
            file_path=self._workspace.mirror.claim("imported", now()),
            metadata={"files": [source.label for source in self._sources]},
            origin=Origin.IMPORTED,
        )
        return begin_unpublished(self._workspace, self._run, new)

    def _publish(self) -> None:
        """Write the file, then show the dataset. Raises InvalidExampleError where there is none."""
        if self._dataset is None:
            self._report_nothing()
            raise InvalidExampleError("There are no examples in it.", "See the list of bad lines.", reason="empty")
        self._run.note("Writing the file.")
        self._workspace.mirror.rewrite(self._dataset.id, self._dataset.file_path)
        self._check_stop()
        self._workspace.database.publish([self._dataset.id], imports=self._imports())
        self._dataset = None
        self._run.note("")

    def _report_nothing(self) -> None:
        """Keep the list of bad lines, though no dataset came of it."""
        for tally in self._tallies:
            tally.good = 0
        self._workspace.database.add_imports(None, self._imports())

    def _imports(self) -> list[NewImport]:
        """What to keep of the files that were begun."""
        return [
            NewImport(
                source.label,
                source.facts.content_hash,
                tally.good,
                tally.bad,
                tally.skipped,
                tally.blank,
                path="" if source.is_upload else str(source.facts.path),
                shapes=dict(tally.shapes),
                notes=tally.notes() + tally.remarks,
                job_id=self._run.job.id,
                bad_lines=tally.bad_lines,
            )
            for source, tally in zip(self._sources, self._tallies, strict=False)
        ]

    def _start_over(self) -> None:
        """Take away what was made, and count from nothing."""
        if self._dataset is not None:
            take_away(self._workspace, self._dataset)
            self._dataset = None
            self._run.job = replace(self._run.job, dataset_id=None)
        self._batch, self._bytes, self._given_up = [], 0, 0
        self._run.errors.clear()
        job = self._workspace.database.get_job(self._run.job.id)
        if job.done or job.failed:
            self._run.record(Progress(done=-job.done, failed=-job.failed, seconds=self._run.seconds))

    def _give_up(self) -> None:
        """Leave nothing behind. What cannot be taken away now stays hidden, and goes at the next start."""
        errors = dict(self._run.errors)
        try:
            self._start_over()
        except DatabaseError as error:
            LOG.warning("what job %s had imported could not be taken away: %s", self._run.job.id, error.message)
        self._run.errors |= errors
