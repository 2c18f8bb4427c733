"""Importing files: start, resume, see what came of it; and the folder in which files may be put for it."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from synthgen_core.access import Role, requires
from synthgen_core.actions.datasets import clean_name
from synthgen_core.actions.import_files import Source, from_json, label_of, local_file, scan_for_datasets, to_json
from synthgen_core.actions.import_previews import find_earlier
from synthgen_core.actions.import_runs import ImportOptions, import_in_background, open_source
from synthgen_core.database import NewBadLine, NewJob
from synthgen_core.errors import ConfigError, ConflictError, DatabaseError, NotFoundError, SynthGenError
from synthgen_core.formats import get_format
from synthgen_core.models import Job, JobKind, JsonObject
from synthgen_core.shapes import check_mapping
from synthgen_core.workspace import ACTIVE, Workspace, discard_unfinished

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of an import."""

    job: Job
    dataset_id: int | None
    """None: nothing was imported, or not yet."""
    good: int
    bad: int
    skipped: int
    """Sound rows that had no place in a dataset of this format."""
    blank: int
    shapes: Mapping[str, int]
    """Shape -> rows that came in with it."""
    notes: Sequence[str]
    bad_lines: Sequence[NewBadLine] = field(default=(), repr=False)
    """The first 10,000 of each file, those that were skipped among them."""


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What was found in the folder of datasets."""

    started: Sequence[Job]
    """Imports of files that were not known."""
    failed: Sequence[tuple[str, SynthGenError]]
    """(file, why it cannot be imported)."""


@requires(Role.ADMIN)
def start_import(workspace: Workspace, sources: Sequence[Source], options: ImportOptions | None = None) -> Job:
    """Import files into one new dataset, in the background; returns at once.

    Raises:
        ConflictError: the same content was imported before, or is being imported (unless ``is_again``).
        ConfigError: there is no file, one is none that can be read, or an option is wrong.
        NotFoundError: a file is gone, or there is no such format.
    """
    options = options or ImportOptions()
    if not sources:
        raise ConfigError("There is no file to import.", "Choose one.")
    if options.format_type:
        options = replace(options, format_type=get_format(options.format_type).name)
    if options.mapping:
        fields = dict(options.mapping)
        check_mapping(fields, fields.values())
    if not options.is_again:
        for source in sources:
            _refuse_known(workspace, source)
    for source in sources:
        open_source(workspace, source, options).close()
    more = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
    name = clean_name(options.name) or f"{sources[0].stem}{more}"
    parameters: JsonObject = {"name": name, "sources": to_json(sources), "options": _to_json(options)}
    job = workspace.database.create_job(NewJob(JobKind.IMPORT, parameters, 0, workspace.runner.owner))
    import_in_background(workspace, job, sources, options)
    return job


def _refuse_known(workspace: Workspace, source: Source) -> None:
    if earlier := find_earlier(workspace, source):
        raise ConflictError(
            f"“{source.label}” was already imported on {earlier.at:%Y-%m-%d %H:%M} UTC, as dataset {earlier.dataset_id}"
            f" “{earlier.name}”.",
            "Open that dataset, or import the file again on purpose.",
        )
    for job in workspace.database.get_jobs(ACTIVE, JobKind.IMPORT):
        if source.facts.content_hash in {other.facts.content_hash for other in from_json(job.parameters["sources"])}:
            raise ConflictError(f"“{source.label}” is being imported, by job {job.id}.", "Wait for it.")


@requires(Role.ADMIN)
def resume_import(workspace: Workspace, /, job_id: int, **_: object) -> Job:
    """Do an import that stopped short anew, from the start: nothing of it was kept.

    Raises:
        NotFoundError: there is no such job, or its upload is gone. ConfigError: a file cannot be read any more.
        ConflictError: it runs, or is complete.
    """
    job = workspace.database.get_job(job_id)
    sources, options = from_json(job.parameters["sources"]), _from_json(job.parameters["options"])
    for source in sources:
        open_source(workspace, source, options).close()
    discard_unfinished(workspace)
    job = workspace.database.reopen_job(job_id, workspace.runner.owner)
    import_in_background(workspace, job, sources, options)
    return job


def get_import_report(workspace: Workspace, job_id: int) -> ImportReport:
    """What came of an import, all its files together; while it runs, what its job counted. Raises NotFoundError."""
    job = workspace.database.get_job(job_id)
    files = workspace.database.get_imports(job_id=job_id)
    if files:  # of several runs, the last
        last = files[0].created_at
        files = [one for one in reversed(files) if one.created_at == last]
    shapes: dict[str, int] = {}
    for one in files:
        for shape, count in one.shapes.items():
            shapes[shape] = shapes.get(shape, 0) + int(str(count))
    return ImportReport(
        job=job,
        dataset_id=next((one.dataset_id for one in files), None),
        good=sum(one.good for one in files),
        bad=sum(one.bad for one in files),
        skipped=sum(one.skipped for one in files),
        blank=sum(one.blank for one in files),
        shapes=shapes,
        notes=list(dict.fromkeys(note for one in files for note in one.notes)),
        bad_lines=[line for one in files for line in workspace.database.get_bad_lines(import_id=one.id)],
    )


def get_sources(workspace: Workspace, job_id: int) -> list[Source]:
    """The uploads of an import that are still kept: to import them in another way. Raises NotFoundError."""
    sources = from_json(workspace.database.get_job(job_id).parameters["sources"])
    return [source for source in sources if source.is_upload and source.facts.is_same]


@requires(Role.ADMIN)
def scan_folder(workspace: Workspace) -> ScanReport:
    """Import every data file in the folder of datasets that is neither ours nor known; each stays where it is.

    A file is known by its path and content, or by its content alone once it was imported. Raises DatabaseError.
    """
    found = scan_for_datasets(workspace.settings.data_dir)  # first: a file of ours is in the database before it grows
    ours = workspace.database.get_file_paths()
    started: list[Job] = []
    failed: list[tuple[str, SynthGenError]] = []
    for path in found:
        if path.relative_to(workspace.settings.data_dir).as_posix() in ours:
            continue
        try:
            source = local_file(path)
            if source.facts.size and not _is_known(workspace, source):
                started.append(start_import(workspace, [source]))
        except (ConflictError, NotFoundError):
            continue  # it is being imported, or was just removed
        except ConfigError as error:
            failed.append((label_of(path.name), error))
    return ScanReport(started, failed)


def _is_known(workspace: Workspace, source: Source) -> bool:
    same = workspace.database.get_imports(content_hash=source.facts.content_hash)
    return any(one.good or one.path == str(source.facts.path) for one in same)


@requires(Role.ADMIN)
def scan_at_start(workspace: Workspace) -> None:
    """Look into the folder of datasets when the app starts; what cannot be imported is logged."""
    try:
        report = scan_folder(workspace)
    except DatabaseError as error:
        LOG.error("the folder of datasets could not be looked through: %s", error.message)
        return
    for job in report.started:
        LOG.info("job %s imports a file that was found in the folder of datasets", job.id)
    for _, reason in report.failed:
        LOG.warning("a file in the folder of datasets cannot be imported: %s", reason.message)


def _to_json(options: ImportOptions) -> JsonObject:
    return asdict(options) | {"mapping": dict(options.mapping)}


def _from_json(kept: object) -> ImportOptions:
    assert isinstance(kept, dict)
    return ImportOptions(**kept | {"mapping": tuple(kept["mapping"].items())})
