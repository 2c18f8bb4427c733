"""Taking datasets out: the files of an export, whole and verified or not at all."""

from array import array
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from synthgen_core import __version__
from synthgen_core.access import Role, requires
from synthgen_core.actions.export_files import (
    MANIFEST,
    ExportedFile,
    Order,
    exported_files,
    manifest_name,
    manifest_of,
    read_back,
    read_manifest,
    write_files,
)
from synthgen_core.actions.export_plans import Draft, ExportPlan, ExportRequest, draft_export
from synthgen_core.database import Export, NewExport
from synthgen_core.errors import ConfigError, DatabaseError
from synthgen_core.models import JsonObject
from synthgen_core.staging import KEPT_SECONDS, Stage, check_place, make_room, zip_folder
from synthgen_core.targets import SPLITS, Facts, get_target, slug
from synthgen_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What was written."""

    export_id: int
    path: Path
    files: Sequence[ExportedFile]
    manifest: bytes
    rows: int
    verified: int
    """Rows that came back as they are when the files were read again with our own importer."""


@dataclass(frozen=True, slots=True)
class Download:
    """A file that a browser can have."""

    path: Path
    name: str
    media_type: str
    result: ExportResult


@requires(Role.REVIEWER)
def write_export(workspace: Workspace, request: ExportRequest, path: Path, *, overwrite: bool = False) -> ExportResult:
    """Write an export to a file, or to a folder where it has several: all of it, read back and verified, or nothing.

    Raises:
        NotFoundError: as ``plan_export``.
        ConfigError: the plan has a problem, or something is in the way that must not be overwritten.
        DatabaseError: the disk does not take it, or it does not read back.
    """
    return write_draft(workspace, draft_export(workspace, request), path, overwrite=overwrite)


@requires(Role.REVIEWER)
def download_export(workspace: Workspace, request: ExportRequest) -> Download:
    """Write an export to a file that is kept for a day; a ZIP file where it has several.

    Raises as ``write_export``.
    """
    target, dataset = get_target(request.target), workspace.database.get_dataset(request.dataset_id)
    name = f"{slug(dataset.name)}_{target.name}"
    room = make_room(workspace.settings.exports_dir, KEPT_SECONDS)
    if not target.is_folder and not request.split:
        path = room / f"{name}.{target.file_type}"
        return Download(path, path.name, MEDIA_TYPES[target.file_type], write_export(workspace, request, path))
    result = write_export(workspace, request, room / name)
    path = room / f"{name}.zip"
    zip_folder(room / name, path)
    return Download(path, path.name, "application/zip", result)


def list_exports(workspace: Workspace, dataset_id: int) -> list[Export]:
    """The exports of a dataset, the newest first. Raises NotFoundError."""
    workspace.database.get_dataset(dataset_id)
    return workspace.database.get_exports(dataset_id)


MEDIA_TYPES = {"jsonl": "application/x-ndjson", "csv": "text/csv", "parquet": "application/vnd.apache.parquet"}


@requires(Role.REVIEWER)
def write_draft(workspace: Workspace, draft: Draft, path: Path, *, overwrite: bool = False) -> ExportResult:
    """Write an export whose plan was looked at. Raises ConfigError and DatabaseError, as ``write_export``."""
    if draft.plan.problem:
        raise ConfigError(draft.plan.problem)
    request, plan, order = draft.request, draft.plan, draft.order
    is_folder = plan.target.is_folder or bool(request.split)
    suffix = plan.target.file_type
    names = {part: f"{part or 'data'}.{suffix}" if is_folder else path.name for part in order.parts}
    if is_folder and not request.split and plan.target.file_type == "parquet":
        names = {"": f"{SPLITS[0]}.{suffix}"}  # what loads it looks for the name of a split
    order = replace(
        order, parts={names[part]: ids for part, ids in order.parts.items()}, facts=_facts(workspace, order)
    )
    beside = manifest_name(path, is_folder=is_folder)
    check_place(path, [*names.values(), beside], is_folder=is_folder, overwrite=overwrite, ours=_ours(path))
    with Stage(path, is_folder=is_folder) as stage:
        files = write_files(workspace, order, stage)
        verified = read_back(stage, order, files)
        export = workspace.database.add_export(_new_export(request, plan, order, files, verified))
        try:
            manifest = manifest_of(export)
            stage.create(beside).write(manifest)
            stage.put_in_place()
        except DatabaseError:
            workspace.database.delete_export(export.id)
            raise
    return ExportResult(export.id, path, files, manifest, sum(file.rows for file in files), verified)


def _ours(folder: Path) -> list[str]:
    """The files of the export that a folder is, if it is one."""
    manifest = folder / MANIFEST
    return [MANIFEST, *(file.name for file in exported_files(read_manifest(manifest)))] if manifest.is_file() else []


def _facts(workspace: Workspace, order: Order) -> Facts:
    ids = [each for part in order.parts.values() for each in part]
    known = workspace.database.gather_facts(ids)
    return replace(
        order.facts,
        fields=order.fields,
        languages=tuple(sorted(known.languages)),
        models=dict(known.models.most_common()),
        examples=len(ids),
        accepted=known.accepted,
        rejected=known.rejected,
        scored=known.scored,
        mean_score=known.score_sum / known.scored if known.scored else None,
        repeats=known.repeats,
    )


def _new_export(
    request: ExportRequest, plan: ExportPlan, order: Order, files: Sequence[ExportedFile], verified: int
) -> NewExport:
    asked: JsonObject = {
        "version": request.version,
        "strategy": request.strategy,
        "split": list(request.split),
        "skip_invalid": request.skip_invalid,
        "licence": request.licence,
    }
    return NewExport(
        dataset_id=order.dataset_id,
        watermark=order.mark,
        target=plan.target.name,
        options={**order.to_options(), "request": asked},
        filter={**asdict(request.filter), "statuses": [*request.filter.statuses]},
        seed=request.seed if request.split else None,
        counts={
            "matched": plan.matched,
            "refused": plan.refused,
            "examples": {name: len(ids) for name, ids in order.parts.items()},
            "rows": plan.rows,
            "verified": verified,
            "left_out": plan.left_out,
            "omissions": [{"reason": omission.reason, "examples": omission.count} for omission in plan.omissions],
        },
        files=[{"name": f.name, "sha256": f.sha256, "bytes": f.size, "rows": f.rows} for f in files],
        example_ids=array("q", (each for part in order.parts.values() for each in part)),
        app_version=__version__,
    )
