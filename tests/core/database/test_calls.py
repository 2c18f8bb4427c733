"""Every call is written down with what it cost, and the sums that are made of it are exact."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from synthgen_core.database import NO_JOB, Database, GroupBy, LoggedCall, Progress, UsageRow
from synthgen_core.database.datasets import now
from synthgen_core.errors import DatabaseError
from synthgen_core.models import Job, Usage
from tests.core.database.support import NASTY, make_dataset, make_job, news, reply

USAGE = Usage(100, 50, 20, 10)


def call(
    item: int = 0,
    cost: str | None = "0.001",
    *,
    model: str = "m",
    provider: str = "openai",
    outcome: str = "ok",
    usage: Usage = USAGE,
    key: str | None = None,
) -> LoggedCall:
    dollars = None if cost is None else Decimal(cost)
    return LoggedCall(item, 1, provider, model, "http://x/v1", outcome, usage, dollars, 0.5, key)


def record(database: Database, job: Job, *log: LoggedCall) -> Job:
    database.record(job, Progress(log=log))
    return database.get_job(job.id)


def only(rows: Sequence[UsageRow]) -> UsageRow:
    (row,) = rows
    return row


def test_a_call_reads_back_as_it_was_written(database: Database) -> None:
    job = make_job(database, make_dataset(database))
    before = now()
    record(database, job, call(7, "0.000000123", key="k"), call(8, None, outcome="timeout", usage=Usage()))
    failed, fine = database.get_calls()
    assert (fine.item, fine.attempt, fine.provider, fine.model, fine.base_url) == (7, 1, "openai", "m", "http://x/v1")
    assert (fine.outcome, fine.usage, fine.cost, fine.seconds, fine.key) == (
        "ok",
        USAGE,
        Decimal("0.000000123"),
        0.5,
        "k",
    )
    assert (fine.job_id, fine.dataset_id) == (job.id, job.dataset_id)
    assert fine.at is not None
    assert before <= fine.at <= now()
    assert (failed.outcome, failed.cost, failed.usage) == ("timeout", None, Usage())


def test_a_log_holds_whatever_a_model_is_called(database: Database) -> None:
    database.log_calls([call(model=f"{text}\0") for text in NASTY] + [call(outcome="x" * 99)])
    newest, *rest = database.get_calls()
    assert newest.outcome == "x" * 40
    assert [logged.model for logged in reversed(rest)] == [f"{text}\ufffd" for text in NASTY]


def test_a_job_adds_up_what_its_calls_cost_and_counts_those_of_unknown_cost(database: Database) -> None:
    job = make_job(database, make_dataset(database))
    assert (job.cost, job.unknown_cost_calls) == (Decimal(0), 0)
    after = record(database, job, call(cost=None), call(cost="0", outcome="rate_limit", usage=Usage()))
    assert (after.cost, after.unknown_cost_calls) == (None, 1), "never 0 where it is only that nobody knows"
    after = record(database, job, call(cost="0.1"), call(cost="0.2"))
    assert (after.cost, after.unknown_cost_calls) == (Decimal("0.3"), 1)


def test_a_million_small_costs_add_up_to_the_last_digit(database: Database) -> None:
    job = make_job(database, make_dataset(database))
    for _ in range(10):
        record(database, job, *[call(cost="0.000000001")] * 30, call(cost="999.999999999"))
    expected = 10 * (30 * Decimal("0.000000001") + Decimal("999.999999999"))
    assert database.get_job(job.id).cost == expected
    assert only(database.get_usage()).cost == expected


def test_calls_are_written_with_their_batch_or_not_at_all(database: Database) -> None:
    dataset = make_dataset(database)
    job = make_job(database, dataset)
    with pytest.raises(DatabaseError):
        database.record(job, Progress([*news(1), *news(1)], log=[call()]))
    assert database.get_calls() == []
    assert database.get_job(job.id).cost == 0


def test_usage_is_summed_by_job_dataset_model_and_day(database: Database) -> None:
    one, two = make_dataset(database, "one"), make_dataset(database, "two")
    first, second = make_job(database, one), make_job(database, two)
    record(database, first, call(cost="0.1"), call(cost="0.2", model="other"))
    record(database, second, call(cost=None), call(cost="0", outcome="rate_limit", usage=Usage()))
    database.log_calls([call(cost="0.4", provider="anthropic")])
    with database.engine.begin() as connection:
        yesterday = {"at": datetime(2026, 11, 21, 23, 59, 59, 999_999), "job": first.id}  # noqa: DTZ001 - as stored
        connection.execute(sa.text("UPDATE calls SET at = :at WHERE job_id = :job"), yesterday)
    today = f"{datetime.now(UTC):%Y-%m-%d}"

    def summed(group_by: GroupBy) -> dict[tuple[str, ...], tuple[int, int, Decimal | None, int]]:
        rows = database.get_usage(group_by)
        return {row.group: (row.calls, row.failed_calls, row.cost, row.unknown_cost_calls) for row in rows}

    ones, twos, trial = (2, 0, Decimal("0.3"), 0), (2, 1, None, 1), (1, 0, Decimal("0.4"), 0)
    assert summed(GroupBy.JOB) == {("",): trial, (str(second.id),): twos, (str(first.id),): ones}
    assert summed(GroupBy.DATASET) == {("",): trial, (str(two.id),): twos, (str(one.id),): ones}
    assert list(summed(GroupBy.JOB)) == [("",), (str(second.id),), (str(first.id),)], "the latest used first"
    assert summed(GroupBy.MODEL) == {
        ("anthropic", "m"): trial,
        ("openai", "m"): (3, 1, Decimal("0.1"), 1),
        ("openai", "other"): (1, 0, Decimal("0.2"), 0),
    }
    assert summed(GroupBy.DAY) == {("2026-11-21",): ones, (today,): (3, 1, Decimal("0.4"), 1)}
    total = only(database.get_usage())
    assert total == UsageRow((), 5, 1, Usage(400, 200, 80, 40), Decimal("0.7"), 1, 2.5)
    assert only(database.get_usage(job_id=first.id)).calls == 2
    assert only(database.get_usage(GroupBy.MODEL, dataset_id=two.id)).group == ("openai", "m")
    assert only(database.get_usage(since=now() - timedelta(hours=1))).calls <= 3


def test_no_calls_cost_nothing(database: Database) -> None:
    assert only(database.get_usage()) == UsageRow((), 0, 0, Usage(), Decimal(0), 0, 0.0)
    assert database.get_usage(GroupBy.DAY) == []


def test_the_tokens_of_all_calls_can_be_counted(database: Database) -> None:
    database.log_calls([call(usage=Usage(2**31 - 1, 2**31 - 1))] * 3)
    assert only(database.get_usage()).usage == Usage(3 * (2**31 - 1), 3 * (2**31 - 1))


def test_the_log_is_filtered_paged_and_newest_first(database: Database) -> None:
    job = make_job(database, make_dataset(database))
    record(database, job, *(call(n, outcome="ok" if n % 2 else "timeout") for n in range(6)))
    database.log_calls([call(99, model="other")])
    assert [logged.item for logged in database.get_calls()] == [99, 5, 4, 3, 2, 1, 0]
    assert [logged.item for logged in database.get_calls(job_id=job.id, outcome="ok", limit=2, offset=1)] == [3, 1]
    assert [logged.item for logged in database.get_calls(model="other", provider="openai")] == [99]
    assert database.get_calls(since=now() + timedelta(hours=1)) == []
    assert database.count_calls() == {"ok": 4, "timeout": 3}
    assert database.count_calls(dataset_id=job.dataset_id) == {"ok": 3, "timeout": 3}


def test_a_deleted_job_s_calls_stay_in_the_sums(database: Database) -> None:
    job = make_job(database, make_dataset(database))
    record(database, job, call(cost="0.5"))
    database.request_cancel(job.id)
    database.delete_job(job.id)
    assert only(database.get_usage(GroupBy.JOB)).group == ("",)
    assert only(database.get_usage(GroupBy.DATASET)).group == (str(job.dataset_id),)
    assert only(database.get_usage()).cost == Decimal("0.5")


def test_the_newest_calls_tell_how_many_an_example_takes(database: Database) -> None:
    dataset = make_dataset(database)
    old, new = make_job(database, dataset), make_job(database, dataset)
    database.record(old, Progress(news(2), log=[call(0), call(1)]))
    log = [call(10), call(10), call(11), call(12), call(13), call(14, outcome="timeout")]
    database.record(new, Progress(news(3, start=10), log=log))
    database.log_calls([call(0)])

    def seen(limit: int) -> list[tuple[int, int, int]]:
        return [
            (recent.job_id, recent.calls, recent.examples) for recent in database.get_recent_calls("openai", "m", limit)
        ]

    assert seen(100) == [(new.id, 5, 3), (old.id, 2, 2)]
    assert seen(3) == [(new.id, 3, 2)]
    assert database.get_recent_calls("openai", "other", 100) == []


def test_calls_of_no_job_can_be_asked_for(database: Database) -> None:
    job = make_job(database, make_dataset(database))
    record(database, job, call(1), call(2))
    database.log_calls([call(3)])
    assert [logged.item for logged in database.get_calls(job_id=NO_JOB)] == [3]
    assert [logged.item for logged in database.get_calls(job_id=None)] == [3, 2, 1]


def test_the_models_that_were_called_are_listed_once(database: Database) -> None:
    database.log_calls([call(model="b"), call(model="a"), call(model="b"), call(provider="anthropic", model="c")])
    assert database.get_called_models() == [("anthropic", "c"), ("openai", "a"), ("openai", "b")]


def test_a_reply_is_that_of_its_own_call_only(database: Database) -> None:
    """A newer reply to the same request replaces the older one; the older call must not be shown the newer's words."""
    job = make_job(database, make_dataset(database))
    database.record(job, Progress(replies=[reply("k", "first")], log=[call(1, key="k"), call(2)]))
    without, first = database.get_calls()
    kept = database.get_call_reply(first.id)
    assert kept is not None
    assert (kept.text, kept.usage) == ("first", Usage(3, 4))
    assert database.get_call_reply(without.id) is None
    database.record(job, Progress(replies=[reply("k", "second")], log=[call(3, key="k")]))
    newest = database.get_calls(limit=1)[0]
    again = database.get_call_reply(newest.id)
    assert again is not None
    assert again.text == "second"
    assert database.get_call_reply(first.id) is None
    database.log_calls([call(4, key="k")])
    assert database.get_call_reply(database.get_calls(limit=1)[0].id) is None, "a trial's reply is not kept"
