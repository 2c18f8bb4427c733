"""The part “Trust” of the Quality page: a judge against people, plans of review, and the judge's health."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.ui.charts import GRAY, chart_card, empty_card, palette
from pages.ui.figures import GLUE, Form, Told, figure_table, figure_text
from pages.ui.gate import may
from pages.ui.opening import Target, open_in_review
from pages.ui.quality_basis import JUDGE, PEOPLE
from pages.ui.quality_health import health_view
from pages.ui.quality_plans import plans_view
from pages.ui.words import as_label, plural
from synthgen_core.access import Role
from synthgen_core.actions.review_settings import rate_blind, settings_in
from synthgen_core.actions.trust import (
    GroupFigures,
    Pairs,
    compare_at,
    compare_groups,
    compare_scores,
    get_pairs,
    groupings,
)
from synthgen_core.models import Dataset, ExampleFilter, Range
from synthgen_core.prompts import label_of
from synthgen_core.reviewing import Verdict
from synthgen_core.scenarios import in_words
from synthgen_core.statistics.correlation import Comparison, Verdicts
from synthgen_core.workspace import Workspace

THRESHOLD = 7.0
FIRST = 120
"""Pixels of the first column of the table of decisions."""
SMALLEST, LARGEST = 8, 30
"""Pixels across a point of the scatter: of one example, and of most."""


def trust_part(place: Workspace, dataset: Dataset) -> None:
    """Draw it."""
    view = st.segmented_control(
        "View",
        list(VIEWS),
        default=next(iter(VIEWS)),
        required=True,
        key="trust-view",
        persist_state="session",
        label_visibility="collapsed",
    )
    VIEWS[view or next(iter(VIEWS))](place, dataset)


def against_people_view(place: Workspace, dataset: Dataset) -> None:
    """How far the judge's scores are what people say."""
    _draw_blind(place, dataset)
    pairs, found = _compared(place, dataset.id, str(place.settings.data_dir), dataset.updated_at)
    if not pairs.rows:
        _draw_nothing(pairs)
        return
    left, right = st.columns(2)
    with left:
        _draw_scatter(dataset, pairs)
    with right, st.container(border=True, gap="small"):
        st.markdown("**Scores: judge against people**")
        figure_table(
            [
                Told("Mean absolute error, points", found.error),
                Told("Spearman's rho", found.spearman),
                Told("Kendall's tau-b", found.kendall),
                Told("Weighted kappa, quadratic", found.weighted_kappa),
                Told("Gwet's AC2, quadratic", found.ac2),
            ]
        )
        st.caption(_basis(pairs))
    threshold = st.slider(
        "A judge would remove what it scores below", 0.0, 10.0, THRESHOLD, 0.5, "%.1f", key="trust-threshold"
    )
    at = compare_at(pairs, threshold)
    left, right = st.columns(2)
    with left:
        _draw_confusion(dataset, at, threshold)
    with right, st.container(border=True, gap="small"):
        st.markdown(f"**Decisions at {threshold:g}**")
        figure_table(
            [
                Told("Same decision", at.agreement, Form.SHARE),
                Told("Precision of “remove”", at.precision, Form.SHARE),
                Told("Recall of “remove”", at.recall, Form.SHARE),
                Told("Cohen's kappa", at.kappa),
                Told("Gwet's AC1", at.ac1),
            ]
        )
        st.caption(
            "Precision: of what the judge would remove, the share that people rejected. Recall: of what people "
            "rejected, the share that the judge would remove. With two classes, weights change nothing: kappa is the "
            "weighted kappa, and AC1 is AC2."
        )
    _draw_groups(place, dataset, pairs, threshold)


VIEWS = {"Judge against people": against_people_view, "Review plans": plans_view, "Judge's health": health_view}
"""Each is drawn from a workspace and a dataset."""


