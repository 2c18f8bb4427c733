"""What a judge is asked to do with a dataset: who judges, what, by which rubric, and what it will take."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial

import streamlit as st

from pages.ui import session
from pages.ui.provider_picker import judge_picker
from pages.ui.quality_rubrics import KEEP, rubric_picker
from pages.ui.shell import reporting
from pages.ui.words import as_id, as_markdown, plural
from synthgen_core.actions.providers import PROVIDERS
from synthgen_core.actions.quality import (
    DEFAULT_BATCH_SIZE,
    MIN_QUALITY_SCORE,
    MOST_AT_A_TIME,
    MOST_RUNS,
    QualityEstimate,
    QualityRequest,
    estimate_quality,
    start_quality,
)
from synthgen_core.actions.usage import dollars
from synthgen_core.errors import ConflictError, SynthGenError
from synthgen_core.models import Dataset, ProviderConfig
from synthgen_core.workspace import Workspace

SCORES, BETTER = "Scores", "A better dataset"
ALL, SAMPLE = "All", "A sample"
USUAL_SAMPLE = 100
WHAT = {
    SCORES: "Each example gets its score; nothing else changes.",
    BETTER: "The examples are copied into a new dataset, and the weak ones mended or removed there. This one keeps its "
    "texts, and gets the scores.",
}
NOT_OFFERED = (
    "The embedded model is not offered: measured, its scores were no better than a coin. Nor should a model judge what "
    "it wrote itself."
)
CAP_HELP = "The run pauses before it could pass this, and can be resumed with more."
ESTIMATES, ESTIMATE_SECONDS = 50, 300
"""Estimates that are kept, and for how long."""


def judging_form(place: Workspace, dataset: Dataset) -> None:
    """The whole form, with its estimate and its button."""
    left, right = st.columns(2, gap="small")
    with left:
        config = who_judges(place)
    with right, st.container(border=True, height="stretch"):
        st.markdown("**What is judged, and what comes of it**")
        rubric = rubric_picker(place, session.RUBRIC_JUDGED)
        which = _examples(dataset)
        what = _choose("What comes of it", [SCORES, BETTER], "judge-what")
        st.caption(WHAT[what])
        mends = _mending() if what == BETTER else {"judge_only": True}
    strip = st.container()  # above the settings that it depends on: few need those
    more = _more(config)
    with strip, reporting():
        if which is None:
            st.error("A seed is a whole number from 0 on, of 18 digits at most.", icon=":material/error:")
        else:
            _draw_start(place, dataset, QualityRequest(dataset.id, config, rubric.rubric, **which, **mends, **more))


def who_judges(place: Workspace) -> ProviderConfig:
    """The choice of the judge, in a box of its own."""
    with st.container(border=True, height="stretch"):
        st.markdown("**Who judges**")
        config = judge_picker(place)
        st.caption(NOT_OFFERED)
    return config


def draw_no_judge() -> None:
    """No provider can judge now: what to do, and what works without."""
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(
            ":material/info: No model that can judge is set up: there is no key, and no server of your own answers.  \n"
            ":small[:gray[The rules and the search for duplicates work without one.]]",
            width="content",
        )
        with st.container(horizontal=True, width="content", vertical_alignment="center"):
            st.page_link("pages/settings.py", label="Set one up", icon=":material/settings:")
            st.button(
                "Run the rules",
                key="judge-rules",
                icon=":material/rule:",
                on_click=session.open_part,
                args=("Rules",),
            )


def _choose(label: str, options: list[str], key: str) -> str:
    chosen = st.segmented_control(label, options, default=options[0], required=True, key=key, persist_state=KEEP)
    return chosen or options[0]


def _mending() -> dict[str, object]:
    score = st.slider(
        "Minimum score",
        0.0,
        10.0,
        MIN_QUALITY_SCORE,
        0.5,
        key="judge-minimum",
        persist_state=KEEP,
        help="Examples below it are weak.",
    )
    fix = st.toggle(
        "Have weak ones mended",
        key="judge-fix",
        persist_state=KEEP,
        help="One more call for each, and another judgement: the mended text is taken only if it scores better.",
    )
    remove = st.toggle(
        "Remove those that stay weak",
        key="judge-remove",
        persist_state=KEEP,
        help="In the new dataset. They can be brought back there.",
    )
    return {"judge_only": False, "min_quality_score": score, "auto_fix": fix, "auto_remove": remove}


def _examples(dataset: Dataset) -> dict[str, object] | None:
    """Which examples are judged; None where what was typed is no seed."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        which = _choose("Examples", [ALL, SAMPLE], "judge-which")
        if which == ALL:
            return {}
        size = st.number_input(
            "Size", 1, max(1, dataset.example_count), min(USUAL_SAMPLE, dataset.example_count), key="judge-sample"
        )
        seed = st.text_input("Seed", key="judge-seed", placeholder="drawn", help="The same seed draws the same ones.")
    if seed.strip() and as_id(seed.strip()) is None:
        return None
    return {"sample": int(size), "seed": as_id(seed.strip())}


