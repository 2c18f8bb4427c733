"""Operations on datasets: the menu, the dialog with form, preview and start, and what became of it."""

from collections.abc import Sequence

import streamlit as st

from pages.ui import session, session_datasets
from pages.ui.curation_forms import OPERATIONS, Operation
from pages.ui.gate import may, reason
from pages.ui.jobs import POLL, counts, draw_job_actions, draw_last_error, job_badge, keep_up
from pages.ui.shell import reporting, show_error
from pages.ui.words import as_label, as_markdown, draw_error, plural
from synthgen_core.access import Role
from synthgen_core.actions.curation import Preview, Request, get_results, preview, start
from synthgen_core.actions.jobs import get_job
from synthgen_core.errors import SynthGenError
from synthgen_core.models import Dataset, JobKind, JobStatus, Origin
from synthgen_core.workspace import Workspace

QUICK = 20_000
"""Examples of which all texts are read for a preview without being asked to."""

NOT_DRAWN = "not_drawn"
"""Why an example is left out of a sample: that is nothing about this example."""


def operations_menu(place: Workspace, dataset: Dataset, *, is_in_list: bool = False) -> None:
    """A menu of what can be made of this dataset; the dialog of what is chosen opens. In a list it takes less room."""
    chosen = st.menu_button(
        "More" if is_in_list else "Operations",
        [origin for origin in OPERATIONS if origin is not Origin.MERGED],
        key=f"operations{dataset.id}",
        type="tertiary" if is_in_list else "secondary",
        format_func=lambda origin: f"{OPERATIONS[origin].icon} {OPERATIONS[origin].label}",
        disabled=not dataset.example_count or not may(place, Role.ADMIN),
        help=reason(place, Role.ADMIN),
    )
    if chosen:
        open_operation(place, chosen, [dataset])


def open_operation(place: Workspace, origin: Origin, datasets: Sequence[Dataset]) -> None:
    """Open the dialog of an operation on these datasets."""
    operation = OPERATIONS[origin]
    title = operation.label if len(datasets) > 1 else f"{operation.label}: {as_label(datasets[0].name)}"
    st.dialog(title, width="medium", icon=operation.icon)(_dialog)(place, operation, datasets)


def _dialog(place: Workspace, operation: Operation, datasets: Sequence[Dataset]) -> None:
    if session.takes_whole_page():
        st.rerun()  # it was started: the page shows what becomes of it
    st.caption(operation.summary)
    with reporting():
        request = operation.form(place, datasets)
        if request is not None:
            _draw_preview(place, operation, datasets, request)
    if problem := session.take_problem():
        show_error(problem)


def _draw_preview(place: Workspace, operation: Operation, datasets: Sequence[Dataset], request: Request) -> None:
    """What the request would do, and the button that does it."""
    key = (request, tuple(dataset.updated_at for dataset in datasets))
    found = session_datasets.operation_preview(key)
    is_quick = not operation.reads_texts or sum(dataset.example_count for dataset in datasets) <= QUICK
    if not isinstance(found, Preview):
        if not is_quick and not st.button("Work out what will happen", icon=":material/preview:"):
            st.caption("All texts are read for that, which takes a while. The operation itself is a job.")
            _start_button(place, operation, request)
            return
        with st.spinner("Looking through the examples …"):
            found = preview(place, request)
        session_datasets.set_operation_preview(key, found)
    _draw_found(found)
    if found.problem:
        draw_error(found.problem, "Choose otherwise.")
    else:
        _start_button(place, operation, found.request)


def _draw_found(found: Preview) -> None:
    with st.container(border=True, gap="xsmall"):
        for planned in found.outputs:
            st.markdown(
                f":material/database: **{as_label(planned.name)}** "
                f":gray[{plural(planned.count, 'example')}, {planned.format}]"
            )
        for left in found.left_out:
            said = f"{left.count:,} left out: {as_markdown(left.message)}"
            named = _first(left.examples) if left.reason != NOT_DRAWN else ""
            st.markdown(f":small[:material/remove_circle: {said}]{named}")
        if losses := found.losses:
            st.markdown(
                f":small[:material/swap_horiz: {losses.rows:,} to convert = {losses.converted:,} converted + "
                f"{losses.skipped:,} skipped; {plural(losses.written, 'example')} come of it.]"
            )
            for loss in losses.losses:
                said = f"{'skipped' if loss.is_skip else 'lose something'}: {as_markdown(loss.message)}"
                st.markdown(f":small[:material/remove_circle: {loss.count:,} {said}]{_first(loss.examples)}")
        for note in found.notes:
            st.markdown(f":small[:material/info: {as_markdown(note)}]")
        seed = getattr(found.request, "seed", None)
        st.caption(f"{plural(found.total, 'example')} looked at." + (f" Seed {seed}." if seed is not None else ""))


def _first(examples: Sequence[int]) -> str:
    """The first examples that something holds for, by their ids."""
    return f" :gray[:small[(ids {', '.join(map(str, examples))})]]" if examples else ""


def _start_button(place: Workspace, operation: Operation, request: Request) -> None:
    st.button(
        operation.label,
        key="start_operation",
        type="primary",
        icon=operation.icon,
        on_click=_start,
        args=(place, request, session_datasets.mark()),
    )


@st.cache_resource(max_entries=100, show_spinner=False)
def _start_once(_place: Workspace, _request: Request, mark: str) -> int:
    """Start it once, however often the button was pressed: callbacks of quick presses run at the same time."""
    return start(_place, _request).id


def _start(place: Workspace, request: Request, mark: str) -> None:
    try:
        session_datasets.set_started_operation(_start_once(place, request, mark))
    except SynthGenError as error:
        session.set_problem(error)
        return
    session_datasets.end_mark()
    session_datasets.unpick_datasets(request.dataset_ids)
    session_datasets.set_operation_preview(None, None)
    session.ask_for_whole_page()


def draw_started_operation(place: Workspace) -> None:
    """What became of the operation that this session started last; nothing where there is none."""
    job_id = session_datasets.started_operation()
    if job_id is None:
        return
    with reporting():
        job = get_job(place, job_id).job
        if job.kind is JobKind.CURATION:
            is_active = job.status.is_active
            st.fragment(_panel, run_every=POLL if is_active else None)(place, job_id, polls=is_active)


def _panel(place: Workspace, job_id: int, *, polls: bool) -> None:
    view = get_job(place, job_id)
    job = view.job
    keep_up(is_active=job.status.is_active, polls=polls)
    with st.container(border=True):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f"**{as_label(view.title)}**", width="stretch")
            job_badge(view)
            if not job.status.is_active:
                st.button("", help="Close", key="close", icon=":material/close:", type="tertiary", on_click=_close)
        if job.status.is_active:
            st.progress(view.fraction, text=job.note or counts(view))
            draw_job_actions(place, view)
            return
        if job.status is JobStatus.COMPLETED:
            for made in get_results(place, job_id):
                label = f"{as_label(made.name)}, {plural(made.example_count, 'example')}"
                st.page_link(
                    "pages/dataset.py",
                    label=label,
                    icon=":material/folder_open:",
                    query_params={"dataset": str(made.id)},
                )
        else:
            draw_last_error(job)
            st.caption("Nothing was made.")
            draw_job_actions(place, view)


def _close() -> None:
    session_datasets.set_started_operation(None)
    session.ask_for_whole_page()
