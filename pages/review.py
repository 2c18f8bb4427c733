"""Review: the grid at the left, the example at the right. Linkable: ``?dataset=7&example=123``.

What was done in the browser is dealt with first, then the example is drawn, then the rest: whoever decides sees the
next example before the page is complete.
"""

import streamlit as st

from pages.ui import review_keys, session
from pages.ui.choosing import choose_dataset
from pages.ui.review_bar import COLUMNS_COOKIE, kept_columns, query_bar
from pages.ui.review_conflict import draw_conflict
from pages.ui.review_deeds import Seat
from pages.ui.review_desk import Desk
from pages.ui.review_editor import gather
from pages.ui.review_events import follow_address, look, take_presses
from pages.ui.review_grid import draw_review_grid, settle, take_events
from pages.ui.review_improve import ASK, ask_for_better
from pages.ui.review_panel import draw_panel
from pages.ui.review_people import NAME_COOKIE, actor, draw_progress, name_menu, show_guidelines, show_keys
from pages.ui.review_style import apply_review_style
from pages.ui.shell import reporting, require_shell, show_error, workspace
from pages.ui.words import as_markdown
from synthgen_core.actions.review import ReviewView
from synthgen_core.errors import SynthGenError
from synthgen_core.workspace import Workspace


def review(place: Workspace) -> None:
    """The page."""
    who, asks_better = actor(), session.told_by(ASK)
    head = st.container(horizontal=True, vertical_alignment="center", gap="small")
    with head:
        st.title("Review", anchor=False, width="content")
        dataset = choose_dataset(place, session.REVIEW_DATASET)
    if dataset is None:
        st.info("There is nothing to review yet.", icon=":material/info:")
        st.page_link("pages/generate.py", label="Generate a dataset", icon=":material/bolt:")
        return
    desk: Desk = session.desk(dataset.id, Desk)
    with head:
        strip = st.container(width="stretch")
        name_menu(who.name)
        with st.container(horizontal=True, width="content", gap="small"):
            asks_guidelines = st.button("Guidelines :small[G]", key="review-ask-g", type="tertiary")
            asks_keys = st.button("Keys :small[H]", key="review-ask-h", type="tertiary")
    with st.container(key="review-bar"):
        query, columns = query_bar(place, dataset, desk, who.name)
    notices = st.container()
    left, right = st.columns(2, gap="small")

    seat = Seat(place, desk, query, who)
    gather(seat)
    pressed = take_presses(seat)
    stays = take_events(seat) and not pressed
    follow_address(seat)
    settle(seat)
    view = look(seat)
    theme = review_keys.theme()
    with right, reporting():
        ahead = draw_panel(seat, dataset, view) if view else None
        listen(seat, view, ahead, theme)
    with notices:
        tell(seat)
    with left, reporting():
        draw_review_grid(seat, columns, theme, stays=stays)
    with strip, reporting():
        draw_progress(place, desk, dataset)
    if asks_guidelines or "g" in pressed:
        show_guidelines(place, dataset)
    elif asks_keys or "h" in pressed:
        show_keys()
    elif view is not None and asks_better:
        ask_for_better(seat, view)


def listen(seat: Seat, view: ReviewView | None, ahead: ReviewView | None, theme: str) -> None:
    """The keys, on behalf of the example that is in view."""
    typed = session.author()
    review_keys.draw_keys(
        in_view(view) or review_keys.InView(None, 0),
        in_view(ahead),
        is_editing=seat.desk.is_editing,
        theme=theme,
        session=seat.actor.session,
        cookies={NAME_COOKIE: "" if typed == session.ANONYMOUS else typed, COLUMNS_COOKIE: kept_columns()},
        dealt=seat.desk.marks,
    )


def in_view(view: ReviewView | None) -> review_keys.InView | None:
    """What a key that is pressed now would be meant for."""
    return review_keys.InView(view.example.id, view.example.revision) if view else None


def tell(seat: Seat) -> None:
    """What was done, what could not be, and what somebody else did meanwhile."""
    desk = seat.desk
    for message, icon in desk.told[-3:]:
        st.toast(as_markdown(message), icon=icon)
    for problem in desk.problems:
        show_error(problem)
    desk.told.clear()
    desk.problems.clear()
    if desk.conflict is not None:
        draw_conflict(seat, desk.conflict)


require_shell()
apply_review_style()
with st.container(key="review-page"):
    try:
        review(workspace())
    except SynthGenError as error:
        show_error(error)
        st.page_link("pages/datasets.py", label="All datasets", icon=":material/database:")
