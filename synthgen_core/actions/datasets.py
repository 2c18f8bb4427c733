"""Looking at datasets and their examples; downloading, renaming, deleting and restoring them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from synthgen_core.errors import ConfigError, NotFoundError
from synthgen_core.files import to_line, write_atomically
from synthgen_core.formats import SURROGATE, get_format
from synthgen_core.models import Dataset, Example
from synthgen_core.workspace import ACTIVE, Workspace

PAGE_SIZE = 20
"""Rows of a list that are shown at once."""
LONGEST_NAME = 200
STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class DatasetPage:
    """A part of the list of datasets, and how long the whole list is."""

    rows: list[Dataset]
    total: int


def get_datasets(
    workspace: Workspace,
    domain: str | None = None,
    format_type: str | None = None,
    *,
    text: str = "",
    sort: str = "updated_at",
    is_descending: bool = True,
    page: int = 1,
    page_size: int = PAGE_SIZE,
) -> DatasetPage:
    """One page (from 1) of the datasets that match. Raises NotFoundError for an unknown domain or format."""
    text = storable(text)
    slug = workspace.catalogue.domain(domain).slug if domain else None
    shape = get_format(format_type).name if format_type else None
    total = workspace.database.count_datasets(slug, shape, text=text)
    rows = workspace.database.get_datasets(
        slug,
        shape,
        text=text,
        sort=sort,
        is_descending=is_descending,
        limit=page_size,
        offset=max(0, page - 1) * page_size,
    )
    return DatasetPage(rows, total)


def get_dataset_details(workspace: Workspace, dataset_id: int) -> Dataset:
    """One dataset. Raises NotFoundError."""
    return workspace.database.get_dataset(dataset_id)


def find_dataset(workspace: Workspace, name: str) -> Dataset:
    """The dataset with this id, or the newest with this name. Raises NotFoundError."""
    if name.strip().isdecimal():
        return workspace.database.get_dataset(int(name))
    datasets = workspace.database.get_datasets(sort="created_at")
    for dataset in datasets:
        if dataset.name.casefold() == name.strip().casefold():
            return dataset
    raise NotFoundError.of("dataset", name, [dataset.name for dataset in datasets])


def get_dataset_examples(
    workspace: Workspace, dataset_id: int, limit: int = PAGE_SIZE, offset: int = 0
) -> list[Example]:
    """A page of a dataset's active examples, in order. Raises NotFoundError."""
    workspace.database.get_dataset(dataset_id)
    return workspace.database.get_dataset_examples(dataset_id, limit, offset)


def download_dataset(workspace: Workspace, dataset_id: int) -> Path:
    """The dataset's JSONL file, brought up to date. Raises NotFoundError or DatabaseError."""
    dataset = workspace.database.get_dataset(dataset_id)
    if workspace.database.count_jobs(ACTIVE, dataset_id=dataset_id):
        return workspace.mirror.path(dataset.file_path)
    return workspace.mirror.bring_up_to_date(dataset_id, dataset.file_path)


def save_dataset_to_jsonl(workspace: Workspace, dataset_id: int, path: Path) -> int:
    """Write a dataset's active examples to a file of the user's choice; returns how many.

    Raises:
        NotFoundError: there is no such dataset.
        ConfigError: it has no example yet.
        DatabaseError: the file cannot be written; an older one is untouched.
    """
    dataset = workspace.database.get_dataset(dataset_id)
    if not dataset.example_count:
        raise ConfigError(f"The dataset “{dataset.name}” has no examples.", "There is nothing to write.")
    count = 0

    def lines() -> Iterator[bytes]:
        nonlocal count
        for content, metadata in workspace.database.stream_contents(dataset_id):
            count += 1
            yield to_line(content, metadata)

    write_atomically(path, lines())
    return count


def clean_name(text: str) -> str:
    """A name as it is kept: one line of at most ``LONGEST_NAME`` characters."""
    return " ".join(storable(text).split())[:LONGEST_NAME].rstrip()


def storable(text: str) -> str:
    """The text without what no database takes: NUL and halves of characters."""
    return SURROGATE.sub("\ufffd", text).replace("\0", "")


def rename_dataset(workspace: Workspace, dataset_id: int, name: str, description: str = "") -> None:
    """Change name and description. Raises NotFoundError, or ConfigError for an empty name."""
    if not (name := clean_name(name)):
        raise ConfigError("A dataset needs a name.", "Type one.")
    workspace.database.update_dataset(dataset_id, name=name, description=storable(description).strip())


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


def restore_dataset(workspace: Workspace, dataset_id: int) -> Dataset:
    """Take a dataset out of the trash and write its file anew. Raises NotFoundError or DatabaseError."""
    workspace.database.restore_dataset(dataset_id)
    dataset = workspace.database.get_dataset(dataset_id)
    workspace.mirror.rewrite(dataset_id, dataset.file_path)
    return dataset
