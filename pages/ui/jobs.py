"""Drawing jobs: the card in the sidebar, and the panel with progress, newest examples and causes of failure.

A panel polls only while something runs. When that ends or begins, or a button in a panel was pressed, the page is drawn
once more, in full: only then does polling stop or begin, and what stands around the panel is brought up to date.
"""

from collections.abc import Callable
from decimal import Decimal

import streamlit as st

from pages.ui import session
from pages.ui.examples import draw_example_card
from pages.ui.gate import may, reason
from pages.ui.words import BUDGET_REACHED, STATUS, as_label, as_markdown, draw_error, duration, plural
from synthgen_core.access import Role
from synthgen_core.actions.datasets import get_dataset_details
from synthgen_core.actions.jobs import JobView, cancel_task, get_active_tasks, get_job, resume_task
from synthgen_core.actions.settings import with_key_for
from synthgen_core.actions.usage import dollars
from synthgen_core.errors import BudgetReachedError, NotFoundError, SynthGenError
from synthgen_core.models import Job, JobKind, JobStatus
from synthgen_core.workspace import Workspace

POLL = "1s"
NEWEST = 3
WATCHED_ON = {
    JobKind.GENERATION: "pages/generate.py",
    JobKind.IMPORT: "pages/import.py",
    JobKind.CURATION: "pages/datasets.py",
    JobKind.RULES: "pages/quality.py",
    JobKind.DUPLICATES: "pages/quality.py",
    JobKind.MEASURES: "pages/quality.py",
    JobKind.QUALITY: "pages/quality.py",
    JobKind.COMPARISON: "pages/quality.py",
}
"""Kind of job -> the page that shows one, by its number."""
QUALITY_PARTS = {
    JobKind.RULES: "Rules",
    JobKind.DUPLICATES: "Duplicates",
    JobKind.MEASURES: "Charts",
    JobKind.QUALITY: "Judge",
    JobKind.COMPARISON: "Judge",
}
"""Kind of job -> the part of the Quality page that shows it."""
SHORTFALLS = {
    JobKind.GENERATION: "{} of {:,} could not be made: every attempt failed.",
    JobKind.IMPORT: "{} of {:,} could not be brought in; the other rows were.",
    JobKind.CURATION: "{} of {:,} could not be converted, and were left out.",
    JobKind.RULES: "{} of {:,} were removed before the rules came to them.",
    JobKind.MEASURES: "{} of {:,} were not measured.",
    JobKind.DUPLICATES: "{} of {:,} were not looked at.",
    JobKind.QUALITY: "{} of {:,} could not be judged; no score was made up for them.",
    JobKind.COMPARISON: "{} of {:,} could not be compared.",
}
"""Kind of job -> what it says where less came of it than there might have."""
UNITS = {JobKind.COMPARISON: "pair"}
"""Kind of job -> what its items are, where they are not examples."""


def watch_link(job: Job) -> tuple[str, dict[str, str]]:
    """The page that shows a job, and the query of its address."""
    part = QUALITY_PARTS.get(job.kind)
    return WATCHED_ON[job.kind], {"job": str(job.id)} | ({"part": part} if part else {})


def job_badge(view: JobView) -> None:
    """The state of a job."""
    word, colour, icon = BUDGET_REACHED if view.is_out_of_budget else STATUS[view.job.status]
    st.badge(word, color=colour, icon=icon)


def counts(view: JobView) -> str:
    """How far a job is, in words."""
    job = view.job
    parts = [f"{job.done:,} of {plural(job.requested, UNITS.get(job.kind, 'example'))}"]
    if job.status is JobStatus.RUNNING and view.rate:
        parts.append(f"{view.rate:,.0f} a minute")
    if view.eta is not None:
        parts.append(f"about {duration(view.eta)} left")
    elif not job.status.is_active and view.seconds:
        parts.append(f"in {duration(view.seconds)}")
    return " · ".join(parts)


def sidebar_jobs(workspace: Workspace) -> None:
    """The jobs that wait or run, on every page."""
    if get_active_tasks(workspace):
        st.fragment(_sidebar_card, run_every=POLL)(workspace)


def _sidebar_card(workspace: Workspace) -> None:
    views = get_active_tasks(workspace)
    if not views:
        st.rerun()
    for view in views[:3]:
        with st.container(border=True):
            with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
                st.markdown(f"**{as_label(view.title.split(' / ')[-1])}**", width="content")
                job_badge(view)
            st.progress(
                view.fraction,
                text=view.job.note
                or f"{view.job.done:,} / {plural(view.job.requested, UNITS.get(view.job.kind, 'example'))}",
            )
            page, query = watch_link(view.job)
            st.page_link(page, label="Watch", icon=":material/visibility:", query_params=query)
    if len(views) > 3:
        st.caption(f"and {len(views) - 3} more")


def job_panel(workspace: Workspace, job_id: int) -> None:
    """A job with its progress and newest examples; polls while it runs."""
    is_active = get_job(workspace, job_id).job.status.is_active
    st.fragment(_panel, run_every=POLL if is_active else None)(workspace, job_id, polls=is_active)


def keep_up(*, is_active: bool, polls: bool) -> None:
    """Called first in a polled panel: have the whole page drawn anew if the panel alone would not tell the truth."""
    if session.takes_whole_page() or is_active != polls:
        st.rerun()


def _panel(workspace: Workspace, job_id: int, *, polls: bool) -> None:
    view = get_job(workspace, job_id, newest=NEWEST)
    job = view.job
    keep_up(is_active=job.status.is_active, polls=polls)
    with st.container(border=True):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f"**{as_label(view.title)}**")
            job_badge(view)
        st.progress(view.fraction, text=job.note or counts(view))
        draw_causes(view)
        draw_job_actions(workspace, view)
    if view.newest and job.dataset_id is not None:
        st.markdown("##### Newest examples")
        _draw_newest(workspace, view, job.dataset_id)


