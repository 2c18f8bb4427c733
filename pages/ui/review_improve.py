"""A better version of the example under review: asked of a model as the reviewer wishes, then taken, edited or left."""

from functools import partial

import streamlit as st

from pages.ui import session
from pages.ui.diffs import draw_diff
from pages.ui.gate import may, reason
from pages.ui.provider_picker import KEEP, provider_picker
from pages.ui.review_deeds import Seat
from pages.ui.shell import reporting, show_error
from pages.ui.words import as_label, plural
from synthgen_core.access import Role
from synthgen_core.actions.improving import Proposal, improve
from synthgen_core.actions.providers import PROVIDERS
from synthgen_core.actions.review import ReviewView
from synthgen_core.actions.review_edit import edit
from synthgen_core.actions.usage import dollars
from synthgen_core.models import Method, ProviderConfig
from synthgen_core.workspace import Workspace

ASK = "review-improve"
"""Key of the button that opens the dialog."""
WISH = "review-wish"
"""Key of the field in it: what is wished stays there for the next example."""


@st.dialog("Improve this example", width="medium", icon=":material/auto_fix_high:")
def ask_for_better(seat: Seat, view: ReviewView) -> None:
    """What should be better, and which model is asked; its proposal is then before the reviewer."""
    st.text_area(
        "What should be better?",
        key=WISH,
        persist_state=KEEP,
        height=90,
        max_chars=2000,
        placeholder="Shorter, and with the exact steps",
        help="The model is told of the example's flags, too. It may change texts, but not who speaks when.",
    )
    with reporting():
        config = provider_picker(seat.place)
        is_small = PROVIDERS[config.type].method is Method.QUESTION_BANK
        if is_small:
            st.info("This model is too small to improve examples. Choose another one.", icon=":material/info:")
        was_asked = st.button(
            "Ask for a better version",
            key="review-improve-ask",
            type="primary",
            icon=":material/send:",
            disabled=is_small,
            on_click=_ask,
            args=(seat, view.example.id, config),
        )
        if was_asked and seat.desk.proposal is not None:
            st.rerun()
    for problem in seat.desk.problems:
        show_error(problem)
    seat.desk.problems.clear()


def _ask(seat: Seat, example_id: int, config: ProviderConfig) -> None:
    seat.desk.proposal = None
    wish = str(session.told_by(WISH) or "")
    with st.spinner("Asking for a better version …", show_time=True):
        seat.do(partial(_propose, seat, example_id, wish, config))


def _propose(seat: Seat, example_id: int, wish: str, config: ProviderConfig) -> None:
    """Raises what ``improve`` does."""
    seat.desk.proposal = improve(seat.place, example_id, wish, config)


def draw_proposal(seat: Seat, view: ReviewView) -> None:
    """What the model proposes for the example in view, word by word; nothing where none was asked."""
    proposal = seat.desk.proposal
    if proposal is None or proposal.example_id != view.example.id:
        return
    with st.container(border=True, key="review-proposal", gap="xsmall"):
        cost = "price unknown" if proposal.cost is None else dollars(proposal.cost) if proposal.cost else "free"
        spent = f"{plural(proposal.calls, 'call')}, {proposal.usage.total:,} tokens, {cost}"
        st.markdown(f"**Proposed by {as_label(proposal.model)}** :small[:gray[{as_label(spent)}]]")
        draw_diff(view.example.content, proposal.content)
        if view.draft:
            st.caption("You have a draft of this example: it goes if you take or edit the proposal.")
        with st.container(horizontal=True, gap="xsmall"):
            for label, icon, kind, deed in (
                ("Take it", "check", "primary", _take),
                ("Edit it", "edit", "secondary", _edit),
                ("Leave it", "close", "tertiary", _leave),
            ):
                st.button(
                    label,
                    key=f"review-proposal-{icon}",
                    icon=f":material/{icon}:",
                    type=kind,
                    on_click=deed,
                    args=(seat, proposal),
                )


def draw_ask(place: Workspace) -> None:
    """The button that opens the dialog: the page sees that it was pressed, as only one dialog can be open."""
    st.button(
        "Improve",
        key=ASK,
        icon=":material/auto_fix_high:",
        type="tertiary",
        help=reason(place, Role.ADMIN) or "Ask a model for a better one",
        disabled=not may(place, Role.ADMIN),
    )


def _take(seat: Seat, proposal: Proposal) -> None:
    """Save it as an edit of the text that the model saw; where that changed since, the conflict holds it."""
    save = partial(
        edit,
        seat.place,
        proposal.example_id,
        proposal.content,
        seen_revision=proposal.revision,
        actor=seat.actor,
        reason=f"proposed by {proposal.model}",
    )
    if seat.do(save):
        seat.desk.tell("Saved.")
        seat.desk.proposal = None
    elif seat.desk.conflict is not None:
        seat.desk.proposal = None


def _edit(seat: Seat, proposal: Proposal) -> None:
    """Open the editor with it: from here on it is a draft."""
    seat.edit_text(proposal.content, proposal.example_id, proposal.revision)
    if seat.do(partial(seat.keep_draft, proposal.content)):
        seat.desk.proposal = None


def _leave(seat: Seat, _proposal: Proposal) -> None:
    seat.desk.proposal = None
