"""A dataset's page in Chromium: an example edited, a version brought back, an export fetched and read again."""

import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from synthgen_core.actions.curation import sample_dataset
from synthgen_core.importing import read_back
from tests.e2e.filling import filling
from tests.e2e.review_page import rest, toast
from tests.pages.support import make_dataset, simple
from tests.tools.app import App, idle, start_app

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def filled_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A dataset for each test, and a sample of the last one."""
    folder = tmp_path_factory.mktemp("filled") / "data"
    with filling(folder) as place:
        for name in ("To edit", "To restore", "To export"):
            made = make_dataset(place, name, [simple(n) for n in range(20)])
        sample_dataset(place, made.id, 15)
    started = start_app(folder)
    yield started
    started.stop()


def edit_first(app: App, open_page: Open, dataset: int, text: str) -> None:
    """Change the answer of a dataset's first example on the Review page."""
    page = open_page(app, f"/review?dataset={dataset}")
    rest(page)
    page.keyboard.press("e")
    page.locator(".st-key-review-editor textarea").last.fill(text)
    page.keyboard.press("Control+Enter")
    toast(page, "Saved")


def test_an_example_is_reviewed_and_edited_on_the_page_for_it(filled_app: App, open_page: Open) -> None:
    page = open_page(filled_app, "/dataset?dataset=1&tab=Examples")
    page.get_by_role("link", name="Review, edit").nth(2).click(delay=80)
    expect(page.locator(".st-key-review-now-head")).to_contain_text("Example 3")
    assert "dataset=1&example=3" in page.url


def test_a_version_is_made_compared_brought_back_and_that_undone(filled_app: App, open_page: Open) -> None:
    page = open_page(filled_app, "/dataset?dataset=2&tab=Versions")
    page.get_by_role("button", name="Make a version").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Name", exact=True).fill("At first")
    page.keyboard.press("Tab")
    dialog.get_by_role("button", name="Make it").click()
    expect(page.get_by_text("No example differs.")).to_be_visible()
    edit_first(filled_app, open_page, 2, "Another answer.")
    page.get_by_role("tab", name="Examples").click()
    idle(page)
    page.get_by_role("button", name="Remove").nth(1).click()
    expect(page.get_by_text("Example 2 was removed.")).to_be_visible()
    page.get_by_role("tab", name="Versions").click()
    page.get_by_text("1 changed").click()
    expect(page.locator(".diff ins")).to_have_text("Another answer")
    page.get_by_role("button", name="Bring back").click()
    expect(dialog.get_by_text("Were removed since, and come back: 1 example")).to_be_visible()
    dialog.get_by_role("button", name="Bring it back").click()
    expect(page.get_by_text("Version 1 was brought back: 2 examples changed.")).to_be_visible()
    expect(page.get_by_text("No example differs.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("1 removed")).to_be_visible()
    expect(page.get_by_text("1 changed")).to_be_visible()


def test_an_export_is_split_downloaded_and_reads_back(filled_app: App, open_page: Open, tmp_path: Path) -> None:
    page = open_page(filled_app, "/dataset?dataset=3&tab=Export")
    page.get_by_text("OpenAI chat", exact=True).click()
    idle(page)
    page.get_by_text("Split into train").click()
    expect(page.get_by_text("train: 16 rows · validation: 2 rows · test: 2 rows")).to_be_visible()
    page.get_by_role("button", name="Export", exact=True).click()
    expect(page.get_by_text("verified 20 of 20")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download to_export_openai_chat.zip").click()
    download.value.save_as(tmp_path / "export.zip")
    zipfile.ZipFile(tmp_path / "export.zip").extractall(tmp_path / "export")
    rows = {path.name: list(read_back(path)) for path in (tmp_path / "export").rglob("*.jsonl")}
    assert {name: len(found) for name, found in rows.items()} == {
        "train.jsonl": 16,
        "validation.jsonl": 2,
        "test.jsonl": 2,
    }
    contents = [getattr(row, "content", None) for found in rows.values() for row in found]
    assert sorted(map(json.dumps, contents)) == sorted(json.dumps(simple(n)) for n in range(20))
    (manifest,) = (tmp_path / "export").rglob("manifest.json")
    assert json.loads(manifest.read_bytes())["counts"]["rows"] == 20


def test_a_link_to_the_parent_leads_there_and_the_address_follows(filled_app: App, open_page: Open) -> None:
    page = open_page(filled_app, "/datasets")
    main = page.get_by_test_id("stMain")
    main.get_by_role("link", name="sample").first.click()
    expect(page.get_by_role("tab", name="Overview")).to_be_visible()
    idle(page)
    assert page.url.endswith("/dataset?dataset=4")
    main.get_by_role("link", name="To export").click()
    expect(page.get_by_role("heading", name="To export")).to_be_visible()
    expect(page).to_have_url(re.compile(r"dataset=3$"))
    page.get_by_role("tab", name="Examples").click()
    expect(page.get_by_text("1 to 10 of 20 examples")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="sample")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Datasets")).to_be_visible()
