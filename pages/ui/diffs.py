"""Drawing what is different between two states of an example, or two examples, word by word."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from pages.ui.words import as_label, plural
from synthgen_core.diffs import Change, FieldDiff, Span, diff_contents
from synthgen_core.models import JsonObject

LONG, SHOWN = 600, 200
"""Characters: a stretch without a change that is longer than the first is cut to its ends."""
TAGS = {Change.ADDED: "ins", Change.REMOVED: "del"}


def draw_diff(before: JsonObject, after: JsonObject) -> None:
    """Each field or message that changed: what was added, and what was taken away. Of the others, only the number."""
    fields = diff_contents(before, after)
    changed = [field for field in fields if field.change is not Change.EQUAL]
    for field in changed:
        _draw_field(field)
    if same := len(fields) - len(changed):
        st.caption(f"{plural(same, 'text')} without a change." if changed else "Nothing in its texts is different.")


def draw_side_by_side(fields: Sequence[FieldDiff], first: str, second: str) -> None:
    """Two examples with their titles beside one another: what only one of them says is marked in it.

    A text that both have stands across.
    """
    is_same = all(field.change is Change.EQUAL for field in fields)
    titles = "" if is_same else f"<u>{escape(first)}</u><u>{escape(second)}</u>"
    st.html(f'<div class="sides">{titles}{"".join(map(_as_sides, fields))}</div>')


def _as_sides(field: FieldDiff) -> str:
    name = f"<b>{escape(field.name)}</b>"
    if field.change is Change.EQUAL:
        return f'{name}<div class="diff both">{"".join(map(_as_html, field.spans)) or "(empty)"}</div>'
    sides = (Change.ADDED, Change.REMOVED)  # what is not of the first, and not of the second
    texts = ("".join(_as_html(span) for span in field.spans if span.change is not other) for other in sides)
    return name + "".join(f'<div class="diff">{text or "(nothing)"}</div>' for text in texts)


def _draw_field(field: FieldDiff) -> None:
    what = "" if field.change is Change.CHANGED else f" · {field.change}"
    st.markdown(f":small[**{as_label(field.name)}**{what}]")
    st.html(f'<div class="diff">{"".join(map(_as_html, field.spans)) or "(empty)"}</div>')


def _as_html(span: Span) -> str:
    if tag := TAGS.get(span.change):
        return f"<{tag}>{escape(span.text)}</{tag}>"
    if len(span.text) <= LONG:
        return escape(span.text)
    left_out = f"{len(span.text) - 2 * SHOWN:,} characters without a change"
    return f"{escape(span.text[:SHOWN])} <i>… {left_out} …</i> {escape(span.text[-SHOWN:])}"
