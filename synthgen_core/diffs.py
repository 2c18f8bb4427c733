"""What was changed between two texts, word by word, and between two examples, message by message."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from rapidfuzz.distance import Levenshtein

from synthgen_core.formats import text_of
from synthgen_core.models import Json, JsonObject


class Change(StrEnum):
    """What became of a piece of text, or of a field."""

    EQUAL = "equal"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    """Of a field: its spans tell what is new in it."""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of two texts: in both, in the new one only, or in the old one only."""

    change: Change
    text: str


@dataclass(frozen=True, slots=True)
class FieldDiff:
    """One field of two examples, or one message."""

    name: str
    """“Message 2 (user)”, “output”, “tools”."""
    change: Change
    spans: tuple[Span, ...]


ALONE = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Characters that are words by themselves: Chinese and Japanese have no spaces."""
THAI, THAI_MARKS = r"\u0e01-\u0eff", r"\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd"
"""Thai and Lao have none either; a mark belongs to the character before it."""
SIGNS = r"!-/:-@\[-`{-~¡-¿\u2010-\u2027\u2030-\u205e\u3001-\u3003\u3008-\u301f\uff01-\uff0f\uff1a-\uff20"
TOKEN = re.compile(rf"\s+|[{SIGNS}]|[{ALONE}]|[{THAI}][{THAI_MARKS}]*|[^\s{SIGNS}{ALONE}{THAI}]+|.", re.DOTALL)
"""White space, a sign, or a word. What is no sign counts as a part of a word: marks, joiners, emoji."""
LINE = re.compile(r"[^\n]*\n|[^\n]+")
MOST_PAIRS = 2_000_000_000
"""Pairs of tokens that are compared at once, which takes about half a second; memory stays small."""


def diff_words(old: str, new: str) -> list[Span]:
    """The way from one text to another. ``equal`` and ``removed`` joined are the old one, ``equal`` and ``added`` the
    new one; no two spans in a row are of one kind.

    In very long texts, lines are compared first, and words within those that differ.
    """
    return list(_merged(list(_compare(old, new))))


def _compare(old: str, new: str) -> Iterator[tuple[str, str]]:
    """(old, new) pieces, in order: the same text twice, or what became of what."""
    words, others = TOKEN.findall(old), TOKEN.findall(new)
    if len(words) * len(others) <= MOST_PAIRS:
        yield from _align(words, others)
        return
    for before, after in _align(LINE.findall(old), LINE.findall(new)):
        words, others = TOKEN.findall(before), TOKEN.findall(after)
        if before != after and len(words) * len(others) <= MOST_PAIRS:
            yield from _align(words, others)
        else:
            yield before, after


def _align(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, str]]:
    for step in Levenshtein.opcodes(old, new):
        yield "".join(old[step.src_start : step.src_end]), "".join(new[step.dest_start : step.dest_end])


def _merged(pieces: list[tuple[str, str]]) -> Iterator[Span]:
    """Spans, with neighbouring changes as one: spaces between changed words are not worth a span of their own."""
    is_new = [before != after for before, after in pieces]
    equal = removed = added = ""
    for n, (before, after) in enumerate(pieces):
        is_between = 0 < n < len(pieces) - 1 and is_new[n - 1] and is_new[n + 1]
        if is_new[n] or (is_between and before.isspace() and "\n" not in before):
            yield from _equal(equal)
            equal, removed, added = "", removed + before, added + after
        else:
            yield from _changed(removed, added)
            equal, removed, added = equal + before, "", ""
    yield from _equal(equal)
    yield from _changed(removed, added)


def _equal(text: str) -> Iterator[Span]:
    if text:
        yield Span(Change.EQUAL, text)


def _changed(removed: str, added: str) -> Iterator[Span]:
    if removed:
        yield Span(Change.REMOVED, removed)
    if added:
        yield Span(Change.ADDED, added)


# -- examples


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    text: str


def diff_contents(old: JsonObject, new: JsonObject) -> list[FieldDiff]:
    """Every field and message of two examples, whatever their formats, in the order of the new one; those that were
    removed stand where they stood."""
    found: list[FieldDiff] = []
    for key in [*old, *(key for key in new if key not in old)]:
        before, after = old.get(key), new.get(key)
        if _is_conversation(before) or _is_conversation(after):
            found += _diff_conversations(key, _as_list(before), _as_list(after))
        else:
            found.append(_diff_field(_value(key, old), _value(key, new)))
    return found


def _is_conversation(value: Json) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(m, dict) and "role" in m for m in value)


def _as_list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _value(key: str, content: JsonObject) -> _Field | None:
    if key not in content:
        return None
    value = content[key]
    return _Field(key, value if isinstance(value, str) else _as_text(value))


def _as_text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)


def _diff_field(old: _Field | None, new: _Field | None) -> FieldDiff:
    """One field, which at least one side has."""
    if old is None or new is None:
        there, change = (old, Change.REMOVED) if old else (new, Change.ADDED)
        assert there
        return FieldDiff(there.name, change, (Span(change, there.text),) if there.text else ())
    spans = tuple(diff_words(old.text, new.text))
    return FieldDiff(new.name, Change.EQUAL if old.text == new.text else Change.CHANGED, spans)


def _diff_conversations(key: str, old: list[Json], new: list[Json]) -> Iterator[FieldDiff]:
    """Messages side by side: equal ones find each other; those between are paired in order, if the role is the same."""
    before, after = [_as_text(m) for m in old], [_as_text(m) for m in new]
    for tag, i, i_end, j, j_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        while i < i_end or j < j_end:
            is_pair = i < i_end and j < j_end and (tag == "equal" or _role(old[i]) == _role(new[j]))
            takes_old = is_pair or i_end - i > j_end - j or j == j_end
            takes_new = is_pair or not takes_old
            fields = _fields_of(key, i + 1, old[i]) if takes_old else {}
            others = _fields_of(key, j + 1, new[j]) if takes_new else {}
            for part in [*others, *(part for part in fields if part not in others)]:
                yield _diff_field(fields.get(part), others.get(part))
            i, j = i + takes_old, j + takes_new


def _role(message: Json) -> str:
    return str(message.get("role")) if isinstance(message, dict) else ""


def _fields_of(key: str, n: int, message: Json) -> dict[str, _Field]:
    """The words of a message, and each further key of it as a field of its own."""
    if not isinstance(message, dict):
        return {"": _Field(f"{key} {n}", _as_text(message))}
    name = f"Message {n} ({_role(message)})" if key == "messages" else f"{key}, message {n} ({_role(message)})"
    content = message.get("content")
    has_more = isinstance(content, list) and any(not isinstance(p, dict) or p.get("type") != "text" for p in content)
    fields = {"": _Field(name, _as_text(content) if has_more else text_of(message))}
    for part, value in message.items():
        if part not in ("role", "content") and value is not None:
            fields[part] = _Field(f"{name}: {part}", value if isinstance(value, str) else _as_text(value))
    return fields
