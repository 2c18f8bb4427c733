"""The Judge part of the Quality page: what it will take is told first, a run is watched in place, failures are told."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from synthgen_core.actions.jobs import latest_task
from synthgen_core.actions.quality import QualityRequest, start_judging
from synthgen_core.actions.rubrics import STANDARD, save_rubric
from synthgen_core.models import Dataset, Job, JobKind, JobStatus, ProviderConfig
from synthgen_core.workspace import Workspace
from tests.pages.support import chat, errors, figures, labels, links, make_dataset, said
from tests.support.server import Act, ModelServer

SECONDS = 60.0
GOOD, POOR, ODD = "It is worth 8:", "It is worth 3.", "It cannot be judged."
ROWS = f"rubric-rows-{STANDARD.hash}"
"""Key of the rubric editor, where it begins with the app's rubric."""
Open = Callable[..., AppTest]


@pytest.fixture
def dataset(place: Workspace) -> Dataset:
    """Three good ones, one that is poor, and one on which the judge fails."""
    answers = [f"{GOOD} 0", f"{GOOD} 1", f"{GOOD} 2", POOR, ODD]
    return make_dataset(place, contents=[chat(f"Question {n}?", answer) for n, answer in enumerate(answers)])


@pytest.fixture
def page(dataset: Dataset, server: ModelServer, open_page: Open, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The part as somebody sees it whose settings name the local server."""
    server.choose = lambda call: Act(text="I would rather not.") if ODD in call.words else Act()
    for name, value in (("LLM_PROVIDER", "openai"), ("LLM_MODEL", "judge-model"), ("OPENAI_BASE_URL", server.url)):
        monkeypatch.setenv(name, value)
    st.cache_resource.clear()
    return open_page("quality", dataset=str(dataset.id), part="Judge")


def start(page: AppTest) -> AppTest:
    return page.button(key="judge-start").click().run()


def end(place: Workspace, dataset: Dataset) -> Job:
    """The run that was started last, once it is over."""
    task = latest_task(place, dataset.id, JobKind.QUALITY)
    assert task is not None
    assert place.runner.wait(task.job.id, SECONDS)
    return place.database.get_job(task.job.id)


def test_what_it_will_take_is_told_before_and_follows_the_choices(page: AppTest, server: ModelServer) -> None:
    assert "scores it from 0 to 10" in said(page)
    assert "5 calls, about" in said(page)
    assert "Judge 5" in labels(page)
    page.number_input(key="judge-runs").set_value(3).run()
    assert "15 calls, about" in said(page)
    page.button_group(key="judge-which").set_value("A sample").run()
    page.number_input(key="judge-sample").set_value(2).run()
    assert "6 calls, about" in said(page)
    page.button_group(key="judge-what").set_value("A better dataset").run()
    page.toggle(key="judge-fix").set_value(True).run()
    assert "mended and judged again" in said(page)
    assert server.calls == []


def test_the_embedded_model_is_not_offered_and_the_page_says_why(page: AppTest) -> None:
    offered = page.selectbox(key="judge_provider").options
    assert "OpenAI and compatible ($)" in offered
    assert not [name for name in offered if "Embedded" in name]
    assert "no better than a coin" in said(page)


def test_a_run_ends_with_its_mean_and_with_what_failed(place: Workspace, dataset: Dataset, page: AppTest) -> None:
    start(page)
    job = end(place, dataset)
    assert (job.status, job.done, job.failed, job.parameters["judge_only"]) == (JobStatus.COMPLETED, 4, 1, True)
    page.run()
    assert figures(page) == {"Mean of 4": "6.75", "Processed": "5", "Failed": "1"}
    assert "1 example of 5 could not be judged; no score was made up for them." in said(page)
    assert "Judge 1" in labels(page), "only what has no score is asked about again"
    assert [row.quality_score for row in place.database.get_dataset_examples(dataset.id)] == [8, 8, 8, 3, None]


def test_a_better_dataset_is_made_and_linked(place: Workspace, dataset: Dataset, page: AppTest) -> None:
    page.button_group(key="judge-what").set_value("A better dataset").run()
    assert not page.toggle(key="judge-fix").value
    assert not page.toggle(key="judge-remove").value
    page.toggle(key="judge-remove").set_value(True).run()
    page.slider(key="judge-minimum").set_value(5.0).run()
    start(page)
    job = end(place, dataset)
    assert (job.parameters["min_quality_score"], job.parameters["auto_remove"]) == (5.0, True)
    page.run()
    found = figures(page)
    assert (found["Kept"], found["Fixed"], found["Removed"], found["Failed"]) == ("3", "0", "1", "1")
    assert found["Mean after"] == "8.00"
    assert "Read those below 5" in labels(page)
    page.button(key=f"judge-result-{job.id}").click().run()
    assert "Router trouble, improved" in said(page)


def test_the_weak_ones_open_in_review(place: Workspace, dataset: Dataset, page: AppTest) -> None:
    start(page)
    job = end(place, dataset)
    page.run().button(key=f"judge-worst-{job.id}").click().run()
    assert POOR in said(page)
    assert f"{GOOD} 0" not in said(page)


def test_a_run_is_watched_in_place_cancelled_and_resumed(
    place: Workspace, dataset: Dataset, page: AppTest, server: ModelServer
) -> None:
    gate = threading.Event()
    server.choose = lambda call: Act(until=gate)
    start(page)
    server.wait_for_calls(1)
    page.run()
    assert "running" in said(page)
    assert "judge-start" not in [button.key for button in page.button], "one run at a time over a dataset"
    task = latest_task(place, dataset.id, JobKind.QUALITY)
    assert task is not None
    page.button(key=f"cancel{task.job.id}").click().run()
    gate.set()
    assert end(place, dataset).status is JobStatus.CANCELLED
    page.run().button(key=f"resume{task.job.id}").click().run()
    assert end(place, dataset).status is JobStatus.COMPLETED
    assert figures(page.run())["Mean of 5"] == "7.00"


def test_pressed_where_a_run_has_begun_meanwhile_it_shows_that_one(
    place: Workspace, dataset: Dataset, page: AppTest, server: ModelServer
) -> None:
    gate = threading.Event()
    server.choose = lambda call: Act(until=gate)
    start_judging(place, QualityRequest(dataset.id, ProviderConfig("openai", "judge-model", server.url)))
    start(page)
    assert not page.error
    assert "running" in said(page)
    gate.set()
    end(place, dataset)
    assert place.database.count_jobs((), JobKind.QUALITY) == 1


def test_what_the_judge_refuses_is_told(page: AppTest, server: ModelServer) -> None:
    server.models_act = replace(server.models_act, status=401)
    start(page)
    assert errors(page)
    assert not page.exception


def test_without_a_provider_the_page_says_what_to_do_and_what_works(
    place: Workspace, dataset: Dataset, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_URL", "http://127.0.0.1:9")
    st.cache_resource.clear()
    page = open_page("quality", dataset=str(dataset.id), part="Judge")
    assert "No model that can judge is set up" in said(page)
    assert ("settings", "") in links(page)
    page.button(key="judge-rules").click().run()
    assert page.session_state["part"] == "Rules"


def test_an_empty_dataset_has_nothing_to_judge(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place)
    assert "no active examples to judge" in said(open_page("quality", dataset=str(made.id), part="Judge"))


def test_a_seed_that_is_none_starts_nothing(page: AppTest) -> None:
    page.button_group(key="judge-which").set_value("A sample").run()
    page.text_input(key="judge-seed").set_value("seven").run()
    assert "A seed is a whole number" in errors(page)
    assert "judge-start" not in [button.key for button in page.button]


def section(page: AppTest, name: str) -> AppTest:
    return page.button_group(key="judge-section").set_value(name).run()


def test_a_rubric_is_edited_into_a_new_version_and_judged_by(
    place: Workspace, dataset: Dataset, page: AppTest, server: ModelServer
) -> None:
    section(page, "Rubrics")
    page.session_state[ROWS] = {
        "edited_rows": {},
        "added_rows": [{"label": "Tone of voice", "question": "Is it kind?", "weight": 2}],
        "deleted_rows": [1, 2, 3],
    }
    field = next(area for area in page.text_area if area.label == "What else the judge should know")
    field.set_value("Short is fine.")
    next(text for text in page.text_input if text.label == "Name").set_value("Support")
    page.button(key="rubric-save").click().run()
    assert not page.exception
    (saved,) = place.database.list_rubrics()
    assert (saved.title, saved.rubric.notes) == ("Support, version 1", "Short is fine.")
    assert [(c.name, c.weight) for c in saved.rubric.criteria] == [
        ("content_quality", 1),
        ("training_utility", 1),
        ("tone_of_voice", 2),
    ]
    section(page, "Score the examples")
    assert page.selectbox(key="rubric-judged").value == saved.hash
    assert saved.hash[:8] in said(page)
    start(page)
    assert end(place, dataset).parameters["rubric_hash"] == saved.hash
    assert "Short is fine." in str(server.calls[0].body["messages"][0])


def test_the_same_rubric_is_not_saved_twice_and_a_wrong_one_is_told(place: Workspace, page: AppTest) -> None:
    save_rubric(place, "Support", [{"label": "Tone", "question": "Is it kind?", "weight": 1}])
    section(page, "Rubrics")
    page.button(key="rubric-save").click().run()
    assert "nothing was saved" in said(page)
    page.session_state[ROWS] = {"edited_rows": {}, "added_rows": [], "deleted_rows": [0, 1, 2, 3, 4]}
    page.button(key="rubric-save").click().run()
    assert "The rubric has no criteria." in errors(page)
    assert len(place.database.list_rubrics()) == 1
