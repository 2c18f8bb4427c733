"""The parts of a report. Each block has a caption that says on how many examples it rests, and how it was found."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from synthgen_core.statistics import Figure


@dataclass(frozen=True, slots=True)
class Facts:
    """Single figures, a line each."""

    rows: tuple[tuple[str, str, str], ...]
    """(what it is, its value or why there is none, what it rests on)."""


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar for each of a few things that have names."""

    title: str
    rows: tuple[tuple[str, float], ...]
    caption: str
    digits: int = 0
    """Decimals of the values."""


@dataclass(frozen=True, slots=True)
class Columns:
    """A histogram: how many there are from one edge to the next."""

    title: str
    rows: tuple[tuple[str, int], ...]
    """(name of the first edge, count), ascending."""
    caption: str


@dataclass(frozen=True, slots=True)
class Points:
    """A dot for each of many pairs; both axes go from 0 to ``most``."""

    title: str
    across: str
    up: str
    rows: tuple[tuple[float, float], ...]
    caption: str
    most: float = 10.0


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under headings."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str


Block: TypeAlias = Facts | Bars | Columns | Points | Table


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, a paragraph, and blocks under it."""

    title: str
    text: str = ""
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The whole of it."""

    title: str
    subtitle: str
    made_at: datetime
    made_by: str
    """The program and its version."""
    sections: tuple[Section, ...]


def fact_of(what: str, figure: Figure, *, digits: int = 2, is_share: bool = False) -> tuple[str, str, str]:
    """A figure as a row of ``Facts``: its value with the interval, or why it is withheld, and what it rests on."""
    if figure.value is None:
        return what, "withheld", figure.why_withheld or f"n = {figure.n:,}"
    value = _number(figure.value, digits, is_share=is_share)
    if figure.low is not None and figure.high is not None:
        low, high = (_number(bound, digits, is_share=is_share) for bound in (figure.low, figure.high))
        value = f"{value} ({low} to {high})"
    return what, value, ", ".join(filter(None, (f"n = {figure.n:,}", figure.method)))


def _number(value: float, digits: int, *, is_share: bool) -> str:
    return f"{value:.1%}" if is_share else f"{value:.{digits}f}"
