"""Rows of no known shape: which column holds what, as a guess, and as the user says."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson

from synthgen_core.errors import ConfigError, InvalidExampleError
from synthgen_core.formats import shown
from synthgen_core.models import Json, JsonObject
from synthgen_core.shapes.definition import Shape
from synthgen_core.shapes.rows import SHAPES, SOURCE, ShapedRow, accepted, origin

MAPPED = "mapped"
"""The shape of a row that was read by such a choice."""


@dataclass(frozen=True, slots=True)
class MappingKind:
    """What the columns of a file can be mapped to: the fields, and the shape that they then make."""

    name: str
    label: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    shape: Shape
    is_text: bool = True
    """Every field is a text; where it is not, a field may also be a list of messages."""


MAPPINGS: Mapping[str, MappingKind] = {
    kind.name: kind
    for kind in (
        MappingKind("messages", "A column with messages", ("messages",), (), SHAPES["openai_chat"], is_text=False),
        MappingKind(
            "preference",
            "A prompt and two answers",
            ("prompt", "chosen", "rejected"),
            ("system",),
            SHAPES["trl_preference"],
            is_text=False,
        ),
        MappingKind(
            "instruction",
            "An instruction and its answer",
            ("instruction", "output"),
            ("input", "system"),
            SHAPES["alpaca"],
        ),
        MappingKind(
            "exchange", "What a user and an assistant say", ("user", "assistant"), ("system",), SHAPES["openai_chat"]
        ),
    )
}
"""Name -> kind. Which one is meant, is plain from the fields that are mapped."""

NAMES: Mapping[str, tuple[str, ...]] = {
    "messages": ("messages", "conversations", "conversation", "dialogue", "dialog", "turns", "chat"),
    "prompt": ("prompt", "question", "query", "instruction", "input", "user"),
    "chosen": ("chosen", "preferred", "accepted", "better", "win", "winner"),
    "rejected": ("rejected", "dispreferred", "worse", "lose", "loser"),
    "user": ("user", "human", "customer", "client", "patient"),
    "assistant": ("assistant", "bot", "gpt", "agent", "ai", "chatbot", "doctor"),
    "instruction": ("instruction", "question", "query", "prompt", "task", "problem", "request", "ask", "q"),
    "output": ("output", "response", "answer", "completion", "solution", "reply", "target", "summary", "a"),
    "input": ("input", "context", "passage", "document", "article", "body", "text"),
    "system": ("system", "persona"),
}
"""Field -> the words that columns for it are named with, the likeliest first."""


def check_mapping(mapping: Mapping[str, str], columns: Iterable[str]) -> MappingKind:
    """The kind that a mapping (field -> column) means.

    Raises:
        ConfigError: the fields belong to no kind, or a column is not there; it names the known ones.
    """
    fields = mapping.keys()
    kinds = [k for k in MAPPINGS.values() if fields >= set(k.required) and fields <= {*k.required, *k.optional}]
    if not kinds:
        choices = "; ".join(f"{', '.join(k.required)} ({k.label.lower()})" for k in MAPPINGS.values())
        raise ConfigError(
            f"The fields {', '.join(mapping) or '(none)'} make no example.", f"Map one of these: {choices}."
        )
    known = list(columns)
    for field, column in mapping.items():
        if column not in known:
            raise ConfigError(f"There is no column “{column}” for “{field}”.", f"Known: {', '.join(known)}.")
    return kinds[0]


def apply_mapping(row: Json, mapping: Mapping[str, str], line: int | None = None) -> ShapedRow:
    """A row read by what the user said its columns hold (field -> column); the other columns are kept as extra keys.

    Raises:
        ConfigError: the fields of the mapping make no example.
        InvalidExampleError: a column is missing or holds something else; the message names it.
    """
    if not isinstance(row, dict):
        raise InvalidExampleError(f"The row is {shown(row)}.", "Give a JSON object.", reason="not_object")
    kind = check_mapping(mapping, mapping.values())
    values: JsonObject = {}
    for field, column in mapping.items():
        value = row.get(column)
        if field in kind.required and (value is None or value == ""):
            state = "empty" if column in row else "missing"
            raise InvalidExampleError(f"Column “{column}” is {state}.", "Fill it in.", reason=f"{state}_column")
        if kind.is_text and not isinstance(value, str | None):
            message = f"Column “{column}” is {shown(value)}, not a text."
            raise InvalidExampleError(message, "Choose another column.", reason="not_text")
        values[field] = value if kind.is_text else _parsed(value)
    try:
        reading = kind.shape.read(_as_row(kind, values))
        content, warnings = accepted(reading)
    except InvalidExampleError as error:
        named = " and ".join(f"“{column}”" for column in mapping.values())
        raise InvalidExampleError(f"In {named}: {error.message}", error.hint, reason=error.reason) from error
    source: JsonObject = {"shape": MAPPED, "columns": {**mapping}, **origin(row, mapping.values(), line)}
    return ShapedRow(MAPPED, reading.format, content, {SOURCE: source}, warnings)


def _as_row(kind: MappingKind, values: JsonObject) -> JsonObject:
    if kind.name != "exchange":
        return values
    said: JsonObject = {
        "messages": [{"role": "user", "content": values["user"]}, {"role": "assistant", "content": values["assistant"]}]
    }
    return said | ({"system": values["system"]} if values.get("system") else {})


def _parsed(value: Json) -> Json:
    """A list of messages out of a text of JSON, as tables have it; any other value as it is."""
    if isinstance(value, str) and value.startswith("["):
        try:
            found: Json = orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
        return found if _is_conversation(found) else value
    return value


def _is_conversation(value: Json) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(message, dict) and ("role" in message or "from" in message) for message in value)
    )


def guess_mapping(rows: Sequence[JsonObject]) -> dict[str, str]:
    """Which columns of these rows hold what (field -> column), by their names and values; empty: no idea."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    texts = [column for column in columns if _all_are(rows, column, lambda value: isinstance(value, str))]
    talks = [column for column in columns if _all_are(rows, column, lambda value: _is_conversation(_parsed(value)))]
    for kind in MAPPINGS.values():
        found: dict[str, str] = {}
        for field in (*kind.required, *kind.optional):
            candidates = talks if field == "messages" else texts if kind.is_text else [*texts, *talks]
            free = [column for column in candidates if column not in found.values()]
            if column := _best(field, free, is_only=field == "messages" and len(free) == 1):
                found[field] = column
        if found.keys() >= set(kind.required):
            return found
    return dict(zip(MAPPINGS["instruction"].required, texts, strict=True)) if len(texts) == len(columns) == 2 else {}


def _all_are(rows: Sequence[JsonObject], column: str, is_right: Callable[[Json], bool]) -> bool:
    """Every value that the column has is of this kind, and it has one."""
    values = [row[column] for row in rows if row.get(column) not in (None, "")]
    return bool(values) and all(map(is_right, values))


def _best(field: str, columns: Sequence[str], *, is_only: bool) -> str | None:
    """The column whose name, or else a word of whose name, is the likeliest for a field."""
    names = {column: re.sub(r"[^a-z0-9]+", " ", column.lower()).strip() for column in columns}
    for word in NAMES[field]:
        for column, name in names.items():
            if name == word:
                return column
    for word in NAMES[field]:
        for column, name in names.items():
            if word in name.split():
                return column
    return columns[0] if is_only else None
