"""The log of calls and a job's budget in Chromium: links, rows that are chosen, fields in a panel that polls."""

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from synthgen_core.database import Progress
from synthgen_core.models import JobStatus, ProviderConfig
from tests.e2e.filling import filling
from tests.e2e.watching import SECONDS, wait_for
from tests.pages.support import make_dataset, make_job
from tests.pages.test_calls import call
from tests.pages.test_job_cards import BUDGET
from tests.support.server import Act, ModelServer
from tests.tools.app import App, idle

Open = Callable[..., Page]
Start = Callable[..., App]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as started:
        yield started


def said(page: Page, text: str) -> None:
    expect(page.get_by_test_id("stMain").get_by_text(text)).to_be_visible(timeout=SECONDS * 1000)


def test_a_card_leads_to_the_calls_of_its_job_by_an_address_that_can_be_shared(
    app: Start, open_page: Open, tmp_path: Path
) -> None:
    with filling(tmp_path / "data") as place:
        made = make_dataset(place)
        jobs = [make_job(place, made, done=0) for _ in range(2)]
        place.database.record(jobs[0], Progress(log=[call(n) for n in range(60)]))
        place.database.record(jobs[1], Progress(log=[call(n, outcome="server") for n in range(3)]))
    page = open_page(app(tmp_path / "data"), "/tasks")
    page.get_by_role("button", name="Calls").last.click()
    said(page, "1 to 50 of 60 calls, the newest first")
    expect(page).to_have_url(re.compile(rf"view=Calls.*job={jobs[0].id}"))
    page.reload()
    idle(page)
    said(page, "1 to 50 of 60 calls, the newest first")
    page.get_by_role("button", name="Page 2").click()
    said(page, "51 to 60 of 60 calls, the newest first")
    box = page.get_by_test_id("stDataFrame").bounding_box()
    assert box
    page.mouse.click(box["x"] + 16, box["y"] + 55)
    said(page, "Show what was said")
    page.get_by_role("button", name="Page 1").click()
    said(page, "Choose a row to see more of a call.")
    page.get_by_role("tab", name="Jobs").click()
    expect(page.get_by_role("button", name="Calls")).to_have_count(2)


def test_a_budget_can_be_raised_while_another_job_runs(
    app: Start, open_page: Open, tmp_path: Path, server: ModelServer
) -> None:
    gate = threading.Event()
    server.choose = lambda asked: Act(until=gate) if asked.number == 0 else Act()
    provider = ProviderConfig("openai", "stub-model", server.url).public()
    with filling(tmp_path / "data") as place:
        made = make_dataset(place)
        make_job(place, made, JobStatus.INTERRUPTED, requested=3, done=2, errors=BUDGET, provider=provider)
        make_job(place, make_dataset(place, "b"), JobStatus.CANCELLED, requested=3, done=2, provider=provider)
    page = open_page(app(tmp_path / "data"), "/tasks")
    page.get_by_role("button", name="Resume").click()
    wait_for(lambda: len(server.calls) == 1, page)
    page.get_by_role("button", name="Raise the budget").click()
    field = page.get_by_label("New cap in tokens")
    field.fill("1000000")
    page.wait_for_timeout(2500)  # the panel is drawn anew twice
    expect(field).to_have_value("1000000")
    page.get_by_role("button", name="Raise and go on").click()
    said(page, "3 of 3 examples")
    gate.set()
    expect(page.get_by_test_id("stMain").get_by_text("3 of 3 examples")).to_have_count(2, timeout=SECONDS * 1000)
    idle(page)
    page.reload()
    idle(page)
    expect(page.get_by_role("button", name="Raise the budget")).to_have_count(0)
