"""Jobs: started, watched, stopped, found again after a crash. What has ended changes only by being resumed."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from synthgen_core.database.calls import LoggedCall, insert_calls, known_cost
from synthgen_core.database.completions import PaidReply, insert_completions
from synthgen_core.database.datasets import NewDataset, insert_dataset, now
from synthgen_core.database.engine import Connection
from synthgen_core.database.examples import NewExample, insert_examples
from synthgen_core.database.tables import jobs
from synthgen_core.errors import ConflictError, NotFoundError
from synthgen_core.models import Job, JobKind, JobStatus, JsonObject, Usage
from synthgen_core.models.jobs import ACTIVE

STOPPED_SHORT = (JobStatus.INTERRUPTED, JobStatus.CANCELLED, JobStatus.FAILED)
COUNTS = ("done", "failed", "calls", "prompt_tokens", "completion_tokens", "cost_nanos", "unknown_cost_calls")
ADD_PROGRESS = (
    sa.update(jobs)
    .where(jobs.c.id == sa.bindparam("of_job"))
    .values(
        {name: jobs.c[name] + sa.bindparam(f"added_{name}") for name in COUNTS}
        | {"seconds": sa.bindparam("new_seconds"), "heartbeat_at": sa.bindparam("at")}
    )
)
"""Built once: a job runs it many times a second."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What happened in a job since the last time it was written down."""

    examples: Sequence[NewExample] = ()
    replies: Sequence[PaidReply] = ()
    failed: int = 0
    calls: int = 0
    """Calls that were answered; ``usage`` is theirs."""
    usage: Usage = field(default_factory=Usage)
    log: Sequence[LoggedCall] = ()
    """Calls that are over, failed ones too; what they cost is added to the job's."""
    errors: JsonObject | None = None
    """The job's error counts in all, if they changed."""
    seconds: float = 0.0
    """Time that the job has run, in all."""
    done: int | None = None
    """Items done; None: as many as there are ``examples``."""
    requested: int | None = None
    """Items that the job has in all, if that was not known when it began."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job on its way into the database."""

    kind: JobKind
    parameters: JsonObject
    requested: int
    owner: str
    """The process that will run it."""


def to_job(row: Any) -> Job:
    """A row of ``jobs`` as a value."""
    values = dict(row._mapping)
    usage = Usage(values.pop("prompt_tokens"), values.pop("completion_tokens"))
    cost = known_cost(values.pop("cost_nanos"), values["unknown_cost_calls"])
    del values["counters"]
    words = {"kind": JobKind(values["kind"]), "status": JobStatus(values["status"])}
    return Job(**values | words | {"usage": usage, "cost": cost})


def _insert_job(connection: sa.Connection, new: NewJob, dataset_id: int | None) -> Job:
    at = now()
    row = {
        "kind": new.kind,
        "dataset_id": dataset_id,
        "status": JobStatus.PENDING,
        "parameters": new.parameters,
        "requested": new.requested,
        "note": "",
        "owner": new.owner,
        "created_at": at,
        "heartbeat_at": at,
        "cancel_requested": False,
        "counters": {},
        "errors": {},
        **dict.fromkeys((*COUNTS, "seconds"), 0),
    }
    return to_job(connection.execute(sa.insert(jobs).values(row).returning(jobs)).one())


def add_progress(connection: sa.Connection, job_id: int, progress: Progress, at: datetime) -> None:
    """Add to a job's counters, within the caller's transaction."""
    added = {
        "added_done": len(progress.examples) if progress.done is None else progress.done,
        "added_failed": progress.failed,
        "added_calls": progress.calls,
        "added_prompt_tokens": progress.usage.prompt_tokens,
        "added_completion_tokens": progress.usage.completion_tokens,
        "added_cost_nanos": sum((call.cost or 0 for call in progress.log), Decimal(0)),
        "added_unknown_cost_calls": sum(call.cost is None for call in progress.log),
    }
    connection.execute(ADD_PROGRESS, added | {"of_job": job_id, "new_seconds": progress.seconds, "at": at})
    rarer = {"errors": progress.errors, "requested": progress.requested}
    if changed := {name: value for name, value in rarer.items() if value is not None}:
        connection.execute(sa.update(jobs).where(jobs.c.id == job_id).values(changed))


