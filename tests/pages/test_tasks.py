"""Tasks: every job in the list, and what can be done with it."""

import threading
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from synthgen_core.actions.generation import GenerationRequest, start_generation
from synthgen_core.actions.jobs import delete_task, resume_task
from synthgen_core.actions.rules import check_dataset
from synthgen_core.models import Job, JobStatus, Json, ProviderConfig
from synthgen_core.workspace import Workspace
from tests.pages.support import buttons, chat, errors, filter_by, make_dataset, make_full, make_job, said
from tests.support.server import Act, ModelServer

Open = Callable[..., AppTest]
SECONDS = 60.0


def provider_of(server: ModelServer) -> ProviderConfig:
    return ProviderConfig("openai", "stub-model", server.url)


def start(place: Workspace, server: ModelServer, count: int = 3) -> Job:
    return start_generation(
        place,
        GenerationRequest("support", "technical_support", provider_of(server), num_examples=count, workers=1),
    )


def jobs_shown(page: AppTest) -> int:
    return sum("generation" in text.value and text.value.startswith("job ") for text in page.main.caption)


def test_every_state_can_be_filtered(place: Workspace, open_page: Open) -> None:
    make_full(place)
    page = open_page("tasks")
    assert "6 jobs" in said(page)
    assert jobs_shown(page) == 6
    for status in JobStatus:
        filter_by(page, status)
        assert jobs_shown(page) == 1, status
        assert "1 job" in said(page)
    filter_by(page, JobStatus.FAILED, JobStatus.CANCELLED)
    assert jobs_shown(page) == 2


def test_a_filter_that_finds_nothing_leads_on(place: Workspace, open_page: Open) -> None:
    make_job(place, make_dataset(place))
    page = open_page("tasks")
    filter_by(page, JobStatus.FAILED)
    assert "No jobs here" in said(page)


def test_jobs_come_20_a_page(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place)
    for _ in range(21):
        make_job(place, made, done=0)
    page = open_page("tasks")
    assert jobs_shown(page) == 20
    page.pagination[0].set_value(2).run()
    assert jobs_shown(page) == 1
    page.button(key="forget1").click().run()
    assert jobs_shown(page) == 20, "page 2 is gone with its only job; page 1 is shown"


def test_a_job_in_each_state_offers_what_makes_sense(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place)
    offered = {}
    for status in JobStatus:
        job = make_job(place, made, status, requested=2, done=2 if status is JobStatus.COMPLETED else 1)
        offered[job.id] = status
    page = open_page("tasks")
    keys = {button.key for button in buttons(page)}
    for job_id, status in offered.items():
        names = {name for name in ("cancel", "resume", "forget") if f"{name}{job_id}" in keys}
        expected = {
            JobStatus.PENDING: {"cancel"},
            JobStatus.RUNNING: {"cancel"},
            JobStatus.COMPLETED: {"forget"},
        }.get(status, {"resume", "forget"})
        assert names == expected, status


def test_causes_of_failure_are_told_with_their_remedy(place: Workspace, open_page: Open) -> None:
    causes: dict[str, Json] = {
        "auth": {"count": 2, "message": "The server refuses the key.", "hint": "Check the key."},
        "not_json": {"count": 7, "message": "The reply is not JSON.", "hint": ""},
    }
    make_job(place, make_dataset(place), JobStatus.FAILED, done=0, failed=4, errors=causes)
    page = open_page("tasks")
    text = said(page)
    assert "9 attempts failed" in text
    assert text.index("7 × not json") < text.index("2 × auth"), "the most frequent first"
    assert "Check the key." in text


def test_a_shortfall_is_explained(place: Workspace, open_page: Open) -> None:
    make_job(place, make_dataset(place), requested=5, done=3, failed=2)
    assert "2 examples of 5 could not be made" in open_page("tasks").warning[0].value


