"""One dataset: what it is, its examples as conversations, its file. Linkable: ``?dataset=7``."""

import streamlit as st

from pages.ui.examples import draw_example_card
from pages.ui.shell import choose_page, reporting, require_shell, show_error, workspace
from pages.ui.words import ago, as_id, as_label, as_markdown, plural
from synthgen_core.actions.datasets import (
    download_dataset,
    get_dataset_details,
    get_dataset_examples,
    rename_dataset,
)
from synthgen_core.actions.trash import delete_dataset
from synthgen_core.errors import NotFoundError, SynthGenError
from synthgen_core.languages import LANGUAGES
from synthgen_core.models import Dataset
from synthgen_core.workspace import Workspace

PER_PAGE = 10


@st.dialog("Rename")
def rename(place: Workspace, dataset: Dataset) -> None:
    """Change name and description."""
    name = st.text_input("Name", dataset.name, max_chars=200)
    description = st.text_area("Description", dataset.description)
    if st.button("Save", type="primary"):
        with reporting():
            rename_dataset(place, dataset.id, name, description)
            st.rerun()


@st.dialog("Delete this dataset?")
def confirm_delete(place: Workspace, dataset: Dataset) -> None:
    """Ask first."""
    st.markdown(
        f"**{as_label(dataset.name)}** with {plural(dataset.example_count, 'example')} goes to the trash, "
        "and its file is removed."
    )
    st.caption("A job that writes to it is cancelled.")
    if st.button("Delete", type="primary", icon=":material/delete:"):
        with reporting():
            delete_dataset(place, dataset.id)
            st.toast(f"“{as_label(dataset.name)}” was deleted.", icon=":material/delete:")
            st.switch_page("pages/datasets.py")


def header(place: Workspace, dataset: Dataset) -> None:
    """Name, facts and what can be done."""
    st.page_link("pages/datasets.py", label="Datasets", icon=":material/arrow_back:")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.title(as_label(dataset.name), anchor=False, width="content")
        with st.container(horizontal=True, width="content"):
            if dataset.example_count:
                st.download_button(
                    "Download JSONL",
                    data=lambda: download_dataset(place, dataset.id).read_bytes(),
                    file_name=dataset.file_path.rsplit("/", 1)[-1],
                    mime="application/x-ndjson",
                    icon=":material/download:",
                    on_click="ignore",
                )
            if st.button("Rename", icon=":material/edit:"):
                rename(place, dataset)
            if st.button("Delete", icon=":material/delete:"):
                confirm_delete(place, dataset)
    try:
        domain, subdomain = place.catalogue.find(dataset.domain, dataset.subdomain)
        field, icon = f"{domain.name} / {subdomain.name}", domain.icon
    except NotFoundError:  # its file is gone; the dataset is not
        field, icon = f"{dataset.domain} / {dataset.subdomain}", "category"
    language = LANGUAGES.get(str(dataset.metadata.get("language")))
    with st.container(horizontal=True):
        st.badge(plural(dataset.example_count, "example"), icon=":material/forum:", color="blue")
        st.badge(as_label(field), icon=f":material/{icon}:", color="violet")
        st.badge(dataset.format, icon=":material/data_object:", color="gray")
        if language:
            st.badge(language.name, icon=":material/language:", color="gray")
        if model := dataset.metadata.get("model"):
            st.badge(as_label(str(model)), icon=":material/smart_toy:", color="gray")
        st.caption(f"changed {ago(dataset.updated_at)}", width="content")
    if dataset.description:
        st.markdown(as_markdown(dataset.description))
    if dataset.metadata.get("model") == "SmolLM2-135M-Instruct":
        st.caption(":material/info: Demo quality: the text is fluent and on topic, but its facts are often wrong.")


def examples(place: Workspace, dataset: Dataset) -> None:
    """A page of examples, in order."""
    pages = -(-dataset.example_count // PER_PAGE)
    cards = st.container()
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        range_ = st.container(width="content")
        number = choose_page(pages, "page", bind="query-params")
    first, last = (number - 1) * PER_PAGE + 1, min(number * PER_PAGE, dataset.example_count)
    range_.caption(f"{first:,} to {last:,} of {plural(dataset.example_count, 'example')}")
    with cards:
        for example in get_dataset_examples(place, dataset.id, PER_PAGE, first - 1):
            draw_example_card(dataset.format, example)


require_shell()
here = workspace()
asked = as_id(st.query_params.get("dataset", ""))
try:
    if asked is None:
        raise NotFoundError("No dataset is chosen.", "Choose one from the list.")
    opened = get_dataset_details(here, asked)
    header(here, opened)
    if opened.example_count:
        examples(here, opened)
    else:
        st.info("No examples yet. See Tasks for the job that fills this dataset.", icon=":material/hourglass_empty:")
except SynthGenError as error:
    show_error(error)
    st.page_link("pages/datasets.py", label="All datasets", icon=":material/database:")
