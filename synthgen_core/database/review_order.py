"""The order in which examples are reviewed: any place in it is found through an index, without counting from the start.

A place is an example's own (sort key, index); what comes after it is a comparison of such pairs. What has no key comes
last, by index. Examples of several statuses are taken from each and put together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from synthgen_core.database.filters import HAS_FLAGS, filter_conditions, is_reviewed_by
from synthgen_core.database.tables import examples
from synthgen_core.errors import ConfigError, NotFoundError
from synthgen_core.models import ExampleFilter, ExampleStatus
from synthgen_core.reviewing import REVIEW_SORTS, UNSEEN, Queue, ReviewQuery, ReviewSettings

INDEX = "example_index"
NUMBERS = ("quality_score", "person_score", "rule_score", "flag_count")
Row = tuple[int, Any, int]
"""Id, sort key, index."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an example stands in an order, whether it matches or not."""

    key: Any
    index: int


class ReviewOrder:
    """The examples that a query means, in its order, within one transaction. Not for a stored choice.

    Raises ConfigError for a column that there is no order by.
    """

    def __init__(self, connection: sa.Connection, query: ReviewQuery, settings: ReviewSettings) -> None:
        if query.sort not in REVIEW_SORTS:
            raise ConfigError(f"Examples cannot be reviewed by “{query.sort}”.", f"Known: {', '.join(REVIEW_SORTS)}.")
        self._connection = connection
        self._query = query
        self._conditions = matching(query, settings)
        column = examples.c[query.sort]
        self._column: sa.ColumnElement[Any] = column
        self._has_key = HAS_FLAGS if query.sort == "flag_count" else column.is_not(None)
        if query.sort in NUMBERS and _are_few(query.filter):
            # Few match: better found by what they match and sorted than met on the way through an index of all.
            self._column = column + 0
            self._has_key = self._column > 0 if query.sort == "flag_count" else self._column.is_not(None)
        statuses = query.filter.statuses or tuple(ExampleStatus)
        self._streams: list[sa.ColumnElement[bool]]
        if len(statuses) == 1 or query.sort != INDEX:
            self._streams = [examples.c.status == status for status in statuses]
        else:
            self._streams = [examples.c.status.in_(statuses)]

    def place_of(self, example_id: int) -> Place:
        """Where an example of the dataset stands. Raises NotFoundError."""
        key = examples.c[self._query.sort]
        query = sa.select(key, examples.c.example_index).where(
            examples.c.id == example_id, examples.c.dataset_id == self._query.dataset_id
        )
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise NotFoundError(f"There is no example {example_id} in dataset {self._query.dataset_id}.")
        has_no_key = row[0] is None or (self._query.sort == "flag_count" and not row[0])
        return Place(None if has_no_key else row[0], row[1])

    def walk(self, place: Place | None, limit: int, *, is_back: bool = False, is_inclusive: bool = False) -> list[int]:
        """Ids of the examples that come after a place (None: the start), or before it, the nearest first."""
        found: list[Row] = []
        is_descending = self._query.is_descending != is_back
        for has_key, at in self._parts(place, is_back):
            part: list[Row] = []
            for query in self._selects(has_key, at, is_descending, is_inclusive):
                rows = self._connection.execute(query.limit(limit - len(found)))
                part += [(row[0], row[1], row[2]) for row in rows]
            if len(self._streams) > 1:
                part.sort(key=lambda row: (row[1], row[2]) if has_key else row[2], reverse=is_descending)
            found += part[: limit - len(found)]
            if len(found) == limit:
                break
        return [row[0] for row in found]

    def page(self, offset: int, limit: int) -> list[int]:
        """Ids of so many examples after so many others."""
        if len(self._streams) > 1:
            return self.walk(None, offset + limit)[offset:]
        found: list[int] = []
        for has_key, _ in self._parts(None, is_back=False):
            (query,) = self._selects(has_key, None, self._query.is_descending, is_inclusive=False)
            rows = self._connection.execute(query.limit(limit - len(found)).offset(offset)).all()
            found += [row[0] for row in rows]
            if len(found) == limit:
                break
            if offset and not rows:
                before = self._connection.execute(sa.select(sa.func.count()).select_from(query.subquery()))
                offset = max(0, offset - before.scalar_one())
            else:
                offset = 0
        return found

    def count_before(self, place: Place, most: int) -> int:
        """How many matching examples come before a place; counts no further than ``most``."""
        total = 0
        for has_key, at in self._parts(place, is_back=True):
            for query in self._selects(has_key, at, not self._query.is_descending, is_inclusive=False):
                some = query.limit(most - total).subquery()
                total += self._connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()
                if total >= most:
                    return most
        return total

    def _parts(self, place: Place | None, is_back: bool) -> Iterator[tuple[bool, Place | None]]:
        """What has a key and what has none, as far as it comes after the place, and from where on."""
        if self._query.sort == INDEX:
            yield True, place
            return
        for has_key in (False, True) if is_back else (True, False):
            is_here = place is not None and (place.key is not None) is has_key
            is_passed = place is not None and not is_here and has_key is not is_back
            if not is_passed:
                yield has_key, place if is_here else None

    def _selects(
        self, has_key: bool, place: Place | None, is_descending: bool, is_inclusive: bool
    ) -> Iterator[sa.Select[Any]]:
        """One query for each stream, of id, key and index."""
        index = examples.c.example_index
        pair: list[sa.ColumnElement[Any]] = [index]
        if self._query.sort != INDEX:
            pair = [self._column, index] if has_key else [index]
        conditions = list(self._conditions)
        if self._query.sort != INDEX:
            conditions.append(self._has_key if has_key else ~self._has_key)
        if place is not None:
            values = [place.key, place.index] if len(pair) > 1 else [place.index]
            conditions.append(_beyond(pair, values, is_descending, is_inclusive))
        order = [part.desc() if is_descending else part.asc() for part in pair]
        query = sa.select(examples.c.id, examples.c[self._query.sort], index).where(*conditions).order_by(*order)
        for stream in self._streams:
            yield query.where(stream)


