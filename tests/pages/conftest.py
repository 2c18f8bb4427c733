"""Fixtures for the page tests: a workspace of the test's own, as the pages open it, and the app on top of it."""

import atexit
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from synthgen_core.settings import ROOT, load_settings
from synthgen_core.workspace import Workspace, shared_workspace
from tests.pages.settings_page import settled
from tests.support.server import ModelServer

SECONDS = 60.0
"""For one run of a page, on a loaded machine."""


@pytest.fixture
def unopened() -> Iterator[None]:
    """No workspace is open in this process; one that a page opens is closed at the end."""
    st.cache_data.clear()
    before = sys.modules.pop("_synthgen_process", None)
    yield
    registry = sys.modules.pop("_synthgen_process", None)
    opened: Workspace | None = vars(registry).get("workspace") if registry else None
    if opened is not None:
        atexit.unregister(opened.close)
        opened.close()
    if before is not None:
        sys.modules["_synthgen_process"] = before


@pytest.fixture
def place(unopened: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The workspace that the pages will find: empty."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    return shared_workspace(load_settings())


@pytest.fixture
def new_page() -> Callable[..., AppTest]:
    """Opens a page as a new visitor's browser does: ``new_page("dataset", dataset="7")``."""

    def open_(name: str = "dashboard", **query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=SECONDS)
        app.switch_page(f"pages/{name}.py")
        for key, value in query.items():
            app.query_params[key] = value
        return app.run()

    return open_


@pytest.fixture
def open_page(place: Workspace, new_page: Callable[..., AppTest]) -> Callable[..., AppTest]:
    """The same, on this test's workspace."""
    return new_page


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A local server that speaks OpenAI's protocol, and answers well until told otherwise."""
    with ModelServer() as started:
        yield started


@pytest.fixture
def own(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The same workspace, where the app itself may choose the default model; no provider was looked at yet."""
    monkeypatch.setenv("LLM_PROVIDER", "")
    monkeypatch.setenv("OLLAMA_URL", "http://127.0.0.1:9")
    st.cache_resource.clear()
    return place


@pytest.fixture
def open_settings(own: Workspace, open_page: Callable[..., AppTest]) -> Callable[[], AppTest]:
    """Opens the Settings page, and waits until every provider was looked at."""
    return lambda: settled(open_page("settings"))
