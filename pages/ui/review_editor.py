"""Editing the example under review where it stands: each text as it is written, turns added, taken away and moved.

What is typed is kept as a draft within a second, also where it is against the format's rules; saving checks them.
"""

import copy
from collections.abc import Callable
from functools import partial

import streamlit as st

from pages.ui.review_deeds import Seat
from pages.ui.words import ago, as_label, as_markdown
from synthgen_core.actions.review import ReviewView
from synthgen_core.formats import messages_in
from synthgen_core.models import JsonObject, Role
from synthgen_core.passages import CONVERSATIONS, Passage, passages, with_texts

OPPOSITE = {Role.USER: Role.ASSISTANT, Role.ASSISTANT: Role.USER}


def draw_editor(seat: Seat, view: ReviewView) -> None:
    """The fields, and what to do with them."""
    desk = seat.desk
    content = desk.text if desk.text is not None else view.example.content
    with st.container(height=440, border=False, key="review-editor", autoscroll=False):
        if view.draft:
            st.caption(f":material/edit_note: Draft, kept {ago(view.draft.updated_at)}.")
        for passage in passages(content):
            _draw_passage(seat, content, passage)
        _draw_structure(seat, content)
    if desk.fault is not None and not any(p.is_meant_by(desk.fault.message) for p in passages(content)):
        st.error(_fault(seat), icon=":material/error:")
    with st.container(horizontal=True, gap="xsmall", key="review-saving"):
        is_changed = desk.typed != view.example.content
        buttons: tuple[tuple[str, str, str, Callable[[], object], bool], ...] = (
            ("Save :small[Ctrl+Enter]", "save", "primary", seat.save, is_changed),
            ("Close :small[Esc]", "close", "secondary", desk.stop_editing, True),
            ("Discard the draft", "delete", "tertiary", seat.discard, view.draft is not None or is_changed),
        )
        for label, icon, kind, deed, is_ready in buttons:
            st.button(
                label,
                key=f"review-edit-{icon}",
                icon=f":material/{icon}:",
                type=kind,
                disabled=not is_ready,
                on_click=_finish,
                args=(seat, deed),
            )


def gather(seat: Seat) -> None:
    """Keep what stands in the fields. Called before anything else is done, wherever that is.

    Fields that are not there, as after a visit to another page, begin anew with what stood in them.
    """
    desk = seat.desk
    if not desk.is_editing or desk.text is None or desk.typed is None:
        return
    fields = {each.path: (_field(seat, each), each.text) for each in passages(desk.typed)}
    typed = {path: str(st.session_state.get(key, text) or "") for path, (key, text) in fields.items()}
    if (content := with_texts(desk.typed, typed)) != desk.typed:
        seat.do(partial(seat.keep_draft, content))
    if not all(key in st.session_state for key, _ in fields.values()):
        seat.redraw_fields(content)


def _finish(seat: Seat, deed: Callable[[], object]) -> None:
    gather(seat)
    seat.do(deed)


def _draw_passage(seat: Seat, content: JsonObject, passage: Passage) -> None:
    desk, place = seat.desk, "-".join(map(str, passage.path))
    with st.container(key=f"review-passage-{place}", gap="xsmall"):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="xsmall"
        ):
            st.caption(as_label(passage.label), width="content")
            if _is_message(passage):
                with st.container(horizontal=True, width="content", gap=None):
                    for icon, label, change in (
                        ("keyboard_arrow_up", "Move it up", _move_up),
                        ("keyboard_arrow_down", "Move it down", _move_down),
                        ("add", "Add a turn below it", _add_below),
                        ("delete", "Take this turn away", _take_away),
                    ):
                        st.button(
                            "",
                            key=f"review-{icon}-{place}",
                            icon=f":material/{icon}:",
                            type="tertiary",
                            help=label,
                            on_click=_reshape,
                            args=(seat, content, passage, change),
                        )
        st.text_area(
            passage.label,
            passage.text,
            height="content",
            key=_field(seat, passage),
            label_visibility="collapsed",
        )
        if desk.fault is not None and passage.is_meant_by(desk.fault.message):
            st.error(_fault(seat), icon=":material/error:")


