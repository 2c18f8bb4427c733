"""How fast a service may be called, learnt from what it refuses: one limiter per service, shared by all jobs.

A limiter does nothing until a service refuses (status 429, 503, 529) far more of the newest calls than chance would:
refusals here and there slow nobody down. Then it finds out what the service counts. If calls were refused where so many
others were open, and hardly any was taken where as many were, it counts calls *at a time*; else it counts calls *a
second*, and the limit is what it took in the last one. Each has its ceiling, and a call starts when both let it. Where
nothing is taken at all, a few calls a second ask for it, and all limits are forgotten once two in a row are answered.

A ceiling that holds calls back is raised after a while, a little and then ever more; when some more are refused for it,
it goes back, and the next try comes after twice as long. A rate is lowered a little where some are refused anyway, but
not far: that may be chance. A ceiling that holds nobody back is dropped.

Raising by a little and lowering by a share is TCP's way (Jacobson, "Congestion Avoidance and Control", 1988); setting
the limit to what was taken under pressure, and not by single losses, is that of BBR (Cardwell et al., 2016). What is
more than chance is told by a cumulative sum (Page, "Continuous Inspection Schemes", Biometrika 1954).
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median_low

MUCH, MANY = 0.375, 8.0
"""So many refusals beyond such a share of the calls: there is a limit. Chance needs a share of 0.3 for that."""
CAREFUL_GAP, DOUBT = 0.01, 0.75
"""Seconds between starts while half as many are beyond it. After a limit on calls at a time was found, this share of
them is: in the first moment a limit a second looks the same."""
SOME, FEW, FEW_OF = 0.035, 2.0, 20
"""So many beyond such a share, and one for so many that a ceiling allows: the ceiling is a little too high."""
SPAN = 1.0
"""Seconds over which a service is taken to count the calls of a rate."""
LEAST_AT_A_TIME, MOST_ABOVE, MOST_ABOVE_IF_FEW = 3, 0.3, 0.1
"""The least limit on calls at a time, and the share of the taken calls that may have started in spite of it."""
BELOW, FAR_BELOW, FLOOR, TRIAL_SECONDS = 0.95, 0.75, 0.8, 2.0
"""What is kept of a rate that is too high by a little, or far; and of any limit, once it was on trial for so long."""
GROWTH, BACK = 1.06, 0.85
"""By what each raise grows, and what is kept of the last one that was good."""
LEAST_ROUND, FIRST_HOLD, LONGEST_HOLD, SAME = 4, 3, 48, 0.2
"""Calls in a round, if the ceiling does not allow more; rounds until it is raised, at first and at most; how far a
limit may be from the one before, and is the same."""
ASKING_RATE = 3.0
"""Calls a second while nothing is taken."""
POLL_SECONDS, IDLE_SECONDS = 0.05, 5.0
NEWEST_REFUSED, NEWEST_TAKEN, LEAST_KEPT = 9, 48, 32


@dataclass(slots=True, eq=False)
class Ticket:
    """A call, from its start on; they are numbered in that order."""

    number: int = -1
    started_at: float = 0.0
    ended_at: float = math.inf
    is_refused: bool = False


class _Surplus:
    """Refusals beyond a share of the calls, summed up and never below 0."""

    def __init__(self, share: float) -> None:
        self.sum = 0.0
        self.judged = 0
        """Calls below this number are in the sum."""
        self._share = share

    def before(self, number: int) -> float:
        """The sum over all calls below this number, if those that nobody has heard of are taken."""
        return max(0.0, self.sum - max(0, number - self.judged) * self._share)

    def add(self, number: int) -> None:
        """This call was refused."""
        if number < self.judged:  # it was counted as taken
            self.sum += 1
            return
        self.sum = self.before(number) + 1 - self._share
        self.judged = number + 1


class _Ceiling:
    """A limit as far as it is known: of calls at a time, or a second."""

    def __init__(self) -> None:
        self.drop()

    @property
    def is_known(self) -> bool:
        return self.value < math.inf

    @property
    def is_raised(self) -> bool:
        return self.value > self._found

    def drop(self) -> None:
        """No limit is known."""
        self.value = self._found = self._floor = math.inf
        self.held_at = self._found_at = -math.inf
        """When it held a call back, and when it was found."""
        self._hold = FIRST_HOLD
        self._settle(math.inf, -math.inf, 0)

    def find(self, value: float, now: float, number: int) -> None:
        """The limit is here; calls from this number on start under it."""
        self._found_at, self._floor = now, FLOOR * value
        self._hold_longer_at(value)
        self._settle(value, now, number)

    def lower(self, now: float, number: int) -> None:
        """It is a little too high: go back behind the raises, or else down by a little."""
        if self.is_raised:
            value = max(self._found, BACK * self.value / self._factor)
            self._floor = max(self._floor, FLOOR * value)
            self._hold_longer_at(value)
        elif now - self._found_at < TRIAL_SECONDS:
            value = BELOW * self.value
            self._floor = FLOOR * value
        else:
            value = max(self._floor, BELOW * self.value)
        self._settle(value, now, number)

    def end(self, number: int, now: float, next_number: int) -> None:
        """This call is over. Raise the ceiling if that ends a round, the hold is over, and it held calls back."""
        if number < self._first or not self.is_known:
            return
        self._ended += 1
        if self._ended < max(LEAST_ROUND, self.value):
            return
        self._rounds += 1
        if self._rounds >= self._hold and self.held_at >= self._round_at:
            self._factor *= GROWTH
            self.value *= self._factor
        self._begin_round(now, next_number)

    def _hold_longer_at(self, value: float) -> None:
        """The limit is here: where the raises led to nothing, the next one waits longer."""
        is_same = self.is_raised and abs(value - self._found) <= SAME * value
        self._hold = min(LONGEST_HOLD, 2 * self._hold) if is_same else FIRST_HOLD

    def _settle(self, value: float, now: float, number: int) -> None:
        self.value = self._found = value
        self.held_at = now
        self._factor, self._rounds = 1.0, 0
        self._begin_round(now, number)

    def _begin_round(self, now: float, number: int) -> None:
        self._ended, self._first, self._round_at = 0, number, now


class Limiter:
    """Safe for any number of threads. ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tickets: deque[Ticket] = deque()
        """Calls that are open or started in the last second, and a few before, in the order of their start."""
        self._number = self._since = self._open = self._answered_in_a_row = 0
        """The next call's number, the first that started under the present ceilings, and counts of calls."""
        self._at_a_time, self._a_second = _Ceiling(), _Ceiling()
        self._much, self._some = _Surplus(MUCH), _Surplus(SOME)
        self._has_refused = self._is_asking = False
        self._next_start = -math.inf

    @property
    def limits(self) -> tuple[float, float]:
        """Calls at a time, and calls a second, that are let go now; infinite where no limit is known."""
        return self._at_a_time.value, self._a_second.value

    def start(self, ticket: Ticket) -> float:
        """0 if a call may start now, and then ``end`` must be told of it; else the seconds to wait before asking again.

        The ticket is a new one, for this call alone.
        """
        with self._lock:
            now = self._clock()
            if self._has_refused:  # all that ended together is known by now
                self._has_refused = False
                self._judge(now)
            if wait := self._wait(now):
                return wait
            is_in_doubt = self._much.before(self._number) > MANY / 2
            gap = max(1 / self._a_second.value, CAREFUL_GAP if is_in_doubt else 0.0)
            self._next_start = max(self._next_start, now - gap) + gap
            ticket.number, ticket.started_at = self._number, now
            self._number += 1
            self._open += 1
            tickets = self._tickets
            tickets.append(ticket)
            while len(tickets) > LEAST_KEPT and max(tickets[0].started_at + SPAN, tickets[0].ended_at) < now:
                tickets.popleft()
            return 0.0

    def end(self, ticket: Ticket, *, is_refused: bool) -> None:
        """A call is over that ``start`` let go."""
        with self._lock:
            now = self._clock()
            ticket.ended_at, ticket.is_refused = now, is_refused
            self._open -= 1
            if ticket.number < self._since:
                return
            if self._is_asking:
                self._answered_in_a_row = 0 if is_refused else self._answered_in_a_row + 1
                if self._answered_in_a_row == 2:
                    self._is_asking = False
                    self._at_a_time.drop()
                    self._a_second.drop()
                return
            for ceiling in (self._at_a_time, self._a_second):
                ceiling.end(ticket.number, now, self._number)
            if is_refused:
                self._much.add(ticket.number)
                self._some.add(ticket.number)
                self._has_refused = True

    def _wait(self, now: float) -> float:
        for ceiling in (self._at_a_time, self._a_second):
            if ceiling.is_known and now - ceiling.held_at > IDLE_SECONDS and not self._is_asking:
                ceiling.drop()
        if self._open >= self._at_a_time.value:
            self._at_a_time.held_at = now
            return POLL_SECONDS
        if now < self._next_start:
            self._a_second.held_at = self._next_start
            return self._next_start - now
        return 0.0

    def _judge(self, now: float) -> None:
        """Find the limit if much is refused, and lower what is too high if some is."""
        is_much = self._much.sum > MANY
        if not is_much and self._some.sum <= FEW + min(self.limits) / FEW_OF:
            return
        self._some.sum = 0.0
        tickets = [ticket for ticket in self._tickets if ticket.number < self._much.judged]
        refused = [ticket for ticket in tickets if ticket.is_refused and ticket.number >= self._since][-NEWEST_REFUSED:]
        delay = max(ticket.ended_at - ticket.started_at for ticket in refused)
        taken = [
            ticket
            for ticket in tickets
            if not ticket.is_refused and (ticket.ended_at < math.inf or now - ticket.started_at > delay)
        ]
        if any(refused[0].started_at < ticket.ended_at < math.inf for ticket in taken):
            at_a_time = median_low([_open_beside(ticket, tickets) for ticket in refused])
            above = [_open_beside(ticket, tickets) >= at_a_time for ticket in taken[-NEWEST_TAKEN:]]
        else:  # the first moment: they overtake one another, and nothing is known but how many are left
            at_a_time = sum(ticket.ended_at == math.inf for ticket in taken)
            above = []
        most_above = (MOST_ABOVE if is_much else MOST_ABOVE_IF_FEW) * len(above)
        is_raised_too_far = self._at_a_time.is_raised and at_a_time >= FAR_BELOW * self._at_a_time.value
        if at_a_time >= LEAST_AT_A_TIME and (sum(above) <= most_above or (is_much and is_raised_too_far)):
            if at_a_time < self._at_a_time.value:
                self._at_a_time.find(at_a_time, now, self._number)
            else:
                self._at_a_time.lower(now, self._number)
            self._much.sum = DOUBT * MANY
        elif is_much:
            self._at_a_time.drop()  # if it is real, it shows again
            self._find_rate(tickets, taken, now)
            self._much.sum = 0.0
        elif too_high := self._too_high():
            for ceiling in too_high:
                ceiling.lower(now, self._number)
        else:
            return
        self._since = self._much.judged = self._some.judged = self._number

    def _too_high(self) -> list[_Ceiling]:
        """The ceilings to blame for a few refusals: those that were raised, else the rate: it is never known well."""
        raised = [ceiling for ceiling in (self._at_a_time, self._a_second) if ceiling.is_raised]
        return raised or ([self._a_second] if self._a_second.is_known else [])

    def _find_rate(self, tickets: Sequence[Ticket], taken: Sequence[Ticket], now: float) -> None:
        """Calls a second are limited: to those taken in the last one, or over a longer time where they are few."""
        newest = tickets[-1].started_at
        since = newest - SPAN
        starts = [ticket.started_at for ticket in tickets if not ticket.is_refused]
        if sum(start > since for start in starts) < LEAST_ROUND:
            since = min(since, next((ticket.started_at for ticket in tickets if ticket.number >= self._since), since))
        first = next((start for start in starts if start >= since), None)
        self._is_asking = first is None
        if first is None:
            self._a_second.find(ASKING_RATE, now, self._number)
            self._next_start = now + 1 / ASKING_RATE
            return
        seen = max(1, sum(ticket.started_at >= since for ticket in taken)) / (newest - since)
        self._a_second.find(min(BELOW * seen, FAR_BELOW * self._a_second.value), now, self._number)
        self._next_start = max(now + 1 / self._a_second.value, first + SPAN)


def _open_beside(ticket: Ticket, tickets: Sequence[Ticket]) -> int:
    """Calls that the service had taken and not answered when this one began."""
    return sum(
        other.number < ticket.number and other.ended_at > ticket.started_at and not other.is_refused
        for other in tickets
    )


_limiters: dict[tuple[str, str], Limiter] = {}
_limiters_lock = threading.Lock()


def limiter_for(provider_type: str, base_url: str) -> Limiter:
    """The limiter that all jobs of this process share for one service."""
    with _limiters_lock:
        return _limiters.setdefault((provider_type, base_url), Limiter())
