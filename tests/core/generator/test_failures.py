"""What a run does when replies or the service fail."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Any

import pytest

from synthgen_core.concurrency import DaemonExecutor, Stop
from synthgen_core.driving import FIRST_DELAY, LONGEST_DELAY, MAX_DELAYS, MAX_LIMITED, back_off
from synthgen_core.errors import (
    ProviderError,
    ProviderRefusedError,
    ProviderUnavailableError,
)
from synthgen_core.generator import HOPELESS, DatasetGenerator
from synthgen_core.providers import create_provider
from tests.core.generator.running import (
    CATALOGUE,
    JUNK,
    PATIENCE,
    at_once,
    only_for,
    plan_of,
    run,
)
from tests.support.server import Act, Call, ModelServer


def test_a_refused_key_ends_the_run_after_a_call_per_worker_at_most(server: ModelServer) -> None:
    server.choose = lambda call: Act(status=401, delay=0.02)
    seen = run(server, range(500), workers=8)
    assert isinstance(seen.error, ProviderRefusedError)
    assert seen.error.cause == "auth"
    assert 1 <= len(server.calls) <= 8


def test_credit_that_runs_out_ends_the_run_and_keeps_what_was_made(server: ModelServer) -> None:
    server.choose = lambda call: Act() if call.number < 30 else Act(status=402)
    seen = run(server, range(500), workers=4)
    assert isinstance(seen.error, ProviderRefusedError)
    assert seen.error.cause == "credit"
    assert 30 - 4 < len(seen.made) <= 30
    assert len(server.calls) <= 30 + 4


def test_what_arrives_together_with_a_refusal_is_kept(server: ModelServer) -> None:
    class Inline(Executor):
        """Does everything at once, so that four results make one batch."""

        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            try:
                future.set_result(fn(*args, **kwargs))
            except ProviderError as error:
                future.set_exception(error)
            return future

    server.choose = lambda call: Act(status=402) if call.number == 1 else Act()
    seen = run(server, range(500), workers=4, executor=Inline())
    assert sorted(made.item for made in seen.made) == [0, 2, 3]
    assert len(seen.replies) == 3
    assert isinstance(seen.error, ProviderRefusedError)


def test_a_run_that_leads_nowhere_ends(server: ModelServer) -> None:
    server.choose = lambda call: JUNK
    seen = run(server, range(500), workers=8)
    assert isinstance(seen.error, ProviderUnavailableError)
    assert seen.error.cause == "hopeless"
    assert HOPELESS <= len(server.calls) <= HOPELESS + 8
    assert seen.causes["no_json"] >= HOPELESS


def test_one_example_is_enough_for_hope(server: ModelServer) -> None:
    server.choose = lambda call: Act() if call.number == 0 else JUNK
    seen = run(server, range(6), workers=2)
    assert len(seen.made) == 1
    assert seen.error is None
    assert sum(failure.is_final for failure in seen.failures) == 5


def test_a_call_that_was_limited_frees_its_worker_and_comes_back(server: ModelServer) -> None:
    server.then(Act(status=429, headers={"retry-after": "0.25"}))
    began = time.monotonic()
    seen = run(server, range(6), workers=1, delay=lambda delays, retry_after: retry_after or 0.0)
    assert [made.item for made in seen.made] == [1, 2, 3, 4, 5, 0]
    assert time.monotonic() - began >= 0.25
    assert len(server.calls) == 7
    assert server.calls[0].body == server.calls[-1].body
    assert seen.failures == []


@pytest.mark.parametrize("act", [Act(status=429), Act(status=500), Act(is_dropped=True), Act(raw="<html>")], ids=str)
def test_what_may_pass_is_tried_again_and_costs_no_attempt(server: ModelServer, act: Act) -> None:
    met: set[int] = set()

    def stumble(call: Call) -> Act:  # at the first sight of every other request
        seed = call.body["seed"]
        is_new = seed not in met
        met.add(seed)
        return act if is_new and seed % 2 else Act()

    server.choose = stumble
    seen = run(server, range(20))
    assert len(seen.made) == 20
    assert seen.failures == []
    assert 20 < len(server.calls) < 40
    assert all(made.metadata["tries"] == 1 for made in seen.made)


def test_a_service_that_stays_away_ends_the_run_with_its_cause(server: ModelServer) -> None:
    server.choose = lambda call: Act(status=503, headers={"retry-after": "2"})
    asked: list[tuple[int, float | None]] = []

    def delay(delays: int, retry_after: float | None) -> float:
        asked.append((delays, retry_after))
        return 0.0

    seen = run(server, range(100), workers=1, delay=delay)
    assert isinstance(seen.error, ProviderUnavailableError)
    assert seen.error.cause == "rate_limit"
    assert len(server.calls) <= MAX_LIMITED
    assert {retry_after for _, retry_after in asked} == {2.0}
    assert max(delays for delays, _ in asked) == MAX_LIMITED - 1


def test_a_service_that_refuses_everybody_for_long_ends_the_run_however_many_workers_wait(server: ModelServer) -> None:
    server.choose = lambda call: Act(status=429)
    provider, executor = create_provider("openai", {"url": server.url, "model": "m"}), DaemonExecutor(16)
    made = DatasetGenerator(provider, CATALOGUE, delay=at_once, longest_silence=1.0)
    with pytest.raises(ProviderUnavailableError) as caught:
        list(made.generate(plan_of(), range(100), executor, 16))
    assert caught.value.cause == "rate_limit"
    assert len(server.calls) < 16 * MAX_LIMITED / 2
    executor.shutdown(wait=False, cancel_futures=True)
    assert executor.join(PATIENCE)
    provider.close()


def test_one_request_on_which_the_service_fails_costs_no_other_item(server: ModelServer) -> None:
    plan = plan_of()
    bad = only_for(0, Act(status=500), plan)
    server.choose = lambda call: replace(bad(call), delay=0.005)
    seen = run(server, range(80), plan=plan, workers=2)
    assert sorted(made.item for made in seen.made) == list(range(1, 80))
    assert {failure.item for failure in seen.failures} <= {0}


def test_waiting_grows_within_bounds_and_adds_to_what_the_service_asks() -> None:
    for delays in range(1, MAX_DELAYS):
        waits = [back_off(delays, None) for _ in range(200)]
        assert min(waits) >= 0
        assert max(waits) <= min(LONGEST_DELAY, FIRST_DELAY * 2**delays)
        assert len(set(waits)) > 100
        assert min(back_off(delays, 7.0) for _ in range(50)) >= 7.0
    assert max(back_off(1, None) for _ in range(200)) < max(back_off(5, None) for _ in range(200))


# -- stopping, and what was paid for


def test_a_stop_ends_the_run_at_once_and_starts_no_call(server: ModelServer) -> None:
    stop, hang = Stop(), threading.Event()
    server.choose = lambda call: Act() if call.number < 10 else Act(until=hang)

    def stop_when_all_hang() -> None:
        server.wait_for_calls(14)
        stop.set()

    threading.Thread(target=stop_when_all_hang, daemon=True).start()
    began = time.monotonic()
    seen = run(server, range(1000), workers=4, stop=stop)
    assert time.monotonic() - began < PATIENCE  # although four calls hang
    assert len(seen.made) == 10
    assert seen.failures == []
    assert len(server.calls) == 14
    hang.set()


def test_a_stop_ends_a_wait_at_once(server: ModelServer) -> None:
    stop = Stop()
    server.choose = lambda call: Act(status=429)
    threading.Thread(target=lambda: (server.wait_for_calls(4), stop.set()), daemon=True).start()
    began = time.monotonic()
    seen = run(server, range(4), workers=4, stop=stop, delay=lambda delays, retry_after: 10 * PATIENCE)
    assert time.monotonic() - began < PATIENCE
    assert (seen.made, seen.error) == ([], None)
