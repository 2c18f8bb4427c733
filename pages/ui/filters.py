"""Which examples of a dataset are meant: one form for lists, exports and operations."""

from collections.abc import Iterator
from functools import partial

import streamlit as st

from pages.ui import session
from pages.ui.words import as_label, flag_in_words
from synthgen_core.actions.datasets import describe_dataset
from synthgen_core.models import Dataset, ExampleFilter, ExampleStatus
from synthgen_core.prompts import label_of
from synthgen_core.scenarios import in_words
from synthgen_core.workspace import Workspace

STATUSES: dict[str, tuple[ExampleStatus, ...]] = {
    "Active": (ExampleStatus.ACTIVE,),
    "Removed": (ExampleStatus.REMOVED,),
    "Active and removed": (),
}
REVIEWED = {True: "Reviewed", False: "Not reviewed"}
NOTED = {True: "With a note", False: "Without a note"}
FLAGS = {"any": "With a flag", "none": "Without a flag"}
MOST_VALUES = 40
"""Of a parameter that can be chosen from; one with more values is not a parameter to filter by."""


def filter_form(place: Workspace, dataset: Dataset, key: str) -> ExampleFilter:
    """The form, in a row; rarer criteria fold out. ``key`` tells forms of one page apart."""
    form = f"{key}_{dataset.id}"
    field = partial(session.filter_key, form)
    text, status, more = st.columns([4, 2, 2], vertical_alignment="bottom")
    said = text.text_input(
        "Search",
        key=field("text"),
        persist_state="page",
        placeholder="Search in the texts",
        icon=":material/search:",
        label_visibility="collapsed",
    )
    shown = status.selectbox(
        "Status", STATUSES, key=field("status"), persist_state="page", label_visibility="collapsed"
    )
    folded = more.popover("Filters", icon=":material/tune:", width="stretch", key=field("more"), on_change="rerun")
    if folded.open:
        with folded:
            _draw_more(place, dataset, form)
    chosen = ExampleFilter(
        statuses=STATUSES[shown],
        text=said or "",
        min_score=session.filter_value(form, "least"),
        max_score=session.filter_value(form, "most"),
        is_reviewed=session.filter_value(form, "reviewed"),
        flags=session.filter_value(form, "flags"),
        parameters=session.filter_parameters(form),
        reviewer=session.filter_value(form, "reviewer") or "",
        tag=session.filter_value(form, "tag") or "",
        has_note=session.filter_value(form, "note"),
    )
    if narrowed := list(_in_words(chosen)):
        with st.container(horizontal=True, vertical_alignment="center"):
            for words in narrowed:
                st.badge(as_label(words), color="blue")
            st.button(
                "Clear",
                key=field("clear"),
                type="tertiary",
                icon=":material/close:",
                on_click=session.clear_filters,
                args=(form,),
            )
    return chosen


def _draw_more(place: Workspace, dataset: Dataset, form: str) -> None:
    field = partial(session.filter_key, form)
    details = describe_dataset(place, dataset.id).details
    least, most = st.columns(2)
    for column, label, name in ((least, "Score from", "least"), (most, "Score to", "most")):
        column.number_input(
            label, 0.0, 10.0, None, 0.5, key=field(name), persist_state="page", placeholder="any", format="%.1f"
        )
    st.selectbox(
        "Review", REVIEWED, None, REVIEWED.__getitem__, key=field("reviewed"), persist_state="page", placeholder="any"
    )
    st.selectbox(
        "Flags", [*FLAGS, *details.flags], None, _flag, key=field("flags"), persist_state="page", placeholder="any"
    )
    reviewer, tag = st.columns(2)
    for column, label, name in ((reviewer, "Reviewer", "reviewer"), (tag, "Tag", "tag")):
        column.text_input(label, key=field(name), persist_state="page", placeholder="any")
    st.selectbox("Note", NOTED, None, NOTED.__getitem__, key=field("note"), persist_state="page", placeholder="any")
    for name, values in details.parameters.items():
        if len(values) <= MOST_VALUES:
            st.selectbox(
                label_of(name).capitalize(),
                list(values),
                None,
                in_words,
                key=field(f"parameter_{name}"),
                persist_state="page",
                placeholder="any",
            )


def _flag(name: str) -> str:
    return FLAGS.get(name) or f"Flag: {flag_in_words(name)}"


def _in_words(chosen: ExampleFilter) -> Iterator[str]:
    """What narrows it, beyond what the form shows anyway."""
    if chosen.min_score is not None:
        yield f"score from {chosen.min_score:g}"
    if chosen.max_score is not None:
        yield f"score to {chosen.max_score:g}"
    if chosen.is_reviewed is not None:
        yield REVIEWED[chosen.is_reviewed].lower()
    if chosen.flags is not None:
        yield _flag(chosen.flags).lower()
    if chosen.reviewer:
        yield f"reviewed by {chosen.reviewer}"
    if chosen.tag:
        yield f"tag: {chosen.tag}"
    if chosen.has_note is not None:
        yield NOTED[chosen.has_note].lower()
    for name, value in chosen.parameters.items():
        yield f"{label_of(name).lower()}: {in_words(value)}"
