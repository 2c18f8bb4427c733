"""SynthGen, the Dataset Creator: the app's entry, its navigation and what surrounds every page."""

import gc
from typing import Literal

import streamlit as st

from pages.ui import session
from pages.ui.gate import warn_if_open
from pages.ui.shell import draw_sidebar, present_settings, visible_to
from synthgen_core.access import Role
from synthgen_core.settings import ROOT

st.set_page_config(page_title="SynthGen", page_icon=str(ROOT / "static" / "icon.svg"), layout="wide")


@st.cache_resource
def settle() -> None:
    """Take all that was imported out of the garbage collector's sight: a full collection then costs next to nothing.

    And say once whether the door stands open to other computers.
    """
    gc.collect()
    gc.freeze()
    warn_if_open(present_settings())


session.enter_shell()
role = visible_to()
for_admins: Literal["visible", "hidden"] = "visible" if role is Role.ADMIN else "hidden"
page = st.navigation(
    {
        "": [st.Page("pages/dashboard.py", title="Dashboard", icon=":material/space_dashboard:", default=True)],
        "Create": [
            st.Page("pages/generate.py", title="Generate", icon=":material/bolt:", visibility=for_admins),
            st.Page("pages/import.py", title="Import", icon=":material/input:", visibility=for_admins),
        ],
        "Curate": [
            st.Page("pages/review.py", title="Review", icon=":material/rate_review:"),
            st.Page("pages/quality.py", title="Quality", icon=":material/monitoring:"),
            st.Page("pages/datasets.py", title="Datasets", icon=":material/database:"),
            st.Page("pages/dataset.py", title="Dataset", icon=":material/folder_open:", visibility="hidden"),
        ],
        "Manage": [
            st.Page("pages/tasks.py", title="Tasks", icon=":material/checklist:"),
            st.Page("pages/settings.py", title="Settings", icon=":material/settings:", visibility=for_admins),
        ],
    },
    position="sidebar" if role else "hidden",
)
session.enter_page(page.url_path)
draw_sidebar()
settle()
page.run()
