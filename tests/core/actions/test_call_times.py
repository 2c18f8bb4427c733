"""Median and slowest of many calls, from their bins, as near to the truth as is said."""

import math
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from synthgen_core.actions.usage import PERIODS, CallTimes, get_call_times, get_usage
from synthgen_core.database import CallBin, LoggedCall
from synthgen_core.models import Usage
from synthgen_core.workspace import Workspace
from tests.core.actions.support import BAD, ask, make
from tests.support.server import Act, ModelServer

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def of(*seconds: float, outcome: str = "ok", at: datetime = NOON) -> list[CallBin]:
    """Calls that took so long, each a bin of its own."""
    return [CallBin(at, outcome, 1, each) for each in seconds]


@pytest.mark.parametrize(
    ("seconds", "share", "expected"),
    [
        ([3.0], 0.5, 3.0),
        ([4.0, 1.0, 3.0, 2.0], 0.5, 2.0),
        ([4.0, 1.0, 3.0, 2.0], 0.95, 4.0),
        ([float(n) for n in range(1, 101)], 0.95, 95.0),
        ([], 0.5, None),
    ],
)
def test_a_quantile_is_the_nearest_rank(seconds: Sequence[float], share: float, expected: float | None) -> None:
    assert CallTimes(1, of(*seconds)).quantile(share) == expected


def test_calls_of_several_periods_and_outcomes_are_ranked_together_and_apart() -> None:
    later = NOON + timedelta(hours=1)
    times = CallTimes(3600, [*of(1, 5), *of(60, outcome="timeout"), CallBin(later, "ok", 8, 16.0)])
    assert times.counts == {"ok": 10, "timeout": 1}
    assert (times.quantile(0.5), times.quantile(1.0)) == (2.0, 60.0)
    assert times.only("ok").quantile(1.0) == 5.0
    assert times.only("server").quantile(0.5) is None
    assert {at: part.counts for at, part in times.by_period().items()} == {
        NOON: {"ok": 2, "timeout": 1},
        later: {"ok": 8},
    }


def test_quantiles_of_calls_in_the_database_are_right_to_a_tenth(workspace: Workspace) -> None:
    drawn = random.Random(7)
    seconds = sorted(drawn.lognormvariate(0.5, 1.0) for _ in range(5000))
    log = [LoggedCall(0, 1, "openai", "m", "", "ok", Usage(), None, each) for each in drawn.sample(seconds, 5000)]
    workspace.database.log_calls(log)
    times = get_call_times(workspace)
    assert times.period == PERIODS[0]
    assert times.counts == {"ok": 5000}
    for share in (0.05, 0.5, 0.95, 1.0):
        found = times.quantile(share)
        assert found is not None
        assert found == pytest.approx(seconds[math.ceil(share * 5000) - 1], rel=0.1)


def test_a_run_s_calls_are_timed_by_their_outcome(each_workspace: Workspace, server: ModelServer) -> None:
    server.then(Act(status=429, headers={"retry-after": "0"}), BAD, Act(delay=0.3))
    job = make(each_workspace, ask(server, 2, workers=1))
    times = get_call_times(each_workspace, job_id=job.id)
    assert times.counts == {"ok": 3, "rate_limit": 1}
    slowest = times.only("ok").quantile(1.0)
    assert slowest is not None
    assert slowest >= 0.3
    assert get_call_times(each_workspace, job_id=job.id + 1).counts == {}


def test_the_total_is_the_sum_of_the_rows_that_are_shown(workspace: Workspace, server: ModelServer) -> None:
    make(workspace, ask(server, 3))
    make(workspace, ask(server, 2))
    table = get_usage(workspace, "job")
    (total,) = workspace.database.get_usage()
    assert (table.total.calls, table.total.usage, table.total.cost) == (total.calls, total.usage, total.cost)
    assert (total.calls, total.cost, table.total.unknown_cost_calls) == (5, None, 5)
    assert table.total.seconds == pytest.approx(total.seconds)
