"""Reading and changing single examples. Every change is a revision, and the JSONL file follows."""

from collections.abc import Sequence

from synthgen_core.access import Role, requires
from synthgen_core.errors import ConfigError
from synthgen_core.formats import get_format
from synthgen_core.models import BulkChange, Example, ExampleFilter, ExampleStatus, Flag, JsonObject, Origin, Revision
from synthgen_core.workspace import Workspace


def get_example(workspace: Workspace, example_id: int, dataset_id: int | None = None) -> Example:
    """One example, of this dataset if one is named. Raises NotFoundError."""
    return workspace.database.get_example(example_id, dataset_id)


@requires(Role.REVIEWER)
def update_example(
    workspace: Workspace, example_id: int, content: JsonObject, *, seen_revision: int, author: str, reason: str = ""
) -> Example:
    """Replace the content of an example, as a new revision, and let its dataset's file follow.

    ``seen_revision`` is the revision that the author had before them.

    Raises:
        NotFoundError: there is no such example, or its dataset was deleted.
        InvalidExampleError: the content is not of the dataset's format; the message names the field. The rules are
            those for generated examples if all of the dataset's are such, else those for imported ones.
        ConfigError: the author has no name.
        ConflictError: somebody else changed it meanwhile.
    """
    if not author.strip():
        raise ConfigError("A change needs an author.", "Give a name.")
    dataset = workspace.database.get_dataset(workspace.database.get_example(example_id).dataset_id)
    format = get_format(dataset.format)
    valid = format.validate(content) if dataset.origin is Origin.GENERATED else format.accept(content)
    changed = workspace.database.update_example(
        example_id, valid, seen_revision=seen_revision, author=author.strip(), reason=reason
    )
    workspace.mirror.rewrite_soon(dataset.id, dataset.file_path)
    return changed


@requires(Role.REVIEWER)
def set_status(
    workspace: Workspace,
    dataset_id: int,
    which: Sequence[int] | ExampleFilter,
    status: ExampleStatus,
    *,
    author: str,
    reason: str = "",
) -> BulkChange:
    """Remove, or bring back, these examples or all that match, as one change that can be undone.

    Raises:
        NotFoundError: there is no such dataset.
        ConfigError: the author has no name.
    """
    if not author.strip():
        raise ConfigError("A change needs an author.", "Give a name.")
    dataset = workspace.database.get_dataset(dataset_id)
    done = workspace.database.set_status(dataset_id, which, status, author=author.strip(), reason=reason)
    workspace.mirror.rewrite_soon(dataset.id, dataset.file_path)
    return done


@requires(Role.REVIEWER)
def undo_batch(workspace: Workspace, batch_id: str, *, author: str) -> BulkChange:
    """Undo a bulk change; examples that were changed since are left alone, and counted as skipped.

    Raises NotFoundError, or ConfigError without an author.
    """
    if not author.strip():
        raise ConfigError("A change needs an author.", "Give a name.")
    done = workspace.database.undo_batch(batch_id, author=author.strip())
    dataset = workspace.database.get_dataset(done.dataset_id)
    workspace.mirror.rewrite_soon(dataset.id, dataset.file_path)
    return done


def get_revisions(workspace: Workspace, example_id: int) -> list[Revision]:
    """All states of an example, the first one first. Raises NotFoundError."""
    return workspace.database.get_revisions(example_id)


def get_flags(workspace: Workspace, example_ids: Sequence[int]) -> list[Flag]:
    """What was found about these examples as they are now."""
    return workspace.database.get_flags(example_ids)
