"""The finders of Chromium and PostgreSQL, and the databases that tests get."""

import os
import sys
import tempfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from synthgen_core.settings import ROOT, load_settings
from tests.tools import chromium, postgres

IS_WINDOWS = sys.platform == "win32"
needs_shell = pytest.mark.skipif(IS_WINDOWS, reason="the stand-ins for programs are shell scripts")


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_chromium_that_is_given_is_used(tmp_path: Path) -> None:
    given = program(tmp_path / "chrome", "echo Chromium 1")
    assert chromium.find_chromium({"TEST_CHROMIUM": str(given)}.items()) == given


def test_a_given_chromium_that_does_not_run_is_an_error_and_no_other_is_taken(tmp_path: Path) -> None:
    with pytest.raises(chromium.ChromiumError, match="is no browser that runs"):
        chromium.find_chromium({"TEST_CHROMIUM": str(tmp_path / "nowhere")}.items())


@needs_shell
def test_a_stub_that_only_tells_how_to_install_is_passed_over(tmp_path: Path) -> None:
    stub = program(tmp_path / "stub", "echo Please install the snap >&2; exit 1")
    real = program(tmp_path / "real", "echo Chromium 1")
    assert chromium.find_chromium((), commands=(), paths=(str(tmp_path / "none"), str(stub), str(real))) == real


def test_the_newest_server_is_taken_and_folders_without_a_server_are_passed_over(tmp_path: Path) -> None:
    for version in ("9.6", "15", "16"):
        program(tmp_path / version / "bin" / "initdb", "true")
        program(tmp_path / version / "bin" / "postgres", "true")
    program(tmp_path / "17" / "bin" / "initdb", "true")  # as a client package leaves it
    assert postgres.find_binaries([str(tmp_path / "*/bin")], path="") == tmp_path / "16" / "bin"


def test_a_given_server_that_does_not_answer_is_an_error_and_no_other_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_POSTGRES_URL", "postgresql://someone:secret@127.0.0.1:9/x")
    with pytest.raises(postgres.PostgresError, match="TEST_POSTGRES_URL cannot be used") as raised:
        postgres.given_url()
    assert "secret" not in str(raised.value)


def test_a_given_server_is_used(monkeypatch: pytest.MonkeyPatch, postgres_url: str) -> None:
    monkeypatch.setenv("TEST_POSTGRES_URL", postgres_url.replace("+psycopg", ""))
    assert postgres.given_url() == postgres_url


@needs_shell
def test_a_server_that_cannot_be_made_tells_why() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # whoever runs the server may look in
        program(folder / "bin" / "initdb", "echo no room for this >&2; exit 1")
        program(folder / "bin" / "postgres", "true")
        with pytest.raises(postgres.PostgresError, match="no room for this"), postgres.running_server(folder / "bin"):
            pass


@needs_shell
def test_a_server_that_cannot_start_tells_why() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        program(folder / "bin" / "initdb", "true")
        program(folder / "bin" / "postgres", "echo address in use; exit 1")
        with pytest.raises(postgres.PostgresError, match="address in use"), postgres.running_server(folder / "bin"):
            pass


@pytest.mark.skipif(IS_WINDOWS or os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_binaries_that_another_user_cannot_reach_are_an_error_with_a_remedy() -> None:
    with tempfile.TemporaryDirectory() as name:
        program(Path(name) / "bin" / "initdb", "true")
        program(Path(name) / "bin" / "postgres", "true")
        with pytest.raises(postgres.PostgresError, match="cannot be run"), postgres.running_server(Path(name) / "bin"):
            pass


def test_every_test_gets_an_empty_database_that_can_be_written(database_url: str) -> None:
    url = sa.make_url(database_url)
    if url.database and url.get_backend_name() == "sqlite":
        Path(url.database).parent.mkdir(parents=True)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        assert sa.inspect(connection).get_table_names() == []
        connection.exec_driver_sql("CREATE TABLE notes (text TEXT)")
        connection.execute(sa.text("INSERT INTO notes VALUES (:text)"), {"text": "Ünï – 日本語 🙂"})
        assert connection.exec_driver_sql("SELECT text FROM notes").scalar() == "Ünï – 日本語 🙂"


def test_a_database_is_dropped_even_while_somebody_is_connected(postgres_url: str) -> None:
    with postgres.fresh_database(postgres_url) as url:
        engine = sa.create_engine(url)
        left_open = engine.connect()
    names = sa.create_engine(postgres_url, poolclass=sa.NullPool)
    with names.connect() as connection:
        assert sa.make_url(url).database not in connection.exec_driver_sql("SELECT datname FROM pg_database").scalars()
    left_open.invalidate()
    engine.dispose()


def test_no_test_sees_the_settings_of_whoever_runs_it() -> None:
    assert load_settings().database_url == ""
    assert not load_settings().data_dir.is_relative_to(ROOT)
