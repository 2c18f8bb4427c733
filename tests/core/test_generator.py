"""A run's promises, over a real socket: N asked are N delivered, the same seed gives the same, faults cost little."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import pytest

from synthgen_core.concurrency import DaemonExecutor, Stop
from synthgen_core.domains import load_catalogue
from synthgen_core.errors import (
    InvalidExampleError,
    NotFoundError,
    ProviderError,
    ProviderRefusedError,
    ProviderUnavailableError,
)
from synthgen_core.generator import (
    FIRST_DELAY,
    HOPELESS,
    LONGEST_DELAY,
    MAX_ATTEMPTS,
    MAX_DELAYS,
    MAX_REPLACEMENTS,
    DatasetGenerator,
    Delay,
    Failure,
    Made,
    Memory,
    Reply,
    back_off,
    make_plan,
    request_key,
)
from synthgen_core.methods import RECIPES, Plan
from synthgen_core.models import ChatRequest, Completion, JsonObject, Message, Method, ProviderConfig, Role, Usage
from synthgen_core.providers import create_provider
from synthgen_core.scenarios import Draw
from tests.support.replies import conversation, instruction
from tests.support.server import Act, Call, ModelServer

JUNK = Act(text="Certainly! What would you like?")
PATIENCE = 30.0
CATALOGUE = load_catalogue()


def plan_of(method: Method = Method.STRUCTURED, format_type: str = "chat", *, seed: int = 7) -> Plan:
    return make_plan(
        CATALOGUE,
        domain="support",
        subdomain="technical_support",
        format_type=format_type,
        language_code="en",
        method=method,
        seed=seed,
    )


@dataclass(slots=True)
class Run:
    """What came of a run, in the order in which it came."""

    made: list[Made] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    error: ProviderError | None = None

    @property
    def contents(self) -> dict[int, JsonObject]:
        return {made.item: made.content for made in self.made}

    @property
    def causes(self) -> Counter[str]:
        return Counter(failure.cause for failure in self.failures)


def at_once(delays: int, retry_after: float | None) -> float:
    return 0.0


@contextmanager
def generator_for(server: ModelServer, workers: int, delay: Delay) -> Iterator[tuple[DatasetGenerator, DaemonExecutor]]:
    provider = create_provider("openai", {"url": server.url, "model": "m"})
    executor = DaemonExecutor(workers)
    yield DatasetGenerator(provider, CATALOGUE, delay=delay), executor
    server.release()
    executor.shutdown(wait=False, cancel_futures=True)
    assert executor.join(PATIENCE)
    provider.close()


def run(
    server: ModelServer,
    items: Iterable[int] = range(20),
    *,
    plan: Plan | None = None,
    workers: int = 8,
    memory: Memory | None = None,
    stop: Stop | None = None,
    delay: Delay = at_once,
    watch: Callable[[Run], None] = lambda run: None,
    executor: Executor | None = None,
) -> Run:
    """A whole run; an error that ends it is kept."""
    seen = Run()
    with generator_for(server, workers, delay) as (generator, threads):
        try:
            for outcomes in generator.generate(
                plan or plan_of(), items, executor or threads, workers, memory=memory, stop=stop
            ):
                for outcome in outcomes:
                    match outcome:
                        case Made():
                            seen.made.append(outcome)
                        case Failure():
                            seen.failures.append(outcome)
                        case Reply():
                            seen.replies.append(outcome)
                watch(seen)
        except ProviderError as error:
            seen.error = error
    return seen


def prompts_of(plan: Plan, item: int) -> set[tuple[str, int | None]]:
    """The last message and seed of every structured request that an item can lead to."""
    found = set()
    for replacement in range(MAX_REPLACEMENTS + 1):
        for attempt in range(1, MAX_ATTEMPTS + 1):
            request = next(RECIPES[plan.method](plan, plan.scenario(item, replacement), item, replacement, attempt))
            found.add((request.messages[-1].content, request.seed))
    return found


def only_for(item: int, act: Act, plan: Plan) -> Callable[[Call], Act]:
    """This act for an item's calls; good answers for all others."""
    prompts = prompts_of(plan, item)
    return lambda call: act if (call.words, call.body["seed"]) in prompts else Act()


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


