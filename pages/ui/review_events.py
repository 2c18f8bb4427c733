"""What happened on the Review page since it was drawn: keys that were pressed, an address that was followed."""

from functools import partial

import streamlit as st

from pages.ui import review_keys
from pages.ui.events import unseen
from pages.ui.review_deeds import Seat
from pages.ui.words import as_id
from synthgen_core.actions.review import ReviewView, review_example
from synthgen_core.errors import NotFoundError

DIALOGS = ("g", "h")
"""Keys that open one."""


def take_presses(seat: Seat) -> set[str]:
    """Do what the keys say that were pressed since the page was drawn; which they were."""
    pressed = set()
    for entry in unseen(review_keys.presses(), seat.desk.marks):
        key = str(entry["key"])
        pressed.add(key)
        example_id = as_id(str(entry.get("example")))
        if key not in DIALOGS and example_id is not None:
            seat.press(key, example_id, int(entry["revision"]))
    return pressed


def follow_address(seat: Seat) -> None:
    """Go to the example that the address names, if somebody went there: an address that comes back late is none."""
    desk = seat.desk
    asked = as_id(st.query_params.get("example", ""))
    if asked is None or asked == desk.address:
        return
    desk.address = asked
    if asked in desk.sent:
        del desk.sent[: desk.sent.index(asked) + 1]
    else:
        desk.linked = asked
        seat.do(partial(_go_if_there, seat, asked))


def _go_if_there(seat: Seat, example_id: int) -> None:
    """Go to an example of this dataset. Raises NotFoundError."""
    if review_example(seat.place, example_id).example.dataset_id != seat.desk.dataset_id:
        raise NotFoundError(f"Example {example_id} is not one of this dataset.", "Choose one in the grid.")
    seat.desk.go(example_id)


def look(seat: Seat) -> ReviewView | None:
    """The current example as it is now, and the address in step with it."""
    desk = seat.desk
    if desk.current is None:
        return None
    try:
        view = review_example(seat.place, desk.current, seat.actor.name)
    except NotFoundError as error:
        desk.refuse(error)
        desk.current = None
        return None
    if desk.linked != desk.current:
        desk.linked = desk.current
        desk.sent.append(desk.current)
        st.query_params["example"] = str(desk.current)
    return view
