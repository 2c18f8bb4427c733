"""What reviewers have before them: pages of examples, the next one, one example with all that is known of it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from synthgen_core.database.engine import Connection
from synthgen_core.database.examples import COLUMNS
from synthgen_core.database.exports import unpack_ids
from synthgen_core.database.filters import filter_conditions
from synthgen_core.database.review_order import Place, ReviewOrder, matching
from synthgen_core.database.review_tables import review_samples
from synthgen_core.database.tables import completions, examples, judgements
from synthgen_core.errors import NotFoundError
from synthgen_core.models import Example, ExampleStatus, JsonObject
from synthgen_core.reviewing import Queue, ReviewQuery, ReviewSettings

CHUNK = 200
"""Examples of a stored choice that are looked at with one query."""
BESIDE = ("verdict", "person_score", "review_revision", "reviewer", "tags", "note")
MOST_CHOSEN = 10_000
"""Examples of a stored choice, at most."""


@dataclass(frozen=True, slots=True)
class Reviewable:
    """An example with what stands beside it."""

    example: Example
    content_revision: int
    """The one that wrote its present text."""
    verdict: str | None
    """What reviews come to: a ``Verdict`` or ``disputed``; None: nobody said anything."""
    is_stale: bool
    """The verdict is of an older text."""
    person_score: float | None
    reviewer: str
    """Who said something last."""
    tags: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class JudgementRow:
    """What a judge said of one revision."""

    revision: int
    provider: str
    model: str
    scores: JsonObject
    overall: float | None
    """None: it failed."""
    rationale: str
    state: str
    created_at: datetime


def to_reviewable(row: Any) -> Reviewable:
    """A row of ``examples`` with the columns of ``BESIDE`` as a value."""
    values = dict(row._mapping)
    beside = {name: values.pop(name) for name in BESIDE}
    content_revision = values.pop("content_revision")
    is_stale = beside["review_revision"] < content_revision
    return Reviewable(
        Example(**values | {"status": ExampleStatus(values["status"])}),
        content_revision,
        beside["verdict"],
        bool(beside["verdict"] and is_stale),
        beside["person_score"],
        beside["reviewer"],
        tuple(beside["tags"]),
        beside["note"],
    )


class ReviewQueryRoom(Connection):
    """What can be read for a review. Every way to another example is a look into an index, at any size."""

    def review_page(
        self,
        query: ReviewQuery,
        settings: ReviewSettings,
        *,
        after: int | None = None,
        before: int | None = None,
        at: int | None = None,
        offset: int = 0,
        limit: int = 50,
    ) -> tuple[list[int], bool, bool]:
        """Ids of a page of what a query means: after or before an example, from one on, or after so many others.

        And whether there are examples before it, and after it. Raises NotFoundError, or ConfigError for the order.
        """
        with self._reading() as connection:
            order = self._order(connection, query, settings)
            anchor = next((each for each in (after, before, at) if each is not None), None)
            if anchor is None:
                ids = order.page(offset, limit + 1)
            else:
                is_back = before is not None
                ids = order.walk(order.place_of(anchor), limit + 1, is_back=is_back, is_inclusive=at is not None)
            has_more, ids = len(ids) > limit, ids[:limit]
            if before is not None:
                ids.reverse()
                beyond = bool(ids and order.walk(order.place_of(ids[-1]), 1))
                return ids, has_more, beyond
            is_after_some = bool(ids and order.walk(order.place_of(ids[0]), 1, is_back=True))
            return ids, is_after_some, has_more

    def get_neighbours(
        self, query: ReviewQuery, settings: ReviewSettings, example_id: int
    ) -> tuple[int | None, int | None]:
        """Ids of the examples before and after one, which need not match itself. Raises NotFoundError."""
        with self._reading() as connection:
            order = self._order(connection, query, settings)
            place = order.place_of(example_id)
            before, after = order.walk(place, 1, is_back=True), order.walk(place, 1)
        return (before[0] if before else None, after[0] if after else None)

    def count_before(self, query: ReviewQuery, settings: ReviewSettings, example_id: int, most: int) -> int:
        """How many of what a query means come before an example; ``most`` if there are more. Raises NotFoundError."""
        with self._reading() as connection:
            order = self._order(connection, query, settings)
            return order.count_before(order.place_of(example_id), most)

    def count_matching(self, query: ReviewQuery, settings: ReviewSettings) -> int:
        """How many examples a query means, all counted. Raises NotFoundError."""
        with self._reading() as connection:
            if query.queue is Queue.CHOSEN:
                return len(self._order(connection, query, settings).page(0, MOST_CHOSEN))
            statuses = query.filter.statuses or tuple(ExampleStatus)
            where = (*matching(query, settings), examples.c.status.in_(statuses))
            return connection.execute(sa.select(sa.func.count()).select_from(examples).where(*where)).scalar_one()

    def get_reviewables(self, example_ids: Sequence[int]) -> list[Reviewable]:
        """These examples with what stands beside them, in this order; those that are gone are left out."""
        columns = (*COLUMNS, examples.c.content_revision, *(examples.c[name] for name in BESIDE))
        with self._reading() as connection:
            rows = connection.execute(sa.select(*columns).where(examples.c.id.in_(example_ids)))
            found = {row.id: to_reviewable(row) for row in rows}
        return [found[each] for each in example_ids if each in found]

    def get_judgements(self, example_id: int) -> list[JudgementRow]:
        """What judges said of an example, the newest first; not of mended texts that it did not get."""
        columns = [judgements.c[field.name] for field in fields(JudgementRow)]
        query = sa.select(*columns).where(judgements.c.example_id == example_id, ~judgements.c.is_candidate)
        query = query.order_by(judgements.c.id.desc())
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return [JudgementRow(**{**row._mapping, "scores": row.scores or {}}) for row in rows]

    def get_reply_of(self, example_id: int) -> str | None:
        """The raw reply that an example was made from, the last one of several; None once it is not kept."""
        query = (
            sa.select(completions.c.reply)
            .join(examples, sa.and_(examples.c.job_id == completions.c.job_id, examples.c.item == completions.c.item))
            .where(examples.c.id == example_id)
            .order_by(completions.c.created_at.desc(), completions.c.attempt.desc())
            .limit(1)
        )
        with self._reading() as connection:
            return connection.execute(query).scalar()

    @staticmethod
    def _order(connection: sa.Connection, query: ReviewQuery, settings: ReviewSettings) -> "ReviewOrder | ChosenOrder":
        if query.queue is Queue.CHOSEN:
            return ChosenOrder(connection, query)
        return ReviewOrder(connection, query, settings)


class ChosenOrder:
    """The examples of a stored choice that match a query's filter, in the order of the choice. Raises NotFoundError."""

    def __init__(self, connection: sa.Connection, query: ReviewQuery) -> None:
        self._connection = connection
        self._query = query
        kept = sa.select(review_samples.c.selection).where(
            review_samples.c.id == query.sample_id, review_samples.c.dataset_id == query.dataset_id
        )
        packed = connection.execute(kept).scalar()
        if packed is None:
            raise NotFoundError(f"There is no choice {query.sample_id} of examples.", "Choose anew.")
        self._ids = unpack_ids(packed)

    def place_of(self, example_id: int) -> Place:
        """Which number it has, from 0. Raises NotFoundError."""
        try:
            return Place(None, self._ids.index(example_id))
        except ValueError:
            raise NotFoundError(f"Example {example_id} is not among those chosen.", "Begin with the first.") from None

    def walk(self, place: Place | None, limit: int, *, is_back: bool = False, is_inclusive: bool = False) -> list[int]:
        """As ``ReviewOrder.walk`` does."""
        step = -1 if is_back else 1
        start = 0 if place is None else place.index + (0 if is_inclusive else step)
        numbers = range(start, -1, -1) if is_back else range(start, len(self._ids))
        found: list[int] = []
        for first in range(0, len(numbers), CHUNK):
            some = [self._ids[n] for n in numbers[first : first + CHUNK]]
            conditions = (examples.c.dataset_id == self._query.dataset_id, *filter_conditions(self._query.filter))
            query = sa.select(examples.c.id).where(examples.c.id.in_(some), *conditions)
            there = set(self._connection.execute(query).scalars())
            found += [each for each in some if each in there]
            if len(found) >= limit:
                break
        return found[:limit]

    def page(self, offset: int, limit: int) -> list[int]:
        """As ``ReviewOrder.page`` does."""
        return self.walk(None, offset + limit)[offset:]

    def count_before(self, place: Place, most: int) -> int:
        """As ``ReviewOrder.count_before`` does."""
        return len(self.walk(place, most, is_back=True))
