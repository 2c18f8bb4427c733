"""The duplicates of a dataset: searched, looked at side by side, and removed, which nothing does by itself."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from pages.ui import session
from pages.ui.author import author_name
from pages.ui.diffs import draw_side_by_side
from pages.ui.jobs import job_panel
from pages.ui.shell import choose_page, show_error
from pages.ui.undoing import draw_undo
from pages.ui.words import ago, plural
from synthgen_core.actions.duplicate_search import KEEP, LEAST, start_search
from synthgen_core.actions.duplicates import (
    ClusterView,
    Search,
    SearchState,
    TwinView,
    keep_instead,
    latest_search,
    remove_twins,
    search_state,
    show_clusters,
)
from synthgen_core.actions.jobs import latest_task
from synthgen_core.dedup import NEAR, Compared
from synthgen_core.diffs import Change
from synthgen_core.errors import SynthGenError
from synthgen_core.models import Dataset, Example, JobKind, JobStatus
from synthgen_core.workspace import Workspace

PER_PAGE, TWINS = 5, 3
"""Groups on a page, and twins of each that are shown."""
COMPARED = {
    Compared.WHOLE: "Question and answer",
    Compared.QUESTION: "The question alone",
    Compared.RESPONSE: "The answer alone",
}
RANKS = {"verdict": "verdict", "score": "score", "longer": "length"}
KEEP_HELP = (
    "Which example of a group is kept: the one with the better verdict by people, then the one with the better score "
    "(a person’s before a judge’s), then the longer one; the order is yours. Of equals it is the one that came first."
)


def duplicates_part(place: Workspace, dataset: Dataset) -> None:
    """Draw it."""
    if problem := session.take_problem():
        show_error(problem)
    if not dataset.example_count:
        st.info("There are no active examples to compare.", icon=":material/info:")
        return
    task = latest_task(place, dataset.id, JobKind.DUPLICATES)
    _draw_form(place, dataset, is_searching=task is not None and task.job.status.is_active)
    if task is not None and task.job.status is not JobStatus.COMPLETED:
        job_panel(place, task.job.id)
    draw_undo(place, dataset)
    found = latest_search(place, dataset.id)
    if found is not None:
        _draw_found(place, found)
    elif task is None:
        st.caption(
            "Not searched yet. Every pair that is reported was compared word by word; nothing is removed by itself."
        )


def _draw_form(place: Workspace, dataset: Dataset, *, is_searching: bool) -> None:
    with st.container(border=True):
        alike, compared, keep, start = st.columns([3, 2.6, 4.4, 1.6], vertical_alignment="bottom", gap="medium")
        alike.slider(
            "Alike from",
            round(100 * LEAST),
            100,
            round(100 * NEAR),
            format="%d%%",
            key=_key("threshold", dataset.id),
            persist_state="session",
            help="The share of words that two examples have in the same order; 100% is an exact repeat.",
        )
        compared.selectbox(
            "Compare",
            COMPARED,
            format_func=COMPARED.__getitem__,
            key=_key("compared", dataset.id),
            persist_state="session",
        )
        keep.multiselect(
            "Keep by",
            KEEP,
            KEEP,
            format_func=RANKS.__getitem__,
            key=_key("keep", dataset.id),
            persist_state="session",
            help=KEEP_HELP,
            placeholder="the one that came first",
        )
        start.button(
            "Search",
            icon=":material/search:",
            type="primary",
            width="stretch",
            disabled=is_searching,
            key="duplicates-search",
            on_click=_attempt,
            args=(partial(_start, place, dataset.id),),
        )


def _key(field: str, dataset_id: int) -> str:
    return f"duplicates-{field}-{dataset_id}"


def _start(place: Workspace, dataset_id: int) -> None:
    """Search as the form says at this moment, which may be later than the page was drawn."""
    threshold, compared, keep = (
        st.session_state[_key(field, dataset_id)] for field in ("threshold", "compared", "keep")
    )
    start_search(place, dataset_id, threshold=threshold / 100, compared=compared, keep=keep)


def _draw_found(place: Workspace, found: Search) -> None:
    state = search_state(place, found)
    searched = f"{COMPARED[found.compared].lower()}, alike from {found.threshold:.0%}, {ago(found.created_at)}"
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        if found.twins:
            left = "" if state.twins == found.twins else f" {_left(state)}"
            st.markdown(
                f"**{found.twins:,}** of {plural(found.searched, 'example')} are like one that is kept, in "
                f"{plural(found.clusters, 'group')}.{left}  \n:small[:gray[{searched}]]",
                width="content",
            )
        else:
            st.markdown(
                f"No two of {plural(found.searched, 'example')} are that much alike.  \n:small[:gray[{searched}]]",
                width="content",
            )
        if state.twins:
            with st.popover(f"Remove {state.twins:,} …", icon=":material/delete:", key="duplicates-remove-all"):
                st.markdown(
                    f"Of {plural(state.clusters, 'group')}, one example each is kept; "
                    f"{plural(state.twins, 'example')} are removed. That can be undone."
                )
                remove = partial(_remove, place, found)
                st.button("Remove them", type="primary", icon=":material/delete:", key="remove-all", on_click=remove)
    if state.is_stale:
        st.warning(
            f"Since this search, {plural(state.added, 'example')} came or came back, and {state.edited:,} were edited. "
            "They are left out here and stay. Search again to compare them, too.",
            icon=":material/update:",
        )
    pages = "duplicates-page"
    session.restart(pages, found.id)
    shown = st.container()
    with st.container(horizontal=True, horizontal_alignment="right"):
        number = min(choose_page(-(-state.clusters // PER_PAGE), pages), max(1, -(-state.clusters // PER_PAGE)))
    with shown:
        for cluster in show_clusters(place, found, limit=PER_PAGE, offset=(number - 1) * PER_PAGE, twins=TWINS):
            _draw_cluster(place, found, cluster)


def _left(state: SearchState) -> str:
    if not state.twins:
        return "Nothing is left to remove."
    return f"**{state.twins:,}** in {plural(state.clusters, 'group')} are left."


def _draw_cluster(place: Workspace, found: Search, cluster: ClusterView) -> None:
    kept = cluster.kept
    with st.container(border=True):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            with st.container(horizontal=True, vertical_alignment="center", width="content"):
                st.markdown(f"**Example {kept.example_index + 1:,}** is kept", width="content")
                st.caption(_facts(kept), width="content")
                _draw_link(kept)
            st.button(
                f"Remove {plural(cluster.total, 'twin')}",
                key=f"remove-twins-{kept.id}",
                icon=":material/delete:",
                on_click=_remove,
                args=(place, found, kept),
            )
        for number, twin in enumerate(cluster.twins):
            _draw_twin(place, found, kept, twin, is_first=not number)
        if (more := cluster.total - sum(twin.is_near for twin in cluster.twins)) > 0:
            st.caption(f"And {plural(more, 'twin')} more, which would be removed, too.")


def _draw_twin(place: Workspace, found: Search, kept: Example, twin: TwinView, *, is_first: bool) -> None:
    example = twin.example
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**Example {example.example_index + 1:,}**", width="content")
            near = f"{int(1000 * twin.similarity) / 10:g}% alike"
            st.badge(near if twin.is_near else f"{near}: stays", color="orange" if twin.is_near else "gray")
            st.caption(_facts(example), width="content")
            _draw_link(example)
            st.button(
                "Keep this one instead",
                key=f"keep-{example.id}",
                icon=":material/swap_vert:",
                type="tertiary",
                on_click=_attempt,
                args=(partial(keep_instead, place, found, kept.id, example.id),),
            )
        if is_first or any(field.change is not Change.EQUAL for field in twin.differences):
            titles = (f"Example {kept.example_index + 1:,}, kept", f"Example {example.example_index + 1:,}")
            draw_side_by_side(twin.differences, *titles)
        else:
            st.caption("Word for word the same as the one that is kept.")


def _facts(example: Example) -> str:
    score = "" if example.quality_score is None else f"score {example.quality_score:.1f} · "
    return f"{score}{plural(example.characters, 'character')}"


def _draw_link(example: Example) -> None:
    address = {"dataset": str(example.dataset_id), "example": str(example.id)}
    st.page_link("pages/review.py", label="Review", icon=":material/rate_review:", query_params=address)


def _remove(place: Workspace, found: Search, kept: Example | None = None) -> None:
    """Remove the twins of one cluster, or of all."""
    try:
        done = remove_twins(place, found, author=author_name(), only=None if kept is None else [kept.id])
    except SynthGenError as error:
        session.set_problem(error)
        return
    left = f" {plural(done.skipped, 'example')} changed since the search, and stayed." if done.skipped else ""
    session.set_undoable(f"{plural(done.changed, 'duplicate')} removed.{left}", done)


def _attempt(action: Callable[[], object]) -> None:
    try:
        action()
    except SynthGenError as error:
        session.set_problem(error)
