"""Imports while they happen, and what came of them."""

from collections.abc import Sequence

import streamlit as st

from pages.ui import session
from pages.ui.import_previews import draw_bad_lines, draw_counts, draw_notes, shapes_in_words
from pages.ui.import_uploads import choose_files
from pages.ui.jobs import POLL, counts, draw_job_actions, draw_last_error, job_badge, keep_up
from pages.ui.words import as_label
from synthgen_core.actions.import_files import Source
from synthgen_core.actions.imports import ImportReport, get_import_report, get_sources
from synthgen_core.actions.jobs import JobView, get_job
from synthgen_core.errors import NotFoundError
from synthgen_core.models import JobKind, JobStatus
from synthgen_core.workspace import Workspace


def import_panel(place: Workspace, job_id: int) -> None:
    """One import; polls while it runs."""
    job = get_job(place, job_id).job
    if job.kind is not JobKind.IMPORT:
        raise NotFoundError(f"Job {job_id} is no import.", "See Tasks for all jobs.")
    st.fragment(_panel, run_every=POLL if job.status.is_active else None)(place, job_id, polls=job.status.is_active)


def _panel(place: Workspace, job_id: int, *, polls: bool) -> None:
    view = get_job(place, job_id)
    keep_up(is_active=view.job.status.is_active, polls=polls)
    with st.container(border=True):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f"**{as_label(view.title)}**", width="content")
            job_badge(view)
        if view.job.status.is_active:
            st.progress(view.fraction, text=view.job.note or counts(view))
            draw_job_actions(place, view)
        else:
            _draw_report(place, view, get_import_report(place, job_id))


def _back(sources: Sequence[Source]) -> None:
    choose_files(sources)
    session.ask_for_whole_page()


def _draw_report(place: Workspace, view: JobView, report: ImportReport) -> None:
    job = view.job
    if job.status is JobStatus.CANCELLED:
        st.markdown("Nothing was imported: it was cancelled.")
    elif job.status is not JobStatus.COMPLETED:
        draw_last_error(job)
    if job.status in (JobStatus.COMPLETED, JobStatus.FAILED):
        draw_counts(good=report.good, bad=report.bad, skipped=report.skipped, blank=report.blank)
    if report.shapes:
        st.caption(as_label(" · ".join(shapes_in_words(report.shapes))))
    draw_notes(report.notes)
    with st.container(horizontal=True):
        draw_job_actions(place, view)
        sources = get_sources(place, job.id)
        if job.status is not JobStatus.COMPLETED and sources:
            st.button(
                "Back to the preview",
                key=f"back{job.id}",
                icon=":material/arrow_back:",
                on_click=_back,
                args=(sources,),
            )
    if lost := report.bad + report.skipped:
        with st.expander(f"Lines that did not come in ({lost:,})", icon=":material/rule:"):
            draw_bad_lines(report.bad_lines, lost, view.title)
