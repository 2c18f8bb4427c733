"""From what a model really answers to a JSON object, or to one error that says what became of the reply.

A reply is read from left to right: reasoning in tags is skipped, and so is everything that does not look like the
start of JSON (prose, fences). What does look like it is decoded as it stands; else tidied without a loss (comments,
trailing commas, quotes, escapes); else repaired by json_repair, and then only if no letter is lost. JSON that never
closes is "cut_off" and never repaired.

Of several objects in one reply, the last that looks like an example counts: what comes before it is a quotation of the
prompt or a draft. A *list* of several examples is refused ("several"), as no one of them was meant to be the answer.

The decoder is the standard library's: unlike orjson it tells where a value ends, and it sees duplicate keys.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

import json_repair

from synthgen_core.errors import InvalidExampleError
from synthgen_core.formats import GENERATED
from synthgen_core.models import Json, JsonObject

MAX_CHARACTERS = 1_000_000
MAX_FALSE_STARTS = 20
"""Unclosed beginnings of JSON, in thoughts that a later closing tag ends, before a reply is given up."""
MAX_PIECES = 100
"""Top-level values; a reply of more is no answer to what was asked."""
MAX_DIGITS = 18
MAX_DEPTH = 60
MAX_WRAPPING = 4
MAX_REPAIR = 100_000
"""Characters that json_repair reads in about a second."""

REASONS: dict[str, tuple[str, str]] = {
    "empty": ("The model's reply is empty.", "Try again, or choose another model."),
    "refusal": ("The model refused to write the example.", "Choose another subdomain or another model."),
    "no_json": ("The model's reply holds no JSON.", "Try again, or choose a more capable model."),
    "cut_off": ("The model's reply ends before its JSON does.", "Allow longer replies, or ask for shorter examples."),
    "several": ("The model wrote several examples instead of one.", "Try again, or choose a more capable model."),
    "broken_json": ("The JSON of the model's reply is broken.", "Try again, or choose a more capable model."),
    "duplicate_keys": ("The JSON of the model's reply has the same key twice.", "Try again."),
    "bad_number": ("The model's reply holds a number that JSON cannot.", "Try again."),
    "too_deep": ("The JSON of the model's reply is nested too deeply.", "Try again, or choose another model."),
    "both_sides": ("The model wrote both sides of the conversation.", "Try again, or choose a more capable model."),
    "too_long": (f"The model's reply has more than {MAX_CHARACTERS:,} characters.", "Limit the length of replies."),
}
"""Class of failure -> message and hint."""


class ReplyError(InvalidExampleError):
    """A reply that is of no use. ``reason`` is a key of ``REASONS``; ``raw`` is the whole reply."""

    def __init__(self, reason: str, raw: str) -> None:
        message, hint = REASONS[reason]
        super().__init__(message, hint, reason=reason)
        self.raw = raw


class _UnusableError(Exception):
    """A piece of JSON cannot be used, and no repair may change that."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


Piece: TypeAlias = Json | _UnusableError
"""A top-level value of a reply, or why it is not one."""