def _draw_nothing(pairs: Pairs) -> None:
    judged = pairs.judged
    empty_card(
        "Nothing to compare yet",
        f"A judge has scored {plural(judged.by_judge, 'example')} of this dataset, people have decided on or scored "
        f"{judged.by_people:,}, and none has both. See the part “Judge”, and the Review page: a random sample of 30 "
        "is soon read.",
    )


def _draw_blind(place: Workspace, dataset: Dataset) -> None:
    """Whether reviewers see the judge's score first, and what that means for all figures here."""
    hides_judge = settings_in(dataset).hides_judge
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.toggle(
            "Rate blind",
            hides_judge,
            key=f"trust-blind-{dataset.id}-{hides_judge}",
            help="On the Review page, what a judge said of an example is shown once a reviewer has decided or scored.",
            on_change=rate_blind,
            args=(place, dataset.id),
            kwargs={"hides_judge": not hides_judge},
            disabled=not may(place, Role.REVIEWER),
        )
        told = (
            "Reviewers see what a judge said once they have decided or scored. Earlier reviews may not have been blind."
            if hides_judge
            else "Reviewers see the judge's score before they give theirs, which draws theirs towards it: the figures "
            "flatter the judge."
        )
        st.caption(told, width="stretch")


@st.cache_resource(max_entries=20, show_spinner="Comparing judge and people …")
def _compared(_place: Workspace, dataset_id: int, where: str, state: datetime) -> tuple[Pairs, Comparison]:
    """Once for each state of a dataset; ``where`` it is kept tells workspaces apart."""
    pairs = get_pairs(_place, dataset_id)
    return pairs, compare_scores(pairs)


@st.cache_resource(max_entries=50, show_spinner="Comparing judge and people …")
def _grouped(
    _place: Workspace, dataset_id: int, where: str, state: datetime, by: str, threshold: float
) -> list[GroupFigures]:
    return compare_groups(get_pairs(_place, dataset_id, by), threshold)


def _basis(pairs: Pairs) -> str:
    """On what the figures rest, what is left out, and whose scores they are."""
    both, scored, judged = len(pairs.rows), len(pairs.scored), pairs.judged
    left_out = [
        f"{count:,} {why}"
        for count, why in (
            (both - scored, "with a verdict but no score by people"),
            (judged.by_judge - both, "that people said nothing of"),
            (judged.by_people - both, "without a judge's score"),
        )
        if count
    ]
    said = [f"n = {plural(scored, 'example')} whose present text both scored, removed ones included."]
    if left_out:
        said.append(f"Left out: {', '.join(left_out)}.")
    if len(pairs.judges) > 1:
        judges = ", ".join(map(as_label, pairs.judges))
        said.append(f"**Scores of several judges, of each text the latest**: {judges}.")
    elif pairs.judges:
        said.append(f"Judge: {as_label(pairs.judges[0])}.")
    return " ".join(said)


def _draw_scatter(dataset: Dataset, pairs: Pairs) -> None:
    places: Mapping[tuple[float, float], list[int]] = defaultdict(list)
    for row in pairs.scored:
        assert row.person is not None
        places[row.person, row.judge].append(row.example_id)
    if not places:
        why = "No example has a score of a judge and one of a person, which is given on the Review page."
        empty_card("Judge and people, example by example", why)
        return
    most = max(map(len, places.values()))
    opens: list[Target] = [
        ids[0]
        if len(ids) == 1
        else ExampleFilter((), ranges={PEOPLE: Range(person, person), JUDGE: Range(judge, judge)})
        for (person, judge), ids in places.items()
    ]
    figure = go.Figure()
    figure.add_scatter(
        x=[person for person, _ in places],
        y=[judge for _, judge in places],
        mode="markers",
        marker={
            "size": [SMALLEST + (LARGEST - SMALLEST) * ((len(ids) - 1) / most) ** 0.5 for ids in places.values()],
            "color": palette(0),
            "opacity": 0.6,
        },
        customdata=[plural(len(ids), "example") for ids in places.values()],
        hovertemplate="people %{x:.2f}, judge %{y:.2f}: %{customdata}<extra></extra>",
    )
    axis = {"range": [-0.6, 10.9], "dtick": 2, "fixedrange": True}
    chart_card(
        "Judge and people, example by example",
        figure,
        "trust-scatter",
        caption=f"n = {plural(len(pairs.scored), 'example')}. On the line, both say the same. A click opens them.",
        data=pd.DataFrame(
            [(row.example_index + 1, row.person, row.judge) for row in pairs.scored],
            columns=["example", "people", "judge"],
        ),
        dataset_id=dataset.id,
        opens=[opens],
        height=310,
        xaxis={**axis, "title": "People's score"},
        yaxis={**axis, "title": "Judge's score"},
        shapes=[
            {"type": "line", "x0": 0, "y0": 0, "x1": 10, "y1": 10, "line": {"color": GRAY, "dash": "dot", "width": 1}}
        ],
    )


