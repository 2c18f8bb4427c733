"""How fast a service may be called, learnt from what it refuses. One limiter per service, shared by all jobs.

A limiter does nothing until a service refuses a quarter of the calls (status 429, 503, 529): refusals here and there slow
nobody down. From then on it spaces the calls evenly. One number is enough, the rate of starts: a service that allows so
many calls at a time shows itself as a rate, too (calls at a time / seconds a call).

The rate is set just below what the service was seen to answer, doubled each second until the next refusal, and from
then on raised by a few per cent a second; when more than ``MOST_REFUSED`` of a window are refused, it is set anew.
Where the limit has not been what held the calls back for a while, it is dropped.
"""

import threading
import time
from collections import deque
from collections.abc import Callable

ENTRY_SHARE, ENTRY_RESULTS = 0.33, 24
"""So much refused, of so many of the newest results, and the service has a limit."""
MOST_REFUSED, WINDOW_RESULTS, FEW_RESULTS = 0.05, 30, 8
"""So much refused, of a window, and the rate is set anew; half of a few, and it is set anew at once."""
BELOW_SEEN, BACK_OFF = 0.96, 0.85
RECOVERY_GROWTH, PROBING_GROWTH = 2.0, 1.03
"""Factor a second by which the rate grows, before and after the first refusals that follow a cut."""
FIRST_HOLD, LONGEST_HOLD, SAME_RATE = 2.0, 30.0, 0.2
"""Seconds at one rate before it is raised; longer, the more often the limit proved to be where it was."""
LOWEST_RATE = 0.1
IDLE_SECONDS = 5.0
MEMORY_SECONDS = 2.0


class Limiter:
    """Safe for any number of threads. ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._results: deque[tuple[float, bool]] = deque(maxlen=WINDOW_RESULTS)
        """(when, whether answered) of calls that started after the latest cut, the newest last."""
        self._answered: deque[float] = deque()
        """When calls were answered, over the last ``MEMORY_SECONDS``."""
        self._rate: float | None = None
        self._next_start = 0.0
        self._grown_at = 0.0
        self._cut_at = clock()
        self._held_at = 0.0
        self._is_recovering = False
        self._hold = FIRST_HOLD
        self._limit_seen = 0.0

    @property
    def rate(self) -> float | None:
        """Calls a second that may start now; None: no limit is known."""
        return self._rate

    def start(self) -> float:
        """0 if a call may start now, and then it counts as started; else the seconds to wait before asking again."""
        with self._lock:
            now = self._clock()
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
            if not is_refused:
                self._answered.append(now)
            while self._answered and self._answered[0] < now - MEMORY_SECONDS:
                self._answered.popleft()
            if started_at < self._cut_at:
                return
            self._results.append((now, not is_refused))
            if is_refused:
                self._react(now)

    def _react(self, now: float) -> None:
        refused = sum(not is_answered for _, is_answered in self._results)
        share = refused / len(self._results)
        if self._rate is None:
            if len(self._results) >= ENTRY_RESULTS and share > ENTRY_SHARE:
                self._cut(now)
        elif len(self._results) >= FEW_RESULTS and share > 0.5:
            self._cut(now)
        elif self._is_recovering:
            newest = list(self._results)[-FEW_RESULTS:]
            if sum(not is_answered for _, is_answered in newest) > 1:
                self._settle(now, self._rate * BACK_OFF)
        elif len(self._results) == WINDOW_RESULTS:
            if share > MOST_REFUSED:
                self._settle(now, min(self._rate, BELOW_SEEN * self._seen(now)))

    def _seen(self, now: float) -> float:
        """Calls a second that were answered since the latest cut."""
        since = max(self._cut_at, now - MEMORY_SECONDS)
        return (sum(moment > since for moment in self._answered) or 1) / max(now - since, 1e-3)

    def _cut(self, now: float) -> None:
        """The rate is far too high: set it just below what is answered, and feel the way up again quickly."""
        seen = self._seen(now)
        self._start_anew(now, BELOW_SEEN * (seen if self._rate is None else min(seen, self._rate)))
        self._is_recovering = True
        self._hold = FIRST_HOLD

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
        self._cut_at = self._grown_at = self._held_at = now
        self._next_start = now + 1 / self._rate

    def _grow(self, now: float) -> None:
        assert self._rate is not None
        since = self._grown_at if self._is_recovering else max(self._grown_at, self._cut_at + self._hold)
        if now > since:
            self._rate *= (RECOVERY_GROWTH if self._is_recovering else PROBING_GROWTH) ** (now - since)
        self._grown_at = now
