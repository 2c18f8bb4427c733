"""Importing and shaping in Chromium: upload, reload, bad lines as a file, a large file that is cancelled, a merge."""

import csv
import re
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.filling import filling
from tests.e2e.watching import SECONDS
from tests.pages.support import make_dataset, simple
from tests.tools.app import App, idle

Open = Callable[..., Page]
Start = Callable[..., App]
WAIT = SECONDS * 1000
LARGE = 100_000


def upload(page: Page, *files: Path) -> None:
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(files)


def said(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.get_by_test_id("stMain").get_by_text(text).first).to_be_visible(timeout=WAIT)


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """20 good rows and two bad lines."""
    path = tmp_path / "damaged.jsonl"
    rows = [orjson.dumps(simple(n)) for n in range(20)]
    path.write_bytes(b"\n".join([*rows[:5], b'{"messages": [', *rows[5:], b'{"a": NaN}']) + b"\n")
    return path


def test_a_file_is_looked_at_and_its_good_lines_come_in(app: Start, open_page: Open, damaged: Path) -> None:
    page = open_page(app(), "/import")
    upload(page, damaged)
    said(page, "2 bad lines")
    page.reload()
    idle(page)
    said(page, "20 good rows")
    page.get_by_role("tab", name="Bad lines (2)").click()
    with page.expect_download() as downloaded:
        page.get_by_role("button", name="Download 2 bad lines").click()
    rows = list(csv.reader(Path(downloaded.value.path()).read_text(encoding="utf-8").splitlines()))
    assert [row[0] for row in rows[1:]] == ["6", "22"]
    page.get_by_role("button", name="Import the good ones (20)").click()
    page.get_by_role("button", name="Open dataset").click()
    expect(page.get_by_role("heading", name="damaged")).to_be_visible(timeout=WAIT)
    said(page, "20 examples")


def test_a_large_import_shows_its_progress_and_can_be_cancelled(app: Start, open_page: Open, tmp_path: Path) -> None:
    path = tmp_path / "large.jsonl"
    with path.open("wb") as file:
        file.writelines(orjson.dumps(simple(n)) + b"\n" for n in range(LARGE))
    started = app()
    page = open_page(started, "/import")
    upload(page, path)
    page.get_by_role("button", name="Import 100,000 examples").click(timeout=WAIT)
    said(page, re.compile(r"[1-9][\d,]* of [\d,]+ examples"))
    page.get_by_test_id("stMain").get_by_role("button", name="Cancel").click()
    said(page, "Nothing was imported: it was cancelled.")
    page.get_by_role("button", name="Back to the preview").click()
    said(page, "100,000 good rows")
    page.goto(f"{started.url}/datasets")
    idle(page)
    said(page, "No datasets yet")


def test_two_ticked_datasets_are_merged_and_the_result_is_opened(app: Start, open_page: Open, tmp_path: Path) -> None:
    with filling(tmp_path / "data") as place:
        for name, first in (("One", 0), ("Two", 2)):
            make_dataset(place, name, [simple(n) for n in range(first, first + 3)])
    page = open_page(app(tmp_path / "data"), "/datasets")
    for name in ("One", "Two"):
        page.locator('[class*="st-key-dataset-row-"]', has_text=name).get_by_test_id("stCheckbox").click()
        idle(page)
    page.get_by_role("button", name="Merge").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("1 examples repeat one of a dataset before theirs")).to_be_visible(timeout=WAIT)
    dialog.get_by_text("Leave out what an earlier one").click()
    expect(dialog.get_by_text("1 left out")).to_be_visible(timeout=WAIT)
    dialog.get_by_role("button", name="Merge").click()
    expect(dialog).to_have_count(0, timeout=WAIT)
    page.get_by_role("link", name="One + Two, 5 examples").click(timeout=WAIT)
    expect(page.get_by_role("heading", name="One + Two")).to_be_visible(timeout=WAIT)
