"""Files: written whole or not at all, never outside their folder, and a JSONL mirror of every dataset.

The database is the truth. The mirror is appended to while a job runs, rewritten in the background after edits, and
compared with the database at start; whatever happens to a file, it can be made again.
"""

import contextlib
import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable, Container, Iterable, Iterator
from datetime import datetime
from pathlib import Path

import orjson

from synthgen_core.errors import DatabaseError
from synthgen_core.models import JsonObject

LOG = logging.getLogger(__name__)
Lines = Iterator[bytes]
"""What a dataset's file should hold, in blocks of whole lines."""
SYNC_EVERY = 1.0
"""Seconds between two syncs of a file that grows. The end of the process costs nothing; a power cut, what is repaired
at the next start."""
REWRITE_AFTER = 0.5
"""Seconds for which edits are collected before a file is rewritten, and more for a large one."""
REWRITE_RATE, REST, LONGEST_REST = 50e6, 20, 300.0
"""Bytes a second that a rewrite is reckoned to write; a file rests that many times as long as it takes, in seconds at
most so long. A file of 3 MB follows an edit within two seconds, one of 750 MB or more within five minutes."""
CLOSE_SECONDS = 5.0
"""For a rewrite in the background to end, when the app does."""


def to_line(content: JsonObject, metadata: JsonObject) -> bytes:
    """An example as a line of JSONL: its content's keys, then ``metadata``."""
    return orjson.dumps({**content, "metadata": metadata}) + b"\n"


