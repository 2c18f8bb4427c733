"""Datasets in the making: begun with their file, seen by nobody, and taken away where nothing comes of them."""

from synthgen_core.database import NewDataset
from synthgen_core.errors import DatabaseError
from synthgen_core.jobs import Run
from synthgen_core.models import Dataset
from synthgen_core.workspace import Workspace


def begin_unpublished(workspace: Workspace, run: Run, new: NewDataset) -> Dataset:
    """A hidden, empty dataset of a job, whose file was claimed. Raises DatabaseError; then the file is gone again."""
    try:
        return run.begin_dataset(new)
    except DatabaseError:
        workspace.mirror.path(new.file_path).unlink(missing_ok=True)
        raise


def take_away(workspace: Workspace, made: Dataset) -> None:
    """Leave nothing of a hidden dataset. Raises DatabaseError.

    The file goes first: one that is left over would be found as a new dataset.
    """
    try:
        workspace.mirror.remove(made.id, made.file_path)
    finally:
        workspace.database.discard_dataset(made.id)
