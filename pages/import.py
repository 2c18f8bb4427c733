"""Import: files are uploaded, looked through, and brought in as datasets. Linkable: ``?job=7`` shows an import."""

import streamlit as st

from pages.ui import session, session_datasets
from pages.ui.gate import require_role
from pages.ui.import_choices import preview_step
from pages.ui.import_reports import import_panel
from pages.ui.import_uploads import chosen_files, most_upload_mb, upload_field
from pages.ui.shell import page_head, reporting, require_shell, show_error, workspace
from pages.ui.words import as_id, plural
from synthgen_core.access import Role
from synthgen_core.actions.imports import scan_folder
from synthgen_core.workspace import Workspace

SHAPES_LINE = (
    "OpenAI chat, ShareGPT, Alpaca, prompt and completion, and preference pairs are recognised; for anything else you "
    "say what the columns hold."
)


def start_over() -> None:
    """Back to the first step. Uploads that were not imported go by themselves, after a day."""
    session_datasets.set_uploads({})
    st.query_params.clear()


def scan(place: Workspace) -> None:
    """Import what is new in the folder of datasets."""
    with reporting():
        report = scan_folder(place)
        for _, error in report.failed:
            session.add_problem(error)
        if report.started:
            st.query_params.from_dict({"job": [str(job.id) for job in report.started]})
            st.toast(f"{plural(len(report.started), 'new file')} found.", icon=":material/folder:")
        elif not report.failed:
            st.toast("There is no new file in the folder.", icon=":material/folder:")


def first_step(place: Workspace) -> None:
    """Upload, or look into the folder."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown("##### Upload files")
        upload_field(place, "Files")
        st.caption("JSONL, JSON, CSV or Parquet, gzipped or not. You see what is in them before anything is imported.")
        st.caption(SHAPES_LINE)
    with right:
        st.markdown("##### From the data folder")
        st.caption(
            f"For files of more than {most_upload_mb(place):,} MB: put them into the folder “datasets” of the data "
            "folder, or import them with the command line. The folder is also looked through when the app starts; no "
            "file is imported twice."
        )
        st.button("Look for new files", icon=":material/folder_open:", on_click=scan, args=(place,))


require_shell()
here = workspace()
job_ids = [job_id for text in st.query_params.get_all("job") if (job_id := as_id(text)) is not None]
sources = [] if job_ids else chosen_files(here)
with page_head("Import"):
    if job_ids or sources:
        st.button("Import other files", icon=":material/add:", on_click=start_over)
notice = st.container()
if not job_ids:
    require_role(here, Role.ADMIN)
with reporting():
    if job_ids:
        for job_id in job_ids:
            with reporting():
                import_panel(here, job_id)
    elif sources:
        preview_step(here, sources)
    else:
        first_step(here)
with notice:
    for problem in session.take_problems():  # last: what is drawn above may add some
        show_error(problem)