def _draw_confusion(dataset: Dataset, at: Verdicts, threshold: float) -> None:
    """Who would remove what; each cell opens its examples."""
    below, above = Range(below=threshold), Range(least=threshold)
    cells = (
        ("Judge removes", below, at.both_remove, at.only_judge),
        ("Judge keeps", above, at.only_people, at.both_keep),
    )
    n = at.both_remove + at.only_judge + at.only_people + at.both_keep
    with st.container(border=True, gap="small"):
        st.markdown("**Who would remove what**")
        with _row():
            for title in ("", "People reject", "People accept"):
                st.markdown(f":gray[{title}]" if title else GLUE, width="stretch" if title else FIRST)
        for name, scores, rejected, accepted in cells:
            with _row():
                st.markdown(f":gray[{name}]", width=FIRST)
                for verdict, count in ((Verdict.REJECT, rejected), (Verdict.ACCEPT, accepted)):
                    is_same = (verdict is Verdict.REJECT) == (scores is below)
                    if st.button(
                        f"**{count:,}** :small[{count / n:.0%}]" if n else "0",
                        key=f"trust-cell-{name}-{verdict}",
                        disabled=not count,
                        width="stretch",
                        help="Open these examples",
                        type="primary" if is_same and count else "secondary",
                    ):
                        meant = ExampleFilter((), is_reviewed=True, verdict=verdict.value, ranges={JUDGE: scores})
                        open_in_review(dataset.id, meant)
        st.caption(
            f"n = {plural(n, 'example')} with a judge's score that people accepted or rejected, removed ones included. "
            "Filled: both say the same. Left out: skipped and disputed ones."
        )


def _row() -> DeltaGenerator:
    """Three parts beside one another, on a phone too."""
    return st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="xsmall")


def _draw_groups(place: Workspace, dataset: Dataset, pairs: Pairs, threshold: float) -> None:
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f"**Group by group, decisions at {threshold:g}**")
            by = st.selectbox(
                "By",
                ["", *groupings(place, pairs)],
                format_func=lambda name: label_of(name).capitalize() if name else "Subdomain",
                key=f"trust-by-{dataset.id}",
                label_visibility="collapsed",
                width=260,
            )
        groups = _grouped(place, dataset.id, str(place.settings.data_dir), dataset.updated_at, by, threshold)
        if not groups:
            st.caption("There is nothing to compare yet.")
            return
        rows = [
            {
                "Group": in_words(group.name) if group.name else "not told",
                "Scored by both": group.scored,
                "Mean absolute error": figure_text(group.error),
                "Spearman's rho": figure_text(group.spearman),
                "Decided by both": group.decided,
                "Same decision": figure_text(group.agreement, Form.SHARE),
            }
            for group in groups
        ]
        st.dataframe(pd.DataFrame(rows), hide_index=True)
        st.caption("With 95 % intervals: by bootstrap; of the same decision, Wilson's.")
