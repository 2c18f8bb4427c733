"""What a dataset is called, and everything that is written down of it."""

import streamlit as st

from pages.ui.shell import reporting
from pages.ui.words import as_label
from synthgen_core.actions.datasets import LONGEST_NAME, LONGEST_TAG, MOST_TAGS, update_dataset
from synthgen_core.formats import FORMATS
from synthgen_core.models import Dataset
from synthgen_core.workspace import Workspace


def metadata_tab(place: Workspace, dataset: Dataset) -> None:
    """What can be changed at the left, what is a fact at the right."""
    form, facts = st.columns([3, 2], gap="large")
    with form:
        _draw_form(place, dataset)
    with facts:
        _draw_facts(place, dataset)


def _draw_form(place: Workspace, dataset: Dataset) -> None:
    with st.form(f"about{dataset.id}"):
        name = st.text_input("Name", dataset.name, max_chars=LONGEST_NAME)
        description = st.text_area("Description", dataset.description, height=120)
        tags = st.multiselect(
            "Tags",
            dataset.tags,
            dataset.tags,
            format_func=as_label,
            accept_new_options=True,
            max_selections=MOST_TAGS,
            placeholder="Type a tag and press Enter",
            help=f"Up to {MOST_TAGS}, of {LONGEST_TAG} characters each.",
        )
        if st.form_submit_button("Save", type="primary", icon=":material/save:"):
            with reporting():
                update_dataset(place, dataset.id, name=name, description=description, tags=tags)
                st.toast("Saved.", icon=":material/check:")
                st.rerun()


def _draw_facts(place: Workspace, dataset: Dataset) -> None:
    known = {domain.slug: domain.name for domain in place.catalogue}
    rows = {
        "Number": f"{dataset.id}",
        "Format": FORMATS[dataset.format].label if dataset.format in FORMATS else dataset.format,
        "Origin": dataset.origin,
        "Domain": known.get(dataset.domain, dataset.domain) or "none",
        "Subdomain": dataset.subdomain or "none",
        "Active examples": f"{dataset.example_count:,}",
        "Made": f"{dataset.created_at:%Y-%m-%d %H:%M:%S} UTC",
        "Changed": f"{dataset.updated_at:%Y-%m-%d %H:%M:%S} UTC",
        "File, in the data folder": dataset.file_path,
    }
    st.table({"": list(rows), " ": [as_label(value) for value in rows.values()]}, hide_index=True, border="horizontal")
    st.caption("Further metadata")
    st.json(dataset.metadata, expanded=2)
