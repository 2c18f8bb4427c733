"""Deleting datasets: into the trash, back out of it, or gone for good."""

from datetime import timedelta

from synthgen_core.access import Role, requires
from synthgen_core.database.datasets import now
from synthgen_core.errors import ConfigError
from synthgen_core.models import Dataset
from synthgen_core.workspace import ACTIVE, Workspace

STOP_SECONDS = 5.0


@requires(Role.ADMIN)
def delete_dataset(workspace: Workspace, dataset_id: int) -> None:
    """Move a dataset to the trash and remove its file; its jobs are cancelled first, their history stays.

    Raises NotFoundError.
    """
    dataset = workspace.database.get_dataset(dataset_id)
    running = workspace.database.get_jobs(ACTIVE, dataset_id=dataset_id)
    workspace.database.delete_dataset(dataset_id)
    for job in running:
        workspace.runner.cancel(job.id)
    for job in running:
        workspace.runner.wait(job.id, STOP_SECONDS)
    workspace.mirror.remove(dataset_id, dataset.file_path)


@requires(Role.ADMIN)
def restore_dataset(workspace: Workspace, dataset_id: int) -> Dataset:
    """Take a dataset out of the trash and write its file anew. Raises NotFoundError or DatabaseError."""
    workspace.database.restore_dataset(dataset_id)
    dataset = workspace.database.get_dataset(dataset_id)
    workspace.mirror.rewrite(dataset_id, dataset.file_path)
    return dataset


def get_trash(workspace: Workspace) -> list[Dataset]:
    """The deleted datasets, those deleted last first."""
    return workspace.database.get_trash()


@requires(Role.ADMIN)
def purge_dataset(workspace: Workspace, dataset_id: int) -> Dataset:
    """Take away a dataset that is in the trash, with all that belongs to it; the history of its jobs stays.

    Returns what it was. Raises NotFoundError, or DatabaseError.
    """
    dataset = workspace.database.get_dataset(dataset_id, is_deleted=True)
    workspace.mirror.remove(dataset_id, dataset.file_path)
    workspace.database.purge_dataset(dataset_id)
    return dataset


@requires(Role.ADMIN)
def purge_trash(workspace: Workspace, *, older_than_days: float = 0) -> list[Dataset]:
    """Take away all that was put in the trash so many days ago or earlier; returns it.

    Raises ConfigError for a negative number, or DatabaseError.
    """
    if not 0 <= older_than_days <= 36_500:
        raise ConfigError(f"{older_than_days:g} days cannot be.", "Give 0 or more.")
    old = workspace.database.get_trash(before=now() - timedelta(days=older_than_days))
    return [purge_dataset(workspace, dataset.id) for dataset in old]