def _draw_structure(seat: Seat, content: JsonObject) -> None:
    """What can be added that is not there: a system prompt, a first turn."""
    with st.container(horizontal=True, gap="xsmall"):
        messages = messages_in(content.get("messages"))
        if "messages" in content and not any(message.get("role") == Role.SYSTEM for message in messages):
            _adder(seat, content, "Add a system prompt", "settings", _add_system)
        if "messages" in content:
            _adder(seat, content, "Add a turn", "add", _add_last)
        if "instruction" in content:
            for key in ("system", "input"):
                if not isinstance(content.get(key), str):
                    _adder(seat, content, f"Add “{key}”", "add", partial(_add_field, key))


def _adder(
    seat: Seat, content: JsonObject, label: str, icon: str, change: Callable[[JsonObject, Passage | None], None]
) -> None:
    st.button(
        label,
        key=f"review-new-{label}",
        icon=f":material/{icon}:",
        type="tertiary",
        on_click=_reshape,
        args=(seat, content, None, change),
    )


def _reshape(
    seat: Seat, content: JsonObject, passage: Passage | None, change: Callable[[JsonObject, Passage | None], None]
) -> None:
    """Change which turns there are, with all that was typed so far; the fields are drawn anew then."""
    gather(seat)
    changed = copy.deepcopy(seat.desk.typed or content)
    change(changed, passage)
    seat.redraw_fields(changed)
    seat.do(partial(seat.keep_draft, changed))


def _field(seat: Seat, passage: Passage) -> str:
    """Key of a passage's field; the fields of another example, or of other turns, are others."""
    place = "-".join(map(str, passage.path))
    return f"review-field-{seat.desk.text_of[0]}-{seat.desk.shape}-{place}"


def _fault(seat: Seat) -> str:
    fault = seat.desk.fault
    return as_markdown(f"{fault.message} {fault.hint}") if fault is not None else ""


def _is_message(passage: Passage) -> bool:
    return passage.path[0] in CONVERSATIONS and len(passage.path) == 3


def _list_of(content: JsonObject, passage: Passage | None) -> tuple[list, int]:
    key, number = (passage.path[0], int(passage.path[1])) if passage else ("messages", 0)
    messages = content.get(str(key))
    return (messages if isinstance(messages, list) else []), number


def _move_up(content: JsonObject, passage: Passage | None) -> None:
    messages, n = _list_of(content, passage)
    if n > 0:
        messages[n - 1], messages[n] = messages[n], messages[n - 1]


def _move_down(content: JsonObject, passage: Passage | None) -> None:
    messages, n = _list_of(content, passage)
    if n + 1 < len(messages):
        messages[n], messages[n + 1] = messages[n + 1], messages[n]


def _take_away(content: JsonObject, passage: Passage | None) -> None:
    messages, n = _list_of(content, passage)
    del messages[n]


def _add_below(content: JsonObject, passage: Passage | None) -> None:
    messages, n = _list_of(content, passage)
    role = OPPOSITE.get(messages[n].get("role"), Role.USER)
    messages.insert(n + 1, {"role": str(role), "content": ""})


def _add_last(content: JsonObject, _: Passage | None) -> None:
    messages, _first = _list_of(content, None)
    role = OPPOSITE.get(messages[-1].get("role"), Role.USER) if messages else Role.USER
    messages.append({"role": str(role), "content": ""})


def _add_system(content: JsonObject, _: Passage | None) -> None:
    messages, _first = _list_of(content, None)
    messages.insert(0, {"role": str(Role.SYSTEM), "content": ""})


def _add_field(key: str, content: JsonObject, _: Passage | None) -> None:
    content[key] = ""
