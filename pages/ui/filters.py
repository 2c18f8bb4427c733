"""Which examples of a dataset are meant: one form for lists, exports and operations."""

from collections.abc import Iterator
from functools import partial

import streamlit as st

from pages.ui import session
from pages.ui.words import as_label, flag_in_words
from synthgen_core.actions.datasets import describe_dataset
from synthgen_core.models import Dataset, ExampleFilter, ExampleStatus, Range
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
NUMBERS = {
    "quality_score": "Score",
    "rule_score": "Rule score",
    "person_score": "People's score",
    "characters": "Characters",
    "turns": "Turns",
    "judge_spread": "Judge's spread",
}
"""Measure -> in words. A range of any can be asked for by a chart; those below have fields in the form."""
OTHER_SCORES, SIZES = ("rule_score", "person_score"), ("characters", "turns")
ALSO = ("severity", "criteria", "facts", "judgement")
"""What only a chart asks for: kept beside the fields, said in words, and cleared with them."""
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
        min_score=session.filter_value(form, "quality_score_least"),
        max_score=session.filter_value(form, "quality_score_most"),
        is_reviewed=session.filter_value(form, "reviewed"),
        flags=session.filter_value(form, "flags"),
        parameters=session.filter_parameters(form),
        reviewer=session.filter_value(form, "reviewer") or "",
        tag=session.filter_value(form, "tag") or "",
        has_note=session.filter_value(form, "note"),
        ranges=_chosen_ranges(form),
        **{name: value for name in ALSO if (value := session.filter_value(form, name)) is not None},
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
    _draw_range(form, "quality_score")
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
    with st.expander("Other scores, sizes"):
        for name in (*OTHER_SCORES, *SIZES):
            _draw_range(form, name)
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


def _draw_range(form: str, name: str) -> None:
    """Two fields: from, and to."""
    is_size = name in SIZES
    for column, bound, word in zip(st.columns(2), ("least", "most"), ("from", "to"), strict=True):
        column.number_input(
            f"{NUMBERS[name]} {word}",
            min_value=0 if is_size else 0.0,
            max_value=None if is_size else 10.0,
            value=None,
            step=1 if is_size else 0.5,
            key=session.filter_key(form, f"{name}_{bound}"),
            persist_state="page",
            placeholder="any",
            format="%d" if is_size else "%.1f",
        )


def preset(name: str, dataset_id: int, wanted: ExampleFilter) -> None:
    """Fill in the form of this name on another page, so that it means ``wanted``; its fields there are all drawn anew.

    The verdict is chosen beside the form: see ``session.review_verdict_key``.
    """
    values: dict[str, object] = {
        "text": wanted.text,
        "status": next(word for word, statuses in STATUSES.items() if statuses == wanted.statuses),
        "reviewed": wanted.is_reviewed,
        "flags": wanted.flags,
        "reviewer": wanted.reviewer,
        "tag": wanted.tag,
        "note": wanted.has_note,
        "quality_score_least": wanted.min_score,
        "quality_score_most": wanted.max_score,
        **{f"parameter_{parameter}": value for parameter, value in wanted.parameters.items()},
        **{also: getattr(wanted, also) or None for also in ALSO},
    }
    for measure, bounds in wanted.ranges.items():
        for bound in ("least", "most", "below"):
            number = getattr(bounds, bound)
            if number is not None:
                values[f"{measure}_{bound}"] = int(number) if measure in SIZES else float(number)
    session.set_filters(f"{name}_{dataset_id}", {field: value for field, value in values.items() if value is not None})
    st.session_state[session.review_verdict_key(dataset_id)] = wanted.verdict or ""


def _chosen_ranges(form: str) -> dict[str, Range]:
    """By measure; but for both ends of the judge's score, which have fields of a filter of their own."""
    found = {}
    for name in NUMBERS:
        bounds = [session.filter_value(form, f"{name}_{bound}") for bound in ("least", "most", "below")]
        if name == "quality_score":
            bounds[:2] = [None, None]
        if any(bound is not None for bound in bounds):
            found[name] = Range(*bounds)
    return found


def _flag(name: str) -> str:
    return FLAGS.get(name) or f"Flag: {flag_in_words(name)}"


def _in_words(chosen: ExampleFilter) -> Iterator[str]:
    """What narrows it, beyond what the form shows anyway."""
    if chosen.min_score is not None:
        yield f"score from {chosen.min_score:g}"
    if chosen.max_score is not None:
        yield f"score to {chosen.max_score:g}"
    for measure, bounds in chosen.ranges.items():
        yield from _range_in_words(NUMBERS[measure].lower(), bounds)
    for criterion, bounds in chosen.criteria.items():
        yield from _range_in_words(criterion.replace("_", " "), bounds)
    if chosen.judgement is not None:
        yield "the judge failed"
    if chosen.is_reviewed is not None:
        yield REVIEWED[chosen.is_reviewed].lower()
    if chosen.flags is not None:
        yield _flag(chosen.flags).lower() + (f" ({chosen.severity.word})" if chosen.severity else "")
    if chosen.reviewer:
        yield f"reviewed by {chosen.reviewer}"
    if chosen.tag:
        yield f"tag: {chosen.tag}"
    if chosen.has_note is not None:
        yield NOTED[chosen.has_note].lower()
    for name, value in {**chosen.facts, **chosen.parameters}.items():
        yield f"{label_of(name).lower()}: {in_words(value) or 'not told'}"


def _range_in_words(name: str, bounds: Range) -> Iterator[str]:
    for number, word in ((bounds.least, "from"), (bounds.most, "to"), (bounds.below, "below")):
        if number is not None:
            yield f"{name} {word} {number:,g}"
