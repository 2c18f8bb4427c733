"""The part “Judge”: a model scores the examples by a rubric, two datasets are compared, rubrics are edited."""

import streamlit as st

from pages.ui import session
from pages.ui.gate import may, reason
from pages.ui.jobs import job_panel
from pages.ui.provider_picker import has_judge
from pages.ui.quality_judge_runs import draw_past_runs, judge_panel
from pages.ui.quality_judging_form import draw_no_judge, judging_form
from pages.ui.quality_pairs import pairs_section
from pages.ui.quality_rubrics import rubrics_section
from pages.ui.shell import show_error
from synthgen_core.access import Role
from synthgen_core.actions.jobs import latest_task
from synthgen_core.models import Dataset, JobKind
from synthgen_core.workspace import Workspace

JUDGE, COMPARE, RUBRICS = "Score the examples", "Compare with another dataset", "Rubrics"
WHAT_IT_IS = (
    "A model reads each example and scores it from 0 to 10 on every criterion of a rubric, with its reasons. It can be "
    "wrong: what it says is only worth as much as it agrees with people, which “Trust” measures."
)


def judge_part(place: Workspace, dataset: Dataset) -> None:
    """Draw it."""
    if not dataset.example_count:
        st.info("There are no active examples to judge.", icon=":material/info:")
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        section = st.segmented_control(
            "What to do",
            [JUDGE, COMPARE, RUBRICS],
            default=JUDGE,
            required=True,
            key=session.JUDGE_SECTION,
            label_visibility="collapsed",
        )
    if problem := session.take_problem():
        show_error(problem)
    comparing = latest_task(place, dataset.id, JobKind.COMPARISON)
    if section != COMPARE and comparing is not None and comparing.job.status.is_active:
        job_panel(place, comparing.job.id)
    if section != RUBRICS and may(place, Role.ADMIN) and not has_judge(place):
        draw_no_judge()
    if section == COMPARE:
        pairs_section(place, dataset)
    elif section == RUBRICS:
        rubrics_section(place)
    else:
        _draw_judging(place, dataset)


def _draw_judging(place: Workspace, dataset: Dataset) -> None:
    st.caption(WHAT_IT_IS)
    latest = latest_task(place, dataset.id, JobKind.QUALITY)
    if latest is not None:
        judge_panel(place, latest.job.id)
    if not may(place, Role.ADMIN):
        st.caption(reason(place, Role.ADMIN))
    elif latest is None or not latest.job.status.is_active:
        judging_form(place, dataset)
    draw_past_runs(place, dataset)
