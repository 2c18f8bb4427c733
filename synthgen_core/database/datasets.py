"""Datasets: made, listed, renamed, put in the trash."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from synthgen_core.database.engine import Connection
from synthgen_core.database.tables import datasets, examples, jobs
from synthgen_core.errors import NotFoundError
from synthgen_core.models import Dataset, ExampleStatus, JobStatus, JsonObject

SORTS = ("updated_at", "created_at", "name", "domain", "format", "example_count")
"""Columns by which lists of datasets can be sorted."""


def now() -> datetime:
    """This moment, aware."""
    return datetime.now(UTC)


def to_dataset(row: Any) -> Dataset:
    """A row of ``datasets`` as a value."""
    return Dataset(**row._mapping)


@dataclass(frozen=True, slots=True)
class NewDataset:
    """A dataset on its way into the database."""

    name: str
    domain: str
    """Slug."""
    subdomain: str
    """Slug."""
    format_type: str
    file_path: str
    """Where its JSONL mirror will be, relative to the data folder."""
    description: str = ""
    metadata: JsonObject = field(default_factory=dict)


def insert_dataset(connection: sa.Connection, new: NewDataset) -> Dataset:
    """Add an empty dataset, within the caller's transaction."""
    at = now()
    row = {
        "name": new.name,
        "description": new.description,
        "domain": new.domain,
        "subdomain": new.subdomain,
        "format": new.format_type,
        "example_count": 0,
        "created_at": at,
        "updated_at": at,
        "file_path": new.file_path,
        "metadata": new.metadata,
    }
    return to_dataset(connection.execute(sa.insert(datasets).values(row).returning(datasets)).one())