def matching(query: ReviewQuery, settings: ReviewSettings) -> list[sa.ColumnElement[bool]]:
    """What an example must fulfil to be meant, but for its status."""
    found = [
        examples.c.dataset_id == query.dataset_id,
        *filter_conditions(replace(query.filter, statuses=())),
    ]
    if query.queue is Queue.MINE:
        found += _is_mine(query.reviewer, settings)
    return found


def _is_mine(reviewer: str, settings: ReviewSettings) -> list[sa.ColumnElement[bool]]:
    """It is this reviewer's to do, and not done: each example goes to ``overlap`` of the reviewers, in a circle."""
    is_open = ~is_reviewed_by(reviewer)
    if not settings.reviewers:
        return [is_open, examples.c.review_count < settings.overlap]
    if reviewer not in settings.reviewers:
        return [sa.false()]
    people, place = len(settings.reviewers), settings.reviewers.index(reviewer)
    distance = (place + people - examples.c.example_index % people) % people
    return [is_open, distance < settings.overlap]


def _are_few(chosen: ExampleFilter) -> bool:
    """It keeps only what people said something of, or what is flagged: a small part, which an index finds."""
    has_verdict = chosen.verdict not in (None, UNSEEN) or chosen.is_reviewed is True
    return has_verdict or chosen.flags == "any"


def _beyond(
    pair: Sequence[sa.ColumnElement[Any]], values: Sequence[Any], is_descending: bool, is_inclusive: bool
) -> sa.ColumnElement[bool]:
    """The pair comes after the values, in this direction; a comparison of rows, which an index can answer."""
    left: Any = sa.tuple_(*pair) if len(pair) > 1 else pair[0]
    right: Any = sa.tuple_(*values) if len(pair) > 1 else values[0]
    found: sa.ColumnElement[bool]
    if is_descending:
        found = left <= right if is_inclusive else left < right
    else:
        found = left >= right if is_inclusive else left > right
    return found
