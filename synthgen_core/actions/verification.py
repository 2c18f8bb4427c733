"""Whether what was kept and what was taken out still agree; and an export written again from its manifest."""

from dataclasses import dataclass
from pathlib import Path

import orjson

from synthgen_core.access import Role, requires
from synthgen_core.actions.export_files import (
    ExportedFile,
    exported_files,
    is_in_folder,
    manifest_name,
    manifest_of,
    order_of,
    read_back,
    read_manifest,
    write_files,
)
from synthgen_core.actions.exports import ExportResult
from synthgen_core.database import Export
from synthgen_core.errors import ConfigError, DatabaseError, NotFoundError
from synthgen_core.exporting import Digest
from synthgen_core.models import JsonObject
from synthgen_core.sizes import fingerprint
from synthgen_core.staging import Stage, check_place, hash_file
from synthgen_core.workspace import Workspace

SHOWN = 10
"""Examples that a difference names."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What was compared, and what differs."""

    examples: int
    """Active ones, counted in the database."""
    checked: tuple[str, ...]
    """What was compared, a sentence each."""
    differences: tuple[str, ...]
    """Empty: all agree."""


def verify_dataset(workspace: Workspace, dataset_id: int, manifest: Path | None = None) -> Verification:
    """Compare a dataset's rows with their fingerprints, its count and its file; with a manifest, that export, too.

    Of an export, its files beside the manifest are compared, and what the database would write again.

    Raises:
        NotFoundError: there is no such dataset. ConfigError: the manifest cannot be read.
    """
    dataset = workspace.database.get_dataset(dataset_id)
    checked, differences = [], []
    total, active, wrong = 0, 0, []
    for example_id, is_active, content, kept in workspace.database.stream_fingerprints(dataset_id):
        total, active = total + 1, active + is_active
        if fingerprint(orjson.loads(content)) != kept:
            wrong.append(example_id)
    checked.append(f"{total:,} examples with their fingerprints")
    if wrong:
        named = ", ".join(map(str, wrong[:SHOWN]))
        differences.append(f"{len(wrong):,} examples are not what their fingerprints say: {named}.")
    checked.append(f"the count of active ones, {active:,}")
    if active != dataset.example_count:
        differences.append(f"The dataset counts {dataset.example_count:,} active examples, and has {active:,}.")
    checked.append(f"the file {dataset.file_path}")
    if not workspace.mirror.is_equal(dataset_id, dataset.file_path):
        differences.append(f"The file {dataset.file_path} is not what the database holds; the next start mends it.")
    if manifest is not None:
        checked.append(f"the export of {manifest}")
        differences += _compare_export(workspace, dataset_id, manifest)
    return Verification(active, tuple(checked), tuple(differences))


def _compare_export(workspace: Workspace, dataset_id: int, path: Path) -> list[str]:
    manifest = read_manifest(path)
    try:
        export = find_export(workspace, manifest)
    except NotFoundError as error:
        return [error.message]
    if export.dataset_id != dataset_id:
        return [f"The manifest is of dataset {export.dataset_id}, not of {dataset_id}."]
    differences = []
    for file in exported_files(manifest):
        if not (place := path.with_name(file.name)).is_file():
            differences.append(f"The file {place} is not there.")
        elif hash_file(place) != file.sha256:
            differences.append(f"The file {place} is not what was written.")
    written = write_files(workspace, order_of(workspace, export), Nowhere())
    return differences + _compare_files(export, written)


def _compare_files(export: Export, written: list[ExportedFile]) -> list[str]:
    """What differs between the files of an export and those that come of it today."""
    kept = {file.name: file for file in exported_files({"files": export.files})}
    return [
        f"{file.name} would not be the same bytes again: it was written by version {export.app_version}."
        for file in written
        if kept.get(file.name) != file
    ]


@dataclass(slots=True)
class Nowhere:
    """Files of which nothing is kept but their hashes."""

    def create(self, name: str) -> Digest:
        """A new, empty file."""
        return Digest()


def find_export(workspace: Workspace, manifest: JsonObject) -> Export:
    """The export that a manifest is of. Raises NotFoundError where this database has another under its number."""
    number = manifest["export"]
    assert isinstance(number, int)
    export = workspace.database.get_export(number)
    if orjson.loads(manifest_of(export)) != manifest:
        raise NotFoundError(
            f"This database has another export {number} than the manifest's.", "Use the data folder that it came from."
        )
    return export


@requires(Role.REVIEWER)
def reproduce_export(workspace: Workspace, manifest: Path, path: Path, *, overwrite: bool = False) -> ExportResult:
    """Write an export again, byte for byte, whatever became of its dataset since; or nothing.

    Raises:
        ConfigError: the manifest cannot be read, or something is in the way.
        NotFoundError: this database does not have the export.
        DatabaseError: the same bytes cannot be made any more, or the disk does not take them.
    """
    export = find_export(workspace, read_manifest(manifest))
    order, kept = order_of(workspace, export), exported_files({"files": export.files})
    is_folder = is_in_folder(export)
    if not is_folder:
        path = path / kept[0].name if path.is_dir() else path
        if path.name != kept[0].name:
            raise ConfigError(f"The manifest calls the file {kept[0].name}, not {path.name}.", "Give it that name.")
    beside = manifest_name(path, is_folder=is_folder)
    names = [*(file.name for file in kept), beside]
    check_place(path, names, is_folder=is_folder, overwrite=overwrite, ours=names)
    with Stage(path, is_folder=is_folder) as stage:
        files = write_files(workspace, order, stage)
        for difference in _compare_files(export, files):
            raise DatabaseError(difference, "Nothing was written. Use that version, or export it anew.")
        verified = read_back(stage, order, files)
        stage.create(beside).write(manifest_of(export))
        stage.put_in_place()
    return ExportResult(export.id, path, files, manifest_of(export), sum(file.rows for file in files), verified)