THOUGHT_TAG = r"(?:\w+:)?(?:think|thinking|thought|thoughts|reasoning|reflection|scratchpad)"
_OUTSIDE = re.compile(
    rf"(?P<open>[<\[]{THOUGHT_TAG}[>\]])|(?P<close>[<\[]/{THOUGHT_TAG}[>\]])"
    r"""|(?P<json>\{(?=\s*+(?:["'“”/]|\w++\s*+:))|\[(?=\s*+\{))""",
    re.IGNORECASE,
)
_THOUGHT_END = re.compile(rf"[<\[]/{THOUGHT_TAG}[>\]]", re.IGNORECASE)
_COMMENT = r"//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?"
_STRING = r'"(?:[^"\\]|\\.)*+"'
_KEY = r"""(?:"[^"\\\n]*+"|(?<!\w)'[^'\\\n]*+')(?=\s*+:)"""
_GOES_ON = (
    r"""(?:[}\]]\s*?(?:[,}\]\n]|```|\Z)|,\s*+(?:[{\[}\]/]|["']?\w[\w ]*+["']?\s*+:)|["']\w[\w ]*+["']\s*+:|//|/\*|\Z)"""
)
"""What follows the end of a string in an object: its closing, the next key (perhaps without a comma), a comment."""
_IN_OBJECT = rf"""{_KEY}|"(?:[^"\\]|\\.|"(?!\s*+{_GOES_ON}))*+"|(?<!\w)'(?:[^'\\]|\\.|'(?!\s*+{_GOES_ON}))*+'"""
_IN_LIST = r""""(?:[^"\\]|\\.|"(?!\s*+[,\]]))*+"|(?<!\w)'(?:[^'\\]|\\.|'(?!\s*+[,\]]))*+'"""
_EXACT_TOKEN, _OBJECT_TOKEN, _LIST_TOKEN = (
    re.compile(rf"""(?P<string>{strings})|(?P<comment>{_COMMENT})|["{{}}\[\]]{quote}""", re.DOTALL)
    for strings, quote in ((_STRING, ""), (_IN_OBJECT, r"|(?<!\w)'"), (_IN_LIST, r"|(?<!\w)'"))
)
"""The parts of JSON whose strings are quoted as they should be, or where quotes inside of strings are not escaped."""
_TRAILING_COMMA = re.compile(rf"({_STRING})|,(?=\s*+[}}\]])", re.DOTALL)
_ESCAPE = re.compile(r'\\u[0-9a-fA-F]{4}|\\.|"', re.DOTALL)
_LEFT_OVER = re.compile(r"""[^{\[]*?["']\s*+[}\]]""")
"""The end of a string after what was taken for the end of the JSON: that end stood within the string."""
_BEHIND = re.compile(r"[\s,;}\]]*+(?:\Z|(?=[{\[<])|(?P<fence>```))")
"""What may follow JSON that had to be read loosely: nothing, more JSON, or the end of its fence."""
_REFUSAL = re.compile(
    r"\W*(?:(?:i['\u2019]?m|i am|we['\u2019]re|we are)\s+(?:really |very |so )?(?:sorry|afraid|unable|not able)|sorry\b"
    r"|i apologi[sz]e|i (?:cannot|can['\u2019]?t|can not|won['\u2019]?t|will not|must decline)|unfortunately,? i"
    r"|as an? (?:ai|language model)"
    r"|es tut mir leid|je suis désolé|lo siento|mi dispiace|desculpe|извините|к сожалению)",
    re.IGNORECASE,
)


def parse_reply(
    text: str, *, is_cut: bool = False, is_wanted: Callable[[JsonObject], bool] | None = None
) -> JsonObject:
    """The JSON object in a model's reply: an example, out of its wrapping, or whatever other object was answered.

    ``is_cut`` says that the model stopped at its token limit: such a reply is refused whatever it looks like. With
    ``is_wanted`` no example is looked for, but the last object of which that is true.

    Raises:
        ReplyError: the reply holds no object that can be used; ``reason`` tells the class, ``raw`` is the text.
    """
    if is_cut:
        raise ReplyError("cut_off", text)
    if not text.strip("\ufeff \t\r\n"):
        raise ReplyError("empty", text)
    if len(text) > MAX_CHARACTERS:
        raise ReplyError("too_long", text)
    try:
        pieces = _pieces(text)
        return _choose(pieces, text) if is_wanted is None else _find(pieces, text, is_wanted)
    except _UnusableError as refused:
        raise ReplyError(refused.reason, text) from None


def _choose(pieces: list[Piece], text: str) -> JsonObject:
    values = [piece for piece in pieces if not isinstance(piece, _UnusableError)]
    if len(values) > 1 and all(map(_is_message, values)):
        return {"messages": values}
    for value in reversed(values):
        if examples := list(_examples_in(value)):
            if len(examples) > 1:
                raise _UnusableError("several")
            return examples[0]
    if not pieces:
        raise _UnusableError("refusal" if _REFUSAL.match(text) else "no_json")
    last = pieces[-1]
    if isinstance(last, _UnusableError):
        raise last
    if isinstance(last, list) and len(last) == 1:
        last = last[0]
    if not isinstance(last, dict):
        raise _UnusableError("several" if isinstance(last, list) else "no_json")
    return last