def _draw_newest(workspace: Workspace, view: JobView, dataset_id: int) -> None:
    try:
        format_type = get_dataset_details(workspace, dataset_id).format
    except NotFoundError:
        st.caption("The dataset was deleted.")
        return
    for example in view.newest:
        draw_example_card(format_type, example)


def draw_causes(view: JobView) -> None:
    """Why attempts failed, by cause, and what is missing in the end."""
    job = view.job
    if view.shortfall and job.status is JobStatus.COMPLETED:
        st.warning(
            SHORTFALLS[job.kind].format(plural(view.shortfall, UNITS.get(job.kind, "example")), job.requested),
            icon=":material/warning:",
        )
    causes = {cause: entry for cause, entry in job.errors.items() if isinstance(entry, dict)}
    if pause := causes.pop(BudgetReachedError.cause, None):
        st.info(as_markdown(str(pause["message"])), icon=":material/savings:")
    if job.status is JobStatus.FAILED:
        draw_last_error(job)
    total = sum(int(str(entry["count"])) for entry in causes.values())
    if total:
        replaced = "" if view.shortfall else " and were replaced" if total > 1 else " and was replaced"
        is_made = job.kind is JobKind.GENERATION
        with st.expander(f"{plural(total, 'attempt')} failed{replaced}" if is_made else "Causes"):
            for cause, entry in sorted(causes.items(), key=lambda item: -int(str(item[1]["count"]))):
                said = as_markdown(f"{entry['message']} {entry['hint']}")
                st.markdown(f"**{entry['count']} × {as_label(cause.replace('_', ' '))}**: {said}")


def draw_last_error(job: Job) -> None:
    """What a job ended with, if anything went wrong in it."""
    causes = [entry for cause, entry in job.errors.items() if cause != BudgetReachedError.cause]
    if causes and isinstance(causes[-1], dict):
        draw_error(str(causes[-1]["message"]), str(causes[-1]["hint"]))


def draw_job_actions(workspace: Workspace, view: JobView, *, opens: bool = True) -> None:
    """What can be done with a job: open its dataset (unless the page is about it), cancel, resume, raise its budget."""
    job = view.job
    with st.container(horizontal=True):
        is_there = job.kind is JobKind.GENERATION or job.status is JobStatus.COMPLETED
        can_open = opens and job.dataset_id is not None and job.done and is_there
        kind = "secondary" if view.is_out_of_budget else "primary"
        if can_open and st.button("Open dataset", key=f"open{job.id}", icon=":material/folder_open:", type=kind):
            st.switch_page("pages/dataset.py", query_params={"dataset": str(job.dataset_id)})
        if job.status.is_active:
            st.button(
                "Cancel",
                key=f"cancel{job.id}",
                icon=":material/stop_circle:",
                on_click=act_on_job,
                args=(cancel_task, workspace, job.id),
                disabled=job.cancel_requested or not may(workspace, Role.ADMIN),
                help=reason(workspace, Role.ADMIN),
            )
        if view.is_out_of_budget:
            _draw_budget(workspace, view)
        elif view.can_resume:
            st.button(
                "Resume",
                key=f"resume{job.id}",
                icon=":material/play_circle:",
                on_click=act_on_job,
                args=(_resume, workspace, job.id),
                disabled=not may(workspace, Role.ADMIN),
                help=reason(workspace, Role.ADMIN),
            )


def _draw_budget(workspace: Workspace, view: JobView) -> None:
    """The button behind which a job that paused gets a higher budget, and goes on."""
    job = view.job
    with st.popover("Raise the budget", icon=":material/savings:", key=f"budget{job.id}", type="primary"):
        cost = view.cost + (f" of {dollars(view.max_cost)}" if view.max_cost is not None else "")
        most = f" of {view.max_tokens_total:,}" if view.max_tokens_total is not None else ""
        st.caption(as_label(f"Spent: {cost}, {job.usage.total:,}{most} tokens. What is left empty stays as it is."))
        cap = "no cap" if view.max_cost is None else f"now {view.max_cost:,f}"
        st.number_input("New cap in dollars", 0.0, value=None, step=0.5, key=f"cost{job.id}", placeholder=cap)
        cap = "no cap" if view.max_tokens_total is None else f"now {view.max_tokens_total:,}"
        st.number_input("New cap in tokens", 0, value=None, step=10_000, key=f"tokens{job.id}", placeholder=cap)
        st.button(
            "Raise and go on",
            key=f"raise{job.id}",
            type="primary",
            icon=":material/play_circle:",
            on_click=act_on_job,
            args=(_raise_budget, workspace, job.id),
            disabled=not may(workspace, Role.ADMIN),
            help=reason(workspace, Role.ADMIN),
        )


def _raise_budget(workspace: Workspace, job_id: int) -> object:
    cost, tokens = st.session_state[f"cost{job_id}"], st.session_state[f"tokens{job_id}"]
    return _resume(workspace, job_id, None if cost is None else Decimal(str(cost)), tokens)


def _resume(
    workspace: Workspace, job_id: int, max_cost: Decimal | None = None, max_tokens_total: int | None = None
) -> object:
    """Go on with a job, with the key that was typed in this session for its address."""
    place = with_key_for(workspace, job_id, session.keys())
    return resume_task(place, job_id, max_cost=max_cost, max_tokens_total=max_tokens_total)


def act_on_job(action: Callable[[Workspace, int], object], workspace: Workspace, job_id: int) -> None:
    """What a button of a job does; what goes wrong is kept for the page to show."""
    session.ask_for_whole_page()
    try:
        action(workspace, job_id)
    except SynthGenError as error:
        session.set_problem(error)
