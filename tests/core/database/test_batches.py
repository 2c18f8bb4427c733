"""Batches are written down before they are sent, and found again."""

from decimal import Decimal

from synthgen_core.database import BatchState, Database, NewBatch
from synthgen_core.models import JobStatus
from tests.core.database.support import make_dataset, make_job

NEW = NewBatch("a1b2c3d4", 1, 1000, 5_000_000_000, Decimal("12.5"))


def test_a_batch_is_planned_then_sent_then_fetched(database: Database) -> None:
    job = make_job(database, make_dataset(database))
    planned = database.plan_batch(job.id, NEW)
    assert (planned.state, planned.service_id, planned.sent_at) == (BatchState.PLANNED, "", None)
    assert (planned.mark, planned.round, planned.requests) == (NEW.mark, 1, 1000)
    assert (planned.worst_tokens, planned.worst_cost) == (5_000_000_000, Decimal("12.5"))
    assert planned.state.is_open
    sent = database.mark_batch_sent(planned.id, "batch_abc")
    assert (sent.state, sent.service_id, sent.state.is_open) == (BatchState.SENT, "batch_abc", True)
    assert sent.sent_at is not None
    assert sent.sent_at >= sent.planned_at
    fetched = database.end_batch(planned.id, BatchState.FETCHED)
    assert (fetched.state, fetched.state.is_open, fetched.service_id) == (BatchState.FETCHED, False, "batch_abc")
    assert fetched.ended_at is not None


def test_a_job_has_its_own_batches_the_oldest_first(database: Database) -> None:
    dataset = make_dataset(database)
    one, other = make_job(database, dataset), make_job(database, dataset)
    ids = [database.plan_batch(one.id, NEW).id for _ in range(3)]
    theirs = database.plan_batch(other.id, NewBatch("x", 2, 1, 1, None))
    assert [batch.id for batch in database.get_batches(one.id)] == ids
    assert list(database.get_batches(other.id)) == [theirs]
    assert theirs.worst_cost is None, "a price that is not known is not 0"


def test_a_deleted_job_takes_its_batches_along(database: Database) -> None:
    job = make_job(database, make_dataset(database))
    database.plan_batch(job.id, NEW)
    database.end_job(job.id, JobStatus.CANCELLED)
    database.delete_job(job.id)
    assert not database.get_batches(job.id)