def test_a_job_can_be_cancelled_and_keeps_what_it_made(place: Workspace, open_page: Open, server: ModelServer) -> None:
    wait = threading.Event()
    server.choose = lambda call: Act() if call.number < 1 else Act(until=wait)
    job = start(place, server)
    server.wait_for_calls(2)
    page = open_page("tasks")
    page.button(key=f"cancel{job.id}").click().run()
    cancels = [button for button in buttons(page) if button.key == f"cancel{job.id}"]
    assert all(button.disabled for button in cancels), "it is asked once"
    wait.set()
    assert place.runner.wait(job.id, SECONDS)
    page = open_page("tasks")
    assert "cancelled" in said(page)
    assert "1 of 3 examples" in said(page)
    assert len(server.calls) == 2


def test_an_interrupted_job_can_be_resumed(place: Workspace, open_page: Open, server: ModelServer) -> None:
    made = make_dataset(place)
    job = make_job(place, made, JobStatus.INTERRUPTED, requested=4, done=2, provider=provider_of(server).public())
    page = open_page("tasks")
    page.button(key=f"resume{job.id}").click().run()
    assert place.runner.wait(job.id, SECONDS)
    text = said(open_page("tasks"))
    assert "completed" in text
    assert "4 of 4 examples" in text
    assert len(server.calls) == 2, "what is there is not made again"
    assert place.database.get_dataset(made.id).example_count == 4


def test_a_job_that_cannot_be_resumed_says_why_and_stays(place: Workspace, open_page: Open) -> None:
    job = make_job(place, make_dataset(place), JobStatus.INTERRUPTED)  # nobody listens at its address
    page = open_page("tasks")
    page.button(key=f"resume{job.id}").click().run()
    assert "does not answer at http://127.0.0.1:9/v1" in errors(page)
    assert place.database.get_job(job.id).status is JobStatus.INTERRUPTED


def test_a_job_whose_dataset_was_deleted_says_so_on_resume(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place)
    job = make_job(place, made, JobStatus.CANCELLED)
    place.database.delete_dataset(made.id)
    page = open_page("tasks")
    page.button(key=f"resume{job.id}").click().run()
    assert f"There is no dataset {made.id}" in errors(page)


@pytest.mark.parametrize("key", ["cancel", "resume", "forget"])
def test_a_job_that_somebody_else_removed_meanwhile_is_no_crash(key: str, place: Workspace, open_page: Open) -> None:
    status = JobStatus.RUNNING if key == "cancel" else JobStatus.CANCELLED
    job = make_job(place, make_dataset(place), status)
    page = open_page("tasks")
    place.database.end_job(job.id, JobStatus.CANCELLED)
    delete_task(place, job.id)
    page.button(key=f"{key}{job.id}").click().run()
    assert f"There is no job {job.id}" in errors(page)
    assert "No jobs here" in said(page)


def test_a_job_that_somebody_else_resumed_meanwhile_runs_once(
    place: Workspace, open_page: Open, server: ModelServer
) -> None:
    wait = threading.Event()
    server.choose = lambda call: Act(until=wait)
    made = make_dataset(place)
    job = make_job(place, made, JobStatus.CANCELLED, requested=2, done=1, provider=provider_of(server).public())
    page = open_page("tasks")
    resume_task(place, job.id)
    page.button(key=f"resume{job.id}").click().run()
    assert "cannot be resumed" in errors(page)
    wait.set()
    assert place.runner.wait(job.id, SECONDS)
    assert place.database.get_dataset(made.id).example_count == 2


def test_a_job_is_removed_and_its_dataset_stays(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place)
    job = make_job(place, made)
    page = open_page("tasks")
    page.button(key=f"forget{job.id}").click().run()
    assert "No jobs here" in said(page)
    assert place.database.get_dataset(made.id).example_count == 2


def test_open_leads_to_the_dataset(place: Workspace, open_page: Open) -> None:
    job = make_job(place, make_dataset(place))
    page = open_page("tasks")
    page.button(key=f"open{job.id}").click().run()
    assert page.title[0].value == "Router trouble"


def test_a_run_of_the_rules_is_a_job_like_any_other(place: Workspace, open_page: Open) -> None:
    job = check_dataset(place, make_dataset(place, contents=[chat("How?", "Like this, every day.")]).id)
    assert place.runner.wait(job.id, SECONDS)
    page = open_page("tasks")
    assert "Rules over “Router trouble”" in said(page)
    assert [button.label for button in buttons(page) if button.key == f"open{job.id}"] == ["Open dataset"]
    assert not errors(page)
