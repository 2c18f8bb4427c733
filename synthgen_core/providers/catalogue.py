"""The models that are known by name: prices, limits, capabilities, retirement. The facts are in ``models.toml``, which
also says how to correct them and how to add to them; a user's own file is laid over ours.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from synthgen_core.models import ProviderConfig, Usage
from synthgen_core.providers.model_info import (
    PRICES,
    EntryKey,
    ModelFile,
    ModelInfo,
    Prices,
    Structured,
    Temperature,
    read_models,
)
from synthgen_core.providers.registry import PROVIDERS, is_at_home, provider_kind

__all__ = ["ModelInfo", "ModelTable", "Prices", "Structured", "Temperature", "cost", "load_models"]

OURS = Path(__file__).parent / "models.toml"
TOKENS = 10**6
"""Prices are for so many."""
VERSION = re.compile(r"[-@]\d{4}(-?\d\d-?\d\d)?(-preview)?|[-:]latest|")
"""What a service puts behind a model's name to fix its version, or not to."""


@dataclass(frozen=True, slots=True)
class ModelTable:
    """All models that are known by name, in the order in which they are offered."""

    date: date
    """The day on which the facts were true."""
    source: str
    entries: tuple[ModelInfo, ...] = field(repr=False)
    shared: tuple[ModelInfo, ...] = field(default=(), repr=False)
    """Of each provider, what holds for those of its models that have no entry."""

    def models(self, provider_type: str) -> list[ModelInfo]:
        """The models of a provider, retired ones too; no families."""
        return [entry for entry in self.entries if entry.provider == provider_type and not entry.is_family]

    def default(self, provider_type: str) -> ModelInfo | None:
        """The model to take where none is chosen."""
        return next((entry for entry in self.models(provider_type) if entry.is_default), None)

    def find(self, provider_type: str, model: str) -> ModelInfo | None:
        """What is known of a model: its own entry, that of its name without the version, that of its family, or what
        holds for all models of this provider. None if that is nothing."""
        fitting = (entry for entry in self.entries if entry.provider == provider_type and _fits(entry, model))
        found = max(fitting, key=lambda entry: (not entry.is_family, len(entry.name)), default=None)
        shared = (replace(entry, name=model) for entry in self.shared if entry.provider == provider_type)
        return found or next(shared, None)

    def facts(self, config: ProviderConfig) -> ModelInfo:
        """What holds for a model where it is asked. Another's server is believed to have a model of ours only if it has
        its very name; of the others there nothing is known."""
        found = self.find(config.type, config.model)
        if found and found.is_family and provider_kind(config.type).has_imitators and not is_at_home(config):
            found = None
        return found or ModelInfo(config.type, config.model)


def cost(
    info: ModelInfo, usage: Usage, *, cached_tokens: int | None = None, cache_write_tokens: int | None = None
) -> Decimal | None:
    """US dollars for one call; None if a price that it needs is not known.

    Of ``usage.prompt_tokens``, ``cached_tokens`` were read from the service's cache and ``cache_write_tokens`` written
    to it (default: as ``usage`` says). Where the price of the former is not known, they count as ordinary ones: never
    less than the truth.
    """
    cached_tokens = usage.cached_tokens if cached_tokens is None else cached_tokens
    cache_write_tokens = usage.cache_write_tokens if cache_write_tokens is None else cache_write_tokens
    is_long = info.long_above is not None and usage.prompt_tokens > info.long_above
    prices = info.long_prices if is_long else info.prices
    plain = max(0, usage.prompt_tokens - cached_tokens - cache_write_tokens)
    total = Decimal(0)
    for tokens, price in (
        (plain, prices.input),
        (cached_tokens, prices.input if prices.cached_input is None else prices.cached_input),
        (cache_write_tokens, prices.cache_write),
        (usage.completion_tokens, prices.output),
    ):
        if tokens and price is None:
            return None
        total += tokens * (price or 0)
    return None if prices == Prices() else total / TOKENS


def load_models(user_file: Path | None = None) -> ModelTable:
    """Our table, and over it the user's file, if there is one (``DATA_DIR/models.toml``).

    Raises:
        ConfigError: that file cannot be read, or an entry is wrong; it names file, key, value and remedy.
    """
    if user_file is None or not user_file.exists():
        return _own_table()
    return _table(_own_file(), read_models(user_file, _provider_types()))


@cache
def _own_file() -> ModelFile:
    return read_models(OURS)


@cache
def _own_table() -> ModelTable:
    return _table(_own_file())


def _provider_types() -> set[str]:
    return {*PROVIDERS, *(entry.provider for entry in _own_table().entries)}


def _fits(entry: ModelInfo, model: str) -> bool:
    if not model.startswith(entry.name):
        return False
    return entry.is_family or VERSION.fullmatch(model, len(entry.name)) is not None


def _table(*files: ModelFile) -> ModelTable:
    """The table that these files make up, each laid over those before it."""
    shared: dict[str, dict[str, Any]] = {}
    entries: dict[EntryKey, dict[str, Any]] = {}
    for file in files:
        for provider, facts in file.shared.items():
            shared[provider] = shared.get(provider, {}) | facts
        with_default = {key[0] for key, facts in file.entries.items() if facts.get("default")}
        for key, facts in entries.items():
            if key[0] in with_default:
                facts["default"] = False
        for key, facts in file.entries.items():
            entries[key] = entries.get(key, {}) | facts
    return ModelTable(
        date=next((file.date for file in reversed(files) if file.date), date.min),
        source=next((file.source for file in reversed(files) if file.source), ""),
        entries=tuple(_info(*key, shared[key[0]] | facts) for key, facts in entries.items()),
        shared=tuple(_info(provider, "", True, facts) for provider, facts in shared.items()),
    )


def _info(provider: str, name: str, is_family: bool, facts: Mapping[str, Any]) -> ModelInfo:
    long = facts.get("long_prompt", {})
    return ModelInfo(
        provider,
        name,
        is_family=is_family,
        is_default=facts.get("default", False),
        prices=Prices(**{price: facts[price] for price in PRICES if price in facts}),
        long_above=long.get("above"),
        long_prices=Prices(**{price: long[price] for price in PRICES if price in long}),
        context=facts.get("context"),
        max_output=facts.get("max_output"),
        structured=facts.get("structured"),
        temperature=facts.get("takes_temperature"),
        effort=facts.get("effort", ""),
        token_parameter=facts.get("token_parameter", ""),
        seed_parameter=facts.get("seed_parameter", ""),
        batch_factor=facts.get("batch_factor"),
        retires=facts.get("retires"),
        note=facts.get("note", ""),
    )
