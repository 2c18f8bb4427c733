"""Fixtures for all tests: an empty database of each kind. What needs a browser is in ``e2e/conftest.py``."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from synthgen_core.settings import SETTINGS
from tests.tools import postgres

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background by a shell: the programs that the tests start would not hear Ctrl-C either.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser tests last: they are the slowest, and Playwright keeps an event loop in this thread."""
    items.sort(key=lambda item: "e2e" in item.path.parts)


@pytest.fixture(scope="session", autouse=True)
def _own_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test sees the settings, the data or the keys of whoever runs it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in SETTINGS:
            patch.setenv(name, "")  # empty counts as not set, and wins over a .env file
        patch.setenv("LLM_PROVIDER", "embedded")
        patch.setenv("DATA_DIR", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server on which databases can be made. Where there is none, the test fails; it is not skipped."""
    try:
        given = postgres.given_url()
        binaries = None if given else postgres.needed_binaries()
    except postgres.PostgresError as error:
        pytest.fail(str(error), pytrace=False)
    if binaries is None:
        assert given is not None
        yield given
        return
    with postgres.running_server(binaries) as url:
        yield url


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database, this test's own."""
    with postgres.fresh_database(postgres_url) as url:
        yield url


@pytest.fixture
def sqlite_database(tmp_path: Path) -> str:
    """The URL of an SQLite database that does not exist yet, this test's own."""
    return f"sqlite:///{tmp_path / 'data' / 'synthgen.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind: a test that asks for this runs once on SQLite and once on PostgreSQL."""
    name = "sqlite_database" if request.param == "sqlite" else "postgres_database"
    url: str = request.getfixturevalue(name)
    return url
