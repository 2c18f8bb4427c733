"""The report of a dataset's quality, to be taken along."""

from functools import partial

import streamlit as st

from synthgen_core.actions.report import AS, report_file
from synthgen_core.models import Dataset
from synthgen_core.workspace import Workspace

LABELS = {"html": ("Web page (HTML)", ":material/html:"), "md": ("Markdown, for a dataset card", ":material/markdown:")}


def report_menu(place: Workspace, dataset: Dataset) -> None:
    """A button with the ways to take it; it is made when one is chosen."""
    menu = st.popover("Report", icon=":material/summarize:", key="quality-report", on_change="rerun")
    if not menu.open:
        return
    with menu:
        st.caption("All of this page's figures in one file, each with what it rests on. It is made when you press.")
        for ending, (media_type, _) in AS.items():
            label, icon = LABELS[ending]
            st.download_button(
                label,
                data=partial(report_file, place, dataset.id, ending),
                file_name=f"quality-of-dataset-{dataset.id}.{ending}",
                mime=media_type,
                icon=icon,
                on_click="ignore",
                width="stretch",
            )
