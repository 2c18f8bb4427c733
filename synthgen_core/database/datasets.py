"""Datasets: made, listed, renamed, put in the trash."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from synthgen_core.database.engine import Connection
from synthgen_core.database.filters import holds
from synthgen_core.database.tables import dataset_summaries, datasets, jobs
from synthgen_core.errors import ConfigError, NotFoundError
from synthgen_core.models import Dataset, JsonObject, Origin
from synthgen_core.models.jobs import ACTIVE

IS_LIVE = sa.and_(datasets.c.deleted_at.is_(None), datasets.c.is_ready)
"""Seen by everybody: neither in the trash nor in the making."""
SORTS: dict[str, sa.ColumnElement[Any]] = {
    **{
        name: datasets.c[name]
        for name in ("updated_at", "created_at", "name", "domain", "subdomain", "format", "origin", "example_count")
    },
    "mean_score": dataset_summaries.c.mean_score,
    "reviewed": sa.case(
        (datasets.c.example_count > 0, sa.cast(dataset_summaries.c.reviewed, sa.Float) / datasets.c.example_count)
    ),
}
"""Columns by which lists of datasets can be sorted; those of summaries are as good as these are fresh."""


def now() -> datetime:
    """This moment, aware."""
    return datetime.now(UTC)


def to_dataset(row: Any) -> Dataset:
    """A row of ``datasets`` as a value."""
    values = dict(row._mapping)
    return Dataset(**values | {"origin": Origin(values["origin"]), "tags": tuple(values["tags"])})


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
    origin: Origin = Origin.GENERATED
    tags: tuple[str, ...] = ()
    guidelines: str = ""


def insert_dataset(
    connection: sa.Connection, new: NewDataset, *, for_job: int | None = None, is_ready: bool = True
) -> Dataset:
    """Add an empty dataset, within the caller's transaction; one that ``for_job`` fills is not ready yet."""
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
        "origin": new.origin,
        "tags": list(new.tags),
        "is_ready": is_ready and for_job is None,
        "job_id": for_job,
        "guidelines": new.guidelines,
    }
    return to_dataset(connection.execute(sa.insert(datasets).values(row).returning(datasets)).one())


