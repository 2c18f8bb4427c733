"""What is reviewed, in which order: the choice of the dataset, the filters, the queue and the columns."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import streamlit as st

from pages.ui import session
from pages.ui.filters import filter_form
from pages.ui.review_desk import Desk
from pages.ui.review_grid import ALWAYS, COLUMNS, USUAL
from pages.ui.review_keys import cookie
from pages.ui.words import as_label, plural
from synthgen_core.actions.review_queues import choose_sample, choose_useful, get_choices, sample_estimate
from synthgen_core.actions.review_settings import settings_in
from synthgen_core.errors import SynthGenError
from synthgen_core.models import Dataset
from synthgen_core.reviewing import Choice, Purpose, Queue, ReviewQuery
from synthgen_core.workspace import Workspace

LISTED = 200
COLUMNS_COOKIE = "synthgen_columns"
VERDICTS = {
    "": "Any verdict",
    "none": "Not seen",
    "accept": "Accepted",
    "reject": "Rejected",
    "skip": "Skipped",
    "disputed": "Disputed",
    "stale": "Changed since",
}
ORDERS = {
    "In order": ("example_index", False),
    "Last first": ("example_index", True),
    "Lowest score": ("quality_score", False),
    "Highest score": ("quality_score", True),
    "People: lowest": ("person_score", False),
    "People: highest": ("person_score", True),
    "Rule score: lowest": ("rule_score", False),
    "Most flags": ("flag_count", True),
}
PURPOSES = {Purpose.SAMPLE: "Random sample", Purpose.USEFUL: "Most useful first"}


def query_bar(place: Workspace, dataset: Dataset, desk: Desk, reviewer: str) -> tuple[ReviewQuery, list[str]]:
    """What is looked at, and in which columns."""
    form, verdict, order, queue, columns = st.columns([5, 1.7, 1.7, 1.5, 0.7], vertical_alignment="top", gap="small")
    with form:
        chosen = filter_form(place, dataset, "review")
    with verdict:
        said = st.selectbox(
            "Verdict",
            VERDICTS,
            format_func=VERDICTS.__getitem__,
            key=session.review_verdict_key(dataset.id),
            persist_state="session",
            label_visibility="collapsed",
        )
    with order:
        sort, is_descending = ORDERS[
            st.selectbox(
                "Order",
                _orders(dataset),
                key=f"review-order-{dataset.id}",
                persist_state="session",
                label_visibility="collapsed",
                disabled=desk.queue is Queue.CHOSEN,
            )
        ]
    with queue:
        _choose_queue(place, desk)
    with columns:
        shown = _choose_columns()
    if dataset.format == "instruction" and "first_user" in shown:
        shown = [*shown, "input"]
    query = ReviewQuery(
        dataset.id,
        replace(chosen, verdict=said or None),
        "example_index" if desk.queue is Queue.CHOSEN else sort,
        is_descending and desk.queue is not Queue.CHOSEN,
        desk.queue,
        desk.sample_id,
        reviewer,
    )
    return query, shown


def _orders(dataset: Dataset) -> list[str]:
    """Their names; who rates blind is not led through the examples by the judge's score."""
    hides_judge = settings_in(dataset).hides_judge
    return [name for name, (column, _) in ORDERS.items() if not (hides_judge and column == "quality_score")]


def kept_columns() -> str:
    """The chosen columns as this browser keeps them."""
    return ",".join(_held_columns())


def _choose_columns() -> list[str]:
    choices = [name for name in COLUMNS if name not in (*ALWAYS, "reason", "input")]
    with st.popover("", icon=":material/view_column:", help="Columns", width="stretch", key="review-columns-menu"):
        st.pills(
            "Columns (drag their titles to order them)",
            choices,
            selection_mode="multi",
            default=_held_columns(),
            format_func=lambda name: COLUMNS[name].title,
            key=session.REVIEW_COLUMNS,
            persist_state="session",
        )
    return _held_columns()


def _held_columns() -> list[str]:
    held: Sequence[str] | None = st.session_state.get(session.REVIEW_COLUMNS)
    if held is None:
        held = cookie(COLUMNS_COOKIE).split(",")
    return [name for name in held if name in COLUMNS] or list(USUAL)


def _choose_queue(place: Workspace, desk: Desk) -> None:
    label = {Queue.ALL: "Queue: all", Queue.MINE: "Queue: mine", Queue.CHOSEN: "Queue: chosen"}[desk.queue]
    icon = ":material/low_priority:"
    menu = st.popover(label, icon=icon, width="stretch", key="review-queue-menu", on_change="rerun")
    if not menu.open:
        return
    choices = {choice.id: choice for choice in get_choices(place, desk.dataset_id)}
    with menu:
        options: list[Queue | int] = [Queue.ALL, Queue.MINE, *choices]
        now: Queue | int = desk.sample_id if desk.queue is Queue.CHOSEN and desk.sample_id in choices else desk.queue
        widget = f"review-queue-{len(choices)}-{now}"
        st.radio(
            "What comes next",
            options,
            index=options.index(now),
            format_func=partial(_name, choices),
            key=widget,
            on_change=_take_queue,
            args=(desk, widget),
        )
        if desk.queue is Queue.CHOSEN and desk.sample_id is not None:
            _draw_estimate(place, choices.get(desk.sample_id))
        size = st.number_input("Examples to choose", 1, 100_000, 200, key="review-queue-size")
        with st.container(horizontal=True, gap="xsmall"):
            for label, icon, make in (
                ("Draw a random sample", "casino", partial(choose_sample, place, desk.dataset_id, size)),
                ("Find the most useful", "priority_high", partial(choose_useful, place, desk.dataset_id, size=size)),
            ):
                st.button(label, icon=f":material/{icon}:", key=f"review-{icon}", on_click=_choose, args=(desk, make))


def _draw_estimate(place: Workspace, choice: Choice | None) -> None:
    if choice is None or choice.purpose is not Purpose.SAMPLE:
        return
    estimate = sample_estimate(place, choice.id)
    rate = estimate.rate
    if rate.value is None or rate.low is None or rate.high is None:
        st.caption(f"Rejected: {as_label(rate.why_withheld)}")
    else:
        st.caption(f"Rejected: **{rate.value:.1%}** ({rate.low:.1%} to {rate.high:.1%}, n = {rate.n:,})")
    if estimate.caution:
        st.caption(estimate.caution)


def _name(choices: Mapping[int, Choice], option: Queue | int) -> str:
    if option is Queue.ALL:
        return "Everything that matches"
    if option is Queue.MINE:
        return "Mine to do"
    choice = choices[int(option)]
    return f"{PURPOSES[choice.purpose]}: {plural(choice.size, 'example')}, {choice.created_at:%d %b %H:%M}"


def _take_queue(desk: Desk, widget: str) -> None:
    option = st.session_state[widget]
    desk.queue, desk.sample_id = (option, None) if isinstance(option, Queue) else (Queue.CHOSEN, int(option))


def _choose(desk: Desk, make: "partial[Choice]") -> None:
    try:
        made = make()
    except SynthGenError as error:
        desk.refuse(error)
        return
    if not made.size:
        desk.tell("No example has a reason to come first.", "info")
        return
    desk.queue, desk.sample_id = Queue.CHOSEN, made.id
