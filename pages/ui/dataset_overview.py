"""A dataset as a whole: how much there is, how it was made and of what, and how its examples are spread."""

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from pages.ui.charts import AMBER, GRAY, INDIGO, TEAL, chart_label, counts_axis, draw_chart
from pages.ui.words import STATUS, ago, as_label, flag_in_words, plural
from synthgen_core.actions.datasets import Description, describe_dataset
from synthgen_core.languages import LANGUAGES
from synthgen_core.models import Dataset, ExampleStatus, Job, JsonObject, Parent
from synthgen_core.prompts import label_of
from synthgen_core.scenarios import in_words
from synthgen_core.workspace import Workspace

CHART_HEIGHT, BAR_HEIGHT = 190, 26
MOST_BARS = 12
"""Values of one parameter that are drawn; the others are summed up."""
MOST_CHILDREN, MOST_JOBS = 20, 5
REMOVED_HELP = "Kept, and left out of exports. They can be brought back: see Examples, with the status “Removed”."
SCORE_HELP = "A judge's score from 0 to 10, over the active examples that have one."
REVIEWED_HELP = "Active examples that a person accepted or rejected as they are now."
FLAGS_HELP = "What is doubtful in active examples. An example can have several."


def overview_tab(place: Workspace, dataset: Dataset) -> None:
    """Figures over all active examples; they are measured once for each state of the dataset."""
    with st.spinner("Measuring all examples …", show_time=True):
        described = describe_dataset(place, dataset.id)
    _draw_figures(described)
    history, spread = st.columns([2, 3], gap="large")
    with history:
        _draw_making(described)
    with spread:
        _draw_lengths(described)
    if described.details.parameters:
        _draw_parameters(described)


def _draw_figures(described: Description) -> None:
    summary, active = described.summary, described.dataset.example_count
    removed = described.details.statuses.get(ExampleStatus.REMOVED, 0)
    flagged = sum(described.details.flags.values())
    score = "none" if summary.mean_score is None else f"{summary.mean_score:.2f}"
    quiet: dict[str, Any] = {"border": True, "delta_color": "off", "delta_arrow": "off"}
    with st.grid("auto", min_column_width=150):
        st.metric("Active examples", f"{active:,}", f"of {active + removed:,}", **quiet)
        st.metric("Removed", f"{removed:,}", _share(removed, active + removed), help=REMOVED_HELP, **quiet)
        st.metric("Mean score", score, f"of {summary.scored:,} scored", help=SCORE_HELP, **quiet)
        reviewed = f"{_share(summary.reviewed, active)} of the active"
        st.metric("Reviewed", f"{summary.reviewed:,}", reviewed, help=REVIEWED_HELP, **quiet)
        st.metric("Flags", f"{flagged:,}", "by imports and rules", help=FLAGS_HELP, **quiet)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "0%"


def _draw_making(described: Description) -> None:
    """How it came to be: files, parents, jobs; and what was made of it."""
    dataset = described.dataset
    st.subheader("How it was made", anchor=False)
    for fact in _generated(dataset.metadata):
        st.markdown(fact)
    for file in described.imports:
        lost = f", {plural(file.bad, 'bad line')}" * bool(file.bad) + f", {file.skipped:,} skipped" * bool(file.skipped)
        st.markdown(f":material/upload_file: **{as_label(file.name)}**: {plural(file.good, 'example')}{lost}")
    for parent in described.parents:
        _draw_parent(parent)
    for job in described.jobs[:MOST_JOBS]:
        _draw_job(job)
    if not (described.jobs or described.parents or described.imports or dataset.metadata.get("model")):
        st.caption(f"It was {dataset.origin} {ago(dataset.created_at)}; no more is known.")
    if described.children:
        st.subheader("Made from it", anchor=False)
        for child in described.children[:MOST_CHILDREN]:
            label = f"{as_label(child.name)} · {child.origin} · {plural(child.example_count, 'example')}"
            st.page_link("pages/dataset.py", label=label, query_params={"dataset": child.id})
    if described.details.flags:
        st.subheader("Flags", anchor=False)
        for rule, count in described.details.flags.items():
            st.markdown(f":material/flag: {as_label(flag_in_words(rule))}: {plural(count, 'example')}")


