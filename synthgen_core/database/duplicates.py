"""Searches for duplicates as they are kept: clusters page by page, what of them still stands, and their twins removed.

An example is left alone once its text has changed since the search: what was found is not true of it any more. If it is
the one that its cluster keeps, so are its twins.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from synthgen_core.database.datasets import now
from synthgen_core.database.engine import Connection
from synthgen_core.database.examples import STREAM_ROWS, add_to_count
from synthgen_core.database.jobs import Progress, add_progress
from synthgen_core.database.quality_tables import duplicate_members, duplicate_searches
from synthgen_core.database.revisions import Signature, new_batch_id, write_status
from synthgen_core.database.tables import datasets, example_revisions, examples
from synthgen_core.dedup import ROUNDING, Compared
from synthgen_core.errors import ConflictError, NotFoundError
from synthgen_core.models import BulkChange, ExampleStatus, Job, Watermark


@dataclass(frozen=True, slots=True)
class Near:
    """An example that is nearly another one again."""

    example_id: int
    similarity: float
    """To the example that is kept: the share of words, 0-1, that both have in the same order; verified."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """An example that is kept, and those that are like it."""

    kept: int
    twins: tuple[Near, ...]


@dataclass(frozen=True, slots=True)
class NewSearch:
    """What a search found, on its way into the database."""

    watermark: Watermark
    """The state that it saw."""
    threshold: float
    compared: Compared
    keep: tuple[str, ...]
    searched: int
    clusters: Sequence[Cluster]
    """The largest first."""


@dataclass(frozen=True, slots=True)
class Search:
    """A row of ``duplicate_searches``: the latest search in a dataset."""

    id: int
    dataset_id: int
    job_id: int | None
    watermark: Watermark
    threshold: float
    compared: Compared
    keep: tuple[str, ...]
    searched: int
    """Active examples that were looked at."""
    clusters: int
    twins: int
    """Examples that would have gone if one of each cluster had been kept."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class OpenCluster:
    """A cluster of which something can still be removed."""

    position: int
    kept: int
    twins: int
    """Those that would go."""


def to_search(row: Any) -> Search:
    """A row of ``duplicate_searches`` as a value."""
    values = dict(row._mapping)
    mark = Watermark(values.pop("watermark_seq"), values.pop("watermark_example"))
    words = {"compared": Compared(values["compared"]), "keep": tuple(values["keep"])}
    return Search(**values | words, watermark=mark)


