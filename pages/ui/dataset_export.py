"""Taking a dataset out: for which tool, which examples, what that comes to, and the file, read back and verified."""

from collections.abc import Mapping, Sequence

import streamlit as st

from pages.ui import session
from pages.ui.filters import filter_form
from pages.ui.gate import may, reason
from pages.ui.words import ago, as_label, as_markdown, file_size, plural
from synthgen_core.access import Role
from synthgen_core.actions.datasets import count_examples
from synthgen_core.actions.export_plans import (
    Count,
    ExportPlan,
    ExportRequest,
    TargetChoice,
    get_targets,
    plan_export,
)
from synthgen_core.actions.exports import MANIFEST, Download, download_export, list_exports
from synthgen_core.actions.versions import get_versions
from synthgen_core.conversion import DEFAULT_STRATEGY, STRATEGIES
from synthgen_core.errors import SynthGenError
from synthgen_core.models import Dataset, ExampleFilter
from synthgen_core.targets import SPLITS, TARGETS
from synthgen_core.workspace import Workspace

NOW = 0
"""In place of a version's number."""
SHARES = (80, 10, 10)
QUICK = 10_000
"""Examples that are looked at without being asked to; more take seconds."""
MOST_DOWNLOAD = 500 * 2**20
"""Bytes. What a browser fetches from here is held in memory while it does."""
MOST_EXPORTS = 20
LICENCES = ("cc-by-4.0", "cc-by-sa-4.0", "cc0-1.0", "mit", "apache-2.0")


def export_tab(place: Workspace, dataset: Dataset) -> None:
    """The target at the left; at the right the examples, and what comes of them."""
    targets, choices = st.columns(2, gap="large")
    with targets:
        choice = _choose_target(get_targets(place, dataset.id))
    with choices, st.container(key="stays-in-view"):
        request = _choose_examples(place, dataset, choice)
        if request is not None:
            _draw_plan(place, dataset, request)
    _draw_earlier(place, dataset)


def _choose_target(choices: Sequence[TargetChoice]) -> TargetChoice:
    """Every target by name, with what it is for; those that this dataset cannot be brought to are named below."""
    possible = {choice.target.name: choice for choice in choices if not choice.problem}
    chosen = st.radio(
        "For",
        possible,
        format_func=lambda name: possible[name].target.label,
        captions=[choice.target.summary for choice in possible.values()],
        key="export_target",
        persist_state="page",
    )
    for choice in choices:
        if choice.problem:
            st.caption(f":material/block: {as_label(choice.problem)}")
    return possible[chosen]


def _choose_examples(place: Workspace, dataset: Dataset, choice: TargetChoice) -> ExportRequest | None:
    st.markdown("**Which examples**")
    states = {NOW: "As it is now"}
    for version in get_versions(place, dataset.id):
        states[version.number] = f"Version {version.number}: {version.name}"
    state = NOW
    if len(states) > 1:
        state = st.selectbox(
            "State", states, format_func=states.__getitem__, key=f"state{dataset.id}", persist_state="page"
        )
    chosen = filter_form(place, dataset, "export")
    strategy = _choose_strategy() if choice.needs_strategy else DEFAULT_STRATEGY
    if choice.makes_pairs:
        st.caption(
            ":material/info: This dataset has no pairs of its own. They are made of the answers that a person edited: "
            "the edited one is preferred to what the model wrote."
        )
    split, seed = _choose_split()
    licence = _choose_licence() if choice.target.needs_licence else ""
    skips = st.toggle(
        "Leave out what the target refuses",
        key="export_skip",
        persist_state="page",
        help="Else nothing is written as long as a single example is refused.",
    )
    if split and abs(sum(split) - 100) > 1e-9:
        st.error(f"The parts add up to {sum(split):g} %. Make them 100 %.", icon=":material/error:")
        return None
    return ExportRequest(
        dataset.id, choice.target.name, chosen, state or None, strategy, split, seed, licence, skip_invalid=skips
    )


def _choose_strategy() -> str:
    chosen = st.selectbox(
        "Conversations of several turns",
        STRATEGIES,
        format_func=lambda name: STRATEGIES[name].label,
        key="export_strategy",
        persist_state="page",
    )
    st.caption(STRATEGIES[chosen].summary)
    return chosen


def _choose_split() -> tuple[tuple[float, ...], int]:
    """Percentages, none: one file; and the seed."""
    if not st.toggle("Split into train, validation and test", key="export_split", persist_state="page"):
        return (), 0
    *parts, last = st.columns(len(SPLITS) + 1)
    shares = tuple(
        float(part.number_input(f"{name} %", 0, 100, share, 5, key=f"export_{name}", persist_state="page"))
        for part, name, share in zip(parts, SPLITS, SHARES, strict=True)
    )
    seed = last.number_input("Seed", 0, None, 0, key="export_seed", persist_state="page")
    st.caption("Near repeats, and rows of one conversation, stay on one side.")
    return shares, int(seed)


def _choose_licence() -> str:
    chosen = st.selectbox(
        "Licence",
        LICENCES,
        None,
        key="export_licence",
        persist_state="page",
        accept_new_options=True,
        placeholder="Choose one, or type another",
        help="Under which others may use it. It is written as you state it, and never guessed.",
    )
    return chosen or ""


@st.cache_resource(max_entries=20, show_spinner=False)
def _plan(_place: Workspace, _request: ExportRequest, asked: str, state: str) -> ExportPlan:
    """Looked at once for each state of a dataset: a page is drawn anew with every click."""
    return plan_export(_place, _request)


