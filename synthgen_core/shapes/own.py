"""Rows of this app's own files (an example's keys, and ``metadata``), rows of tables, and rows that were damaged."""

from collections.abc import Mapping

import orjson

from synthgen_core.formats import FORMATS, ROLES, messages_in
from synthgen_core.models import Json, JsonObject
from synthgen_core.shapes.definition import Reading, Shape

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "chat": ("messages",),
    "instruction": ("instruction", "input", "output"),
    "preference": ("prompt", "chosen", "rejected"),
}
OPTIONAL: Mapping[str, tuple[str, ...]] = {
    "chat": ("tools",),
    "instruction": ("system", "history"),
    "preference": ("tools",),
}
METADATA = "metadata"


def _format_of(row: JsonObject) -> str | None:
    """The stored format whose keys these are exactly, beside ``metadata``."""
    keys = row.keys() - {METADATA}
    for name, required in REQUIRED.items():
        if keys.issuperset(required) and keys <= {*required, *OPTIONAL[name]}:
            return name
    return None


def _is_own(row: JsonObject) -> bool:
    """As we write it, to the letter: whatever else has a key “metadata” is of another shape, and keeps it apart."""
    if not isinstance(row.get(METADATA), dict) or not (name := _format_of(row)):
        return False
    content = {key: value for key, value in row.items() if key != METADATA}
    lists = [value for key, value in content.items() if key in ("messages", "prompt", "chosen", "rejected")]
    if not all(isinstance(value, list) for value in lists):
        return False
    roles = [message.get("role") for value in lists for message in messages_in(value)]
    return all(role in ROLES for role in roles if isinstance(role, str)) and FORMATS[name].store(content) == content


def _read_own(row: JsonObject) -> Reading:
    name = _format_of(row)
    assert name
    return Reading(name, {key: value for key, value in row.items() if key != METADATA}, used=frozenset(row))


OWN = Shape(
    name="own",
    label="This app's own file",
    summary="“messages”, or “instruction”, “input” and “output”, or a preference pair; and “metadata”.",
    formats=tuple(REQUIRED),
    is_match=_is_own,
    read=_read_own,
    write=lambda content, format, layout: content,
)


# -- tables: nested values are texts of JSON, and what is absent is null

_LISTS_OF_MESSAGES = (
    *("messages", "conversations", "prompt", "completion"),
    *("chosen", "rejected", "preferred_output", "non_preferred_output"),
)
_NESTED = frozenset((*_LISTS_OF_MESSAGES, METADATA, "history", "input"))


def from_table(row: JsonObject) -> JsonObject:
    """A row of a CSV or Parquet file as it was before it went into the table; any other row as it is.

    A row counts as one of a table if a column that should be nested is a text of JSON. Keys without a value are
    dropped then, as a table has every key in every row.
    """
    nested: JsonObject = {}
    for key, value in row.items():
        if isinstance(value, str) and key in _NESTED and value.startswith(("[", "{")):
            found = _parsed(value)
            if _fits(key, found, row):
                nested[key] = found
    if not nested:
        return row
    full = {key: nested.get(key, value) for key, value in row.items() if value is not None}
    if METADATA in nested:
        full |= {key: "" for key in ("instruction", "input") if "output" in full and key not in full}
        if isinstance(tools := full.get("tools"), str) and isinstance(found := _parsed(tools), list):
            full["tools"] = found
    for key in _LISTS_OF_MESSAGES:
        if isinstance(value := full.get(key), list):
            full[key] = [_without_nulls(message) for message in value]
    return full


def _without_nulls(message: Json) -> Json:
    if not isinstance(message, dict):
        return message
    return {key: value for key, value in message.items() if value is not None or key == "content"}


def _parsed(text: str) -> Json:
    try:
        value: Json = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value


def _fits(key: str, value: Json, row: JsonObject) -> bool:
    """The value is what this column should hold: a text that merely looks like JSON stays a text."""
    if key == METADATA:
        return isinstance(value, dict)
    if key == "input":
        return isinstance(value, dict) and "messages" in value and "preferred_output" in row
    if key == "history":
        return isinstance(value, list) and all(isinstance(pair, list) for pair in value)
    messages = value if isinstance(value, list) else [value]
    return bool(messages) and all(isinstance(m, dict) and ("role" in m or "from" in m) for m in messages)


# -- damage


def unwrapped(row: JsonObject) -> JsonObject | None:
    """What is in a row of which an editor nested the example: {"content": {...}}; None where it is no such row."""
    inner = row.get("content")
    if not isinstance(inner, dict):
        return None
    outer = {key: value for key, value in row.items() if key != "content"}
    return None if any(inner[key] != value for key, value in outer.items() if key in inner) else outer | inner
