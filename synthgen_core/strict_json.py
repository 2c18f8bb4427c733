"""JSON as strict as a data file needs it: what a later reader could trip over, or read as something else, is refused.

orjson does the work, and refuses NaN, halves of characters and bytes that are not UTF-8. What it lets through is found
here: a name that comes twice, NUL, whole numbers beyond 64 bits (it rounds them), and nesting that it could not write.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import NoReturn

import orjson

from synthgen_core.errors import InvalidExampleError
from synthgen_core.models import Json

MAX_DEPTH = 100
"""Levels of objects and lists within one another. orjson reads 1,024 of them and writes 254."""
LARGE = 2.0**63
"""From here on a number that was read as a float may have been written as a whole one."""
NAME = re.compile(rb'"[ \t\r\n]*:')
"""The end of a name; or the same within a text, where a backslash stands before the quote."""
NAME_IN_TEXT = re.compile(rb'\\"[ \t\r\n]*:')
NOT_A_NUMBER = re.compile("-?(NaN|Infinity)", re.IGNORECASE)
SHOWN = 40
"""Characters of a wrong name or number that a message quotes."""
TOO_DEEP = f"Objects and lists are nested more than {MAX_DEPTH} deep."
WORDS = {
    "unexpected end of data": ("cut_off", "The JSON ends in the middle."),
    "depth limit exceeded": ("nesting", TOO_DEEP),
    "number is infinity when parsed as double": ("number", "A number is too large."),
    "no low surrogate in string": ("surrogate", "A text holds half a character (a lone surrogate)."),
    "unexpected control character in string": ("control", "A text holds a line break or a tab that is not escaped."),
    "unexpected content after document": ("not_json", "Something follows after the end of the JSON."),
    "trailing comma is not allowed": ("not_json", "There is a comma too many."),
    "unexpected character, expected a string key": ("not_json", "A name in double quotes is expected."),
}
"""What orjson says -> a class for counting, and what we say."""


class _DoubtfulError(Exception):
    """The quick way cannot tell whether the value is what was written."""


def load(text: bytes) -> Json:
    """The value of a JSON text.

    Raises:
        InvalidExampleError: it is not JSON, or not strictly; with its reason, and row and column from 1 in the text.
    """
    try:
        value: Json = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        _refuse(text, error)
    is_simple = b"\\u0000" not in text and text.count(b"{") + text.count(b"[") <= MAX_DEPTH
    if is_simple and orjson.dumps(value) == text:
        return value  # written again it is the same, to the byte: nothing was lost
    try:
        names = _count_names(value)
    except _DoubtfulError:
        return _load_slowly(text, value)
    written = len(NAME.findall(text))
    if b"\\" in text:
        if b'\\\\"' in text or b"\\u0000" in text:
            return _load_slowly(text, value)
        written -= len(NAME_IN_TEXT.findall(text))
    return value if written == names else _load_slowly(text, value)


def place(text: bytes, index: int) -> tuple[int, int]:
    """Row and column, from 1 and in characters, of a byte in a text."""
    before = text[:index]
    return before.count(b"\n") + 1, len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1


def _count_names(value: Json) -> int:
    """How many names all objects of the value have together; every row of a file passes here."""
    count = 0
    level: list[Json] = [[value]]
    for _ in range(MAX_DEPTH + 1):
        below: list[Json] = []
        for outer in level:
            if isinstance(outer, dict):
                count += len(outer)
                parts: Iterable[Json] = outer.values()
            else:
                parts = outer if isinstance(outer, list) else ()
            for part in parts:
                kind = type(part)
                if kind is str:
                    continue
                if kind is dict or kind is list:
                    below.append(part)
                elif kind is float and not -LARGE < part < LARGE:  # type: ignore[operator] # a float
                    raise _DoubtfulError
        if not below:
            return count
        level = below
    raise InvalidExampleError(TOO_DEEP, "Flatten them.", reason="nesting", row=1, column=1)


def _load_slowly(text: bytes, value: Json) -> Json:
    """The value, once every name and number was looked at as it is written; the text is JSON for orjson."""

    def check_names(pairs: list[tuple[str, object]]) -> None:
        seen = set()
        for name, _ in pairs:
            if name in seen:
                written = json.dumps(name, ensure_ascii=False).encode()
                message = f"The name “{name[:SHOWN]}” comes twice in one object."
                raise _fault(text, written, "duplicate_key", message, "Keep one of the two.")
            seen.add(name)

    def check_whole(digits: str) -> int:
        if len(digits) <= len(str(-(1 << 63))) and -(1 << 63) <= (number := int(digits)) < 1 << 64:
            return number
        message = f"The number {digits[:SHOWN]} is beyond 64 bits."
        raise _fault(text, digits.encode(), "number", message, "Write it as a text, in quotes.")

    json.loads(text, object_pairs_hook=check_names, parse_int=check_whole)
    if any("\0" in part for part in _texts(value)):
        raise _fault(text, b"\\u0000", "nul", "A text holds a NUL character (\\u0000).", "Take it out.")
    return value


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield name
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _fault(text: bytes, written: bytes, reason: str, message: str, hint: str) -> InvalidExampleError:
    """The error about what is written so, where it comes last."""
    row, column = place(text, max(0, text.rfind(written)))
    return InvalidExampleError(message, hint, reason=reason, row=row, column=column)


def _refuse(text: bytes, error: orjson.JSONDecodeError) -> NoReturn:
    row, column, hint = error.lineno, error.colno, "Correct it, or leave it out."
    try:
        whole = text.decode()
    except UnicodeDecodeError as fault:
        row, column = place(text, fault.start)
        reason, message = "encoding", f"Byte {fault.start + 1:,} (0x{text[fault.start]:02X}) is not UTF-8."
        hint = "Name the file's real encoding, or have such bytes replaced."
    else:
        reason, message = WORDS.get(error.msg, ("not_json", f"It is not JSON: {error.msg}."))
        sign = whole[error.pos - 1 : error.pos] == "-"  # it is passed before the fault is noticed
        if found := NOT_A_NUMBER.match(whole, error.pos - sign):
            reason, message, hint = "nan", f"{found[0]} is not JSON.", "Write null, or a text."
            column -= sign
        elif not error.pos and reason == "not_json":
            message = f"It is not JSON: it begins with “{whole[:SHOWN]}”."
    raise InvalidExampleError(message, hint, reason=reason, row=row, column=column) from error