class DuplicateRoom(Connection):
    """What can be done with searches for duplicates."""

    def record_search(self, job: Job, new: NewSearch, seconds: float) -> None:
        """Keep what a job found, in the place of what was found in its dataset before. Raises NotFoundError."""
        at = now()
        twins = sum(len(cluster.twins) for cluster in new.clusters)
        row = {
            "dataset_id": job.dataset_id,
            "job_id": job.id,
            "watermark_seq": new.watermark.seq,
            "watermark_example": new.watermark.example,
            "threshold": new.threshold,
            "compared": new.compared,
            "keep": list(new.keep),
            "searched": new.searched,
            "clusters": len(new.clusters),
            "twins": twins,
            "created_at": at,
        }
        with self._writing() as connection:
            live = sa.select(datasets.c.id).where(datasets.c.id == job.dataset_id, datasets.c.deleted_at.is_(None))
            if connection.execute(live.with_for_update()).scalar() is None:
                raise NotFoundError(f"The dataset {job.dataset_id} was deleted.", "Restore it, and search again.")
            connection.execute(sa.delete(duplicate_searches).where(duplicate_searches.c.dataset_id == job.dataset_id))
            insert = sa.insert(duplicate_searches).values(row).returning(duplicate_searches.c.id)
            search_id = connection.execute(insert).scalar_one()
            rows = [
                {"search_id": search_id, "position": position, "example_id": example_id, "similarity": similarity}
                for position, cluster in enumerate(new.clusters)
                for example_id, similarity in [
                    (cluster.kept, None),
                    *((t.example_id, t.similarity) for t in cluster.twins),
                ]
            ]
            if rows:
                connection.execute(sa.insert(duplicate_members), rows)
            add_progress(connection, job.id, Progress(seconds=seconds), at)

    def latest_search(self, dataset_id: int) -> Search | None:
        """What was found in a dataset last; None before the first search."""
        query = sa.select(duplicate_searches).where(duplicate_searches.c.dataset_id == dataset_id)
        with self._reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else to_search(row)

    def count_open(self, search: Search) -> tuple[int, int]:
        """(clusters, twins) of which something can still be removed."""
        left = _left(search).subquery()
        query = sa.select(sa.func.count(sa.distinct(left.c.position)), sa.func.count()).select_from(left)
        with self._reading() as connection:
            clusters, twins = connection.execute(query).one()
        return clusters, twins

    def count_changes(self, search: Search) -> tuple[int, int]:
        """(added, edited): active examples of the dataset that a search did not see, or not with their present text."""
        of_dataset = (examples.c.dataset_id == search.dataset_id, examples.c.status == ExampleStatus.ACTIVE)
        done, before = example_revisions, example_revisions.alias("before")
        is_since = (done.c.seq > search.watermark.seq, done.c.revision > 1, examples.c.id <= search.watermark.example)
        changed = sa.select(sa.func.count(sa.distinct(examples.c.id))).join(done, done.c.example_id == examples.c.id)
        edited = changed.where(*of_dataset, *is_since, done.c.content.is_not(None))
        was_removed = sa.and_(
            before.c.example_id == done.c.example_id,
            before.c.revision == done.c.revision - 1,
            before.c.seq <= search.watermark.seq,
            before.c.status == ExampleStatus.REMOVED,
        )
        is_back = (done.c.status == ExampleStatus.ACTIVE, done.c.content.is_(None))
        brought_back = changed.join(before, was_removed).where(*of_dataset, *is_since, *is_back)
        new = sa.select(sa.func.count()).where(*of_dataset, examples.c.id > search.watermark.example)
        with self._reading() as connection:
            counts = [connection.execute(query).scalar_one() for query in (new, brought_back, edited)]
        return counts[0] + counts[1], counts[2]

    def get_open_clusters(self, search: Search, limit: int, offset: int = 0) -> list[OpenCluster]:
        """A page of the clusters of which something can still be removed, those that were largest first."""
        columns = (TWIN.c.position, sa.func.min(KEPT.c.example_id), sa.func.count())
        query = _left(search).with_only_columns(*columns).group_by(TWIN.c.position).order_by(TWIN.c.position)
        with self._reading() as connection:
            return [OpenCluster(*row) for row in connection.execute(query.limit(limit).offset(offset))]

    def get_members(self, search: Search, position: int, limit: int | None = None) -> list[Near]:
        """The members of a cluster but for the one that it keeps, as far as they can still be compared.

        The most similar first; those below the threshold come last.
        """
        member = duplicate_members.c
        query = (
            sa.select(member.example_id, member.similarity)
            .join(examples, examples.c.id == member.example_id)
            .where(member.search_id == search.id, member.position == position, member.similarity.is_not(None))
            .where(*_stands(examples, search))
            .order_by(member.similarity.desc(), member.example_id)
        )
        with self._reading() as connection:
            return [Near(*row) for row in connection.execute(query.limit(limit))]

    def stream_pairs(self, search: Search) -> Iterator[tuple[int, int, float]]:
        """(kept, twin, similarity) of all clusters as they were found, whatever became of them since."""
        query = sa.select(KEPT.c.example_id, TWIN.c.example_id, TWIN.c.similarity).where(*_paired(search))
        query = query.order_by(TWIN.c.position, TWIN.c.similarity.desc(), TWIN.c.example_id)
        with (
            self._reading() as connection,
            connection.execution_options(yield_per=STREAM_ROWS).execute(query) as rows,
        ):
            for row in rows:
                yield row[0], row[1], row[2]

    def get_cluster(self, search: Search, kept: int) -> tuple[int, list[int]]:
        """(position, ids) of the cluster that keeps this example, and of its other members, whatever became of them.

        Raises NotFoundError.
        """
        query = sa.select(TWIN.c.position, TWIN.c.example_id).where(
            KEPT.c.example_id == kept, TWIN.c.similarity.is_not(None), *_of_one_cluster(search)
        )
        with self._reading() as connection:
            rows = connection.execute(query.order_by(TWIN.c.example_id)).all()
        if not rows:
            raise NotFoundError(f"No group of duplicates keeps example {kept}.", "Look at the groups again.")
        return rows[0].position, [row.example_id for row in rows]

    def keep_another(
        self, search: Search, position: int, kept: int, instead: int, similarities: Mapping[int, float]
    ) -> None:
        """Have a cluster keep another of its members; ``similarities`` are those of all the others to that one.

        Raises ConflictError where it does not keep ``kept`` any more.
        """
        this = (duplicate_members.c.search_id == search.id, duplicate_members.c.position == position)
        of_each = sa.update(duplicate_members).where(*this, duplicate_members.c.example_id == sa.bindparam("member"))
        with self._writing() as connection:
            is_kept = (duplicate_members.c.example_id == kept, duplicate_members.c.similarity.is_(None))
            first = sa.update(duplicate_members).where(*this, *is_kept).values(similarity=similarities[kept])
            if not connection.execute(first).rowcount:
                raise ConflictError("Somebody chose another example of this group to keep.", "Look at it again.")
            rows = [{"member": each, "similarity": near} for each, near in {**similarities, instead: None}.items()]
            connection.execute(of_each, rows)

    def remove_twins(
        self, search: Search, *, author: str, reason: str, only: Sequence[int] | None = None
    ) -> BulkChange:
        """Remove the twins of all clusters, or of those that keep one of ``only``, as one batch; all or none.

        Those whose text, or whose kept example, was changed or removed since are left alone, and counted as skipped.
        Raises NotFoundError.
        """
        signature, at = Signature(author, "remove", reason, new_batch_id()), now()
        chosen = () if only is None else (KEPT.c.example_id.in_(only),)
        with self._writing() as connection:
            add_to_count(connection, search.dataset_id, 0, at)
            left = _left(search).where(*chosen).with_only_columns(TWIN.c.example_id)
            ids = connection.execute(left).scalars().all()
            found = (
                sa.select(sa.func.count())
                .select_from(TWIN)
                .join(OF_TWIN, OF_TWIN.c.id == TWIN.c.example_id)
                .where(*_paired(search), OF_TWIN.c.status == ExampleStatus.ACTIVE, *chosen)
            )
            skipped = connection.execute(found).scalar_one() - len(ids)
            changed = write_status(connection, search.dataset_id, ids, ExampleStatus.REMOVED, signature, at)
        return BulkChange(str(signature.batch_id), search.dataset_id, len(changed), skipped)


