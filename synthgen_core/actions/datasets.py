"""Looking at datasets and their examples; downloading them, and changing what they are called."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from synthgen_core.access import Role, requires
from synthgen_core.database import Details, Import, Summary
from synthgen_core.database.examples import ALL_ACTIVE
from synthgen_core.errors import ConfigError, NotFoundError
from synthgen_core.files import to_line, write_atomically
from synthgen_core.formats import SURROGATE, get_format
from synthgen_core.models import Dataset, Example, ExampleFilter, Job, Origin, Parent
from synthgen_core.workspace import ACTIVE, Workspace

PAGE_SIZE = 20
"""Rows of a list that are shown at once."""
LONGEST_NAME = 200
LONGEST_TEXT = 1000
"""Of a text that is looked for."""
MOST_TAGS, LONGEST_TAG = 50, 60
MEASURED_SORTS = ("mean_score", "reviewed")
"""Columns that are measured, and have to be fresh before they are sorted by."""


@dataclass(frozen=True, slots=True)
class DatasetPage:
    """A part of the list of datasets, and how long the whole list is."""

    rows: list[Dataset]
    total: int
    summaries: Mapping[int, Summary]
    """Mean score and reviewed examples of each row, by its id."""


@dataclass(frozen=True, slots=True)
class Description:
    """All that is known of a dataset as a whole."""

    dataset: Dataset
    summary: Summary
    details: Details
    parents: list[Parent]
    """What it was made from, by an operation."""
    children: list[Dataset]
    """What was made from it, by operations."""
    imports: list[Import]
    """Which files were brought in to make it."""
    jobs: list[Job]
    """What was done to it in the background, the newest first."""


def get_datasets(
    workspace: Workspace,
    domain: str | None = None,
    format_type: str | None = None,
    *,
    origin: Origin | None = None,
    text: str = "",
    sort: str = "updated_at",
    is_descending: bool = True,
    page: int = 1,
    page_size: int = PAGE_SIZE,
) -> DatasetPage:
    """One page (from 1) of the datasets that match.

    Raises NotFoundError for an unknown domain or format, ConfigError for a column that lists cannot be sorted by.
    """
    text = storable(text)
    slug = workspace.catalogue.domain(domain).slug if domain else None
    shape = get_format(format_type).name if format_type else None
    total = workspace.database.count_datasets(slug, shape, origin=origin, text=text)
    if sort in MEASURED_SORTS:
        workspace.database.refresh_summaries()
    rows = workspace.database.get_datasets(
        slug,
        shape,
        origin=origin,
        text=text,
        sort=sort,
        is_descending=is_descending,
        limit=page_size,
        offset=max(0, page - 1) * page_size,
    )
    return DatasetPage(rows, total, workspace.database.get_summaries([row.id for row in rows]))


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


def describe_dataset(workspace: Workspace, dataset_id: int) -> Description:
    """All that is known of a dataset as a whole; measured once for each of its states. Raises NotFoundError."""
    database = workspace.database
    dataset = database.get_dataset(dataset_id)
    return Description(
        dataset,
        database.get_summaries([dataset_id])[dataset_id],
        database.get_details(dataset_id),
        database.get_parents(dataset_id),
        database.get_children(dataset_id),
        database.get_imports(dataset_id=dataset_id),
        database.get_jobs(dataset_id=dataset_id),
    )


def get_dataset_examples(
    workspace: Workspace,
    dataset_id: int,
    limit: int = PAGE_SIZE,
    offset: int = 0,
    *,
    filter: ExampleFilter = ALL_ACTIVE,
    sort: str = "example_index",
    is_descending: bool = False,
) -> list[Example]:
    """A page of a dataset's examples. Raises NotFoundError, or ConfigError for a column that cannot be sorted by."""
    workspace.database.get_dataset(dataset_id)
    return workspace.database.get_dataset_examples(
        dataset_id, limit, offset, filter=storable_filter(filter), sort=sort, is_descending=is_descending
    )


def count_examples(workspace: Workspace, dataset_id: int, filter: ExampleFilter = ALL_ACTIVE) -> int:
    """How many examples of a dataset match."""
    return workspace.database.count_examples(dataset_id, storable_filter(filter))


def storable_filter(filter: ExampleFilter) -> ExampleFilter:
    """The filter without what no database takes."""
    drawn = {storable(name): storable(value) for name, value in filter.parameters.items()}
    return replace(
        filter,
        text=storable(filter.text)[:LONGEST_TEXT],
        parameters=drawn,
        reviewer=storable(filter.reviewer),
        tag=storable(filter.tag),
    )


@requires(Role.REVIEWER)
def download_dataset(workspace: Workspace, dataset_id: int) -> Path:
    """The dataset's JSONL file, brought up to date. Raises NotFoundError or DatabaseError."""
    dataset = workspace.database.get_dataset(dataset_id)
    if workspace.database.count_jobs(ACTIVE, dataset_id=dataset_id):
        return workspace.mirror.path(dataset.file_path)
    return workspace.mirror.bring_up_to_date(dataset_id, dataset.file_path)


@requires(Role.REVIEWER)
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


@requires(Role.REVIEWER)
def update_dataset(
    workspace: Workspace,
    dataset_id: int,
    *,
    name: str | None = None,
    description: str | None = None,
    tags: Sequence[str] | None = None,
) -> Dataset:
    """Change what is given. Tags are kept once each, in order.

    Raises NotFoundError, or ConfigError for an empty name or too many tags.
    """
    if name is not None and not (name := clean_name(name)):
        raise ConfigError("A dataset needs a name.", "Type one.")
    if tags is not None:
        tags = list(dict.fromkeys(tag for each in tags if (tag := clean_name(each)[:LONGEST_TAG].rstrip())))
        if len(tags) > MOST_TAGS:
            raise ConfigError(f"{len(tags)} tags are too many.", f"Keep to {MOST_TAGS}.")
    if description is not None:
        description = storable(description).strip()
    workspace.database.update_dataset(dataset_id, name=name, description=description, tags=tags)
    return workspace.database.get_dataset(dataset_id)


@requires(Role.REVIEWER)
def rename_dataset(workspace: Workspace, dataset_id: int, name: str, description: str = "") -> None:
    """Change name and description. Raises NotFoundError, or ConfigError for an empty name."""
    update_dataset(workspace, dataset_id, name=name, description=description)
