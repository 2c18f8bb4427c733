"""Files to rows: JSONL, JSON, CSV and Parquet, each gzipped or not, in bounded memory. Knows nothing of shapes.

A reader yields a ``Row`` for each object, and a ``BadLine`` with place and cause for whatever should be one and is not;
it goes on after each. Only a file that cannot be read at all, or is beyond a limit, is an error. To add a type, write
its generator of rows, and have ``kinds.tell_type`` recognise it.
"""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from synthgen_core.errors import ConfigError
from synthgen_core.readers.csv_tables import read_csv
from synthgen_core.readers.json_documents import read_json_documents
from synthgen_core.readers.json_lines import read_json_lines
from synthgen_core.readers.kinds import tell_type
from synthgen_core.readers.parquet_tables import read_parquet
from synthgen_core.readers.rows import BadLine, FileType, Found, Limits, Row
from synthgen_core.readers.stream import UTF8, Stream

__all__ = ["ENCODINGS", "BadLine", "FileType", "Limits", "Reader", "Row", "guess_encoding", "open_reader"]

ENCODINGS = ("utf-8", "utf-16", "cp1252", "latin-1", "cp1250", "cp1251", "gb18030", "big5", "shift_jis", "euc_kr")
"""What a user is offered; the command line takes any that Python knows."""
GAPS_OF_CP1252 = {0x81, 0x8D, 0x8F, 0x90, 0x9D}
"""Bytes that are no character in Windows' Western encoding."""


class Reader:
    """The rows of one file, once; a context manager."""

    def __init__(
        self, path: Path, stream: Stream, file_type: FileType, *, replace_invalid: bool, most_bytes: int | None
    ) -> None:
        self.file_type = file_type
        self._stream, self._found = stream, Found()
        if stream.mark and stream.encoding == UTF8:
            self._found.remarks.append("A byte order mark (BOM) at the start was dropped.")
        match file_type:
            case FileType.JSONL:
                self._rows = read_json_lines(stream, self._found, replace_invalid=replace_invalid)
            case FileType.JSON:
                self._rows = read_json_documents(stream, self._found, replace_invalid=replace_invalid)
            case FileType.CSV:
                self._rows = read_csv(stream, self._found, replace_invalid=replace_invalid)
            case FileType.PARQUET:
                self._rows = read_parquet(path, stream, self._found, most_bytes)

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __iter__(self) -> Iterator[Row | BadLine]:
        """Every row and bad line, in order. Raises ConfigError where the file is beyond a limit."""
        most, last = self._stream.limits.rows, 0
        for count, row in enumerate(self._rows, 1):
            if count > most:
                raise ConfigError(f"The file has more than {most:,} rows.", "Split it, or raise IMPORT_MAX_ROWS.")
            last = row.line
            yield row
        if self._stream.damage:
            yield BadLine(last + 1, None, "damaged", self._stream.damage, "")

    def close(self) -> None:
        """Give the file back."""
        self._stream.close()

    @property
    def encoding(self) -> str:
        """How its characters are written, as Python calls it."""
        return self._stream.encoding

    @property
    def is_whole(self) -> bool:
        """What was read is all that there is."""
        return not self._stream.is_cut

    @property
    def position(self) -> int:
        """Bytes that were read, of ``size``; of the file as it lies there."""
        return self._stream.position

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._stream.size

    @property
    def blank(self) -> int:
        """Lines with nothing on them, so far."""
        return self._found.blank

    @property
    def columns(self) -> list[str]:
        """Names of a table's columns, once its first row was read; else empty."""
        return self._found.columns

    @property
    def notes(self) -> list[str]:
        """What the user should be told of the file, one sentence each; complete once all was read."""
        return self._found.notes()


def open_reader(
    path: Path,
    *,
    name: str = "",
    encoding: str = "",
    replace_invalid: bool = False,
    limits: Limits | None = None,
    most_bytes: int | None = None,
) -> Reader:
    """A reader of the file's rows.

    ``name`` is what the user calls it (default: the path's), ``encoding`` how its characters are written (default:
    UTF-8), ``replace_invalid`` whether "�" takes the place of bytes that are none. With ``most_bytes`` it ends after so
    many, unpacked.

    Raises:
        NotFoundError: there is no such file.
        ConfigError: it cannot be read, is in another encoding, is none of the types, or too large.
    """
    stream = Stream(path, encoding=encoding, limits=limits, most_bytes=most_bytes)
    try:
        native = stream.native_encoding()
        if native not in ("", UTF8) and stream.encoding == UTF8:
            raise ConfigError(
                f"The file is {native.upper()}, not UTF-8.", f"Choose the encoding {native}, or save it as UTF-8."
            )
        file_type = tell_type(stream.head(), name or path.name, is_whole=stream.is_short)
    except BaseException:
        stream.close()
        raise
    return Reader(path, stream, file_type, replace_invalid=replace_invalid, most_bytes=most_bytes)


def guess_encoding(path: Path) -> str:
    """What the characters of a file that is not UTF-8 may be: a suggestion for a person, by its first megabyte.

    Raises NotFoundError and ConfigError, as ``open_reader`` does.
    """
    stream = Stream(path)
    try:
        sample = next(stream.raw_blocks())
        native = stream.native_encoding()
    finally:
        stream.close()
    return native or ("latin-1" if GAPS_OF_CP1252 & set(sample) else "cp1252")
