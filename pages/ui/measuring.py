"""Figures that are computed once for a state of a dataset: at once where it is small, by a job where it is large."""

import streamlit as st

from pages.ui.jobs import job_panel
from pages.ui.words import ago, duration, plural
from synthgen_core.actions.jobs import latest_task
from synthgen_core.actions.measures import Measure, get_or_measure, start_measuring
from synthgen_core.models import Dataset, JobKind, JobStatus
from synthgen_core.workspace import Workspace

AT_ONCE = 20_000
"""Examples that are added up while the page waits: a second or so."""


def measured(
    place: Workspace, dataset: Dataset, name: str, *, key: str, at_once: int = AT_ONCE, rate: float | None = None
) -> Measure | None:
    """The measure to draw, or None: then what can be done about it is drawn instead.

    Above ``at_once`` examples a job measures, and an older measure is shown until then, with its age. ``rate``:
    examples a second, to say how long that takes. ``key`` tells the buttons of one page apart.
    """
    with st.spinner("Measuring all examples …", show_time=True):
        measure = get_or_measure(place, dataset, name, at_once=at_once)
    if measure is not None and measure.of_state == dataset.updated_at:
        return measure
    task = latest_task(place, dataset.id, JobKind.MEASURES)
    if task is not None and (task.job.status.is_active or task.job.status is JobStatus.FAILED):
        job_panel(place, task.job.id)
        if task.job.status.is_active:
            return measure
    with st.container(border=True, horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        size = plural(dataset.example_count, "example")
        if measure is None:
            time = f", which takes about {duration(dataset.example_count / rate)}" if rate else ""
            st.markdown(f":material/query_stats: {size} have to be measured first{time}. It goes on in the background.")
        else:
            st.markdown(
                f":material/history: As measured {ago(measure.computed_at)}, on {plural(measure.n, 'example')}. "
                "The dataset has changed since."
            )
        label, kind = ("Measure", "primary") if measure is None else ("Measure again", "secondary")
        if st.button(label, key=f"{key}-measure", type=kind):
            start_measuring(place, dataset.id, [name])
            st.rerun()
    return measure
