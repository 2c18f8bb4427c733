"""The Tasks page's log of calls: filtered, paged, counted, timed; what was said is shown on request only."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from synthgen_core.actions.generation import GenerationRequest, start_generation
from synthgen_core.actions.usage import NO_JOB, clear_cache
from synthgen_core.database import LoggedCall, Progress
from synthgen_core.database.tables import calls
from synthgen_core.models import Job, ProviderConfig, Usage
from synthgen_core.workspace import Workspace
from tests.pages.support import buttons, make_dataset, make_job, read, said
from tests.support.server import Act, ModelServer

Open = Callable[..., AppTest]
SECONDS = 60.0
MANY = 100_000
DOLLAR = Decimal("0.002")


def call(
    item: int = 0,
    *,
    provider: str = "openai",
    model: str = "m",
    outcome: str = "ok",
    cost: Decimal | None = DOLLAR,
    seconds: float = 1.5,
) -> LoggedCall:
    usage = Usage(100, 50) if outcome == "ok" else Usage()
    return LoggedCall(item, 1, provider, model, "http://x/v1", outcome, usage, cost, seconds)


def log(place: Workspace, *made: LoggedCall, job: Job | None = None) -> None:
    if job is None:
        place.database.log_calls(made)
    else:
        place.database.record(job, Progress(log=made))


def table(page: AppTest) -> pd.DataFrame:
    assert not page.exception
    return page.dataframe[0].value


def select(page: AppTest, row: int) -> AppTest:
    """Tick a row of the table."""
    page.session_state[str(page.dataframe[0].key)] = {"selection": {"rows": [row], "columns": [], "cells": []}}
    return page.run()


def choose(page: AppTest, key: str, value: object) -> AppTest:
    return page.selectbox(key=key).set_value(value).run()


def pill(page: AppTest, value: str | None) -> AppTest:
    (pills,) = (group for group in page.get("button_group") if group.key == "calls_outcome")
    pills.set_value(value)  # type: ignore[union-attr]
    return page.run()


def test_a_log_without_calls_says_what_will_be_in_it(open_page: Open) -> None:
    page = open_page("tasks", view="Calls")
    assert "No calls yet" in said(page)


def test_the_log_lists_calls_with_all_that_is_known_the_newest_first(place: Workspace, open_page: Open) -> None:
    job = make_job(place, make_dataset(place))
    log(place, call(1), call(2, cost=None, outcome="timeout", seconds=60.0), job=job)
    log(place, call(3, provider="anthropic", model="c"))
    rows = table(open_page("tasks", view="Calls"))
    assert list(rows["Outcome"]) == ["ok", "timeout", "ok"]
    assert list(rows["Provider"]) == ["anthropic", "openai", "openai"]
    assert list(rows["Cost"]) == ["$0.0020", "unknown", "$0.0020"], "a cost that nobody knows is not 0"
    assert [None if pd.isna(number) else number for number in rows["Job"]] == [None, job.id, job.id]
    assert list(rows["Seconds"]) == [1.5, 60.0, 1.5]
    assert list(rows["Tokens in"]) == [100, 0, 100]
    assert list(rows["Attempt"]) == [1, 1, 1]


def test_each_filter_narrows_the_log_and_its_counts(place: Workspace, open_page: Open) -> None:
    one, two = make_job(place, make_dataset(place)), make_job(place, make_dataset(place, "b"))
    log(place, call(1), call(2, outcome="rate_limit"), call(3, model="other"), job=one)
    log(place, call(4, provider="groq", model="g"), job=two)
    log(place, call(5))
    page = open_page("tasks", view="Calls")
    assert "5 calls" in said(page)
    first = f"job {one.id} · Customer Support / Technical Support"
    assert page.selectbox(key="calls_job").options[1:] == [first, "No job: trials and tests"]
    page = choose(page, "calls_job", one.id)
    assert (len(table(page)), page.query_params["job"]) == (3, str(one.id))
    page = choose(page, "calls_model", ("openai", "other"))
    assert len(table(page)) == 1
    page = choose(choose(page, "calls_job", None), "calls_model", None)
    assert "job" not in page.query_params
    page = choose(page, "calls_job", NO_JOB)
    assert len(table(page)) == 1
    page = choose(choose(page, "calls_job", None), "calls_provider", "groq")
    assert list(table(page)["Model"]) == ["g"]
    assert page.selectbox(key="calls_model").options == ["g"], "only models of this provider"
    page = pill(choose(page, "calls_provider", None), "rate_limit")
    assert list(table(page)["Outcome"]) == ["rate limit"]
    assert "1 call." in said(page)


def test_a_time_span_leaves_out_what_is_older(place: Workspace, open_page: Open) -> None:
    log(place, call(1), call(2))
    with place.database.engine.begin() as connection:
        old = datetime.now(UTC) - timedelta(days=2)
        connection.execute(sa.update(calls).where(calls.c.id == 1).values(at=old))
    page = open_page("tasks", view="Calls")
    assert len(table(choose(page, "calls_span", "Last 24 hours"))) == 1
    assert len(table(choose(page, "calls_span", "Last 7 days"))) == 2
    with place.database.engine.begin() as connection:
        connection.execute(sa.update(calls).values(at=old))
    page = choose(page, "calls_span", "Last hour")
    assert "No call matches" in said(page)


def test_the_chart_says_how_many_calls_it_rests_on(place: Workspace, open_page: Open) -> None:
    slow = [call(n, seconds=1.0 + n / 100) for n in range(100)]
    log(place, *slow, call(cost=None, outcome="timeout", seconds=60.0))
    page = open_page("tasks", view="Calls")
    assert "101 calls. Of the 100 that were answered, half took up to 1.5 s, and 95 % up to 1.9 s" in said(page)
    (chart,) = page.get("plotly_chart")
    names = [trace["name"] for trace in spec(chart)]
    assert names == ["ok", "timeout", "median", "95 %"]
    page = pill(page, "timeout")
    assert "1 call. Of the 1 that ended with “timeout”, half took up to 60 s" in said(page)


def test_where_no_call_was_answered_nothing_is_said_of_the_time_it_took(place: Workspace, open_page: Open) -> None:
    log(place, call(outcome="server", cost=Decimal(0), seconds=0.0))
    page = open_page("tasks", view="Calls")
    assert "1 call; none was answered." in said(page)


def spec(chart: Any) -> list[dict[str, Any]]:
    traces: list[dict[str, Any]] = json.loads(chart.proto.spec)["data"]
    return traces


def test_50_calls_stand_on_a_page(place: Workspace, open_page: Open) -> None:
    log(place, *(call(n, seconds=float(n)) for n in range(120)))
    page = open_page("tasks", view="Calls")
    assert list(table(page)["Seconds"]) == [float(n) for n in range(119, 69, -1)]
    assert "1 to 50 of 120 calls" in said(page)
    page.pagination[0].set_value(3).run()
    assert list(table(page)["Seconds"]) == [float(n) for n in range(19, -1, -1)]
    assert "101 to 120 of 120 calls" in said(page)


def run(place: Workspace, server: ModelServer, count: int = 1) -> Job:
    config = ProviderConfig("openai", "stub-model", server.url)
    request = GenerationRequest("support", "technical_support", config, num_examples=count, workers=1)
    job = start_generation(place, request)
    assert place.runner.wait(job.id, SECONDS)
    return place.database.get_job(job.id)


def test_what_was_said_is_shown_when_it_is_asked_for_and_not_before(
    place: Workspace, open_page: Open, server: ModelServer
) -> None:
    server.then(Act(status=500), Act(text="No, *I* would rather <b>not</b>."))
    run(place, server)
    page = open_page("tasks", view="Calls")
    assert list(table(page)["Outcome"]) == ["ok", "ok", "server"]
    page = select(page, 1)
    assert not page.code
    page.button(key=shown_button(page)).click().run()
    assert page.code[0].value == "No, *I* would rather <b>not</b>."
    page = select(page, 2)
    assert not page.code
    assert "It brought no reply" in said(page)
    clear_cache(place, with_needed=True)
    page = select(page, 1)
    page.button(key=shown_button(page)).click().run()
    assert not page.code
    assert "not kept" in read(page.info[0].value)


def shown_button(page: AppTest) -> str:
    (key,) = (button.key for button in buttons(page) if button.label == "Show what was said")
    assert key is not None
    return key


def test_a_job_s_card_leads_to_its_calls(place: Workspace, open_page: Open) -> None:
    job = make_job(place, make_dataset(place))
    log(place, call(1), job=job)
    log(place, call(2), call(3))
    page = open_page("tasks")
    page.button(key=f"calls{job.id}").click().run()
    assert page.query_params["job"] == str(job.id)
    assert len(table(page)) == 1


def test_a_link_leads_to_a_job_s_calls_however_old_the_job_is(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place)
    job = make_job(place, made)
    log(place, call(1), job=job)
    for _ in range(101):
        make_job(place, made, done=0)
    log(place, call(2))
    assert len(table(open_page("tasks", view="Calls", job=str(job.id)))) == 1


@pytest.mark.parametrize("asked", ["999", "-1", "x", "9" * 30, "²"])
def test_a_link_to_a_job_that_is_none_shows_all_calls(place: Workspace, open_page: Open, asked: str) -> None:
    log(place, call(1))
    page = open_page("tasks", view="Calls", job=asked)
    assert len(table(page)) == 1
    assert ("There is no job 999" in said(page)) == (asked == "999")
    assert "job" not in page.query_params


def test_very_many_calls_open_as_quickly_as_a_few(place: Workspace, open_page: Open) -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    numbers = dict.fromkeys(("prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens"), 1)
    usual = numbers | {"item": 0, "attempt": 1, "provider": "openai", "model": "m", "base_url": "", "outcome": "ok"}
    rows = [usual | {"at": start + timedelta(seconds=n), "seconds": 1 + n % 97 / 10} for n in range(MANY)]
    with place.database.engine.begin() as connection:
        connection.execute(sa.insert(calls), rows)
    log(place, call(1))
    open_page("tasks")
    began = time.monotonic()
    page = open_page("tasks", view="Calls")
    took = time.monotonic() - began
    assert len(table(page)) == 50
    assert f"{MANY + 1:,} calls" in said(page)
    (chart,) = page.get("plotly_chart")
    assert sum(len(trace["x"]) for trace in spec(chart) if isinstance(trace["x"], list)) < 10_000
    assert took < 10