def _draw_plan(place: Workspace, dataset: Dataset, request: ExportRequest) -> None:
    """What the export would come to; the button; and the file."""
    st.divider()
    now = request.filter if request.version is None else ExampleFilter()
    matched = count_examples(place, dataset.id, now)
    is_looked_at = matched <= QUICK or st.toggle(
        f"Look at all {matched:,} before writing",
        key="export_look",
        persist_state="page",
        help="What is lost, refused, and how large it gets. It takes some seconds, and writing does it in any case.",
    )
    problem = "" if matched else "No example matches. Change the filters."
    if matched and is_looked_at:
        with st.spinner("Looking at the examples …", show_time=True):
            plan = _plan(place, request, repr(request), f"{place.settings.data_dir} {dataset.updated_at.isoformat()}")
        _draw_counts(plan)
        problem = plan.problem
    else:
        st.markdown(f"**{plural(matched, 'example')}** match.")
    if problem:
        st.warning(as_markdown(problem), icon=":material/block:")
    st.button(
        "Export",
        type="primary",
        icon=":material/output:",
        disabled=bool(problem) or not may(place, Role.REVIEWER),
        help=reason(place, Role.REVIEWER),
        on_click=_write,
        args=(place, request),
    )
    written = session.export_of(request)
    if isinstance(written, Download):
        _draw_written(written)


def _write(place: Workspace, request: ExportRequest) -> None:
    try:
        with st.spinner("Writing, and reading back …", show_time=True):
            session.set_export(request, download_export(place, request))
    except SynthGenError as error:
        session.set_problem(error)


def _draw_counts(plan: ExportPlan) -> None:
    rows = plural(plan.rows, "row")
    of = "" if plan.examples == plan.matched == plan.rows else f" of {plan.matched:,} examples that match"
    st.markdown(f"**{rows}**{of}, about {file_size(plan.estimated_bytes)}.")
    if set(plan.per_split) != {""}:
        st.caption(" · ".join(f"{name}: {plural(count, 'row')}" for name, count in plan.per_split.items()))
    if plan.pairs is not None:
        st.caption(f"{plural(plan.pairs, 'pair')} from edits.")
    for warning in plan.warnings:
        st.caption(f":material/warning: {as_markdown(warning)}")
    _draw_reasons(f"Refused: {plural(plan.refused, 'example')}", plan.refusals)
    _draw_reasons("What is left out", plan.omissions)


def _draw_reasons(title: str, counts: Sequence[Count]) -> None:
    """Reason by reason: how many, why, and which the first are."""
    if counts:
        with st.expander(f"{title} · {plural(len(counts), 'reason')}", icon=":material/rule:"):
            st.dataframe(
                {
                    "Examples": [count.count for count in counts],
                    "Why": [f"{count.message} {count.remedy}".strip() for count in counts],
                    "Numbers of the first": [", ".join(map(str, count.examples)) for count in counts],
                },
                column_config={"Examples": st.column_config.NumberColumn(width=80, format="localized")},
                hide_index=True,
                height="content",
            )


def _draw_written(download: Download) -> None:
    result, size = download.result, sum(file.size for file in download.result.files)
    with st.container(border=True):
        st.markdown(
            f":material/verified: **{plural(result.rows, 'row')} written**, "
            f"verified {result.verified:,} of {result.rows:,}: read again with our own importer, and the same."
        )
        with st.container(horizontal=True):
            if size <= MOST_DOWNLOAD:
                st.download_button(
                    f"Download {as_label(download.name)}",
                    data=lambda: download.path.open("rb"),
                    file_name=download.name,
                    mime=download.media_type,
                    type="primary",
                    icon=":material/download:",
                    on_click="ignore",
                )
            st.download_button(
                MANIFEST,
                data=result.manifest,
                file_name=MANIFEST,
                mime="application/json",
                icon=":material/receipt_long:",
                on_click="ignore",
                help="What was exported, from which state, with which seed, and the SHA-256 of each file.",
            )
        if size > MOST_DOWNLOAD:
            where = "/".join(download.path.parts[-3:])
            st.caption(f":material/info: Too large for a browser. For a day it is in the data folder, as {where}.")
        _draw_files([{"name": f.name, "rows": f.rows, "bytes": f.size, "sha256": f.sha256} for f in result.files])


def _draw_files(files: Sequence[Mapping[str, object]]) -> None:
    st.dataframe(
        {
            "File": [file["name"] for file in files],
            "Rows": [file["rows"] for file in files],
            "Size": [file["bytes"] for file in files],
            "SHA-256": [file["sha256"] for file in files],
        },
        column_config={
            "Rows": st.column_config.NumberColumn(format="localized", width=80),
            "Size": st.column_config.NumberColumn(format="bytes", width=80),
        },
        hide_index=True,
        height="content",
    )


def _draw_earlier(place: Workspace, dataset: Dataset) -> None:
    """Exports that were made of it before. With its manifest, each can be written again, byte for byte."""
    exports = list_exports(place, dataset.id)
    if not exports:
        return
    with st.expander(f"Earlier exports · {len(exports):,}", icon=":material/history:"):
        st.dataframe(
            {
                "Number": [export.id for export in exports[:MOST_EXPORTS]],
                "Made": [ago(export.created_at) for export in exports[:MOST_EXPORTS]],
                "For": [
                    TARGETS[export.target].label if export.target in TARGETS else export.target
                    for export in exports[:MOST_EXPORTS]
                ],
                "Rows": [export.counts["rows"] for export in exports[:MOST_EXPORTS]],
                "Seed": [export.seed for export in exports[:MOST_EXPORTS]],
                "Files": [
                    ", ".join(str(file["name"]) for file in export.files if isinstance(file, dict))
                    for export in exports[:MOST_EXPORTS]
                ],
            },
            hide_index=True,
            height="content",
        )
