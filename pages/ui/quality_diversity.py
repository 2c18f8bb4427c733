"""How varied a dataset is: figures over samples, the same of other datasets beside them, and a map of the texts."""

from collections.abc import Mapping, Sequence
from html import escape

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.ui.charts import GRAY, chart_card, chart_label, empty_card, palette
from pages.ui.measuring import measured
from pages.ui.opening import Target
from pages.ui.words import as_label, plural
from synthgen_core.actions.diversity import (
    DIVERSITY,
    VARIETY,
    Island,
    KeptDiversity,
    Point,
    SizedDiversity,
    TextMap,
    Variety,
    common_size,
    get_kept_diversity,
    measured_datasets,
    openings_of,
    read_diversity,
)
from synthgen_core.models import Dataset
from synthgen_core.statistics import LEAST, Figure
from synthgen_core.workspace import Workspace

AT_ONCE = 2000
"""Examples that are measured while the page waits: a second or two."""
ROW, MAP_HEIGHT = 34, 460
COLOURS, SYMBOLS = 8, ("circle", "diamond", "square")
TYPICAL, NAMED_BY, LISTED = 10, 2, 40
"""Examples of an island that are listed, words that stand on the map, and characters of an example's line."""
MOST_OTHERS = 6


def diversity_part(place: Workspace, dataset: Dataset) -> None:
    """Draw it."""
    measure = measured(place, dataset, DIVERSITY, key="diversity", at_once=AT_ONCE)
    if measure is None:
        return
    kept = read_diversity(measure)
    if not kept.sizes:
        why = f"{plural(kept.n, 'active example')}; measured from {LEAST} on, as fewer would tell nothing."
        empty_card("Variety of the texts", why)
        return
    _draw_figures(kept.sizes[-1])
    _draw_comparison(place, dataset, kept)
    if kept.map is None:
        empty_card("Map of the texts", f"Fewer than {LEAST} texts share any words, so that none lie together.")
    else:
        _draw_map(place, dataset, kept.map)


def _draw_figures(sized: SizedDiversity) -> None:
    with st.grid("auto", min_column_width=170):
        for name, variety in VARIETY.items():
            figure = sized.figures[name]
            st.metric(
                variety.label,
                _number(figure.value, variety),
                f"{_number(figure.low, variety)} to {_number(figure.high, variety)}",
                delta_color="off",
                delta_arrow="off",
                border=True,
                help=f"{_sentence(variety.meaning)} {_better(variety)}",
            )
    method = next(iter(sized.figures.values())).method
    st.caption(
        f"What user and assistant say: {method}. System prompts are left out. All five move with the number of texts, "
        "so compare datasets at the same size only."
    )


def _number(value: float | None, variety: Variety) -> str:
    if value is None:
        return "–"
    return f"{value:.1%}" if variety.is_share else f"{value:.1f}" if value >= 10 else f"{value:.3g}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _better(variety: Variety) -> str:
    return "Higher is more varied." if variety.is_better_high else "Lower is more varied."


def _draw_comparison(place: Workspace, dataset: Dataset, kept: KeptDiversity) -> None:
    names = {number: name for number, name in measured_datasets(place).items() if number != dataset.id}
    if not names:
        st.caption("To compare, open this tab for another dataset: each is measured once, and then offered here.")
        return
    chosen = st.multiselect(
        "Compare with",
        names,
        format_func=lambda number: f"{names[number]} ({number})",
        key=f"diversity-others-{dataset.id}",
        max_selections=MOST_OTHERS,
        persist_state="session",
        placeholder="Other datasets that were measured",
    )
    if not chosen:
        return
    every = {dataset.id: kept, **get_kept_diversity(place, chosen)}
    size = common_size([each.sizes for each in every.values()])
    if size is None:
        few = ", ".join(as_label(names[number]) for number, each in every.items() if not each.sizes)
        st.info(f"Too few examples to compare: {few}.", icon=":material/info:")
        return
    figures = {number: next(each.figures for each in kept.sizes if each.size == size) for number, kept in every.items()}
    with st.grid("auto", min_column_width=330):
        for name in VARIETY:
            _draw_compared(name, size, [(names.get(n, dataset.name), found[name]) for n, found in figures.items()])