def _find(pieces: list[Piece], text: str, is_wanted: Callable[[JsonObject], bool]) -> JsonObject:
    for piece in reversed(pieces):
        if isinstance(piece, dict) and is_wanted(piece):
            return piece
    broken = next((piece for piece in reversed(pieces) if isinstance(piece, _UnusableError)), None)
    raise broken or _UnusableError("refusal" if not pieces and _REFUSAL.match(text) else "no_json")


def _is_message(value: Json) -> bool:
    return isinstance(value, dict) and isinstance(value.get("role"), str) and "content" in value


def _examples_in(value: Json, depth: int = 0) -> Iterator[JsonObject]:
    """Everything in a value that looks like an example of some format: {"example": {...}}, a bare list of messages."""
    if isinstance(value, dict) and any(format.detect(value) for format in GENERATED.values()):
        yield value
    elif isinstance(value, list) and value and all(map(_is_message, value)):
        yield {"messages": value}
    elif isinstance(value, dict | list) and depth < MAX_WRAPPING:
        for part in value.values() if isinstance(value, dict) else value:
            yield from _examples_in(part, depth + 1)


def _pieces(text: str) -> list[Piece]:
    """The top-level JSON values outside of the model's thoughts, in their order.

    Raises:
        _UnusableError: the JSON, or the thoughts, never end ("cut_off"); there are more than any example has.
    """
    found: list[Piece] = []
    position = end = false_starts = 0
    is_thinking = False
    while match := _OUTSIDE.search(text, position):
        position = match.end()
        if match["open"]:
            thought = None if is_thinking else _THOUGHT_END.search(text, position)
            is_thinking = thought is None
            position = thought.end() if thought else position
        elif match["close"]:
            found.clear()  # the tag that opened these thoughts was part of the prompt
        elif piece := _piece(text, match.start()):
            end = position = piece[1]
            found.append(piece[0])
            if len(found) > MAX_PIECES:
                raise _UnusableError("several")
        elif false_starts < MAX_FALSE_STARTS and (thought := _THOUGHT_END.search(text, position)):
            false_starts += 1
            found.clear()
            position = thought.end()
        else:
            raise _UnusableError("cut_off")
    if is_thinking and text[end:].strip("` \t\r\n"):
        raise _UnusableError("cut_off")
    return found


def _piece(text: str, start: int) -> tuple[Piece, int] | None:
    """The value that begins here, or why there is none, and where it ends. None: it never closes."""
    refused: _UnusableError | None = None
    try:
        value, end = _DECODER.raw_decode(text, start)
        if not _LEFT_OVER.match(text, end):
            return (_UnusableError("too_deep") if _is_deep(value) else value), end
    except _UnusableError as error:
        refused = error
    except RecursionError:
        refused = _UnusableError("too_deep")
    except json.JSONDecodeError:
        pass
    tidied: tuple[str, int] | None = None
    for is_loose in (False, True):
        if not (found := _tidy(text, start, is_loose=is_loose)):
            continue
        tidied = found
        tidy, end = found
        if refused:
            return refused, end
        try:
            if _ends_here(text, start, end, is_loose=is_loose):
                value = _DECODER.decode(tidy)
                return (_UnusableError("broken_json") if is_loose and _has_foreign_keys(value) else value), end
        except _UnusableError as error:
            return error, end
        except json.JSONDecodeError:
            continue
    if not tidied:
        return None
    tidy, end = tidied
    return (_repaired(tidy) if _ends_here(text, start, end, is_loose=True) else _UnusableError("broken_json")), end


def _ends_here(text: str, start: int, end: int, *, is_loose: bool) -> bool:
    """The end of broken JSON is its end, and not a bracket within one of its texts: no text goes on behind it."""
    if not is_loose:
        return not _LEFT_OVER.match(text, end)
    behind = _BEHIND.match(text, end)
    return behind is not None and (not behind["fence"] or "```" in text[:start])


