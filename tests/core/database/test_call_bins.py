"""How long calls took is counted in SQL: as much to read for very many calls as for few, and right to a tenth."""

import math
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from synthgen_core.database import NO_JOB, CallBin, CallFilter, Database
from synthgen_core.database.tables import calls
from synthgen_core.database.usage import BIN_EDGES
from tests.core.database.support import make_dataset, make_job

START = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)
PERIODS = (1, 60, 3600, 86400)
INDEXED = 20_000
"""Calls with which both databases find an index worth its while."""


def write(database: Database, *log: dict[str, object]) -> None:
    """Calls that took 1 s and ended at START, but for what is said of each."""
    usual = {"at": START, "item": 0, "attempt": 1, "provider": "openai", "model": "m", "base_url": "", "outcome": "ok"}
    numbers = dict.fromkeys(("prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens"), 1)
    rows = [usual | numbers | {"seconds": 1.0, "job_id": None} | each for each in log]
    with database.engine.begin() as connection:
        connection.execute(sa.insert(calls), rows)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_calls_are_counted_by_period_outcome_and_duration(database: Database) -> None:
    write(
        database,
        {"at": after(0), "seconds": 2.0},
        {"at": after(59.999), "seconds": 2.001},
        {"at": after(60), "seconds": 2.0},
        {"at": after(60), "seconds": 0.5},
        {"at": after(61), "seconds": 60.0, "outcome": "timeout"},
        {"at": after(3599)},
    )
    period, bins = database.get_call_bins(PERIODS, 60)
    assert period == 60
    assert bins == [
        CallBin(after(0), "ok", 2, pytest.approx(4.001)),
        CallBin(after(60), "ok", 1, 0.5),
        CallBin(after(60), "ok", 1, 2.0),
        CallBin(after(60), "timeout", 1, 60.0),
        CallBin(after(3540), "ok", 1, 1.0),
    ]


@pytest.mark.parametrize(("span", "period"), [(0, 1), (60, 1), (61, 60), (3601, 3600), (10**9, 86400)])
def test_a_period_is_as_short_as_the_span_allows(database: Database, span: int, period: int) -> None:
    write(database, {"at": START}, {"at": START - timedelta(seconds=span)})
    assert database.get_call_bins(PERIODS, 60)[0] == period


def test_no_calls_are_no_bins(database: Database) -> None:
    assert database.get_call_bins(PERIODS, 60) == (1, [])


def test_what_stands_in_a_bin_took_about_as_long(database: Database) -> None:
    drawn = random.Random(1)
    seconds = [0.0, 1e-9, 1e6, *(math.exp(drawn.uniform(math.log(1.01e-3), math.log(3000))) for _ in range(3000))]
    seconds += BIN_EDGES
    write(database, *({"seconds": each} for each in seconds))
    _, bins = database.get_call_bins(PERIODS, 60)
    assert sum(each.calls for each in bins) == len(seconds)
    assert len(bins) <= len(BIN_EDGES) + 1
    assert math.fsum(each.seconds for each in bins) == pytest.approx(math.fsum(seconds))
    rest = sorted(seconds)
    for each in bins:
        held, rest = rest[: each.calls], rest[each.calls :]
        assert math.fsum(held) == pytest.approx(each.seconds)
        assert held[-1] <= held[0] * 1.1 + 1e-12 or held[0] < BIN_EDGES[0] or held[-1] >= BIN_EDGES[-1]


def test_bins_are_of_the_calls_that_were_asked_for(database: Database) -> None:
    job = make_job(database, make_dataset(database))
    write(database, {"job_id": job.id}, {"model": "other"}, {"at": after(100), "outcome": "server"})

    def counted(**which: object) -> int:
        return sum(each.calls for each in database.get_call_bins(PERIODS, 60, **which)[1])  # type: ignore[arg-type]

    assert counted() == 3
    assert (counted(job_id=job.id), counted(job_id=NO_JOB)) == (1, 2)
    assert (counted(model="other"), counted(outcome="server"), counted(since=after(50))) == (1, 1, 1)
    assert counted(job_id=job.id, outcome="server") == 0


def test_a_page_of_the_log_is_found_by_an_index(database: Database) -> None:
    job = make_job(database, make_dataset(database))
    rare = {"job_id": job.id, "provider": "groq", "model": "rare"}
    write(database, *({"at": after(n), **(rare if n % 500 == 0 else {})} for n in range(INDEXED)))
    is_sqlite = database.engine.dialect.name == "sqlite"
    if not is_sqlite:  # as it does by itself, later; SQLite does not
        with database.engine.begin() as connection:
            connection.execute(sa.text("ANALYZE calls"))
    of_job, of_model = CallFilter(job_id=job.id), CallFilter(provider="groq", model="rare")
    for which in (of_job, of_job | {"outcome": "ok"}, of_model, of_model | {"outcome": "ok"}, {"provider": "groq"}):
        plan = explained(database, CallFilter(**which))  # type: ignore[typeddict-item] # of the keys above
        assert "ix_calls_" in plan, which
        assert "Seq Scan" not in plan
        assert "SCAN calls" not in plan


def explained(database: Database, which: CallFilter) -> str:
    """How the database finds a page of 50 calls."""
    asked: list[tuple[str, Any]] = []

    def note(connection: object, cursor: object, query: str, values: object, *_: object) -> None:
        asked.append((query, values))

    sa.event.listen(database.engine, "before_cursor_execute", note)
    assert len(database.get_calls(limit=50, **which)) == 40
    sa.event.remove(database.engine, "before_cursor_execute", note)
    query, values = next((query, values) for query, values in asked if query.startswith("SELECT"))
    explain = "EXPLAIN QUERY PLAN" if database.engine.dialect.name == "sqlite" else "EXPLAIN"
    with database.engine.connect() as connection:
        return "\n".join(str(row) for row in connection.exec_driver_sql(f"{explain} {query}", values))
