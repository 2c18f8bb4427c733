"""A domain as values, and the reading of its TOML file with an error for each way in which it can be wrong."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from synthgen_core.errors import ConfigError, NotFoundError
from synthgen_core.models import JsonObject

PIECES = ("tone", "persona", "statement", "detail", "detail2", "ask", "ask2")
"""The slots of an order in ``[voice.orders]``."""
SLOT = re.compile(r"\{(\w*)\}")
SLUG = re.compile(r"[a-z][a-z0-9_]*")
MIN_SEEDS = 3
MIN_CHOICES = 2
HUNDRED = 100

Weighted = Mapping[str, int]
"""Value -> weight in per cent; the weights sum to 100."""


@dataclass(frozen=True, slots=True)
class Exchanges:
    """How many user/assistant pairs an example has, by the value of one drawn parameter."""

    parameter: str
    ranges: Mapping[str, tuple[int, int]]
    default: tuple[int, int]

    def range_for(self, parameters: Mapping[str, str]) -> tuple[int, int]:
        """Least and most pairs for these drawn values."""
        return self.ranges.get(parameters.get(self.parameter, ""), self.default)


@dataclass(frozen=True, slots=True)
class Situation:
    """One entry of the question bank: what the user says, and what they may add and ask. Whole sentences."""

    statement: str
    details: tuple[str, ...]
    asks: tuple[str, ...]
    fits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Parameter -> the only values that do not contradict what is said here."""


@dataclass(frozen=True, slots=True)
class Voice:
    """How the users of a domain speak: the common part of its question bank."""

    persona_parameter: str
    personas: Mapping[str, tuple[str, ...]]
    tones: Mapping[str, tuple[str, ...]]
    orders: Mapping[str, tuple[str, ...]]
    follow_ups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subdomain:
    """A field within a domain."""

    slug: str
    name: str
    aliases: tuple[str, ...]
    description: str
    topics: tuple[str, ...]
    seeds: tuple[str, ...]
    examples: Mapping[str, JsonObject]
    """Format -> a worked example's content."""
    situations: tuple[Situation, ...]
    follow_ups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain: its texts, its weighted parameters and its subdomains, in the order of the file."""

    slug: str
    name: str
    aliases: tuple[str, ...]
    icon: str
    summary: str
    guidance: str
    parameters: Mapping[str, Weighted]
    """All groups drawn for an example: the common ones, replaced or followed by the domain's own."""
    own_parameters: Mapping[str, Weighted]
    """The domain's own groups only."""
    exchanges: Exchanges
    voice: Voice
    subdomains: tuple[Subdomain, ...]

    def subdomain(self, name: str) -> Subdomain:
        """The subdomain with this slug, name or alias, in any case.

        Raises:
            NotFoundError: there is none; the hint names the nearest.
        """
        for subdomain in self.subdomains:
            if fold(name) in {fold(known) for known in (subdomain.slug, subdomain.name, *subdomain.aliases)}:
                return subdomain
        raise NotFoundError.of("subdomain", name, [s.name for s in self.subdomains], f"in {self.name}")


def fold(name: str) -> str:
    """A name as it is compared: ``Technical-Support`` and ``technical_support`` are one."""
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").replace("&", "and").split())


def read_domain(path: Path, common: Mapping[str, Weighted]) -> Domain:
    """The domain that a TOML file describes.

    Raises:
        ConfigError: the file cannot be read, or a key is missing or wrong; it names file, key and remedy.
    """
    return _Reader(path).domain(common)


def read_parameters(path: Path) -> dict[str, Weighted]:
    """The weighted groups of a TOML file that holds nothing else.

    Raises:
        ConfigError: as for ``read_domain``.
    """
    reader = _Reader(path)
    return {name: reader.weights(reader.toml, name) for name in reader.toml}


