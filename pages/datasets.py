"""Datasets: the list, filtered and sorted in the database, 20 a page."""

from functools import partial

import streamlit as st

from pages.ui.datasets import draw_dataset_rows
from pages.ui.shell import choose_page, page_head, reporting, require_shell, workspace
from pages.ui.words import plural
from synthgen_core.actions.datasets import PAGE_SIZE, get_datasets
from synthgen_core.formats import FORMATS
from synthgen_core.workspace import Workspace

SORTS = {
    "Newest change": ("updated_at", True),
    "Newest": ("created_at", True),
    "Largest": ("example_count", True),
    "Name": ("name", False),
}


def filters(place: Workspace) -> tuple[str, str | None, str | None, str]:
    """Text, domain slug, format and order."""
    names = {domain.slug: domain.name for domain in place.catalogue}
    text, domain, shape, order = st.columns([3, 2, 2, 2])
    return (
        text.text_input(
            "Search",
            placeholder="Search name or description",
            key="search",
            label_visibility="collapsed",
            icon=":material/search:",
        ),
        domain.selectbox(
            "Domain",
            names,
            None,
            names.__getitem__,
            key="domain_filter",
            placeholder="All domains",
            label_visibility="collapsed",
        ),
        shape.selectbox(
            "Format",
            FORMATS,
            None,
            lambda n: FORMATS[n].label,
            key="format_filter",
            placeholder="All formats",
            label_visibility="collapsed",
        ),
        order.selectbox("Order", SORTS, key="order", label_visibility="collapsed"),
    )


def empty_state(*, is_filtered: bool) -> None:
    """Why there is nothing, and what to do about it."""
    with st.container(border=True, horizontal_alignment="center"):
        st.space("small")
        if is_filtered:
            st.subheader("Nothing matches", anchor=False, width="content")
            st.caption("Take a filter away, or search for something else.", width="content")
        else:
            st.subheader("No datasets yet", anchor=False, width="content")
            st.caption("Each dataset that you generate appears here.", width="content")
            if st.button("Generate a dataset", type="primary", icon=":material/bolt:"):
                st.switch_page("pages/generate.py")
        st.space("small")


require_shell()
here = workspace()
with page_head("Datasets"):
    if st.button("New dataset", type="primary", icon=":material/add:"):
        st.switch_page("pages/generate.py")
with reporting():
    search, domain_slug, format_type, order = filters(here)
    sort, is_descending = SORTS[order]
    listed = partial(get_datasets, here, domain_slug, format_type, text=search, sort=sort, is_descending=is_descending)
    total, rows = listed(page_size=0).total, st.container()
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        if total:
            st.caption(plural(total, "dataset"), width="content")
        number = choose_page(-(-total // PAGE_SIZE), "datasets_page")
    with rows:
        if total:
            draw_dataset_rows(here, listed(page=number).rows)
        else:
            empty_state(is_filtered=bool(search or domain_slug or format_type))
