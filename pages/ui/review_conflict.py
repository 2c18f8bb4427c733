"""Two people changed one example, or one changed what the other was reading: both texts, and what can be done."""

from functools import partial

import streamlit as st

from pages.ui.diffs import draw_diff
from pages.ui.examples import draw_example
from pages.ui.review_deeds import Seat
from pages.ui.words import ago, as_label
from synthgen_core.actions.datasets import get_dataset_details
from synthgen_core.reviewing import Conflict


def draw_conflict(seat: Seat, conflict: Conflict) -> None:
    """Say what happened; show theirs, yours and both; nothing is overwritten unless that is asked for here."""
    with st.container(border=True, key="review-conflict"):
        who = as_label(conflict.author or "Somebody")
        st.warning(
            f"**{who} changed this example {ago(conflict.at)}, while you had it before you.** "
            + (
                "Your text was not saved yet." if conflict.yours else "Your verdict or score was not taken: look again."
            ),
            icon=":material/group:",
        )
        names = ["Theirs: what changed", "Yours", "Theirs", "Both"] if conflict.yours else ["What changed"]
        tabs = dict(zip(names, st.tabs(names), strict=True))
        with tabs[names[0]]:
            draw_diff(conflict.base, conflict.theirs)
        format = get_dataset_details(seat.place, seat.desk.dataset_id).format
        if conflict.yours is not None:
            with tabs["Yours"]:
                draw_example(format, conflict.yours)
            with tabs["Theirs"]:
                draw_example(format, conflict.theirs)
            with tabs["Both"]:
                st.caption("What saving yours would change in theirs.")
                draw_diff(conflict.theirs, conflict.yours)
        with st.container(horizontal=True, gap="xsmall"):
            if conflict.yours is not None:
                _button("Keep theirs", "check", partial(_keep_theirs, seat, conflict))
                _button("Save yours over theirs", "save", partial(_keep_yours, seat, conflict))
                _button("Go on editing yours", "edit", partial(_go_on, seat, conflict))
            else:
                _button("I have seen it", "check", partial(_close, seat, conflict))


def _button(label: str, icon: str, deed: partial) -> None:
    st.button(label, key=f"review-conflict-{icon}", icon=f":material/{icon}:", on_click=deed)


def _close(seat: Seat, conflict: Conflict) -> None:
    seat.desk.conflict = None
    seat.desk.go(conflict.example_id)


def _keep_theirs(seat: Seat, conflict: Conflict) -> None:
    _close(seat, conflict)
    seat.desk.text_of = (conflict.example_id, conflict.revision)
    seat.do(seat.discard)


def _go_on(seat: Seat, conflict: Conflict) -> None:
    _close(seat, conflict)
    if conflict.yours is not None:
        seat.edit_text(conflict.yours, conflict.example_id, conflict.revision)
        seat.do(partial(seat.keep_draft, conflict.yours))


def _keep_yours(seat: Seat, conflict: Conflict) -> None:
    _go_on(seat, conflict)
    seat.do(seat.save)
