"""What a newcomer is offered: a first dataset in three clicks, or a look at the sample that comes with the app."""

import streamlit as st

from pages.ui import session
from pages.ui.shell import reporting
from pages.ui.words import as_label
from synthgen_core.actions.providers import choose_provider
from synthgen_core.actions.samples import find_sample, open_sample
from synthgen_core.workspace import Workspace

FIRST_DOMAIN, FIRST_SUBDOMAIN = "support", "technical_support"
"""What the first dataset is about, unless another is chosen: everybody knows what good help looks like."""
SAMPLE_ICON = ":material/explore:"


def draw_first_run(place: Workspace) -> None:
    """Two ways to begin, side by side."""
    with st.grid(2, min_column_width=280):
        with st.container(border=True, height="stretch"):
            st.markdown("### :material/bolt: Make a dataset now")
            st.caption(f"{_writer(place)} Everything is filled in: look it over, press Generate, watch them arrive.")
            if st.button("Start", type="primary", icon=":material/play_arrow:"):
                session.choose(FIRST_DOMAIN, FIRST_SUBDOMAIN)
                st.switch_page("pages/generate.py")
        with st.container(border=True, height="stretch"):
            st.markdown(f"### {SAMPLE_ICON} Look at a sample")
            st.caption(
                "Ninety conversations, many good, others with real flaws: repeats, personal data, wrong answers. They "
                "are judged and partly reviewed, so that every page has something to show."
            )
            sample_button(place, "Open the sample")


def _writer(place: Workspace) -> str:
    """Who would write, in a sentence."""
    with reporting():
        config = choose_provider(place.settings).config
        if config.type == "embedded":
            return "A small model on this computer writes ten support conversations. It needs no key and no server."
        return f"Your model {as_label(config.model)} writes ten support conversations."
    return ""


def sample_button(place: Workspace, label: str, *, is_quiet: bool = False) -> None:
    """Brings the sample in, if it is not there yet, and leads to it."""
    if st.button(label, icon=SAMPLE_ICON, type="tertiary" if is_quiet else "secondary", key="open-sample"):
        with reporting():
            with st.spinner("Bringing the sample in …"):
                dataset = open_sample(place)
            st.switch_page("pages/dataset.py", query_params={"dataset": str(dataset.id)})


def offer_sample(place: Workspace) -> None:
    """A quiet way to the sample, for as long as it is not there."""
    if find_sample(place) is None:
        sample_button(place, "Bring in the sample dataset", is_quiet=True)
