"""The examples of a dataset: searched, filtered, in any order, a page at a time; removed and brought back."""

from itertools import groupby

import streamlit as st

from pages.ui import session
from pages.ui.author import author_name
from pages.ui.examples import draw_example_card
from pages.ui.filters import filter_form
from pages.ui.shell import choose_page
from pages.ui.undoing import draw_undo
from pages.ui.words import SEVERITY_COLOURS, as_label, flag_in_words, plural
from synthgen_core.actions.datasets import count_examples, get_dataset_examples
from synthgen_core.actions.examples import get_flags, set_status
from synthgen_core.errors import SynthGenError
from synthgen_core.models import Dataset, Example, ExampleStatus, Flag
from synthgen_core.workspace import Workspace

PER_PAGE = 10
ORDERS = {
    "In order": ("example_index", False),
    "Last in order first": ("example_index", True),
    "Lowest score first": ("quality_score", False),
    "Highest score first": ("quality_score", True),
    "Lowest rule score first": ("rule_score", False),
    "Longest first": ("characters", True),
    "Shortest first": ("characters", False),
    "Most turns first": ("turns", True),
    "Changed last first": ("updated_at", True),
}


def examples_tab(place: Workspace, dataset: Dataset) -> None:
    """The filters, and a page of what matches."""
    chosen = filter_form(place, dataset, "examples")
    draw_undo(place, dataset)
    total = count_examples(place, dataset.id, chosen)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        range_ = st.container(width="content")
        order = st.selectbox(
            "Order", ORDERS, key=f"order{dataset.id}", persist_state="page", label_visibility="collapsed", width=220
        )
    cards = st.container()
    session.restart(session.EXAMPLES_PAGE, (dataset.id, chosen, order))
    with st.container(horizontal=True, horizontal_alignment="right"):
        number = choose_page(-(-total // PER_PAGE), session.EXAMPLES_PAGE, bind="query-params")
    if not total:
        range_.caption("No example matches. Take a filter away, or search for something else.")
        return
    first, (sort, is_descending) = (number - 1) * PER_PAGE, ORDERS[order]
    examples = get_dataset_examples(
        place, dataset.id, PER_PAGE, first, filter=chosen, sort=sort, is_descending=is_descending
    )
    range_.caption(f"{first + 1:,} to {first + len(examples):,} of {plural(total, 'example')}")
    found = sorted(get_flags(place, [example.id for example in examples]), key=lambda flag: flag.example_id)
    flags = {example_id: list(of_one) for example_id, of_one in groupby(found, lambda flag: flag.example_id)}
    with cards:
        for example in examples:
            with draw_example_card(dataset.format, example):
                _draw_facts(example, flags.get(example.id, []))
                _draw_actions(place, example)


def _draw_facts(example: Example, flags: list[Flag]) -> None:
    with st.container(horizontal=True, gap="xsmall"):
        if example.status is ExampleStatus.REMOVED:
            st.badge("removed", icon=":material/delete:", color="gray")
        if example.quality_score is not None:
            st.badge(f"score {example.quality_score:.1f}", icon=":material/star:", color="blue")
        if example.rule_score is not None:
            st.badge(f"rule score {example.rule_score:g}", icon=":material/rule:", color="gray")
        for flag in flags:
            st.badge(
                as_label(flag_in_words(flag.rule)),
                icon=":material/flag:",
                color=SEVERITY_COLOURS[flag.severity],
                help=as_label(f"{flag.message} ({flag.source})"),
            )
    facts = [plural(example.turns, "turn"), plural(example.characters, "character")]
    if example.revision > 1:
        facts.append(f"revision {example.revision}")
    st.caption(" · ".join(facts))


def _draw_actions(place: Workspace, example: Example) -> None:
    is_active = example.status is ExampleStatus.ACTIVE
    with st.container(horizontal=True, gap="xsmall"):
        address = {"dataset": str(example.dataset_id), "example": str(example.id)}
        st.page_link("pages/review.py", label="Review, edit", icon=":material/rate_review:", query_params=address)
        st.button(
            "Remove" if is_active else "Bring back",
            key=f"status{example.id}",
            icon=":material/delete:" if is_active else ":material/restore_from_trash:",
            type="tertiary",
            on_click=_change_status,
            args=(place, example, ExampleStatus.REMOVED if is_active else ExampleStatus.ACTIVE),
        )


def _change_status(place: Workspace, example: Example, status: ExampleStatus) -> None:
    try:
        done = set_status(place, example.dataset_id, [example.id], status, author=author_name())
    except SynthGenError as error:
        session.set_problem(error)
        return
    became = "removed" if status is ExampleStatus.REMOVED else "brought back"
    session.set_undoable(f"Example {example.example_index + 1:,} was {became}.", done)
