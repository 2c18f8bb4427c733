"""The rules over a dataset: which run, with which thresholds; their score and how it comes about; what they flag."""

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.ui import session
from pages.ui.charts import chart_card, palette
from pages.ui.jobs import job_panel
from pages.ui.opening import open_in_review
from pages.ui.shell import show_error
from pages.ui.words import SEVERITY_COLOURS, ago, plural
from synthgen_core.actions.examples import get_flags
from synthgen_core.actions.jobs import latest_task
from synthgen_core.actions.review import review_page
from synthgen_core.actions.rules import RulesSummary, check_dataset, rules_summary
from synthgen_core.errors import SynthGenError
from synthgen_core.models import Dataset, ExampleFilter, JobKind, JobStatus, Range
from synthgen_core.reviewing import ReviewQuery
from synthgen_core.rules import BEST, PENALTY, RULES, Rule, Threshold, deductions
from synthgen_core.workspace import Workspace

SOURCE = "rules"
WIDTHS = (5, 3.4, 2.3)


def rules_part(place: Workspace, dataset: Dataset) -> None:
    """Draw it."""
    if problem := session.take_problem():
        show_error(problem)
    if not dataset.example_count:
        st.info("There are no active examples to read.", icon=":material/info:")
        return
    summary = rules_summary(place, dataset.id)
    task = latest_task(place, dataset.id, JobKind.RULES)
    head = st.container(horizontal=True, vertical_alignment="center", gap="medium")
    if task is not None and task.job.status is not JobStatus.COMPLETED:
        job_panel(place, task.job.id)
    if summary.checked:
        chart, formula = st.columns(2)
        with chart:
            _draw_scores(dataset, summary)
        with formula, st.container(border=True, height="stretch"):
            _draw_formula(place, dataset)
    chosen = _draw_rules(dataset, summary)
    with head:
        is_running = task is not None and task.job.status.is_active
        st.button(
            "Run the rules" if len(chosen) == len(RULES) else f"Run {plural(len(chosen), 'rule')}",
            icon=":material/play_arrow:",
            type="primary",
            key="rules-run",
            disabled=is_running or not chosen,
            on_click=_start,
            args=(place, dataset.id),
        )
        when = ""
        if task is not None and task.job.status is JobStatus.COMPLETED and task.job.completed_at:
            when = f" Last run {ago(task.job.completed_at)}."
        read = f"All rules have read {summary.checked:,} of {plural(summary.active, 'active example')} as they are now."
        st.caption(f"They need no model and cost nothing. {read}{when}", width="stretch")
    st.caption(
        "A flag is a reason to look, not a verdict. Figures of recall and precision are of planted cases of our own; "
        "real data hold what nobody thought of. Rules without figures were not measured."
    )


def _draw_scores(dataset: Dataset, summary: RulesSummary) -> None:
    scores = list(summary.scores)
    counts = list(summary.scores.values())
    left = summary.active - summary.checked
    out = f" {plural(left, 'other')} not read as they are now: no score." if left else ""
    chart_card(
        "Rule score",
        go.Figure(go.Bar(x=scores, y=counts, width=0.4, marker_color=palette(0))),
        "rules-scores",
        caption=f"Mean {summary.mean_score:.2f} of 10, n = {plural(summary.checked, 'example')}.{out}",
        data=pd.DataFrame({"rule score": scores, "examples": counts}),
        dataset_id=dataset.id,
        opens=[[ExampleFilter(ranges={"rule_score": Range(score, score)}) for score in scores]],
        xaxis={"range": [-0.4, BEST + 0.4], "dtick": 1, "title": "rule score"},
        yaxis={"title": "examples"},
    )