class DatasetRoom(Connection):
    """What can be done with rows of ``datasets``."""

    def create_dataset(self, new: NewDataset, *, is_ready: bool = True) -> Dataset:
        """A new, empty dataset; one that is not ready is seen by nobody until it is published."""
        with self._writing() as connection:
            return insert_dataset(connection, new, is_ready=is_ready)

    def get_dataset(self, dataset_id: int, *, is_deleted: bool = False) -> Dataset:
        """One dataset. Raises NotFoundError where there is none, or where it is in the trash (unless asked for it)."""
        where = datasets.c.deleted_at.is_not(None) & datasets.c.is_ready if is_deleted else IS_LIVE
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
        origin: Origin | None = None,
        text: str = "",
        sort: str = "updated_at",
        is_descending: bool = True,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Dataset]:
        """The datasets that are not in the trash, filtered by domain slug, format, origin, and a text in name,
        description, subdomain or tags; what has no value in the sorted column comes last.

        Raises ConfigError for a column that lists cannot be sorted by.
        """
        if sort not in SORTS:
            raise ConfigError(f"Datasets cannot be sorted by “{sort}”.", f"Known: {', '.join(SORTS)}.")
        order = (SORTS[sort].desc() if is_descending else SORTS[sort].asc()).nulls_last()
        query = (
            sa.select(datasets)
            .outerjoin(dataset_summaries, dataset_summaries.c.dataset_id == datasets.c.id)
            .where(*_filters(domain, format_type, origin, text))
            .order_by(order, datasets.c.id.desc())
        )
        with self._reading() as connection:
            return [to_dataset(row) for row in connection.execute(query.limit(limit).offset(offset))]

    def count_datasets(
        self,
        domain: str | None = None,
        format_type: str | None = None,
        *,
        origin: Origin | None = None,
        text: str = "",
    ) -> int:
        """How many datasets ``get_datasets`` would list in all."""
        query = sa.select(sa.func.count()).select_from(datasets).where(*_filters(domain, format_type, origin, text))
        with self._reading() as connection:
            return connection.execute(query).scalar_one()

    def get_dataset_names(self) -> dict[int, str]:
        """The name of every dataset, those in the trash too."""
        with self._reading() as connection:
            return {row.id: row.name for row in connection.execute(sa.select(datasets.c.id, datasets.c.name))}

    def get_file_paths(self) -> set[str]:
        """Where the files of all datasets are, also of those in the trash and of those that are being made."""
        with self._reading() as connection:
            return set(connection.execute(sa.select(datasets.c.file_path)).scalars())

    def get_totals(self) -> dict[str, int]:
        """Sums outside the trash: ``datasets``, ``examples`` (active), ``domains``, ``subdomains``.

        Imported datasets are of no domain.
        """
        live = sa.select(datasets).where(IS_LIVE).subquery()
        query = sa.select(
            sa.func.count().label("datasets"),
            sa.func.coalesce(sa.func.sum(live.c.example_count), 0).label("examples"),
            sa.func.count(sa.distinct(sa.func.nullif(live.c.domain, ""))).label("domains"),
            sa.func.count(sa.distinct(sa.func.nullif(live.c.domain + "/" + live.c.subdomain, "/"))).label("subdomains"),
        ).select_from(live)
        with self._reading() as connection:
            return {name: int(value) for name, value in connection.execute(query).one()._mapping.items()}

    def get_domain_counts(self) -> list[tuple[str, int, int]]:
        """(domain slug, datasets, active examples) of each domain that has a dataset, the largest first."""
        total = sa.func.sum(datasets.c.example_count)
        query = (
            sa.select(datasets.c.domain, sa.func.count(), total)
            .where(IS_LIVE, datasets.c.domain != "")
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
        tags: Sequence[str] | None = None,
        metadata: JsonObject | None = None,
        guidelines: str | None = None,
    ) -> None:
        """Change what is given. Raises NotFoundError."""
        listed = None if tags is None else list(tags)
        given = {
            "name": name,
            "description": description,
            "tags": listed,
            "metadata": metadata,
            "guidelines": guidelines,
        }
        values = {key: value for key, value in given.items() if value is not None} | {"updated_at": now()}
        with self._writing() as connection:
            changed = connection.execute(sa.update(datasets).where(datasets.c.id == dataset_id, IS_LIVE).values(values))
        if not changed.rowcount:
            raise NotFoundError(f"There is no dataset {dataset_id}.", "It may have been deleted: see the list.")

    def delete_dataset(self, dataset_id: int) -> None:
        """Put a dataset in the trash, and ask its jobs to stop. Raises NotFoundError."""
        with self._writing() as connection:
            changed = connection.execute(
                sa.update(datasets).where(datasets.c.id == dataset_id, IS_LIVE).values(deleted_at=now())
            )
            connection.execute(
                sa.update(jobs)
                .where(jobs.c.dataset_id == dataset_id, jobs.c.status.in_(ACTIVE))
                .values(cancel_requested=True)
            )
        if not changed.rowcount:
            raise NotFoundError(f"There is no dataset {dataset_id}.", "It may have been deleted already: see the list.")


def _filters(
    domain: str | None, format_type: str | None, origin: Origin | None, text: str
) -> list[sa.ColumnElement[bool]]:
    filters: list[sa.ColumnElement[bool]] = [IS_LIVE]
    if domain:
        filters.append(datasets.c.domain == domain)
    if format_type:
        filters.append(datasets.c.format == format_type)
    if origin:
        filters.append(datasets.c.origin == origin)
    if text:
        columns = (datasets.c.name, datasets.c.description, datasets.c.subdomain, datasets.c.tags)
        filters.append(sa.or_(*(holds(column, text) for column in columns)))
    return filters