# -- N asked are N delivered


def test_every_item_asked_for_is_delivered_once(server: ModelServer) -> None:
    seen = run(server, range(60))
    assert sorted(made.item for made in seen.made) == list(range(60))
    assert len({orjson.dumps(made.content) for made in seen.made}) == 60
    assert seen.failures == []
    assert len(server.calls) == len(seen.replies) == 60
    assert server.most_open <= 8


def test_useless_replies_are_replaced_and_counted(server: ModelServer) -> None:
    acts = {1: JUNK, 5: Act(text=""), 9: Act(text='{"messages": [')}
    server.choose = lambda call: acts.get(call.body["seed"] % 12, Act())
    seen = run(server, range(30))
    assert sorted(made.item for made in seen.made) == list(range(30))
    assert set(seen.causes) == {"no_json", "empty", "cut_off"}
    assert len(seen.replies) == len(server.calls) == 30 + len(seen.failures)
    assert not any(failure.is_final for failure in seen.failures)


@pytest.mark.parametrize("format_type", ["chat", "instruction"])
def test_the_question_bank_delivers_as_many(server: ModelServer, format_type: str) -> None:
    plan = plan_of(Method.QUESTION_BANK, format_type)
    seen = run(server, range(20), plan=plan)
    assert sorted(made.item for made in seen.made) == list(range(20))
    assert all(plan.format.issues(made.content) == [] for made in seen.made)
    exchanges = sum(plan.format.count_exchanges(made.content) for made in seen.made)
    assert len(server.calls) == exchanges
    assert exchanges > 20 or format_type == "instruction"


def test_an_item_that_never_works_is_given_up_with_its_cause(server: ModelServer) -> None:
    plan = plan_of()
    server.choose = only_for(3, JUNK, plan)
    seen = run(server, range(12), plan=plan)
    assert sorted(made.item for made in seen.made) == [n for n in range(12) if n != 3]
    final = [failure for failure in seen.failures if failure.is_final]
    assert [(failure.item, failure.cause) for failure in final] == [(3, "no_json")]
    assert len(seen.failures) == MAX_ATTEMPTS * (MAX_REPLACEMENTS + 1)
    scenarios = {plan.scenario(3, replacement).situation for replacement in range(MAX_REPLACEMENTS + 1)}
    asked = {call.words for call in server.calls if (call.words, call.body["seed"]) in prompts_of(plan, 3)}
    assert len(asked) == MAX_REPLACEMENTS + 1
    assert all(any(scenario in words for words in asked) for scenario in scenarios)


def test_a_reply_that_was_cut_is_never_kept(server: ModelServer) -> None:
    server.choose = lambda call: Act(finish="stop" if call.body["seed"] % 3 else "length")  # each is whole to look at
    seen = run(server, range(20))
    assert len(seen.made) == 20
    assert set(seen.causes) == {"cut_off"}
    cut = {reply.key for reply in seen.replies if reply.completion.finish_reason == "length"}
    assert len(cut) == len(seen.failures) > 0
    assert len(seen.replies) == 20 + len(cut)


def test_a_request_that_is_refused_alone_costs_its_own_item_only(server: ModelServer) -> None:
    plan = plan_of()
    server.choose = only_for(0, Act(status=400, text="content policy"), plan)
    seen = run(server, range(8), plan=plan)
    assert sorted(made.item for made in seen.made) == list(range(1, 8))
    assert seen.causes == {"bad_request": MAX_ATTEMPTS * (MAX_REPLACEMENTS + 1)}
    assert seen.error is None


def test_what_an_example_was_made_from_is_told(server: ModelServer) -> None:
    seen = run(server, [5])
    scenario = plan_of().scenario(5)
    metadata = seen.made[0].metadata
    assert metadata["parameters"] == scenario.parameters
    assert (metadata["situation"], metadata["exchanges"]) == (scenario.situation, scenario.exchanges)
    assert (metadata["provider"], metadata["model"], metadata["seed"]) == ("openai", "m", 7)
    assert (metadata["item"], metadata["tries"], metadata["language"]) == (5, 1, "en")


