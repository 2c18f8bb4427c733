"""What became of what was asked for, stage by stage; and what each model took for it, in time and money."""

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.ui.charts import AMBER, GRAY, TEAL, chart_card, chart_label, empty_card, palette
from pages.ui.opening import Target
from pages.ui.words import plural, seconds_text
from synthgen_core.actions.losses import NEWEST, Losses, ModelUse, Stage, get_losses, get_model_use
from synthgen_core.models import Dataset
from synthgen_core.workspace import Workspace

ROW, FRAME = 34, 40
MOST_CAUSES = 12


def losses_part(place: Workspace, dataset: Dataset) -> None:
    """Draw it."""
    losses, used = get_losses(place, dataset), get_model_use(place, dataset)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _draw_stages(dataset, losses)
    with right:
        _draw_causes(losses)
        if used:
            _draw_times(used)
    if used:
        _draw_use(used)
    else:
        why = "No call to a model is known for this dataset: it was imported, or made of others."
        empty_card("Time and cost by model", why)


def _draw_stages(dataset: Dataset, losses: Losses) -> None:
    stages, counts = losses.stages, {stage.name: stage.count for stage in losses.stages}
    most = max(counts.values())
    rows = list(range(len(stages)))
    figure = go.Figure()
    figure.add_bar(
        y=rows,
        x=[stage.count for stage in stages],
        orientation="h",
        marker_color=palette(0),
        text=[_told(stage, counts) for stage in stages],
        textposition=["inside" if stage.count > most / 2 else "outside" for stage in stages],
        cliponaxis=False,
        hoverinfo="none",
    )
    opens: list[Target] = [stage.opens if stage.count else None for stage in stages]
    when = f" The latest export was on {losses.exported_at:%d %b %Y}." if losses.exported_at else ""
    chart_card(
        "Stages",
        figure,
        "losses-stages",
        caption=f"Examples, and which share of an earlier stage they are.{when} Where each number is from:  \n"
        + "  \n".join(f"**{stage.name}**: {stage.source}" for stage in stages),
        data=pd.DataFrame(
            [(stage.name, stage.count, stage.of, stage.source) for stage in stages],
            columns=["stage", "examples", "part_of", "source"],
        ),
        dataset_id=dataset.id,
        opens=[opens],
        height=FRAME + ROW * len(stages),
        yaxis={"tickvals": rows, "ticktext": [stage.name for stage in stages], "autorange": "reversed"}
        | {"title": None, "fixedrange": True},
        xaxis={"visible": False, "fixedrange": True},
    )


def _told(stage: Stage, counts: Mapping[str, int]) -> str:
    """A number, and what share of the stage before that is."""
    whole = counts.get(stage.of)
    return f"{stage.count:,} ({stage.count / whole:.0%} of {stage.of.lower()})" if whole else f"{stage.count:,}"


def _draw_causes(losses: Losses) -> None:
    title = "What was lost, and why"
    if not losses.causes:
        empty_card(title, "No reply was turned away and no call failed, as far as the jobs of this dataset tell.")
        return
    causes = list(losses.causes.items())
    shown, others = causes[:MOST_CAUSES], causes[MOST_CAUSES:]
    figure = go.Figure()
    figure.add_bar(
        y=list(range(len(shown))),
        x=[count for _, count in shown],
        orientation="h",
        marker_color=AMBER,
        text=[f"{count:,}" for _, count in shown],
        textposition="auto",
        hoverinfo="skip",
    )
    left_out = f" {len(others):,} rarer causes are in the data only." if others else ""
    chart_card(
        title,
        figure,
        "losses-causes",
        caption=f"{sum(losses.causes.values()):,} replies and calls that led to nothing, by cause (jobs). Most were "
        f"asked for again, so that one example can have several. A job that is resumed counts anew.{left_out}",
        data=pd.DataFrame(causes, columns=["cause", "count"]),
        height=FRAME + ROW * len(shown),
        yaxis={
            "tickvals": list(range(len(shown))),
            "ticktext": [chart_label(cause.replace("_", " ")) for cause, _ in shown],
            "autorange": "reversed",
            "title": None,
            "fixedrange": True,
        },
        xaxis={"visible": False, "fixedrange": True},
    )


def _draw_times(used: list[ModelUse]) -> None:
    """A bar from the median to the 95th percentile for each model."""
    timed = [each for each in used if each.median is not None and each.slow is not None]
    title = "Seconds of a call"
    if not timed:
        empty_card(title, "No call was answered.")
        return
    rows = list(range(len(timed)))
    figure = go.Figure()
    for name, values, colour in (
        ("median", [each.median for each in timed], TEAL),
        ("95 % within", [each.slow for each in timed], GRAY),
    ):
        figure.add_scatter(
            y=rows,
            x=values,
            name=name,
            mode="markers",
            marker={"size": 12, "color": colour},
            cliponaxis=False,
            customdata=[seconds_text(value) for value in values if value is not None],
            hovertemplate=f"{name}: %{{customdata}}<extra></extra>",
        )
    for row, each in zip(rows, timed, strict=True):
        figure.add_shape(type="line", x0=each.median, x1=each.slow, y0=row, y1=row, line={"color": GRAY, "width": 2})
    calls = sum(each.timed for each in timed)
    whose = f"the newest {NEWEST:,}" if calls == NEWEST else f"{calls:,}"
    chart_card(
        title,
        figure,
        "losses-times",
        caption=f"Of {whose} calls that were answered; those that failed are left out.",
        data=pd.DataFrame(
            [(each.provider, each.model, each.timed, each.median, each.slow) for each in timed],
            columns=["provider", "model", "answered", "median", "within_95"],
        ),
        height=FRAME + 30 + ROW * len(timed),
        yaxis={"tickvals": rows, "ticktext": [chart_label(each.model or each.provider) for each in timed]}
        | {"range": [len(timed) - 0.5, -0.5], "title": None, "fixedrange": True},
        xaxis={"rangemode": "tozero", "ticksuffix": " s", "title": None, "fixedrange": True},
    )


def _draw_use(used: list[ModelUse]) -> None:
    with st.container(border=True):
        st.markdown("**Time and cost by model**")
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        "Model": each.model or each.provider,
                        "Calls": each.calls,
                        "Failed": each.failed,
                        "Tokens": each.usage.total,
                        "Cost": each.cost_words,
                        "Median": None if each.median is None else seconds_text(each.median),
                        "95 % within": None if each.slow is None else seconds_text(each.slow),
                    }
                    for each in used
                ]
            ),
            hide_index=True,
            column_config={
                name: st.column_config.NumberColumn(format="localized") for name in ("Calls", "Failed", "Tokens")
            },
        )
        calls = sum(each.calls for each in used)
        unknown = sum(each.unknown_cost_calls for each in used)
        whose = f"the cost of {unknown:,} is not known, and is in no sum" if unknown else "the cost of all is known"
        st.caption(f"{plural(calls, 'call')} for this dataset, judging and mending too (calls); {whose}.")
