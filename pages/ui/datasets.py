"""Drawing datasets in a list."""

import streamlit as st

from pages.ui.words import ago, as_label, plural
from synthgen_core.formats import FORMATS
from synthgen_core.languages import LANGUAGES
from synthgen_core.models import Dataset
from synthgen_core.workspace import Workspace


def draw_dataset_rows(place: Workspace, datasets: list[Dataset]) -> None:
    """One framed row for each dataset, with a link to it."""
    names = {domain.slug: domain.name for domain in place.catalogue}
    for dataset in datasets:
        facts = [names.get(dataset.domain, dataset.domain)]
        facts.append(FORMATS[dataset.format].label if dataset.format in FORMATS else dataset.format)
        if language := LANGUAGES.get(str(dataset.metadata.get("language"))):
            facts.append(language.name)
        if model := dataset.metadata.get("model"):
            facts.append(as_label(str(model)))
        with st.container(border=True, horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            with st.container(gap=None, width="content"):
                name = f"**{as_label(dataset.name)}**"
                st.page_link("pages/dataset.py", label=name, query_params={"dataset": dataset.id})
                st.caption(" · ".join(facts))
            with st.container(gap=None, width="content", horizontal_alignment="right"):
                st.markdown(plural(dataset.example_count, "example"), width="content")
                st.caption(f"changed {ago(dataset.updated_at)}", width="content")
