"""What was done last to many examples or to one, and the button that undoes it."""

import streamlit as st

from pages.ui import session
from pages.ui.author import author_name
from pages.ui.words import as_markdown, plural
from synthgen_core.actions.examples import undo_batch
from synthgen_core.errors import SynthGenError
from synthgen_core.models import BulkChange, Dataset
from synthgen_core.workspace import Workspace


def draw_undo(place: Workspace, dataset: Dataset) -> None:
    """Say what was done to this dataset in this session last, with a way back; nothing if nothing was."""
    done = session.undoable()
    if done is None or done[1].dataset_id != dataset.id:
        return
    told, change = done
    with st.container(border=True, horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f":material/check: {as_markdown(told)}", width="content")
        with st.container(horizontal=True, width="content"):
            if change.changed:
                st.button("Undo", icon=":material/undo:", key="undo", on_click=_undo, args=(place, change))
            forget = {"key": "forget_undo", "on_click": session.set_undoable, "args": ("", None)}
            st.button("", icon=":material/close:", type="tertiary", help="Close this notice.", **forget)


def _undo(place: Workspace, change: BulkChange) -> None:
    try:
        undone = undo_batch(place, change.batch_id, author=author_name())
    except SynthGenError as error:
        session.set_problem(error)
        return
    left = f" {plural(undone.skipped, 'example')} changed since, and stayed as they are." if undone.skipped else ""
    session.set_undoable(f"Undone: {plural(undone.changed, 'example')} changed back.{left}", undone)
