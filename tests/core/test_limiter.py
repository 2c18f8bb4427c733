"""The limiter finds a service's limit by what it refuses; here against simulated services, in simulated time."""

import math
from collections.abc import Callable

import pytest

from synthgen_core.limiter import ASKING_RATE, IDLE_SECONDS, Limiter, Ticket, limiter_for
from tests.support.services import (
    AT_ONCE,
    LATENCY,
    QUICK,
    ROUND_TRIP,
    Latency,
    Service,
    about,
    at_a_time,
    bucket,
    closed,
    fixed_window,
    in_turn,
    scattered,
    simulate,
    sliding_window,
    unlimited,
)

SLOW = about(5.0, 0.3)
UNSTEADY = about(LATENCY, 0.5)
OF_20 = [
    pytest.param(lambda: bucket(20, 20), id="bucket"),
    pytest.param(lambda: sliding_window(20), id="sliding"),
    pytest.param(lambda: fixed_window(20), id="fixed"),
]


def test_a_service_without_a_limit_is_not_slowed_down() -> None:
    seen = simulate(unlimited, items=1000)
    assert seen.seconds == pytest.approx(1000 / 32 * ROUND_TRIP, rel=0.05)
    assert seen.limiter.limits == (math.inf, math.inf)


@pytest.mark.parametrize(("share", "seed"), [(0.05, 1), (0.05, 2), (0.05, 3), (0.2, 1), (0.2, 2), (0.2, 3)])
def test_scattered_refusals_slow_nobody_else_down(share: float, seed: int) -> None:
    seen = simulate(scattered(share, seed=seed), seconds=60)
    assert seen.rate(0, 60) > (1 - share) * 32 / ROUND_TRIP
    assert seen.limiter.limits == (math.inf, math.inf)


# -- calls at a time


@pytest.mark.parametrize("limit", [4, 16, 100])
@pytest.mark.parametrize("latency", [QUICK, UNSTEADY], ids=["steady", "unsteady"])
@pytest.mark.parametrize("is_refused_at_once", [True, False])
def test_a_limit_on_calls_at_a_time_is_found(limit: int, latency: Latency, is_refused_at_once: bool) -> None:
    refusal_latency = AT_ONCE if is_refused_at_once else latency
    workers = 32 if limit < 32 else 128
    seen = simulate(at_a_time(limit), seconds=30, workers=workers, latency=latency, refusal_latency=refusal_latency)
    assert seen.rate(0, 30) > 0.8 * limit / ROUND_TRIP
    assert seen.refused_share() < 0.08


@pytest.mark.parametrize("workers", [32, 64])
def test_a_thousand_items_meet_a_limit_on_calls_at_a_time(workers: int) -> None:
    seen = simulate(at_a_time(16), items=1000, workers=workers)
    assert seen.seconds < 1.15 * 1000 / 16 * ROUND_TRIP
    assert seen.refused_share() < 0.06


@pytest.mark.parametrize(("limit", "workers"), [(4, 32), (16, 32), (100, 128)])
def test_slow_answers_make_no_difference(limit: int, workers: int) -> None:
    seen = simulate(at_a_time(limit), seconds=300, workers=workers, latency=SLOW)
    assert seen.rate(60, 300) > 0.95 * limit / 5
    assert seen.refused_share(60, 300) < 0.05


# -- calls a second


@pytest.mark.parametrize("make", OF_20)
def test_a_limit_on_the_rate_is_found(make: Callable[[], Service]) -> None:
    seen = simulate(make(), items=1000)
    assert seen.middle_rate == pytest.approx(20, rel=0.1)
    assert seen.refused_share() < 0.055


@pytest.mark.parametrize("make", OF_20)
def test_a_limit_on_the_rate_is_found_where_answers_take_as_long_as_it_looks_back(make: Callable[[], Service]) -> None:
    seen = simulate(make(), seconds=120, latency=about(1.0, 0.5))
    assert seen.rate(20, 120) > 0.75 * 20
    assert seen.refused_share(20) < 0.1


def test_a_limit_on_the_rate_with_no_burst_at_all_is_found_in_time() -> None:
    seen = simulate(bucket(20, 1), seconds=120)
    assert seen.rate(60, 120) > 0.75 * 20
    assert seen.refused_share(20) < 0.04


@pytest.mark.parametrize(
    ("make", "rate"),
    [(lambda: bucket(2, 2), 2), (lambda: sliding_window(2), 2), (lambda: bucket(0.5, 1), 0.5)],
    ids=["2", "2 sliding", "0.5"],
)
def test_a_very_low_rate_is_found(make: Callable[[], Service], rate: float) -> None:
    seen = simulate(make(), seconds=300)
    assert seen.rate(60, 300) > 0.8 * rate
    assert seen.refused_share(60) < 0.2


