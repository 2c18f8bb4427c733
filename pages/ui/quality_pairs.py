"""Comparing with another dataset: which examples a judge finds better, asked in both orders."""

from functools import partial

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.ui import session
from pages.ui.charts import chart_card, chart_label, palette
from pages.ui.figures import Form, figure_text
from pages.ui.gate import may, reason
from pages.ui.jobs import job_panel
from pages.ui.opening import open_in_review
from pages.ui.quality_judging_form import draw_start, what_it_takes, who_judges
from pages.ui.quality_rubrics import KEEP, rubric_picker
from pages.ui.shell import reporting
from pages.ui.words import ago, as_id, as_label, as_markdown, plural
from synthgen_core.access import Role
from synthgen_core.actions.comparing import (
    MOST_PAIRS,
    Comparison,
    ComparisonRequest,
    estimate_comparison,
    get_comparisons,
    start_comparison,
)
from synthgen_core.actions.datasets import get_datasets
from synthgen_core.errors import SynthGenError
from synthgen_core.models import Dataset, JobStatus
from synthgen_core.workspace import Workspace

LISTED, EARLIER = 200, 10
"""Datasets to choose from, and comparisons that are listed."""
DATASETS, EXAMPLES = "Two datasets", "Two examples"
BAR_HEIGHT = 110
GRAY_TIE, GRAY_FAILED = "#94a3b8", "#cbd5e1"
WHAT_IT_IS = (
    "The judge reads pairs of examples, each in both orders, and says which one it would rather train on. Only what "
    "holds in both orders is a win; where the order decides, it is a tie."
)


def pairs_section(place: Workspace, dataset: Dataset) -> None:
    """Draw it."""
    st.caption(WHAT_IT_IS)
    found = get_comparisons(place, dataset.id, limit=EARLIER)
    latest = found[0].view.job.status if found else None
    if latest is not None and latest is not JobStatus.COMPLETED:
        job_panel(place, found[0].view.job.id)
    if found and found[0].pairs:
        _draw_result(dataset, found[0])
    if not may(place, Role.ADMIN):
        st.caption(reason(place, Role.ADMIN))
    elif latest is None or not latest.is_active:
        _draw_form(place, dataset)
    if found[1:]:
        _draw_earlier(found[1:])


def _draw_form(place: Workspace, dataset: Dataset) -> None:
    left, right = st.columns(2, gap="small")
    with left:
        config = who_judges(place)
    with right, st.container(border=True, height="stretch"):
        st.markdown("**What is compared**")
        rubric = rubric_picker(place, session.RUBRIC_COMPARED)
        said = _what(place, dataset)
    if said is None:
        return
    first, second, are_examples, pairs, seed = said
    asked = ComparisonRequest(first, second, config, rubric.rubric, pairs, seed, are_examples)
    with reporting():
        told = estimate_comparison(place, asked)
        draw_start(
            "Compare" if are_examples else f"Compare {plural(told.pairs, 'pair')}",
            f"{what_it_takes(told.calls, told.usage.total, told.cost)} {told.basis}",
            partial(_start, place, asked),
            icon=":material/compare_arrows:",
            is_disabled=False,
        )


def _what(place: Workspace, dataset: Dataset) -> tuple[int, int, bool, int, int | None] | None:
    """What is compared, how many pairs, by which seed; None while that is not said."""
    what = st.segmented_control(
        "What", [DATASETS, EXAMPLES], default=DATASETS, required=True, key="compare-what", label_visibility="collapsed"
    )
    if what == EXAMPLES:
        fields = st.columns(2)
        numbers = [
            fields[n].number_input(f"{name} example", 1, None, None, 1, key=f"compare-{name}", placeholder="its id")
            for n, name in enumerate(("First", "Second"))
        ]
        if None in numbers:
            st.caption("Give the ids of two examples: they are on the Review page, under “Facts”.")
            return None
        return int(numbers[0] or 0), int(numbers[1] or 0), True, 1, None
    others = {
        row.id: row
        for row in get_datasets(place, format_type=dataset.format, page_size=LISTED).rows
        if row.id != dataset.id and row.example_count
    }
    if not others:
        st.caption(f"There is no other dataset in the format {dataset.format} with examples in it.")
        return None
    other = st.selectbox(
        "Compare with", list(others), format_func=lambda number: others[number].name, key=f"compare-with-{dataset.id}"
    )
    left, right = st.columns(2)
    pairs = left.number_input("Pairs", 1, MOST_PAIRS, 50, key="compare-pairs", persist_state=KEEP)
    seed = right.text_input("Seed", key="compare-seed", placeholder="drawn", help="The same seed draws the same pairs.")
    if seed.strip() and as_id(seed.strip()) is None:
        st.error("A seed is a whole number from 0 on, of 18 digits at most.", icon=":material/error:")
        return None
    return dataset.id, other, False, int(pairs), as_id(seed.strip())


