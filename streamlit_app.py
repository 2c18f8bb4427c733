"""SynthGen, the Dataset Creator: the app's entry, its navigation and what surrounds every page."""

import gc

import streamlit as st

from pages.ui import session
from pages.ui.shell import draw_sidebar
from synthgen_core.settings import ROOT

st.set_page_config(page_title="SynthGen", page_icon=str(ROOT / "static" / "icon.svg"), layout="wide")


@st.cache_resource
def settle() -> None:
    """Take all that was imported out of the garbage collector's sight: a full collection then costs next to nothing."""
    gc.collect()
    gc.freeze()


session.enter_shell()
page = st.navigation(
    {
        "": [st.Page("pages/dashboard.py", title="Dashboard", icon=":material/space_dashboard:", default=True)],
        "Create": [
            st.Page("pages/generate.py", title="Generate", icon=":material/bolt:"),
            st.Page("pages/import.py", title="Import", icon=":material/input:"),
        ],
        "Curate": [
            st.Page("pages/review.py", title="Review", icon=":material/rate_review:"),
            st.Page("pages/quality.py", title="Quality", icon=":material/monitoring:"),
            st.Page("pages/datasets.py", title="Datasets", icon=":material/database:"),
            st.Page("pages/dataset.py", title="Dataset", icon=":material/folder_open:", visibility="hidden"),
        ],
        "Manage": [
            st.Page("pages/tasks.py", title="Tasks", icon=":material/checklist:"),
            st.Page("pages/settings.py", title="Settings", icon=":material/settings:"),
        ],
    }
)
session.enter_page(page.url_path)
draw_sidebar()
settle()
page.run()
