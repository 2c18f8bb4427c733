"""What every way of getting a model file shares: a lock, a look at the free space, a hash that is taken once, and a
process that can be stopped."""

import contextlib
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from synthgen_core.concurrency import Stop
from synthgen_core.errors import ConfigError
from synthgen_core.providers.base import Progress

CHUNK_BYTES = 1 << 20
POLL_SECONDS = 0.1

FreeBytes = Callable[[Path], int]
"""Tells the free space of a folder."""


@contextlib.contextmanager
def folder_errors(folder: Path) -> Iterator[None]:
    """What the file system refuses while we write there, as ConfigError."""
    try:
        yield
    except OSError as error:
        raise unwritable(folder, error.strerror or str(error)) from error


def unwritable(folder: Path, reason: str) -> ConfigError:
    """The error for a folder in which nothing can be written."""
    return ConfigError(
        f"The folder for the embedded model, {folder}, cannot be written: {reason}.",
        "Make it writable, or put a GGUF file elsewhere and set EMBEDDED_MODEL_PATH to it.",
    )


def check_space(folder: Path, needed: int, free_bytes: FreeBytes, what: str = "the embedded model") -> None:
    """Raise ConfigError if the folder's disk has fewer bytes left than that."""
    if (free := free_bytes(folder)) < needed:
        raise ConfigError(
            f"There is not enough free space for {what} in {folder}: {free // 1_000_000} MB of "
            f"{needed // 1_000_000} MB.",
            "Free some space and try again.",
        )


@contextlib.contextmanager
def locked(path: Path, stop: Stop, tell: Progress, seconds: float) -> Iterator[None]:
    """Hold the lock file, between processes and between threads. The system frees it when its holder dies.

    Raises ConfigError if somebody else held it for so many seconds.
    """
    give_up = time.monotonic() + seconds
    with path.open("a+b") as file:
        while not _try_lock(file):
            tell("Another process is fetching the model; waiting for it", 0.0)
            if time.monotonic() > give_up:
                raise ConfigError(
                    "Another process has been fetching the model for too long.", "Stop that process and try again."
                )
            if stop.wait(0.2):
                stop.check()
        yield


def _try_lock(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def file_sha256(path: Path, tick: Callable[[int], None] = lambda _bytes: None) -> str:
    """The file's SHA-256 in hexadecimal. ``tick`` is told now and then how many bytes are done; it may raise."""
    digest = hashlib.sha256()
    done = 0
    with path.open("rb") as file:
        while block := file.read(CHUNK_BYTES):
            digest.update(block)
            done += len(block)
            tick(done)
    return digest.hexdigest()


def is_verified(path: Path, stamp: Path, sha256: str, tick: Callable[[int], None] = lambda _bytes: None) -> bool:
    """Whether the file has this hash. A stamp next to it spares hashing it again while it does not change."""
    try:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            if stamp.read_text(encoding="utf-8") == _note(path, sha256):
                return True
        if file_sha256(path, tick) != sha256:
            return False
        write_stamp(path, stamp, sha256)
    except OSError:
        return False
    return True


def write_stamp(path: Path, stamp: Path, sha256: str) -> None:
    """Note that the file, as it is now, has this hash. Raises OSError where there is no such file."""
    note = _note(path, sha256)
    with contextlib.suppress(OSError):  # a folder that is read-only costs a second at each start, no more
        write_whole(stamp, note)


def _note(path: Path, sha256: str) -> str:
    stat = path.stat()
    return f"{stat.st_size} {stat.st_mtime_ns} {sha256} {path}"


def write_whole(path: Path, text: str) -> None:
    """Write a small file so that nobody ever sees half of it."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}-{time.monotonic_ns()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def run_stoppable(
    command: Sequence[str],
    env: Mapping[str, str],
    log: IO[str],
    stop: Stop,
    tick: Callable[[], None],
    *,
    seconds: float,
    stdin: int = subprocess.DEVNULL,
) -> int:
    """Run a process to its end, all it says in ``log``; its exit code. ``tick`` is called again and again meanwhile.

    Raises:
        StoppedError: ``stop`` was set; the process was killed.
        TimeoutError: it was not done after so many seconds, and was killed.
    """
    give_up = time.monotonic() + seconds
    with subprocess.Popen(command, stdin=stdin, stdout=log, stderr=log, env=env) as process:
        try:
            while process.poll() is None:
                tick()
                if stop.wait(POLL_SECONDS):
                    stop.check()
                if time.monotonic() > give_up:
                    raise TimeoutError
        finally:
            process.kill()
    return process.returncode