def write_progress(connection: sa.Connection, job: Job, progress: Progress, at: datetime) -> None:
    """Write down what a job achieved, within the caller's transaction. Raises NotFoundError if its dataset is gone."""
    if progress.replies:
        insert_completions(connection, job.id, progress.replies, at)
    if progress.log:
        insert_calls(connection, progress.log, at, job.id, job.dataset_id)
    if progress.examples and job.dataset_id is not None:
        placed = _after(job.first_index, progress.examples)
        insert_examples(connection, job.dataset_id, placed, at, job.id)
    add_progress(connection, job.id, progress, at)


class JobRoom(Connection):
    """What can be done with rows of ``jobs``."""

    def create_job(self, new: NewJob, dataset: int | NewDataset | None = None) -> Job:
        """A job that waits for its turn, for a dataset that is there or is made with it: both or neither.

        Without a dataset it is one that makes datasets as it runs: see ``begin_dataset``.
        """
        with self._writing() as connection:
            dataset_id = insert_dataset(connection, dataset).id if isinstance(dataset, NewDataset) else dataset
            return _insert_job(connection, new, dataset_id)

    def get_job(self, job_id: int) -> Job:
        """One job. Raises NotFoundError."""
        with self._reading() as connection:
            row = connection.execute(sa.select(jobs).where(jobs.c.id == job_id)).one_or_none()
        if row is None:
            raise NotFoundError(f"There is no job {job_id}.", "See the list of jobs.")
        return to_job(row)

    def get_jobs(
        self,
        statuses: Sequence[JobStatus] = (),
        kind: JobKind | None = None,
        *,
        dataset_id: int | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Job]:
        """Jobs, the newest first; no ``statuses`` means all."""
        query = sa.select(jobs).where(*_filters(statuses, kind, dataset_id)).order_by(jobs.c.id.desc())
        with self._reading() as connection:
            return [to_job(row) for row in connection.execute(query.limit(limit).offset(offset))]

    def count_jobs(
        self, statuses: Sequence[JobStatus] = (), kind: JobKind | None = None, *, dataset_id: int | None = None
    ) -> int:
        """How many jobs ``get_jobs`` would list in all."""
        query = sa.select(sa.func.count()).select_from(jobs).where(*_filters(statuses, kind, dataset_id))
        with self._reading() as connection:
            return connection.execute(query).scalar_one()

    def begin_job(self, job_id: int, owner: str) -> bool:
        """pending -> running; False if the job is not pending any more."""
        at = now()
        started = sa.func.coalesce(jobs.c.started_at, at)
        values = {"status": JobStatus.RUNNING, "owner": owner, "started_at": started, "heartbeat_at": at}
        return self._move(job_id, (JobStatus.PENDING,), values)

    def end_job(
        self,
        job_id: int,
        status: JobStatus,
        *,
        errors: JsonObject | None = None,
        seconds: float | None = None,
        note: str = "",
    ) -> bool:
        """pending or running -> ``status``; False if the job had ended already, and then nothing changes."""
        values: dict[str, object] = {"status": status, "completed_at": now(), "note": note}
        if errors is not None:
            values["errors"] = errors
        if seconds is not None:
            values["seconds"] = seconds
        return self._move(job_id, ACTIVE, values)

    def reopen_job(self, job_id: int, owner: str, parameters: JsonObject | None = None) -> Job:
        """A job that stopped short -> pending, for ``owner`` to resume. Its failed items will be tried again.

        ``parameters`` replace those that it had.

        Raises:
            NotFoundError: there is no such job.
            ConflictError: it waits, runs, or is complete.
        """
        values: dict[str, object] = {
            "status": JobStatus.PENDING,
            "owner": owner,
            "heartbeat_at": now(),
            "completed_at": None,
            "cancel_requested": False,
            "failed": 0,
            "errors": {},
            "note": "",
        }
        if parameters is not None:
            values["parameters"] = parameters
        if not self._move(job_id, STOPPED_SHORT, values):
            status = self.get_job(job_id).status
            raise ConflictError(f"Job {job_id} is {status} and cannot be resumed.", "Start a new one.")
        return self.get_job(job_id)

    def beat(self, owner: str) -> list[int]:
        """Say that this owner lives; returns its unfinished jobs that somebody asked to stop."""
        mine = (jobs.c.owner == owner, jobs.c.status.in_(ACTIVE))
        with self._writing() as connection:
            connection.execute(sa.update(jobs).where(*mine).values(heartbeat_at=now()))
            return list(connection.execute(sa.select(jobs.c.id).where(*mine, jobs.c.cancel_requested)).scalars())

    def request_cancel(self, job_id: int) -> None:
        """Cancel a job that waits, and ask the owner of one that runs to stop it. Raises NotFoundError."""
        self.get_job(job_id)
        cancelled = {"status": JobStatus.CANCELLED, "completed_at": now(), "cancel_requested": True}
        if not self._move(job_id, (JobStatus.PENDING,), cancelled):
            self._move(job_id, (JobStatus.RUNNING,), {"cancel_requested": True})

    def delete_job(self, job_id: int) -> None:
        """Forget a job; its examples stay. Raises NotFoundError, or ConflictError while it waits or runs."""
        idle = sa.and_(jobs.c.id == job_id, jobs.c.status.not_in(ACTIVE))
        with self._writing() as connection:
            deleted = connection.execute(sa.delete(jobs).where(idle))
        if not deleted.rowcount:
            self.get_job(job_id)
            raise ConflictError(f"Job {job_id} is still active.", "Cancel it first.")

    def set_note(self, job_id: int, note: str) -> None:
        """Say what a running job is busy with; empty once it is plain from the counts again."""
        self._move(job_id, (JobStatus.RUNNING,), {"note": note})

    def record(self, job: Job, progress: Progress) -> None:
        """Write down what a job achieved: examples, replies and counters together, or nothing.

        A power cut may cost what was recorded since the last heartbeat, which is synced to the disk.

        Raises NotFoundError if its dataset was deleted meanwhile.
        """
        with self._writing(is_synced=False) as connection:
            write_progress(connection, job, progress, now())

    def _move(self, job_id: int, before: Sequence[JobStatus], values: dict[str, Any]) -> bool:
        with self._writing() as connection:
            changed = connection.execute(
                sa.update(jobs).where(jobs.c.id == job_id, jobs.c.status.in_(before)).values(values)
            )
        return bool(changed.rowcount)

    def abandon_jobs(self, owners: Sequence[str], before: datetime) -> list[int]:
        """pending or running -> interrupted, for jobs of these owners, and for all not heard of since ``before``."""
        lost = sa.or_(jobs.c.owner.in_(list(owners)), jobs.c.heartbeat_at < before)
        with self._writing() as connection:
            rows = connection.execute(
                sa.update(jobs)
                .where(jobs.c.status.in_(ACTIVE), lost)
                .values(status=JobStatus.INTERRUPTED, completed_at=now(), note="")
                .returning(jobs.c.id)
            )
            return sorted(rows.scalars())


def _after(first: int, examples: Sequence[NewExample]) -> Sequence[NewExample]:
    """Examples whose positions a job counted from its own beginning, where they belong in the dataset."""
    return [replace(each, example_index=first + each.example_index) for each in examples] if first else examples


def _filters(
    statuses: Sequence[JobStatus], kind: JobKind | None, dataset_id: int | None
) -> list[sa.ColumnElement[bool]]:
    filters: list[sa.ColumnElement[bool]] = []
    if statuses:
        filters.append(jobs.c.status.in_(list(statuses)))
    if kind:
        filters.append(jobs.c.kind == kind)
    if dataset_id is not None:
        filters.append(jobs.c.dataset_id == dataset_id)
    return filters
