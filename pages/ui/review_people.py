"""Who reviews, what they go by, how far they are, and how far they agree."""

from collections.abc import Callable, Mapping
from functools import partial

import streamlit as st

from pages.ui import session
from pages.ui.author import LONGEST, author_name, signed_in
from pages.ui.review_desk import Desk
from pages.ui.review_keys import EDITING, READING, cookie, kept_mark
from pages.ui.words import REVIEWED, as_label, as_markdown, plural
from synthgen_core.actions.review_progress import ReviewProgress, count_verdicts, review_progress
from synthgen_core.actions.review_settings import get_review_settings, set_guidelines, set_review_settings
from synthgen_core.errors import SynthGenError
from synthgen_core.models import Dataset
from synthgen_core.reviewing import Actor, ReviewSettings, Verdict
from synthgen_core.statistics import Figure
from synthgen_core.workspace import Workspace

KEY_NAMES = {"0": "0 … 9", "-": "- (beside the 0)", " ": "Space"}
NAME_COOKIE = "synthgen_name"


def actor() -> Actor:
    """Who reviews: whoever is signed in, else the name that was typed here or kept by the browser."""
    if session.author() == session.ANONYMOUS and (kept := cookie(NAME_COOKIE)):
        session.set_author(kept[:LONGEST])
    return Actor(author_name(), session.mark_of_session(kept_mark()))


def name_menu(name: str) -> None:
    """The name, and the place to type it once: not for whoever is signed in."""
    is_unknown = name == session.ANONYMOUS
    label = "Your name?" if is_unknown else as_label(name)
    kind = "primary" if is_unknown else "tertiary"
    with st.popover(label, icon=":material/person:", key="review-name-menu", type=kind):
        if signed_in():
            st.caption("You are signed in with this name.")
            return
        st.text_input(
            "Your name",
            "" if is_unknown else name,
            max_chars=LONGEST,
            key="review-name",
            help="It is kept with all that you decide and edit, and by this browser.",
            on_change=_rename,
        )


def _rename() -> None:
    session.set_author(str(st.session_state.get("review-name") or "").strip() or session.ANONYMOUS)


def draw_progress(place: Workspace, desk: Desk, dataset: Dataset) -> None:
    """A strip; all figures are behind it."""
    counts: Mapping[str, int] = desk.measure("verdicts", dataset.id, partial(count_verdicts, place, dataset.id))
    reviewed = sum(count for verdict, count in counts.items() if verdict != Verdict.SKIP)
    share = reviewed / dataset.example_count if dataset.example_count else 0.0
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="review-progress"):
        st.markdown(f"**{reviewed:,}** of {dataset.example_count:,} reviewed", width="content")
        st.progress(min(1.0, share), width=70)
        for verdict, (word, colour, icon) in REVIEWED.items():
            if counts.get(verdict) or verdict in (Verdict.ACCEPT, Verdict.REJECT):
                badge = f"{counts.get(verdict, 0):,}"
                st.badge(badge, icon=f":material/{icon}:", color=colour, help=word.capitalize())
        icon, said = ":material/monitoring:", "Figures and agreement"
        menu = st.popover("", icon=icon, help=said, type="tertiary", key="review-figures", on_change="rerun")
        if menu.open:
            with menu, st.container(gap="xsmall"):
                _draw_figures(desk.measure("progress", dataset.id, partial(review_progress, place, dataset.id)))


def _draw_figures(progress: ReviewProgress) -> None:
    st.markdown(f"Accept rate: {_figure(progress.accept_rate, is_share=True)}")
    if progress.stale:
        st.markdown(f"{plural(progress.stale, 'verdict')} of a text that was changed since")
    if progress.people:
        st.markdown("**People**")
        for person in progress.people:
            score = f", mean score {person.mean_score:.1f}" if person.mean_score is not None else ""
            st.markdown(
                f"{as_label(person.name)}: {person.accepted:,} accepted, {person.rejected:,} rejected, "
                f"{person.skipped:,} skipped{score}"
            )
    st.markdown(f"**Agreement** on {plural(progress.overlapping, 'example')} that two or more decided")
    for label, figure in progress.agreement.items():
        st.markdown(f":small[{as_label(label)}: {_figure(figure)}]")


def _figure(figure: Figure, *, is_share: bool = False) -> str:
    if figure.value is None:
        return f":gray[{as_label(figure.why_withheld)}]"
    form = ".1%" if is_share else ".2f"
    between = (
        f" ({figure.low:{form}} to {figure.high:{form}})" if figure.low is not None and figure.high is not None else ""
    )
    return f"**{figure.value:{form}}**{between} :gray[n = {figure.n:,}]"


@st.dialog("Guidelines", width="large", icon=":material/menu_book:")
def show_guidelines(place: Workspace, dataset: Dataset) -> None:
    """What the dataset's reviewers go by, to read and to change; and how they share the work."""
    st.markdown(as_markdown(dataset.guidelines) if dataset.guidelines else ":gray[Nobody wrote any yet.]")
    with st.expander("Change them", icon=":material/edit:"):
        text = st.text_area("Guidelines (Markdown)", dataset.guidelines, height=220, key="review-guidelines")
        if st.button("Save", key="review-guidelines-save", type="primary", icon=":material/save:"):
            _do(lambda: set_guidelines(place, dataset.id, text or ""))
    settings = get_review_settings(place, dataset.id)
    with st.expander("Several reviewers", icon=":material/group:"):
        names = st.text_area(
            "Reviewers, one a line",
            "\n".join(settings.reviewers),
            help="Each has their own part then. Empty: whoever comes, until there are enough.",
        )
        overlap = st.number_input("People for each example", 1, 100, settings.overlap)
        is_blind = st.toggle("Blind: what others said is shown once you have decided", settings.is_blind)
        hides_judge = st.toggle("Rate blind: what a judge said is shown once you have decided", settings.hides_judge)
        if st.button("Save", key="review-settings-save", type="primary", icon=":material/save:"):
            people = tuple((names or "").splitlines())
            chosen = ReviewSettings(overlap, people, is_blind, hides_judge)
            _do(lambda: set_review_settings(place, dataset.id, chosen))


def _do(deed: Callable[[], object]) -> None:
    try:
        deed()
    except SynthGenError as error:
        st.error(f"{error.message} {error.hint}", icon=":material/error:")
        return
    st.rerun()


@st.dialog("Keys", width="medium", icon=":material/keyboard:")
def show_keys() -> None:
    """All keys; none of them acts while somebody types or a dialog is open."""
    lines = [f"| **{KEY_NAMES.get(key, key.upper())}** | {what} |" for key, what in READING.items()]
    lines += [f"| **{key}** | in the editor: {what} |" for key, what in EDITING.items()]
    st.markdown("| Key | What it does |\n|---|---|\n" + "\n".join(lines))
    st.caption("In the grid: arrows move, Enter or F2 edits a cell, Space ticks the row.")
