"""Every kind of file that people bring is read row by row, or refused in words; one bad line costs one line."""

import codecs
import gzip
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synthgen_core.errors import ConfigError, NotFoundError
from synthgen_core.readers import ENCODINGS, BadLine, FileType, Limits, Row, guess_encoding, open_reader
from synthgen_core.readers.stream import BLOCK, HEAD

Read = Callable[..., "Result"]


class Result:
    """All of a file: its rows, its bad lines, and what its reader says."""

    def __init__(self, path: Path, **options: Any) -> None:
        with open_reader(path, **options) as reader:
            found = list(reader)
            self.rows = [(row.line, row.value) for row in found if isinstance(row, Row)]
            self.bad = [row for row in found if isinstance(row, BadLine)]
            self.values = [value for _, value in self.rows]
            self.reasons = [(bad.line, bad.reason) for bad in self.bad]
            self.type, self.blank, self.notes = reader.file_type, reader.blank, reader.notes
            self.is_whole, self.position, self.size = reader.is_whole, reader.position, reader.size


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read(content: bytes, name: str = "a.jsonl", **options: Any) -> Result:
        path = tmp_path / "file"
        path.write_bytes(content)
        return Result(path, name=name, **options)

    return read


def test_lines_end_at_lf_alone(read: Read) -> None:
    text = '{"a": "one\u2028two\u2029three\u0085four"}\r\n{"a": "\\r\\n"}\n{"a":\x0b1}\n'
    found = read(text.encode())
    assert found.values == [{"a": "one\u2028two\u2029three\u0085four"}, {"a": "\r\n"}]
    assert found.reasons == [(3, "not_json")]


def test_a_byte_order_mark_is_dropped_and_said(read: Read) -> None:
    found = read(codecs.BOM_UTF8 + b'{"a": 1}\n')
    assert found.values == [{"a": 1}]
    assert found.notes == ["A byte order mark (BOM) at the start was dropped."]
    assert read(b'{"a": 1}\n').notes == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", ['{"a": "é"}\n{"a": 2}\n', '[{"a": "é"}, {"a": 2}]', "a,b\né,2\n2,3\n"])
def test_utf16_and_utf32_are_named_and_read_when_asked_for(read: Read, encoding: str, text: str) -> None:
    content = text.encode(encoding)
    with pytest.raises(ConfigError) as caught:
        read(content)
    assert f"The file is {encoding.upper()}, not UTF-8." == caught.value.message
    found = read(content, encoding=encoding)
    assert [row["a"] for row in found.values] == ["é", "2" if text[0] == "a" else 2]


def test_blank_lines_are_counted_and_line_numbers_stay_physical(read: Read) -> None:
    found = read(b'\n  \r\n{"a": 1}\n\t\n{"a": 2}\n\n')
    assert found.rows == [(3, {"a": 1}), (5, {"a": 2})]
    assert found.blank == 4


def test_the_last_line_needs_no_newline(read: Read) -> None:
    assert read(b'{"a": 1}\n{"a": 2}').values == [{"a": 1}, {"a": 2}]


def test_a_file_that_ends_in_the_middle_of_a_line_may_be_truncated(read: Read) -> None:
    found = read(b'{"a": 1}\n{"a": "tw')
    assert found.values == [{"a": 1}]
    assert found.reasons == [(2, "cut_off")]
    assert "The file may be truncated." in found.bad[0].message
    assert "truncated" not in read(b'{"a": "on\n{"a": 1}\n').bad[0].message


def test_a_bad_line_has_number_column_reason_and_its_first_120_characters(read: Read) -> None:
    found = read(b'{"a": 1}\n{"a": oops, "b": "' + "ü".encode() * 500 + b'"}\n{"a": 3}\n')
    assert found.values == [{"a": 1}, {"a": 3}]
    [bad] = found.bad
    assert (bad.line, bad.column, bad.reason) == (2, 7, "not_json")
    assert bad.message == "It is not JSON: unexpected character, expected a JSON value."
    assert bad.excerpt == '{"a": oops, "b": "' + "ü" * 102


