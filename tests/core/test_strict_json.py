"""JSON is read as it was meant, or refused with its place: nothing is rounded, dropped or changed on the way."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen_core.errors import InvalidExampleError
from synthgen_core.strict_json import MAX_DEPTH, load, place

REFUSED = [
    (b'{"a": NaN}', "nan", 1, 7),
    (b'{"a": [1, Infinity]}', "nan", 1, 11),
    (b'{"a": -Infinity}', "nan", 1, 7),
    (b'{"a": 1, "a": 2}', "duplicate_key", 1, 10),
    (b'{"a" : 1,\n "b": {"c": 1, "c" :2}}', "duplicate_key", 2, 16),
    (b'{"b": "\\":", "a" :1, "a":2}', "duplicate_key", 1, 22),
    (b'{"b\\\\": 1, "b\\\\": 2}', "duplicate_key", 1, 12),
    (b'{"a": "\\ud800"}', "surrogate", 1, 8),
    (b'{"a": "\\u0000"}', "nul", 1, 8),
    (b'{"\\u0000": 1}', "nul", 1, 3),
    (b'[["a", "\\u0000"]]', "nul", 1, 9),
    (b'{"a": 123456789012345678901234567890}', "number", 1, 7),
    (b'{"a": -9223372036854775809}', "number", 1, 7),
    (b'{"a": 1e999}', "number", 1, 7),
    (b"9" * 6000, "number", 1, 1),
    (b'{"a": "x', "cut_off", 1, 9),
    (b'{"a": 1,}', "not_json", 1, 8),
    (b"{'a': 1}", "not_json", 1, 2),
    (b'{"a": 1} {"a": 2}', "not_json", 1, 10),
    (b'{"a": "tab\there"}', "control", 1, 11),
    ('{"é": "x'.encode() + b'\xff"}', "encoding", 1, 9),
    (b"hello", "not_json", 1, 1),
    (b"", "not_json", 1, 1),
]


@pytest.mark.parametrize(("text", "reason", "row", "column"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_not_strictly_json_is_refused_with_its_place(text: bytes, reason: str, row: int, column: int) -> None:
    with pytest.raises(InvalidExampleError) as caught:
        load(text)
    error = caught.value
    assert (error.reason, error.row, error.column) == (reason, row, column)
    assert len(str(error)) < 200


@pytest.mark.parametrize(
    "text",
    [
        b'{"a": 1e30}',
        b'{"a": 18446744073709551615, "b": -9223372036854775808}',
        b'{"a": "\\\\u0000"}',
        b'{"a": "say \\"b\\": no", "b" : 1}',
        b'{"a\\\\":1,"b":{"a\\\\":2}}',
        b' {"a":\n[{"a": null}, {"a": true}] } ',
        '{"a": "line\u2028separator\u0085next"}'.encode(),
        b"3",
        b'"x"',
        b"[" * MAX_DEPTH + b"]" * MAX_DEPTH,
    ],
)
def test_what_is_json_is_read_as_it_is(text: bytes) -> None:
    assert load(text) == json.loads(text)


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 300, 2000, 200_000])
@pytest.mark.parametrize(("start", "end"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_absurd_nesting_is_an_error_and_no_crash(depth: int, start: bytes, end: bytes) -> None:
    with pytest.raises(InvalidExampleError) as caught:
        load(start * depth + b"1" + end * depth)
    assert caught.value.reason == "nesting"


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_every_value_comes_back_however_it_was_written(value: Any) -> None:
    for text in (orjson.dumps(value), json.dumps(value).encode(), json.dumps(value, indent=1).encode()):
        assert load(text) == json.loads(text)


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4) | st.sampled_from(
    ['"', ":", '":', "\\"]
)


@given(st.dictionaries(NAMES, NAMES, min_size=1, max_size=4), st.data())
def test_a_name_that_comes_twice_is_always_found(members: dict[str, str], data: st.DataObject) -> None:
    """Whatever the texts hold that looks like a name, and wherever white space stands."""
    twice = data.draw(st.sampled_from(sorted(members)))
    pairs = [*members.items(), (twice, "again")]
    colons = [data.draw(st.sampled_from([":", " :", ": ", "\n:\t"])) for _ in pairs]
    written = [json.dumps(k) + colon + json.dumps(v) for (k, v), colon in zip(pairs, colons, strict=True)]
    with pytest.raises(InvalidExampleError) as caught:
        load(("{" + ",".join(written) + "}").encode())
    assert caught.value.reason == "duplicate_key"
    assert load(("{" + ",".join(written[:-1]) + "}").encode()) == members


def test_a_place_is_counted_in_characters() -> None:
    text = "añ\nüb".encode()
    assert place(text, text.index(b"b")) == (2, 2)
    assert place(text, 0) == (1, 1)
