"""A job's card tells what it was started with, and a job that used up its budget is given more."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from synthgen_core.models import Dataset, Job, JobStatus, Json, ProviderConfig
from synthgen_core.workspace import Workspace
from tests.pages.support import buttons, errors, make_dataset, make_job, said
from tests.support.server import ModelServer

Open = Callable[..., AppTest]
SECONDS = 60.0
BUDGET: dict[str, Json] = {
    "budget": {"count": 1, "message": "The budget is used up: 300 of 500 tokens spent.", "hint": "Raise it."}
}


def paused(place: Workspace, server: ModelServer, made: Dataset) -> Job:
    """It has 2 of 3 examples, which took 300 tokens."""
    provider = ProviderConfig("openai", "stub-model", server.url).public()
    return make_job(place, made, JobStatus.INTERRUPTED, requested=3, done=2, errors=BUDGET, provider=provider)


def facts(page: AppTest) -> str:
    """What a page says, grey or not."""
    return said(page).replace(":gray[", "").replace("]", "")


def fill(page: AppTest, job: Job, *, tokens: int | None = None, cost: float | None = None) -> AppTest:
    page.number_input(key=f"tokens{job.id}").set_value(tokens)
    page.number_input(key=f"cost{job.id}").set_value(cost)
    return page.button(key=f"raise{job.id}").click().run()


def test_a_paused_job_says_what_it_spent_and_offers_a_higher_budget(
    place: Workspace, open_page: Open, server: ModelServer
) -> None:
    job = paused(place, server, make_dataset(place))
    page = open_page("tasks")
    text = said(page)
    assert "budget reached" in text
    assert "300 of 500 tokens spent" in text
    assert "Spent: $0.00, 300 tokens." in text
    assert f"resume{job.id}" not in {button.key for button in buttons(page)}, "it would stop at once"


def test_with_a_higher_budget_it_goes_on(place: Workspace, open_page: Open, server: ModelServer) -> None:
    job = paused(place, server, make_dataset(place))
    fill(open_page("tasks"), job, tokens=1_000_000)
    assert place.runner.wait(job.id, SECONDS)
    ended = place.database.get_job(job.id)
    assert (ended.status, ended.done, ended.parameters["max_tokens_total"]) == (JobStatus.COMPLETED, 3, 1_000_000)
    assert len(server.calls) == 1
    page = open_page("tasks")
    assert "completed" in said(page)
    assert "Budget in tokens 1,000,000" in facts(page)


@pytest.mark.parametrize(
    ("tokens", "cost", "message"),
    [
        (400, None, "one call may take up to"),
        (0, None, "cannot be 0"),
        (None, 5.0, "price of “stub-model” is not known"),
    ],
)
def test_a_budget_that_cannot_work_is_refused_and_the_job_stays(
    place: Workspace, open_page: Open, server: ModelServer, tokens: int | None, cost: float | None, message: str
) -> None:
    job = paused(place, server, make_dataset(place))
    page = fill(open_page("tasks"), job, tokens=tokens, cost=cost)
    assert message in errors(page)
    assert place.database.get_job(job.id) == job
    assert page.number_input(key=f"tokens{job.id}").value == tokens, "what was typed is still there"
    page = fill(page, job, tokens=1_000_000)
    assert not page.error
    assert place.runner.wait(job.id, SECONDS)


def test_a_job_that_somebody_else_raised_meanwhile_runs_once(
    place: Workspace, open_page: Open, server: ModelServer
) -> None:
    job = paused(place, server, make_dataset(place))
    first, second = open_page("tasks"), open_page("tasks")
    fill(first, job, tokens=1_000_000)
    assert place.runner.wait(job.id, SECONDS)
    fill(second, job, tokens=2_000_000)
    assert "cannot be resumed" in errors(second)
    assert len(server.calls) == 1


def test_a_card_tells_what_the_job_was_started_with_and_no_key(
    place: Workspace, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")
    make_job(place, make_dataset(place, "*Mine*"))
    text = facts(open_page("tasks"))
    for fact in (
        "Provider openai",
        "Model stub-model",
        "Address http://127.0.0.1:9/v1",
        "Seed 7",
        "Calls at a time 2",
        "Way of making structured",
        "Name *Mine*",
    ):
        assert fact in text
    assert "canary" not in text
