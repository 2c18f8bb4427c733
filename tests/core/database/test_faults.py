"""What is wrong with a disk, a file or a server is told in words, in seconds, and costs nothing."""

import socket
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from synthgen_core.database import Database, NewExample, Progress, open_database
from synthgen_core.database.engine import CONNECT_SECONDS
from synthgen_core.errors import DatabaseError
from tests.core.database.support import active_count, chat, fresh, make_dataset, make_job, news


@pytest.mark.parametrize("folder", ["100% sure? #1", "a%20b", "it's & ünïcödé 数据", "a:b@c"])
def test_the_folder_may_have_any_name(tmp_path: Path, folder: str) -> None:
    from synthgen_core.settings import Settings

    settings = Settings(data_dir=tmp_path / folder)
    with fresh(settings.sqlalchemy_url) as database:
        make_dataset(database)
    assert (tmp_path / folder / "llm_dataset_creator.db").stat().st_size > 0


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for parent in (tmp_path / "file" / "data", tmp_path / "file", Path("/proc/nothing/here")):
        with pytest.raises(DatabaseError) as caught:
            open_database(f"sqlite:///{parent}/a.db")
        assert str(parent) in caught.value.message
        assert "--data-dir" in caught.value.hint


def test_a_database_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    with fresh(f"sqlite:///{tmp_path / 'a.db'}") as database:
        make_dataset(database)
    with fresh(f"sqlite:///{tmp_path / 'a.db'}") as database:
        sa.event.listen(database.engine, "begin", lambda c: c.exec_driver_sql("PRAGMA query_only = ON"))
        with pytest.raises(DatabaseError, match="may not be written"):
            make_dataset(database)
        assert database.count_datasets() == 1


def test_a_folder_in_place_of_the_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.db").mkdir()
    with pytest.raises(DatabaseError, match="cannot be opened"):
        open_database(f"sqlite:///{tmp_path / 'a.db'}")


def test_a_file_that_is_no_database_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"Dear diary, " * 1000)
    with pytest.raises(DatabaseError, match="no database"):
        open_database(f"sqlite:///{path}")
    assert path.read_bytes() == b"Dear diary, " * 1000


def test_a_damaged_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with fresh(f"sqlite:///{path}") as database:
        database.add_examples(make_dataset(database).id, news(200))
    blocks = path.read_bytes()
    path.write_bytes(blocks[:8192] + b"\xa5" * (len(blocks) - 8192))

    def read_all() -> None:
        with fresh(f"sqlite:///{path}") as database:
            for dataset in database.get_datasets():
                list(database.stream_contents(dataset.id))

    with pytest.raises(DatabaseError, match="damaged"):
        read_all()


def test_a_full_disk_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    with fresh(f"sqlite:///{tmp_path / 'a.db'}") as database:
        dataset = make_dataset(database)
        job = make_job(database, dataset)
        database.record(job, Progress(news(3), calls=3))
        room = 0

        def limit(connection: sa.Connection) -> None:
            """SQLite's own way to say how much room there is."""
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + room}")

        sa.event.listen(database.engine, "begin", limit)
        big = [NewExample(9, chat("x" * 500_000), {}, 9)]
        with pytest.raises(DatabaseError, match="disk is full") as caught:
            database.record(job, Progress(big, calls=1))
        assert caught.value.hint
        assert (active_count(database, dataset.id), database.get_job(job.id).calls) == (3, 3)
        room = 1000
        database.record(job, Progress(big, calls=1))
        assert (active_count(database, dataset.id), database.get_job(job.id).calls) == (4, 4)


def test_another_program_that_holds_the_database_is_told(tmp_path: Path) -> None:
    with fresh(f"sqlite:///{tmp_path / 'a.db'}") as database, closing(sqlite3.connect(tmp_path / "a.db")) as other:
        sa.event.listen(
            database.engine, "checkout", lambda c, *_: c.execute("PRAGMA busy_timeout = 50")
        )  # so that the test need not wait long
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseError, match="busy"):
            make_dataset(database)
        assert database.count_datasets() == 0  # reading goes on
        other.rollback()
        make_dataset(database)


def soon(act: Callable[[], object], seconds: float = 20.0) -> DatabaseError:
    """The error that this act raises, within so many seconds."""
    started = time.monotonic()
    with pytest.raises(DatabaseError) as caught:
        act()
    assert time.monotonic() - started < seconds
    return caught.value


def test_a_server_that_is_not_there_is_told_in_seconds() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    error = soon(lambda: open_database(f"postgresql+psycopg://me:pa55word@127.0.0.1:{port}/db"))
    assert "does not answer" in error.message
    assert "pa55word" not in str(error)


def test_a_server_that_says_nothing_is_told_in_seconds() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        error = soon(lambda: open_database(f"postgresql+psycopg://me:pa55word@127.0.0.1:{port}/db?connect_timeout=2"))
    assert "does not answer" in error.message
    assert "pa55word" not in str(error)


def test_a_server_has_seconds_to_answer_unless_the_address_says_otherwise() -> None:
    class SeenError(Exception):
        """Enough was seen: no connection need be made."""

    seen = []

    def look(_dialect: object, _record: object, _args: object, options: dict[str, str]) -> None:
        seen.append(int(options["connect_timeout"]))
        raise SeenError

    sa.event.listen(sa.Engine, "do_connect", look)
    try:
        for query in ("", "?connect_timeout=77"):
            with pytest.raises(SeenError):
                open_database(f"postgresql+psycopg://me@127.0.0.1:1/db{query}")
    finally:
        sa.event.remove(sa.Engine, "do_connect", look)
    assert seen == [CONNECT_SECONDS, 77]
    assert CONNECT_SECONDS <= 10


@pytest.mark.parametrize(
    "url",
    [
        "not an address",
        "postgresql+psycopg://me:pa55word@host:pa55word/db",
        "postgresql+psycopg://me:pa55word@[::1/db",
        "postgres:/me:pa55word@host",
        "nosuch://me:pa55word@host/db",
        "postgresql+nosuch://me:pa55word@host/db",
        "mysql+nosuch://me:pa55word@host/db",
        "mssql+pymssql://me:pa55word@host/db",
    ],
)
def test_a_wrong_address_is_told_without_the_password(url: str) -> None:
    error = soon(lambda: open_database(url))
    shown: BaseException | None = error
    assert error.hint
    while shown is not None:  # the causes get into logs
        assert "pa55word" not in f"{shown} {shown!r}"
        shown = shown.__cause__


def test_a_server_that_refuses_the_user_is_told_without_the_password(postgres_url: str) -> None:
    url = sa.make_url(postgres_url).set(username="nobody_here", password="pa55word")
    error = soon(lambda: open_database(url.render_as_string(hide_password=False)))
    assert "pa55word" not in f"{error} {error.__cause__}"
    assert error.hint


def test_a_database_that_the_server_does_not_have_is_named(postgres_url: str) -> None:
    url = sa.make_url(postgres_url).set(database="no_such_database")
    error = soon(lambda: open_database(url.render_as_string(hide_password=False)))
    assert "no_such_database" in error.message


def test_a_server_that_went_away_is_told_and_found_again(shared_postgres: Database) -> None:
    database = shared_postgres
    made = make_dataset(database)
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    with pytest.raises(sa.exc.DBAPIError), database.engine.connect() as connection:
        connection.execute(sa.text(kill)).all()
    assert database.get_dataset(made.id) == made
