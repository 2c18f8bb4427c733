"""Reading and changing single examples. Every change is a revision, and reaches the JSONL file within two seconds."""

from synthgen_core.errors import ConfigError
from synthgen_core.formats import get_format
from synthgen_core.models import Example, JsonObject
from synthgen_core.workspace import Workspace


def get_example(workspace: Workspace, example_id: int, dataset_id: int | None = None) -> Example:
    """One example, of this dataset if one is named. Raises NotFoundError."""
    return workspace.database.get_example(example_id, dataset_id)


def update_example(
    workspace: Workspace, example_id: int, content: JsonObject, *, seen_revision: int, author: str, reason: str = ""
) -> Example:
    """Replace the content of an example, as a new revision, and let its dataset's file follow.

    ``seen_revision`` is the revision that the author had before them.

    Raises:
        NotFoundError: there is no such example, or its dataset was deleted.
        InvalidExampleError: the content is not of the dataset's format; the message names the field.
        ConfigError: the author has no name.
        ConflictError: somebody else changed it meanwhile.
    """
    if not author.strip():
        raise ConfigError("A change needs an author.", "Give a name.")
    dataset = workspace.database.get_dataset(workspace.database.get_example(example_id).dataset_id)
    valid = get_format(dataset.format).validate(content)
    changed = workspace.database.update_example(
        example_id, valid, seen_revision=seen_revision, author=author.strip(), reason=reason
    )
    workspace.mirror.rewrite_soon(dataset.id, dataset.file_path)
    return changed
