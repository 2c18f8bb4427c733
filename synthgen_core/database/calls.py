"""The log of calls to models: one row a call, failed ones too, and the sums that are made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from synthgen_core.database.datasets import now
from synthgen_core.database.engine import Connection
from synthgen_core.database.tables import Dollars, calls, examples
from synthgen_core.models import Usage

OK = "ok"
"""The outcome of a call that brought a reply."""
INSERT = sa.insert(calls)


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
class LoggedCall:
    """A call to a model that is over."""

    item: int
    attempt: int
    provider: str
    model: str
    base_url: str
    outcome: str
    """"ok", or the cause of the failure."""
    usage: Usage
    cost: Decimal | None
    """US dollars; None: not known."""
    seconds: float
    key: str | None = None
    """Under which the reply is kept."""
    id: int = 0
    at: datetime | None = None
    """When it was written down, which is when it ended."""
    job_id: int | None = None
    """None: it belonged to no job, or to one that was deleted."""
    dataset_id: int | None = None


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


def known_cost(cost: Decimal | None, unknown_cost_calls: int) -> Decimal | None:
    """A sum of costs as it may be shown: never 0 where it is only that nobody knows."""
    return None if unknown_cost_calls and not cost else cost or Decimal(0)


def insert_calls(
    connection: sa.Connection,
    log: Sequence[LoggedCall],
    at: datetime,
    job_id: int | None = None,
    dataset_id: int | None = None,
) -> None:
    """Write calls down, within the caller's transaction."""
    rows = [
        {
            "at": at,
            "job_id": job_id,
            "dataset_id": dataset_id,
            "item": call.item,
            "attempt": call.attempt,
            "provider": call.provider,
            "model": call.model.replace("\0", "\ufffd"),
            "base_url": call.base_url,
            "outcome": call.outcome[:40],
            "prompt_tokens": call.usage.prompt_tokens,
            "completion_tokens": call.usage.completion_tokens,
            "cached_tokens": call.usage.cached_tokens,
            "cache_write_tokens": call.usage.cache_write_tokens,
            "cost_nanos": call.cost,
            "seconds": call.seconds,
            "key": call.key,
        }
        for call in log
    ]
    connection.execute(INSERT, rows)


def _sum(column: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(column), 0)


def _filters(
    job_id: int | None, dataset_id: int | None, provider: str, model: str, outcome: str, since: datetime | None
) -> list[sa.ColumnElement[bool]]:
    wanted = {calls.c.job_id: job_id, calls.c.dataset_id: dataset_id}
    filters = [column == value for column, value in wanted.items() if value is not None]
    texts = {calls.c.provider: provider, calls.c.model: model, calls.c.outcome: outcome}
    filters += [column == value for column, value in texts.items() if value]
    return filters if since is None else [*filters, calls.c.at >= since]


def _to_call(row: Any) -> LoggedCall:
    values = dict(row._mapping)
    tokens = ("prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens")
    usage = Usage(**{name: values.pop(name) for name in tokens})
    cost = values.pop("cost_nanos")
    return LoggedCall(**values, usage=usage, cost=cost)


class CallRoom(Connection):
    """What can be done with rows of ``calls``."""

    def log_calls(self, log: Sequence[LoggedCall]) -> None:
        """Write down calls that belong to no job."""
        if log:
            with self._writing(is_synced=False) as connection:
                insert_calls(connection, log, now())

    def get_calls(
        self,
        *,
        job_id: int | None = None,
        dataset_id: int | None = None,
        provider: str = "",
        model: str = "",
        outcome: str = "",
        since: datetime | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[LoggedCall]:
        """Calls, the newest first."""
        filters = _filters(job_id, dataset_id, provider, model, outcome, since)
        query = sa.select(calls).where(*filters).order_by(calls.c.id.desc()).limit(limit).offset(offset)
        with self._reading() as connection:
            return [_to_call(row) for row in connection.execute(query)]

    def count_calls(
        self,
        *,
        job_id: int | None = None,
        dataset_id: int | None = None,
        provider: str = "",
        model: str = "",
        outcome: str = "",
        since: datetime | None = None,
    ) -> dict[str, int]:
        """How many calls ``get_calls`` would list in all, by outcome, the most frequent first."""
        filters = _filters(job_id, dataset_id, provider, model, outcome, since)
        number = sa.func.count()
        query = sa.select(calls.c.outcome, number).where(*filters).group_by(calls.c.outcome)
        with self._reading() as connection:
            rows = connection.execute(query.order_by(number.desc(), calls.c.outcome))
            return {row[0]: row[1] for row in rows}

    def get_usage(
        self,
        group_by: GroupBy | None = None,
        *,
        job_id: int | None = None,
        dataset_id: int | None = None,
        provider: str = "",
        model: str = "",
        since: datetime | None = None,
    ) -> list[UsageRow]:
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
        query = sa.select(*sums, *group).where(*_filters(job_id, dataset_id, provider, model, "", since))
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

    def get_recent_calls(self, provider: str, model: str, limit: int) -> list[RecentCalls]:
        """The newest calls to a model that were answered and belonged to jobs, at most so many, by job."""
        newest = (
            sa.select(calls.c.job_id, calls.c.item)
            .where(calls.c.provider == provider, calls.c.model == model, calls.c.outcome == OK)
            .where(calls.c.job_id.is_not(None))
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
