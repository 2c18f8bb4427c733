"""Paid replies: the cache of responses, and the memory from which a job resumes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from synthgen_core.database.engine import Connection
from synthgen_core.database.tables import completions, examples, jobs
from synthgen_core.database.upserts import upserts
from synthgen_core.models import Completion, JobStatus, Usage

UPSERT = upserts(completions)


@dataclass(frozen=True, slots=True)
class PaidReply:
    """A reply on its way into the database, under the key of the request that it answers."""

    key: str
    item: int
    attempt: int
    provider: str
    completion: Completion


@dataclass(frozen=True, slots=True)
class Kept:
    """How much is kept."""

    replies: int
    size: int
    """Bytes of their texts."""
    needed: int
    """Replies without which a job that can be resumed, or runs, would pay again."""


def insert_completions(connection: sa.Connection, job_id: int, replies: Sequence[PaidReply], at: datetime) -> None:
    """Keep replies, within the caller's transaction. A newer reply to the same request replaces the older one.

    What PostgreSQL cannot hold is replaced or cut; the keys are written in one order, so that no two jobs that write
    the same ones wait for each other.
    """
    rows = [
        {
            "key": reply.key,
            "job_id": job_id,
            "item": reply.item,
            "attempt": reply.attempt,
            "provider": reply.provider,
            "model": reply.completion.model.replace("\0", "\ufffd"),
            "reply": reply.completion.text.replace("\0", "\ufffd"),
            "finish_reason": reply.completion.finish_reason.replace("\0", "\ufffd")[:40],
            "prompt_tokens": reply.completion.usage.prompt_tokens,
            "completion_tokens": reply.completion.usage.completion_tokens,
            "seconds": reply.completion.seconds,
            "created_at": at,
        }
        for reply in sorted(replies, key=lambda reply: reply.key)
    ]
    connection.execute(UPSERT[connection.dialect.name], rows)


def to_completion(row: Any) -> Completion:
    """A row of ``completions`` as a value."""
    return Completion(
        row.reply, row.model, row.finish_reason, Usage(row.prompt_tokens, row.completion_tokens), row.seconds
    )


def _kept_by(job_id: int | None, since: datetime | None) -> sa.ColumnElement[bool]:
    """The replies of this job, and any made at ``since`` or later."""
    either = [completions.c.job_id == job_id] if job_id is not None else []
    if since is not None:
        either.append(completions.c.created_at >= since)
    return sa.or_(sa.false(), *either)


def _needed() -> sa.ColumnElement[bool]:
    """Replies of jobs that may go on, for items that are not done."""
    may_go_on = sa.exists().where(jobs.c.id == completions.c.job_id, jobs.c.status != JobStatus.COMPLETED)
    is_done = sa.exists().where(examples.c.job_id == completions.c.job_id, examples.c.item == completions.c.item)
    return sa.and_(may_go_on, ~is_done)


class CompletionRoom(Connection):
    """What can be done with rows of ``completions``."""

    def has_completions(self, *, job_id: int | None = None, since: datetime | None = None) -> bool:
        """Whether there is any reply of this job, or one made at ``since`` or later."""
        query = sa.select(sa.exists().select_from(completions).where(_kept_by(job_id, since)))
        with self._reading() as connection:
            return bool(connection.execute(query).scalar())

    def get_completions(
        self, keys: Iterable[str], *, job_id: int | None = None, since: datetime | None = None
    ) -> dict[str, Completion]:
        """The replies kept under these keys, where one is: those of this job, and any made at ``since`` or later."""
        query = sa.select(completions).where(completions.c.key.in_(list(keys)), _kept_by(job_id, since))
        with self._reading() as connection:
            return {row.key: to_completion(row) for row in connection.execute(query)}

    def get_kept(self) -> Kept:
        """How much is kept of all jobs."""
        is_sqlite = self.engine.dialect.name == "sqlite"
        text = sa.cast(completions.c.reply, sa.LargeBinary) if is_sqlite else completions.c.reply
        size = (sa.func.length if is_sqlite else sa.func.octet_length)(text)
        needed = sa.func.coalesce(sa.func.sum(sa.case((_needed(), 1), else_=0)), 0)
        query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(size), 0), needed).select_from(completions)
        with self._reading() as connection:
            return Kept(*(int(number) for number in connection.execute(query).one()))

    def delete_completions(self, *, before: datetime | None = None, with_needed: bool = False) -> int:
        """Forget replies, those made ``before`` or all; what a job needs to go on only if told so. Returns how many."""
        query = sa.delete(completions)
        if before is not None:
            query = query.where(completions.c.created_at < before)
        if not with_needed:
            query = query.where(~_needed())
        with self._writing() as connection:
            return int(connection.execute(query).rowcount)
