"""The health of judges on the Quality page: failures, wavering, length, their own words, one score, the place."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.ui.charts import chart_card, empty_card, palette
from pages.ui.figures import GLUE, Form, Told, figure_table
from pages.ui.measuring import measured
from pages.ui.opening import Target
from pages.ui.words import as_label, plural
from synthgen_core.actions.judge_health import MEASURE, JudgeHealth, OrderHealth, get_orders, judges_in
from synthgen_core.models import Dataset, ExampleFilter, Range
from synthgen_core.workspace import Workspace

RATE = 100_000
"""Examples a second that are looked through, about."""
HALF = 0.5


def health_view(place: Workspace, dataset: Dataset) -> None:
    """A judge of the dataset, the latest unless another is chosen; and those that compared pairs."""
    measure = measured(place, dataset, MEASURE, key="health", rate=RATE)
    if measure is None:
        return
    judges, orders = judges_in(measure), get_orders(place, dataset.id)
    if not judges:
        empty_card("No judge yet", "No model has judged this dataset. See the part “Judge”.")
    else:
        chosen = 0
        if len(judges) > 1:
            names = list(map(_name, judges))
            chosen = st.selectbox(
                "Judge", range(len(judges)), format_func=names.__getitem__, key=f"health-judge-{dataset.id}", width=420
            )
        _draw_judge(dataset, judges[chosen], is_only=len(judges) == 1)
    if orders:
        _draw_orders(orders)


def _name(judge: JudgeHealth) -> str:
    return f"{judge.model} ({judge.provider}), rubric {judge.rubric_hash[:8]}"


def _draw_judge(dataset: Dataset, judge: JudgeHealth, *, is_only: bool) -> None:
    if judge.monotony is not None:
        score, share = judge.monotony
        st.warning(
            f"{as_label(judge.model)} gives the score {score:g} in {share * 100:.0f} % of its judgements: it hardly "
            "tells texts apart. Another model may, or a rubric whose questions say what a high and a low score is.",
            icon=":material/warning:",
        )
    own, others, own_compared, others_compared = judge.own_and_others
    left, right = st.columns(2)
    with left:
        _draw_scores(dataset, judge, is_only=is_only)
    with right, st.container(border=True, gap="small"):
        st.markdown(f"**{as_label(_name(judge))}**")
        figure_table(
            [
                Told("Failed judgements", judge.failures, Form.SHARE),
                Told("Spread of repeated scores", judge.spread),
                Told("Score and length, rho", judge.length, Form.SIGNED),
                Told("… beyond people's", judge.length_beyond_people, Form.SIGNED),
                Told("Its own words, points", judge.own, Form.SIGNED, f"{own:,}{GLUE}+{GLUE}{others:,}"),
                Told(
                    "… beyond people's",
                    judge.own_beyond_people,
                    Form.SIGNED,
                    f"{own_compared:,}{GLUE}+{GLUE}{others_compared:,}",
                ),
            ]
        )
        st.caption(
            f"{plural(judge.scored + judge.failed, 'judgement')}, {judge.failed:,} failed. From the spread on, over "
            f"{plural(judge.items, 'example')}; of lengths and authors, those whose present text was judged. "
            "**Spread**: standard deviation of the scores of one text, judged several times in one job. **Length**: "
            "long answers may be better, too; so the same of the judge's score less people's. **Its own words**: mean "
            "of what the judge's model wrote less that of what other models wrote, unedited; it may write better, so "
            "again less people's scores."
        )


def _draw_scores(dataset: Dataset, judge: JudgeHealth, *, is_only: bool) -> None:
    if not judge.scores:
        empty_card("Scores that it gives", "All of its judgements failed. See the part “Judge” for the causes.")
        return
    bins: dict[float, int] = {}
    for score, count in judge.scores.items():
        start = float(score) // HALF * HALF
        bins[start] = bins.get(start, 0) + count
    figure = go.Figure()
    figure.add_bar(
        x=list(bins),
        y=list(bins.values()),
        width=HALF * 0.9,
        offset=0,
        marker_color=palette(0),
        hovertemplate="from %{x}: %{y:,} judgements<extra></extra>",
    )
    opens: list[Target] = [ExampleFilter((), ranges={"quality_score": Range(least=x, below=x + HALF)}) for x in bins]
    chart_card(
        "Scores that it gives",
        figure,
        f"health-scores-{judge.rubric_hash[:8]}",
        caption=f"n = {plural(judge.scored, 'judgement')}, removed and older texts included; in half points. "
        + ("A click opens the examples whose score is there now." if is_only else "Left out: other judges."),
        data=pd.DataFrame(
            [(float(score), count) for score, count in judge.scores.items()], columns=["score", "judgements"]
        ),
        dataset_id=dataset.id,
        opens=[opens] if is_only else (),
        height=300,
        xaxis={"range": [-0.25, 10.75], "dtick": 1, "title": None, "fixedrange": True},
    )


def _draw_orders(orders: list[OrderHealth]) -> None:
    with st.container(border=True, gap="small"):
        st.markdown("**Pairs: does the place decide?**")
        figure_table([Told(f"{as_label(each.model)}: the place won", each.turned, Form.SHARE) for each in orders])
        for each in orders:
            st.caption(
                f"{as_label(each.model)}: of {plural(each.pairs, 'pair')}, asked in both orders, what was shown first "
                f"won both times in {each.first:,}, what was shown second in {each.second:,}. Such pairs count as ties."
            )