def _draw_formula(place: Workspace, dataset: Dataset) -> None:
    """The formula in words, and with the example that it leaves least of."""
    st.markdown("**How the score comes about**")
    of_each = ", ".join(f"**{PENALTY[severity]:g}** for {_one(severity.word)}" for severity in SEVERITY_COLOURS)
    st.markdown(
        f"Every example starts with **{BEST:g}**. Each rule that finds something takes off {of_each}; once, by its "
        "gravest finding. The score does not go below 0."
    )
    (worst,) = review_page(place, ReviewQuery(dataset.id, sort="rule_score"), size=1).rows
    if worst.rule_score is None or worst.rule_score == BEST:
        st.markdown("Here, nothing was taken off: every example that was read has 10.")
        return
    taken = deductions(flag for flag in get_flags(place, [worst.id]) if flag.source == SOURCE)
    steps = "".join(f" − {points:g} :small[:gray[({RULES[name].label})]]" for name, points in taken.items())
    floor = ", not below 0" if sum(taken.values()) > BEST else ""
    st.markdown(f"The lowest here is example {worst.index + 1:,}:  \n{BEST:g}{steps}{floor} = **{worst.rule_score:g}**")
    address = {"dataset": str(dataset.id), "example": str(worst.id)}
    st.page_link("pages/review.py", label="Read it", icon=":material/rate_review:", query_params=address)


def _one(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def _key(rule: str, dataset_id: int) -> str:
    return f"rule-{rule}-{dataset_id}"


def _threshold_key(rule: str, dataset_id: int) -> str:
    return f"rule-threshold-{rule}-{dataset_id}"


def _draw_rules(dataset: Dataset, summary: RulesSummary) -> list[str]:
    """A row for each rule; returns those that are ticked."""
    st.markdown("##### What the rules look for, and find")
    chosen = []
    for rule in RULES.values():
        with st.container(key=f"rule-row-{rule.name}"):
            what, number, found = st.columns(WIDTHS, vertical_alignment="center", gap="medium")
            with what, st.container(gap=None):
                if st.checkbox(f"**{rule.label}**", True, key=_key(rule.name, dataset.id), persist_state="session"):
                    chosen.append(rule.name)
                measured = f"  \n:gray[{rule.measured[0].upper()}{rule.measured[1:]}.]" if rule.measured else ""
                st.caption(rule.summary + measured)
            with number, st.container(gap=None):
                if rule.threshold is not None:
                    _draw_threshold(dataset, rule.name, rule.threshold)
            with found:
                _draw_found(dataset, rule, summary.flags.get(rule.name, {}), is_read=bool(summary.checked))
    return chosen


def _draw_threshold(dataset: Dataset, rule: str, allowed: Threshold) -> None:
    numbers = (allowed.least, allowed.most, allowed.default)
    is_whole = all(float(number).is_integer() for number in numbers)
    cast = int if is_whole else float
    st.number_input(
        "Threshold",
        *map(cast, numbers),
        step=1 if is_whole else 0.05 if allowed.most <= 1 else 0.5,
        key=_threshold_key(rule, dataset.id),
        persist_state="session",
        label_visibility="collapsed",
    )
    st.caption(f"{allowed.meaning}: {allowed.least:g} to {allowed.most:,g}, usually {allowed.default:g}")


def _draw_found(dataset: Dataset, rule: Rule, counts: Mapping[str, int], *, is_read: bool) -> None:
    """How many examples the rule flags as they are now, by how grave that is; each count opens them."""
    with st.container(horizontal=True, gap="xsmall"):
        for severity, colour in SEVERITY_COLOURS.items():
            if count := counts.get(severity, 0):
                label = f":{colour}[{plural(count, severity.word)}]"
                shown = {"icon": ":material/flag:", "type": "tertiary", "help": "Open them in the review"}
                if st.button(label, key=f"flagged-{rule.name}-{severity}", **shown):
                    open_in_review(dataset.id, ExampleFilter(flags=rule.name, severity=severity))
        if not counts and is_read:
            st.caption("nothing")


def _start(place: Workspace, dataset_id: int) -> None:
    """Run the rules as the page says at this moment, which may be later than it was drawn."""
    chosen = [rule for rule in RULES if st.session_state[_key(rule, dataset_id)]]
    thresholds = {
        rule.name: float(st.session_state[_threshold_key(rule.name, dataset_id)])
        for rule in RULES.values()
        if rule.threshold
    }
    try:
        check_dataset(place, dataset_id, thresholds, chosen)
    except SynthGenError as error:
        session.set_problem(error)
