"""Editing the texts of one example. A change that somebody else made meanwhile is shown, never overwritten unseen."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.ui import session
from pages.ui.author import author_field
from pages.ui.diffs import draw_diff
from pages.ui.shell import show_error
from synthgen_core.actions.examples import get_example, update_example
from synthgen_core.errors import ConflictError, InvalidExampleError, SynthGenError
from synthgen_core.models import Example, JsonObject
from synthgen_core.passages import Passage, passages, with_texts
from synthgen_core.workspace import Workspace


def open_editor(place: Workspace, example: Example) -> None:
    """Edit this example, as it is now."""
    session.see_revision(example.id, example.revision)
    _edit(place, example)


@st.dialog("Edit an example", width="large", icon=":material/edit:")
def _edit(place: Workspace, example: Example) -> None:
    st.caption(f"Example {example.example_index + 1:,}, revision {example.revision}")
    texts, faults = {}, []
    for n, passage in enumerate(passages(example.content)):
        text = st.text_area(passage.label, passage.text, height="content", key=f"edit{example.id}-{n}")
        texts[passage.path] = text or ""
        faults.append((passage, st.empty()))
    content = with_texts(example.content, texts)
    author = author_field()
    problem = st.container()
    if not st.button("Save", type="primary", icon=":material/save:", disabled=content == example.content):
        return
    try:
        update_example(place, example.id, content, seen_revision=session.seen_revision(example.id), author=author)
    except InvalidExampleError as error:
        _place_of(error, faults, problem).error(f"{error.message} {error.hint}", icon=":material/error:")
    except ConflictError:
        with problem:
            _show_conflict(place, example, content)
    except SynthGenError as error:
        with problem:
            show_error(error)
    else:
        st.toast(f"Example {example.example_index + 1:,} was saved.", icon=":material/check:")
        st.rerun()


def _place_of(
    error: InvalidExampleError, faults: list[tuple[Passage, DeltaGenerator]], otherwise: DeltaGenerator
) -> DeltaGenerator:
    """Below the text that is meant."""
    return next((place for passage, place in faults if passage.is_meant_by(error.message)), otherwise)


def _show_conflict(place: Workspace, example: Example, mine: JsonObject) -> None:
    theirs = get_example(place, example.id)
    st.warning(
        "Somebody else changed this example meanwhile. Below is what saving would change in their text. "
        "Save again to do so, or close this to keep theirs.",
        icon=":material/group:",
    )
    draw_diff(theirs.content, mine)
    session.see_revision(example.id, theirs.revision)
