"""The tools of the browser tests themselves, on small scripts: a watch that sees nothing would pass every test."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.tools.app import ROOT, App, AppError, Console, idle, is_healthy, start_app

Start = Callable[..., App]
Open = Callable[..., Page]
FOREIGN = '<img src="http://elsewhere.test/pixel.png">'


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a Streamlit script, with the app's font where the app's theme expects it."""
    shutil.copytree(ROOT / "static", tmp_path / "static")

    def write(text: str) -> Path:
        path = tmp_path / "script.py"
        path.write_text(f"import os, sys, streamlit as st\n{text}\n", encoding="utf-8")
        return path

    return write


def test_an_app_runs_with_its_own_data_folder_and_ends_on_sigterm(
    app: Start, script: Callable[[str], Path], open_page: Open
) -> None:
    started = app(script=script('st.write(os.environ["DATA_DIR"], os.environ.get("OPENAI_API_KEY"))'))
    page = open_page(started)
    assert started.data_dir.name in page.inner_text('[data-testid="stMain"]')
    page.close()
    assert started.stop() < 10
    assert not is_healthy(started.url)


def test_an_app_that_cannot_start_tells_why(tmp_path: Path) -> None:
    with pytest.raises(AppError, match="does not exist"):
        start_app(tmp_path / "data", script=tmp_path / "nowhere.py")


def test_a_traceback_in_the_log_is_an_error(app: Start, script: Callable[[str], Path], open_page: Open) -> None:
    started = app(script=script('st.write("drawn")\nraise RuntimeError("on purpose")'))
    open_page(started).close()
    with pytest.raises(AppError, match="on purpose"):
        started.stop()


def test_a_request_to_another_computer_is_seen(
    app: Start, script: Callable[[str], Path], open_page: Open, console: Console
) -> None:
    page = open_page(app(script=script(f"st.html({FOREIGN!r})")))
    page.wait_for_timeout(500)
    assert console.foreign == ["http://elsewhere.test/pixel.png"]
    assert any("ERR_NAME_NOT_RESOLVED" in error for error in console.errors), "and it was not let through"
    console.foreign.clear()
    console.errors.clear()


def test_an_error_in_the_console_is_seen(
    app: Start, script: Callable[[str], Path], open_page: Open, console: Console
) -> None:
    page = open_page(app(script=script('st.write("drawn")')))
    page.evaluate("console.error('on purpose'); setTimeout(() => { throw new Error('uncaught, on purpose') })")
    page.wait_for_timeout(200)
    assert [error.split(" (")[0] for error in console.errors] == ["on purpose", "uncaught, on purpose"]
    console.errors.clear()


def test_idle_waits_for_the_end_of_a_run(app: Start, script: Callable[[str], Path], open_page: Open) -> None:
    text = 'import time\nif st.button("Go"):\n    time.sleep(1)\n    st.write("done")\nst.write("drawn")'
    page = open_page(app(script=script(text)))
    page.get_by_role("button", name="Go").click()
    page.wait_for_timeout(100)
    idle(page)
    assert page.get_by_text("done").is_visible()
