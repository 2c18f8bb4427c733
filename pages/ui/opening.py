"""The way from a figure to the examples behind it: the Review page, narrowed to them."""

import streamlit as st

from pages.ui import session
from pages.ui.filters import preset
from pages.ui.review_desk import Desk
from synthgen_core.models import ExampleFilter
from synthgen_core.reviewing import Queue

Target = ExampleFilter | int | tuple[int, ExampleFilter | int] | None
"""What can be opened: the examples that match, or one example by its id; or either of another dataset; None: none."""


def open_in_review(dataset_id: int, target: ExampleFilter | int) -> None:
    """Go to the Review page, which shows what matches, or this example. The page that calls this ends here."""
    wanted = ExampleFilter() if isinstance(target, int) else target
    preset("review", dataset_id, wanted)
    desk: Desk = session.desk(dataset_id, Desk)
    desk.queue, desk.sample_id = Queue.ALL, None
    query = {"dataset": str(dataset_id)}
    if isinstance(target, int):
        query["example"] = str(target)
    st.switch_page("pages/review.py", query_params=query)


def open_sample(dataset_id: int, sample_id: int, *, is_open: bool) -> None:
    """Go to the Review page, which leads through a choice of examples, removed ones too: ``is_open``, those that nobody
    decided on yet. The page that calls this ends here."""
    preset("review", dataset_id, ExampleFilter((), is_reviewed=False if is_open else None))
    desk: Desk = session.desk(dataset_id, Desk)
    desk.queue, desk.sample_id = Queue.CHOSEN, sample_id
    st.switch_page("pages/review.py", query_params={"dataset": str(dataset_id)})
