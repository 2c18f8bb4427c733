"""Files that come from outside: kept under a name of our own until they are imported, and known by their content."""

import hashlib
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from uuid import uuid4

from synthgen_core.errors import ConfigError, DatabaseError, NotFoundError

BLOCK = 1 << 20
SUFFIX = ".upload"
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file as it was when it was looked at."""

    path: Path
    size: int
    """Bytes."""
    content_hash: str
    """SHA-256 of its bytes, in hexadecimal."""
    changed_at: int
    """When it was last written, as the file system counts: to tell whether it is still the same."""

    @property
    def is_same(self) -> bool:
        """It was not changed since."""
        return self.path.exists() and _stamp(self.path) == (self.size, self.changed_at)


def keep_stream(folder: Path, stream: IO[bytes], most_bytes: int) -> FileFacts:
    """Write a stream to a new file in this folder.

    Raises:
        ConfigError: it is longer than ``most_bytes``. DatabaseError: it cannot be written. No file is left behind.
    """
    path = upload_path(folder, uuid4().hex)
    digest, size = hashlib.sha256(), 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            while block := stream.read(BLOCK):
                size += len(block)
                if size > most_bytes:
                    raise ConfigError(
                        f"The file has more than {most_bytes / MB:,.0f} MB.", "Split it, or raise IMPORT_MAX_FILE_MB."
                    )
                digest.update(block)
                file.write(block)
    except OSError as error:
        remove_upload(path)
        raise DatabaseError(
            f"The upload cannot be kept: {error.strerror or error}.", "Free some space, or choose another DATA_DIR."
        ) from error
    except ConfigError:
        remove_upload(path)
        raise
    return FileFacts(path, size, digest.hexdigest(), _stamp(path)[1])


def upload_path(folder: Path, token: str) -> Path:
    """Where the upload of this name of ours is kept."""
    return folder / f"{token}{SUFFIX}"


def look_at_file(path: Path) -> FileFacts:
    """A file's facts, by its resolved path. Raises NotFoundError, or ConfigError where it cannot be read."""
    try:
        resolved = path.resolve()
        str(resolved).encode()
        size, changed_at = _stamp(resolved)
        with resolved.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
    except FileNotFoundError as error:
        raise NotFoundError(f"There is no file {path}.", "Check the path.") from error
    except UnicodeEncodeError as error:
        raise ConfigError("The file's path holds bytes that are no characters.", "Rename it.") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.", "Name a file that you may read.") from error
    return FileFacts(resolved, size, digest.hexdigest(), changed_at)


def remove_upload(path: Path) -> None:
    """Delete a file that was kept; one that is gone already is fine."""
    with suppress(OSError):  # what cannot be deleted now is old tomorrow: see remove_old_uploads
        path.unlink(missing_ok=True)


def remove_old_uploads(folder: Path, seconds: float) -> int:
    """Delete what was kept longer ago than that; returns how many files that was."""
    oldest, removed = time.time() - seconds, 0
    for path in folder.glob(f"*{SUFFIX}"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < oldest:
                remove_upload(path)
                removed += 1
    return removed


def _stamp(path: Path) -> tuple[int, int]:
    facts = path.stat()
    return facts.st_size, facts.st_mtime_ns
