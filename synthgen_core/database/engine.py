"""Connections, transactions, the schema's version, and the translation of SQLAlchemy's errors."""

import contextlib
import logging
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from synthgen_core.errors import DatabaseError, NotFoundError

LOG = logging.getLogger(__name__)
HEAD = "0007"
"""The revision that this code needs; a test holds it against the migrations."""
MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 30
CONNECT_SECONDS = 10
"""For a server to answer, unless DATABASE_URL says otherwise (``?connect_timeout=``); by itself it has for ever."""
CACHE_KB = 32_000
"""Of each SQLite connection, where needed; its own 2 MB are less than the indexes of 100,000 examples take."""
LOCK_KEY = 8_501_001
"""PostgreSQL's advisory lock under which one process at a time migrates."""


def open_engine(url: str) -> sa.Engine:
    """An engine for this URL, its folder made, its schema brought to ``HEAD``.

    Raises:
        DatabaseError: the folder or the file cannot be written, the file is no database, the server does not answer,
            or the schema is newer than this code.
    """
    with translated():
        try:
            target = sa.make_url(url)
        except (exc.ArgumentError, ValueError):
            raise DatabaseError(
                "DATABASE_URL is not an address of a database.", "Write it as SQLAlchemy does."
            ) from None  # the cause may quote the password
        is_sqlite = target.get_backend_name() == "sqlite"
        if is_sqlite and target.database and target.database != ":memory:":
            _make_folder(Path(target.database).parent)
        options: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS}} if is_sqlite else {"pool_pre_ping": True}
        if target.get_backend_name() == "postgresql" and "connect_timeout" not in target.query:
            options["connect_args"] = {"connect_timeout": CONNECT_SECONDS}
        engine = sa.create_engine(target, pool_size=5, max_overflow=20, **options)
        if is_sqlite:
            sa.event.listen(engine, "connect", _prepare_sqlite)
            sa.event.listen(engine, "begin", _begin)
        try:
            migrate(engine)
        except BaseException:
            engine.dispose()
            raise
        return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(
            f"The data folder {folder} cannot be made: {error.strerror}.", "Choose another with DATA_DIR or --data-dir."
        ) from error


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we begin transactions ourselves: see _begin
    connection.create_function("lower", 1, lambda text: text and str(text).lower())  # SQLite's own knows ASCII only
    cursor = connection.cursor()
    _enter_wal(cursor)
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA cache_size=-{CACHE_KB}")
    cursor.close()


def _enter_wal(cursor: sqlite3.Cursor) -> None:
    """Switch to WAL. Alone of all statements it does not wait for others who open the same new file at this moment."""
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def _begin(connection: sa.Connection) -> None:
    """A writer takes the lock at once, so that it cannot fail half-way; a reader sees one state throughout."""
    options = connection.get_execution_options()
    if options.get("is_read", False):
        connection.exec_driver_sql("BEGIN")
        return
    level = "FULL" if options.get("is_synced", True) else "NORMAL"
    if connection.info.get("synchronous") != level:
        connection.exec_driver_sql(f"PRAGMA synchronous={level}")
        connection.info["synchronous"] = level
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def migrate(engine: sa.Engine) -> None:
    """Bring the schema to ``HEAD``; one process at a time, and nothing is imported where nothing is to be done."""
    if _revision(engine) == HEAD:
        return
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK_KEY)))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, HEAD)
        except CommandError as error:
            raise DatabaseError(
                "The database was written by a newer version of this app.",
                "Update the app, or choose another DATA_DIR.",
            ) from error
    LOG.info("the schema is at revision %s", HEAD)


def _revision(engine: sa.Engine) -> str | None:
    with engine.connect().execution_options(is_read=True) as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn what SQLAlchemy and the driver raise into DatabaseError, or NotFoundError for a number beyond any column."""
    try:
        yield
    except OverflowError as error:
        raise NotFoundError("There is nothing under so large a number.", "See the list.") from error
    except exc.SQLAlchemyError as error:
        text = str(getattr(error, "orig", error)).lower()
        if "integer out of range" in text:
            raise NotFoundError("There is nothing under so large a number.", "See the list.") from error
        for mark, message, hint in _CAUSES:
            if mark in text:
                raise DatabaseError(message, hint) from error
        raise DatabaseError(
            f"The database refused: {str(getattr(error, 'orig', None) or type(error).__name__).splitlines()[0]}.",
            "See `python -m synthgen_core doctor`.",
        ) from error
    except ModuleNotFoundError as error:
        raise DatabaseError(
            f"The database's driver {error.name} is not installed.", f"pip install {error.name}"
        ) from error


_CAUSES = (
    (
        "disk is full",
        "The disk is full; nothing more can be saved.",
        "Free some space and try again; nothing was lost.",
    ),
    ("disk i/o error", "The disk refuses to read or write the database.", "Check the disk and its free space."),
    (
        "is not a database",
        "The database file is damaged, or is no database.",
        "Restore it from a copy, or move it away.",
    ),
    ("malformed", "The database file is damaged.", "Restore it from a copy, or move it away."),
    ("readonly", "The database may not be written.", "Check the rights of its file and folder."),
    ("unable to open", "The database file cannot be opened.", "Check that DATA_DIR exists and can be written."),
    ("is locked", "The database is busy for too long: another program holds it.", "Close that program and try again."),
    ("timeout expired", "The database server does not answer.", "Check DATABASE_URL and that the server runs."),
    ("connection refused", "The database server does not answer.", "Check DATABASE_URL and that the server runs."),
    ("could not translate host", "The database server's name is unknown.", "Check DATABASE_URL."),
    ("failed to resolve host", "The database server's name is unknown.", "Check DATABASE_URL."),
    ("authentication failed", "The database server refuses the user or the password.", "Check DATABASE_URL."),
)


class Connection:
    """The base of the database's rooms: how each of their methods gets its one transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._unsynced = engine.execution_options(is_synced=False)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with translated(), self.engine.connect().execution_options(is_read=True) as connection:
            yield connection

    @contextlib.contextmanager
    def _writing(self, *, is_synced: bool = True) -> Iterator[sa.Connection]:
        """One transaction. It survives a power cut if ``is_synced``, else from the next synced one on; the end of this
        process, however violent, costs neither."""
        with translated(), (self.engine if is_synced else self._unsynced).begin() as connection:
            yield connection

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()
