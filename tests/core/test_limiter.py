"""The limiter finds a service's limit by what it refuses; here against simulated services, in simulated time."""

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from synthgen_core.limiter import IDLE_SECONDS, Limiter, limiter_for

LATENCY, REFUSAL_LATENCY, RETRY_AFTER = 0.1, 0.005, 1.0

Service = Callable[[float, int], bool]
"""(now, calls being answered) -> whether one more is taken."""


@dataclass
class Seen:
    seconds: float
    calls: int
    refused: int
    answered_at: list[float]

    @property
    def refused_share(self) -> float:
        return self.refused / self.calls

    @property
    def steady_rate(self) -> float:
        """Answers a second in the middle part of the run."""
        middle = [t for t in self.answered_at if 0.3 * self.seconds < t < 0.9 * self.seconds]
        return (len(middle) - 1) / (middle[-1] - middle[0])


def simulate(
    service: Service, *, items: int = 1000, workers: int = 32, refusal_latency: float = REFUSAL_LATENCY
) -> Seen:
    """A run of so many items; what is refused comes back after a second, as the service asks."""
    now, running, taken, order, jitter = 0.0, 0, 0, itertools.count(), random.Random(1)
    limiter = Limiter(lambda: now)
    events: list[tuple[float, int, float, bool]] = []
    later: list[float] = []
    fresh, seen = items, Seen(0.0, 0, 0, [])
    while len(seen.answered_at) < items:
        wait: float | None = None
        while running < workers and (fresh or (later and later[0] <= now)):
            if (wait := limiter.start()) > 0:
                break
            wait = None
            if later and later[0] <= now:
                heapq.heappop(later)
            else:
                fresh -= 1
            is_taken = service(now, taken)
            taken, running, seen.calls = taken + is_taken, running + 1, seen.calls + 1
            heapq.heappush(events, (now + (LATENCY if is_taken else refusal_latency), next(order), now, is_taken))
        moments = [events[0][0]] if events else []
        moments += [now + wait] if wait else [later[0]] if later and running < workers and not fresh else []
        now = max(now, min(moments)) + 1e-9
        while events and events[0][0] <= now:
            _, _, started_at, is_taken = heapq.heappop(events)
            running, taken = running - 1, taken - is_taken
            if is_taken:
                seen.answered_at.append(now)
            else:
                seen.refused += 1
                heapq.heappush(later, now + RETRY_AFTER + 0.3 * jitter.random())
            limiter.end(started_at, is_refused=not is_taken)
    seen.seconds = now
    return seen


def scattered(share: float, seed: int) -> Service:
    draw = random.Random(seed)
    return lambda now, taken: draw.random() >= share


def bucket(rate: float, burst: float) -> Service:
    """A token bucket."""
    level, last = burst, 0.0

    def take(now: float, taken: int) -> bool:
        nonlocal level, last
        level, last = min(burst, level + (now - last) * rate), now
        if level < 1:
            return False
        level -= 1
        return True

    return take


def sliding_window(rate: int) -> Service:
    """So many in any second."""
    starts: list[float] = []

    def take(now: float, taken: int) -> bool:
        starts[:] = [moment for moment in starts if moment > now - 1]
        if len(starts) >= rate:
            return False
        starts.append(now)
        return True

    return take


def fixed_window(rate: int) -> Service:
    """So many in each second of the clock."""
    counts: dict[int, int] = {}

    def take(now: float, taken: int) -> bool:
        counts[int(now)] = counts.get(int(now), 0) + 1
        return counts[int(now)] <= rate

    return take


def test_a_service_without_a_limit_is_not_slowed_down() -> None:
    seen = simulate(lambda now, taken: True)
    assert seen.seconds == pytest.approx(1000 / 32 * LATENCY, rel=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_scattered_refusals_slow_nobody_else_down(seed: int) -> None:
    seen = simulate(scattered(0.05, seed))
    assert seen.answered_at[899] < 1.15 * 900 / 0.95 / 32 * LATENCY  # what comes back a second later is the tail


@pytest.mark.parametrize("workers", [32, 64])
@pytest.mark.parametrize("refusal_latency", [REFUSAL_LATENCY, LATENCY])
def test_a_limit_on_calls_at_a_time_is_found(workers: int, refusal_latency: float) -> None:
    seen = simulate(lambda now, taken: taken < 16, workers=workers, refusal_latency=refusal_latency)
    assert seen.refused_share < 0.1
    assert seen.seconds < 1.3 * 1000 / 16 * LATENCY


@pytest.mark.parametrize("service", [bucket(20, 20), bucket(20, 1), sliding_window(20), fixed_window(20)])
def test_a_limit_on_the_rate_is_found(service: Service) -> None:
    seen = simulate(service)
    assert seen.steady_rate == pytest.approx(20, rel=0.1)
    assert seen.refused_share < 0.05


def test_a_limit_that_is_lifted_is_forgotten() -> None:
    def service(now: float, taken: int) -> bool:
        return taken < (8 if now < 3 else 1000)

    seen = simulate(service, items=3000)
    assert seen.answered_at[-1] - seen.answered_at[-101] < 2 * 100 / 32 * LATENCY + RETRY_AFTER


def test_an_idle_limiter_drops_its_limit() -> None:
    now = 0.0
    limiter = Limiter(lambda: now)
    assert [limiter.start() for _ in range(16)] == [0.0] * 16
    now = LATENCY
    for n in range(16):
        limiter.end(0.0, is_refused=n % 8 != 0)
    assert limiter.start() > 0
    assert limiter.rate is not None
    now += IDLE_SECONDS + 60
    assert limiter.start() == 0
    assert limiter.rate is None


def test_jobs_share_the_limiter_of_a_service() -> None:
    assert limiter_for("openai", "http://one") is limiter_for("openai", "http://one")
    assert limiter_for("openai", "http://one") is not limiter_for("openai", "http://two")
