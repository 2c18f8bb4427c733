"""Figures of statistics as tables: each with its interval and its n, or the reason why it is withheld."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import streamlit as st

from pages.ui.words import as_label
from synthgen_core.statistics import Figure

GLUE = "\N{NO-BREAK SPACE}"


class Form(StrEnum):
    """How numbers are written."""

    NUMBER = ".2f"
    SIGNED = "+.2f"
    SHARE = ".1f"


@dataclass(frozen=True, slots=True)
class Told:
    """A line of a table of figures."""

    name: str
    """What it is, Markdown."""
    figure: Figure
    form: Form = Form.NUMBER
    n: str = ""
    """Where it is not just how many there are."""


def figure_text(figure: Figure, form: Form = Form.NUMBER) -> str:
    """The value with its interval, or why there is none."""
    return f"{_value(figure, form)} ({_interval(figure, form)})" if figure.is_shown else figure.why_withheld


def figure_table(lines: Sequence[Told]) -> None:
    """A table; below it, how the intervals were found."""
    columns = {
        "": [line.name for line in lines],
        "Value": [f"**{_value(line.figure, line.form)}**" if line.figure.is_shown else "–" for line in lines],
        f"95{GLUE}%{GLUE}interval": [
            _interval(line.figure, line.form)
            if line.figure.is_shown
            else f":gray[{as_label(line.figure.why_withheld)}]"
            for line in lines
        ],
        "n": [line.n or f"{line.figure.n:,}" for line in lines],
    }
    st.table(columns, hide_index=True, border="horizontal")
    methods = dict.fromkeys(line.figure.method.partition("; ")[2] for line in lines if line.figure.is_shown)
    if methods:
        st.caption("Intervals: " + as_label("; ".join(each.replace(", 95 %", "") for each in methods)) + ".")


def _value(figure: Figure, form: Form) -> str:
    return "" if figure.value is None else _number(figure.value, form)


def _interval(figure: Figure, form: Form) -> str:
    if figure.low is None or figure.high is None:
        return ""
    return f"{_number(figure.low, form)}{GLUE}to{GLUE}{_number(figure.high, form)}"


def _number(value: float, form: Form) -> str:
    return f"{value * 100:{form}}{GLUE}%" if form is Form.SHARE else f"{value:{form}}"
