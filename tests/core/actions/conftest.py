"""A model server, and a workspace to act on."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from synthgen_core.settings import Settings
from synthgen_core.workspace import Workspace, open_workspace
from tests.support.server import Act, ModelServer


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with closing(open_workspace(Settings(data_dir=tmp_path / "data"))) as opened:
        yield opened


@pytest.fixture
def each_workspace(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    """As ``workspace``, once on SQLite and once on PostgreSQL."""
    with closing(open_workspace(Settings(data_dir=tmp_path / "data", database_url=database_url))) as opened:
        yield opened


@pytest.fixture
def gate(server: ModelServer) -> Iterator[threading.Event]:
    """Three calls are answered; those after them wait for the gate."""
    opened = threading.Event()
    server.choose = lambda call: Act(until=opened) if call.number >= 3 else Act()
    yield opened
    opened.set()