def test_a_high_rate_is_found() -> None:
    seen = simulate(bucket(300, 300), seconds=30, workers=64)
    assert seen.rate(5, 30) > 0.9 * 300
    assert seen.refused_share(5) < 0.1


# -- limits and chance


@pytest.mark.parametrize("latency", [QUICK, UNSTEADY, SLOW], ids=["steady", "unsteady", "slow"])
@pytest.mark.parametrize("share", [0.05, 0.2])
def test_scattered_refusals_do_not_lower_a_limit_on_calls_at_a_time(latency: Latency, share: float) -> None:
    seconds = 60 if latency is not SLOW else 600
    seen = simulate(scattered(share, at_a_time(16)), seconds=seconds, latency=latency)
    possible = 16 / (ROUND_TRIP if latency is not SLOW else 5)
    assert seen.rate(seconds / 3, seconds) > 0.75 * possible
    assert seen.refused_share(seconds / 3) < share + 0.04


@pytest.mark.parametrize("make", OF_20)
@pytest.mark.parametrize("share", [0.05, 0.2])
def test_scattered_refusals_lower_a_rate_by_a_third_at_most(make: Callable[[], Service], share: float) -> None:
    seen = simulate(scattered(share, make()), seconds=120)
    assert seen.rate(40, 120) > 0.65 * (1 - share) * 20
    assert seen.refused_share(40) < share + 0.04


# -- limits that come and go


def test_a_limit_that_falls_is_followed_and_one_that_is_lifted_is_forgotten() -> None:
    seen = simulate(in_turn((20, at_a_time(16)), (40, at_a_time(4)), (math.inf, unlimited)), seconds=70)
    assert seen.rate(5, 20) > 0.9 * 16 / ROUND_TRIP
    assert seen.rate(25, 40) > 0.8 * 4 / ROUND_TRIP
    assert seen.refused_share(25, 40) < 0.1
    assert seen.rate(60, 70) > 0.9 * 32 / ROUND_TRIP
    assert seen.limiter.limits == (math.inf, math.inf)


def test_a_rate_that_falls_is_followed_and_one_that_rises_is_used() -> None:
    seen = simulate(in_turn((20, bucket(20, 20)), (60, bucket(5, 5)), (math.inf, bucket(20, 20))), seconds=140)
    assert seen.rate(30, 60) > 0.8 * 5
    assert seen.refused_share(30, 60) < 0.15
    assert seen.rate(110, 140) > 0.8 * 20


@pytest.mark.parametrize(
    ("before", "after", "possible"),
    [(closed, unlimited, 32), (unlimited, unlimited, 32), (at_a_time(16), at_a_time(16), 16)],
    ids=["from the start", "meanwhile", "meanwhile, with a limit"],
)
def test_a_service_that_refuses_all_is_asked_sparingly_and_used_as_soon_as_it_answers(
    before: Service, after: Service, possible: int
) -> None:
    seen = simulate(in_turn((10, before), (40, closed), (math.inf, after)), seconds=50)
    asked = sum(15 <= moment < 40 for moment in seen.refused)
    assert 0.3 * 25 < asked <= ASKING_RATE * 25 + 1
    assert seen.rate(43, 50) > 0.9 * possible / ROUND_TRIP


def test_a_limit_a_minute_is_waited_out_and_used_in_full() -> None:
    seen = simulate(fixed_window(500, 60), seconds=300)
    assert len(seen.answered) == 5 * 500


def test_a_limit_is_found_however_long_nobody_called() -> None:
    seen = simulate(at_a_time(16), items=1000, idle=3600)
    assert seen.seconds < 1.15 * 1000 / 16 * ROUND_TRIP
    assert simulate(bucket(20, 20), items=400, idle=3600).middle_rate == pytest.approx(20, rel=0.1)


def test_a_limit_that_holds_nobody_back_is_dropped() -> None:
    now = 0.0
    limiter = Limiter(lambda: now)
    tickets = [Ticket() for _ in range(32)]
    assert [limiter.start(ticket) for ticket in tickets] == [0.0] * 32
    now = LATENCY
    for n, ticket in enumerate(tickets):
        limiter.end(ticket, is_refused=n >= 16)
    assert limiter.start(Ticket()) == 0
    assert limiter.limits[0] == 16
    now += IDLE_SECONDS + 60
    assert limiter.start(Ticket()) == 0
    assert limiter.limits == (math.inf, math.inf)


def test_jobs_share_the_limiter_of_a_service() -> None:
    assert limiter_for("openai", "http://one") is limiter_for("openai", "http://one")
    assert limiter_for("openai", "http://one") is not limiter_for("openai", "http://two")
