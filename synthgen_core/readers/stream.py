"""The bytes of a file, a block at a time: unpacked if they are gzipped, as UTF-8 whatever they were, within limits."""

import codecs
import zlib
from collections.abc import Iterator
from pathlib import Path

from synthgen_core.errors import ConfigError, NotFoundError
from synthgen_core.readers.rows import MB, Limits

BLOCK = 1 << 20
HEAD = 1 << 16
"""Bytes by which a file is judged."""
GZIP = b"\x1f\x8b"
UTF8 = "utf-8"
MARKS = {
    codecs.BOM_UTF8: UTF8,
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Byte order marks; that of UTF-32 begins like that of UTF-16, and stands before it."""
NULS = {"x000": "utf-32-le", "000x": "utf-32-be", "x0x0": "utf-16-le", "0x0x": "utf-16-be"}
"""Which of the first four bytes are 0, in a text without a mark that begins with ASCII characters."""
ESCAPE = "synthgen-escape"
"""How bytes that are no character are decoded; see ``_escape``."""


class Stream:
    """A file that is read once, from its start to its end. Close it."""

    def __init__(
        self, path: Path, *, encoding: str = "", limits: Limits | None = None, most_bytes: int | None = None
    ) -> None:
        """``encoding`` empty: UTF-8. With ``most_bytes`` it ends after so many, unpacked.

        Raises:
            NotFoundError: there is no such file. ConfigError: it cannot be read, or the encoding is not known.
        """
        self.limits = limits or Limits()
        self.encoding = _known_encoding(encoding)
        self.is_cut = False
        """The file goes on after ``most_bytes``."""
        self.ends_open = False
        """The last line has no newline."""
        self.damage = ""
        """Why it ends where it ends, if it should not."""
        self._most_bytes = most_bytes
        try:
            self._file = path.open("rb")
        except FileNotFoundError as error:
            raise NotFoundError(f"There is no file {path}.", "Check the path.") from error
        except OSError as error:
            raise ConfigError(f"{path} cannot be read: {error.strerror}.", "Name a file that you may read.") from error
        try:
            self.size = path.stat().st_size
            self.is_gzip = self._file.read(len(GZIP)) == GZIP
            self._file.seek(0)
            if not self.is_gzip and self.size > self.limits.file_bytes:
                raise self._too_large()
            self._blocks = self._limited(self._unpacked() if self.is_gzip else self._plain())
            self._first = b""
            while len(self._first) < HEAD and (block := next(self._blocks, b"")):
                self._first += block
        except BaseException:
            self._file.close()
            raise
        self.mark = next((mark for mark in MARKS if self._first.startswith(mark)), b"")
        if self.encoding in ("utf-16", "utf-32") and MARKS.get(self.mark) != self.encoding:
            native = self.native_encoding()
            self.encoding = native if native.startswith(self.encoding) else f"{self.encoding}-le"  # Python wants a mark

    @property
    def position(self) -> int:
        """Bytes that were read of the file as it lies there, of ``size``."""
        return min(self._file.tell(), self.size)

    @property
    def raw_head(self) -> bytes:
        """The first bytes, unpacked, in the file's own encoding."""
        return self._first[:HEAD]

    @property
    def is_short(self) -> bool:
        """The first bytes are all that there is."""
        return len(self._first) < HEAD

    def head(self) -> bytes:
        """The first bytes as UTF-8."""
        return b"".join(self._as_utf8(iter([self.raw_head])))

    def native_encoding(self) -> str:
        """The encoding that the first bytes show; empty where they show none."""
        if self.mark:
            return MARKS[self.mark]
        return NULS.get("".join("0x"[byte > 0] for byte in self._first[:4]), "")

    def raw_blocks(self) -> Iterator[bytes]:
        """All of it, unpacked. Raises ConfigError where it is longer than it may be."""
        yield self._first
        yield from self._blocks

    def blocks(self) -> Iterator[bytes]:
        """All of it as UTF-8, without a byte order mark; bytes that are no characters stay as they are.

        Raises ConfigError where it is longer than it may be.
        """
        return self._as_utf8(self.raw_blocks())

    def lines(self) -> Iterator[bytes]:
        """Its lines without their LF; of a line beyond the limit, one byte more than the limit."""
        most, rest = self.limits.line_bytes + 1, b""
        for block in self.blocks():
            parts = block.split(b"\n")
            parts[0] = (rest + parts[0])[:most]
            rest = parts.pop()
            yield from parts
        if rest and not self.is_cut:
            self.ends_open = True
            yield rest

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def _plain(self) -> Iterator[bytes]:
        while block := self._file.read(BLOCK):
            yield block

    def _unpacked(self) -> Iterator[bytes]:
        engine = None
        for packed in self._plain():
            while packed:
                engine = engine or zlib.decompressobj(zlib.MAX_WBITS | 16)
                try:
                    block = engine.decompress(packed, BLOCK)
                except zlib.error:
                    self.damage = "The gzip file is damaged from here on."
                    return
                packed = engine.unconsumed_tail
                if engine.eof:  # other gzip files may follow in the same file, or padding
                    packed, engine = engine.unused_data.lstrip(b"\0"), None
                if block:
                    yield block
        if engine:
            self.damage = "The gzip file ends in the middle; it may be truncated."

    def _limited(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        total = 0
        for block in blocks:
            total += len(block)
            if total > self.limits.file_bytes:
                raise self._too_large()
            if self._most_bytes is not None and total > self._most_bytes:
                self.is_cut = True
                yield block[: len(block) - (total - self._most_bytes)]
                return
            yield block

    def _too_large(self) -> ConfigError:
        unpacked = ", unpacked" if self.is_gzip else ""
        most = f"{self.limits.file_bytes / MB:,.0f} MB"
        return ConfigError(f"The file has more than {most}{unpacked}.", "Split it, or raise IMPORT_MAX_FILE_MB.")

    def _as_utf8(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        if self.encoding == UTF8:
            yield next(blocks, b"").removeprefix(codecs.BOM_UTF8)
            yield from blocks
            return
        decoder = codecs.getincrementaldecoder(self.encoding)(ESCAPE)
        mark = "\ufeff"
        for block in blocks:
            yield decoder.decode(block).removeprefix(mark).encode("utf-8", ESCAPE)
            mark = ""
        yield decoder.decode(b"", not self.is_cut).encode("utf-8", ESCAPE)


def _escape(error: UnicodeError) -> tuple[str | bytes, int]:
    """A byte that is no character becomes half a character, and from that the byte again, which is not UTF-8.

    Bytes below 128 would be UTF-8: where such are at fault, as in UTF-16, 0xFF stands for all of them.
    """
    assert isinstance(error, UnicodeDecodeError | UnicodeEncodeError)
    try:
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeError:
        return "\udcff" if isinstance(error, UnicodeDecodeError) else b"\xff", error.end


codecs.register_error(ESCAPE, _escape)


def _known_encoding(name: str) -> str:
    """Python's name of an encoding. Raises ConfigError where it is none of texts."""
    try:
        "".encode(name.strip() or UTF8)
        found = codecs.lookup(name.strip() or UTF8).name
        codecs.getincrementaldecoder(found)(ESCAPE).decode(b"")
    except (LookupError, ValueError) as error:
        raise ConfigError(
            f"“{name[:40]}” is no encoding of texts.", "Give utf-8, utf-16, cp1252 (Western Windows), latin-1, ..."
        ) from error
    return UTF8 if found == "utf-8-sig" else found