class DatasetRoom(Connection):
    """What can be done with rows of ``datasets``."""

    def create_dataset(self, new: NewDataset) -> Dataset:
        """A new, empty dataset."""
        with self._writing() as connection:
            return insert_dataset(connection, new)

    def get_dataset(self, dataset_id: int, *, is_deleted: bool = False) -> Dataset:
        """One dataset. Raises NotFoundError where there is none, or where it is in the trash (unless asked for it)."""
        where = datasets.c.deleted_at.is_not(None) if is_deleted else datasets.c.deleted_at.is_(None)
        with self._reading() as connection:
            row = connection.execute(sa.select(datasets).where(datasets.c.id == dataset_id, where)).one_or_none()
        if row is None:
            raise NotFoundError(f"There is no dataset {dataset_id}.", "It may have been deleted: see the list.")
        return to_dataset(row)

    def get_datasets(
        self,
        domain: str | None = None,
        format_type: str | None = None,
        *,
        text: str = "",
        sort: str = "updated_at",
        is_descending: bool = True,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Dataset]:
        """The datasets that are not in the trash, filtered by domain slug, format and a text in name or description."""
        column = datasets.c[sort]
        order = column.desc() if is_descending else column.asc()
        query = sa.select(datasets).where(*_filters(domain, format_type, text)).order_by(order, datasets.c.id.desc())
        with self._reading() as connection:
            return [to_dataset(row) for row in connection.execute(query.limit(limit).offset(offset))]

    def count_datasets(self, domain: str | None = None, format_type: str | None = None, *, text: str = "") -> int:
        """How many datasets ``get_datasets`` would list in all."""
        query = sa.select(sa.func.count()).select_from(datasets).where(*_filters(domain, format_type, text))
        with self._reading() as connection:
            return connection.execute(query).scalar_one()

    def get_dataset_names(self) -> dict[int, str]:
        """The name of every dataset, those in the trash too."""
        with self._reading() as connection:
            return {row.id: row.name for row in connection.execute(sa.select(datasets.c.id, datasets.c.name))}

    def get_totals(self) -> dict[str, int]:
        """Sums outside the trash: ``datasets``, ``examples`` (active), ``domains``, ``subdomains``."""
        live = sa.select(datasets).where(datasets.c.deleted_at.is_(None)).subquery()
        query = sa.select(
            sa.func.count().label("datasets"),
            sa.func.coalesce(sa.func.sum(live.c.example_count), 0).label("examples"),
            sa.func.count(sa.distinct(live.c.domain)).label("domains"),
            sa.func.count(sa.distinct(live.c.domain + "/" + live.c.subdomain)).label("subdomains"),
        ).select_from(live)
        with self._reading() as connection:
            return {name: int(value) for name, value in connection.execute(query).one()._mapping.items()}

    def get_domain_counts(self) -> list[tuple[str, int, int]]:
        """(domain slug, datasets, active examples) of each domain that has a dataset, the largest first."""
        total = sa.func.sum(datasets.c.example_count)
        query = (
            sa.select(datasets.c.domain, sa.func.count(), total)
            .where(datasets.c.deleted_at.is_(None))
            .group_by(datasets.c.domain)
            .order_by(total.desc(), datasets.c.domain)
        )
        with self._reading() as connection:
            return [(domain, int(count), int(size)) for domain, count, size in connection.execute(query)]

    def update_dataset(
        self,
        dataset_id: int,
        *,
        name: str | None = None,
        description: str | None = None,
        metadata: JsonObject | None = None,
    ) -> None:
        """Change what is given. Raises NotFoundError."""
        given = {"name": name, "description": description, "metadata": metadata}
        values = {key: value for key, value in given.items() if value is not None} | {"updated_at": now()}
        with self._writing() as connection:
            changed = connection.execute(
                sa.update(datasets).where(datasets.c.id == dataset_id, datasets.c.deleted_at.is_(None)).values(values)
            )
        if not changed.rowcount:
            raise NotFoundError(f"There is no dataset {dataset_id}.", "It may have been deleted: see the list.")

    def delete_dataset(self, dataset_id: int) -> None:
        """Put a dataset in the trash, and ask its jobs to stop. Raises NotFoundError."""
        with self._writing() as connection:
            changed = connection.execute(
                sa.update(datasets)
                .where(datasets.c.id == dataset_id, datasets.c.deleted_at.is_(None))
                .values(deleted_at=now())
            )
            connection.execute(
                sa.update(jobs)
                .where(jobs.c.dataset_id == dataset_id, jobs.c.status.in_([JobStatus.PENDING, JobStatus.RUNNING]))
                .values(cancel_requested=True)
            )
        if not changed.rowcount:
            raise NotFoundError(f"There is no dataset {dataset_id}.", "It may have been deleted already: see the list.")

    def restore_dataset(self, dataset_id: int) -> None:
        """Take a dataset out of the trash. Raises NotFoundError."""
        with self._writing() as connection:
            changed = connection.execute(
                sa.update(datasets)
                .where(datasets.c.id == dataset_id, datasets.c.deleted_at.is_not(None))
                .values(deleted_at=None, updated_at=now())
            )
        if not changed.rowcount:
            raise NotFoundError(f"There is no dataset {dataset_id} in the trash.")

    def recount(self, dataset_id: int) -> int:
        """Set ``example_count`` from the examples themselves, and return it."""
        active = (
            sa.select(sa.func.count())
            .where(examples.c.dataset_id == dataset_id, examples.c.status == ExampleStatus.ACTIVE)
            .scalar_subquery()
        )
        with self._writing() as connection:
            connection.execute(sa.update(datasets).where(datasets.c.id == dataset_id).values(example_count=active))
            count = sa.select(datasets.c.example_count).where(datasets.c.id == dataset_id)
            return int(connection.execute(count).scalar_one())


def _filters(domain: str | None, format_type: str | None, text: str) -> list[sa.ColumnElement[bool]]:
    filters: list[sa.ColumnElement[bool]] = [datasets.c.deleted_at.is_(None)]
    if domain:
        filters.append(datasets.c.domain == domain)
    if format_type:
        filters.append(datasets.c.format == format_type)
    if text:
        columns = (datasets.c.name, datasets.c.description, datasets.c.subdomain)
        filters.append(sa.or_(*(column.icontains(text, autoescape=True) for column in columns)))
    return filters