def test_a_byte_that_is_not_utf8_is_placed_and_replaced_only_when_asked_for(read: Read) -> None:
    content = b'{"a": 1}\n{"a": "caf\xe9"}\n{"a": 3}\n'
    found = read(content)
    assert found.values == [{"a": 1}, {"a": 3}]
    assert found.reasons == [(2, "encoding")]
    assert found.bad[0].message == "Byte 11 (0xE9) is not UTF-8."
    replaced = read(content, replace_invalid=True)
    assert replaced.values == [{"a": 1}, {"a": "caf�"}, {"a": 3}]
    assert replaced.notes == ["Bytes that are no characters were replaced by “�” in 1 lines."]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_file_is_read_in_the_encoding_that_is_chosen(read: Read, encoding: str) -> None:
    text = {"cp1251": "Привет", "gb18030": "你好", "big5": "你好", "shift_jis": "こんにちは", "euc_kr": "안녕"}
    rows = [{"a": text.get(encoding, "café"), "n": n} for n in range(20_000)]  # more than one block
    content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode(encoding)
    assert read(content, encoding=encoding).values == rows


def test_a_byte_that_the_chosen_encoding_does_not_have_costs_its_line(read: Read) -> None:
    content = b'{"a": "\x93caf\xe9\x94"}\n{"a": "\x81"}\n{"a": 3}\n'
    found = read(content, encoding="windows-1252")
    assert found.values == [{"a": "“café”"}, {"a": 3}]
    assert found.reasons == [(2, "encoding")]
    assert found.bad[0].message == "A byte is no character of cp1252."
    assert read(content, encoding="cp1252", replace_invalid=True).values[1] == {"a": "�"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-32-be"])
def test_a_broken_character_of_a_wide_encoding_costs_its_line_and_not_the_file(read: Read, encoding: str) -> None:
    whole = '{"a": "one"}\n{"a": "two"}\n'.encode(encoding)
    found = read(whole + b"\x00\x00\x11\x00\x11"[: 2 * len("a".encode(encoding)) - 1], encoding=encoding)
    assert found.values == [{"a": "one"}, {"a": "two"}]
    assert [row.line for row in found.bad] == [3]


def test_a_character_may_lie_where_the_first_look_ends(read: Read) -> None:
    text = '{"a": "' + "x" * (HEAD // 2 - 9) + "😀" * 3 + '"}\n'
    assert read(codecs.BOM_UTF16_LE + text.encode("utf-16-le"), encoding="utf-16").values == [json.loads(text)]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_the_wrong_wide_encoding_is_told_and_one_without_a_mark_is_read(read: Read, encoding: str) -> None:
    for mark in (b"", codecs.BOM_UTF8):
        with pytest.raises(ConfigError, match="The file begins with"):
            read(mark + b'{"a": "one"}\n', "a", encoding=encoding)
    for order in ("le", "be"):
        assert read('{"a": "one"}\n'.encode(f"{encoding}-{order}"), encoding=encoding).values == [{"a": "one"}]


def test_an_encoding_that_is_none_is_refused(read: Read) -> None:
    for name in ("utf-9", "rot13", "base64", "é", "idna", "punycode"):
        with pytest.raises(ConfigError, match="is no encoding of texts"):
            read(b"{}\n", encoding=name)


def test_an_encoding_is_guessed_for_what_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for content, guess in (
        ("“café”".encode("cp1252"), "cp1252"),
        ("caf\xe9\x81".encode("latin-1"), "latin-1"),
        ("é".encode("utf-16"), "utf-16"),
    ):
        path.write_bytes(content)
        assert guess_encoding(path) == guess


NUMBERED = [{"n": n, "text": 'a "quoted" \\ [bracket} é'} for n in range(5)]


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.txt"])
@pytest.mark.parametrize(
    "text",
    [
        json.dumps(NUMBERED),
        json.dumps(NUMBERED, indent=2),
        "\n\n" + json.dumps(NUMBERED, ensure_ascii=False) + "\n\n",
        "[\n" + ",\n".join(map(json.dumps, NUMBERED)) + "\n]\n",
        "\n".join(json.dumps(row, indent=4) for row in NUMBERED),
        ",\n".join(json.dumps(row, indent=None) for row in NUMBERED[:0]) + json.dumps(NUMBERED[0], indent=1),
        "".join(json.dumps(row) + "\n" for row in NUMBERED),
    ],
)
def test_json_is_read_however_it_is_laid_out_and_named(read: Read, text: str, name: str) -> None:
    found = read(text.encode(), name)
    assert found.values in (NUMBERED, NUMBERED[:1])
    assert not found.bad
    assert len(found.values) == text.count('"n"')


def test_rows_of_a_document_know_the_line_in_which_they_begin(read: Read) -> None:
    found = read(b'[\n  {\n    "a": 1\n  },\n  {"a": 2}, {"a": 3}\n]')
    assert found.rows == [(2, {"a": 1}), (5, {"a": 2}), (5, {"a": 3})]
    assert found.notes == ["It is a JSON list, not one object a line."]


def test_a_bad_object_in_a_list_costs_itself(read: Read) -> None:
    found = read(b'[{"a": 1},\n {"a":\n   nope},\n 7, "x", [1],\n {"a": 1, "a": 2}, {"a": 5}]')
    assert found.values == [{"a": 1}, {"a": 5}]
    assert [(b.line, b.column, b.reason) for b in found.bad] == [
        (3, 4, "not_json"),
        (4, 3, "not_json"),
        (4, 10, "not_object"),
        (5, 11, "duplicate_key"),
    ]


def test_a_list_without_its_end_gives_what_is_there_and_says_so(read: Read) -> None:
    found = read(b'[{"a": 1}, {"a": 2}, {"a": "th')
    assert found.values == [{"a": 1}, {"a": 2}]
    assert found.reasons == [(1, "cut_off")]
    assert "may be truncated" in found.bad[0].message
    assert any("no end" in note for note in read(b'[{"a": 1}, {"a": 2}').notes)


@given(st.lists(st.dictionaries(st.text("a\"\\{}[]:, \n'é"), st.text("a\"\\{}[]:, \n'é")), max_size=6), st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_brackets_and_quotes_in_texts_do_not_split_a_document(
    tmp_path: Path, rows: list[dict[str, str]], data: st.DataObject
) -> None:
    path = tmp_path / "a.json"
    indent = data.draw(st.sampled_from([None, 0, 1]))
    path.write_text(json.dumps(rows, indent=indent, ensure_ascii=data.draw(st.booleans())), encoding="utf-8")
    assert Result(path).values == rows


def test_objects_that_lie_across_blocks_are_whole(read: Read) -> None:
    rows = [{"n": n, "text": '\\"[{' * (BLOCK // 16)} for n in range(12)]
    assert read(json.dumps(rows).encode(), "a.json").values == rows
    assert read("".join(json.dumps(row) + "\n" for row in rows).encode()).values == rows


def test_a_line_beyond_the_limit_is_left_out_and_its_neighbours_are_not(read: Read) -> None:
    long = b'{"a": "' + b"x" * 3 * BLOCK + b'"}'
    limits = Limits(line_bytes=2 * BLOCK)
    found = read(b'{"a": 1}\n' + long + b'\n{"a": 3}\n' + long, limits=limits)
    assert found.values == [{"a": 1}, {"a": 3}]
    assert found.reasons == [(2, "too_long"), (4, "too_long")]
    assert len(found.bad[0].excerpt) == 120
    assert "2 MB (IMPORT_MAX_LINE_MB)" in found.bad[0].message
    document = read(b'[{"a": 1},\n' + long + b',{"a": 3}]', limits=limits)
    assert (document.values, document.reasons) == ([{"a": 1}], [(2, "too_long")])
    assert "What follows the object in line 2, which is too long, was not read." in document.notes


def test_a_file_beyond_the_limit_is_refused_before_it_is_read(read: Read) -> None:
    with pytest.raises(ConfigError) as caught:
        read(b'{"a": 1}\n' * 300_000, limits=Limits(file_bytes=2_000_000))
    assert caught.value.message == "The file has more than 2 MB."
    assert "IMPORT_MAX_FILE_MB" in caught.value.hint


def test_rows_beyond_the_limit_are_refused(read: Read) -> None:
    assert len(read(b'{"a": 1}\n' * 5, limits=Limits(rows=5)).values) == 5
    with pytest.raises(ConfigError, match="more than 5 rows") as caught:
        read(b'{"a": 1}\n' * 6, limits=Limits(rows=5))
    assert "IMPORT_MAX_ROWS" in caught.value.hint


# -- gzip


def test_each_type_may_be_gzipped(read: Read) -> None:
    line = b'{"a": "1"}\n'
    assert read(gzip.compress(line)).values == [{"a": "1"}]
    assert read(gzip.compress(b"[" + line + b"]"), "a.json.gz").values == [{"a": "1"}]
    assert read(gzip.compress(b"a,b\n1,2\n"), "a.csv.gz").values == [{"a": "1", "b": "2"}]
    assert read(gzip.compress(line * 3) + gzip.compress(line) + b"\0" * 512).values == [{"a": "1"}] * 4


def test_a_gzip_bomb_stops_at_the_limit(read: Read) -> None:
    packed = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    bomb = b"".join(packed.compress(b" " * 10_000_000) for _ in range(20)) + packed.flush()
    assert len(bomb) < 250_000
    with pytest.raises(ConfigError) as caught:
        read(bomb, limits=Limits(file_bytes=5_000_000))
    assert caught.value.message == "The file has more than 5 MB, unpacked."


def test_a_gzip_file_that_is_cut_off_gives_what_was_in_it(read: Read) -> None:
    content = "".join(json.dumps({"n": n, "x": str(hash(n * 7919))}) + "\n" for n in range(5000)).encode()
    packed = gzip.compress(content)
    found = read(packed[: len(packed) // 2])
    assert 1000 < len(found.values) < 4000
    assert [value["n"] for value in found.values] == list(range(len(found.values)))
    assert found.bad[-1].reason == "damaged"
    assert "ends in the middle" in found.bad[-1].message
    broken = bytearray(packed)
    broken[len(packed) // 2 : len(packed) // 2 + 200] = b"\xff" * 200
    assert read(bytes(broken)).bad[-1].reason == "damaged"


# -- types


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (b'{"a": 1}\n{"a": 2}\n', "a.csv", FileType.JSONL),
        (b'[{"a": 1}]', "a.csv", FileType.JSON),
        (b"a,b\n1,2\n3,4\n", "a.jsonl", FileType.CSV),
        (b"a\tb\n1\t2\n", "upload", FileType.CSV),
        (b"text\nhello\n", "a.csv", FileType.CSV),
        (b'oops\n{"a": 1}\n', "a.txt", FileType.JSONL),
        (b"oops\n", "a.jsonl", FileType.JSONL),
        (b"oops\n", "a.json.gz", FileType.JSONL),
        (b"", "a.json", FileType.JSONL),
        (b'[{"role": "user"}]\n[{"role": "user"}]\n', "a.jsonl", FileType.JSONL),
        (b'{"a": "' + b"x" * HEAD + b'"}\n', "a.jsonl", FileType.JSONL),
        (b'{"a": "x",\n{"a": 1}\n', "a.jsonl", FileType.JSONL),
    ],
)
def test_the_type_is_told_by_the_content_and_then_by_the_name(
    read: Read, content: bytes, name: str, expected: FileType
) -> None:
    assert read(content, name).type is expected


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04rest", "a ZIP archive or an Excel sheet"),
        (b"%PDF-1.7", "a PDF"),
        (b"\x28\xb5\x2f\xfd....", "compressed with zstd"),
        (gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0), "gzipped twice"),
        (b"Dear diary,\nit rained.", "begins with “Dear diary,”"),
    ],
)
def test_a_file_of_another_type_is_refused_by_name(read: Read, content: bytes, what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(content, "a.bin")
    assert what in caught.value.message
    assert "JSONL, JSON, CSV or Parquet" in caught.value.hint


def test_a_line_of_a_cell_may_begin_with_a_brace(read: Read) -> None:
    found = read(b'instruction,output\n"Mend:\n{""a"": 1",Done.\n', "a.csv")
    assert found.values == [{"instruction": 'Mend:\n{"a": 1', "output": "Done."}]


def test_an_empty_file_has_no_rows(read: Read) -> None:
    for content in (b"", b"\n\n", codecs.BOM_UTF8, b"[]", b"[ ]\n", gzip.compress(b"")):
        found = read(content)
        assert (found.values, found.bad) == ([], [])


def test_a_file_that_is_not_there_or_not_readable_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="There is no file"):
        open_reader(tmp_path / "a.jsonl")
    with pytest.raises(ConfigError, match="cannot be read"):
        open_reader(tmp_path)


def test_a_beginning_is_read_without_its_broken_end(read: Read) -> None:
    line = b'{"a": "' + b"x" * 90 + b'"}\n'
    part = read(line * 20_000, most_bytes=100_000)
    assert (len(part.values), part.bad, part.is_whole) == (100_000 // len(line), [], False)
    document = read(b"[" + line.replace(b"\n", b",") * 20_000 + b"{}]", most_bytes=100_000)
    assert (len(document.values), document.bad, document.is_whole) == (100_000 // len(line), [], False)
    assert document.notes == ["It is a JSON list, not one object a line."]
    assert read(line, most_bytes=100_000).is_whole


def test_the_position_goes_from_the_start_to_the_size(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": 1}\n' * 400_000)
    with open_reader(path) as reader:
        positions = [reader.position for _ in reader]
        assert positions == sorted(positions)
        assert 0 < positions[0] < reader.size // 2
        assert positions[-1] == reader.size
