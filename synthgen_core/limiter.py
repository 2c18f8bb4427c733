"""How fast a service may be called, learnt from what it refuses: one limiter per service, shared by all jobs.

A limiter does nothing until a service refuses half of the newest calls (status 429, 503, 529): refusals here and
there slow nobody down. From then on it spaces the calls evenly. One number is enough, the rate of starts: a service
that allows so many calls at a time shows itself as a rate, too (calls at a time / seconds a call).

After a *cut* the rate is what the service was seen to answer since the one before, and a little less; if it has
answered nothing yet, calls trickle until it does. From there the rate grows quickly until a few calls are
refused. Then it is *settled* below that, held, and raised by a few per cent a second, until more than ``MOST_REFUSED``
of a window are refused; and so on. Where the limit has not held a call back for a while, it is dropped.
"""

import threading
import time
from collections import deque
from collections.abc import Callable

SOME, SOME_OF = 0.45, 24
MOST, MOST_OF = 0.75, 8
"""So much refused, of at least so many of the newest results, and the service has a limit."""
MOST_REFUSED, WINDOW_RESULTS, FEW_RESULTS = 0.05, 30, 8
"""So much refused, of a window, and the rate is settled anew; half of a few, and it is cut."""
BELOW_SEEN, BACK_OFF = 0.97, 0.85
RECOVERY_GROWTH, PROBING_GROWTH = 1.3, 1.02
"""Factor a second by which the rate grows, before and after the first refusals that follow a cut."""
FIRST_HOLD, LONGEST_HOLD, SAME_RATE = 2.0, 30.0, 0.2
"""Seconds at one rate before it is raised; longer, the more often the limit proved to be where it was."""
TRICKLE_RATE, LOWEST_RATE = 10.0, 0.1
IDLE_SECONDS = 5.0
MEMORY_SECONDS = 2.0


class Limiter:
    """Safe for any number of threads. ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._results: deque[bool] = deque(maxlen=WINDOW_RESULTS)
        """Whether calls that started after the latest cut were answered, the newest last."""
        self._answered: deque[float] = deque()
        """When such calls were answered, over the last ``MEMORY_SECONDS``."""
        self._rate: float | None = None
        self._cut_at = clock()
        """When calls began to be started at (about) the present rate."""
        self._grown_at = self._held_at = self._next_start = self._cut_at
        self._is_trickling = self._is_recovering = self._has_refused = False
        self._hold, self._limit_seen = FIRST_HOLD, 0.0

    @property
    def rate(self) -> float | None:
        """Calls a second that may start now; None: no limit is known."""
        return self._rate

    def start(self) -> float:
        """0 if a call may start now, and then it counts as started; else the seconds to wait before asking again."""
        with self._lock:
            now = self._clock()
            if self._has_refused:  # all that ended together is known by now
                self._has_refused = False
                self._react(now)
            if self._rate is None:
                return 0.0
            self._grow(now)
            if (wait := self._next_start - now) > 0:
                self._held_at = now
                return wait
            if now - self._held_at > IDLE_SECONDS:
                self._rate = None
                return 0.0
            self._next_start = max(self._next_start, now - 1 / self._rate) + 1 / self._rate
            return 0.0

    def end(self, started_at: float, *, is_refused: bool) -> None:
        """A call that started then is over."""
        with self._lock:
            now = self._clock()
            if started_at < self._cut_at:
                return
            self._results.append(not is_refused)
            self._has_refused |= is_refused
            if is_refused:
                return
            self._answered.append(now)
            while self._answered[0] < now - MEMORY_SECONDS:
                self._answered.popleft()

    def _react(self, now: float) -> None:
        results = len(self._results)
        share = self._results.count(False) / results if results else 0.0
        if self._rate is None:
            if (results >= SOME_OF and share > SOME) or (results >= MOST_OF and share > MOST):
                self._cut(now)
        elif self._is_trickling:
            return
        elif results >= FEW_RESULTS and share > 0.5:
            self._cut(now)
        elif self._is_recovering:
            if list(self._results)[-FEW_RESULTS:].count(False) > 1:
                self._settle(now, self._rate * BACK_OFF)
        elif results == WINDOW_RESULTS and share > MOST_REFUSED:
            self._settle(now, min(self._rate, BELOW_SEEN * self._seen(now)))

    def _seen(self, now: float) -> float:
        """Calls a second that were answered since the latest cut."""
        since = max(self._cut_at, now - MEMORY_SECONDS)
        return sum(moment > since for moment in self._answered) / max(now - since, 1e-3)

    def _cut(self, now: float) -> None:
        """The rate is far too high."""
        if not self._answered:  # nobody knows yet how much is answered: let few calls through, and wait for it
            self._rate, self._is_trickling = TRICKLE_RATE, True
            self._next_start = self._held_at = self._grown_at = now
            return
        seen = BELOW_SEEN * self._seen(now)
        self._start_anew(now, seen if self._rate is None or self._is_trickling else min(seen, self._rate))
        self._is_trickling, self._is_recovering, self._hold = False, True, FIRST_HOLD

    def _settle(self, now: float, rate: float) -> None:
        """The limit is about here: stay below it for a while, and longer if it was here before."""
        is_same = abs(rate - self._limit_seen) <= SAME_RATE * rate
        self._hold = min(LONGEST_HOLD, 2 * self._hold) if is_same else FIRST_HOLD
        self._limit_seen = rate
        self._start_anew(now, rate)
        self._is_recovering = False

    def _start_anew(self, now: float, rate: float) -> None:
        self._rate = max(LOWEST_RATE, rate)
        self._results.clear()
        self._answered.clear()
        self._cut_at = self._grown_at = self._held_at = now
        self._next_start = now + 1 / self._rate

    def _grow(self, now: float) -> None:
        assert self._rate is not None
        if self._is_trickling:
            if self._answered and now - self._answered[0] > (self._answered[0] - self._cut_at) / 4:
                self._cut(now)
            return
        since = self._grown_at if self._is_recovering else max(self._grown_at, self._cut_at + self._hold)
        if now > since:
            self._rate *= (RECOVERY_GROWTH if self._is_recovering else PROBING_GROWTH) ** (now - since)
        self._grown_at = now


_limiters: dict[tuple[str, str], Limiter] = {}
_limiters_lock = threading.Lock()


def limiter_for(provider_type: str, base_url: str) -> Limiter:
    """The limiter that all jobs of this process share for one service."""
    with _limiters_lock:
        return _limiters.setdefault((provider_type, base_url), Limiter())