def write_atomically(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part; also after a power cut.

    Raises:
        DatabaseError: the disk is full, or the folder cannot be written. The old file is untouched.
    """
    with _told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb", buffering=1 << 20) as file:
                file.writelines(chunks)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
        _sync_folder(path.parent)


def claim_file(folder: Path, stem: str, suffix: str = ".jsonl", *, taken: Container[Path] = ()) -> Path:
    """Create an empty file that was not there and is not ``taken``: ``stem.jsonl``, or ``stem_2.jsonl`` and so on.

    Raises:
        DatabaseError: the folder cannot be made or written.
    """
    with _told(folder):
        folder.mkdir(parents=True, exist_ok=True)
        number = 1
        while True:
            path = folder / f"{stem}{'' if number == 1 else f'_{number}'}{suffix}"
            if path in taken:
                number += 1
                continue
            try:
                path.touch(exist_ok=False)
            except FileExistsError:
                number += 1
            else:
                return path


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DatabaseError(
            f"{path} cannot be written: {error.strerror or error}.", "Free some space, or choose another DATA_DIR."
        ) from error


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class Mirror:
    """The JSONL files of the datasets in one data folder. Safe for any number of threads of one process."""

    def __init__(self, data_dir: Path, load: Callable[[int], Lines]) -> None:
        self._root = data_dir.resolve()
        self._load = load
        self._locks: dict[str, threading.RLock] = {}
        self._synced: dict[str, float] = {}
        self._due: dict[int, tuple[str, float]] = {}
        self._wake = threading.Condition()
        self._writer: threading.Thread | None = None
        self._is_closed = False
        self._claimed: set[Path] = set()
        """A dataset in the trash has no file, and keeps its name."""

    def claim(self, domain: str, at: datetime) -> str:
        """A new file for a dataset, ``datasets/{domain}_{timestamp}.jsonl``; its path, relative to the data folder."""
        return self.claim_named(f"{domain}_{at:%Y-%m-%d_%H%M%S}")

    def claim_named(self, stem: str) -> str:
        """A new file for a dataset, ``datasets/{stem}.jsonl``, or ``{stem}_2.jsonl`` and so on where that is taken."""
        path = claim_file(self._root / "datasets", stem, taken=self._claimed)
        self._claimed.add(path)
        return path.relative_to(self._root).as_posix()

    def path(self, file_path: str) -> Path:
        """Where a dataset's file is. Raises DatabaseError for a path that leads out of the data folder."""
        path = (self._root / file_path).resolve()
        if not path.is_relative_to(self._root):
            raise DatabaseError(f"The file {file_path} is not in the data folder.", "Restore the database from a copy.")
        return path

    def append(self, file_path: str, examples: Iterable[tuple[JsonObject, JsonObject]]) -> None:
        """Add lines to a file, in one write; the file is synced to the disk once a second. Raises DatabaseError."""
        path = self.path(file_path)
        block = b"".join(to_line(content, metadata) for content, metadata in examples)
        with self._lock(file_path), _told(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab", buffering=0) as file:
                file.write(block)
                if (at := time.monotonic()) >= self._synced.get(file_path, 0.0) + SYNC_EVERY:
                    os.fsync(file.fileno())
                    self._synced[file_path] = at

    def rewrite(self, dataset_id: int, file_path: str) -> None:
        """Write a dataset's file anew from the database, now. Raises DatabaseError."""
        with self._lock(file_path):
            self._due.pop(dataset_id, None)
            write_atomically(self.path(file_path), self._load(dataset_id))

    def rewrite_soon(self, dataset_id: int, file_path: str) -> None:
        """Write a dataset's file anew in the background; edits that come in quick succession share one write."""
        with self._wake:
            wait = min(LONGEST_REST, REWRITE_AFTER + REST * self._seconds_to_rewrite(file_path))
            self._due.setdefault(dataset_id, (file_path, time.monotonic() + wait))
            if self._writer is None:
                self._writer = threading.Thread(target=self._write_loop, name="synthgen-mirror", daemon=True)
                self._writer.start()
            self._wake.notify()

    def bring_up_to_date(self, dataset_id: int, file_path: str) -> Path:
        """The file, current: a rewrite that waits is done first."""
        with self._lock(file_path):  # a rewrite that has begun holds it until the new file is there
            if dataset_id in self._due or not self.path(file_path).is_file():
                self.rewrite(dataset_id, file_path)
        return self.path(file_path)

    def is_equal(self, dataset_id: int, file_path: str) -> bool:
        """Whether the file holds exactly what the database does, in the same order."""
        try:
            with self._lock(file_path), self.path(file_path).open("rb") as file:
                for block in self._load(dataset_id):
                    if file.read(len(block)) != block:
                        return False
                return not file.read(1)
        except OSError:
            return False

    def remove(self, dataset_id: int, file_path: str) -> None:
        """Delete a dataset's file."""
        with self._lock(file_path), _told(self.path(file_path)):
            self._due.pop(dataset_id, None)
            self.path(file_path).unlink(missing_ok=True)

    def close(self) -> None:
        """Do the rewrites that wait, but for those of large files, and end the background thread.

        A file that is not what the database holds is found and mended at the next start.
        """
        with self._wake:
            self._is_closed = True
            waiting = list(self._due.items())
            self._wake.notify()
        if self._writer is not None:
            self._writer.join(CLOSE_SECONDS)
        for dataset_id, (file_path, _) in waiting:
            if self._seconds_to_rewrite(file_path) < CLOSE_SECONDS:
                self._try_rewrite(dataset_id, file_path)

    def _seconds_to_rewrite(self, file_path: str) -> float:
        """About how long it takes, by the size that the file has now."""
        path = self.path(file_path)
        return path.stat().st_size / REWRITE_RATE if path.is_file() else 0.0

    def _lock(self, file_path: str) -> threading.RLock:
        return self._locks.setdefault(file_path, threading.RLock())

    def _write_loop(self) -> None:
        while True:
            with self._wake:
                while not self._due and not self._is_closed:
                    self._wake.wait()
                if self._is_closed:
                    return
                dataset_id, (file_path, due) = min(self._due.items(), key=lambda entry: entry[1][1])
                if (wait := due - time.monotonic()) > 0:
                    self._wake.wait(wait)
                    continue
            self._try_rewrite(dataset_id, file_path)

    def _try_rewrite(self, dataset_id: int, file_path: str) -> None:
        try:
            with self._lock(file_path):
                if dataset_id in self._due:  # it was neither removed nor rewritten meanwhile
                    self.rewrite(dataset_id, file_path)
        except DatabaseError as error:
            LOG.error("the file of dataset %s could not be rewritten: %s", dataset_id, error.message)
