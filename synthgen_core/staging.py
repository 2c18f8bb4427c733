"""Files that are put in place together, or not at all: written under temporary names, counted and hashed as they grow.

The temporary names stand beside the final ones, on the same disk, so that the last step is a rename.
"""

import contextlib
import glob
import hashlib
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from synthgen_core.errors import ConfigError, DatabaseError

SHOWN = 50
"""Characters of a name that its temporary name begins with."""
KEPT_SECONDS = 24 * 3600.0
"""How long a file for download is kept; after so long, what a killed process left half-made is removed, too."""


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DatabaseError(
            f"{path} cannot be written: {error.strerror or error}.", "Free some space, or choose another folder."
        ) from error


class StagedFile:
    """A file that is being written: a sink of bytes."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.path = path
        """Where it is until it is put in place."""
        self.size = 0
        """Bytes so far."""
        self._hash = hashlib.sha256()
        with _told(path):
            self._file: BinaryIO = path.open("wb", buffering=0)

    @property
    def sha256(self) -> str:
        """Of the bytes so far, in hexadecimal digits."""
        return self._hash.hexdigest()

    def write(self, block: bytes, /) -> None:
        """Add bytes. Raises DatabaseError where the disk does not take them."""
        with _told(self.path):
            left = memoryview(block)
            while left:
                left = left[self._file.write(left) :]
        self._hash.update(block)
        self.size += len(block)

    def close(self) -> None:
        """Let the disk have it all. Raises DatabaseError."""
        if not self._file.closed:
            with _told(self.path):
                os.fsync(self._file.fileno())
                self._file.close()

    def drop(self) -> None:
        """Give it up."""
        self._file.close()


class Stage:
    """New files of one folder, or a new folder of files, under temporary names until ``put_in_place``.

    Leaving the block without that removes all of them. Raises DatabaseError where the disk does not take them.
    """

    def __init__(self, path: Path, *, is_folder: bool) -> None:
        """``path`` is the folder that is made; or a file beside which the others will stand."""
        self.path = path
        self.is_folder = is_folder
        self.files: list[StagedFile] = []
        with _told(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            prefix, suffix = f".{path.name[:SHOWN]}.", ".tmp"
            remove_older(path.parent, KEPT_SECONDS, f"{glob.escape(prefix)}*{suffix}")
            self._folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=prefix, suffix=suffix))

    def create(self, name: str) -> StagedFile:
        """A new, empty file of this name."""
        file = StagedFile(name, self._folder / name)
        self.files.append(file)
        return file

    def put_in_place(self) -> None:
        """Give all files their final names, in the order in which they were made, replacing what has these names."""
        for file in self.files:
            file.close()
            file.path.chmod(0o644)
        with _told(self.path):
            if self.is_folder:
                self._folder.chmod(0o755)
                _exchange(self._folder, self.path)
            else:
                for file in self.files:
                    file.path.replace(self.path.with_name(file.name))
            if os.name == "posix":
                handle = os.open(self.path.parent, os.O_RDONLY)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self.files:
            file.drop()
        shutil.rmtree(self._folder, ignore_errors=True)


def _exchange(new: Path, goal: Path) -> None:
    """Put a folder where another may be. A folder cannot be replaced in one step: the old one steps aside first."""
    if not goal.exists():
        new.rename(goal)
        return
    aside = Path(tempfile.mkdtemp(dir=goal.parent, prefix=f".{goal.name[:SHOWN]}.", suffix=".old"))
    old = aside / goal.name
    goal.rename(old)
    try:
        new.rename(goal)
    except OSError:
        old.rename(goal)
        aside.rmdir()
        raise
    shutil.rmtree(aside, ignore_errors=True)  # only now: whatever stopped us before, the old one is there


def check_place(
    path: Path, names: Sequence[str], *, is_folder: bool, overwrite: bool, ours: Sequence[str] = ()
) -> None:
    """Refuse a place where something is that must stay.

    ``names`` are the files to be written: in the folder ``path``, or beside the file ``path``. Even to ``overwrite``, a
    folder is replaced only where it holds nothing but the files ``ours``.

    Raises:
        ConfigError: something is there.
    """
    if is_folder:
        if not path.exists():
            return
        if not path.is_dir():
            raise ConfigError(f"{path} is a file, and a folder is to be written.", "Choose another name.")
        there = {entry.name for entry in path.iterdir()}
        if there - set(ours):
            raise ConfigError(f"The folder {path} holds files that are not of an export.", "Choose a new folder.")
        if there and not overwrite:
            raise ConfigError(f"The folder {path} holds an export.", "Choose another, or overwrite it (--overwrite).")
        return
    for goal in (path.with_name(name) for name in names):
        if goal.is_dir():
            raise ConfigError(f"{goal} is a folder, and a file is to be written.", "Add a file name.")
        if goal.exists() and not overwrite:
            raise ConfigError(f"{goal} is there already.", "Choose another name, or overwrite it (--overwrite).")


def hash_file(path: Path) -> str:
    """The sha256 of a file, in hexadecimal digits. Raises DatabaseError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DatabaseError(f"{path} cannot be read: {error.strerror or error}.", "See whether it is there.") from error


def zip_folder(folder: Path, goal: Path) -> None:
    """Put the files of a folder into a new ZIP file, under the folder's name. Raises DatabaseError."""
    with _told(goal), zipfile.ZipFile(goal, "x", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, f"{folder.name}/{path.name}")


def remove_older(folder: Path, seconds: float, pattern: str = "*") -> None:
    """Remove what has lain in a folder for longer. What cannot be removed stays until the next time."""
    limit = time.time() - seconds
    for path in folder.glob(pattern):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < limit:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def make_room(folder: Path, seconds: float) -> Path:
    """A new, empty folder within ``folder``, from which what is older goes. Raises DatabaseError."""
    remove_older(folder, seconds)
    with _told(folder):
        folder.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=folder))
