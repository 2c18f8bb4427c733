"""Charts of scores by what examples have in common: model, subdomain, language, each drawn parameter."""

from collections.abc import Mapping, Sequence
from math import ceil, floor

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.ui.charts import ROW_HEIGHT, chart_card, chart_label, empty_card, names_axis, palette
from pages.ui.quality_basis import MISSING, NAMES, TITLES, basis
from pages.ui.quality_basis import in_words as told
from synthgen_core.actions.charts import REST, Group, QualityFigures
from synthgen_core.languages import LANGUAGES
from synthgen_core.models import Dataset, ExampleFilter, Range
from synthgen_core.prompts import label_of
from synthgen_core.scenarios import in_words
from synthgen_core.statistics.figures import LEAST, Figure
from synthgen_core.statistics.means import mean
from synthgen_core.workspace import Workspace

FACT, PARAMETER = "facts", "parameters"
"""Where the value stands, as a field of ``ExampleFilter`` has it."""
MOST_CHARTS, MOST_ROWS = 24, 12
"""Things that are drawn, in order; and values of one of them, those with the most examples."""


def choose_score(figures: QualityFigures, key: str) -> str | None:
    """Whose scores are drawn, among those that there are; None: there are none, and that is said."""
    there = [score for score in NAMES if figures.scores[score].sums.n]
    if not there:
        empty_card("Scores", " ".join(MISSING.values()))
        return None
    chosen = st.segmented_control(
        "Whose scores",
        there,
        default=there[0],
        required=True,
        format_func=NAMES.__getitem__,
        key=key,
        label_visibility="collapsed",
    )
    return chosen or there[0]


def groups_view(place: Workspace, dataset: Dataset, figures: QualityFigures) -> None:
    """The mean score of each group, with its interval."""
    score = choose_score(figures, "charts-groups-score")
    if score is None:
        return
    st.caption(
        f"{TITLES[score]}: {basis(figures, score)} Each dot is a mean, the line its 95 % interval; a hollow dot rests "
        f"on fewer than {LEAST} scores and has none. Behind each name: its scores."
    )
    by = [(FACT, name, groups) for name, groups in figures.facts.items()]
    by += [(PARAMETER, name, groups) for name, groups in figures.parameters.items()]
    shown = [each for each in by if any(each[2])]
    if more := shown[MOST_CHARTS:]:
        st.caption(f"Not drawn: {len(more):,} further parameters.")
        shown = shown[:MOST_CHARTS]
    reach = _reach([mean(group.scores[score]) for _, _, groups in shown for group in groups.values()])
    columns = st.columns(2)
    for number, (kind, name, groups) in enumerate(shown):
        with columns[number % 2]:
            _draw_groups(dataset, kind, name, groups, score, reach)


def _reach(means: Sequence[Figure]) -> tuple[float, float]:
    """One axis for all, so that charts can be compared."""
    ends = [end for figure in means for end in (figure.value, figure.low, figure.high) if end is not None]
    return (max(-0.2, floor(min(ends)) - 0.2), min(10.2, ceil(max(ends)) + 0.2)) if ends else (0, 10)


def _draw_groups(
    dataset: Dataset, kind: str, name: str, groups: Mapping[str, Group], score: str, reach: tuple[float, float]
) -> None:
    title = f"By {label_of(name).lower()}"
    there = {value: group for value, group in groups.items() if value and value != REST and group.scores[score].n}
    if not there:
        empty_card(title, "None of those that have it has a score.")
        return
    drawn = dict(list(there.items())[:MOST_ROWS])
    means = [mean(group.scores[score]) for group in drawn.values()]
    names = [_name(name, value) for value in drawn]
    figure = go.Figure()
    add_means(figure, list(range(len(means))), names, means, palette(0))
    chart_card(
        title,
        figure,
        f"group-{kind}-{name}",
        caption=_left_out(groups, drawn, score),
        data=pd.DataFrame(
            [
                (value, group.n, each.n, each.value, each.low, each.high, each.method)
                for (value, group), each in zip(drawn.items(), means, strict=True)
            ],
            columns=[name, "examples", "scored", "mean", "low", "high", "method"],
        ),
        dataset_id=dataset.id,
        opens=[[ExampleFilter(ranges={score: Range(least=0)}, **{kind: {name: value}}) for value in drawn]],
        height=ROW_HEIGHT * len(drawn) + 44,
        yaxis=names_axis([f"{label} · {each.n:,}" for label, each in zip(names, means, strict=True)]),
        xaxis={"range": reach, "title": None, "fixedrange": True},
    )


def add_means(
    figure: go.Figure, places: Sequence[int], names: Sequence[str], means: Sequence[Figure], colour: str
) -> None:
    """Add a trace of means with their intervals, each in its place on the axis of names; hollow where it has none."""
    figure.add_scatter(
        x=[each.value for each in means],
        y=list(places),
        mode="markers",
        marker={
            "size": 11,
            "color": colour,
            "symbol": ["circle-open" if each.low is None else "circle" for each in means],
        },
        error_x={
            "array": [0 if each.high is None else each.high - (each.value or 0) for each in means],
            "arrayminus": [0 if each.low is None else (each.value or 0) - each.low for each in means],
            "color": colour,
            "thickness": 2,
            "width": 0,
        },
        customdata=[f"{name}: {told(each)}, n = {each.n:,}" for name, each in zip(names, means, strict=True)],
        hovertemplate="%{customdata}<extra></extra>",
    )


def _name(name: str, value: str) -> str:
    known = LANGUAGES.get(value) if name == "language" else None
    return chart_label(known.name if known else value if name == "model" else in_words(value))


def _left_out(groups: Mapping[str, Group], drawn: Mapping[str, Group], score: str) -> str:
    scored = sum(group.scores[score].n for group in groups.values())
    n = sum(group.scores[score].n for group in drawn.values())
    untold = groups[""].scores[score].n if "" in groups else 0
    others = scored - n - untold
    told = [f"{others:,} with rarer values"] * bool(others) + [f"{untold:,} where it is not told"] * bool(untold)
    return f"n = {n:,}." + (f" Left out: {', '.join(told)}." if told else "")
