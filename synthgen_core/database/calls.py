"""The log of calls to models: one row a call, failed ones too. What it comes to is told in ``usage``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, TypedDict, Unpack

import sqlalchemy as sa

from synthgen_core.database.completions import to_completion
from synthgen_core.database.datasets import now
from synthgen_core.database.engine import Connection
from synthgen_core.database.tables import calls, completions
from synthgen_core.models import Completion, Usage

NO_JOB = 0
"""In a filter: calls that belong to no job. The numbers of jobs begin at 1."""
INSERT = sa.insert(calls)


class CallFilter(TypedDict, total=False):
    """Which calls: those to which all of this applies. What is left out, None or empty applies to all."""

    job_id: int | None
    """``NO_JOB``: those that belong to none."""
    dataset_id: int | None
    provider: str
    model: str
    outcome: str
    since: datetime | None


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


def filters_of(which: CallFilter) -> list[sa.ColumnElement[bool]]:
    """The conditions that these calls meet."""
    wanted: dict[str, Any] = dict(which)
    since = wanted.pop("since", None)
    filters = [calls.c[name] == (value or None) for name, value in wanted.items() if value not in (None, "")]
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

    def get_calls(self, *, limit: int | None = None, offset: int = 0, **which: Unpack[CallFilter]) -> list[LoggedCall]:
        """Calls, the newest first."""
        query = sa.select(calls).where(*filters_of(which)).order_by(calls.c.id.desc()).limit(limit).offset(offset)
        with self._reading() as connection:
            return [_to_call(row) for row in connection.execute(query)]

    def count_calls(self, **which: Unpack[CallFilter]) -> dict[str, int]:
        """How many calls ``get_calls`` would list in all, by outcome, the most frequent first."""
        number = sa.func.count()
        query = sa.select(calls.c.outcome, number).where(*filters_of(which)).group_by(calls.c.outcome)
        with self._reading() as connection:
            rows = connection.execute(query.order_by(number.desc(), calls.c.outcome))
            return {row[0]: row[1] for row in rows}

    def get_called_models(self) -> list[tuple[str, str]]:
        """Provider and model of all calls, each pair once, in order."""
        query = sa.select(calls.c.provider, calls.c.model).distinct().order_by(calls.c.provider, calls.c.model)
        with self._reading() as connection:
            return [(row[0], row[1]) for row in connection.execute(query)]

    def get_call_reply(self, call_id: int) -> Completion | None:
        """The reply that this call brought; None if there is none, or if it is not kept any more.

        Only the newest reply to a request is kept. It is this call's if both were written down together.
        """
        is_its = sa.and_(completions.c.key == calls.c.key, completions.c.created_at == calls.c.at)
        query = sa.select(completions).join(calls, is_its).where(calls.c.id == call_id)
        with self._reading() as connection:
            row = connection.execute(query).one_or_none()
        return to_completion(row) if row else None
