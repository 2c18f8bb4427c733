"""Comparing on the Quality page: the better dataset is told with its interval, ties and failures apart."""

from collections.abc import Callable

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from synthgen_core.actions.jobs import latest_task
from synthgen_core.models import Dataset, Job, JobKind, JobStatus
from synthgen_core.workspace import Workspace
from tests.pages.support import chat, errors, labels, make_dataset, said
from tests.support.pair_judge import prefer, say
from tests.support.server import Act, ModelServer

SECONDS = 60.0
GOOD, ODD = "helpful", "Question 3?"
SECTION = "Compare with another dataset"
Open = Callable[..., AppTest]


@pytest.fixture
def dataset(place: Workspace) -> Dataset:
    """The better one of two with the same questions."""
    other = [chat(f"Question {n}?", f"so {n}") for n in range(4)]
    make_dataset(place, "Other one", other)
    make_dataset(place, "Tasks", [{"instruction": "Say it.", "output": "It."}], format_type="instruction")
    return make_dataset(place, "Better one", [chat(f"Question {n}?", f"{GOOD} {n}") for n in range(4)])


@pytest.fixture
def page(dataset: Dataset, server: ModelServer, open_page: Open, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The section as somebody sees it whose settings name the local server."""
    server.choose = prefer(GOOD)
    for name, value in (("LLM_PROVIDER", "openai"), ("LLM_MODEL", "judge-model"), ("OPENAI_BASE_URL", server.url)):
        monkeypatch.setenv(name, value)
    st.cache_resource.clear()
    opened = open_page("quality", dataset=str(dataset.id), part="Judge")
    return opened.button_group(key="judge-section").set_value(SECTION).run()


def compare(place: Workspace, dataset: Dataset, page: AppTest) -> Job:
    """Press the button, and wait for the end."""
    page.button(key="judge-start").click().run()
    assert not page.exception
    task = latest_task(place, dataset.id, JobKind.COMPARISON)
    assert task is not None
    assert place.runner.wait(task.job.id, SECONDS)
    page.run()
    return place.database.get_job(task.job.id)


def test_only_other_datasets_of_the_same_format_are_offered_and_the_estimate_follows(
    dataset: Dataset, page: AppTest, server: ModelServer
) -> None:
    assert page.selectbox(key=f"compare-with-{dataset.id}").options == ["Other one"]
    assert "8 calls, about" in said(page)
    assert "Compare 4 pairs" in labels(page), "there are no more"
    page.number_input(key="compare-pairs").set_value(3).run()
    assert "6 calls, about" in said(page)
    assert "Compare 3 pairs" in labels(page)
    assert server.calls == []


def test_the_winner_is_told_with_its_interval_and_failures_apart(
    place: Workspace, dataset: Dataset, page: AppTest, server: ModelServer
) -> None:
    server.choose = lambda call: Act(text="Hm.") if ODD in call.words else prefer(GOOD)(call)
    job = compare(place, dataset, page)
    assert (job.status, job.done, job.failed) == (JobStatus.COMPLETED, 3, 1)
    told = said(page)
    assert "**“Better one”** wins 100.0" in told
    assert "of 3 decided pairs." in told
    assert "0 ties, 1 failed" in told
    assert "4 pairs about the same scenario or question, 0 by chance." in told
    (table,) = page.dataframe
    assert list(table.value["Better"]) == ["“Better one”"] * 3 + ["failed"]
    assert table.value["Why"].iloc[0] == "It is A."


def test_where_the_order_decides_nobody_wins_and_that_is_told(
    place: Workspace, dataset: Dataset, page: AppTest, server: ModelServer
) -> None:
    server.choose = lambda call: say("A")
    compare(place, dataset, page)
    told = said(page)
    assert "No pair was decided: there is no win rate." in told
    assert "The order decided in 100.0" in told
    assert "4 of 4 times for the one shown first." in told


def test_earlier_comparisons_are_listed(place: Workspace, dataset: Dataset, page: AppTest) -> None:
    compare(place, dataset, page)
    compare(place, dataset, page)
    assert "Earlier comparisons" in said(page)
    listed = page.dataframe[-1].value
    assert list(listed["Of"]) == ["“Better one” against “Other one”"]
    assert list(listed["n decided"]) == [4]


def test_two_examples_are_compared_by_their_numbers(place: Workspace, dataset: Dataset, page: AppTest) -> None:
    page.button_group(key="compare-what").set_value("Two examples").run()
    assert "Give the ids of two examples" in said(page)
    first, second = (place.database.get_dataset_examples(number)[0].id for number in (dataset.id, 1))
    page.number_input(key="compare-First").set_value(first)
    page.number_input(key="compare-Second").set_value(second).run()
    assert "2 calls, about" in said(page)
    job = compare(place, dataset, page)
    assert (job.parameters["are_examples"], job.done) == (True, 1)
    assert f"**example {first}** wins 100.0" in said(page)


def test_an_example_that_is_not_there_is_told_before_anything_starts(page: AppTest, server: ModelServer) -> None:
    page.button_group(key="compare-what").set_value("Two examples").run()
    page.number_input(key="compare-First").set_value(1)
    page.number_input(key="compare-Second").set_value(99_999).run()
    assert "99999" in errors(page).replace(",", "")
    assert "judge-start" not in [button.key for button in page.button]


def test_a_refused_key_is_told(page: AppTest, server: ModelServer) -> None:
    server.models_act = Act(status=401)
    page.button(key="judge-start").click().run()
    assert errors(page)
    assert server.calls == []


def test_while_it_runs_it_is_seen_from_the_other_sections_too(
    place: Workspace, dataset: Dataset, page: AppTest, server: ModelServer
) -> None:
    server.choose = lambda call: Act(delay=SECONDS)
    page.button(key="judge-start").click().run()
    page.button_group(key="judge-section").set_value("Rubrics").run()
    task = latest_task(place, dataset.id, JobKind.COMPARISON)
    assert task is not None
    assert "“Better one” against “Other one”" in said(page)
    page.button(key=f"cancel{task.job.id}").click().run()
    server.release()
    assert place.runner.wait(task.job.id, SECONDS)
    assert place.database.get_job(task.job.id).status is JobStatus.CANCELLED
