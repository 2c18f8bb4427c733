"""How long calls took, over time and by how they ended: the chart above the log of calls, and what it rests on."""

from datetime import datetime, timedelta
from math import sqrt

import plotly.graph_objects as go
import streamlit as st

from pages.ui.charts import AMBER, GRAY, INDIGO, PINK, RED, SKY, TEAL, draw_chart
from pages.ui.words import as_label, plural, seconds_text
from synthgen_core.actions.usage import OK, CallTimes

CHART_HEIGHT = 260
COLOURS = {OK: INDIGO, "rate_limit": AMBER, "timeout": PINK, "server": RED, "connection": SKY}
"""Of an outcome; of all others: gray."""
FASTEST = 0.001
"""Seconds; the chart begins there."""


def outcome_words(outcome: str) -> str:
    """How a call ended, for a text."""
    return as_label(outcome.replace("_", " "))


def draw_call_times(times: CallTimes, timed: str) -> None:
    """Seconds per call over time: a dot for calls that took about as long, and lines for median and 95th percentile of
    those that ended as ``timed``."""
    figure, half = go.Figure(), timedelta(seconds=times.period / 2)
    most = max(each.calls for each in times.bins)
    for outcome in times.counts:
        bins = times.only(outcome).bins
        means = [max(FASTEST, each.seconds / each.calls) for each in bins]
        figure.add_scatter(
            x=[each.at + half for each in bins],
            y=means,
            name=_plain(outcome),
            mode="markers",
            marker={
                "color": COLOURS.get(outcome, GRAY),
                "size": [4 + 7 * sqrt(each.calls / most) for each in bins],
                "opacity": 0.4,
                "line": {"width": 0},
            },
            customdata=[[each.calls, seconds_text(mean)] for each, mean in zip(bins, means, strict=True)],
            hovertemplate=f"{_plain(outcome)}: %{{customdata[0]:,}} × about %{{customdata[1]}}<extra></extra>",
        )
    answered = times.only(timed)
    for name, share, dash in (("median", 0.5, "solid"), ("95 %", 0.95, "dot")):
        _add_line(figure, answered, name, share, dash)
    draw_chart(
        figure,
        "call_times",
        height=CHART_HEIGHT,
        yaxis={"type": "log", "ticksuffix": " s", "tickformat": "~g", "dtick": 1, "title": None},
        xaxis_title=None,
    )
    st.caption(f"{_basis(times, answered, timed)} Times are UTC.")


def _plain(outcome: str) -> str:
    return outcome.replace("_", " ").replace("<", "")


def _add_line(figure: go.Figure, answered: CallTimes, name: str, share: float, dash: str) -> None:
    """A quantile of each period; the line is broken where there was no call."""
    half, step = timedelta(seconds=answered.period / 2), timedelta(seconds=answered.period)
    x: list[datetime] = []
    y: list[float | None] = []
    counts: list[int] = []
    for at, times in answered.by_period().items():
        if x and at + half - x[-1] > step:
            x, y, counts = [*x, x[-1] + step], [*y, None], [*counts, 0]
        x, y = [*x, at + half], [*y, times.quantile(share)]
        counts.append(sum(times.counts.values()))
    figure.add_scatter(
        x=x,
        y=y,
        name=name,
        mode="lines+markers",
        line={"color": TEAL, "width": 2.5, "dash": dash},
        marker={"size": 4},
        customdata=counts,
        hovertemplate=f"{name}: %{{y:.2~g}} s, of %{{customdata:,}} calls<extra></extra>",
    )


def _basis(times: CallTimes, answered: CallTimes, timed: str) -> str:
    total, number = sum(times.counts.values()), sum(answered.counts.values())
    median, slow = answered.quantile(0.5), answered.quantile(0.95)
    if median is None or slow is None:
        return f"{plural(total, 'call')}; none was answered."
    whose = f"{number:,} that were answered" if timed == OK else f"{number:,} that ended with “{outcome_words(timed)}”"
    return (
        f"{plural(total, 'call')}. Of the {whose}, half took up to {seconds_text(median)}, "
        f"and 95 % up to {seconds_text(slow)} (counted in steps of 10 %)."
    )
