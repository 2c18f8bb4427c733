"""Choosing the dataset that a page is about."""

import streamlit as st

from pages.ui import session
from pages.ui.words import as_id
from synthgen_core.actions.datasets import get_dataset_details, get_datasets
from synthgen_core.errors import NotFoundError
from synthgen_core.models import Dataset
from synthgen_core.workspace import Workspace

LISTED = 200
"""Datasets to choose from, those changed last."""


def choose_dataset(place: Workspace, key: str) -> Dataset | None:
    """The dataset that a page is about: that of the address, or the one that was looked at or changed last; None where
    there is none. ``key`` is the widget's, of this page.

    Raises NotFoundError for an address with another.
    """
    rows = {row.id: row for row in get_datasets(place, page_size=LISTED).rows}
    asked = st.query_params.get("dataset")
    if key not in st.session_state:
        wanted = as_id(asked) if asked is not None else session.last_looked_at()
        if asked is not None and wanted is None:
            raise NotFoundError(f"There is no dataset “{asked}”.", "Choose one from the list of datasets.")
        if wanted is not None and wanted not in rows and (asked is not None):
            rows[wanted] = get_dataset_details(place, wanted)
        st.session_state[key] = wanted if wanted in rows else next(iter(rows), None)
    elif (held := st.session_state[key]) is not None and held not in rows:
        rows[held] = get_dataset_details(place, held)
    if not rows:
        return None
    chosen = st.selectbox(
        "Dataset",
        list(rows),
        format_func=lambda number: rows[number].name,
        key=key,
        label_visibility="collapsed",
        width=210,
    )
    session.looked_at(chosen)
    if asked != str(chosen):
        st.query_params["dataset"] = str(chosen)
    return rows[chosen]
