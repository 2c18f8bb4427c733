"""Datasets side by side: before and after a run, or any that are chosen."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.ui.charts import ROW_HEIGHT, chart_card, chart_label, empty_card, names_axis, palette
from pages.ui.measuring import measured
from pages.ui.quality_basis import MISSING, NAMES, TITLES, WITHOUT, in_words
from pages.ui.quality_groups import add_means
from pages.ui.words import as_label, flag_in_words, plural
from synthgen_core.actions.charts import CHARTS, QualityFigures, figures_of, related_datasets
from synthgen_core.actions.datasets import get_datasets
from synthgen_core.models import Dataset, ExampleFilter, Range
from synthgen_core.statistics.means import difference, mean
from synthgen_core.statistics.spreads import HIGHEST
from synthgen_core.workspace import Workspace

LISTED, MOST = 200, 5
"""Datasets to choose from, those changed last; and how many are drawn beside one another."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the datasets that are compared."""

    dataset: Dataset
    figures: QualityFigures

    @property
    def label(self) -> str:
        """Its name, for a chart."""
        return chart_label(self.dataset.name)


def compare_view(place: Workspace, dataset: Dataset, figures: QualityFigures) -> None:
    """Draw it: with its parent or its newest child at first, where it has one."""
    pairs = related_datasets(place, dataset.id)
    rows = {row.id: row for row in get_datasets(place, page_size=LISTED).rows if row.id != dataset.id}
    relatives = {other.id: other for pair in pairs for other in pair if other.id != dataset.id}
    rows = {**relatives, **rows}
    if not rows:
        st.info("There is no other dataset to compare with.", icon=":material/info:")
        return
    chosen = st.multiselect(
        "Compare with",
        list(rows),
        default=list(relatives)[:1],
        format_func=lambda number: rows[number].name,
        max_selections=MOST - 1,
        key=f"charts-compare-{dataset.id}",
        placeholder="Choose datasets",
        persist_state="session",
    )
    sides = [Side(dataset, figures)]
    for other in chosen:
        measure = measured(place, rows[other], CHARTS, key=f"charts-{other}")
        if measure is not None:
            sides.append(Side(rows[other], figures_of(measure)))
    is_before = {before.id for before, after in pairs if after.id == dataset.id}
    sides.sort(key=lambda side: (side.dataset.id not in is_before, side.dataset.id != dataset.id))
    if len(sides) < 2:
        st.caption("Choose at least one.")
        return
    for before, after in pairs:
        if {before.id, after.id} <= {side.dataset.id for side in sides}:
            st.caption(f"“{as_label(after.name)}” was made from “{as_label(before.name)}”: {after.origin}.")
    _draw_table(sides)
    there = [score for score in NAMES if any(side.figures.scores[score].sums.n for side in sides)]
    if not there:
        empty_card("Scores", " ".join(MISSING.values()))
        return
    score = st.segmented_control(
        "Whose scores",
        there,
        default=there[0],
        required=True,
        format_func=NAMES.__getitem__,
        key="charts-compare-score",
        label_visibility="collapsed",
    )
    columns = st.columns(2)
    with columns[0]:
        _draw_spreads(sides, score or there[0])
    with columns[1]:
        _draw_means(sides, score or there[0])
    with columns[0]:
        _draw_criteria(sides)
    with columns[1]:
        _draw_flags(sides)


def _draw_table(sides: Sequence[Side]) -> None:
    rows = []
    for side in sides:
        row: dict[str, object] = {"Dataset": side.dataset.name, "Active": side.figures.active}
        row["Removed"] = side.figures.removed
        for score, name in NAMES.items():
            sums = side.figures.scores[score].sums
            row[f"{name}, mean"] = sums.mean if sums.n else None
            row[f"{name}, n"] = sums.n
        row["Characters, median"], row["Turns, median"] = side.figures.characters.median, side.figures.turns.median
        rows.append(row)
    numbers = {f"{name}, mean": st.column_config.NumberColumn(format="%.2f") for name in NAMES.values()}
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=numbers)


def _draw_spreads(sides: Sequence[Side], score: str) -> None:
    """Shares, so that a large and a small dataset can be compared."""
    width = min(side.figures.scores[score].width for side in sides)
    firsts = [n * width for n in range(round(HIGHEST / width) + 1)]
    figure, opens, rows = go.Figure(), [], []
    for number, side in enumerate(sides):
        spread = side.figures.scores[score]
        counts = dict(spread.bars)
        shares = [counts.get(first, 0) / spread.sums.n if spread.sums.n else 0 for first in firsts]
        figure.add_bar(
            x=firsts,
            y=shares,
            name=side.label,
            marker_color=palette(number),
            customdata=[f"{first:g}: {counts.get(first, 0):,} of {spread.sums.n:,}" for first in firsts],
            hovertemplate="%{customdata} (%{y:.1%})<extra></extra>",
        )
        wanted = [ExampleFilter(ranges={score: Range(least=first, below=first + width)}) for first in firsts]
        opens.append([(side.dataset.id, one) if share else None for one, share in zip(wanted, shares, strict=True)])
        rows += [(side.dataset.name, first, counts.get(first, 0)) for first in firsts]
    chart_card(
        f"{TITLES[score]}, shares",
        figure,
        "compare-spread",
        caption=_bases(sides, score),
        data=pd.DataFrame(rows, columns=["dataset", "score from", "examples"]),
        opens=opens,
        barmode="group",
        xaxis={"dtick": 1, "title": None, "fixedrange": True},
        yaxis={"tickformat": ".0%", "title": None, "fixedrange": True},
    )


