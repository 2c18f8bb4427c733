"""Quality: how good a dataset is, and how far the figures can be trusted. Linkable: ``?dataset=7&part=Charts``."""

import streamlit as st

from pages.ui import session
from pages.ui.choosing import choose_dataset
from pages.ui.quality_charts import charts_part
from pages.ui.quality_coverage import coverage_part
from pages.ui.quality_diversity import diversity_part
from pages.ui.quality_duplicates import duplicates_part
from pages.ui.quality_judge import judge_part
from pages.ui.quality_losses import losses_part
from pages.ui.quality_overview import overview_part
from pages.ui.quality_report import report_menu
from pages.ui.quality_rules import rules_part
from pages.ui.quality_trust import trust_part
from pages.ui.shell import reporting, require_shell, show_error, workspace
from pages.ui.words import as_id
from synthgen_core.actions.jobs import get_job
from synthgen_core.errors import SynthGenError
from synthgen_core.workspace import Workspace

PARTS = {
    "Overview": overview_part,
    "Rules": rules_part,
    "Judge": judge_part,
    "Duplicates": duplicates_part,
    "Charts": charts_part,
    "Diversity": diversity_part,
    "Coverage": coverage_part,
    "Trust": trust_part,
    "Losses and cost": losses_part,
}
"""Each is drawn by a module of its own, ``quality_*``, from a workspace and a dataset."""


def follow_job(place: Workspace) -> None:
    """A link to a job (``?job=7&part=Rules``) leads to its dataset, also from this page about another one."""
    asked = as_id(st.query_params.pop("job", ""))
    if asked is not None and (dataset_id := get_job(place, asked).job.dataset_id) is not None:
        st.session_state[session.QUALITY_DATASET] = dataset_id


def quality(place: Workspace) -> None:
    """The page."""
    follow_job(place)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.title("Quality", anchor=False, width="content")
        dataset = choose_dataset(place, session.QUALITY_DATASET)
        if dataset is not None:
            report_menu(place, dataset)
    if dataset is None:
        st.info("There is nothing to measure yet.", icon=":material/info:")
        st.page_link("pages/generate.py", label="Generate a dataset", icon=":material/bolt:")
        return
    session.keep_address(dataset.id)
    drawn = st.tabs(list(PARTS), key=session.QUALITY_PART, bind="query-params")
    for tab, draw in zip(drawn, PARTS.values(), strict=True):
        if tab.open:
            with tab, reporting():
                draw(place, dataset)


require_shell()
try:
    quality(workspace())
except SynthGenError as error:
    show_error(error)
    st.page_link("pages/datasets.py", label="All datasets", icon=":material/database:")
