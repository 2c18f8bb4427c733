"""One look for all charts. Text, grid and background come from the theme, so that they follow light and dark; the
colours that mean something are named here, and read well on both."""

from typing import Any

import plotly.graph_objects as go
import streamlit as st

INDIGO, TEAL, AMBER, RED, PINK, SKY, GRAY = "#6366f1", "#14b8a6", "#f59e0b", "#ef4444", "#ec4899", "#0ea5e9", "#94a3b8"
LAYOUT: dict[str, Any] = {
    "margin": {"l": 0, "r": 8, "t": 8, "b": 0},
    "legend": {"orientation": "h", "yanchor": "bottom", "y": 1, "x": 0, "title": None},
    "xaxis": {"title": None},
    "yaxis": {"title": None},
    "bargap": 0.25,
    "hoverlabel": {"align": "left"},
}


def draw_chart(figure: go.Figure, key: str, *, height: int, **layout: object) -> None:
    """Show a chart; ``layout`` adds to what all charts have in common. Height in pixels."""
    figure.update_layout(LAYOUT, height=height).update_layout(layout)
    st.plotly_chart(figure, config={"displayModeBar": False}, key=key)