def _bases(sides: Sequence[Side], score: str) -> str:
    told = []
    for side in sides:
        n, active = side.figures.scores[score].sums.n, side.figures.active
        left_out = f", {active - n:,} {WITHOUT[score]} left out" if active > n else ""
        told.append(f"{as_label(side.dataset.name)}: n = {n:,}{left_out}")
    return "; ".join(told) + "."


def _draw_means(sides: Sequence[Side], score: str) -> None:
    means = [mean(side.figures.scores[score].sums) for side in sides]
    figure = go.Figure()
    for number, each in enumerate(means):
        add_means(figure, [number], [sides[number].label], [each], palette(number))
    first, second = sides[0], sides[1]
    change = difference(first.figures.scores[score].sums, second.figures.scores[score].sums)
    told = (
        f"The difference is not shown: {change.why_withheld}"
        if change.value is None
        else f"“{as_label(second.dataset.name)}” less “{as_label(first.dataset.name)}”: {in_words(change)}, with "
        "Welch's 95 % interval, as if they were independent samples."
    )
    chart_card(
        f"{TITLES[score]}, means",
        figure,
        "compare-means",
        caption=f"Dot: mean; line: its 95 % interval. {told}",
        data=pd.DataFrame(
            [(side.dataset.name, m.n, m.value, m.low, m.high, m.method) for side, m in zip(sides, means, strict=True)],
            columns=["dataset", "n", "mean", "low", "high", "method"],
        ),
        opens=[[(side.dataset.id, ExampleFilter(ranges={score: Range(least=0)}))] for side in sides],
        height=ROW_HEIGHT * len(sides) + 60,
        showlegend=False,
        yaxis=names_axis([side.label for side in sides]),
        xaxis={"title": None, "fixedrange": True},
    )


def _draw_criteria(sides: Sequence[Side]) -> None:
    names = sorted({name for side in sides for name in side.figures.criteria})
    if not names:
        return
    figure, opens, rows = go.Figure(), [], []
    for number, side in enumerate(sides):
        there = {name: side.figures.criteria[name].sums for name in names if name in side.figures.criteria}
        figure.add_scatter(
            x=[sums.mean for sums in there.values()],
            y=[names.index(name) for name in there],
            mode="markers",
            name=side.label,
            marker={"size": 11, "color": palette(number)},
            customdata=[f"{sums.n:,}" for sums in there.values()],
            hovertemplate="%{x:.2f}, n = %{customdata}<extra></extra>",
        )
        opens.append([(side.dataset.id, ExampleFilter(criteria={name: Range(least=0)})) for name in there])
        rows += [(side.dataset.name, name, sums.n, sums.mean) for name, sums in there.items()]
    chart_card(
        "Judge's means by criterion",
        figure,
        "compare-criteria",
        caption="Mean score for each criterion, over the examples that a judge scored: n is with each dot.",
        data=pd.DataFrame(rows, columns=["dataset", "criterion", "n", "mean"]),
        opens=opens,
        height=ROW_HEIGHT * len(names) + 60,
        yaxis=names_axis([chart_label(name.replace("_", " ")) for name in names]),
        xaxis={"title": None, "fixedrange": True},
    )


def _draw_flags(sides: Sequence[Side]) -> None:
    """In a hundred examples, so that a large and a small dataset can be compared."""
    rules = sorted({rule for side in sides for rule in side.figures.flags})
    if not rules:
        return
    figure, opens, rows = go.Figure(), [], []
    for number, side in enumerate(sides):
        counts = [sum(side.figures.flags.get(rule, {}).values()) for rule in rules]
        figure.add_bar(
            y=list(range(len(rules))),
            x=[count / side.figures.active if side.figures.active else 0 for count in counts],
            name=side.label,
            orientation="h",
            marker_color=palette(number),
            customdata=[f"{count:,} of {plural(side.figures.active, 'example')}" for count in counts],
            hovertemplate="%{customdata} (%{x:.1%})<extra></extra>",
        )
        opens.append([(side.dataset.id, ExampleFilter(flags=rule)) for rule in rules])
        rows += [
            (side.dataset.name, rule, count, side.figures.active) for rule, count in zip(rules, counts, strict=True)
        ]
    chart_card(
        "Flags, shares",
        figure,
        "compare-flags",
        caption="Share of the active examples that a rule flags; one with two flags counts twice.",
        data=pd.DataFrame(rows, columns=["dataset", "rule", "examples", "active"]),
        opens=opens,
        height=(ROW_HEIGHT - 6) * len(rules) * max(1, len(sides) // 2) + 60,
        barmode="group",
        yaxis=names_axis([chart_label(flag_in_words(rule)) for rule in rules]),
        xaxis={"tickformat": ".0%", "title": None, "fixedrange": True},
    )