def _generated(metadata: JsonObject) -> list[str]:
    found = []
    for key, icon, words in (
        ("model", "smart_toy", "Written by"),
        ("assistant_model", "support_agent", "Answers by"),
        ("seed", "casino", "Seed"),
    ):
        if (value := metadata.get(key)) is not None:
            found.append(f":material/{icon}: {words} **{as_label(str(value))}**")
    return found


def _draw_parent(parent: Parent) -> None:
    """One of the datasets that it was made from, in the state that it was in."""
    drawn = "" if parent.seed is None else f", seed {parent.seed}"
    label = f"{as_label(parent.parent_name)}: {plural(parent.taken, 'example')} {parent.operation}{drawn}"
    st.page_link(
        "pages/dataset.py", label=label, icon=":material/account_tree:", query_params={"dataset": parent.parent_id}
    )


def _draw_job(job: Job) -> None:
    word, colour, icon = STATUS[job.status]
    done = f"{job.done:,} of {plural(job.requested, 'example')}"
    st.markdown(f":{colour}-badge[{icon} {word}] {job.kind} {job.id}: {done}, {ago(job.created_at)}")


def _draw_lengths(described: Description) -> None:
    turns, characters = described.details.turns, described.details.characters
    if not turns.count:
        st.caption("There is no active example to measure.")
        return
    left, right = st.columns(2)
    for column, title, spread, colour in ((left, "Turns", turns, INDIGO), (right, "Characters", characters, TEAL)):
        with column:
            st.markdown(f"**{title}** of an example")
            figure = go.Figure()
            names = [
                f"{first:,}" if spread.width == 1 else f"{first:,} to {first + spread.width - 1:,}"
                for first, _ in spread.bars
            ]
            figure.add_bar(
                x=names if spread.width == 1 else [first + spread.width / 2 for first, _ in spread.bars],
                y=[count for _, count in spread.bars],
                marker_color=colour,
                customdata=[*names[:-1], f"{spread.bars[-1][0]:,} or more"],
                hovertemplate=f"%{{customdata}} {title.lower()}: %{{y:,}} examples<extra></extra>",
            )
            axis = {"type": "category" if spread.width == 1 else "linear", "title": None}
            draw_chart(
                figure,
                f"spread_{title}",
                height=CHART_HEIGHT,
                bargap=0.08,
                xaxis=axis,
                yaxis=counts_axis(count for _, count in spread.bars),
            )
            range_ = f"{spread.least:,} to {spread.most:,}, median {spread.median:,}, mean {spread.mean:,.1f}"
            if spread.least == spread.most:
                range_ = f"{spread.least:,} in each"
            st.caption(f"{range_}, of {plural(spread.count, 'example')}")
    languages = described.details.languages
    if any(languages):
        known = {LANGUAGES[code].name if code in LANGUAGES else code or "not told": n for code, n in languages.items()}
        _draw_bars("Languages", known, AMBER)


def _draw_parameters(described: Description) -> None:
    st.subheader("Parameters", anchor=False, help="What was drawn for the examples, so that they vary as requests do.")
    with st.grid("auto", min_column_width=330, gap="medium"):
        for name, values in described.details.parameters.items():
            with st.container():
                _draw_bars(label_of(name), {in_words(value): count for value, count in values.items()}, INDIGO)


def _draw_bars(title: str, counts: Mapping[str, int], colour: str) -> None:
    """How often each value occurs, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    shown, others = ordered[:MOST_BARS], ordered[MOST_BARS:]
    bars = [(chart_label(value), count, colour) for value, count in shown]
    if others:
        bars.append((f"{len(others):,} others", sum(count for _, count in others), GRAY))
    labels, lengths, colours = zip(*bars, strict=True)
    total = sum(lengths)
    figure = go.Figure()
    figure.add_bar(
        y=list(range(len(bars))),
        x=lengths,
        orientation="h",
        marker_color=colours,
        text=[f"{length:,} ({length / total:.0%})" for length in lengths],
        textposition="auto",
        hovertemplate="%{customdata}: %{x:,}<extra></extra>",
        customdata=labels,
    )
    st.markdown(f"**{as_label(title[:1].upper() + title[1:])}**")
    draw_chart(
        figure,
        f"bars_{title}",
        height=BAR_HEIGHT * len(bars) + 12,
        yaxis={"tickvals": list(range(len(bars))), "ticktext": labels, "autorange": "reversed", "title": None},
        xaxis={"visible": False},
    )