KEPT, TWIN = duplicate_members.alias("kept"), duplicate_members.alias("twin")
OF_KEPT, OF_TWIN = examples.alias("of_kept"), examples.alias("of_twin")


def _of_one_cluster(search: Search) -> tuple[sa.ColumnElement[bool], ...]:
    """A member, and the example that its cluster keeps."""
    return (
        KEPT.c.search_id == search.id,
        KEPT.c.similarity.is_(None),
        TWIN.c.search_id == KEPT.c.search_id,
        TWIN.c.position == KEPT.c.position,
    )


def _paired(search: Search) -> tuple[sa.ColumnElement[bool], ...]:
    """A twin that is near enough, and the example that its cluster keeps."""
    return (*_of_one_cluster(search), TWIN.c.similarity >= search.threshold - ROUNDING)


def _left(search: Search) -> sa.Select[Any]:
    """position, kept and twin of all that can still be removed."""
    return (
        sa.select(TWIN.c.position, KEPT.c.example_id.label("kept"), TWIN.c.example_id.label("twin"))
        .join(OF_TWIN, OF_TWIN.c.id == TWIN.c.example_id)
        .join(KEPT, sa.and_(*_paired(search)))
        .join(OF_KEPT, OF_KEPT.c.id == KEPT.c.example_id)
        .where(*_stands(OF_TWIN, search), *_stands(OF_KEPT, search))
    )


def _stands(example: sa.FromClause, search: Search) -> tuple[sa.ColumnElement[bool], ...]:
    """An example is active, and its text is the one that the search saw."""
    done = example_revisions.alias()
    is_rewritten = sa.exists().where(
        done.c.example_id == example.c.id,
        done.c.seq > search.watermark.seq,
        done.c.content.is_not(None),
        done.c.revision > 1,
    )
    return example.c.status == ExampleStatus.ACTIVE, sa.or_(example.c.revision == 1, ~is_rewritten)
