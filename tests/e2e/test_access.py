"""Behind a password, in a real browser: what it keeps, what a forged pass is worth, and that signing out is the end."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect

from pages.ui.gate import COOKIE
from synthgen_core.access import Role, issue_pass
from synthgen_core.settings import Settings
from tests.e2e.filling import filling
from tests.e2e.watching import wait_for
from tests.pages.support import make_dataset, simple
from tests.tools.app import App, Console

PASSWORD = "a password for the browser test"


def is_asked(page: Page) -> None:
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_test_id("stSidebarNav")).to_have_count(0)
    assert "Hidden treasure" not in page.content()


def is_in(page: Page) -> None:
    expect(page.get_by_role("heading", name="Hidden treasure")).to_be_visible()


def kept(context: BrowserContext) -> str:
    """The pass that the browser keeps; empty: none."""
    return next((str(cookie["value"]) for cookie in context.cookies() if cookie["name"] == COOKIE), "")


def test_a_browser_is_let_in_until_it_signs_out(
    app: Callable[..., App], browser: Browser, console: Console, tmp_path: Path
) -> None:
    with filling(tmp_path / "data") as place:
        make_dataset(place, "Hidden treasure", contents=[simple(0)])
    started = app(tmp_path / "data", ACCESS_VIEWER_PASSWORD=PASSWORD)
    address = f"{started.url}/dataset?dataset=1"
    context = browser.new_context()
    forged = issue_pass(Settings(access_viewer_password="guessed"), Role.VIEWER, 4_000_000_000)
    context.add_cookies([{"name": COOKIE, "value": forged, "url": started.url}])
    page = context.new_page()
    console.watch(page)
    page.goto(address)
    is_asked(page)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    is_in(page)
    wait_for(lambda: kept(context) not in ("", forged), page)
    page.goto(address)
    is_in(page)
    expect(page.get_by_role("link", name="Settings")).to_have_count(0)
    assert PASSWORD not in kept(context)
    page.get_by_role("button", name="Sign out").click()
    is_asked(page)
    wait_for(lambda: not kept(context), page)
    page.goto(address)
    is_asked(page)
    context.close()
    assert PASSWORD not in started.log
