"""Drawing datasets in lists: a few of them, the whole list with its columns and actions, and the trash."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from pages.ui import session, session_datasets
from pages.ui.curation import open_operation, operations_menu
from pages.ui.gate import may, reason
from pages.ui.words import ago, as_label, plural
from synthgen_core.access import Role
from synthgen_core.actions.datasets import DatasetPage, Summary, download_dataset
from synthgen_core.actions.trash import delete_dataset
from synthgen_core.errors import SynthGenError
from synthgen_core.formats import FORMATS
from synthgen_core.languages import LANGUAGES
from synthgen_core.models import Dataset, Origin
from synthgen_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the list that can be sorted by."""

    title: str
    width: int
    """Pixels."""
    cell: Callable[[Dataset, Summary], str]


def _score(dataset: Dataset, summary: Summary) -> str:
    if summary.mean_score is None:
        return ":gray[–]"
    return f"{summary.mean_score:.1f} :gray[:small[n {summary.scored:,}]]"


def _reviewed(dataset: Dataset, summary: Summary) -> str:
    return f"{100 * summary.reviewed / dataset.example_count:.0f} %" if dataset.example_count else ":gray[–]"


COLUMNS: Mapping[str, Column] = {
    "example_count": Column("Examples", 84, lambda dataset, _: f"{dataset.example_count:,}"),
    "mean_score": Column("Score", 88, _score),
    "reviewed": Column("Reviewed", 84, _reviewed),
    "updated_at": Column("Changed", 96, lambda dataset, _: ago(dataset.updated_at)),
}
"""Sort of ``get_datasets`` -> its column; the largest comes first."""
NAMES = {"name": "Name", "domain": "Domain", "format": "Format", "origin": "Origin"}
"""Sorts of what stands in the first column -> their titles; in the order of the alphabet."""
BOX, BUTTON, ACTIONS = 24, 34, 160
"""Widths in pixels."""


def facts(place: Workspace, dataset: Dataset) -> str:
    """Domain, format, origin, language, model and tags, as far as they are known."""
    names = {domain.slug: domain.name for domain in place.catalogue}
    format = FORMATS[dataset.format].label if dataset.format in FORMATS else dataset.format
    known = [names.get(dataset.domain, dataset.domain), format, str(dataset.origin)]
    if language := LANGUAGES.get(str(dataset.metadata.get("language"))):
        known.append(language.name)
    if model := dataset.metadata.get("model"):
        known.append(str(model))
    known += [f"#{tag}" for tag in dataset.tags]
    return " · ".join(as_label(fact) for fact in known if fact)


def _name(dataset: Dataset) -> None:
    label = f"**{as_label(dataset.name)}**"
    st.page_link("pages/dataset.py", label=label, query_params={"dataset": str(dataset.id)})


def draw_dataset_rows(place: Workspace, datasets: Sequence[Dataset]) -> None:
    """One framed row for each dataset, with a link to it."""
    for dataset in datasets:
        with st.container(border=True, horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            with st.container(gap=None, width="content"):
                _name(dataset)
                st.caption(facts(place, dataset))
            with st.container(gap=None, width="content", horizontal_alignment="right"):
                st.markdown(plural(dataset.example_count, "example"), width="content")
                st.caption(f"changed {ago(dataset.updated_at)}", width="content")


def draw_dataset_list(place: Workspace, page: DatasetPage) -> None:
    """The list with all its columns; each title sorts, in the database."""
    with st.container(gap=None):
        with st.container(key="dataset-titles", horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.space(BOX)
            with st.container(key="dataset-name-titles", horizontal=True, gap="small", width="stretch"):
                for sort, title in NAMES.items():
                    _title(sort, title, is_descending=False)
            for sort, column in COLUMNS.items():
                with st.container(width=column.width):
                    _title(sort, column.title, is_descending=True)
            st.space(ACTIONS)
        for dataset in page.rows:
            _row(place, dataset, page.summaries[dataset.id])


def _title(sort: str, title: str, *, is_descending: bool) -> None:
    """A title that sorts; ``is_descending``: at first the largest comes first."""
    now, was_descending = session_datasets.dataset_order()
    arrow = f":material/arrow_{'downward' if was_descending else 'upward'}:" if now == sort else None
    st.button(
        title,
        key=f"sort-{sort}",
        type="tertiary",
        icon=arrow,
        icon_position="right",
        on_click=session_datasets.order_datasets,
        args=(sort,),
        kwargs={"is_descending": is_descending},
    )


def _row(place: Workspace, dataset: Dataset, summary: Summary) -> None:
    with st.container(key=f"dataset-row-{dataset.id}", horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.checkbox(
            f"Choose {as_label(dataset.name)}",
            dataset.id in session_datasets.picked_datasets(),
            key=session_datasets.pick_key(dataset.id),
            label_visibility="collapsed",
            width=BOX,
            on_change=session_datasets.pick_dataset,
            args=(dataset.id,),
        )
        with st.container(key=f"dataset-name-{dataset.id}", gap=None, width="stretch"):
            _name(dataset)
            st.caption(facts(place, dataset))
        for column in COLUMNS.values():
            st.markdown(column.cell(dataset, summary), width=column.width)
        with st.container(horizontal=True, gap=None, width=ACTIONS, horizontal_alignment="right"):
            _actions(place, dataset)


def _actions(place: Workspace, dataset: Dataset) -> None:
    st.download_button(
        "",
        data=lambda: download_dataset(place, dataset.id).open("rb"),
        file_name=dataset.file_path.rsplit("/", 1)[-1],
        mime="application/x-ndjson",
        key=f"download{dataset.id}",
        help=reason(place, Role.REVIEWER) or "Download as JSONL",
        icon=":material/download:",
        type="tertiary",
        width=BUTTON,
        on_click="ignore",
        disabled=not dataset.example_count or not may(place, Role.REVIEWER),
    )
    if st.button(
        "",
        key=f"duplicate{dataset.id}",
        help=reason(place, Role.ADMIN) or "Duplicate",
        icon=":material/content_copy:",
        type="tertiary",
        width=BUTTON,
        disabled=not dataset.example_count or not may(place, Role.ADMIN),
    ):
        open_operation(place, Origin.DUPLICATED, [dataset])
    if st.button(
        "",
        key=f"delete{dataset.id}",
        help=reason(place, Role.ADMIN) or "Delete",
        icon=":material/delete:",
        type="tertiary",
        width=BUTTON,
        disabled=not may(place, Role.ADMIN),
    ):
        confirm_delete(place, [dataset])
    operations_menu(place, dataset, is_in_list=True)


@st.dialog("Delete?", icon=":material/delete:")
def confirm_delete(place: Workspace, datasets: Sequence[Dataset], *, then: str | None = None) -> None:
    """Ask first. ``then`` is the page to go to."""
    if session.takes_whole_page():
        if then:
            st.switch_page(then)
        st.rerun()
    for dataset in datasets:
        st.markdown(f":material/database: **{as_label(dataset.name)}** with {plural(dataset.example_count, 'example')}")
    st.caption("It goes to the trash, where it can be restored, and its file is removed. Its jobs are cancelled.")
    st.button(
        "Delete", key="delete", type="primary", icon=":material/delete:", on_click=_delete, args=(place, datasets)
    )


def _delete(place: Workspace, datasets: Sequence[Dataset]) -> None:
    for dataset in datasets:
        try:
            delete_dataset(place, dataset.id)
        except SynthGenError as error:
            session.add_problem(error)
    session_datasets.unpick_datasets(dataset.id for dataset in datasets)
    session.ask_for_whole_page()
    st.toast("Moved to the trash.", icon=":material/delete:")
