"""The Tasks page's sums: calls, tokens and cost by day, model, job or dataset."""

from collections.abc import Callable
from datetime import UTC, datetime

import plotly.graph_objects as go
import streamlit as st

from pages.ui.calls import SPANS
from pages.ui.charts import INDIGO, RED, SKY, draw_chart
from pages.ui.words import plural
from synthgen_core.actions.usage import GroupBy, UsageRow, UsageTable, cost_in_words, dollars, get_usage
from synthgen_core.workspace import Workspace

Parts = dict[str, tuple[str, Callable[[UsageRow], float]]]
"""Name of a part of a bar -> its colour and its length."""
MEASURES: dict[str, Parts] = {
    "Cost": {"dollars": (INDIGO, lambda row: float(row.cost or 0))},
    "Tokens": {
        "in": (SKY, lambda row: row.usage.prompt_tokens),
        "out": (INDIGO, lambda row: row.usage.completion_tokens),
    },
    "Calls": {
        "answered": (INDIGO, lambda row: row.calls - row.failed_calls),
        "failed": (RED, lambda row: row.failed_calls),
    },
}
ORDER = (GroupBy.DAY, GroupBy.MODEL, GroupBy.JOB, GroupBy.DATASET)
MOST_BARS, LONGEST_NAME = 12, 40
DAYS_HEIGHT, BAR_HEIGHT, AXIS_HEIGHT = 260, 30, 70


def usage_tab(place: Workspace) -> None:
    """The whole tab."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        by = st.segmented_control(
            "By",
            ORDER,
            default=GroupBy.DAY,
            required=True,
            format_func=lambda group: f"By {group}",
            key="usage_by",
            label_visibility="collapsed",
            persist_state="page",
        )
        span = st.selectbox(
            "Time",
            SPANS,
            None,
            key="usage_span",
            placeholder="All time",
            label_visibility="collapsed",
            width=180,
            persist_state="page",
        )
    table = get_usage(place, by, since=datetime.now(UTC) - SPANS[span] if span else None)
    if not table.total.calls:
        st.info("No model was called in this time.", icon=":material/hourglass_empty:")
        return
    _draw_total(table.total)
    _draw_chart(table)
    _draw_rows(table)


def _draw_total(total: UsageRow) -> None:
    with st.grid(4, min_column_width=150):
        st.metric("Calls", f"{total.calls:,}", border=True, icon=":material/call_made:")
        st.metric("Tokens in", f"{total.usage.prompt_tokens:,}", border=True, icon=":material/input:")
        st.metric("Tokens out", f"{total.usage.completion_tokens:,}", border=True, icon=":material/output:")
        cost = "unknown" if total.cost is None else dollars(total.cost)
        st.metric("Cost", cost, border=True, icon=":material/payments:")
    unknown = plural(total.unknown_cost_calls, "call")
    st.caption(
        f"{plural(total.failed_calls, 'call')} failed. "
        + (f"What {unknown} cost is not known, and is not in the sum." if total.unknown_cost_calls else "")
    )


def _draw_chart(table: UsageTable) -> None:
    measure = st.segmented_control(
        "Show",
        list(MEASURES),
        default="Cost" if table.total.cost else "Tokens",
        required=True,
        key="usage_measure",
        label_visibility="collapsed",
        persist_state="page",
    )
    if measure == "Cost" and table.total.cost is None:
        st.info(
            "No price is known for these models. Prices can be written into models.toml in the data folder.",
            icon=":material/payments:",
        )
        return
    rows = [row for row in table.rows if measure != "Cost" or row.cost is not None]
    if table.group_by is GroupBy.DAY:
        _draw_days(rows, measure)
    else:
        rows = _draw_groups(table, rows, measure)
    if len(rows) < len(table.rows):
        st.caption(f"{len(rows)} of {plural(len(table.rows), table.group_by)} are in the chart; all are in the table.")


def _draw_days(rows: list[UsageRow], measure: str) -> None:
    figure = go.Figure()
    for name, (colour, part) in MEASURES[measure].items():
        figure.add_bar(x=[row.group[0] for row in rows], y=[part(row) for row in rows], name=name, marker_color=colour)
    draw_chart(figure, "usage_days", height=DAYS_HEIGHT, barmode="stack", xaxis_type="date", **_axis("y", measure))


def _draw_groups(table: UsageTable, rows: list[UsageRow], measure: str) -> list[UsageRow]:
    """The largest groups, the largest on top; returns them."""
    parts = MEASURES[measure]
    rows = sorted(rows, key=lambda row: sum(part(row) for _, part in parts.values()))[-MOST_BARS:]
    names = [_short(table.names[row.group]) for row in rows]
    places = list(range(len(rows)))  # two datasets may have the same name
    figure = go.Figure()
    for name, (colour, part) in parts.items():
        figure.add_bar(
            x=[part(row) for row in rows],
            y=places,
            name=name,
            marker_color=colour,
            orientation="h",
            customdata=names,
            hovertemplate=f"%{{customdata}}: %{{x:,}} {name}<extra></extra>",
        )
    axis = {"tickvals": places, "ticktext": names, "title": None}
    height = AXIS_HEIGHT + BAR_HEIGHT * len(rows)
    draw_chart(figure, "usage_groups", height=height, barmode="stack", yaxis=axis, **_axis("x", measure))
    return rows


def _axis(which: str, measure: str) -> dict[str, object]:
    return {f"{which}axis_tickprefix": "$"} if measure == "Cost" else {f"{which}axis_tickformat": "~s"}


def _short(name: str) -> str:
    """A name beside a bar. Plotly takes HTML for what it is."""
    cut = name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"
    return cut.replace("&", "&amp;").replace("<", "&lt;")


def _draw_rows(table: UsageTable) -> None:
    rows = table.rows
    number = st.column_config.NumberColumn(format="localized")
    st.dataframe(
        {
            table.group_by.capitalize(): [table.names[row.group] for row in rows],
            "Calls": [row.calls for row in rows],
            "Failed": [row.failed_calls for row in rows],
            "Tokens in": [row.usage.prompt_tokens for row in rows],
            "Tokens out": [row.usage.completion_tokens for row in rows],
            "Cost": [cost_in_words(row.cost, row.unknown_cost_calls) for row in rows],
            "Seconds per call": [row.seconds / row.calls for row in rows],
        },
        column_config={
            **dict.fromkeys(("Calls", "Failed", "Tokens in", "Tokens out"), number),
            "Seconds per call": st.column_config.NumberColumn(format="%.2f"),
        },
        key="usage_rows",
        hide_index=True,
    )
    st.caption(f"{plural(len(rows), table.group_by)}, the latest used first. Days are UTC.")
