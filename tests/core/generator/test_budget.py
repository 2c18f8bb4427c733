"""A run never passes its budget, and says so when it stops for it."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from synthgen_core.budget import Budget, Tariff
from synthgen_core.concurrency import DaemonExecutor
from synthgen_core.errors import BudgetReachedError
from synthgen_core.generator import DatasetGenerator
from synthgen_core.models import Usage
from synthgen_core.outcomes import Call, Made, Outcome
from synthgen_core.providers import create_provider
from tests.core.generator.running import plan_of
from tests.support.server import ModelServer


def cents(usage: Usage) -> Decimal:
    return Decimal(usage.total) / 10_000


def outcomes_of(server: ModelServer, budget: Budget, items: int, workers: int) -> Iterator[Outcome]:
    provider = create_provider("openai", {"url": server.url, "model": "m"})
    executor = DaemonExecutor(workers)
    try:
        run = DatasetGenerator(provider).generate(plan_of(), range(items), executor, workers, budget=budget)
        for outcomes in run:
            yield from outcomes
    finally:
        executor.shutdown(wait=True)
        provider.close()


@pytest.mark.parametrize("workers", [1, 8])
def test_a_run_stops_before_its_cap_in_tokens_and_keeps_what_it_made(server: ModelServer, workers: int) -> None:
    budget = Budget(Tariff(cents), max_tokens=60_000)
    seen: list[Outcome] = []
    with pytest.raises(BudgetReachedError, match="60,000"):
        seen.extend(outcomes_of(server, budget, 1000, workers))
    used = sum(outcome.usage.total for outcome in seen if isinstance(outcome, Call))
    assert 0 < used == budget.tokens <= 60_000
    assert 0 < sum(isinstance(outcome, Made) for outcome in seen) < 1000


def test_a_run_stops_before_its_cap_in_money(server: ModelServer) -> None:
    budget = Budget(Tariff(cents), max_cost=Decimal("5.00"))
    with pytest.raises(BudgetReachedError):
        list(outcomes_of(server, budget, 1000, 4))
    assert 0 < budget.cost <= Decimal("5.00")


def test_a_budget_that_is_large_enough_changes_nothing(server: ModelServer) -> None:
    budget = Budget(Tariff(cents), max_tokens=10_000_000)
    made = [outcome for outcome in outcomes_of(server, budget, 20, 8) if isinstance(outcome, Made)]
    assert len(made) == 20
