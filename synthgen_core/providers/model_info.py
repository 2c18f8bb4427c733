"""What is known of a model, as values, and the reading of ``models.toml`` with an error for each way in which such a
file can be wrong. A new key is a field of ``ModelInfo``, a row of ``OWN`` and a line at the head of that file.
"""

import difflib
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

from synthgen_core.errors import ConfigError

MOST_DOLLARS = 10**6
MOST_TOKENS = 10**9
EFFORTS = ("", "none", "minimal", "low", "medium", "high", "xhigh", "max")
REASONING_ROOM = 2000
"""Tokens allowed for thinking, on top of what the reply may take."""


class Structured(StrEnum):
    """What a reply can be held to."""

    SCHEMA = "schema"
    JSON = "json"
    NONE = "none"


class Temperature(StrEnum):
    """Whether a model takes a temperature."""

    ALWAYS = "always"
    NEVER = "never"
    WITHOUT_REASONING = "only without reasoning"


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for a million tokens; None: not known."""

    input: Decimal | None = None
    output: Decimal | None = None
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is known of a model. None: not known."""

    provider: str
    name: str
    """The model's own, without a version; or how the names of a family begin."""
    is_family: bool = False
    is_default: bool = False
    prices: Prices = Prices()
    long_above: int | None = None
    """A prompt of more tokens costs ``long_prices``, all of it and the reply too."""
    long_prices: Prices = Prices()
    context: int | None = None
    """Tokens of prompt and reply together."""
    max_output: int | None = None
    """Tokens of a reply, reasoning included."""
    structured: Structured | None = None
    temperature: Temperature | None = None
    effort: str = ""
    """The reasoning effort to ask for: "none" switches reasoning off; "": send nothing."""
    token_parameter: str = ""
    seed_parameter: str = ""
    """Empty: "seed"."""
    batch_factor: Decimal | None = None
    """The price of a call in a batch, as a part of the ordinary one; None: none is known, or there are no batches."""
    retires: date | None = None
    note: str = ""

    @property
    def reasons(self) -> bool:
        """Whether it thinks before it answers, at the effort that we ask for."""
        return self.effort not in ("", "none")

    @property
    def takes_temperature(self) -> bool:
        """Whether a temperature may be sent along with ``effort``; where that is not known, unless it reasons."""
        if self.temperature in (None, Temperature.WITHOUT_REASONING):
            return not self.reasons
        return self.temperature is Temperature.ALWAYS

    def is_retired(self, today: date) -> bool:
        """Whether the service has stopped answering for it."""
        return self.retires is not None and self.retires <= today

    def token_limit(self, reply_tokens: int) -> int:
        """The limit to send so that the reply itself may have ``reply_tokens``: with room for reasoning, if it does."""
        limit = reply_tokens + REASONING_ROOM if self.reasons else reply_tokens
        return min(limit, self.max_output or limit)


EntryKey = tuple[str, str, bool]
"""Provider, name, whether that is a family's."""


