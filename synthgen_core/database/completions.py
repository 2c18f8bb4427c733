"""Paid replies: the cache of responses, and the memory from which a job resumes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from synthgen_core.database.engine import Connection
from synthgen_core.database.tables import completions
from synthgen_core.models import Completion, Usage


def _upsert(insert: postgresql.Insert | sqlite.Insert) -> sa.Insert:
    newer = {column.name: insert.excluded[column.name] for column in completions.c if not column.primary_key}
    return insert.on_conflict_do_update(index_elements=["key"], set_=newer)


UPSERT = {"postgresql": _upsert(postgresql.insert(completions)), "sqlite": _upsert(sqlite.insert(completions))}
"""Built once: a job runs it many times a second."""


@dataclass(frozen=True, slots=True)
class PaidReply:
    """A reply on its way into the database, under the key of the request that it answers."""

    key: str
    item: int
    attempt: int
    provider: str
    completion: Completion


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


def _kept_by(job_id: int | None, since: datetime | None) -> sa.ColumnElement[bool]:
    """The replies of this job, and any made at ``since`` or later."""
    either = [completions.c.job_id == job_id] if job_id is not None else []
    if since is not None:
        either.append(completions.c.created_at >= since)
    return sa.or_(sa.false(), *either)


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
            return {
                row.key: Completion(
                    row.reply,
                    row.model,
                    row.finish_reason,
                    Usage(row.prompt_tokens, row.completion_tokens),
                    row.seconds,
                )
                for row in connection.execute(query)
            }
