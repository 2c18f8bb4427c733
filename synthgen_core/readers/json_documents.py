"""JSON that is not one object a line: a list of objects, or objects that are written over several lines each.

The file is never parsed as a whole: brackets are counted to find where an object ends, then that object is parsed.
"""

import re
from collections.abc import Iterator

from synthgen_core.readers.json_lines import read_object, too_long
from synthgen_core.readers.rows import BadLine, Found, Row
from synthgen_core.readers.stream import Stream

TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*("?)|[\[\]{}]', re.DOTALL)
"""A bracket; or a text, up to the end of what is there if its closing quote is not."""
BETWEEN = b" \t\r\n,"
"""What may stand between two objects."""


def read_json_documents(stream: Stream, found: Found, *, replace_invalid: bool) -> Iterator[Row | BadLine]:
    """Every object at the outer level, or of the list that is there."""
    elements, most = Elements(stream), stream.limits.line_bytes
    for line, column, text in elements:
        if len(text) > most:
            yield too_long(line, text, most)
            found.remarks.append(f"What follows the object in line {line:,}, which is too long, was not read.")
        else:
            yield read_object(stream, found, line, column, text, replace_invalid=replace_invalid)
    if not elements.is_list:
        found.remarks.append("It is JSON over several lines, not one object a line.")
        return
    found.remarks.append("It is a JSON list, not one object a line.")
    if not elements.is_closed and not stream.is_cut:
        found.remarks.append("The list has no end: the file may be truncated.")


class Elements:
    """The objects of a document as they are written, each with the line and column of its first character."""

    def __init__(self, stream: Stream) -> None:
        self.is_list = False
        self.is_closed = False
        """The list that was opened last came to its end."""
        self._stream = stream
        self._line, self._column = 1, 1

    def __iter__(self) -> Iterator[tuple[int, int, bytes]]:
        most = self._stream.limits.line_bytes
        text, begin, seen, depth = b"", 0, 0, 0
        for block in self._stream.blocks():
            text, seen, begin = (
                text[begin:] + block,
                seen - begin,
                0,
            )  # begin: of the open object, or of what is between
            while token := TOKEN.search(text, seen):
                start, seen = token.span()
                if text[start] == ord('"'):
                    if not token[1]:
                        seen = start  # its end is still to come
                        break
                elif text[start] in b"{[":
                    if depth == 0:
                        yield from self._between(text, begin, start)
                        begin = start
                    if depth == 0 and text[start] == ord("[") and self.is_list == self.is_closed:
                        self.is_list, self.is_closed = True, False
                        self._pass(text, begin, seen)
                        begin = seen
                    else:
                        depth += 1
                elif depth == 0:
                    yield from self._between(text, begin, start)
                    self.is_closed = self.is_list
                    self._pass(text, start, seen)
                    begin = seen
                else:
                    depth -= 1
                    if depth == 0:
                        yield self._line, self._column, text[begin:seen]
                        self._pass(text, begin, seen)
                        begin = seen
            else:
                seen = len(text)
            if len(text) - begin > most:
                yield self._line, self._column, text[begin : begin + most + 1]
                return
        self._stream.ends_open = True
        if not self._stream.is_cut:
            yield from self._between(text, begin, len(text))

    def _between(self, text: bytes, begin: int, end: int) -> Iterator[tuple[int, int, bytes]]:
        """What stands between two objects, where it should not."""
        if stray := text[begin:end].strip(BETWEEN):
            start = text.index(stray, begin)
            self._pass(text, begin, start)
            yield self._line, self._column, stray
            begin = start
        self._pass(text, begin, end)

    def _pass(self, text: bytes, begin: int, end: int) -> None:
        """Move line and column over these bytes."""
        self._line += text.count(b"\n", begin, end)
        newline = text.rfind(b"\n", begin, end)
        passed = len(text[max(begin, newline + 1) : end].decode("utf-8", "replace"))
        self._column = passed + (1 if newline >= 0 else self._column)
