"""Threads: bounded, stoppable, and never in the way of the process's end."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen_core.concurrency import Backlog, DaemonExecutor, Stop, map_unordered
from synthgen_core.errors import StoppedError

PATIENCE = 30.0
"""Seconds after which something that should happen at once is taken not to happen."""


class Clock:
    """A clock that a test winds."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


class Crowd:
    """Counts who is in at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = 0
        self.most = 0
        self.total = 0

    def __enter__(self) -> None:
        with self._lock:
            self._now += 1
            self.total += 1
            self.most = max(self.most, self._now)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._now -= 1


@pytest.fixture
def executor() -> Iterator[DaemonExecutor]:
    made = DaemonExecutor(4, "test")
    yield made
    made.shutdown()


def results(batches: Iterator[list[tuple[int, Future[int]]]]) -> list[int]:
    return [future.result() for batch in batches for _, future in batch]


# -- Stop


def test_a_stop_wakes_whoever_waits_and_stays() -> None:
    stop = Stop()
    woken = threading.Event()
    threading.Thread(target=lambda: stop.wait(PATIENCE) and woken.set(), daemon=True).start()
    stop.check()
    stop.set()
    assert woken.wait(PATIENCE)
    assert stop.is_set()
    assert stop.wait(0)
    with pytest.raises(StoppedError):
        stop.check()


def test_a_listener_is_called_once_whether_it_came_early_or_late() -> None:
    stop, heard = Stop(), []
    stop.on_set(lambda: heard.append("early"))
    assert heard == []
    stop.set()
    stop.set()
    stop.on_set(lambda: heard.append("late"))
    assert heard == ["early", "late"]


# -- DaemonExecutor


def test_no_more_threads_work_than_were_asked_for() -> None:
    crowd, all_in = Crowd(), threading.Barrier(4, timeout=PATIENCE)

    def work(_: int) -> None:
        with crowd:
            all_in.wait()

    executor = DaemonExecutor(4)
    list(executor.map(work, range(16)))
    executor.shutdown()
    assert (crowd.most, crowd.total) == (4, 16)


def test_an_error_belongs_to_its_future_and_the_thread_goes_on() -> None:
    executor = DaemonExecutor(1)
    wrong = executor.submit(lambda: 1 // 0)
    right = executor.submit(lambda: 7)
    with pytest.raises(ZeroDivisionError):
        wrong.result(PATIENCE)
    assert right.result(PATIENCE) == 7
    executor.shutdown()


def test_a_shut_executor_takes_nothing_and_cancels_what_waits() -> None:
    executor, gate, started = DaemonExecutor(1), threading.Event(), threading.Event()
    executor.submit(lambda: (started.set(), gate.wait(PATIENCE)))
    waiting = executor.submit(lambda: 1)
    assert started.wait(PATIENCE)
    executor.shutdown(wait=False, cancel_futures=True)
    with pytest.raises(RuntimeError):
        executor.submit(lambda: 2)
    assert not executor.join(0.01)
    gate.set()
    assert executor.join(PATIENCE)
    assert waiting.cancelled()


@pytest.mark.parametrize("ending", ["", "raise KeyboardInterrupt"])
def test_the_process_ends_while_a_thread_hangs(ending: str) -> None:
    code = f"""
import threading
from synthgen_core.concurrency import DaemonExecutor
started = threading.Event()
executor = DaemonExecutor(2)
for _ in range(50):
    executor.submit(lambda: (started.set(), threading.Event().wait()))
started.wait()
print("over", flush=True)
{ending}
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert ended.stdout == "over\n"


# -- Backlog


def test_what_was_put_back_comes_first_when_it_is_due() -> None:
    clock = Clock()
    backlog = Backlog(iter("abc"), clock)
    assert backlog.take() == "a"
    backlog.put_back("later", after=5)
    backlog.put_back("now")
    assert backlog.take() == "now"
    assert backlog.take() == "b"
    assert backlog.wait() == 5
    clock.time = 5
    assert backlog.wait() == 0
    assert backlog.take() == "later"
    assert [backlog.take(), backlog.take()] == ["c", None]
    assert backlog.wait() is None


def test_the_source_is_read_no_further_than_needed() -> None:
    read = []
    backlog = Backlog(read.append(n) or n for n in range(100))
    backlog.take()
    backlog.take()
    assert read == [0, 1]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers()), max_size=20))
