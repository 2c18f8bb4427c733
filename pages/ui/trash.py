"""The trash: deleted datasets, to be restored, or deleted for good."""

from collections.abc import Callable

import streamlit as st

from pages.ui import session
from pages.ui.datasets import facts
from pages.ui.gate import may, reason
from pages.ui.shell import choose_page
from pages.ui.words import ago, as_label, plural
from synthgen_core.access import Role
from synthgen_core.actions.datasets import PAGE_SIZE
from synthgen_core.actions.trash import get_trash, purge_dataset, purge_trash, restore_dataset
from synthgen_core.errors import SynthGenError
from synthgen_core.models import Dataset
from synthgen_core.workspace import Workspace


def trash_tab(place: Workspace) -> None:
    """All that was deleted, what was deleted last first."""
    deleted = get_trash(place)
    if not deleted:
        with st.container(border=True, horizontal_alignment="center"):
            st.space("small")
            st.subheader("The trash is empty", anchor=False, width="content")
            st.caption("What you delete waits here until you delete it for good.", width="content")
            st.space("small")
    else:
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.caption(f"{plural(len(deleted), 'dataset')}, kept until you delete them for good.", width="content")
            with st.popover("Empty the trash", icon=":material/delete_forever:"):
                st.caption(
                    f"{plural(len(deleted), 'dataset')} with all examples, reviews and versions. There is no way back."
                )
                st.button(
                    "Delete all for good",
                    key="purge_all",
                    type="primary",
                    on_click=_do,
                    args=(purge_trash, place),
                    disabled=not may(place, Role.ADMIN),
                    help=reason(place, Role.ADMIN),
                )
        rows = st.container(gap=None, key="trash-list")
        number = choose_page(-(-len(deleted) // PAGE_SIZE), "trash_page")
        with rows:
            for dataset in deleted[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]:
                _row(place, dataset)


def _row(place: Workspace, dataset: Dataset) -> None:
    with st.container(key=f"dataset-row-{dataset.id}", horizontal=True, vertical_alignment="center"):
        with st.container(key=f"dataset-name-{dataset.id}", gap=None, width="stretch"):
            st.markdown(f"**{as_label(dataset.name)}**")
            known = [facts(place, dataset), plural(dataset.example_count, "example")]
            st.caption(" · ".join(filter(None, known)))
        if dataset.deleted_at:
            st.caption(f"deleted {ago(dataset.deleted_at)}", width="content")
        st.button(
            "Restore",
            key=f"restore{dataset.id}",
            icon=":material/restore_from_trash:",
            on_click=_do,
            args=(restore_dataset, place, dataset.id),
            disabled=not may(place, Role.ADMIN),
            help=reason(place, Role.ADMIN),
        )
        with st.popover("Delete for good", icon=":material/delete_forever:", key=f"ask{dataset.id}"):
            st.caption("With all examples, reviews and versions. There is no way back.")
            st.button(
                "Delete for good",
                key=f"purge{dataset.id}",
                type="primary",
                on_click=_do,
                args=(purge_dataset, place, dataset.id),
                disabled=not may(place, Role.ADMIN),
                help=reason(place, Role.ADMIN),
            )


def _do(action: Callable[..., object], *args: object) -> None:
    try:
        action(*args)
    except SynthGenError as error:
        session.set_problem(error)
