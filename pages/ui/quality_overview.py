"""The overview of a dataset's quality: what has been measured so far, on how many examples, and what to do next."""

import streamlit as st

from pages.ui import session
from pages.ui.jobs import counts, job_badge
from pages.ui.words import ago, as_label, plural
from synthgen_core.actions.quality_state import QualityState, get_quality_state
from synthgen_core.models import Dataset
from synthgen_core.workspace import Workspace

NOT_YET = "not measured yet"
MOST_JUDGES = 3
"""Judges that are named."""


def overview_part(place: Workspace, dataset: Dataset) -> None:
    """Draw it."""
    if not dataset.example_count:
        st.info("This dataset has no active examples: there is nothing to measure.", icon=":material/info:")
        st.page_link("pages/generate.py", label="Generate examples", icon=":material/bolt:")
        return
    with st.spinner("Reading all examples …", show_time=True):
        state = get_quality_state(place, dataset)
    st.caption(f"{plural(state.active, 'active example')}. All figures are of their texts as they are now.")
    with st.grid("auto", min_column_width=195, gap="small"):
        _rules(state)
        _judge(state)
        _people(dataset, state)
        _duplicates(state)
    left, right = st.columns([5, 4], gap="small")
    with left:
        _runs(state)
    with right:
        _further(state)


def _tile(title: str, value: str, said: str, button: str, part: str) -> None:
    """A figure with what it rests on, and the way to the part that measures it."""
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.caption(title)
        st.markdown(f"### {value}" if value != NOT_YET else f"### :gray[{value}]")
        st.caption(said)
        st.space("stretch")
        st.button(button, key=f"to-{part}", type="tertiary", icon=":material/arrow_forward:", **_to(part))


def _to(part: str) -> dict[str, object]:
    return {"on_click": session.open_part, "args": (part,)}


def _rules(state: QualityState) -> None:
    if state.rule_score is None:
        said = "Fourteen checks without a model, free of charge, with the reason and the place of what they find."
        _tile("Rule score", NOT_YET, said, "Run the rules", "Rules")
        return
    said = f"of 10, mean of {state.checked:,} of {plural(state.active, 'example')}; {plural(state.flagged, 'rule')}"
    _tile("Rule score", f"{state.rule_score:.1f}", f"{said} found something.", "See what they found", "Rules")


def _judge(state: QualityState) -> None:
    if state.judge_score is None:
        said = "A model reads each example and scores it by a rubric. That needs a model of a provider or a server."
        _tile("Judge's score", NOT_YET, said, "Ask a judge", "Judge")
        return
    said = f"of 10, mean of {state.scored:,} of {plural(state.active, 'example')}. "
    if len(state.judges) == 1:
        said += f"By {state.judges[0].model}, rubric “{state.judges[0].rubric}”."
    else:
        shares = [f"{each.model}, “{each.rubric}”: {each.mean:.1f} (n = {each.scored:,})" for each in state.judges]
        more = f"; {len(shares) - MOST_JUDGES} more" if len(shares) > MOST_JUDGES else ""
        said += f"Mixed, by {len(shares)} judges: {'; '.join(shares[:MOST_JUDGES])}{more}."
    _tile("Judge's score", f"{state.judge_score:.1f}", as_label(said), "Judge again", "Judge")


def _people(dataset: Dataset, state: QualityState) -> None:
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.caption("Reviewed by people")
        if not state.reviewed:
            st.markdown(f"### :gray[{NOT_YET}]")
            st.caption("Only people can say whether scores can be trusted. A random sample of 100 tells a lot.")
        else:
            st.markdown(f"### {state.reviewed / state.active:.0%}")
            disputed = f", {state.disputed:,} disputed" if state.disputed else ""
            decided = f"{state.accepted:,} accepted, {state.rejected:,} rejected{disputed}"
            st.caption(f"{state.reviewed:,} of {plural(state.active, 'example')}: {decided}.")
        st.space("stretch")
        if st.button("Review", key="to-Review", type="tertiary", icon=":material/arrow_forward:"):
            st.switch_page("pages/review.py", query_params={"dataset": str(dataset.id)})


def _duplicates(state: QualityState) -> None:
    if state.search is None or state.left is None:
        said = "Nobody has looked for examples that say nearly the same. It takes seconds, and no model."
        _tile("Duplicates", NOT_YET, said, "Look for duplicates", "Duplicates")
        return
    searched = f"of {state.search.searched:,} searched {ago(state.search.created_at)}"
    said = f"in {plural(state.left.clusters, 'group')}, {searched}"
    if state.left.is_stale:
        said += f"; {state.left.added:,} came since, {state.left.edited:,} were edited"
    _tile("Duplicates that are left", f"{state.left.twins:,}", f"{said}.", "See them side by side", "Duplicates")


def _runs(state: QualityState) -> None:
    """The latest job of each kind that measures."""
    with st.container(border=True, height="stretch"):
        st.markdown("**Latest runs**")
        if not state.runs:
            st.caption("Nothing has run yet. The rules are the place to begin: they need no model.")
        for view in state.runs:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                job_badge(view)
                with st.container(gap=None):
                    st.markdown(as_label(view.title))
                    st.caption(f"{counts(view)} · {ago(view.job.completed_at or view.job.created_at)}")


def _further(state: QualityState) -> None:
    """What else the page has, each with what it answers."""
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.markdown("**Further questions**")
        for question, part in (
            ("Where are the weak examples?", "Charts"),
            ("How varied is it?", "Diversity"),
            ("Is there as much of each kind as was asked for?", "Coverage"),
            ("Does the judge agree with people?", "Trust"),
        ):
            st.button(question, key=f"ask-{part}", type="tertiary", icon=":material/arrow_forward:", **_to(part))
