"""Fixtures for the browser tests: Chromium, the started app, and pages that are watched.

A test usually asks for ``shared_app`` and ``open_page``::

    def test_the_dashboard_opens(shared_app, open_page):
        page = open_page(shared_app)

and for ``app`` where it needs an app of its own: ``app(MAX_CONCURRENT_JOBS="1")``. At the end of every test, a page
that asked another computer for something, or an error in the browser's console, is an error; so is an app that does
not end within seconds of SIGTERM.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.tools.app import App, Console, idle, start_app
from tests.tools.chromium import ARGUMENTS, REMEDY, ChromiumError, find_chromium

ROOT_ARGUMENTS = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
VIEWPORT = {"width": 1440, "height": 900}
expect.set_options(timeout=20_000)  # a slow computer is no fault of the app


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium. Where there is none, the test fails; it is not skipped."""
    try:
        path = find_chromium()
    except ChromiumError as error:
        pytest.fail(str(error), pytrace=False)
    if path is None:
        pytest.fail(f"There is no Chromium on this computer. {REMEDY}", pytrace=False)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, *ROOT_ARGUMENTS])
        yield chromium
        chromium.close()


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Callable[..., App]]:
    """Starts apps with data folders of their own: ``app()``, ``app(data_dir=..., LLM_PROVIDER="openai", ...)``."""
    started: list[App] = []

    def start(data_dir: Path | None = None, script: Path | None = None, **environment: str) -> App:
        folder = data_dir or tmp_path / f"data-{len(started)}"
        how = {"script": script} if script else {}
        started.append(start_app(folder, environment=environment, **how))
        return started[-1]

    with contextlib.ExitStack() as stack:  # each is stopped, whatever the others do
        yield start
        for one in started:
            stack.callback(one.stop)


@pytest.fixture(scope="module")
def shared_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """One app for all tests of a module, with an empty data folder at first."""
    started = start_app(tmp_path_factory.mktemp("shared") / "data")
    yield started
    started.stop()


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One for all pages of a module: a new one would load megabytes of scripts anew."""
    opened = browser.new_context(viewport=VIEWPORT)
    yield opened
    opened.close()


@pytest.fixture
def console() -> Iterator[Console]:
    """What the browser complains of in this test; checked at its end."""
    watched = Console()
    yield watched
    assert not watched.foreign, "a page asked another computer for something"
    assert not watched.errors, "the browser's console holds errors"


@pytest.fixture
def open_page(
    browser: Browser, context: BrowserContext, app: Callable[..., App], console: Console
) -> Iterator[Callable[..., Page]]:
    """Opens watched pages and waits until they rest: ``open_page(app, "/tasks")``.

    Options, such as ``color_scheme="dark"``, are for a browser context of the page's own.
    """
    with contextlib.ExitStack() as stack:  # `app` is asked for so that pages close before their apps stop

        def open_(app: App, path: str = "/", **options: object) -> Page:
            own = browser.new_context(**{"viewport": VIEWPORT, **options}) if options else None  # type: ignore[arg-type]
            page = (own or context).new_page()
            stack.callback((own or page).close)
            console.watch(page)
            page.goto(app.url + path)
            idle(page)
            return page

        yield open_
