"""The Review page as a browser test sees it: the example in view, the grid's cells, and what the database holds."""

import contextlib
import sqlite3
from typing import Any

from playwright.sync_api import FrameLocator, Locator, Page, expect

from tests.tools.app import App, idle

TITLE = ".st-key-review-now-head strong"
BODY = '[class*="st-key-review-body-"]'


def grid(page: Page) -> FrameLocator:
    """The grid, in its frame."""
    return page.frame_locator('iframe[title*="agGrid"]')


def cell(page: Page, row: int, column: str) -> Locator:
    """A cell of the grid, by the row's number from 0."""
    return grid(page).locator(f'.ag-row[row-index="{row}"] [col-id="{column}"]')


def shows(page: Page, number: int) -> None:
    """Wait until this example is in view, with its text."""
    expect(page.locator(TITLE).first).to_have_text(f"Example {number}", timeout=30_000)


def edit_cell(page: Page, row: int, column: str, text: str) -> None:
    """Type this into a cell of the grid."""
    cell(page, row, column).dblclick()
    field = grid(page).locator("textarea")
    field.fill(text)
    field.press("Enter")
    expect(field).to_have_count(0)


def toast(page: Page, text: str) -> None:
    """Wait until the page says so in passing."""
    expect(page.get_by_test_id("stToast").filter(has_text=text).first).to_be_visible(timeout=30_000)


def rows(app: App, query: str) -> list[tuple[Any, ...]]:
    """What the database of an app holds, as it is on the disk."""
    with contextlib.closing(sqlite3.connect(app.data_dir / "llm_dataset_creator.db")) as connection:
        return connection.execute(query).fetchall()


def texts(app: App) -> list[str]:
    """The first user's words of every example, in order."""
    return [row[0] for row in rows(app, "SELECT json_extract(content, '$.messages[0].content') FROM examples")]


def rest(page: Page) -> None:
    """Wait until the page and its grid are there."""
    grid(page).locator(".ag-row").first.wait_for(timeout=60_000)
    idle(page)
