"""What the log of calls comes to: sums by job, dataset, model and day, and how long calls took, counted in bins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any, Unpack

import sqlalchemy as sa

from synthgen_core.budget import OK
from synthgen_core.database.calls import CallFilter, filters_of, known_cost
from synthgen_core.database.columns import Dollars
from synthgen_core.database.engine import Connection
from synthgen_core.database.tables import calls, examples
from synthgen_core.models import Usage

SECONDS_STEP = 1.1
BIN_EDGES = tuple(0.001 * SECONDS_STEP**n for n in range(160))
"""Seconds at which one bin of durations ends and the next begins, from a millisecond to about an hour: within a bin,
no call takes over 10 % longer than another, but for the shortest and the longest."""


class GroupBy(StrEnum):
    """By what usage is summed up."""

    JOB = "job"
    DATASET = "dataset"
    MODEL = "model"
    DAY = "day"


GROUPS: Mapping[GroupBy, tuple[sa.ColumnElement[Any], ...]] = {
    GroupBy.JOB: (calls.c.job_id,),
    GroupBy.DATASET: (calls.c.dataset_id,),
    GroupBy.MODEL: (calls.c.provider, calls.c.model),
    GroupBy.DAY: (sa.func.date(calls.c.at),),
}


@dataclass(frozen=True, slots=True)
class UsageRow:
    """What the calls of one group took."""

    group: tuple[str, ...]
    """A job's or dataset's number (empty: none), provider and model, or a day (UTC, as 2027-01-31)."""
    calls: int
    failed_calls: int
    usage: Usage
    cost: Decimal | None
    """US dollars, as far as that is known; None: of no call that cost anything."""
    unknown_cost_calls: int
    """Calls that are not in ``cost``."""
    seconds: float
    """All calls together, one after the other."""


@dataclass(frozen=True, slots=True)
class RecentCalls:
    """What a job's part of the newest calls to a model came to."""

    job_id: int
    calls: int
    examples: int
    """Accepted ones, that these calls led to."""


@dataclass(frozen=True, slots=True)
class CallBin:
    """Calls that ended in the same period, in the same way, and took about as long."""

    at: datetime
    """When the period began."""
    outcome: str
    calls: int
    seconds: float
    """All of them together."""


def _sum(column: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(column), 0)


@cache
def _seconds_bin(first: int = 0, last: int = len(BIN_EDGES)) -> sa.ColumnElement[int]:
    """The number of a call's bin, 0 below the first edge; found in eight comparisons, as neither database need know
    logarithms."""
    if first == last:
        return sa.literal_column(str(first), sa.Integer)
    middle = (first + last) // 2
    is_shorter = calls.c.seconds < sa.literal_column(repr(BIN_EDGES[middle]))
    return sa.case((is_shorter, _seconds_bin(first, middle)), else_=_seconds_bin(middle + 1, last))


class UsageRoom(Connection):
    """What can be summed up of rows of ``calls``."""

    def get_usage(self, group_by: GroupBy | None = None, **which: Unpack[CallFilter]) -> list[UsageRow]:
        """Sums over calls, a row for each group, the one with the newest call first; without groups, one row."""
        group = GROUPS[group_by] if group_by else ()
        sums = [
            sa.func.count(),
            _sum(sa.case((calls.c.outcome == OK, 0), else_=1)),
            _sum(calls.c.prompt_tokens),
            _sum(calls.c.completion_tokens),
            _sum(calls.c.cached_tokens),
            _sum(calls.c.cache_write_tokens),
            sa.func.sum(calls.c.cost_nanos, type_=Dollars()),
            _sum(sa.case((calls.c.cost_nanos.is_(None), 1), else_=0)),
            sa.func.coalesce(sa.func.sum(calls.c.seconds), 0.0),
        ]
        query = sa.select(*sums, *group).where(*filters_of(which))
        if group:
            query = query.group_by(*group).order_by(sa.func.max(calls.c.id).desc())
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return [
            UsageRow(
                group=tuple("" if value is None else str(value) for value in row[len(sums) :]),
                calls=row[0],
                failed_calls=int(row[1]),
                usage=Usage(*(int(tokens) for tokens in row[2:6])),
                cost=known_cost(row[6], int(row[7])),
                unknown_cost_calls=int(row[7]),
                seconds=float(row[8]),
            )
            for row in rows
        ]

    def get_call_bins(
        self, periods: Sequence[int], most: int, **which: Unpack[CallFilter]
    ) -> tuple[int, list[CallBin]]:
        """Calls counted by when they ended, how, and how long they took; and the length of a period in seconds.

        That is the first of ``periods`` (ascending) of which ``most`` reach from the oldest call to the newest, or the
        last. Bins come in the order of time, those of a period and an outcome the shortest calls first. How many there
        are does not grow with the number of calls.
        """
        wanted = filters_of(which)
        with self._reading() as connection:
            span = sa.select(sa.func.min(calls.c.at), sa.func.max(calls.c.at)).where(*wanted)
            oldest, newest = connection.execute(span).one()
            if oldest is None:
                return periods[0], []
            length = (newest - oldest).total_seconds()
            period = next((each for each in periods if each * most >= length), periods[-1])
            epoch = sa.extract("epoch", calls.c.at)
            binned = (
                sa.select(
                    (epoch - epoch % period).label("start"),
                    _seconds_bin().label("bin"),
                    calls.c.outcome,
                    calls.c.seconds,
                )
                .where(*wanted)
                .subquery()
            )
            key = (binned.c.start, binned.c.outcome, binned.c.bin)
            query = sa.select(*key, sa.func.count(), sa.func.sum(binned.c.seconds)).group_by(*key).order_by(*key)
            return period, [
                CallBin(datetime.fromtimestamp(int(start), UTC), outcome, number, seconds)
                for start, outcome, _, number, seconds in connection.execute(query)
            ]

    def get_recent_calls(self, provider: str, model: str, limit: int) -> list[RecentCalls]:
        """The newest calls to a model that were answered and belonged to jobs, at most so many, by job.

        Those for a dataset that was purged are left out: with its examples, what they led to is gone.
        """
        newest = (
            sa.select(calls.c.job_id, calls.c.item)
            .where(calls.c.provider == provider, calls.c.model == model, calls.c.outcome == OK)
            .where(calls.c.job_id.is_not(None), calls.c.dataset_id.is_not(None))
            .order_by(calls.c.id.desc())
            .limit(limit)
            .subquery()
        )
        is_its = sa.and_(examples.c.job_id == newest.c.job_id, examples.c.item == newest.c.item)
        query = (
            sa.select(newest.c.job_id, sa.func.count(), sa.func.count(sa.distinct(examples.c.id)))
            .select_from(newest.outerjoin(examples, is_its))
            .group_by(newest.c.job_id)
            .order_by(newest.c.job_id.desc())
        )
        with self._reading() as connection:
            return [RecentCalls(*row) for row in connection.execute(query)]