def test_nothing_that_was_put_back_is_lost_and_all_comes_by_time(put: list[tuple[int, int]]) -> None:
    clock = Clock()
    backlog: Backlog[tuple[int, int]] = Backlog((), clock)
    for after, value in put:
        backlog.put_back((after, value), after)
    taken = []
    while (wait := backlog.wait()) is not None:
        clock.time += wait
        item = backlog.take()
        assert item is not None
        taken.append(item)
    assert taken == sorted(put, key=lambda item: item[0])


# -- map_unordered


@pytest.mark.parametrize("window", [1, 3, 8])
def test_every_item_is_done_once_within_the_window(window: int) -> None:
    crowd = Crowd()

    def work(n: int) -> int:
        with crowd:
            time.sleep(0.001)
        return n * n

    with ThreadPoolExecutor(16) as pool:
        done = results(map_unordered(work, range(100), pool, window))
    assert sorted(done) == [n * n for n in range(100)]
    assert crowd.most <= window
    assert crowd.total == 100


@pytest.mark.parametrize("make", [DaemonExecutor, ThreadPoolExecutor])
def test_any_executor_fits(make: type[Executor]) -> None:
    executor = make(2)  # type: ignore[call-arg] # each takes the number of its threads
    assert sorted(results(map_unordered(lambda n: n + 1, range(10), executor, 2))) == list(range(1, 11))
    executor.shutdown()


def test_nothing_to_do_is_done_at_once(executor: DaemonExecutor) -> None:
    assert list(map_unordered(lambda n: n, [], executor, 4)) == []


def test_no_new_item_begins_before_the_consumer_came_back(executor: DaemonExecutor) -> None:
    started: list[int] = []

    def work(n: int) -> int:
        started.append(n)
        return n

    batches = map_unordered(work, range(50), executor, 4)
    settled = 0
    for batch in batches:
        settled += len(batch)
        before = len(started)
        time.sleep(0.002)  # time in which a hasty one would begin the next
        assert len(started) <= settled + 4 - len(batch)
        assert before <= settled + 4 - len(batch)
    assert settled == 50


def test_the_source_is_read_no_further_than_the_window(executor: DaemonExecutor) -> None:
    read: list[int] = []
    batches = map_unordered(lambda n: n, (read.append(n) or n for n in range(1_000_000)), executor, 4)
    next(batches)
    assert len(read) == 4
    batches.close()


def test_errors_come_with_their_item(executor: DaemonExecutor) -> None:
    batches = map_unordered(lambda n: 1 // n, [0, 1], executor, 2)
    failed = {item for batch in batches for item, future in batch if future.exception()}
    assert failed == {0}


def test_an_item_that_was_put_back_is_done_again(executor: DaemonExecutor) -> None:
    backlog = Backlog(range(5))
    seen: list[int] = []
    for batch in map_unordered(lambda n: n, backlog, executor, 2):
        for item, _ in batch:
            if item == 3 and 3 not in seen:
                backlog.put_back(3, after=0.01)
            seen.append(item)
    assert sorted(seen) == [0, 1, 2, 3, 3, 4]


def test_others_go_on_while_one_that_was_put_back_waits(executor: DaemonExecutor) -> None:
    backlog: Backlog[int] = Backlog(range(1, 40))
    backlog.put_back(0, after=0.3)
    order = [item for batch in map_unordered(lambda n: n, backlog, executor, 1) for item, _ in batch]
    assert order[-1] == 0
    assert len(order) == 40


def test_a_slow_item_holds_up_only_itself(executor: DaemonExecutor) -> None:
    gate = threading.Event()
    done: list[int] = []
    for batch in map_unordered(lambda n: gate.wait(PATIENCE) if n == 0 else True, range(30), executor, 4):
        done += [item for item, _ in batch]
        if len(done) == 29:
            assert 0 not in done
            gate.set()
    assert done[-1] == 0


def test_a_stop_ends_it_at_once_and_starts_nothing_more(executor: DaemonExecutor) -> None:
    stop, gate, started = Stop(), threading.Event(), []

    def work(n: int) -> None:
        started.append(n)
        if n:
            gate.wait(PATIENCE)

    batches = map_unordered(work, range(100), executor, 4, stop=stop)
    assert [item for item, _ in next(batches)] == [0]
    threading.Timer(0.05, stop.set).start()
    begun = time.monotonic()
    assert list(batches) == []  # although four calls hang
    assert time.monotonic() - begun < PATIENCE / 2
    assert len(started) <= 5
    gate.set()


def test_a_stop_that_was_asked_before_starts_nothing(executor: DaemonExecutor) -> None:
    stop, started = Stop(), []
    stop.set()
    assert list(map_unordered(started.append, range(10), executor, 4, stop=stop)) == []
    assert started == []
