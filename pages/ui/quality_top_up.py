"""Topping a dataset up: how many, by which model, what it will change and take; and the run, while it happens."""

from functools import partial

import streamlit as st

from pages.ui import session
from pages.ui.gate import may
from pages.ui.generation import draw_estimate
from pages.ui.jobs import job_panel
from pages.ui.provider_picker import provider_picker
from pages.ui.shell import reporting, show_error
from pages.ui.words import as_label
from synthgen_core.access import Role
from synthgen_core.actions.coverage import Coverage, TopUp, last_run, plan_top_up, running_top_up, start_top_up
from synthgen_core.actions.settings import with_key_for
from synthgen_core.errors import SynthGenError
from synthgen_core.models import Dataset
from synthgen_core.prompts import label_of
from synthgen_core.scenarios import in_words
from synthgen_core.workspace import Workspace

MOST_AT_ONCE = 100_000
SAME, OTHER = "The same model", "Another"


def draw_top_up(place: Workspace, dataset: Dataset, coverage: Coverage) -> None:
    """The form, or the run that adds to the dataset now."""
    if problem := session.take_problem():
        show_error(problem)
    if (job := running_top_up(place, dataset.id)) is not None:
        job_panel(place, job.id)
        return
    if not may(place, Role.ADMIN):
        return
    last = last_run(place, dataset.id)
    if last is None and not dataset.domain:
        st.caption("A dataset of one domain can be topped up here; this one is of several, or its domain is not known.")
        return
    with st.container(border=True), reporting():
        st.markdown("**Top up**: more examples, in which missing values are drawn more often")
        left, right = st.columns([2, 3], vertical_alignment="bottom")
        more = left.number_input(
            "Examples to add",
            1,
            MOST_AT_ONCE,
            min(MOST_AT_ONCE, max(1, coverage.missing)),
            key=f"top-up-{dataset.id}-{coverage.n}",
            help="To begin with: what the parameter lacks that is furthest off. More come nearer to the target.",
        )
        provider = None
        if last is not None:
            with right:
                whose = st.radio("Written by", (SAME, OTHER), key=f"top-up-model-{dataset.id}", horizontal=True)
            if whose == SAME:
                place = with_key_for(place, last.id, session.keys())
        if last is None or whose == OTHER:
            provider = provider_picker(place)
        planned = plan_top_up(place, dataset, coverage, int(more), provider)
        if provider is None:
            config, method = planned.request.provider, str(planned.request.method).replace("_", " ")
            st.caption(f"As in the last run: {as_label(config.model or config.type)}, {method}.")
        st.markdown(f"Off target, on average: **{planned.now:.1%}** now, about **{planned.then:.1%}** then.")
        draw_estimate(place, planned.request)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                f"Add {more:,}",
                key="top-up-start",
                type="primary",
                icon=":material/add:",
                on_click=partial(_start, place, planned, f"{dataset.id} {last.id if last else 0}"),
            )
            with st.popover("Weights", icon=":material/balance:", type="tertiary", key="top-up-weights"):
                _draw_weights(planned)


@st.cache_resource(max_entries=100, show_spinner=False)
def _start_once(_place: Workspace, _planned: TopUp, draft: str) -> int:
    """Start the run that comes after another one; returns its job's id. Quick presses start one: see “Generate”."""
    return start_top_up(_place, _planned).id


def _start(place: Workspace, planned: TopUp, after: str) -> None:
    try:
        _start_once(place, planned, f"{session.mark_of_session()} {after}")
    except SynthGenError as error:
        session.set_problem(error)


def _draw_weights(planned: TopUp) -> None:
    """How often each value will be drawn; they are kept with the job, so that its seed draws the same again."""
    for name, weights in planned.request.weights.items():
        whole = sum(weights.values())
        now, then = planned.expected[name]
        shown = " · ".join(f"{as_label(in_words(value))} {weight / whole:.0%}" for value, weight in weights.items())
        label = label_of(name)
        st.markdown(
            f"**{as_label(label[:1].upper() + label[1:])}**: {now:.1%} off now, {then:.1%} then  \n:small[{shown}]"
        )
