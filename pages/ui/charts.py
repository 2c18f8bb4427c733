"""One look for all charts, and the card that a chart of quality is drawn in. Text, grid, background and the colours
that only tell series apart come from the theme; those that mean something are named here, and read well on both.

A click on a bar or a point of a card opens the examples behind it: whoever makes a chart says for each point which.
"""

import re
from collections.abc import Iterable, Sequence
from functools import partial
from html import escape
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import plotly.io
import streamlit as st

from pages.ui.opening import Target, open_in_review
from pages.ui.words import as_label
from synthgen_core.actions.charts import as_csv

INDIGO, TEAL, AMBER, RED, PINK, SKY, GRAY = "#6366f1", "#14b8a6", "#f59e0b", "#ef4444", "#ec4899", "#0ea5e9", "#94a3b8"
LAYOUT: dict[str, Any] = {
    "margin": {"l": 0, "r": 8, "t": 8, "b": 0},
    "legend": {"orientation": "h", "yanchor": "bottom", "y": 1, "x": 0, "title": None},
    "xaxis": {"title": None},
    "yaxis": {"title": None},
    "bargap": 0.25,
    "hoverlabel": {"align": "left"},
}
FIXED = {"xaxis": {"title": None, "fixedrange": True}, "yaxis": {"title": None, "fixedrange": True}}
"""Axes that cannot be dragged: on a phone, a finger on a chart moves the page."""
CARD_HEIGHT, ROW_HEIGHT = 240, 28
"""Pixels: of a chart in a card, and of one line of a chart of horizontal bars."""
LONGEST_LABEL = 34
FEW = 5
"""Examples that are told apart one by one on an axis."""
PALETTE: Sequence[str] = plotly.io.templates["streamlit"].layout.colorway
SHADES: Sequence[str] = [shade for _, shade in plotly.io.templates["streamlit"].layout.colorscale.diverging]
"""What Streamlit, in the browser, replaces by the theme's colours for series, and for the way from bad to good."""


def draw_chart(figure: go.Figure, key: str, *, height: int, **layout: object) -> None:
    """Show a chart; ``layout`` adds to what all charts have in common. Height in pixels."""
    figure.update_layout(LAYOUT, height=height).update_layout(layout)
    st.plotly_chart(figure, config={"displayModeBar": False}, key=key)


def palette(number: int) -> str:
    """The theme's colour of this number, from 0, for a series."""
    return PALETTE[number % len(PALETTE)]


def shade(share: float) -> str:
    """The theme's colour between bad, 0, and good, 1."""
    return SHADES[round(share * (len(SHADES) - 1))]


def chart_label(value: str) -> str:
    """A text of unknown origin as a label in a chart: Plotly takes some HTML."""
    return escape(value if len(value) <= LONGEST_LABEL else f"{value[: LONGEST_LABEL - 1]}…", quote=False)


def names_axis(names: Sequence[str]) -> dict[str, Any]:
    """The axis of a chart of horizontal bars, which are drawn at 0, 1, ... from the top; names as ``chart_label``."""
    places = list(range(len(names)))
    return {"tickvals": places, "ticktext": names, "autorange": "reversed", "title": None, "fixedrange": True}


def counts_axis(counts: Iterable[int]) -> dict[str, Any]:
    """The axis of numbers of examples: without halves of one."""
    return {"title": None, "fixedrange": True, **({"dtick": 1} if max(counts, default=0) <= FEW else {})}


def chart_card(
    title: str,
    figure: go.Figure,
    key: str,
    *,
    caption: str,
    data: pd.DataFrame,
    dataset_id: int | None = None,
    opens: Sequence[Sequence[Target]] = (),
    height: int = CARD_HEIGHT,
    **layout: object,
) -> None:
    """Show a chart in a card, with a heading, its basis, and its picture and numbers to take away.

    ``caption``, Markdown: on how many examples it rests, what is left out, how it was computed. ``data``: the numbers
    that are drawn. ``opens[trace][point]``: what a click on that point opens, of the dataset or as (dataset, target).
    """
    figure.update_layout(LAYOUT, height=height).update_layout(FIXED).update_layout(layout)
    file_name = re.sub(r"\W+", "_", title.lower())
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f"**{as_label(title)}**")
            st.download_button(
                "Data",
                partial(as_csv, list(data.columns), data.astype(object).where(data.notna(), None).to_numpy().tolist()),
                f"{file_name}.csv",
                "text/csv",
                key=f"{key}-csv",
                help="The numbers of this chart, as CSV",
                on_click="ignore",
                type="tertiary",
                icon=":material/download:",
            )
        config = {
            "modeBarButtonsToRemove": ["zoom", "pan", "zoomIn", "zoomOut", "autoScale", "resetScale"],
            "toImageButtonOptions": {"format": "png", "scale": 2, "filename": file_name},
        }
        if any(target is not None for row in opens for target in row):
            event = st.plotly_chart(
                figure, config=config, key=key, alt=title, on_select="rerun", selection_mode="points"
            )
            for point in event["selection"]["points"][:1]:
                _open(dataset_id, opens[point["curve_number"]][point["point_index"]])
        else:
            st.plotly_chart(figure, config=config, key=key, alt=title)
        st.caption(caption)


def empty_card(title: str, why: str) -> None:
    """The card of a chart that there is nothing for; ``why``, Markdown, says what to do about it."""
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{as_label(title)}**")
        st.caption(why)


def _open(dataset_id: int | None, target: Target) -> None:
    if isinstance(target, tuple):
        dataset_id, target = target
    if dataset_id is not None and target is not None:
        open_in_review(dataset_id, target)
