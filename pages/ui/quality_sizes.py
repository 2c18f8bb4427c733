"""Charts of sizes: how long examples are, in which languages; and how scores go with length and turns."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.ui.charts import ROW_HEIGHT, chart_card, chart_label, counts_axis, empty_card, names_axis, palette
from pages.ui.quality_basis import TITLES, basis
from pages.ui.quality_groups import choose_score
from pages.ui.words import plural
from synthgen_core.actions.charts import Bin, Distribution, QualityFigures
from synthgen_core.languages import LANGUAGES
from synthgen_core.models import Dataset, ExampleFilter, Range
from synthgen_core.workspace import Workspace

MOST_LANGUAGES = 12


def sizes_view(place: Workspace, dataset: Dataset, figures: QualityFigures) -> None:
    """Draw it."""
    left, right = st.columns(2)
    with left:
        _draw_sizes(dataset, figures, "characters", figures.characters, 1)
    with right:
        _draw_sizes(dataset, figures, "turns", figures.turns, 4)
    score = choose_score(figures, "charts-sizes-score")
    left, right = st.columns(2)
    if score is not None:
        with left:
            _draw_scatter(dataset, figures, score)
        with right:
            _draw_by_turns(dataset, figures, score)
    with left:
        _draw_languages(dataset, figures)


def _range(spread: Distribution, first: int) -> Range:
    """The sizes of one bar; the last one has no end."""
    is_last = first == spread.bars[-1][0]
    return Range(least=first) if is_last else Range(least=first, below=first + spread.width)


def _bar_name(spread: Distribution, first: int) -> str:
    if first == spread.bars[-1][0] and spread.most >= first + spread.width:
        return f"{first:,} or more"
    return f"{first:,}" if spread.width == 1 else f"{first:,} to {first + spread.width - 1:,}"


def _centre(spread: Distribution, first: int) -> float:
    return first if spread.width == 1 else first + spread.width / 2


def _draw_sizes(dataset: Dataset, figures: QualityFigures, size: str, spread: Distribution, colour: int) -> None:
    names = [_bar_name(spread, first) for first, _ in spread.bars]
    figure = go.Figure()
    figure.add_bar(
        x=[_centre(spread, first) for first, _ in spread.bars],
        y=[n for _, n in spread.bars],
        width=spread.width * 0.9,
        marker_color=palette(colour),
        customdata=names,
        hovertemplate=f"%{{customdata}} {size}: %{{y:,}} examples<extra></extra>",
    )
    chart_card(
        size.capitalize(),
        figure,
        f"size-{size}",
        caption=f"{spread.least:,} to {spread.most:,}, median {spread.median:,}, mean {spread.mean:,.1f}. "
        f"n = {plural(spread.count, 'active example')}."
        + (f" Left out: {figures.removed:,} removed." if figures.removed else "")
        + (" The last bar has all beyond it." if names[-1].endswith("more") else ""),
        data=pd.DataFrame(
            [(name, n) for name, (_, n) in zip(names, spread.bars, strict=True)], columns=[size, "examples"]
        ),
        dataset_id=dataset.id,
        opens=[[ExampleFilter(ranges={size: _range(spread, first)}) if n else None for first, n in spread.bars]],
        height=180,
        yaxis=counts_axis(n for _, n in spread.bars),
        xaxis={"title": None, "fixedrange": True, **({"dtick": 1} if spread.width == 1 else {})},
    )


def _draw_scatter(dataset: Dataset, figures: QualityFigures, score: str) -> None:
    """A sample, point by point, and the median of all."""
    points, bins, spread = figures.points[score], figures.trends[score]["characters"], figures.characters
    end = spread.bars[-1][0] + 1.5 * spread.width
    figure = go.Figure()
    figure.add_scatter(
        x=[point.characters for point in points],
        y=[point.score for point in points],
        mode="markers",
        name="one example",
        marker={"size": 6, "opacity": 0.35, "color": palette(0)},
        hovertemplate="%{x:,} characters: %{y:.1f}<extra></extra>",
    )
    _add_medians(figure, spread, bins, palette(3))
    beyond = sum(point.characters > end for point in points)
    drawn = (
        f"{len(points):,} of them are drawn, the same ones each time"
        if len(points) < figures.scores[score].sums.n
        else "All are drawn"
    )
    chart_card(
        "Score against length",
        figure,
        "score-characters",
        caption=f"{TITLES[score]} by characters. {basis(figures, score)} {drawn}"
        + (f", but for {beyond:,} that are longer." if beyond else ".")
        + " The line is the median of each length, over all.",
        data=pd.DataFrame(
            [(point.id, point.characters, point.turns, point.score) for point in points],
            columns=["example_id", "characters", "turns", "score"],
        ),
        dataset_id=dataset.id,
        opens=[[point.id for point in points], _opens(score, "characters", spread, bins)],
        xaxis={"range": [0, end], "title": None, "fixedrange": True},
        yaxis={"range": [-0.4, 10.4], "title": None, "fixedrange": True},
    )


def _draw_by_turns(dataset: Dataset, figures: QualityFigures, score: str) -> None:
    bins, spread = figures.trends[score]["turns"], figures.turns
    figure = go.Figure()
    _add_medians(figure, spread, bins, palette(4))
    figure.update_traces(
        error_y={
            "array": [each.upper - each.median for each in bins],
            "arrayminus": [each.median - each.lower for each in bins],
            "thickness": 2,
            "width": 0,
        },
    )
    chart_card(
        "Score against turns",
        figure,
        "score-turns",
        caption=f"{TITLES[score]} by turns: median, and the middle half as a line. {basis(figures, score)}",
        data=pd.DataFrame(
            [(_bar_name(spread, each.first), each.n, each.lower, each.median, each.upper) for each in bins],
            columns=["turns", "scored", "lower quartile", "median", "upper quartile"],
        ),
        dataset_id=dataset.id,
        opens=[_opens(score, "turns", spread, bins)],
        showlegend=False,
        xaxis={"title": None, "fixedrange": True, **({"dtick": 1} if spread.width == 1 else {})},
        yaxis={"range": [-0.4, 10.4], "title": None, "fixedrange": True},
    )


def _add_medians(figure: go.Figure, spread: Distribution, bins: tuple[Bin, ...], colour: str) -> None:
    figure.add_scatter(
        x=[_centre(spread, each.first) for each in bins],
        y=[each.median for each in bins],
        mode="lines+markers",
        name="median",
        line={"color": colour, "width": 2},
        marker={"size": 8},
        customdata=[f"{_bar_name(spread, each.first)}: median {each.median:g}, n = {each.n:,}" for each in bins],
        hovertemplate="%{customdata}<extra></extra>",
    )


def _opens(score: str, size: str, spread: Distribution, bins: tuple[Bin, ...]) -> list[ExampleFilter]:
    return [ExampleFilter(ranges={size: _range(spread, each.first), score: Range(least=0)}) for each in bins]


def _draw_languages(dataset: Dataset, figures: QualityFigures) -> None:
    groups = {code: group.n for code, group in figures.facts["language"].items()}
    if not any(groups):
        empty_card("Languages", "It is not written down in which language the examples are.")
        return
    drawn = dict(list(groups.items())[:MOST_LANGUAGES])
    names = [LANGUAGES[code].name if code in LANGUAGES else code or "not told" for code in drawn]
    figure = go.Figure()
    figure.add_bar(
        y=list(range(len(drawn))),
        x=list(drawn.values()),
        orientation="h",
        marker_color=palette(2),
        text=[f"{n:,}" for n in drawn.values()],
        hovertemplate="%{x:,} examples<extra></extra>",
    )
    others = figures.active - sum(drawn.values())
    chart_card(
        "Languages",
        figure,
        "languages",
        caption=f"As was asked for, or as the files say. n = {figures.active - others:,} active examples."
        + (f" Left out: {others:,} in rarer ones." if others else ""),
        data=pd.DataFrame(list(drawn.items()), columns=["language", "examples"]),
        dataset_id=dataset.id,
        opens=[[ExampleFilter(facts={"language": code}) for code in drawn]],
        height=ROW_HEIGHT * len(drawn) + 30,
        yaxis=names_axis([chart_label(name) for name in names]),
        xaxis={"visible": False, "fixedrange": True},
    )