def _start(place: Workspace, request: ComparisonRequest) -> None:
    try:
        start_comparison(place, request)
    except SynthGenError as error:
        session.set_problem(error)
        return
    st.toast("The judge compares.", icon=":material/compare_arrows:")


def _draw_result(dataset: Dataset, found: Comparison) -> None:
    """Who won how often, with everything that limits what that says."""
    judged = len(found.pairs) - found.failed
    first, second = found.names
    if found.win_rate.is_shown:
        rate = figure_text(found.win_rate, Form.SHARE)
        told = f"**{as_label(first)}** wins {rate} of {plural(found.decided, 'decided pair')}."
    else:
        told = "No pair was decided: there is no win rate."
    st.markdown(told)
    bars = {
        first.strip("“”"): (found.wins[0], palette(0)),
        second.strip("“”"): (found.wins[1], palette(1)),
        "tie": (found.ties, GRAY_TIE),
        "failed": (found.failed, GRAY_FAILED),
    }
    figure = go.Figure()
    for name, (count, colour) in bars.items():
        figure.add_bar(
            y=[""],
            x=[count],
            name=chart_label(name),
            orientation="h",
            marker_color=colour,
            text=[f"{count:,}" if count else ""],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            hovertemplate=f"{chart_label(name)}: %{{x:,}}<extra></extra>",
        )
    chart_card(
        "What the judge found better",
        figure,
        f"compare-bar-{found.view.job.id}",
        caption=as_markdown(" ".join(_limits(found, judged))),
        data=pd.DataFrame([[name, count] for name, (count, _) in bars.items()], columns=["verdict", "pairs"]),
        height=BAR_HEIGHT,
        barmode="stack",
        legend={"traceorder": "normal"},
        xaxis={"visible": False, "range": [0, len(found.pairs)]},
        yaxis={"visible": False},
    )
    _draw_pairs(dataset, found)


def _limits(found: Comparison, judged: int) -> list[str]:
    by_chance = found.view.job.requested - found.same_matter
    drawn = f"{plural(found.same_matter, 'pair')} about the same scenario or question, {by_chance:,} by chance."
    said = [
        f"Share of the decided pairs, Wilson’s 95 % interval; {found.ties:,} ties, {found.failed:,} failed, in neither."
    ]
    if not found.view.job.parameters["are_examples"]:
        said.append(drawn)
    if found.alike:
        said.append(f"{plural(found.alike, 'example')} stand word for word in both, and were left out.")
    if judged:
        said.append(f"The order decided in {figure_text(found.turned, Form.SHARE)} of {plural(judged, 'pair')}")
        turned = round((found.turned.value or 0) * judged)
        said[-1] += f", {found.for_first_shown:,} of {turned:,} times for the one shown first." if turned else "."
    return said


def _draw_pairs(dataset: Dataset, found: Comparison) -> None:
    with st.expander("What the judge said", icon=":material/forum:"):
        rows = [
            {
                "First": pair.first_id,
                "Second": pair.second_id,
                "Better": {"first": found.names[0], "second": found.names[1]}.get(pair.verdict, pair.verdict),
                "Why": _reason(pair.reasons),
            }
            for pair in found.pairs
        ]
        event = st.dataframe(
            pd.DataFrame(rows),
            hide_index=True,
            key=f"compare-pairs-{found.view.job.id}",
            on_select="rerun",
            selection_mode="single-row",
            column_config={"Why": st.column_config.TextColumn(width="large")},
        )
        st.caption("Choose a row to open its first example in Review.")
        if event["selection"]["rows"]:
            open_in_review(dataset.id, found.pairs[event["selection"]["rows"][0]].first_id)


def _reason(reasons: dict[str, object]) -> str:
    straight = reasons.get("straight")
    return str(straight["reason"]) if isinstance(straight, dict) else str(reasons.get("failure", ""))


def _draw_earlier(found: list[Comparison]) -> None:
    st.markdown("**Earlier comparisons**")
    rows = [
        {
            "When": ago(each.view.job.created_at),
            "Of": " against ".join(each.names),
            "First wins": figure_text(each.win_rate, Form.SHARE),
            "n decided": each.decided,
            "Ties": each.ties,
            "Failed": each.failed,
            "Order decided": figure_text(each.turned, Form.SHARE),
            "Cost": each.view.cost,
        }
        for each in found
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True)
