"""What a run may spend: its caps in money and in tokens, checked before it starts, and kept with its job."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol

from synthgen_core.actions.usage import tariff_for
from synthgen_core.budget import Budget, dollars
from synthgen_core.errors import ConfigError
from synthgen_core.models import ChatRequest, Job, JsonObject, ProviderConfig, Side
from synthgen_core.settings import Settings

MOST_DOLLARS, MOST_TOKENS = Decimal(10**6), 10**12


class Capped(Protocol):
    """A request with a budget."""

    @property
    def max_cost(self) -> Decimal | None:
        """US dollars."""

    @property
    def max_tokens_total(self) -> int | None:
        """Tokens, prompts and replies together."""


def in_range(what: str, value: float, least: float, most: float) -> None:
    """Raise ConfigError for a number that nobody can want."""
    if not least <= value <= most:
        raise ConfigError(f"The {what} cannot be {value:,}.", f"Give {least:,} to {most:,}.")


def check_seed(seed: int) -> None:
    """Raise ConfigError for a seed that is none."""
    in_range("seed", seed, 0, 2**63 - 1)


def check_caps(max_cost: Decimal | None, max_tokens_total: int | None) -> None:
    """Raise ConfigError for a budget that is none."""
    if max_tokens_total is not None:
        in_range("budget of tokens", max_tokens_total, 1, MOST_TOKENS)
    if max_cost is not None and not (max_cost.is_finite() and 0 < max_cost <= MOST_DOLLARS):
        raise ConfigError(f"The budget cannot be {max_cost} dollars.", f"Give up to {MOST_DOLLARS:,}.")


def caps_of(request: Capped) -> JsonObject:
    """The budget, as a job keeps it."""
    cost = None if request.max_cost is None else str(request.max_cost)
    return {"max_cost": cost, "max_tokens_total": request.max_tokens_total}


def budget_of(
    settings: Settings, config: ProviderConfig, max_cost: Decimal | None, max_tokens_total: int | None, job: Job | None
) -> Budget:
    """What a run that asks one model may spend, and has spent: ``job`` is the one that has, if one has."""
    return Budget(
        tariff_for(settings, config),
        max_cost=max_cost,
        max_tokens=max_tokens_total,
        spent_cost=job.cost if job else None,
        spent_tokens=job.usage.total if job else 0,
    )


def check_room(budget: Budget, first: ChatRequest, models: Mapping[Side, str], job: Job | None = None) -> None:
    """Raise ConfigError if nobody could keep to a budget, or if it leaves no room for a call such as ``first``.

    ``models`` are the names of those that will be asked; ``job`` is the one that has spent of it, if one has.
    """
    if not budget.is_capped:
        return
    for side, model in models.items():
        if budget.max_cost is not None and budget.tariffs[side].worst_cost(first) is None:
            raise ConfigError(
                f"The price of “{model}” is not known, so that its cost cannot be capped.",
                "Cap the tokens instead (--max-tokens-total), or write its price into models.toml in the data folder.",
            )
    tariff = budget.tariffs[Side.WRITER]
    tokens, worst = tariff.worst_usage(first).total, tariff.worst_cost(first)
    if not budget.has_room(tokens, worst):
        left = "The budget is used up" if job and job.calls else "The budget is too small"
        cost = f" and {dollars(worst)}" if worst else ""
        raise ConfigError(f"{left}: one call may take up to {tokens:,} tokens{cost}.", "Give a higher one.")
