"""The example at the right of the Review page: its text, what is known of it, and what can be decided."""

from functools import partial

import streamlit as st

from pages.ui.examples import draw_example
from pages.ui.review_deeds import FLAGGED, SAID, VERDICT_KEYS, Seat
from pages.ui.review_editor import draw_editor
from pages.ui.review_facts import JUDGE_HIDDEN, draw_details, draw_history, draw_quality
from pages.ui.review_improve import draw_ask, draw_proposal
from pages.ui.words import REVIEWED, ago, as_label, flag_in_words
from synthgen_core.actions.review import ReviewView, review_example
from synthgen_core.models import Dataset, ExampleStatus
from synthgen_core.reviewing import DISPUTED, MOST_SCORE, Verdict

BUTTONS = (("a", "Accept", "check"), ("x", "Reject", "close"), ("s", "Skip", "skip_next"))
TABS = ("Conversation", "Quality", "Details", "History")
SCORES = range(11)
MOST_MESSAGES = 200
"""Of a conversation that is drawn whole: who reads with the keyboard unfolds nothing."""


def draw_panel(seat: Seat, dataset: Dataset, view: ReviewView) -> ReviewView | None:
    """The whole panel, or the editor in its place. Returns the example that comes next, where it is drawn, hidden."""
    with st.container(border=True, key="review-panel", gap="small"):
        ahead = None if seat.desk.is_editing else _ahead(seat)
        _draw_head(seat, view, ahead)
        if seat.desk.is_editing:
            draw_editor(seat, view)
            return None
        tabs = st.tabs(TABS, key="review-tab", on_change="rerun")
        draws = (
            partial(_draw_text, seat, dataset, view),
            partial(draw_quality, seat, view),
            partial(draw_details, seat.place, view),
            partial(draw_history, seat, view),
        )
        for n, (tab, draw) in enumerate(zip(tabs, draws, strict=True)):
            if tab.open:
                with tab, st.container(height=400, border=False, key=f"review-body-{n}", autoscroll=False):
                    draw()
        if not tabs[0].open:
            ahead = None
        elif ahead is not None:
            with tabs[0], st.container(height=400, border=False, key="review-ahead-body", autoscroll=False):
                draw_example(dataset.format, ahead.example.content, most=MOST_MESSAGES)
        _draw_decision(seat, view)
    return ahead


def _ahead(seat: Seat) -> ReviewView | None:
    """The example that comes next."""
    desk = seat.desk
    there = desk.around(seat.place, seat.query, desk.current).next if desk.current is not None else None
    return None if there is None else review_example(seat.place, there, seat.actor.name)


def _draw_head(seat: Seat, view: ReviewView, ahead: ReviewView | None) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="xsmall"):
        _draw_title(view, "now")
        if ahead is not None:
            _draw_title(ahead, "ahead")
        if not seat.desk.is_editing:
            with st.container(horizontal=True, width="content", gap=None, vertical_alignment="center"):
                for key, icon, label in (
                    ("k", "keyboard_arrow_up", "previous"),
                    ("j", "keyboard_arrow_down", "next"),
                ):
                    _button(seat, view, key, _hinted("", key), icon, type="tertiary", help=f"To the {label} example")


def _draw_title(view: ReviewView, which: str) -> None:
    """Which example it is, and what is known of it in a word each."""
    example = view.example
    with st.container(
        horizontal=True, width="stretch", gap="xsmall", vertical_alignment="center", key=f"review-{which}-head"
    ):
        st.markdown(f"**Example {example.example_index + 1:,}**", width="content")
        if look := REVIEWED.get(view.verdict or ""):
            st.badge(look[0], icon=f":material/{look[2]}:", color=look[1])
        if view.is_stale:
            st.badge("of an older text", icon=":material/history:", color="orange")
        if example.status is ExampleStatus.REMOVED:
            st.badge("removed", icon=":material/delete:", color="gray")
        if example.quality_score is not None:
            st.badge(f"{example.quality_score:.1f}", icon=":material/star:", color="blue", help="The judge's score")
        if view.is_judge_hidden:
            st.badge("blind", icon=":material/visibility_off:", color="gray", help=JUDGE_HIDDEN)
        if example.rule_score is not None:
            st.badge(f"{example.rule_score:g}", icon=":material/rule:", color="gray", help="The rules' score")
        for rule in dict.fromkeys(flag.rule for flag in view.flags):
            st.badge(as_label(flag_in_words(rule)), icon=":material/flag:", color="orange")
        for tag in view.tags:
            st.badge(as_label(tag), icon=":material/label:", color="violet")


