"""Threads that never hold up the end of the process, and one function that maps work over any executor.

``map_unordered`` takes any ``concurrent.futures.Executor``: that is the seam behind which a cluster can stand.
"""

import contextlib
import heapq
import itertools
import math
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any, Generic, ParamSpec, TypeVar

from synthgen_core.errors import StoppedError

T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")


class Stop:
    """A request to stop that any number of threads can wait for; once set, it stays set."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    def set(self) -> None:
        """Ask everybody to stop, and wake those who wait."""
        with self._lock:
            self._event.set()
            listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener()

    def is_set(self) -> bool:
        """Whether somebody asked to stop."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep for so long, or until asked to stop; tells whether it was asked."""
        return self._event.wait(seconds)

    def check(self) -> None:
        """Raise StoppedError if somebody asked to stop."""
        if self._event.is_set():
            raise StoppedError

    def on_set(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` once when it is set, at once if it already is. It must not block."""
        with self._lock:
            if not self._event.is_set():
                self._listeners.append(listener)
                return
        listener()


class DaemonExecutor(Executor):
    """A pool of daemon threads: the end of the process never waits for them.

    The standard library's ThreadPoolExecutor is joined at exit, until all queued items are done; Ctrl-C then hangs.
    """

    def __init__(self, workers: int, name: str = "synthgen") -> None:
        self._queue: queue.SimpleQueue[tuple[Future[Any], Callable[[], None]] | None] = queue.SimpleQueue()
        self._is_closed = False
        self._threads = [threading.Thread(target=self._loop, name=f"{name}-{n}", daemon=True) for n in range(workers)]
        for thread in self._threads:
            thread.start()

    def _loop(self) -> None:
        while (entry := self._queue.get()) is not None:
            entry[1]()

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """As ``Executor.submit``."""
        if self._is_closed:
            raise RuntimeError("the executor is shut down")
        future: Future[R] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - as concurrent.futures does: whoever waits for this future must hear of it, or waits for ever
                future.set_exception(error)

        self._queue.put((future, work))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As ``Executor.shutdown``; with ``wait=False`` it returns at once, whatever the threads are doing."""
        self._is_closed = True
        if cancel_futures:
            with contextlib.suppress(queue.Empty):
                while True:
                    if (entry := self._queue.get_nowait()) is not None:
                        entry[0].cancel()
        for _ in self._threads:
            self._queue.put(None)
        if wait:
            self.join()

    def join(self, seconds: float | None = None) -> bool:
        """Wait for the threads to end, at most so long; tells whether all did."""
        end = None if seconds is None else time.monotonic() + seconds
        for thread in self._threads:
            thread.join(None if end is None else max(0.0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)


@dataclass(order=True, slots=True)
class _Later(Generic[T]):
    due: float
    order: int
    item: T = field(compare=False)


class Backlog(Generic[T]):
    """Items still to be done: a source, read lazily, and items that were put back, some not before a time.

    Items that were put back come first. Not for several threads at once: it belongs to the one that maps.
    """

    def __init__(self, source: Iterable[T] = (), clock: Callable[[], float] = time.monotonic) -> None:
        self._source = iter(source)
        self._later: list[_Later[T]] = []
        self._order = itertools.count()
        self._clock = clock

    def put_back(self, item: T, after: float = 0.0) -> None:
        """Do this item again, ``after`` so many seconds."""
        heapq.heappush(self._later, _Later(self._clock() + after, next(self._order), item))

    def take(self) -> T | None:
        """The next item that may be done now; None if there is none (but see ``wait``)."""
        if self._later and self._later[0].due <= self._clock():
            return heapq.heappop(self._later).item
        return next(self._source, None)

    def wait(self) -> float | None:
        """Seconds until the next item that was put back is due; None if there is none."""
        return max(0.0, self._later[0].due - self._clock()) if self._later else None


def map_unordered(
    fn: Callable[[T], R],
    items: Iterable[T] | Backlog[T],
    executor: Executor,
    window: int,
    *,
    stop: Stop | None = None,
    admit: Callable[[T], float] | None = None,
) -> Iterator[list[tuple[T, Future[R]]]]:
    """Apply ``fn`` to every item, at most ``window`` at a time, and yield all that is done whenever something is.

    Each batch holds one or more (item, finished future) pairs in order of completion. New items are taken only after
    the consumer came back for the next batch; so what it commits in between is safe before more work begins, and an
    item that it puts back into the ``Backlog`` is done again. When ``stop`` is set, no further item is taken, and the
    iterator ends at once; calls still running are left to themselves.

    ``admit`` is asked right before an item is begun: 0 lets it begin; otherwise it is put back, and asked for again
    after so many seconds, or sooner if a call ends. ``math.inf``: once a call ends; if none runs, that is the end.
    """
    stop = stop or Stop()
    backlog = items if isinstance(items, Backlog) else Backlog(items)
    done: queue.SimpleQueue[tuple[T, Future[R]] | None] = queue.SimpleQueue()
    stop.on_set(lambda: done.put(None))
    running = 0

    def finished(item: T) -> Callable[[Future[Any]], None]:
        return lambda future: done.put((item, future))

    while not stop.is_set():
        held = 0.0
        while running < window and (item := backlog.take()) is not None:
            if admit and (held := admit(item)):
                backlog.put_back(item)
                break
            executor.submit(fn, item).add_done_callback(finished(item))
            running += 1
        due = (None if held == math.inf else held) if held else backlog.wait()
        if not running and due is None:
            return
        batch: list[tuple[T, Future[R]]] = []
        try:
            entry = done.get(timeout=due if running < window else None)
            while True:
                if entry is not None:
                    batch.append(entry)
                entry = done.get_nowait()
        except queue.Empty:
            pass
        running -= len(batch)
        if batch:
            yield batch
