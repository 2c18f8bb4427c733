"""The versions of a dataset: named states, what differs between two, and going back to one."""

import streamlit as st

from pages.ui import session
from pages.ui.author import author_field
from pages.ui.diffs import draw_diff
from pages.ui.examples import draw_example
from pages.ui.gate import may, reason
from pages.ui.shell import choose_page, reporting
from pages.ui.undoing import draw_undo
from pages.ui.words import ago, as_label, as_markdown, plural
from synthgen_core.access import Role
from synthgen_core.actions.versions import (
    Difference,
    DiffKind,
    compare,
    get_differences,
    get_versions,
    make_version,
    restore_version,
)
from synthgen_core.models import Dataset, Version
from synthgen_core.workspace import Workspace

PER_PAGE = 10
LONGEST_NAME = 120
NOW = 0
"""In place of a version's number."""
KINDS = {
    DiffKind.ADDED: ("added", "green", ":material/add:"),
    DiffKind.REMOVED: ("removed", "red", ":material/remove:"),
    DiffKind.CHANGED: ("changed", "orange", ":material/edit:"),
}


def versions_tab(place: Workspace, dataset: Dataset) -> None:
    """The list, and below it a comparison."""
    versions = get_versions(place, dataset.id)
    draw_undo(place, dataset)
    with st.container(horizontal=True, wrap=False, vertical_alignment="center"):
        st.caption(
            f"{plural(len(versions), 'version')}. A version is a name for the state of all examples at a moment; "
            "it takes no space, and every state can be brought back.",
            width="stretch",
        )
        if st.button(
            "Make a version",
            type="primary",
            icon=":material/bookmark_add:",
            disabled=not may(place, Role.REVIEWER),
            help=reason(place, Role.REVIEWER),
        ):
            _make(place, dataset)
    for version in versions:
        _draw_version(place, dataset, version)
    if versions:
        _draw_comparison(place, dataset, versions)


def _draw_version(place: Workspace, dataset: Dataset, version: Version) -> None:
    with st.container(border=True, horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        with st.container(gap=None, width="content"):
            st.markdown(f"**{version.number}** · **{as_label(version.name)}**", width="content")
            made = f"by {as_label(version.author)}, {ago(version.created_at)}"
            st.caption(f"{plural(version.example_count, 'example')} · {made}", width="content")
            if version.note:
                st.markdown(as_markdown(version.note), width="content")
        if st.button(
            "Bring back",
            key=f"restore{version.number}",
            icon=":material/history:",
            disabled=not may(place, Role.ADMIN),
            help=reason(place, Role.ADMIN),
        ):
            _restore(place, dataset, version)


@st.dialog("Make a version", icon=":material/bookmark_add:")
def _make(place: Workspace, dataset: Dataset) -> None:
    """Name the present state."""
    st.caption(f"Of {plural(dataset.example_count, 'active example')}, as they are now.")
    name = st.text_input("Name", placeholder="Before the second review", max_chars=LONGEST_NAME)
    note = st.text_area("Note", placeholder="What is special about this state")
    author = author_field()
    if st.button("Make it", type="primary"):
        with reporting():
            made = make_version(place, dataset.id, name=name, author=author, note=note)
            st.toast(f"Version {made.number} was made.", icon=":material/bookmark_added:")
            st.rerun()


@st.dialog("Bring back a version", icon=":material/history:")
def _restore(place: Workspace, dataset: Dataset, version: Version) -> None:
    """Say what that does; then do it."""
    with reporting():
        since = compare(place, dataset.id, version.number).counts
        st.markdown(f"All examples become what they were in version {version.number}, **{as_label(version.name)}**:")
        for kind, what in (
            (DiffKind.ADDED, "Came since, and are removed"),
            (DiffKind.REMOVED, "Were removed since, and come back"),
            (DiffKind.CHANGED, "Were changed since, and are changed back"),
        ):
            st.markdown(f"- {what}: **{plural(since[kind], 'example')}**")
        st.caption("Nothing is lost: it is a new state, and can be undone.")
        author = author_field()
        if st.button("Bring it back", type="primary", icon=":material/history:", disabled=not any(since.values())):
            done = restore_version(place, dataset.id, version.number, author=author)
            session.set_undoable(
                f"Version {version.number} was brought back: {plural(done.changed, 'example')} changed.", done
            )
            st.rerun()


def _draw_comparison(place: Workspace, dataset: Dataset, versions: list[Version]) -> None:
    """What became of the examples between two states."""
    st.subheader("Compare", anchor=False)
    names = {version.number: f"{version.number} · {version.name}" for version in versions}
    older, newer = st.columns(2)
    first = older.selectbox("From", names, format_func=names.__getitem__, key=f"from{dataset.id}", persist_state="page")
    states = {NOW: "As it is now"} | names
    second = newer.selectbox("To", states, format_func=states.__getitem__, key=f"to{dataset.id}", persist_state="page")
    compared = compare(place, dataset.id, first, None if second == NOW else second)
    if compared.first.number != first:
        st.caption(":material/info: The older one comes first.")
    if not any(compared.counts.values()):
        st.info("No example differs.", icon=":material/check:")
        return
    kind = st.segmented_control(
        "What became of them",
        [kind for kind, count in compared.counts.items() if count],
        default=next(kind for kind, count in compared.counts.items() if count),
        required=True,
        format_func=lambda kind: f"{KINDS[kind][2]} {compared.counts[kind]:,} {KINDS[kind][0]}",
        key=f"kind{dataset.id}-{first}-{second}",
        label_visibility="collapsed",
    )
    shown = st.container()
    session.restart("differences", (first, second, kind))
    with st.container(horizontal=True, horizontal_alignment="right"):
        page = choose_page(-(-compared.counts[kind] // PER_PAGE), "differences")
    with shown:
        for difference in get_differences(place, compared, kind, limit=PER_PAGE, offset=(page - 1) * PER_PAGE):
            _draw_difference(dataset, difference)


def _draw_difference(dataset: Dataset, difference: Difference) -> None:
    word, colour, icon = KINDS[difference.kind]
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**Example {difference.example_index + 1:,}**", width="content")
            st.badge(word, icon=icon, color=colour)
        if difference.before is not None and difference.after is not None:
            draw_diff(difference.before, difference.after)
        elif content := difference.after or difference.before:
            draw_example(dataset.format, content)
