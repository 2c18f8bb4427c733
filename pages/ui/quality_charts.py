"""The part “Charts” of the Quality page: scores, groups, sizes, and datasets side by side; all from one measure."""

from collections.abc import Callable

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.ui.charts import (
    AMBER,
    RED,
    ROW_HEIGHT,
    SKY,
    chart_card,
    chart_label,
    counts_axis,
    empty_card,
    names_axis,
    palette,
    shade,
)
from pages.ui.measuring import measured
from pages.ui.quality_basis import JUDGE, MISSING, PEOPLE, RULES, TITLES, basis, in_words
from pages.ui.quality_compare import compare_view
from pages.ui.quality_groups import groups_view
from pages.ui.quality_sizes import sizes_view
from pages.ui.words import flag_in_words, plural
from synthgen_core.actions.charts import CHARTS, QualityFigures, figures_of
from synthgen_core.models import Dataset, ExampleFilter, Range, Severity
from synthgen_core.statistics.means import mean
from synthgen_core.workspace import Workspace

RATE = 15_000
"""Examples a second that are added up, about."""
BANDS = ((0, 2), (2, 4), (4, 6), (6, 8), (8, 11))
"""Scores for a criterion that share a colour: from, and below."""
SEVERITIES = {Severity.ERROR: RED, Severity.WARNING: AMBER, Severity.INFO: SKY}


def charts_part(place: Workspace, dataset: Dataset) -> None:
    """Draw it."""
    measure = measured(place, dataset, CHARTS, key="charts", rate=RATE)
    if measure is None:
        return
    figures = figures_of(measure)
    if not figures.active:
        st.info("There is no active example to measure.", icon=":material/info:")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        view = st.segmented_control(
            "View",
            list(VIEWS),
            default=next(iter(VIEWS)),
            required=True,
            key="charts-view",
            persist_state="session",
            label_visibility="collapsed",
        )
        st.caption("A click on a bar or a point opens the examples behind it.", width="content")
    VIEWS[view or next(iter(VIEWS))](place, dataset, figures)


def scores_view(place: Workspace, dataset: Dataset, figures: QualityFigures) -> None:
    """How the scores are spread, by who gave them; the judge's by criterion; what the rules flag."""
    left, right = st.columns(2)
    with left:
        for score in (JUDGE, RULES, PEOPLE):
            _draw_spread(dataset, figures, score)
    with right:
        _draw_criteria(dataset, figures)
        _draw_flags(dataset, figures)


def _draw_spread(dataset: Dataset, figures: QualityFigures, score: str) -> None:
    spread = figures.scores[score]
    if not spread.sums.n or spread.quartiles is None:
        empty_card(TITLES[score], MISSING[score])
        return
    figure = go.Figure()
    figure.add_bar(
        x=[first for first, _ in spread.bars],
        y=[n for _, n in spread.bars],
        width=spread.width * 0.9,
        offset=0 if spread.width < 1 else -0.45,
        marker_color=palette((JUDGE, RULES, PEOPLE).index(score)),
        customdata=[_bar_name(first, spread.width) for first, _ in spread.bars],
        hovertemplate="%{customdata}: %{y:,} examples<extra></extra>",
    )
    median = f"Median {spread.quartiles[1]:g}, mean {in_words(mean(spread.sums))}."
    chart_card(
        TITLES[score],
        figure,
        f"spread-{score}",
        caption=f"{median} {basis(figures, score)}",
        data=pd.DataFrame(
            [(_bar_name(first, spread.width), n) for first, n in spread.bars], columns=["score", "examples"]
        ),
        dataset_id=dataset.id,
        opens=[
            [
                ExampleFilter(ranges={score: Range(least=first, below=first + spread.width)}) if n else None
                for first, n in spread.bars
            ]
        ],
        height=180,
        yaxis=counts_axis(n for _, n in spread.bars),
        xaxis={"dtick": 1, "range": [-0.6, 10.6], "title": None, "fixedrange": True},
    )


def _bar_name(first: float, width: float) -> str:
    whole = width == 1 or first == 10
    return f"{first:g}" if whole else f"{first:g} to below {first + width:g}"