def _more(config: ProviderConfig) -> dict[str, object]:
    with (
        st.expander("More settings", icon=":material/tune:"),
        st.grid(4, min_column_width=190, vertical_alignment="bottom"),
    ):
        runs = st.number_input(
            "Replies on each text",
            1,
            MOST_RUNS,
            1,
            key="judge-runs",
            persist_state=KEEP,
            help="More than one: the score is their mean, and how far they differ tells how sure the judge is.",
        )
        size = st.number_input(
            "Batch size",
            1,
            MOST_AT_A_TIME,
            DEFAULT_BATCH_SIZE,
            key="judge-batch",
            persist_state=KEEP,
            help="Examples that are worked on at a time, a call each.",
        )
        cost = None
        if PROVIDERS[config.type].is_paid:
            cost = st.number_input(
                "Spend at most ($)", 0.01, None, None, 0.5, key="judge-cost", placeholder="no cap", help=CAP_HELP
            )
        tokens = st.number_input(
            "Use at most (tokens)", 1, None, None, 10_000, key="judge-tokens", placeholder="no cap", help=CAP_HELP
        )
        again = st.checkbox(
            "Ask again",
            key="judge-again",
            help="Also where this judge has a score already. Else a second run asks only about what is new or changed.",
        )
    return {
        "runs": int(runs),
        "again": again,
        "batch_size": int(size),
        "max_cost": None if cost is None else Decimal(str(cost)),
        "max_tokens_total": tokens,
    }


@st.cache_data(ttl=ESTIMATE_SECONDS, max_entries=ESTIMATES, show_spinner="Estimating …")
def _estimate(_place: Workspace, request: QualityRequest, of_state: object) -> QualityEstimate:
    return estimate_quality(_place, request)


def _draw_start(place: Workspace, dataset: Dataset, request: QualityRequest) -> None:
    told = _estimate(place, request, dataset.updated_at)
    for warning in told.warnings:
        st.warning(as_markdown(warning), icon=":material/warning:")
    asked = told.examples - told.known if request.judge_only else told.examples
    if told.is_capped:
        st.warning("That is more than the cap allows; the run will pause there.", icon=":material/savings:")
    draw_start(
        f"Judge {asked:,}" if asked else "All are judged",
        f"{what_it_takes(told.calls, told.usage.total, told.cost)} {told.basis}",
        partial(_start, place, request),
        icon=":material/gavel:",
        is_disabled=not asked,
    )


def draw_start(label: str, takes: str, start: Callable[[], object], *, icon: str, is_disabled: bool) -> None:
    """The button that starts, and beside it what that will take."""
    left, right = st.columns([1, 3], gap="medium", vertical_alignment="center")
    left.button(
        label,
        type="primary",
        icon=icon,
        width="stretch",
        key="judge-start",
        disabled=is_disabled,
        on_click=start,
    )
    right.caption(as_markdown(takes))


def what_it_takes(calls: int, tokens: int, cost: Decimal | None) -> str:
    """Calls, tokens and money, in words."""
    price = "price unknown" if cost is None else "free" if not cost else f"about {dollars(cost)}"
    return f"{plural(calls, 'call')}, about {tokens:,} tokens, {price}."


def _start(place: Workspace, request: QualityRequest) -> None:
    try:
        start_quality(place, request)
    except ConflictError:
        return  # pressed twice: the page shows the run that the first press started
    except SynthGenError as error:
        session.set_problem(error)
        return
    st.toast("The judge is at work.", icon=":material/gavel:")
