"""One dataset: what it is, its examples, its versions, its way out. Linkable: ``?dataset=7&tab=Examples&page=2``."""

import streamlit as st

from pages.ui import session
from pages.ui.curation import draw_started_operation, operations_menu
from pages.ui.dataset_examples import examples_tab
from pages.ui.dataset_export import export_tab
from pages.ui.dataset_metadata import metadata_tab
from pages.ui.dataset_overview import overview_tab
from pages.ui.dataset_versions import versions_tab
from pages.ui.datasets import confirm_delete
from pages.ui.gate import may, reason
from pages.ui.shell import reporting, require_shell, show_error, workspace
from pages.ui.words import ago, as_id, as_label, as_markdown, plural
from synthgen_core.access import Role
from synthgen_core.actions.datasets import download_dataset, get_dataset_details
from synthgen_core.errors import NotFoundError, SynthGenError
from synthgen_core.formats import FORMATS
from synthgen_core.languages import LANGUAGES
from synthgen_core.models import Dataset
from synthgen_core.workspace import Workspace

TABS = {
    "Overview": overview_tab,
    "Examples": examples_tab,
    "Metadata": metadata_tab,
    "Versions": versions_tab,
    "Export": export_tab,
}


def header(place: Workspace, dataset: Dataset) -> None:
    """Name, facts and what can be done."""
    st.page_link("pages/datasets.py", label="Datasets", icon=":material/arrow_back:")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.title(as_label(dataset.name), anchor=False, width="content")
        with st.container(horizontal=True, width="content"):
            if dataset.example_count:
                st.download_button(
                    "Download JSONL",
                    data=lambda: download_dataset(place, dataset.id).open("rb"),
                    file_name=dataset.file_path.rsplit("/", 1)[-1],
                    mime="application/x-ndjson",
                    icon=":material/download:",
                    on_click="ignore",
                    disabled=not may(place, Role.REVIEWER),
                    help=reason(place, Role.REVIEWER),
                )
            if dataset.example_count:
                address = {"dataset": str(dataset.id)}
                st.page_link("pages/review.py", label="Review", icon=":material/rate_review:", query_params=address)
            operations_menu(place, dataset)
            if st.button(
                "Delete",
                icon=":material/delete:",
                disabled=not may(place, Role.ADMIN),
                help=reason(place, Role.ADMIN),
            ):
                confirm_delete(place, [dataset], then="pages/datasets.py")
    language = LANGUAGES.get(str(dataset.metadata.get("language")))
    with st.container(horizontal=True):
        st.badge(plural(dataset.example_count, "example"), icon=":material/forum:", color="blue")
        if dataset.domain:
            field, icon = field_of(place, dataset)
            st.badge(as_label(field), icon=f":material/{icon}:", color="violet")
        label = FORMATS[dataset.format].label.lower() if dataset.format in FORMATS else as_label(dataset.format)
        st.badge(label, icon=":material/data_object:", color="gray")
        st.badge(dataset.origin, icon=":material/history_edu:", color="gray")
        if language:
            st.badge(language.name, icon=":material/language:", color="gray")
        if model := dataset.metadata.get("model"):
            st.badge(as_label(str(model)), icon=":material/smart_toy:", color="gray")
        for tag in dataset.tags:
            st.badge(as_label(tag), icon=":material/label:", color="green")
        st.caption(f"changed {ago(dataset.updated_at)}", width="content")
    if dataset.description:
        st.markdown(as_markdown(dataset.description))
    if dataset.metadata.get("model") == "SmolLM2-135M-Instruct":
        st.caption(":material/info: Demo quality: the text is fluent and on topic, but its facts are often wrong.")


def field_of(place: Workspace, dataset: Dataset) -> tuple[str, str]:
    """Domain and subdomain in words, and the domain's icon."""
    try:
        domain, subdomain = place.catalogue.find(dataset.domain, dataset.subdomain)
    except NotFoundError:  # its file is gone, or it was never one of ours; the dataset is there
        return " / ".join(filter(None, (dataset.domain, dataset.subdomain))), "category"
    return f"{domain.name} / {subdomain.name}", domain.icon


def tabs(place: Workspace, dataset: Dataset) -> None:
    """Only the one that is shown is drawn: a dataset may have a million examples."""
    drawn = st.tabs(list(TABS), key=session.DATASET_TAB, bind="query-params")
    for tab, draw in zip(drawn, TABS.values(), strict=True):
        if tab.open:
            with tab, reporting():
                draw(place, dataset)


require_shell()
here = workspace()
asked = as_id(st.query_params.get("dataset", ""))
try:
    if asked is None:
        raise NotFoundError("No dataset is chosen.", "Choose one from the list.")
    opened = get_dataset_details(here, asked)
    session.keep_address(opened.id)
    header(here, opened)
    draw_started_operation(here)
    notice = st.container()
    if not opened.example_count:
        notice.info(
            "No active examples. A job that fills this dataset is under Tasks; those that were removed are under "
            "Examples, with the status “Removed”.",
            icon=":material/info:",
        )
    tabs(here, opened)
    if problem := session.take_problem():
        with notice:
            show_error(problem)
except SynthGenError as error:
    show_error(error)
    st.page_link("pages/datasets.py", label="All datasets", icon=":material/database:")
