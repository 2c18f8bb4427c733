"""Versions of a dataset: named states that are made in no time, compared with one another, and brought back."""

from collections.abc import Mapping
from dataclasses import dataclass

from synthgen_core.access import Role, requires
from synthgen_core.actions.datasets import clean_name, storable
from synthgen_core.database import Difference, DiffKind
from synthgen_core.database.versions import NOW
from synthgen_core.errors import ConfigError
from synthgen_core.models import BulkChange, Version, Watermark
from synthgen_core.workspace import Workspace

PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of a dataset from one state to a later one."""

    first: Version
    second: Version | None
    """None: as it is now."""
    counts: Mapping[DiffKind, int]
    """Examples added, removed and changed."""


@requires(Role.REVIEWER)
def make_version(workspace: Workspace, dataset_id: int, *, name: str, author: str, note: str = "") -> Version:
    """Give the dataset's present state a name. Raises NotFoundError, or ConfigError without a name or an author."""
    name, author = clean_name(name), clean_name(author)
    if not name or not author:
        raise ConfigError("A version needs a name, and somebody who makes it.", "Type both.")
    note = storable(note).strip()
    return workspace.database.create_version(dataset_id, name=name, author=author, note=note)


def get_versions(workspace: Workspace, dataset_id: int) -> list[Version]:
    """A dataset's versions, the newest first. Raises NotFoundError."""
    workspace.database.get_dataset(dataset_id)
    return workspace.database.get_versions(dataset_id)


def compare(workspace: Workspace, dataset_id: int, first: int, second: int | None = None) -> Comparison:
    """What became of a dataset between two versions, by their numbers; without a second one, until now.

    The older one comes first, however they are named. Raises NotFoundError.
    """
    numbers = [first] if second is None else sorted((first, second))
    versions = [workspace.database.get_version(dataset_id, number) for number in numbers]
    older, newer = versions[0], versions[1] if len(versions) > 1 else None
    counts = workspace.database.count_differences(dataset_id, older.watermark, _mark(newer))
    return Comparison(older, newer, counts)


def get_differences(
    workspace: Workspace, comparison: Comparison, kind: DiffKind, *, limit: int = PAGE_SIZE, offset: int = 0
) -> list[Difference]:
    """A page of what was added, removed or changed, with both contents; ``diffs.diff_contents`` shows the words."""
    first = comparison.first
    return workspace.database.get_differences(
        first.dataset_id, first.watermark, _mark(comparison.second), kind, limit=limit, offset=offset
    )


@requires(Role.ADMIN)
def restore_version(workspace: Workspace, dataset_id: int, number: int, *, author: str) -> BulkChange:
    """Make a dataset what it was, as a new state: examples that came since are removed. It can be undone as one.

    Raises NotFoundError, or ConfigError without an author.
    """
    if not (author := clean_name(author)):
        raise ConfigError("A change needs an author.", "Give a name.")
    dataset = workspace.database.get_dataset(dataset_id)
    version = workspace.database.get_version(dataset_id, number)
    reason = f"version {number}, {version.name}"
    done = workspace.database.restore_state(dataset_id, version.watermark, author=author, reason=reason)
    workspace.mirror.rewrite_soon(dataset_id, dataset.file_path)
    return done


def _mark(version: Version | None) -> Watermark:
    return NOW if version is None else version.watermark
