"""The grid of the Review page: a page of what matches, whose cells are saved as they are committed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from pages.ui import session
from pages.ui.events import unseen
from pages.ui.grid import CURRENT, FIXED, Column, draw_grid
from pages.ui.review_bulk import bulk_menu
from pages.ui.review_deeds import Seat
from pages.ui.review_editor import gather
from pages.ui.words import ago, as_id, flag_in_words
from synthgen_core.actions.review import ReviewPage, ReviewRow, count_matching, position, review_page
from synthgen_core.models import ExampleStatus
from synthgen_core.reviewing import Queue, Verdict
from synthgen_core.scenarios import in_words

PAGE_SIZE, HEIGHT = 50, 480
COLUMNS = {
    column.name: column
    for column in (
        Column("number", "#", 54, is_pinned=True),
        Column("reason", "Why", 150),
        Column(
            "verdict", "Verdict", 84, "verdict", "choice", ("", *(v for v in Verdict if v is not Verdict.WITHDRAWN))
        ),
        Column("quality_score", "Score", 60, "heat"),
        Column("rule_score", "Rules", 62, "heat"),
        Column("first_user", "First words", 210, editor="text"),
        Column("input", "Input", 160, editor="text"),
        Column("person_score", "People", 70, "heat", "number"),
        Column("last_answer", "Last answer", 210, editor="text"),
        Column("flags", "Flags", 120),
        Column("tags", "Tags", 110, editor="text"),
        Column("note", "Note", 150, editor="text"),
        Column("turns", "Turns", 64),
        Column("characters", "Length", 74),
        Column("parameters", "Parameters", 220),
        Column("reviewer", "Reviewer", 100),
        Column("changed", "Changed", 100),
        Column("status", "Status", 90, "verdict", "choice", tuple(ExampleStatus)),
    )
}
ALWAYS = ("number",)
USUAL = ("verdict", "quality_score", "rule_score", "first_user", "person_score", "flags", "tags", "turns")


def take_events(seat: Seat) -> bool:
    """Do what was done in the grid since it was drawn. Whether it shows that already, and so can stay as it is."""
    told = session.told_by(seat.desk.grid_key)
    has_done, has_failed = False, False
    for entry in unseen(told, seat.desk.marks):
        has_done = True
        if (example_id := as_id(str(entry.get("row")))) is None:
            continue
        if entry["what"] == "focus":
            seat.desk.go(example_id)
        else:
            change = partial(seat.change_cell, example_id, str(entry["column"]), entry["before"], entry["after"])
            has_failed |= not seat.do(change)
    ticked = told.get("ticked", []) if isinstance(told, Mapping) else []
    drawn = {row.id for row in seat.desk.drawn.rows} if seat.desk.drawn else set()
    seat.desk.ticked = tuple(found for one in ticked if (found := as_id(str(one))) in drawn and found is not None)
    return has_done and not has_failed


def settle(seat: Seat) -> None:
    """Where something else is looked at than before, begin with its first example."""
    desk = seat.desk
    if desk.query == seat.query:
        return
    if (
        desk.query
        and desk.query.queue is not Queue.MINE
        and replace(desk.query, reviewer=seat.actor.name) == seat.query
    ):
        desk.query = seat.query  # it is another person who looks at the same
        return
    is_first = desk.query is None
    desk.query, desk.drawn, desk.anchor = seat.query, None, None
    if not (is_first and desk.current is not None):
        page = review_page(seat.place, seat.query, size=PAGE_SIZE)
        desk.drawn, desk.current = page, None
        desk.go(page.rows[0].id if page.rows else None)


def draw_review_grid(seat: Seat, chosen: Sequence[str], theme: str, *, stays: bool) -> None:
    """The page of the list that holds the current example. ``stays``: as it was drawn last, see ``take_events``."""
    desk = seat.desk
    if not stays or desk.drawn is None:
        desk.drawn, desk.shown = _page(seat), desk.current
        desk.seen = {row.id: row.revision for row in desk.drawn.rows}
    page: ReviewPage = desk.drawn
    columns = [COLUMNS[name] for name in (*ALWAYS, *(name for name in COLUMNS if name in chosen))]
    if seat.query.queue is Queue.CHOSEN:
        columns.insert(1, COLUMNS["reason"])
    desk.grid_key = f"review-grid-{theme}-{desk.dataset_id}-{'-'.join(column.name for column in columns)}"
    with st.container(key="review-grid", gap="small"):
        if page.rows:
            rows = [_cells(row, desk.shown) for row in page.rows]
            draw_grid(rows, columns, key=desk.grid_key, height=HEIGHT, theme=theme)
        else:
            with st.container(border=True, height=HEIGHT, horizontal_alignment="center", vertical_alignment="center"):
                st.markdown("#### Nothing matches", text_alignment="center")
                st.caption("Take a filter away, or choose another queue.", text_alignment="center")
    _draw_foot(seat, page)


def _page(seat: Seat) -> ReviewPage:
    """The page that begins where the last one did, if the current example is on it; else one that has it."""
    desk = seat.desk
    ask = partial(review_page, seat.place, seat.query, size=PAGE_SIZE)
    page = ask(at=desk.anchor) if desk.anchor is not None else ask()
    if desk.current is not None and not _has(page, desk.current):
        around = (ask(before=desk.anchor) if desk.anchor is not None else page, ask(at=desk.current))
        page = next((found for found in around if _has(found, desk.current)), page)
    desk.anchor = page.rows[0].id if page.rows and page.has_previous else None
    return page


def _has(page: ReviewPage, example_id: int) -> bool:
    return any(row.id == example_id for row in page.rows)


def _draw_foot(seat: Seat, page: ReviewPage) -> None:
    """How many match, what can be done with them, and the way to their other pages."""
    total = seat.desk.measure("count", seat.query, partial(count_matching, seat.place, seat.query))
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="review-foot"
    ):
        bulk_menu(seat, total)
        with st.container(horizontal=True, width="content", vertical_alignment="center", gap="xsmall"):
            st.caption(_range(seat, page, total), width="content")
            for icon, is_there, is_forward in (
                ("chevron_left", page.has_previous, False),
                ("chevron_right", page.has_next, True),
            ):
                st.button(
                    "",
                    key=f"review-{icon}",
                    icon=f":material/{icon}:",
                    help="The next page" if is_forward else "The page before",
                    disabled=not is_there,
                    on_click=_turn,
                    args=(seat, page, is_forward),
                )


def _range(seat: Seat, page: ReviewPage, total: int) -> str:
    if not page.rows:
        return f"{total:,} match"
    first, query = page.rows[0].id, seat.query
    if not page.has_previous:
        start = "1"
    else:
        where = seat.desk.measure("position", (query, first), partial(position, seat.place, query, first))
        start = f"{where.number:,}" if where.is_exact else f"after {where.number:,}"
        if not where.is_exact:
            return f"{len(page.rows)} {start} of {total:,}"
    last = int(start.replace(",", "")) + len(page.rows) - 1
    return f"{start}–{last:,} of {total:,}"


def _turn(seat: Seat, page: ReviewPage, is_forward: bool) -> None:
    """To the page after or before; its first example becomes the current one."""
    gather(seat)
    edge = page.rows[-1 if is_forward else 0].id
    how = {"after": edge} if is_forward else {"before": edge}
    there = review_page(seat.place, seat.query, size=PAGE_SIZE, **how)
    if there.rows:
        seat.desk.anchor, seat.desk.drawn = there.rows[0].id, None
        seat.desk.go(there.rows[0].id)


def _cells(row: ReviewRow, current: int | None) -> dict[str, Any]:
    return {
        "id": row.id,
        CURRENT: row.id == current,
        FIXED: ",".join(row.fixed),
        "number": row.index + 1,
        "reason": row.reason,
        "verdict": row.verdict or "",
        "quality_score": row.quality_score,
        "person_score": row.person_score,
        "rule_score": row.rule_score,
        "first_user": row.first_user,
        "input": row.input,
        "last_answer": row.last_answer,
        "flags": ", ".join(map(flag_in_words, row.flags)),
        "tags": ", ".join(row.tags),
        "note": row.note or "",
        "turns": row.turns,
        "characters": row.characters,
        "parameters": " · ".join(in_words(str(value)) for value in row.parameters.values()),
        "reviewer": row.reviewer or "",
        "changed": ago(row.changed),
        "status": str(row.status),
    }