def _draw_text(seat: Seat, dataset: Dataset, view: ReviewView) -> None:
    draw_proposal(seat, view)
    draw_example(dataset.format, view.example.content, most=MOST_MESSAGES)
    if view.draft:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.badge(f"your draft of {ago(view.draft.updated_at)}", icon=":material/edit_note:", color="violet")
            _button(seat, view, "e", "Go on with it", "edit", type="tertiary", name="draft")
    draw_ask(seat.place)


def _draw_decision(seat: Seat, view: ReviewView) -> None:
    mine = view.mine.verdict if view.mine else None
    with st.container(horizontal=True, gap="xsmall", key="review-verdicts"):
        for key, label, icon in BUTTONS:
            chosen = mine is VERDICT_KEYS[key]
            kind = "primary" if chosen or (key == "a" and mine not in (Verdict.ACCEPT, Verdict.REJECT)) else "secondary"
            _button(seat, view, key, _hinted(label, key), icon, type=kind, width="stretch")
        _button(seat, view, "e", _hinted("Edit", "e"), "edit", width="stretch")
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key="review-more"):
        score = view.mine.score if view.mine else None
        whole = int(score) if score is not None and float(score).is_integer() else None
        widget = f"review-score-{view.example.id}-{score}"
        st.segmented_control(
            "Your score, 0 to 10 (keys 0 to 9, and - for 10)",
            SCORES,
            format_func=lambda score: "10 :small[-]" if score == MOST_SCORE else str(score),
            default=whole,
            key=widget,
            label_visibility="collapsed",
            on_change=_score,
            args=(seat, view, widget),
        )
        is_flagged = FLAGGED in view.tags
        _button(seat, view, "f", _hinted("", "f"), "flag", type="primary" if is_flagged else "tertiary", help="Flag")
        _button(seat, view, "z", _hinted("", "z"), "undo", type="tertiary", help="Undo what was done last (Y: redo)")
    _draw_others(seat, view, mine)


def _draw_others(seat: Seat, view: ReviewView, mine: Verdict | None) -> None:
    """What the others said; and, where people disagree, the way to settle it."""
    if view.is_hidden:
        st.caption(":material/visibility_off: What others said is shown once you have decided.")
        return
    said = [f"{as_label(review.reviewer)}: {SAID[review.verdict]}" for review in view.others]
    if mine:
        said.insert(0, f"You: {SAID[mine]}")
    if said and (view.others or view.is_stale):
        st.caption(" · ".join(said))
    if view.verdict == DISPUTED:
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
            st.caption("Settle it for everybody:", width="content")
            for verdict in (Verdict.ACCEPT, Verdict.REJECT):
                example = view.example
                settle = partial(seat.decide, verdict, example.id, example.revision, is_adjudication=True)
                st.button(str(verdict).capitalize(), key=f"review-settle-{verdict}", on_click=seat.do, args=(settle,))


def _score(seat: Seat, view: ReviewView, widget: str) -> None:
    chosen = st.session_state.get(widget)
    seat.do(partial(seat.score, None if chosen is None else float(chosen), view.example.id, view.example.revision))


def _hinted(label: str, key: str) -> str:
    return f"{label} :small[{key.upper()}]".strip()


def _button(seat: Seat, view: ReviewView, key: str, label: str, icon: str, *, name: str = "", **how: object) -> None:
    """A button that does what the key does."""
    st.button(
        label,
        key=f"review-do-{name or key}",
        icon=f":material/{icon}:",
        on_click=seat.press,
        args=(key, view.example.id, view.example.revision),
        **how,
    )
