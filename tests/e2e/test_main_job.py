"""What the app is for: a dataset made with the embedded model, from the first click to the downloaded file."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.watching import SECONDS, Frames, wait_for
from tests.tools.app import App, Console, idle

Start = Callable[..., App]
Open = Callable[..., Page]
LONG = SECONDS * 1000
SEED = "7"
"""One of those whose first three conversations are short."""


def choose(page: Page, count: int, *, workers: int | None = None) -> Locator:
    """Go to the last step of the wizard, and set the number of examples there; returns the button that starts."""
    page.get_by_role("button", name="Customer Support").click()
    page.get_by_role("button", name="Technical Support").click()
    return fill_in(page, count, workers=workers)


def fill_in(page: Page, count: int, *, workers: int | None = None) -> Locator:
    """Set the number of examples at the last step; returns the button that starts."""
    page.get_by_role("spinbutton", name="Examples").fill(str(count))
    page.keyboard.press("Tab")
    start = page.get_by_role("button", name=re.compile(f"Generate {count}$"))
    expect(start).to_be_visible(timeout=LONG)
    page.get_by_text("More settings").click()
    page.get_by_role("textbox", name="Seed").fill(SEED)
    page.keyboard.press("Tab")
    if workers:
        page.get_by_role("spinbutton", name="Calls at a time").fill(str(workers))
        page.keyboard.press("Tab")
    idle(page)
    return start


def done(page: Page) -> int:
    """How many examples of the job the page says are there; -1 while it does not say."""
    found = re.search(r"(\d+) of \d+ examples?", page.get_by_test_id("stMain").inner_text())
    return int(found[1]) if found else -1


@pytest.mark.timeout(500)
def test_a_dataset_is_generated_watched_opened_and_downloaded(app: Start, open_page: Open, tmp_path: Path) -> None:
    started = app()
    page = open_page(started)
    page.get_by_role("button", name="Start", exact=True).click()
    frames = Frames(page)
    fill_in(page, 3, workers=1).dblclick()  # as people do; it starts one job
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text("Customer Support / Technical Support")).to_be_visible()
    wait_for(lambda: done(page) >= 1, page)
    expect(main.get_by_text("Newest examples")).to_be_visible()

    page.reload()
    wait_for(lambda: done(page) >= 1, page)
    second = open_page(started, "/tasks")
    expect(second.get_by_text("Customer Support / Technical Support")).to_have_count(1)
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Datasets").click(delay=80)
    expect(page.get_by_role("heading", name="Datasets")).to_be_visible()
    page.go_back()
    wait_for(lambda: done(page) == 3, page)
    expect(main.locator(".stMarkdownBadge", has_text="completed")).to_be_visible(timeout=LONG)
    expect(second.locator(".stMarkdownBadge", has_text="completed")).to_be_visible(timeout=LONG)
    expect(page.get_by_test_id("stSidebar").get_by_role("progressbar")).to_have_count(0)
    idle(page)
    before = frames.count
    assert before
    page.wait_for_timeout(4000)
    assert frames.count == before, "polling ends with the job"

    main.get_by_role("button", name="Open dataset").click()
    expect(page.get_by_role("heading", name=re.compile("Technical Support"))).to_be_visible()
    idle(page)
    page.get_by_role("tab", name="Examples").click()
    idle(page)
    bubbles = page.get_by_test_id("stChatMessage")
    assert bubbles.count() >= 6, "a question and an answer in each example"
    assert all(len(text.strip()) > 10 for text in bubbles.all_inner_texts())
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    path = tmp_path / "downloaded.jsonl"
    download.value.save_as(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 3
    examples = [json.loads(line) for line in lines]
    shown = " ".join(" ".join(bubbles.all_inner_texts()).split())
    for example in examples:
        roles = [message["role"] for message in example["messages"]]
        assert roles == ["user", "assistant"] * (len(roles) // 2)
        assert " ".join(example["messages"][0]["content"].split())[:30] in shown
    assert len({json.dumps(example["messages"]) for example in examples}) == 3


def test_the_embedded_model_does_not_hold_up_the_end_of_the_app(
    app: Start, open_page: Open, console: Console, tmp_path: Path
) -> None:
    started = app(tmp_path / "data")
    page = open_page(started, "/generate")
    choose(page, 50).click()
    wait_for(lambda: done(page) >= 1, page)
    page.close()
    assert started.stop() < 6
    console.errors.clear()  # the page lost its app
    page = open_page(app(tmp_path / "data"), "/tasks")
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    expect(page.locator(".stMarkdownBadge", has_text="interrupted")).to_be_visible()
    assert done(page) >= 1, "what was accepted is there"
