"""Session state of the pages Import and Datasets: uploads, what is being prepared, ticks and order of the list."""

import uuid
from collections.abc import Iterable, Mapping

import streamlit as st

from synthgen_core.actions.import_files import Source

ENCODING = "import_encoding"
"""Key of a field of the Import page."""


def upload_round() -> int:
    """How often uploads were taken: the field for them is empty again after each time."""
    return int(st.session_state.get("_upload_round", 0))


def next_upload_round() -> None:
    """Called when uploads were taken."""
    st.session_state["_upload_round"] = upload_round() + 1


def uploads() -> Mapping[str, Source]:
    """The uploads that were chosen for an import, by token."""
    held: Mapping[str, Source] = st.session_state.get("_uploads", {})
    return held


def set_uploads(sources: Mapping[str, Source]) -> None:
    """Keep these uploads in mind."""
    st.session_state["_uploads"] = dict(sources)


def mark() -> str:
    """A mark of what is being prepared on this page, such as an import, until it has been started."""
    if "_mark" not in st.session_state:
        st.session_state["_mark"] = uuid.uuid4().hex
    return str(st.session_state["_mark"])


def end_mark() -> None:
    """It has been started, or refused: what is prepared next is another."""
    st.session_state.pop("_mark", None)


def choose_encoding(encoding: str) -> None:
    """Choose an encoding in the field of the import page. For a callback."""
    st.session_state[ENCODING] = encoding


def started_operation() -> int | None:
    """The job of the operation on datasets that this session started last, until its panel is closed."""
    return st.session_state.get("_operation")


def set_started_operation(job_id: int | None) -> None:
    """Show this job's panel, or none."""
    st.session_state["_operation"] = job_id


def operation_preview(key: object) -> object:
    """What an operation would do, as it was worked out last, if that was for the same ``key``; else None."""
    held_for, held = st.session_state.get("_operation_preview", (None, None))
    return held if held_for == key else None


def set_operation_preview(key: object, preview: object) -> None:
    """Keep what was worked out last."""
    st.session_state["_operation_preview"] = key, preview


def picked_datasets() -> tuple[int, ...]:
    """The datasets that are ticked in the list, in the order in which they were."""
    return st.session_state.get("_picked", ())


def pick_dataset(dataset_id: int) -> None:
    """Follow the tick of a dataset's box. For its callback."""
    others = tuple(other for other in picked_datasets() if other != dataset_id)
    st.session_state["_picked"] = (*others, dataset_id) if st.session_state[pick_key(dataset_id)] else others


def unpick_datasets(dataset_ids: Iterable[int]) -> None:
    """Take the tick away from these. Called before the list is drawn."""
    gone = set(dataset_ids)
    for dataset_id in gone:
        st.session_state[pick_key(dataset_id)] = False
    st.session_state["_picked"] = tuple(other for other in picked_datasets() if other not in gone)


def pick_key(dataset_id: int) -> str:
    """Key of the box of a dataset in the list."""
    return f"picked{dataset_id}"


def dataset_order() -> tuple[str, bool]:
    """Column by which the list of datasets is sorted, and whether the largest comes first."""
    order: tuple[str, bool] = st.session_state.get("_dataset_order", ("updated_at", True))
    return order


def order_datasets(column: str, *, is_descending: bool) -> None:
    """Sort by this column; if the list is sorted by it already, the other way round. For a callback."""
    now, was_descending = dataset_order()
    st.session_state["_dataset_order"] = column, not was_descending if now == column else is_descending