class _Reader:
    """Reads typed values out of one TOML file; every complaint names the file and the key."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.toml: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"The domain file {path.name} cannot be read.", str(error)) from error
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"The domain file {path.name} is not valid TOML.", f"{error}.") from error

    def wrong(self, key: str, problem: str, remedy: str) -> ConfigError:
        return ConfigError(f"The domain file {self.path.name} is wrong at {key}: {problem}.", remedy)

    def text(self, table: Mapping[str, Any], key: str, where: str = "") -> str:
        value = table.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(f"{where}{key}", "a text is expected", f'Add {key} = "...".')
        return value.strip()

    def texts(self, table: Mapping[str, Any], key: str, where: str = "", least: int = 0) -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(f"{where}{key}", "a list of texts is expected", f'Write {key} = ["...", "..."].')
        if len(value) < least:
            raise self.wrong(f"{where}{key}", f"{len(value)} of at least {least} entries", "Add the missing ones.")
        return tuple(item.strip() for item in value)

    def table(self, table: Mapping[str, Any], key: str, where: str = "") -> dict[str, Any]:
        value = table.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong(f"{where}{key}", "a table is expected", f"Write [{where}{key}].")
        return value

    def slug(self, table: Mapping[str, Any], where: str = "") -> str:
        slug = self.text(table, "slug", where)
        if not SLUG.fullmatch(slug):
            raise self.wrong(f"{where}slug", f"“{slug}” is not a slug", "Use small letters, digits and underscores.")
        return slug

    def weights(self, table: Mapping[str, Any], key: str, where: str = "") -> Weighted:
        group = self.table(table, key, where)
        is_whole = all(isinstance(weight, int) and not isinstance(weight, bool) for weight in group.values())
        if not group or not is_whole or min(group.values()) < 0:
            raise self.wrong(f"{where}{key}", "whole weights of 0 or more are expected", "Write value = per cent.")
        if sum(group.values()) != HUNDRED:
            raise self.wrong(
                f"{where}{key}", f"the weights sum to {sum(group.values())}, not 100", "Change them so that they do."
            )
        return group

    def domain(self, common: Mapping[str, Weighted]) -> Domain:
        toml = self.toml
        groups = self.table(toml, "parameters")
        own = {name: self.weights(groups, name, "parameters.") for name in groups}
        parameters = {**{name: own.get(name, weights) for name, weights in common.items()}, **own}
        tables = toml.get("subdomains", [])
        if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
            raise self.wrong("subdomains", "at least one subdomain is expected", "Add a [[subdomains]] table.")
        subdomains = tuple(self.subdomain(table, f"subdomains[{n}].", parameters) for n, table in enumerate(tables))
        if len({subdomain.slug for subdomain in subdomains}) < len(subdomains):
            raise self.wrong("subdomains", "two of them have the same slug", "Give each its own.")
        return Domain(
            slug=self.slug(toml),
            name=self.text(toml, "name"),
            aliases=self.texts(toml, "aliases"),
            icon=self.text(toml, "icon"),
            summary=self.text(toml, "summary"),
            guidance=self.text(toml, "guidance"),
            parameters=parameters,
            own_parameters=own,
            exchanges=self.exchanges(self.table(toml, "exchanges"), parameters),
            voice=self.voice(self.table(toml, "voice"), parameters),
            subdomains=subdomains,
        )

    def exchanges(self, table: Mapping[str, Any], parameters: Mapping[str, Weighted]) -> Exchanges:
        ranges = {}
        for value, bounds in table.items():
            if value == "parameter":
                continue
            is_range = isinstance(bounds, list) and len(bounds) == 2 and all(isinstance(b, int) for b in bounds)
            if not is_range or not 1 <= bounds[0] <= bounds[1]:
                raise self.wrong(f"exchanges.{value}", "[least, most] is expected", "Write two numbers of 1 or more.")
            ranges[value] = (bounds[0], bounds[1])
        if "default" not in ranges:
            raise self.wrong("exchanges.default", "it is missing", "Write default = [least, most].")
        default = ranges.pop("default")
        parameter = str(table.get("parameter", ""))
        if unknown := sorted(set(ranges) - set(parameters.get(parameter, ()))):
            raise self.wrong(
                f"exchanges.{unknown[0]}", f"{parameter or 'no parameter'} has no such value", "Correct it."
            )
        return Exchanges(parameter, ranges, default)

    def voice(self, table: Mapping[str, Any], parameters: Mapping[str, Weighted]) -> Voice:
        def choices(key: str, parameter: str) -> dict[str, tuple[str, ...]]:
            group = self.table(table, key, "voice.")
            for value in parameters.get(parameter, ()):
                self.slots(self.texts(group, value, f"voice.{key}.", least=1), f"voice.{key}.{value}", parameters)
            return {value: self.texts(group, value, f"voice.{key}.") for value in group}

        persona_parameter = str(table.get("persona_parameter", ""))
        if persona_parameter and persona_parameter not in parameters:
            raise self.wrong("voice.persona_parameter", f"there is no parameter {persona_parameter}", "Correct it.")
        orders = self.table(table, "orders", "voice.")
        for level in parameters["complexity_levels"]:
            self.slots(self.texts(orders, level, "voice.orders.", least=1), f"voice.orders.{level}", PIECES)
        follow_ups = self.texts(table, "follow_ups", "voice.", least=1)
        self.slots(follow_ups, "voice.follow_ups", parameters)
        return Voice(
            persona_parameter,
            choices("personas", persona_parameter),
            choices("tones", "emotional_tones"),
            {level: self.texts(orders, level) for level in orders},
            follow_ups,
        )

    def subdomain(self, table: Mapping[str, Any], where: str, parameters: Mapping[str, Weighted]) -> Subdomain:
        examples = self.table(table, "examples", where)
        situations = []
        for n, entry in enumerate(table.get("situations", [])):
            at = f"{where}situations[{n}]."
            details = self.texts(entry, "details", at, least=MIN_CHOICES)
            asks = self.texts(entry, "asks", at, least=MIN_CHOICES)
            statement = self.text(entry, "statement", at)
            self.slots((statement, *details, *asks), at, parameters)
            situations.append(Situation(statement, details, asks, self.fits(entry, at, parameters)))
        if not situations:
            raise self.wrong(f"{where}situations", "the question bank is empty", "Add [[subdomains.situations]].")
        follow_ups = self.texts(table, "follow_ups", where)
        self.slots(follow_ups, f"{where}follow_ups", parameters)
        return Subdomain(
            slug=self.slug(table, where),
            name=self.text(table, "name", where),
            aliases=self.texts(table, "aliases", where),
            description=self.text(table, "description", where),
            topics=self.texts(table, "topics", where),
            seeds=self.texts(table, "seeds", where, least=MIN_SEEDS),
            examples=examples,
            situations=tuple(situations),
            follow_ups=follow_ups,
        )

    def fits(
        self, entry: Mapping[str, Any], where: str, parameters: Mapping[str, Weighted]
    ) -> dict[str, tuple[str, ...]]:
        table = self.table(entry, "fits", where)
        for name in table:
            values = self.texts(table, name, f"{where}fits.", least=1)
            if unknown := sorted(set(values) - set(parameters.get(name, ()))):
                raise self.wrong(f"{where}fits.{name}", f"there is no such value: {unknown[0]}", "Correct it.")
        return {name: tuple(table[name]) for name in table}

    def slots(self, texts: tuple[str, ...], where: str, known: Mapping[str, Any] | tuple[str, ...]) -> None:
        for text in texts:
            for slot in SLOT.findall(text):
                if slot not in known:
                    raise self.wrong(where, f"there is nothing to fill {{{slot}}} with", "Correct the slot's name.")
            if "{" in SLOT.sub("", text) or "}" in SLOT.sub("", text):
                raise self.wrong(where, f"a brace stands alone in “{text}”", "Close it or take it out.")
