"""The Tasks page's log of calls: filters, the calls themselves, and what was said in one."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import streamlit as st

from pages.ui import session
from pages.ui.call_times import draw_call_times, outcome_words
from pages.ui.shell import choose_page, reporting
from pages.ui.words import as_label, plural
from synthgen_core.actions.jobs import get_all_tasks, get_job
from synthgen_core.actions.usage import (
    NO_JOB,
    OK,
    CallFilter,
    LoggedCall,
    dollars,
    get_call_reply,
    get_call_times,
    get_called_models,
    get_calls,
)
from synthgen_core.errors import NotFoundError
from synthgen_core.workspace import Workspace

PER_PAGE = 50
JOBS_OFFERED = 100
TABLE_HEIGHT = 400
SPANS = {
    "Last hour": timedelta(hours=1),
    "Last 24 hours": timedelta(days=1),
    "Last 7 days": timedelta(days=7),
    "Last 30 days": timedelta(days=30),
}


def calls_tab(place: Workspace) -> None:
    """The whole tab."""
    which = _filters(place)
    times = get_call_times(place, **which)
    if not times.bins:
        _empty(is_filtered=any(value not in (None, "") for value in which.values()))
        return
    outcome = _choose_outcome(times.counts)
    shown = times.only(outcome) if outcome else times
    draw_call_times(shown, outcome or OK)
    which["outcome"] = outcome or ""
    st.fragment(_table)(place, which, sum(shown.counts.values()))


def _filters(place: Workspace) -> CallFilter:
    """Job, provider, model and time."""
    titles = _jobs(place)
    models = get_called_models(place)
    first, second, third, fourth = st.columns([3, 2, 3, 2])
    job_id = first.selectbox(
        "Job",
        titles,
        None,
        titles.__getitem__,
        key=session.CALLS_JOB,
        placeholder="All jobs",
        label_visibility="collapsed",
        persist_state="page",
    )
    session.link_to_calls(job_id)
    provider = second.selectbox(
        "Provider",
        dict.fromkeys(name for name, _ in models),
        None,
        key=session.CALLS_PROVIDER,
        placeholder="All providers",
        label_visibility="collapsed",
        persist_state="page",
    )
    chosen = third.selectbox(
        "Model",
        [pair for pair in models if provider in (None, pair[0])],
        None,
        lambda pair: pair[1] if provider else f"{pair[1]} · {pair[0]}",
        key=session.CALLS_MODEL,
        placeholder="All models",
        label_visibility="collapsed",
        persist_state="page",
    )
    span = fourth.selectbox(
        "Time",
        SPANS,
        None,
        key=session.CALLS_SPAN,
        placeholder="All time",
        label_visibility="collapsed",
        persist_state="page",
    )
    return CallFilter(
        job_id=job_id,
        provider=chosen[0] if chosen else provider or "",
        model=chosen[1] if chosen else "",
        since=datetime.now(UTC) - SPANS[span] if span else None,
    )


def _jobs(place: Workspace) -> dict[int, str]:
    """The newest jobs, by number, the one that a link asks for, and none."""
    titles = {view.job.id: view.title for view in get_all_tasks(place, limit=JOBS_OFFERED)}
    asked = session.asked_job()
    if asked and asked not in titles:
        try:
            titles[asked] = get_job(place, asked).title
        except NotFoundError:
            st.warning(f"There is no job {asked}; it may have been removed.", icon=":material/warning:")
            session.forget_asked_job()
    offered = {number: f"job {number} · {title}" for number, title in titles.items()}
    return offered | {NO_JOB: "No job: trials and tests"}


def _empty(*, is_filtered: bool) -> None:
    with st.container(border=True, horizontal_alignment="center"):
        st.space("small")
        st.subheader("No call matches" if is_filtered else "No calls yet", anchor=False, width="content")
        st.caption(
            "Take a filter away. A reply that was used again was no call."
            if is_filtered
            else "Every call to a model is written down here, with what it took.",
            width="content",
        )
        st.space("small")


def _choose_outcome(counts: dict[str, int]) -> str | None:
    """How many calls ended how; one of these may be chosen."""
    return st.pills(
        "Outcome",
        sorted(counts, key=lambda outcome: outcome != OK),
        format_func=lambda outcome: f"{outcome_words(outcome)} **{counts[outcome]:,}**",
        key=session.CALLS_OUTCOME,
        label_visibility="collapsed",
        persist_state="page",
    )


def _table(place: Workspace, which: CallFilter, total: int) -> None:
    """A page of the log, and the call that is chosen in it."""
    rows = st.container()
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        range_ = st.container(width="content")
        number = choose_page(-(-total // PER_PAGE), "calls_page")
    first = (number - 1) * PER_PAGE
    with rows, reporting():
        calls = get_calls(place, limit=PER_PAGE, offset=first, **which)
        chosen = _draw_rows(calls)
        range_.caption(f"{first + 1:,} to {first + len(calls):,} of {plural(total, 'call')}, the newest first")
        if chosen is None:
            st.caption("Choose a row to see more of a call.")
        else:
            _draw_call(place, chosen)


def _draw_rows(calls: list[LoggedCall]) -> LoggedCall | None:
    """The table. Its key names the rows, so that no choice made among others is taken for one among these."""
    event = st.dataframe(
        {
            "Time (UTC)": [call.at for call in calls],
            "Job": [call.job_id for call in calls],
            "Provider": [call.provider for call in calls],
            "Model": [call.model for call in calls],
            "Outcome": [call.outcome.replace("_", " ") for call in calls],
            "Seconds": [call.seconds for call in calls],
            "Tokens in": [call.usage.prompt_tokens for call in calls],
            "Tokens out": [call.usage.completion_tokens for call in calls],
            "Cost": [_cost(call.cost) for call in calls],
            "Attempt": [call.attempt for call in calls],
        },
        column_config={
            "Time (UTC)": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss", timezone="UTC", width=150),
            "Job": st.column_config.NumberColumn(format="%d", width=60),
            "Seconds": st.column_config.NumberColumn(format="%.2f", width=70),
            "Tokens in": st.column_config.NumberColumn(format="localized", width=80),
            "Tokens out": st.column_config.NumberColumn(format="localized", width=80),
            "Cost": st.column_config.TextColumn(alignment="right", width=90),
            "Attempt": st.column_config.NumberColumn(width=70, help="Which try for its example it was, from 1."),
        },
        key=f"calls-{calls[0].id if calls else 0}-{len(calls)}",
        height=TABLE_HEIGHT,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
    )
    chosen = [calls[row] for row in event.selection.rows if row < len(calls)]
    return chosen[0] if chosen else None


def _cost(cost: Decimal | None) -> str:
    return "unknown" if cost is None else dollars(cost)


def _draw_call(place: Workspace, call: LoggedCall) -> None:
    """One call; what was said in it only when that is asked for."""
    with st.container(border=True):
        usage = call.usage
        facts = [
            f"**Call {call.id}**: {outcome_words(call.outcome)}",
            f"{as_label(call.provider)}, {as_label(call.model)}",
            f"{usage.prompt_tokens:,} tokens in ({usage.cached_tokens:,} from the service's cache), "
            f"{usage.completion_tokens:,} out",
            f"cost {as_label(_cost(call.cost))}",
            f"{call.seconds:.3f} s",
            f"attempt {call.attempt} at item {call.item}",
        ]
        st.markdown(" · ".join(facts))
        if call.base_url:
            st.caption(as_label(call.base_url))
        if call.outcome != OK:
            st.caption("It brought no reply.")
        elif st.button("Show what was said", key=f"said{call.id}", icon=":material/visibility:"):
            _draw_reply(place, call)


def _draw_reply(place: Workspace, call: LoggedCall) -> None:
    reply = get_call_reply(place, call)
    if reply is None:
        st.info(
            "What was said is not kept, or not any more: replies are kept for jobs only, for "
            f"{place.settings.cache_ttl:g} hours (CACHE_TTL) or for as long as a job may need them.",
            icon=":material/history_toggle_off:",
        )
        return
    st.code(reply.text, language=None, wrap_lines=True)
    st.caption(f"The reply as it came; it ended with “{as_label(reply.finish_reason)}”.")
