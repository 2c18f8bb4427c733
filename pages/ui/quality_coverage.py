"""Target against actual of every drawn parameter, and the run that adds what is missing."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.ui.charts import AMBER, GRAY, PINK, SKY, chart_card, chart_label, empty_card, palette
from pages.ui.measuring import measured
from pages.ui.opening import Target
from pages.ui.quality_top_up import draw_top_up
from pages.ui.words import as_label, plural
from synthgen_core.actions.coverage import (
    COVERAGE,
    Coverage,
    ParameterCoverage,
    Standing,
    ValueCoverage,
    read_coverage,
)
from synthgen_core.models import Dataset, ExampleFilter
from synthgen_core.prompts import label_of
from synthgen_core.scenarios import in_words
from synthgen_core.workspace import Workspace

ROW, FRAME = 30, 46
"""Pixels of a bar, and of what is around the bars."""
RATE = 90_000
"""Examples that are counted in a second, about."""
CHANCE = 0.05
QUIET: dict[str, Any] = {"border": True, "delta_color": "off", "delta_arrow": "off"}
COLOURS = {Standing.SHORT: AMBER, Standing.OVER: SKY, Standing.AS_DRAWN: palette(0)}
HOW = (
    "The pink line is the target: each value’s share of the domain’s weights; in the question bank, where a situation "
    "leaves values out, the mean of what each question leaves. A value is **short** (amber) or **over** (blue) where "
    "the 95 % interval of its share (Wilson’s, or the exact one for few) is clear of its target: by chance, one in "
    "twenty is."
)


def coverage_part(place: Workspace, dataset: Dataset) -> None:
    """Draw it."""
    measure = measured(place, dataset, COVERAGE, key="coverage", rate=RATE)
    if measure is None:
        return
    coverage = read_coverage(place, dataset, measure)
    if not any(each.n for each in coverage.parameters):
        empty_card("Target against actual", _why_nothing(coverage))
        return
    figures, top_up = st.columns([5, 4], gap="medium")
    with figures:
        _draw_figures(coverage)
    with top_up:
        draw_top_up(place, dataset, coverage)
    with st.grid("auto", min_column_width=420):
        for parameter in coverage.parameters:
            _draw_parameter(dataset, parameter)


def _why_nothing(coverage: Coverage) -> str:
    if not coverage.n:
        return "There is no active example."
    if coverage.untargeted == coverage.n:
        return f"The domain of these {coverage.n:,} examples is not known here, so that there is no target."
    return (
        f"None of the {coverage.n:,} active examples has drawn parameters, as those have that are generated here. "
        "So there is nothing to hold against a target."
    )


def _draw_figures(coverage: Coverage) -> None:
    values = [value for each in coverage.parameters for value in each.values if each.n]
    short = sum(value.standing is Standing.SHORT for value in values)
    over = sum(value.standing is Standing.OVER for value in values)
    tested = [each.fit.p for each in coverage.parameters if each.fit.p is not None]
    off = sum(p < CHANCE for p in tested)
    with st.grid(2, min_column_width=120):
        st.metric("Active examples", f"{coverage.n:,}", border=True)
        st.metric(
            "Values short", f"{short:,}", f"of {len(values):,}", delta_color="off", delta_arrow="off", border=True
        )
        st.metric("Values over", f"{over:,}", f"of {len(values):,}", delta_color="off", delta_arrow="off", border=True)
        st.metric(
            "Parameters off",
            f"{off:,}",
            f"of {len(tested):,} tested",
            **QUIET,
            help="Whose counts would come by chance in less than 5 % of runs (Pearson’s chi-square test).",
        )
    st.caption(HOW)
    if coverage.untargeted:
        st.caption(f"{plural(coverage.untargeted, 'example')} of a domain that is not known here are left out.")


def _draw_parameter(dataset: Dataset, parameter: ParameterCoverage) -> None:
    """A bar for each value's share, with its interval, and a line where it was to be."""
    title = _sentence(label_of(parameter.name))
    if not parameter.n:
        empty_card(title, f"Not one of {plural(parameter.without, 'example')} says which value was drawn.")
        return
    values = parameter.values
    rows = list(range(len(values)))
    figure = go.Figure()
    shares = [value.share.value or 0.0 for value in values]
    figure.add_bar(
        y=rows,
        x=shares,
        orientation="h",
        marker_color=[COLOURS[value.standing] for value in values],
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [(value.share.high or 0.0) - share for value, share in zip(values, shares, strict=True)],
            "arrayminus": [share - (value.share.low or 0.0) for value, share in zip(values, shares, strict=True)],
            "color": GRAY,
            "thickness": 1.5,
            "width": 3,
        },
        customdata=[_told(value) for value in values],
        hovertemplate="%{customdata}<extra></extra>",
    )
    figure.add_scatter(
        y=rows,
        x=[value.target for value in values],
        mode="markers",
        marker={"symbol": "line-ns-open", "size": 20, "color": PINK, "line": {"width": 3}},
        hovertemplate="target: %{x:.1%}<extra></extra>",
    )
    opens: list[Target] = [
        ExampleFilter(parameters={parameter.name: value.value}) if value.active else None for value in values
    ]
    chart_card(
        title,
        figure,
        f"coverage-{parameter.name}",
        caption=_basis(parameter),
        data=pd.DataFrame([_row(value) for value in values]),
        dataset_id=dataset.id,
        opens=[opens, opens],
        height=FRAME + ROW * len(values),
        showlegend=False,
        xaxis={"tickformat": ".0%", "rangemode": "tozero", "title": None, "fixedrange": True},
        yaxis={
            "tickvals": rows,
            "ticktext": [f"{chart_label(in_words(value.value))}  {value.active:,}" for value in values],
            "autorange": "reversed",
            "title": None,
            "fixedrange": True,
        },
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _told(value: ValueCoverage) -> str:
    """What the mouse over a bar says."""
    share, low, high = value.share.value or 0.0, value.share.low or 0.0, value.share.high or 0.0
    gap = "as many as the target asks"
    if round(value.surplus):
        gap = f"{abs(value.surplus):,.0f} too {'many' if value.surplus > 0 else 'few'}"
    lost = ""
    if value.lost.value:
        lost = f"<br>{value.lost.value:.0%} of {value.lost.n:,} made were removed"
    return (
        f"{chart_label(in_words(value.value))}: {value.active:,}, {gap}"
        f"<br>{share:.1%} ({low:.1%} to {high:.1%}), target {value.target:.1%}{lost}"
    )


def _row(value: ValueCoverage) -> dict[str, object]:
    return {
        "value": value.value,
        "active": value.active,
        "target_share": value.target,
        "share": value.share.value,
        "share_low": value.share.low,
        "share_high": value.share.high,
        "surplus": value.surplus,
        "standing": value.standing.value,
        "lost_share": value.lost.value,
        "lost_low": value.lost.low,
        "lost_high": value.lost.high,
        "made": value.lost.n,
    }


def _basis(parameter: ParameterCoverage) -> str:
    """n, how far off it is, the test, what was lost on the way, and what is left out."""
    fit = parameter.fit
    test = fit.why_withheld.rstrip(".")
    if fit.p is not None:
        test = f"p {_p(fit.p)} (chi-square, {plural(fit.degrees, 'degree')} of freedom)"
    said = [f"n = {parameter.n:,}; {parameter.off_target:.1%} off target. {test}"]
    if lost := [value for value in parameter.values if value.lost.value]:
        worst = max(lost, key=lambda value: value.lost.low or 0.0)
        gone = sum(round((value.lost.value or 0.0) * value.lost.n) for value in lost)
        share = f"{worst.lost.value:.0%} of {worst.lost.n:,}"
        said.append(f"{gone:,} were removed, the largest share of “{as_label(in_words(worst.value))}”: {share}")
    if parameter.without:
        said.append(f"{plural(parameter.without, 'example')} without a value left out")
    if parameter.strange:
        count = sum(parameter.strange.values())
        said.append(f"{plural(count, 'example')} with a value that the domain does not have left out")
    return ". ".join(said) + "."


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"
