"""Looking at everything that the app can show: every page of its navigation, with all its tabs, forms and details."""

import re
from collections.abc import Callable

from playwright.sync_api import Page

from tests.tools.app import idle

MOST_TABS, MOST_DETAILS, MOST_FORMS = 12, 3, 2
TABS, DETAILS, FORMS = "[role='tab']", "details:not([open]) > summary", "[data-testid='stPopover'] button"


def sweep(page: Page, look: Callable[[], object]) -> list[str]:
    """Go to every page that the navigation lists, by its links, so that the session goes on; ``look`` is called at each
    step. Returns the pages' paths."""
    links = page.get_by_test_id("stSidebarNav").get_by_role("link")
    paths = []
    for n in range(links.count()):
        links.nth(n).click()
        idle(page)
        paths.append(re.sub(r"^https?://[^/]+|\?.*$", "", page.url))
        look_around(page, look)
    return paths


def look_around(page: Page, look: Callable[[], object]) -> None:
    """Look at this page: its tabs one after the other, and in each what can be opened."""
    _open_all(page, look)
    tabs = page.get_by_test_id("stMain").locator(TABS)
    for n in range(min(tabs.count(), MOST_TABS)):
        tabs.nth(n).click()
        idle(page)
        _open_all(page, look)


def _open_all(page: Page, look: Callable[[], object]) -> None:
    main = page.get_by_test_id("stMain")
    for _ in range(MOST_DETAILS):
        closed = main.locator(DETAILS).locator("visible=true")
        if not closed.count():
            break
        closed.first.click()
        idle(page)
    look()
    forms = main.locator(FORMS).locator("visible=true")
    for n in range(min(forms.count(), MOST_FORMS)):
        forms.nth(n).click()
        idle(page)
        look()
        page.keyboard.press("Escape")
        idle(page)
