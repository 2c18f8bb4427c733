"""An empty database of each kind."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from synthgen_core.database import Database
from synthgen_core.database.tables import metadata
from tests.core.database.support import fresh
from tests.tools import postgres


@pytest.fixture(scope="session")
def shared_postgres(postgres_url: str) -> Iterator[Database]:
    with postgres.fresh_database(postgres_url) as url, fresh(url) as opened:
        yield opened


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "a.db"
    with fresh(f"sqlite:///{path}"):
        return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each kind: a copy, or the same one emptied, which is faster than making one each time."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("empty_file"), tmp_path / "test.db")
        with fresh(f"sqlite:///{tmp_path / 'test.db'}") as opened:
            yield opened
        return
    shared: Database = request.getfixturevalue("shared_postgres")
    with shared.engine.begin() as connection:
        connection.execute(sa.text(f"TRUNCATE {', '.join(table.name for table in metadata.sorted_tables)}"))
    yield shared
