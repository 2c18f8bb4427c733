"""What can be done to many examples at once: those that are ticked, or all that match. Undone at once, too."""

from functools import partial

import streamlit as st

from pages.ui.review_deeds import SAID, Seat, Which
from pages.ui.words import plural
from synthgen_core.actions import review_edit
from synthgen_core.models import ExampleStatus
from synthgen_core.reviewing import Queue, Verdict

TICKED, MATCHING = "ticked", "matching"
VERDICTS = ((Verdict.ACCEPT, "check"), (Verdict.REJECT, "close"), (Verdict.SKIP, "skip_next"))


def bulk_menu(seat: Seat, total: int) -> None:
    """A menu below the grid."""
    ticked = seat.desk.ticked
    label = f"{len(ticked):,} ticked" if ticked else "Bulk"
    with st.popover(label, icon=":material/checklist:", key="review-bulk", type="primary" if ticked else "secondary"):
        scopes = {}
        if ticked:
            scopes[TICKED] = f"The {plural(len(ticked), 'ticked example')}"
        if seat.query.queue is Queue.ALL and total:
            scopes[MATCHING] = f"All {total:,} that match"
        if not scopes:
            st.caption("Tick examples in the grid first.")
            return
        scope = st.radio("Apply to", list(scopes), format_func=scopes.__getitem__, key=f"review-scope-{bool(ticked)}")
        which: Which = ticked if scope == TICKED else seat.query.filter
        _draw_verdicts(seat, which)
        _draw_tags(seat, which)


def _draw_verdicts(seat: Seat, which: Which) -> None:
    place, dataset_id, actor = seat.place, seat.desk.dataset_id, seat.actor
    with st.container(horizontal=True, gap="xsmall"):
        for verdict, icon in VERDICTS:
            deed = partial(review_edit.decide, place, dataset_id, which, verdict, actor, seen=seat.desk.seen)
            _button(seat, str(verdict).capitalize(), icon, deed, SAID[verdict])
    with st.container(horizontal=True, gap="xsmall"):
        for status, label, icon, told in (
            (ExampleStatus.REMOVED, "Remove", "delete", "removed"),
            (ExampleStatus.ACTIVE, "Bring back", "restore_from_trash", "brought back"),
        ):
            _button(seat, label, icon, partial(review_edit.set_status, place, dataset_id, which, status, actor), told)


def _draw_tags(seat: Seat, which: Which) -> None:
    typed = st.text_input("Tags", key="review-bulk-tags", placeholder="one, or several with commas")
    tags = [tag.strip() for tag in (typed or "").split(",") if tag.strip()]
    with st.container(horizontal=True, gap="xsmall"):
        change = partial(review_edit.set_tags, seat.place, seat.desk.dataset_id, which, seat.actor)
        _button(seat, "Add", "label", partial(change, add=tags), "tagged", is_ready=bool(tags))
        _button(seat, "Take away", "label_off", partial(change, remove=tags), "without the tags", is_ready=bool(tags))


def _button(seat: Seat, label: str, icon: str, deed: partial, told: str, *, is_ready: bool = True) -> None:
    st.button(
        label,
        key=f"review-bulk-{icon}",
        icon=f":material/{icon}:",
        disabled=not is_ready,
        on_click=seat.many,
        args=(deed, told),
    )