def _tidy(text: str, start: int, *, is_loose: bool) -> tuple[str, int] | None:
    """The JSON that begins at ``start`` with its strings requoted, and where it ends. None: it never closes.

    Comments and trailing commas go; a bracket that was forgotten within a closed one is closed.

    Raises:
        _UnusableError: it is nested too deeply; or a badly quoted text seems to end within brackets of its own.
    """
    opened: list[str] = []
    parts: list[str] = []
    position = start
    token = _EXACT_TOKEN
    while match := token.search(text, position):
        parts.append(text[position : match.start()])
        position, sign = match.end(), match[0]
        if match["string"]:
            parts.append(requoted := _requote(sign))
            if is_loose and requoted != sign and not _is_balanced(sign):
                raise _UnusableError("broken_json")
        elif match["comment"]:
            pass
        elif sign in "\"'":
            return None
        elif sign in "{[":
            opened.append(sign)
            parts.append(sign)
            if len(opened) > MAX_DEPTH:
                raise _UnusableError("too_deep")
        else:
            opener = "{" if sign == "}" else "["
            while opener in opened and opened[-1] != opener:
                parts.append("}" if opened.pop() == "{" else "]")
            parts.append(sign)  # one that closes nothing stays, for the decoder to refuse
            if opened[-1] == opener:
                opened.pop()
            if not opened:
                return _TRAILING_COMMA.sub(r"\1", "".join(parts)), position
        if is_loose:
            token = _LIST_TOKEN if opened[-1] == "[" else _OBJECT_TOKEN
    return None


def _is_balanced(text: str) -> bool:
    return text.count("{") == text.count("}") and text.count("[") == text.count("]")


def _requote(string: str) -> str:
    """A string as JSON has it: in double quotes, those inside escaped, a backslash that escapes nothing doubled."""

    def escape(match: re.Match[str]) -> str:
        sign = match[0]
        if sign == '"':
            return '\\"'
        if sign == "\\'":
            return "'"
        return sign if len(sign) > 2 or sign[1] in '"\\/bfnrt' else f"\\{sign}"

    return f'"{_ESCAPE.sub(escape, string[1:-1])}"'


def _repaired(broken: str) -> Piece:
    """What json_repair makes of a piece, unless it dropped letters or made up brackets to get there."""
    if len(broken) > MAX_REPAIR:
        return _UnusableError("broken_json")
    try:
        value: Json = json_repair.loads(broken, skip_json_loads=True)  # type: ignore[assignment] # its stubs: a union
        whole = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        return _UnusableError("broken_json")
    is_same = _letters(whole) >= _letters(broken) and all(whole.count(sign) == broken.count(sign) for sign in "{}[]")
    return value if is_same and not _has_foreign_keys(value) else _UnusableError("broken_json")


def _letters(text: str) -> int:
    return sum(map(str.isalnum, _ESCAPE.sub("", text)))


def _has_foreign_keys(value: Json) -> bool:
    """An example with a key that its format has not: in badly quoted JSON, likely a quotation within a text."""
    examples = _examples_in(value)
    return any(format.detect(e) and not set(e) <= set(format.sample) for e in examples for format in GENERATED.values())


def _is_deep(value: Json, room: int = MAX_DEPTH) -> bool:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return room == 0 or any(_is_deep(part, room - 1) for part in parts)


def _unique(pairs: list[tuple[str, Json]]) -> JsonObject:
    if len(found := dict(pairs)) < len(pairs):
        raise _UnusableError("duplicate_keys")
    return found


def _number(digits: str) -> float:
    is_whole = digits.lstrip("-").isdigit()
    if (is_whole and len(digits) > MAX_DIGITS) or abs(float(digits)) == float("inf"):
        raise _UnusableError("bad_number")
    return int(digits) if is_whole else float(digits)


def _constant(name: str) -> Json:
    raise _UnusableError("bad_number")


_DECODER = json.JSONDecoder(
    strict=False,  # a line break inside a string is not worth a repair
    object_pairs_hook=_unique,
    parse_int=_number,
    parse_float=_number,
    parse_constant=_constant,
)