def _draw_compared(name: str, size: int, shown: Sequence[tuple[str, Figure]]) -> None:
    """A dot for each dataset, this one first, with the range of its samples."""
    variety, values = VARIETY[name], [each.value or 0.0 for _, each in shown]
    figure = go.Figure()
    figure.add_scatter(
        x=values,
        y=list(range(len(shown))),
        mode="markers",
        marker={"size": 11, "color": [palette(0), *[GRAY] * (len(shown) - 1)]},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [(each.high or 0.0) - value for (_, each), value in zip(shown, values, strict=True)],
            "arrayminus": [value - (each.low or 0.0) for (_, each), value in zip(shown, values, strict=True)],
            "color": GRAY,
        },
        customdata=[
            [chart_label(label), _number(value, variety)] for (label, _), value in zip(shown, values, strict=True)
        ],
        hovertemplate="%{customdata[0]}: %{customdata[1]}<extra></extra>",
    )
    ticks = {"tickvals": list(range(len(shown))), "ticktext": [chart_label(label) for label, _ in shown]}
    chart_card(
        variety.label,
        figure,
        f"diversity-{name}",
        caption=f"{_better(variety)} Mean, lowest and highest of samples of {size:,} texts.",
        data=pd.DataFrame(
            [(label, each.value, each.low, each.high, each.n, each.method) for label, each in shown],
            columns=["dataset", "value", "low", "high", "n", "method"],
        ),
        height=30 + ROW * len(shown),
        showlegend=False,
        xaxis={"tickformat": ".1%" if variety.is_share else None, "title": None, "fixedrange": True},
        yaxis={**ticks, "autorange": "reversed", "title": None, "fixedrange": True},
    )


def _draw_map(place: Workspace, dataset: Dataset, drawn: TextMap) -> None:
    left, right = st.columns([3, 2], gap="medium")
    openings = openings_of(place, dataset, drawn.points)
    with left:
        _draw_chart(dataset, drawn, openings)
    with right, st.container(border=True):
        number = st.selectbox(
            "Typical examples of an island",
            range(len(drawn.islands)),
            format_func=lambda n: f"{n + 1}. {_title(drawn.islands[n])} ({drawn.islands[n].size:,})",
            key=f"diversity-island-{dataset.id}",
        )
        points = sorted((p for p in drawn.points if p.island == number), key=lambda p: p.distance)[:TYPICAL]
        for point in points:
            if point.text in openings:
                label = as_label(_clipped(openings[point.text]) or "(no text by the user)")
                address = {"dataset": str(dataset.id), "example": str(point.text)}
                st.page_link("pages/review.py", label=label, icon=":material/rate_review:", query_params=address)
        st.caption("Those nearest to its centre, the nearest first.")


def _clipped(text: str) -> str:
    return text if len(text) <= LISTED else f"{text[: LISTED - 1]}…"


def _title(island: Island) -> str:
    return ", ".join(island.words) or "no words of its own"


def _draw_chart(dataset: Dataset, drawn: TextMap, openings: Mapping[int, str]) -> None:
    """The map: a colour for each island, its first words at its place; a click opens the example."""
    figure, opens = go.Figure(), list[list[Target]]()
    for number, island in enumerate(drawn.islands):
        points = [point for point in drawn.points if point.island == number]
        figure.add_scatter(
            x=[point.x for point in points],
            y=[point.y for point in points],
            mode="markers",
            name=chart_label(f"{number + 1}. {_title(island)}"),
            marker={"size": 6, "color": palette(number % COLOURS), "opacity": 0.75}
            | {"symbol": SYMBOLS[number // COLOURS % len(SYMBOLS)]},
            customdata=[escape(openings.get(point.text, ""), quote=False) for point in points],
            hovertemplate="%{customdata}<extra></extra>",
        )
        opens.append([point.text if point.text in openings else None for point in points])
        figure.add_annotation(**_sign(points, f"{number + 1}. {', '.join(island.words[:NAMED_BY])}"))
    islands = plural(len(drawn.islands), "island")
    chart_card(
        "Map of the texts",
        figure,
        "diversity-map",
        caption=(
            f"{plural(len(drawn.points), 'example')} drawn at random, in {islands} by the words that they use (TF-IDF, "
            "singular vectors, k-means; islands apart as their centres are). Directions mean nothing. Texts that share "
            "no word with another are left out. Click on a point to review it."
        ),
        data=pd.DataFrame(
            [(p.text, p.island + 1, _title(drawn.islands[p.island]), p.x, p.y) for p in drawn.points],
            columns=["example_id", "island", "words", "x", "y"],
        ),
        dataset_id=dataset.id,
        opens=opens,
        height=MAP_HEIGHT,
        showlegend=False,
        xaxis={"visible": False, "fixedrange": True},
        yaxis={"visible": False, "fixedrange": True, "scaleanchor": "x"},
    )


def _sign(points: list[Point], text: str) -> dict[str, object]:
    """The name of an island, above it."""
    return {
        "x": sum(point.x for point in points) / len(points),
        "y": max(point.y for point in points),
        "yshift": 12,
        "text": chart_label(text),
        "showarrow": False,
        "font": {"size": 12},
    }