# -- the same seed gives the same


@pytest.mark.parametrize("method", list(Method))
def test_the_same_seed_gives_the_same_whatever_the_workers_and_the_order(method: Method) -> None:
    plan = plan_of(method)

    def moody(call: Call) -> Act:
        return Act() if call.body["seed"] % 4 else JUNK

    runs = []
    for workers, items in ((1, list(range(24))), (16, list(range(24))), (16, list(range(23, -1, -1)))):
        with ModelServer(moody) as server:
            runs.append(run(server, items, plan=plan, workers=workers).contents)
    assert len(runs[0]) == 24
    assert runs[0] == runs[1] == runs[2]


def test_another_seed_gives_other_examples(server: ModelServer) -> None:
    first, second = (run(server, range(5), plan=plan_of(seed=seed)).contents for seed in (7, 8))
    assert all(first[item] != second[item] for item in range(5))


def test_draws_are_the_same_on_every_machine_and_version() -> None:
    draw = Draw("scenario", 7, 0, 0)
    weights = {"rare": 1, "never": 0, "common": 9}
    drawn = [
        [draw.integer(1, 6) for _ in range(8)],
        [draw.weighted(weights) for _ in range(8)],
        draw.shuffled("abcdefg"),
        draw.one(["x", "y", "z"]),
        Draw("sampling", 7, 3, 0, 1).integer(0, 2**31 - 1),
        Draw("größer", "你").integer(0, 10**9),
    ]
    assert drawn == PINNED


def test_a_requests_key_is_the_same_on_every_machine_and_version() -> None:
    assert request_key(CONFIG, REQUEST, 3, 1) == PINNED_KEY


CONFIG = ProviderConfig("openai", "m", "http://localhost/v1", "sk-1")
REQUEST = ChatRequest((Message(Role.SYSTEM, "é"), Message(Role.USER, "b")), 10, 0.5, 11, "{}")
PINNED = [
    [3, 2, 3, 4, 6, 6, 6, 4],
    ["common", "common", "common", "common", "common", "common", "common", "common"],
    ["e", "d", "f", "g", "a", "b", "c"],
    "y",
    718575792,
    72249455,
]
PINNED_KEY = "2316c5b440c9c7d878a5d06316e047c34744e353bd4d352249a7240f0bdff2dc"


@pytest.mark.parametrize(
    "changed",
    [
        {"messages": (*REQUEST.messages, Message(Role.USER, "c"))},
        {"messages": (Message(Role.USER, "é"), REQUEST.messages[1])},
        {"max_tokens": 11},
        {"temperature": None},
        {"seed": 12},
        {"schema": None},
    ],
    ids=str,
)
def test_whatever_changes_the_reply_changes_the_key(changed: dict[str, object]) -> None:
    assert request_key(CONFIG, replace(REQUEST, **changed), 3, 1) != request_key(CONFIG, REQUEST, 3, 1)  # type: ignore[arg-type] # one field at a time


def test_the_secret_is_no_part_of_the_key_but_the_rest_of_the_configuration_is() -> None:
    key = request_key(CONFIG, REQUEST, 3, 1)
    assert request_key(replace(CONFIG, api_key="sk-2"), REQUEST, 3, 1) == key
    for other in (replace(CONFIG, model="n"), replace(CONFIG, base_url="http://x"), replace(CONFIG, type="ollama")):
        assert request_key(other, REQUEST, 3, 1) != key
    assert request_key(CONFIG, REQUEST, 4, 1) != key
    assert request_key(CONFIG, REQUEST, 3, 2) != key


# -- faults


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

    seen = run(server, range(100), workers=4, delay=delay)
    assert isinstance(seen.error, ProviderUnavailableError)
    assert seen.error.cause == "rate_limit"
    assert len(server.calls) <= 4 * MAX_DELAYS
    assert {retry_after for _, retry_after in asked} == {2.0}
    assert max(delays for delays, _ in asked) == MAX_DELAYS - 1


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


