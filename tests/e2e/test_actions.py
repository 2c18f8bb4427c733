"""Buttons and dialogs that act, in Chromium: what Streamlit runs as a part of a page is not simulated elsewhere."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from synthgen_core.models import JobStatus
from tests.e2e.filling import filling
from tests.e2e.test_main_job import choose, done
from tests.e2e.watching import wait_for
from tests.pages.support import make_dataset, make_job, simple
from tests.support.server import ModelServer
from tests.tools.app import App, idle, start_app

Open = Callable[..., Page]
IMPATIENT = "button => { button.click(); for (let t = 10; t <= 250; t += 20) setTimeout(() => button.click(), t); }"
"""So many clicks in a quarter of a second: two at the same moment reach the app as one."""


@pytest.fixture(scope="module")
def filled_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Three datasets, and two jobs that were stopped and whose model is gone."""
    folder = tmp_path_factory.mktemp("filled") / "data"
    with filling(folder) as place:
        for name in ("First", "Second", "Third"):
            made = make_dataset(place, name, [simple(n) for n in range(12)])
        make_job(place, made, JobStatus.INTERRUPTED)
        make_job(place, made, JobStatus.FAILED, done=0)
    started = start_app(folder)
    yield started
    started.stop()


def test_a_dataset_is_renamed(filled_app: App, open_page: Open) -> None:
    page = open_page(filled_app, "/dataset?dataset=1&tab=Metadata")
    page.get_by_label("Name").fill("  ")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("needs a name")).to_be_visible()
    page.get_by_label("Name").fill("Renamed *as* written")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Renamed *as* written")).to_be_visible()


def test_a_dataset_is_deleted_after_a_question(filled_app: App, open_page: Open) -> None:
    page = open_page(filled_app, "/dataset?dataset=2")
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("12 examples")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("heading", name="Second")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Datasets")).to_be_visible()
    idle(page)
    expect(page.get_by_test_id("stMain").get_by_role("link", name="Third")).to_be_visible()
    assert page.get_by_test_id("stMain").get_by_role("link", name="Second").count() == 0
    assert len(list((filled_app.data_dir / "datasets").glob("*.jsonl"))) == 2


def test_the_second_page_of_a_dataset_can_be_reloaded_and_shared(filled_app: App, open_page: Open) -> None:
    page = open_page(filled_app, "/dataset?dataset=3&tab=Examples")
    page.get_by_role("button", name="Page 2").click()
    expect(page.get_by_text("Question number 10?")).to_be_visible()
    assert "dataset=3" in page.url
    page.reload()
    expect(page.get_by_text("Question number 10?")).to_be_visible()
    assert page.get_by_text("Question number 0?").count() == 0


def test_a_job_that_cannot_be_resumed_says_why_on_a_page_that_rests(filled_app: App, open_page: Open) -> None:
    page = open_page(filled_app, "/tasks")
    page.get_by_role("button", name="Resume").first.click()
    expect(page.get_by_text(re.compile("does not answer at"))).to_be_visible()
    expect(page.get_by_text("Is it running")).to_be_visible()


def test_a_job_that_is_removed_is_gone_from_the_count_too(filled_app: App, open_page: Open) -> None:
    page = open_page(filled_app, "/tasks")
    expect(page.get_by_text("2 jobs", exact=True)).to_be_visible()
    page.get_by_role("button", name="Remove").first.click()
    expect(page.get_by_text("1 job", exact=True)).to_be_visible()
    page.get_by_role("button", name="Open dataset").click()
    expect(page.get_by_role("heading", name="Third")).to_be_visible()


def test_many_clicks_on_generate_start_one_job(app: Callable[..., App], open_page: Open) -> None:
    with ModelServer() as server:
        started = app(LLM_PROVIDER="openai", OPENAI_BASE_URL=server.url, LLM_MODEL="stub-model")
        page = open_page(started, "/generate")
        choose(page, 2).evaluate(IMPATIENT)
        wait_for(lambda: done(page) == 2, page)
        page.goto(f"{started.url}/tasks")
        expect(page.get_by_text("1 job", exact=True)).to_be_visible()
        page.goto(f"{started.url}/datasets")
        expect(page.get_by_text("1 dataset", exact=True)).to_be_visible()
