"""Datasets: the list, filtered and sorted in the database, 20 a page; operations on them; the trash."""

import streamlit as st

from pages.ui import session, session_datasets
from pages.ui.curation import draw_started_operation, open_operation
from pages.ui.datasets import confirm_delete, draw_dataset_list
from pages.ui.first_run import offer_sample, sample_button
from pages.ui.gate import may
from pages.ui.shell import choose_page, page_head, reporting, require_shell, show_error, workspace
from pages.ui.trash import trash_tab
from pages.ui.words import as_id, plural
from synthgen_core.access import Role
from synthgen_core.actions.datasets import PAGE_SIZE, get_dataset_details, get_datasets
from synthgen_core.errors import NotFoundError
from synthgen_core.formats import FORMATS
from synthgen_core.models import Dataset, Origin
from synthgen_core.workspace import Workspace

KEEP = "page"


def filters(place: Workspace) -> tuple[str, str | None, str | None, Origin | None]:
    """Text, domain slug, format and origin."""
    names = {domain.slug: domain.name for domain in place.catalogue}
    with st.container(horizontal=True, gap="small"):
        text = st.text_input(
            "Search",
            placeholder="Search name, description or tags",
            key="search",
            label_visibility="collapsed",
            icon=":material/search:",
            width=290,
        )
        domain = st.selectbox(
            "Domain",
            names,
            None,
            names.__getitem__,
            key="domain_filter",
            placeholder="All domains",
            label_visibility="collapsed",
            width=210,
        )
        shape = st.selectbox(
            "Format",
            FORMATS,
            None,
            lambda name: FORMATS[name].label,
            key="format_filter",
            placeholder="All formats",
            label_visibility="collapsed",
            width=170,
        )
        origin = st.selectbox(
            "Origin",
            list(Origin),
            None,
            str.capitalize,
            key="origin_filter",
            placeholder="All origins",
            label_visibility="collapsed",
            width=170,
        )
    return text, domain, shape, origin


def empty_state(place: Workspace, *, is_filtered: bool) -> None:
    """Why there is nothing, and what to do about it."""
    with st.container(border=True, horizontal_alignment="center"):
        st.space("small")
        if is_filtered:
            st.subheader("Nothing matches", anchor=False, width="content")
            st.caption("Take a filter away, or search for something else.", width="content")
        else:
            st.subheader("No datasets yet", anchor=False, width="content")
            st.caption("Each dataset that you generate or import appears here.", width="content")
            with st.container(horizontal=True, horizontal_alignment="center"):
                if not may(place, Role.ADMIN):
                    return
                if st.button("Generate a dataset", type="primary", icon=":material/bolt:"):
                    st.switch_page("pages/generate.py")
                if st.button("Import files", icon=":material/input:"):
                    st.switch_page("pages/import.py")
                sample_button(place, "Open the sample")
        st.space("small")


def chosen_datasets(place: Workspace) -> list[Dataset]:
    """Those that are ticked, on whichever page of the list, and still there."""
    found = []
    for dataset_id in session_datasets.picked_datasets():
        try:
            found.append(get_dataset_details(place, dataset_id))
        except NotFoundError:
            session_datasets.unpick_datasets([dataset_id])
    return found


def draw_chosen(place: Workspace) -> None:
    """What can be done with the ticked datasets together."""
    chosen = chosen_datasets(place)
    if not chosen:
        st.caption("Tick datasets to merge or delete them.", width="content")
        return
    examples = sum(dataset.example_count for dataset in chosen)
    st.caption(f"{len(chosen)} chosen, {plural(examples, 'example')}", width="content")
    if st.button("Merge", icon=":material/merge:", disabled=len(chosen) < 2, help="Takes two or more."):
        open_operation(place, Origin.MERGED, chosen)
    if st.button("Delete", key="delete_chosen", icon=":material/delete:"):
        confirm_delete(place, chosen)
    st.button(
        "Clear",
        icon=":material/close:",
        type="tertiary",
        on_click=session_datasets.unpick_datasets,
        args=([dataset.id for dataset in chosen],),
    )


def list_tab(place: Workspace) -> None:
    """The list, with what belongs to it."""
    text, domain, shape, origin = filters(place)
    sort, is_descending = session_datasets.dataset_order()
    total = get_datasets(place, domain, shape, origin=origin, text=text, page_size=0).total
    if not total:
        empty_state(place, is_filtered=bool(text or domain or shape or origin))
        return
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", height=44, border=False
    ):
        st.caption(plural(total, "dataset"), width="content")
        with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", width="content"):
            if may(place, Role.ADMIN):
                draw_chosen(place)
    rows = st.container()
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        if may(place, Role.ADMIN):
            offer_sample(place)
        number = choose_page(-(-total // PAGE_SIZE), "datasets_page")
    with rows:
        page = get_datasets(
            place,
            domain,
            shape,
            origin=origin,
            text=text,
            sort=sort,
            is_descending=is_descending,
            page=number,
        )
        draw_dataset_list(place, page)


require_shell()
here = workspace()
if (asked := as_id(st.query_params.get("job", ""))) is not None:
    session_datasets.set_started_operation(asked)
    st.query_params.pop("job")
with page_head("Datasets"):
    is_admin = may(here, Role.ADMIN)
    if is_admin and st.button("Import", icon=":material/input:"):
        st.switch_page("pages/import.py")
    if is_admin and st.button("New dataset", type="primary", icon=":material/add:"):
        st.switch_page("pages/generate.py")
notice = st.container()
draw_started_operation(here)
datasets, trash = st.tabs(["Datasets", "Trash"], key="datasets_view", bind="query-params")
for tab, draw in ((datasets, list_tab), (trash, trash_tab)):
    if tab.open:
        with tab, reporting():
            draw(here)
with notice:
    for problem in session.take_problems():  # last: what is drawn above may have asked for another run
        show_error(problem)