def test_what_was_paid_for_is_not_paid_again(server: ModelServer) -> None:
    server.choose = lambda call: Act() if call.body["seed"] % 3 else JUNK
    first = run(server, range(20))
    kept = {reply.key: reply.completion for reply in first.replies}
    assert len(kept) == len(first.replies) == len(server.calls)
    with ModelServer(lambda call: JUNK) as unused:
        moved = ProviderConfig("openai", "m", server.url)
        second = Run()
        provider = create_provider("openai", moved)
        executor = DaemonExecutor(4)
        for outcomes in DatasetGenerator(provider, CATALOGUE).generate(
            plan_of(), range(20), executor, 4, memory=kept.get
        ):
            second.made += [outcome for outcome in outcomes if isinstance(outcome, Made)]
            assert not any(isinstance(outcome, Reply) for outcome in outcomes)
        executor.shutdown()
        provider.close()
        assert unused.calls == []
    assert len(server.calls) == len(first.replies)
    assert second.contents == first.contents


def test_a_run_that_broke_off_pays_only_for_what_is_missing(server: ModelServer) -> None:
    plan, stop = plan_of(Method.QUESTION_BANK), Stop()
    first = run(server, range(20), plan=plan, stop=stop, watch=lambda run: run.replies[25:] and stop.set())
    kept = {reply.key: reply.completion for reply in first.replies}
    done = first.contents
    assert 0 < len(done) < 20
    paid = len(server.calls)
    second = run(server, [item for item in range(20) if item not in done], plan=plan, memory=kept.get)
    with ModelServer() as other:
        whole = run(other, range(20), plan=plan)
        needed = len(other.calls)
    assert done | second.contents == whole.contents
    assert len(server.calls) - needed <= 8  # no more than were in flight
    assert len(server.calls) > paid


def test_every_paid_reply_is_told_once_with_its_usage(server: ModelServer) -> None:
    server.choose = lambda call: Act() if call.body["seed"] % 2 else JUNK
    seen = run(server, range(10))
    assert len(server.calls) > 10
    assert len({reply.key for reply in seen.replies}) == len(seen.replies) == len(server.calls)
    usage = sum((reply.completion.usage for reply in seen.replies), Usage())
    assert usage == Usage(100 * len(server.calls), 50 * len(server.calls))


# -- the small methods


def test_one_example_from_a_prompt_of_ones_own(server: ModelServer) -> None:
    server.then(JUNK, Act(text=orjson.dumps(instruction("x")).decode()), Act(text='{"a": 1}'))
    with generator_for(server, 1, at_once) as (generator, _):
        assert generator.generate_example("Write one.") == instruction("x")
        assert [call.words for call in server.calls] == ["Write one."] * 2
        with pytest.raises(InvalidExampleError, match="Generation failed"):
            generator.generate_example("Write one.", max_attempts=1)
        assert len(server.calls) == 3
        server.then(Act(text=orjson.dumps(conversation(2, "y")).decode()))
        assert generator.generate_example("Write one.") == conversation(2, "y")


def test_parameters_are_drawn_for_one_or_for_many(server: ModelServer) -> None:
    with generator_for(server, 1, at_once) as (generator, _):
        one = generator.generate_scenario_parameters("Customer Support", "technical_support", seed=3)
        many = generator.generate_scenario_parameters("support", "Technical Support", 3, seed=3)
        assert isinstance(many, list)
        assert len(many) == 3
        assert many[0] == one
        weights = CATALOGUE.domain("support").parameters
        assert all(set(drawn) == set(weights) for drawn in many)
        assert all(drawn[name] in weights[name] for drawn in many for name in drawn)
        with pytest.raises(NotFoundError):
            generator.generate_scenario_parameters("suport", "technical_support")


def test_the_completion_of_another_model_keeps_its_name() -> None:
    with ModelServer() as server:
        provider = create_provider("openai", {"url": server.url, "model": "m"})
        server.then(Act(raw='{"model": "m-2026", "choices": [{"message": {"content": "a"}}]}'))
        completion = provider.complete(REQUEST)
        provider.close()
    assert isinstance(completion, Completion)
    assert completion.model == "m-2026"
