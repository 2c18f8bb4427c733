"""Tasks: every background job, every call to a model, and what they took. Linkable: ``?view=Calls&job=7``."""

import streamlit as st

from pages.ui import session
from pages.ui.calls import calls_tab
from pages.ui.gate import may, reason
from pages.ui.job_details import draw_job_details
from pages.ui.jobs import POLL, act_on_job, counts, draw_causes, draw_job_actions, job_badge, keep_up, watch_link
from pages.ui.shell import choose_page, page_head, reporting, require_shell, show_error, workspace
from pages.ui.usage import usage_tab
from pages.ui.words import STATUS, ago, as_label, plural
from synthgen_core.access import Role
from synthgen_core.actions.jobs import JobView, count_tasks, delete_task, get_active_tasks, get_all_tasks
from synthgen_core.models import JobKind, JobStatus
from synthgen_core.workspace import Workspace

PER_PAGE = 20


def task(place: Workspace, view: JobView) -> None:
    """One job."""
    job = view.job
    with st.container(border=True):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            with st.container(horizontal=True, vertical_alignment="center", width="content"):
                st.markdown(f"**{as_label(view.title)}**", width="content")
                st.caption(f"job {job.id} · {job.kind} · {ago(job.created_at)}", width="content")
            job_badge(view)
        if job.status.is_active or view.shortfall:
            st.progress(view.fraction, text=job.note or counts(view))
        else:
            st.caption(counts(view))
        is_asking = job.kind is JobKind.GENERATION
        if is_asking:
            st.caption(_spent(view))
        draw_causes(view)
        with st.container(horizontal=True, vertical_alignment="center"):
            draw_job_actions(place, view)
            if is_asking:
                st.button(
                    "Calls",
                    key=f"calls{job.id}",
                    icon=":material/receipt_long:",
                    on_click=_show_calls,
                    args=(job.id,),
                )
            else:
                page, query = watch_link(job)
                st.page_link(page, label="Report", icon=":material/summarize:", query_params=query)
            draw_job_details(job)
            if not job.status.is_active:
                st.button(
                    "Remove",
                    key=f"forget{job.id}",
                    icon=":material/delete:",
                    on_click=act_on_job,
                    args=(delete_task, place, job.id),
                    disabled=not may(place, Role.ADMIN),
                    help=reason(place, Role.ADMIN),
                )


def _show_calls(job_id: int) -> None:
    session.show_calls(job_id)
    session.ask_for_whole_page()


def _spent(view: JobView) -> str:
    job = view.job
    return (
        f"{plural(job.calls, 'call')} · {job.usage.prompt_tokens:,} tokens in · {job.usage.completion_tokens:,} out"
        f" · cost {as_label(view.cost)} · model {_model(view)}"
    )


def _model(view: JobView) -> str:
    provider = view.job.parameters.get("provider")
    return as_label(str(provider.get("model"))) if isinstance(provider, dict) else "unknown"


def tasks(place: Workspace, statuses: list[JobStatus], number: int, *, polls: bool) -> None:
    """A page of the list; drawn again every second while a job is at work."""
    keep_up(is_active=bool(get_active_tasks(place)), polls=polls)
    views = get_all_tasks(place, statuses, limit=PER_PAGE, offset=(number - 1) * PER_PAGE)
    for view in views:
        task(place, view)
    if not views:
        with st.container(border=True, horizontal_alignment="center"):
            st.space("small")
            st.subheader("No jobs here", anchor=False, width="content")
            st.caption("Generating a dataset is a job; it appears here with its progress.", width="content")
            st.page_link("pages/generate.py", label="Generate a dataset", icon=":material/bolt:")
            st.space("small")


def jobs_tab(place: Workspace) -> None:
    """All jobs, by status, 20 a page."""
    chosen = st.pills(
        "Status",
        list(STATUS),
        selection_mode="multi",
        format_func=lambda s: f"{STATUS[s][2]} {STATUS[s][0]}",
        key="task_status",
        label_visibility="collapsed",
        persist_state="page",
    )
    with reporting():
        count, rows = count_tasks(place, list(chosen)), st.container()
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            if count:
                st.caption(plural(count, "job"), width="content")
            page = choose_page(-(-count // PER_PAGE), "tasks_page")
        polls = bool(get_active_tasks(place))
        with rows:
            st.fragment(tasks, run_every=POLL if polls else None)(place, list(chosen), page, polls=polls)


require_shell()
here = workspace()
with page_head("Tasks"):
    head = st.container(width="content")
notice = st.container()
jobs, calls, usage = st.tabs(["Jobs", "Calls", "Usage"], key=session.TASKS_VIEW, bind="query-params")
if not jobs.open:
    head.button("Refresh", icon=":material/refresh:")
for tab, draw in ((jobs, jobs_tab), (calls, calls_tab), (usage, usage_tab)):
    if tab.open:
        with tab, reporting():
            draw(here)
if problem := session.take_problem():  # last: the list may have asked for another run
    with notice:
        show_error(problem)
