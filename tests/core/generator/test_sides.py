"""Turn by turn each side has its model: its own calls, keys, limits, prices and faults."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from synthgen_core.budget import OK, Budget, Tariff
from synthgen_core.driving import MAX_DELAYS
from synthgen_core.errors import BudgetReachedError, ProviderRefusedError, ProviderUnavailableError
from synthgen_core.models import Method, Side
from tests.core.generator.running import plan_of, run
from tests.support.server import Act, ModelServer

PLAN = plan_of(Method.TURN_BY_TURN)


@pytest.fixture
def assistant() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


def exchanges(items: range) -> int:
    return sum(PLAN.scenario(item).exchanges for item in items)


@pytest.mark.parametrize("format_type", ["chat", "instruction"])
def test_each_side_is_asked_by_its_own_model(server: ModelServer, assistant: ModelServer, format_type: str) -> None:
    plan = plan_of(Method.TURN_BY_TURN, format_type)
    seen = run(server, range(12), plan=plan, assistant=assistant)
    assert sorted(seen.contents) == list(range(12))
    turns = exchanges(range(12)) if format_type == "chat" else 12
    assert len(server.calls) == len(assistant.calls) == turns
    assert {call.path for call in server.calls} == {"/v1/chat/completions"}
    assert {call.path for call in assistant.calls} == {"/v1/messages"}
    assert all("You play a person" in call.body["messages"][0]["content"] for call in server.calls)
    assert all("You play a person" not in str(call.body) for call in assistant.calls)
    for made in seen.made:
        assert plan.format.issues(made.content) == []
        assert (made.metadata["provider"], made.metadata["model"]) == ("openai", "m")
        assert (made.metadata["assistant_provider"], made.metadata["assistant_model"]) == ("anthropic", "a")
        assert made.metadata["situation"]


def test_with_one_model_it_plays_both(server: ModelServer) -> None:
    seen = run(server, range(12), plan=PLAN)
    assert len(seen.made) == 12
    assert len(server.calls) == 2 * exchanges(range(12))
    assert not any("assistant_model" in made.metadata for made in seen.made)


def test_every_call_and_reply_says_whose_it_was(server: ModelServer, assistant: ModelServer) -> None:
    seen = run(server, range(6), plan=PLAN, assistant=assistant)
    for outcomes in (seen.calls, seen.replies):
        by_side = {side: [outcome for outcome in outcomes if outcome.side is side] for side in Side}
        assert len(by_side[Side.WRITER]) == len(server.calls)
        assert len(by_side[Side.ASSISTANT]) == len(assistant.calls)
    assert {(call.side, call.model) for call in seen.calls} == {(Side.WRITER, "m"), (Side.ASSISTANT, "a")}


def test_what_both_were_paid_for_is_not_paid_again(server: ModelServer, assistant: ModelServer) -> None:
    server.choose = lambda call: Act() if call.body["seed"] % 5 else Act(text="")
    first = run(server, range(12), plan=PLAN, assistant=assistant)
    kept = {reply.key: reply.completion for reply in first.replies}
    paid = len(server.calls) + len(assistant.calls)
    assert len(kept) == len(first.replies) == paid
    second = run(server, reversed(range(12)), plan=PLAN, assistant=assistant, memory=kept.get)
    assert second.contents == first.contents
    assert len(server.calls) + len(assistant.calls) == paid
    third = run(server, range(12), plan=PLAN, memory=kept.get)
    assert len(third.contents) == 12
    assert len(server.calls) > paid / 2, "another model for one side gives other replies"


def test_the_refused_key_of_either_ends_the_run(server: ModelServer, assistant: ModelServer) -> None:
    assistant.choose = lambda call: Act(status=401)
    seen = run(server, range(200), plan=PLAN, assistant=assistant, workers=4)
    assert isinstance(seen.error, ProviderRefusedError)
    assert seen.error.cause == "auth"
    assert len(assistant.calls) <= 4
    assert len(server.calls) <= 12


def test_an_assistant_that_stays_away_ends_the_run_although_the_other_side_answers(
    server: ModelServer, assistant: ModelServer
) -> None:
    assistant.choose = lambda call: Act(status=500)
    seen = run(server, range(500), plan=PLAN, assistant=assistant, workers=4)
    assert isinstance(seen.error, ProviderUnavailableError)
    assert seen.error.cause == "server"
    assert len(server.calls) < 500, "or every item would be begun for nothing"
    assert len(assistant.calls) <= 4 * MAX_DELAYS * 4
    assert {call.outcome for call in seen.calls if call.side is Side.WRITER} == {OK}


def cents(each: int) -> Tariff:
    return Tariff(lambda usage: Decimal(usage.total * each) / 10_000)


def test_each_side_takes_from_one_budget_at_its_own_price(server: ModelServer, assistant: ModelServer) -> None:
    budget = Budget(cents(1), assistant=cents(10), max_cost=Decimal(100))
    with pytest.raises(BudgetReachedError):
        run(server, range(500), plan=PLAN, assistant=assistant, budget=budget, workers=4)
    assert len(server.calls) >= len(assistant.calls) > 0
    assert budget.cost == (len(server.calls) + 10 * len(assistant.calls)) * Decimal(150) / 10_000 <= 100
