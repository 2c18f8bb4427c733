"""What was paid for is not paid again; and the small entrances beside a run."""

import orjson
import pytest

from synthgen_core.concurrency import DaemonExecutor, Stop
from synthgen_core.errors import (
    InvalidExampleError,
    NotFoundError,
)
from synthgen_core.generator import DatasetGenerator
from synthgen_core.limiter import Limiter, Ticket
from synthgen_core.models import Completion, Method, ProviderConfig, Usage
from synthgen_core.outcomes import Made, Reply
from synthgen_core.providers import create_provider
from tests.core.generator.running import CATALOGUE, JUNK, REQUEST, Run, at_once, generator_for, plan_of, run
from tests.support.replies import conversation, instruction
from tests.support.server import Act, ModelServer


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


def test_what_was_kept_and_what_was_stopped_takes_no_place_at_the_service_for_good(server: ModelServer) -> None:
    limiter, tickets = Limiter(), [Ticket() for _ in range(32)]
    assert not any(map(limiter.start, tickets))
    for n, ticket in enumerate(tickets):
        limiter.end(ticket, is_refused=n >= 4)
    assert limiter.start(tickets[0]) == 0  # it looks at what came back
    limiter.end(tickets[0], is_refused=False)
    assert limiter.limits[0] == 4
    first, stop = run(server, range(20)), Stop()
    kept = {reply.key: reply.completion for reply in first.replies}
    provider, executor = create_provider("openai", {"url": server.url, "model": "m"}), DaemonExecutor(8)
    generator = DatasetGenerator(provider, CATALOGUE, limiter=limiter)
    made = 0
    for memory in (kept.get, None):
        server.choose = lambda call: Act(delay=0.02)
        for outcomes in generator.generate(plan_of(), range(20), executor, 8, memory=memory, stop=stop):
            made += sum(isinstance(outcome, Made) for outcome in outcomes)
            if memory is None:
                stop.set()
    assert 20 <= made < 40
    for outcomes in generator.generate(plan_of(), range(20), executor, 8):
        made += sum(isinstance(outcome, Made) for outcome in outcomes)
    assert made >= 40
    executor.shutdown()
    provider.close()


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