@dataclass(slots=True)
class ModelFile:
    """What a file says, checked, and not yet laid over another."""

    date: date | None
    source: str
    shared: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Provider -> what holds for all its models."""
    entries: dict[EntryKey, dict[str, Any]] = field(default_factory=dict)
    """What holds for each model and family."""


def _price(value: object) -> Decimal:
    if not isinstance(value, bool) and isinstance(value, int | Decimal):
        price = Decimal(value)
        if price.is_finite() and 0 <= price <= MOST_DOLLARS:
            return price
    raise ValueError("US dollars for a million tokens are expected, 0 or more")


def _factor(value: object) -> Decimal:
    if not isinstance(value, bool) and isinstance(value, int | Decimal):
        factor = Decimal(value)
        if factor.is_finite() and 0 < factor <= 1:
            return factor
    raise ValueError("a part of the ordinary price is expected, such as 0.5")


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MOST_TOKENS:
        raise ValueError("a whole number of tokens is expected, 1 or more")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text is expected")
    return value.strip()


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false is expected")
    return value


def _day(value: object) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("a day is expected, such as 2027-01-31, without quotes")
    return value


def _structured(value: object) -> Structured:
    if not isinstance(value, str) or value not in tuple(Structured):
        raise ValueError('"schema", "json" or "none" is expected')
    return Structured(value)


def _temperature(value: object) -> Temperature:
    if isinstance(value, bool):
        return Temperature.ALWAYS if value else Temperature.NEVER
    if value != Temperature.WITHOUT_REASONING:
        raise ValueError('true, false or "only without reasoning" is expected')
    return Temperature.WITHOUT_REASONING


def _tier(value: object) -> object:
    if not isinstance(value, dict):
        raise ValueError("a table is expected, such as { above = 200_000, input = 0.2, output = 0.8 }")
    return value


def _effort(value: object) -> str:
    if value not in EFFORTS:
        raise ValueError(f"one of {', '.join(EFFORTS[1:])} is expected, or an empty text")
    return str(value)


Reader = Callable[[object], object]
HEAD: Mapping[str, Reader] = {"date": _day, "source": _text}
PRICES: Mapping[str, Reader] = {price.name: _price for price in fields(Prices)}
LONG_PROMPT: Mapping[str, Reader] = {"above": _count, **PRICES}
SHARED: Mapping[str, Reader] = {
    **PRICES,
    "structured": _structured,
    "takes_temperature": _temperature,
    "effort": _effort,
    "token_parameter": _text,
    "seed_parameter": _text,
    "batch_factor": _factor,
}
"""Keys that a provider may have, and each of its models."""
OWN: Mapping[str, Reader] = {
    **SHARED,
    "name": _text,
    "family": _text,
    "default": _flag,
    "context": _count,
    "max_output": _count,
    "retires": _day,
    "note": _text,
    "long_prompt": _tier,
}
"""Keys that a model may have."""


def read_models(path: Path, known: Iterable[str] = ()) -> ModelFile:
    """What a file says of models. ``known``: the provider types that there are; without, whatever the file says.

    Raises:
        ConfigError: the file cannot be read, or an entry is wrong; it names file, key, value and remedy.
    """
    return _Reader(path).file(known)


class _Reader:
    """Reads checked values out of one file; every complaint names the file, the key and the value."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def file(self, known: Iterable[str] = ()) -> ModelFile:
        toml = self.load()
        head = self.values({key: toml.pop(key) for key in HEAD if key in toml}, HEAD, "")
        file = ModelFile(**{"date": None, "source": "", **head})
        for provider, value in toml.items():
            if known and provider not in known:
                raise self.wrong(provider, value, "there is no such provider", _near(provider, [*known, *HEAD]))
            table = self.table(value, provider, f"[{provider}]")
            models = table.pop("models", [])
            if not isinstance(models, list):
                raise self.wrong(f"{provider}.models", models, "a list is expected", f"Write [[{provider}.models]].")
            file.shared[provider] = self.values(table, SHARED, f"{provider}.")
            file.entries |= self.models(provider, models)
        return file

    def load(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self.path.read_text(encoding="utf-8-sig"), parse_float=Decimal)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"The file {self.path} is not valid TOML.", f"{error}.") from error
        except (OSError, ValueError) as error:
            remedy = "Save it as UTF-8 text that you may read."
            raise ConfigError(f"The file {self.path} cannot be read.", remedy) from error

    def models(self, provider: str, tables: list[Any]) -> dict[EntryKey, dict[str, Any]]:
        entries: dict[EntryKey, dict[str, Any]] = {}
        for n, value in enumerate(tables, start=1):
            table = self.table(value, f"{provider}.models", f"[[{provider}.models]]")
            where = f"{provider}.{table.get('name') or table.get('family') or f'models, entry {n}'}"
            facts = self.values(table, OWN, f"{where}.")
            if "long_prompt" in facts:
                facts["long_prompt"] = self.values(facts["long_prompt"], LONG_PROMPT, f"{where}.long_prompt.")
                if "above" not in facts["long_prompt"]:
                    raise self.wrong(
                        f"{where}.long_prompt", {}, "“above” is missing", "Write { above = 200_000, ... }."
                    )
            name, family = facts.pop("name", ""), facts.pop("family", "")
            if bool(name) == bool(family):
                raise self.wrong(where, table, "a name is expected, or a family, not both", 'Write name = "...".')
            key = (provider, name or family, bool(family))
            if key in entries:
                raise self.wrong(where, table, "it has two entries", "Make one of them.")
            entries[key] = facts
        chosen = [name for (_, name, _), facts in entries.items() if facts.get("default")]
        if len(chosen) > 1:
            raise self.wrong(f"{provider}.{chosen[1]}.default", True, f"{chosen[0]} is the default, too", "Choose one.")
        return entries

    def table(self, value: object, key: str, header: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.wrong(key, value, "a table is expected", f"Write {header}.")
        return value

    def values(self, table: Mapping[str, Any], readers: Mapping[str, Reader], where: str) -> dict[str, Any]:
        read: dict[str, Any] = {}
        for key, value in table.items():
            if key not in readers:
                raise self.wrong(f"{where}{key}", value, "there is no such key", _near(key, readers))
            try:
                read[key] = readers[key](value)
            except ValueError as error:
                raise self.wrong(f"{where}{key}", value, str(error), "Correct it, or remove it.") from error
        return read

    def wrong(self, key: str, value: object, problem: str, remedy: str) -> ConfigError:
        said = "" if isinstance(value, dict | list) else f"; it says “{str(value)[:80]}”"
        return ConfigError(f"The file {self.path} is wrong at {key}: {problem}{said}.", remedy)


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known := sorted(known), n=1)
    return f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."
