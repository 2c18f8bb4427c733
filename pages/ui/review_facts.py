"""What is known of an example under review: judgements, flags with their words, how it was made, what it was before."""

import json
import re
from html import escape

import streamlit as st

from pages.ui.diffs import draw_diff
from pages.ui.examples import draw_parameters
from pages.ui.review_deeds import Seat
from pages.ui.words import SEVERITY_COLOURS, ago, as_label, as_markdown, flag_in_words, plural
from synthgen_core.actions.prompting import prompt_of
from synthgen_core.actions.review import ReviewView
from synthgen_core.errors import NotFoundError
from synthgen_core.models import Example, Flag, Json, JsonObject
from synthgen_core.workspace import Workspace

JUDGE_HIDDEN = "What a judge said is shown once you have decided, or given a score."
AROUND = 60
"""Characters shown before and after the words that raised a flag."""


def draw_quality(seat: Seat, view: ReviewView) -> None:
    """The judge's criteria and reasons, the flags, and what people noted."""
    if view.is_judge_hidden:
        st.caption(f":material/visibility_off: {JUDGE_HIDDEN}")
    elif not view.judgements and not view.flags:
        st.caption("No judge has scored it, and no rule flags it.")
    for judgement in view.judgements:
        score = "could not score it" if judgement.overall is None else f"**{judgement.overall:.1f}**"
        st.markdown(f"{as_label(judgement.model)} {score} :gray[revision {judgement.revision}]")
        if judgement.scores:
            st.markdown(" · ".join(as_label(f"{name} {value}") for name, value in judgement.scores.items()))
        if judgement.rationale:
            st.markdown(as_markdown(judgement.rationale))
    for flag in view.flags:
        _draw_flag(flag, view.example.content)
    st.text_area(
        "Note",
        view.note,
        key=f"review-note-{view.example.id}-{view.note}",
        placeholder="For others who look at this example",
        height=90,
        on_change=_note,
        args=(seat, view),
    )


def _note(seat: Seat, view: ReviewView) -> None:
    typed = str(st.session_state.get(f"review-note-{view.example.id}-{view.note}") or "")
    seat.do(lambda: seat.note(view.example.id, typed, view.note))


def _draw_flag(flag: Flag, content: JsonObject) -> None:
    with st.container(gap="xsmall"):
        st.badge(as_label(flag_in_words(flag.rule)), icon=":material/flag:", color=SEVERITY_COLOURS[flag.severity])
        st.caption(as_label(f"{flag.message} ({flag.source})"))
        text = _text_at(content, flag.field)
        if text is not None and flag.start is not None and flag.end is not None:
            start, end = max(0, flag.start - AROUND), flag.end + AROUND
            before, words, after = text[start : flag.start], text[flag.start : flag.end], text[flag.end : end]
            st.html(f'<div class="diff">…{escape(before)}<mark>{escape(words)}</mark>{escape(after)}…</div>')


def _text_at(content: JsonObject, field: str) -> str | None:
    """The text that a flag's field names: ``output``, ``messages.2``, ``messages[2].content``. None: there is none."""
    found: Json = content
    for step in re.findall(r"[^.\[\]]+", field):
        if isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            found = found.get(step) if isinstance(found, dict) else None
    if isinstance(found, dict):
        found = found.get("content")
    return found if isinstance(found, str) else None


def draw_details(place: Workspace, view: ReviewView) -> None:
    """What it was drawn from, what the model was told, and the reply that it was made from."""
    example = view.example
    facts = (plural(example.turns, "turn"), plural(example.characters, "character"), f"revision {example.revision}")
    st.caption(" · ".join((*facts, f"changed {ago(example.updated_at)}")))
    draw_parameters(example.metadata)
    rest = {name: value for name, value in example.metadata.items() if name != "parameters"}
    if rest:
        st.caption("Further facts")
        st.code(json.dumps(rest, ensure_ascii=False, indent=2), language="json", wrap_lines=True)
    _draw_prompt(place, view.example)
    st.caption("The model's raw reply")
    if view.reply is None:
        st.caption("It is not kept: it was brought in, or the reply is older than replies are kept for.")
    else:
        st.code(view.reply, language=None, wrap_lines=True)


def _draw_prompt(place: Workspace, example: Example) -> None:
    """Only on request: it is made again each time."""
    if not st.toggle("Show the prompt", key=f"review-prompt-{example.id}"):
        return
    try:
        messages = prompt_of(place, example)
    except NotFoundError as error:
        st.caption(as_label(str(error)))
        return
    for message in messages:
        st.caption(f"{message.role.value.capitalize()} message")
        st.code(message.content, language=None, wrap_lines=True)
    st.caption("Made again from what is kept with the example, without the openings that it was asked to avoid.")


def draw_history(seat: Seat, view: ReviewView) -> None:
    """Its states, the newest first; and what is different between any of them and what is there now."""
    revisions = {revision.revision: revision for revision in view.revisions}
    for revision in reversed(view.revisions):
        who = as_label(revision.author) if revision.author else "the app"
        what = as_label(revision.operation or "made")
        why = f" · {as_label(revision.reason)}" if revision.reason else ""
        st.caption(f"**{revision.revision}** · {what} by {who} · {ago(revision.at)}{why}")
    earlier = [number for number in reversed(revisions) if number != view.example.revision]
    if not earlier:
        st.caption("Nobody has changed it.")
        return
    chosen = st.selectbox(
        "What changed since revision", earlier, key=f"review-since-{view.example.id}-{view.example.revision}"
    )
    if chosen is not None:
        draw_diff(revisions[chosen].content, view.example.content)
        st.button(
            "Edit that text again",
            key="review-again",
            icon=":material/history:",
            on_click=seat.edit_text,
            args=(revisions[chosen].content, view.example.id, view.example.revision),
        )