def _draw_criteria(dataset: Dataset, figures: QualityFigures) -> None:
    """For each criterion, which part of its scores is in which band."""
    title = "Judge's scores by criterion"
    if not figures.criteria:
        empty_card(title, MISSING[JUDGE])
        return
    names = list(figures.criteria)
    totals = [figures.criteria[name].sums.n for name in names]
    figure, opens, rows = go.Figure(), [], []
    for band, (low, high) in enumerate(BANDS):
        counts = [sum(n for first, n in figures.criteria[name].bars if low <= first < high) for name in names]
        shares = [count / total for count, total in zip(counts, totals, strict=True)]
        label = f"{low} to below {high}" if high <= 10 else f"{low} to 10"
        figure.add_bar(
            y=list(range(len(names))),
            x=shares,
            name=f"{low}–{min(high, 10)}",
            orientation="h",
            marker_color=shade(band / (len(BANDS) - 1)),
            customdata=[f"{count:,} of {total:,}" for count, total in zip(counts, totals, strict=True)],
            hovertemplate=f"{label}: %{{customdata}} (%{{x:.0%}})<extra></extra>",
        )
        wanted = Range(least=low, below=high) if high <= 10 else Range(least=low)
        opens.append(
            [ExampleFilter(criteria={name: wanted}) if n else None for name, n in zip(names, counts, strict=True)]
        )
        rows += [(name, label, n) for name, n in zip(names, counts, strict=True)]
    means = [f"{chart_label(name.replace('_', ' '))} · {figures.criteria[name].sums.mean:.1f}" for name in names]
    least, most = min(totals), max(totals)
    n = f"n = {most:,}" if least == most else f"n = {least:,} to {most:,}"
    chart_card(
        title,
        figure,
        "criteria",
        caption=f"Beside each name its mean. {n}: the latest judgement of each example's present text, the mean of "
        "its runs. Failed judgements are left out.",
        data=pd.DataFrame(rows, columns=["criterion", "score", "examples"]),
        dataset_id=dataset.id,
        opens=opens,
        height=ROW_HEIGHT * len(names) + 70,
        barmode="stack",
        yaxis=names_axis(means),
        xaxis={"tickformat": ".0%", "range": [0, 1], "title": None, "fixedrange": True},
        legend={"traceorder": "normal"},
    )


def _draw_flags(dataset: Dataset, figures: QualityFigures) -> None:
    title, unread = "Flags", figures.active - figures.scores[RULES].sums.n
    left_out = f" {plural(unread, 'example')} not read by all rules yet." if unread else ""
    if not figures.flags:
        empty_card(title, MISSING[RULES] if unread == figures.active else f"No example is flagged.{left_out}")
        return
    rules = sorted(figures.flags, key=lambda rule: -sum(figures.flags[rule].values()))
    figure, opens, rows = go.Figure(), [], []
    for severity, colour in SEVERITIES.items():
        counts = [figures.flags[rule].get(severity, 0) for rule in rules]
        if not any(counts):
            continue
        figure.add_bar(
            y=list(range(len(rules))),
            x=counts,
            name=severity.word,
            orientation="h",
            marker_color=colour,
            hovertemplate=f"{severity.word}: %{{x:,}} examples<extra></extra>",
        )
        opens.append(
            [ExampleFilter(flags=rule, severity=severity) if n else None for rule, n in zip(rules, counts, strict=True)]
        )
        rows += [(rule, severity.word, n) for rule, n in zip(rules, counts, strict=True) if n]
    chart_card(
        title,
        figure,
        "flags",
        caption=f"Active examples, n = {figures.active:,}; one that has several flags is in several bars.{left_out}",
        data=pd.DataFrame(rows, columns=["rule", "severity", "examples"]),
        dataset_id=dataset.id,
        opens=opens,
        height=ROW_HEIGHT * len(rules) + 70,
        barmode="stack",
        showlegend=True,
        xaxis=counts_axis(sum(counts.values()) for counts in figures.flags.values()),
        legend={"traceorder": "normal"},
        yaxis=names_axis([chart_label(flag_in_words(rule)) for rule in rules]),
    )


VIEWS: dict[str, Callable[[Workspace, Dataset, QualityFigures], None]] = {
    "Scores": scores_view,
    "By group": groups_view,
    "Sizes": sizes_view,
    "Compare": compare_view,
}
