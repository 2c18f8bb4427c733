"""The forms of the operations on datasets: what each asks, and the request that comes of it.

To add an operation, write its form and its row of ``OPERATIONS``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from pages.ui.filters import filter_form
from pages.ui.words import as_id, as_label, plural
from synthgen_core.actions.curation import (
    Convert,
    Deduplicate,
    Duplicate,
    Filter,
    Merge,
    Request,
    Sample,
    Split,
)
from synthgen_core.actions.datasets import describe_dataset
from synthgen_core.conversion import DEFAULT_STRATEGY, STRATEGIES, can_convert
from synthgen_core.formats import FORMATS
from synthgen_core.models import Dataset, Origin
from synthgen_core.prompts import label_of
from synthgen_core.workspace import Workspace

PARTS = ("Training", "Validation", "Test")
USUAL_SHARES = (80.0, 10.0, 10.0)
USUAL_SAMPLE = 100
CHAT, INSTRUCTION = "chat", "instruction"
Form = Callable[[Workspace, Sequence[Dataset]], Request | None]
"""Draws the fields; None while something has to be filled in first."""


@dataclass(frozen=True, slots=True)
class Operation:
    """How an operation is told to people."""

    label: str
    icon: str
    summary: str
    form: Form
    reads_texts: bool = False
    """Its preview has to read all texts: with many of them that takes a while."""


def name_field() -> str:
    """What the new dataset is to be called."""
    return st.text_input(
        "Name", key="operation_name", max_chars=200, placeholder="Made from the name of the dataset it comes from"
    )


def seed_field() -> int | None:
    """Raises nothing: what is no seed is told in place, and counts as none."""
    text = st.text_input(
        "Seed",
        key="operation_seed",
        placeholder="Drawn, and kept with the result",
        help="The same seed gives the same result.",
    ).strip()
    if text and as_id(text) is None:
        st.error("A seed is a whole number from 0 on, of 18 digits at most. One is drawn.", icon=":material/error:")
    return as_id(text)


def strategy_field(formats: Sequence[str], target: str) -> str:
    """How conversations are cut; not asked where none becomes an instruction."""
    if target != INSTRUCTION or set(formats) <= {INSTRUCTION}:
        return DEFAULT_STRATEGY
    chosen = st.selectbox(
        "Longer conversations", list(STRATEGIES), format_func=lambda s: STRATEGIES[s].label, key="operation_strategy"
    )
    st.caption(STRATEGIES[chosen].summary)
    return chosen


def format_field(formats: Sequence[str], *, leave_out: str = "") -> str | None:
    """The format of the result, of those that all of these can become; None where there is none."""
    possible = [name for name in FORMATS if name != leave_out and all(can_convert(each, name) for each in formats)]
    if not possible:
        st.info("There is no format that this can become without inventing something.", icon=":material/info:")
        return None
    return st.selectbox("Format", possible, format_func=lambda n: FORMATS[n].label, key="operation_format")


def merge_form(place: Workspace, datasets: Sequence[Dataset]) -> Request | None:
    """Several to one."""
    for dataset in datasets:
        facts = f"{plural(dataset.example_count, 'example')}, {dataset.format}"
        st.markdown(f":material/database: **{as_label(dataset.name)}** :gray[{facts}]")
    formats = list(dict.fromkeys(dataset.format for dataset in datasets))
    target: str | None = formats[0]
    if len(formats) > 1:
        st.caption("Their formats differ. What has another format than the result is converted.")
        target = format_field(formats)
    if target is None:
        return None
    strategy = strategy_field(formats, target)
    skips = st.toggle("Leave out what an earlier one of these datasets has, too", key="operation_skip")
    ids = tuple(dataset.id for dataset in datasets)
    return Merge(ids, name_field(), skip_duplicates=skips, format_type=target, strategy=strategy)


def sample_form(place: Workspace, datasets: Sequence[Dataset]) -> Request | None:
    """Some of many."""
    (dataset,) = datasets
    usual = max(1, min(USUAL_SAMPLE, dataset.example_count))
    size = st.number_input("Examples", 1, None, usual, key="operation_size", help="Drawn by chance, each at most once.")
    parameters = describe_dataset(place, dataset.id).details.parameters
    by = None
    if parameters:
        by = st.selectbox(
            "Keep the shares of",
            [name for name, values in parameters.items() if len(values) > 1],
            None,
            label_of,
            key="operation_stratify",
            placeholder="Nothing: every example has the same chance",
            help="Each value of this parameter has the same share in the sample as in the dataset.",
        )
    seed = seed_field()
    return Sample(dataset.id, int(size), name_field(), seed, by or "")


def split_form(place: Workspace, datasets: Sequence[Dataset]) -> Request | None:
    """Parts of one."""
    columns = st.columns(3)
    shares = tuple(
        column.number_input(f"{part} (%)", 0.0, 100.0, share, 5.0, key=f"operation_{part}", format="%g")
        for column, part, share in zip(columns, PARTS, USUAL_SHARES, strict=True)
    )
    st.caption("What is alike, or of one conversation, goes into one part. A part of 0 % is not made.")
    seed = seed_field()
    return Split(datasets[0].id, shares, name_field(), seed)


def convert_form(place: Workspace, datasets: Sequence[Dataset]) -> Request | None:
    """To another format."""
    (dataset,) = datasets
    target = format_field([dataset.format], leave_out=dataset.format)
    if target is None:
        return None
    strategy = strategy_field([dataset.format], target)
    return Convert(dataset.id, target, strategy, name_field())


def deduplicate_form(place: Workspace, datasets: Sequence[Dataset]) -> Request | None:
    """Without repeats."""
    return Deduplicate(datasets[0].id, name_field())


def filter_operation_form(place: Workspace, datasets: Sequence[Dataset]) -> Request | None:
    """Those that match."""
    chosen = filter_form(place, datasets[0], "operation_filter")
    return Filter(datasets[0].id, chosen, name_field())


def duplicate_form(place: Workspace, datasets: Sequence[Dataset]) -> Request | None:
    """A copy."""
    return Duplicate(datasets[0].id, name_field())


OPERATIONS: Mapping[Origin, Operation] = {
    Origin.MERGED: Operation(
        "Merge",
        ":material/merge:",
        "One new dataset of all active examples of these. Each example keeps its origin.",
        merge_form,
        reads_texts=True,
    ),
    Origin.SAMPLED: Operation(
        "Sample", ":material/casino:", "A new dataset of some examples, drawn by chance.", sample_form
    ),
    Origin.SPLIT: Operation(
        "Split",
        ":material/call_split:",
        "New datasets for training, validation and testing.",
        split_form,
        reads_texts=True,
    ),
    Origin.CONVERTED: Operation(
        "Convert",
        ":material/swap_horiz:",
        "A new dataset of the same examples in another format. What is lost is told first.",
        convert_form,
        reads_texts=True,
    ),
    Origin.DEDUPLICATED: Operation(
        "Take out repeats",
        ":material/difference:",
        "A new dataset without exact repeats, whatever their case, spaces and punctuation. The first of each stays.",
        deduplicate_form,
        reads_texts=True,
    ),
    Origin.FILTERED: Operation(
        "Filter", ":material/filter_alt:", "A new dataset of the examples that match.", filter_operation_form
    ),
    Origin.DUPLICATED: Operation(
        "Duplicate", ":material/content_copy:", "A new dataset with a copy of all active examples.", duplicate_form
    ),
}
"""In the order of the menu; all but the first take one dataset."""
