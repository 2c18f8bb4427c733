"""A budget is never passed, whatever the calls take; and a price that nobody knows is never nothing."""

from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen_core.budget import REFUSED, Budget, Tariff, dollars, no_price
from synthgen_core.errors import BudgetReachedError
from synthgen_core.models import ChatRequest, Message, Role, Usage
from synthgen_core.providers.catalogue import cost
from synthgen_core.providers.model_info import ModelInfo, Prices

MODEL = ModelInfo("openai", "m", prices=Prices(Decimal(2), Decimal(10)))
TARIFF = Tariff(partial(cost, MODEL))
UNKNOWN = Tariff()
FREE = Tariff(no_price)
REQUEST = ChatRequest((Message(Role.SYSTEM, "é" * 100), Message(Role.USER, "b" * 100)), max_tokens=1000)
WORST = TARIFF.worst_usage(REQUEST)
texts = st.text(st.characters(codec="utf-8"), max_size=40)
requests = st.builds(
    lambda words, most, schema: ChatRequest(tuple(Message(Role.USER, word) for word in words), most, schema=schema),
    st.lists(texts, min_size=1, max_size=3),
    st.integers(1, 4000),
    st.none() | texts,
)
shares = st.floats(0, 1)


@given(
    st.lists(st.tuples(requests, shares, shares, st.sampled_from(["ok", "timeout", "rate_limit"])), max_size=20),
    st.integers(1, 20_000),
    st.integers(1, 5),
)
def test_no_cap_is_ever_passed(calls: list[tuple[ChatRequest, float, float, str]], cap: int, workers: int) -> None:
    """Calls that overlap, and take any part of their worst case."""
    most = Decimal(cap) / 10**5
    budget = Budget(TARIFF, max_cost=most, max_tokens=cap)
    spent, used, running = Decimal(0), 0, []
    for call in calls:
        if budget.reserve(call[0]):
            running.append(call)
        while running and (len(running) >= workers or call is calls[-1]):
            request, prompt_share, reply_share, outcome = running.pop(0)
            worst = TARIFF.worst_usage(request)
            taken = Usage(int(worst.prompt_tokens * prompt_share), int(worst.completion_tokens * reply_share))
            budget.settle(request, taken if outcome == "ok" else Usage(), outcome)
            if outcome != "rate_limit":  # a service may charge for a reply that came too late to be read
                spent += TARIFF.price(taken) or 0
                used += taken.total
            assert spent <= budget.cost <= most
            assert used <= budget.tokens <= cap


def test_a_call_that_took_less_gives_back_what_it_did_not_take() -> None:
    budget = Budget(TARIFF, max_tokens=2 * WORST.total)
    assert budget.reserve(REQUEST)
    assert budget.reserve(REQUEST)
    assert not budget.reserve(REQUEST)
    budget.settle(REQUEST, Usage(10, 5), "ok")
    assert budget.tokens == 15
    assert not budget.reserve(REQUEST), "15 tokens too few"
    budget.release(REQUEST)
    assert budget.reserve(REQUEST)


@pytest.mark.parametrize("outcome", sorted(REFUSED))
def test_what_was_refused_costs_nothing(outcome: str) -> None:
    budget = Budget(TARIFF, max_cost=Decimal(1), max_tokens=WORST.total)
    for _ in range(3):
        assert budget.reserve(REQUEST)
        budget.settle(REQUEST, Usage(), outcome)
    assert (budget.cost, budget.tokens) == (Decimal(0), 0)
    assert UNKNOWN.cost(Usage(), outcome) == 0


@pytest.mark.parametrize(("usage", "outcome"), [(Usage(), "timeout"), (Usage(), "connection"), (Usage(), "ok")])
def test_where_nobody_knows_what_a_call_took_the_worst_is_counted_and_no_price_is_made_up(
    usage: Usage, outcome: str
) -> None:
    budget = Budget(TARIFF, max_cost=Decimal(1), max_tokens=10**6)
    assert budget.reserve(REQUEST)
    budget.settle(REQUEST, usage, outcome)
    assert (budget.cost, budget.tokens) == (TARIFF.worst_cost(REQUEST), WORST.total)
    assert TARIFF.cost(usage, outcome) is None
    assert FREE.cost(usage, outcome) == 0


def test_a_price_that_is_not_known_is_not_nothing() -> None:
    assert UNKNOWN.cost(Usage(5, 5)) is None
    assert UNKNOWN.worst_cost(REQUEST) is None
    assert not UNKNOWN.is_known
    assert FREE.is_known
    assert not Budget(UNKNOWN, max_cost=Decimal(10**6)).reserve(REQUEST)
    assert Budget(UNKNOWN, max_tokens=WORST.total).reserve(REQUEST)
    assert Budget(FREE, max_cost=Decimal("0.01")).reserve(REQUEST)


def test_the_worst_case_has_room_for_reasoning_for_every_tokenizer_and_for_the_dearest_price() -> None:
    reasoning = ModelInfo("openai", "m", effort="low", prices=MODEL.prices)
    assert Tariff(partial(cost, reasoning), reasoning.token_limit).worst_usage(REQUEST).completion_tokens == 3000
    assert WORST.prompt_tokens >= 300, "a token may be as short as a byte"
    writing = ModelInfo("anthropic", "m", prices=Prices(Decimal(2), Decimal(10), cache_write=Decimal(3)))
    expected = (WORST.prompt_tokens * 3 + WORST.completion_tokens * 10) / Decimal(10**6)
    assert Tariff(partial(cost, writing)).worst_cost(REQUEST) == expected


def test_what_an_earlier_run_spent_counts() -> None:
    worst = TARIFF.worst_cost(REQUEST)
    assert worst
    assert not Budget(TARIFF, max_cost=worst, spent_cost=Decimal("0.000001")).reserve(REQUEST)
    assert not Budget(TARIFF, max_tokens=WORST.total, spent_tokens=1).reserve(REQUEST)
    assert Budget(TARIFF, max_cost=worst, max_tokens=WORST.total).reserve(REQUEST)
    assert not Budget(TARIFF).is_capped


def test_it_says_how_much_of_what_was_spent() -> None:
    budget = Budget(TARIFF, max_cost=Decimal(5), max_tokens=9_000, spent_cost=Decimal("4.98"), spent_tokens=8_000)
    error = budget.reached()
    assert isinstance(error, BudgetReachedError)
    assert "$4.98 of $5.00 and 8,000 of 9,000 tokens" in error.message
    assert "higher" in error.hint


@pytest.mark.parametrize(
    ("cost", "shown"),
    [
        ("0", "$0.00"),
        ("1234.567", "$1,234.57"),
        ("0.01", "$0.01"),
        ("0.00234", "$0.0023"),
        ("0.000000300", "$0.00000030"),
    ],
)
def test_a_sum_is_never_rounded_to_nothing(cost: str, shown: str) -> None:
    assert dollars(Decimal(cost)) == shown
