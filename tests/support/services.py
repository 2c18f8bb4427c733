"""Services that refuse calls, and a client that calls them through a limiter, in simulated time: quick and repeatable.

A ``Service`` says whether it takes one more call. ``simulate`` is a run as the generator makes it: so many workers, one
thread that starts calls and reads all results that there are, and refusals that come back much sooner than answers.
"""

import heapq
import itertools
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from synthgen_core.limiter import Limiter, Ticket

LATENCY, REFUSAL_LATENCY, RETRY_AFTER = 0.1, 0.005, 1.0
WORK_SECONDS = 0.0003
"""Of the client's thread, for each call that it starts and each result that it reads."""

Service = Callable[[float, int], bool]
"""(now, calls being answered) -> whether one more is taken."""
Latency = Callable[[random.Random], float]


def unlimited(now: float, taken: int) -> bool:
    return True


def closed(now: float, taken: int) -> bool:
    return False


def at_a_time(limit: int) -> Service:
    return lambda now, taken: taken < limit


def scattered(share: float, service: Service = unlimited, *, seed: int = 1) -> Service:
    """Refuses such a share of the calls by chance, and what that service refuses."""
    draw = random.Random(seed)
    return lambda now, taken: draw.random() >= share and service(now, taken)


def bucket(rate: float, burst: float) -> Service:
    """A token bucket."""
    level, last = burst, 0.0

    def take(now: float, taken: int) -> bool:
        nonlocal level, last
        level, last = min(burst, level + (now - last) * rate), now
        is_taken = level >= 1
        level -= is_taken
        return is_taken

    return take


def sliding_window(rate: int) -> Service:
    """So many in any second."""
    starts: list[float] = []

    def take(now: float, taken: int) -> bool:
        starts[:] = [moment for moment in starts if moment > now - 1]
        is_taken = len(starts) < rate
        starts.extend([now] * is_taken)
        return is_taken

    return take


def fixed_window(rate: int, seconds: float = 1.0) -> Service:
    """So many in each second, or minute, of the clock."""
    counts: dict[int, int] = {}

    def take(now: float, taken: int) -> bool:
        window = int(now / seconds)
        is_taken = counts.get(window, 0) < rate
        counts[window] = counts.get(window, 0) + is_taken
        return is_taken

    return take


def in_turn(*spans: tuple[float, Service]) -> Service:
    """Each of these until its second."""
    return lambda now, taken: next(service for until, service in spans if now < until)(now, taken)


def about(seconds: float, jitter: float = 0.02) -> Latency:
    """So many seconds, give or take such a share of them."""
    return lambda draw: seconds * (1 + jitter * (2 * draw.random() - 1))


QUICK, AT_ONCE = about(LATENCY), about(REFUSAL_LATENCY, 0.5)
WAY = about(0.004, 1.0)
"""From the client to the service, and back: calls overtake one another."""
ROUND_TRIP = LATENCY + 2 * 0.004
"""What a call that is answered takes, on average."""


@dataclass
class Seen:
    """When calls were answered and refused, and the limiter as the run left it."""

    limiter: Limiter
    answered: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def rate(self, since: float, until: float) -> float:
        """Answers a second."""
        return sum(since <= moment < until for moment in self.answered) / (until - since)

    def refused_share(self, since: float = 0.0, until: float = math.inf) -> float:
        """Of the calls that ended then."""
        answered, refused = (
            sum(since <= moment < until for moment in moments) for moments in (self.answered, self.refused)
        )
        return refused / (answered + refused)

    @property
    def middle_rate(self) -> float:
        """Answers a second in the middle part of the run."""
        return self.rate(0.3 * self.seconds, 0.9 * self.seconds)


def simulate(
    service: Service,
    *,
    seconds: float = math.inf,
    items: float = math.inf,
    workers: int = 32,
    latency: Latency = QUICK,
    refusal_latency: Latency = AT_ONCE,
    idle: float = 0.0,
) -> Seen:
    """A run of so many items or seconds, after the limiter was ``idle``; what is refused comes back after a second."""
    now, running, fresh, order, draw = -idle, 0, items, itertools.count(), random.Random(1)
    seen = Seen(Limiter(lambda: now))
    now = 0.0
    taken_until: list[float] = []
    arrivals: list[tuple[float, int, Ticket]] = []
    ends: list[tuple[float, int, Ticket, bool]] = []
    later: list[float] = []

    def arrive(until: float) -> None:
        while arrivals and arrivals[0][0] <= until:
            moment, number, ticket = heapq.heappop(arrivals)
            while taken_until and taken_until[0] <= moment:
                heapq.heappop(taken_until)
            is_taken = service(moment, len(taken_until))
            end = moment + (latency if is_taken else refusal_latency)(draw)
            if is_taken:
                heapq.heappush(taken_until, end)
            heapq.heappush(ends, (end + WAY(draw), number, ticket, is_taken))

    while now < seconds and len(seen.answered) < items:
        due = math.inf
        while running < workers and (fresh or (later and later[0] <= now)):
            ticket = Ticket()
            if wait := seen.limiter.start(ticket):
                due = now + wait
                break
            if later and later[0] <= now:
                heapq.heappop(later)
            else:
                fresh -= 1
            heapq.heappush(arrivals, (now + WAY(draw), next(order), ticket))
            running += 1
            now += WORK_SECONDS
        if running < workers and not fresh and later:
            due = min(due, later[0])
        moments = [events[0][0] for events in (arrivals, ends) if events]
        now = max(now, min([*moments, due if running < workers else math.inf])) + 1e-9
        arrive(now)
        while ends and ends[0][0] <= now:
            end, _, ticket, is_taken = heapq.heappop(ends)
            running -= 1
            (seen.answered if is_taken else seen.refused).append(end)
            if not is_taken and items < math.inf:
                heapq.heappush(later, now + RETRY_AFTER + 0.1 * draw.random())
            seen.limiter.end(ticket, is_refused=not is_taken)
            now += WORK_SECONDS
            arrive(now)
    seen.seconds = now
    return seen
