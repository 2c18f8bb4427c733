"""Batches: requests that a job hands to a service all at once, and fetches the replies to hours later.

A row is written before anything is sent. So a crash in between leaves a *planned* batch, for which the service is
asked, and never one that is paid for and not known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from synthgen_core.database.datasets import now
from synthgen_core.database.engine import Connection
from synthgen_core.database.tables import batches


class BatchState(StrEnum):
    """planned -> sent -> fetched; or refused, where the service did not take it; or lost, where it does not know it."""

    PLANNED = "planned"
    SENT = "sent"
    FETCHED = "fetched"
    REFUSED = "refused"
    LOST = "lost"

    @property
    def is_open(self) -> bool:
        """There may be replies to fetch."""
        return self in (BatchState.PLANNED, BatchState.SENT)


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A batch that is about to be sent."""

    mark: str
    """Ours; the service is given it, so that the batch is known again."""
    round: int
    """Counts from 1 within the job: later ones ask again for what earlier ones did not bring."""
    requests: int
    worst_tokens: int
    worst_cost: Decimal | None
    """US dollars; None: not known."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A row of ``batches``."""

    id: int
    job_id: int
    mark: str
    round: int
    state: BatchState
    service_id: str
    """The service's own name for it; empty until it is sent."""
    requests: int
    worst_tokens: int
    worst_cost: Decimal | None
    planned_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None


def _to_batch(row: Any) -> Batch:
    values = dict(row._mapping)
    return Batch(**values | {"state": BatchState(values["state"])})


_COLUMNS = [batches.c[column.name].label(column.name.removesuffix("_nanos")) for column in batches.c]


class BatchRoom(Connection):
    """What can be done with rows of ``batches``."""

    def plan_batch(self, job_id: int, new: NewBatch) -> Batch:
        """Write down that this batch is about to be sent; on the disk when it returns."""
        row = {
            "job_id": job_id,
            "mark": new.mark,
            "round": new.round,
            "state": BatchState.PLANNED,
            "service_id": "",
            "requests": new.requests,
            "worst_tokens": new.worst_tokens,
            "worst_cost_nanos": new.worst_cost,
            "planned_at": now(),
        }
        with self._writing() as connection:
            return _to_batch(connection.execute(sa.insert(batches).values(row).returning(*_COLUMNS)).one())

    def mark_batch_sent(self, batch_id: int, service_id: str) -> Batch:
        """planned -> sent, under the service's own name for it."""
        return self._change(batch_id, {"state": BatchState.SENT, "service_id": service_id, "sent_at": now()})

    def end_batch(self, batch_id: int, state: BatchState) -> Batch:
        """The batch is over: fetched, refused or lost."""
        return self._change(batch_id, {"state": state, "ended_at": now()})

    def get_batches(self, job_id: int) -> Sequence[Batch]:
        """A job's batches, the oldest first."""
        query = sa.select(*_COLUMNS).where(batches.c.job_id == job_id).order_by(batches.c.id)
        with self._reading() as connection:
            return [_to_batch(row) for row in connection.execute(query)]

    def get_batch_names(self) -> set[str]:
        """What services call the batches of all jobs."""
        with self._reading() as connection:
            names = connection.execute(sa.select(batches.c.service_id).where(batches.c.service_id != ""))
            return set(names.scalars())

    def _change(self, batch_id: int, values: dict[str, Any]) -> Batch:
        change = sa.update(batches).where(batches.c.id == batch_id).values(values).returning(*_COLUMNS)
        with self._writing() as connection:
            return _to_batch(connection.execute(change).one())
