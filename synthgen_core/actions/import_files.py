"""Files that can be imported: uploads, files of this computer, and those that somebody put into the data folder."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

import orjson

from synthgen_core.access import Role, requires
from synthgen_core.actions.datasets import clean_name
from synthgen_core.errors import InvalidExampleError, NotFoundError
from synthgen_core.files import write_atomically
from synthgen_core.formats import json_faults
from synthgen_core.models import Json, JsonObject
from synthgen_core.readers import ENCODINGS as ENCODINGS
from synthgen_core.readers import BadLine, Limits, open_reader
from synthgen_core.settings import Settings
from synthgen_core.uploads import (
    FileFacts,
    keep_stream,
    look_at_file,
    remove_old_uploads,
    remove_upload,
    upload_path,
)
from synthgen_core.workspace import Workspace

SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
MB = 1_000_000
UPLOAD_SECONDS = 24 * 3600.0
"""How long an upload is kept that nobody imported."""
NAMELESS = "file"
TOKEN = re.compile("[0-9a-f]{32}")
TURNING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and Unicode's marks for the direction of text."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to import."""

    label: str
    """What the user calls it; for display only."""
    facts: FileFacts
    is_upload: bool

    @property
    def stem(self) -> str:
        """The label without what names the type."""
        stem = self.label.removesuffix(".gz")
        return next((stem.removesuffix(suffix) for suffix in SUFFIXES if stem.lower().endswith(suffix)), stem) or stem

    @property
    def token(self) -> str:
        """By this an upload is found again; see ``find_upload``."""
        return self.facts.path.stem if self.is_upload else ""


def limits_of(settings: Settings) -> Limits:
    """What a file may have at most."""
    return Limits(
        line_bytes=settings.import_max_line_mb * MB,
        file_bytes=settings.import_max_file_mb * MB,
        rows=settings.import_max_rows,
    )


@requires(Role.ADMIN)
def keep_upload(workspace: Workspace, name: str, stream: IO[bytes]) -> Source:
    """Keep an uploaded file, under a name of our own, until it is imported, for a day at most.

    Raises:
        ConfigError: it is larger than IMPORT_MAX_FILE_MB. DatabaseError: it cannot be written. Then nothing is kept.
    """
    settings = workspace.settings
    facts = keep_stream(settings.uploads_dir, stream, settings.import_max_file_mb * MB)
    return Source(label_of(name), facts, is_upload=True)


def find_upload(workspace: Workspace, token: str, name: str) -> Source:
    """An upload that is still kept, by its token, with the name that it had. Raises NotFoundError once it is gone."""
    label = label_of(name)
    try:
        if not TOKEN.fullmatch(token):
            raise NotFoundError("This is the name of no upload.")
        facts = look_at_file(upload_path(workspace.settings.uploads_dir, token))
    except NotFoundError as error:
        raise NotFoundError(f"The upload “{label}” is gone; it is kept for a day.", "Upload it again.") from error
    return Source(label, facts, is_upload=True)


def local_file(path: Path) -> Source:
    """A file of this computer. Raises NotFoundError, or ConfigError where it cannot be read."""
    return Source(label_of(path.name), look_at_file(path), is_upload=False)


def forget_upload(source: Source) -> None:
    """Delete an upload that is not needed any more; other files are the user's own, and stay."""
    if source.is_upload:
        remove_upload(source.facts.path)


@requires(Role.ADMIN)
def forget_old_uploads(workspace: Workspace) -> int:
    """Delete the uploads that nobody imported within a day; returns how many."""
    return remove_old_uploads(workspace.settings.uploads_dir, UPLOAD_SECONDS)


def label_of(name: str) -> str:
    """A file's name as it is shown: its last part, in one line, without marks that would turn the text around."""
    return TURNING.sub("", clean_name(PurePosixPath(name.replace("\\", "/")).name)) or NAMELESS


def scan_for_datasets(data_dir: Path) -> list[Path]:
    """The data files in the folder ``datasets`` of a data folder, by name; empty where there is none."""
    folder = Path(data_dir) / "datasets"
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.name.lower().removesuffix(".gz").endswith(SUFFIXES) and not path.name.startswith(".") and path.is_file()
    )


def load_jsonl(file_path: Path | str) -> list[JsonObject]:
    """All objects of a JSONL (or JSON) file.

    Raises:
        InvalidExampleError: a line is none; it knows its row and column. NotFoundError, ConfigError: as to the file.
    """
    rows: list[JsonObject] = []
    with open_reader(Path(file_path)) as reader:
        for row in reader:
            if isinstance(row, BadLine):
                message = f"Line {row.line} of {Path(file_path).name}: {row.message}"
                raise InvalidExampleError(message, "Correct it.", reason=row.reason, row=row.line, column=row.column)
            rows.append(row.value)
    return rows


def save_jsonl(file_path: Path | str, data: Iterable[JsonObject]) -> None:
    """Write objects to a JSONL file, one a line; all of them or nothing.

    Raises:
        InvalidExampleError: one holds what JSON cannot, such as NaN; it knows its row. DatabaseError: as to the file.
    """
    write_atomically(Path(file_path), (_line(number, row) for number, row in enumerate(data, 1)))


def _line(number: int, row: Json) -> bytes:
    for fault in json_faults(row):
        raise InvalidExampleError(f"Row {number}: {fault.message}", fault.remedy, reason=fault.reason, row=number)
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def to_json(sources: Sequence[Source]) -> list[Json]:
    """Sources as a job keeps them."""
    return [asdict(source) | {"facts": asdict(source.facts) | {"path": str(source.facts.path)}} for source in sources]


def from_json(kept: Any) -> tuple[Source, ...]:
    """Sources as ``to_json`` wrote them."""
    return tuple(
        Source(one["label"], FileFacts(**one["facts"] | {"path": Path(one["facts"]["path"])}), one["is_upload"])
        for one in kept
    )
