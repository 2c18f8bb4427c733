"""Runs of a judge: the one that is under way, what the last one came to, and those before."""

import pandas as pd
import streamlit as st

from pages.ui.jobs import POLL, counts, draw_causes, draw_job_actions, job_badge, keep_up
from pages.ui.opening import open_in_review
from pages.ui.quality_rubrics import SHOWN_DIGITS
from pages.ui.words import STATUS, ago, as_label
from synthgen_core.actions.jobs import JobView, get_all_tasks, get_job
from synthgen_core.actions.quality import QualityCounters, quality_counters
from synthgen_core.actions.rubrics import get_rubrics
from synthgen_core.models import Dataset, ExampleFilter, Job, JobKind, JobStatus
from synthgen_core.workspace import Workspace

MOST_RUNS_LISTED = 10
DECISIONS = ("Kept", "Fixed", "Removed")
COUNTS_HELP = {
    "Mean after": "Of what is in the new dataset, mended texts with their new score.",
    "Processed": "Examples that the judge was asked about.",
    "Failed": "No reply of the judge could be read, or none came. They have no score, and are in no mean.",
}


def judge_panel(place: Workspace, job_id: int) -> None:
    """A run with its counts; polls while it is under way."""
    is_active = get_job(place, job_id).job.status.is_active
    st.fragment(_panel, run_every=POLL if is_active else None)(place, job_id, polls=is_active)


def _panel(place: Workspace, job_id: int, *, polls: bool) -> None:
    view = get_job(place, job_id)
    job = view.job
    keep_up(is_active=job.status.is_active, polls=polls)
    with st.container(border=True):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f"**{as_label(view.title)}** :small[:gray[{as_label(_judge(job))}]]")
            job_badge(view)
        counters = quality_counters(place, job)
        if job.status is not JobStatus.COMPLETED:
            st.progress(view.fraction, text=job.note or f"{counts(view)} · cost: {view.cost}")
        _draw_counts(job, counters)
        draw_causes(view)
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="left"):
            _draw_ways_on(job, counters)
            draw_job_actions(place, view, opens=False)


def _draw_counts(job: Job, counters: QualityCounters) -> None:
    only = bool(job.parameters["judge_only"])
    mean = _mean(counters.average) or "none yet"
    figures = {f"Mean of {counters.scored:,}": mean, "Processed": f"{counters.processed:,}"}
    if not only:
        figures |= {name: f"{getattr(counters, name.lower()):,}" for name in DECISIONS}
    figures["Failed"] = f"{counters.failed:,}"
    if counters.average_after is not None:
        figures["Mean after"] = _mean(counters.average_after)
    with st.grid("auto", min_column_width=110, gap="small"):
        for name, value in figures.items():
            st.metric(name, value, help=COUNTS_HELP.get(name))


def _draw_ways_on(job: Job, counters: QualityCounters) -> None:
    """The new dataset, and the examples that scored worst."""
    better = counters.result_id is not None and st.button(
        "Open the better dataset", key=f"judge-result-{job.id}", icon=":material/auto_awesome:", type="primary"
    )
    if better:
        st.switch_page("pages/dataset.py", query_params={"dataset": str(counters.result_id)})
    least = float(str(job.parameters["min_quality_score"]))
    worst = st.button(f"Read those below {least:g}", key=f"judge-worst-{job.id}", icon=":material/low_priority:")
    if worst and job.dataset_id is not None:
        open_in_review(job.dataset_id, ExampleFilter(max_score=least))


def draw_past_runs(place: Workspace, dataset: Dataset) -> None:
    """The runs over this dataset before the latest one, the newest first."""
    views = get_all_tasks(place, kind=JobKind.QUALITY, dataset_id=dataset.id, limit=MOST_RUNS_LISTED)[1:]
    if not views:
        return
    titles = {kept.hash: kept.title for kept in get_rubrics(place)}
    st.markdown("**Earlier runs**")
    st.dataframe(pd.DataFrame([_row(place, view, titles) for view in views]), hide_index=True)
    st.caption("A mean is over the examples with a score; those that failed are in none.")


def _row(place: Workspace, view: JobView, titles: dict[str, str]) -> dict[str, object]:
    job, counters = view.job, quality_counters(place, view.job)
    decided = {name: f"{getattr(counters, name.lower()):,}" for name in DECISIONS}
    return {
        "When": ago(job.created_at),
        "State": STATUS[job.status][0],
        "Judge": _judge(job),
        "Rubric": titles.get(str(job.parameters["rubric_hash"]), str(job.parameters["rubric_hash"])[:SHOWN_DIGITS]),
        "n": counters.scored,
        "Mean": _mean(counters.average),
        "Failed": counters.failed,
        **(dict.fromkeys(DECISIONS, "") if job.parameters["judge_only"] else decided),
        "Mean after": _mean(counters.average_after),
        "Cost": view.cost,
    }


def _mean(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _judge(job: Job) -> str:
    provider = job.parameters["provider"]
    return str(provider.get("model") or provider.get("type")) if isinstance(provider, dict) else ""
