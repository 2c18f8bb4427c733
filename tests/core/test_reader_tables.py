"""Tables of CSV and Parquet are read cell by cell: quotes, line breaks, delimiters, nested values, odd types."""

import csv
import datetime
import gzip
import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synthgen_core.errors import ConfigError
from synthgen_core.models import JsonObject
from synthgen_core.readers import FileType, Limits
from synthgen_core.writers import to_cell
from tests.core.test_readers import Result

Read = Callable[..., Result]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read(content: bytes, name: str = "a.csv", **options: Any) -> Result:
        path = tmp_path / "file"
        path.write_bytes(content)
        return Result(path, name=name, **options)

    return read


def parquet(rows: list[dict[str, Any]], **options: Any) -> bytes:
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), file, **options)
    return file.getvalue()


# -- CSV


def test_cells_hold_quotes_delimiters_and_line_breaks(read: Read) -> None:
    content = b'instruction,output\n"Say ""hi"", please","one\ntwo\r\nthree"\n plain , x \n'
    found = read(content)
    assert found.rows == [
        (2, {"instruction": 'Say "hi", please', "output": "one\ntwo\r\nthree"}),
        (5, {"instruction": " plain ", "output": " x "}),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_delimiter_is_told_by_the_header(read: Read, delimiter: str, end: str) -> None:
    lines = [["q", "a", "c"], ["one, two; three", "x", "y"], ["tab\there", "é", "z"]]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(lines)
    assert read(text.getvalue().encode()).values == [
        {"q": "one, two; three", "a": "x", "c": "y"},
        {"q": "tab\there", "a": "é", "c": "z"},
    ]


def test_a_byte_order_mark_is_not_part_of_the_first_name(read: Read) -> None:
    found = read(b"\xef\xbb\xbfq,a\n1,2\n")
    assert found.values == [{"q": "1", "a": "2"}]
    assert found.notes == ["A byte order mark (BOM) at the start was dropped."]


def test_an_empty_cell_is_left_out_and_a_blank_line_is_counted(read: Read) -> None:
    found = read(b"q,a\n\n1,\n,2\n\n")
    assert (found.values, found.blank) == ([{"q": "1"}, {"a": "2"}], 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"q,,a\n1,2,3\n", "Column 2 of the CSV file has no name."),
        (b"q,a,q\n1,2,3\n", "Two columns of the CSV file are called “q”."),
        (b'q,"a\n1,2\n', "The header of the CSV file cannot be read"),
    ],
)
def test_a_header_is_needed(read: Read, content: bytes, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(content)
    assert message in caught.value.message


def test_a_bad_record_costs_itself(read: Read) -> None:
    found = read(b'q,a\n1,2,3\n4\n"x"y,2\ncaf\xe9,2\nnul\0,2\n5,6\n"7,8\n')
    assert found.values == [{"q": "5", "a": "6"}]
    assert found.reasons == [(2, "cells"), (3, "cells"), (4, "quotes"), (5, "encoding"), (6, "nul"), (8, "cut_off")]
    assert found.bad[0].message == "It has 3 cells, and the header 2."
    assert (found.bad[3].message, found.bad[3].column) == ("Byte 4 (0xE9) is not UTF-8.", 4)
    assert found.bad[5].excerpt == '"7,8'
    replaced = read(b"q,a\ncaf\xe9,2\n", replace_invalid=True)
    assert replaced.values == [{"q": "caf�", "a": "2"}]
    assert len(replaced.notes) == 1


def test_cells_of_any_length_are_read_up_to_the_limit(read: Read) -> None:
    row = f'"{"x" * 200_000}\n{"y" * 100_000}",2\n'
    assert len(read(f"q,a\n{row}".encode()).values[0]["q"]) == 300_001
    limited = read(f"q,a\n{row}3,4\n".encode(), limits=Limits(line_bytes=250_000))
    assert limited.values[-1:] == [{"q": "3", "a": "4"}]
    assert limited.reasons[0] == (2, "too_long")


@given(st.lists(st.tuples(*[st.text(st.sampled_from("'=+-@\t\r\n\",;aé"), min_size=1)] * 2), min_size=1, max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_our_export_neutralised_comes_back_as_it_was(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["q", "a"])
    writer.writerows([[to_cell(cell) for cell in row] for row in rows])
    path = tmp_path / "a.csv"
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    assert Result(path).values == [{"q": q, "a": a} for q, a in rows]


# -- Parquet


def test_nested_columns_are_read_as_they_are(read: Read) -> None:
    rows: list[JsonObject] = [
        {"messages": [{"role": "user", "content": "hé"}, {"role": "assistant", "content": "ho"}], "n": 1},
        {"messages": [{"role": "user", "content": "x"}], "n": 2},
    ]
    found = read(parquet(rows), "anything")
    assert (found.type, found.rows) == (FileType.PARQUET, [(1, rows[0]), (2, rows[1])])


def test_null_fields_of_a_struct_are_absent_but_for_a_message_s_content(read: Read) -> None:
    call = {"role": "assistant", "content": None, "name": "x"}
    found = read(parquet([{"messages": [{"role": "user", "content": "hi", "name": None}, call], "tools": None}]))
    assert found.values == [{"messages": [{"role": "user", "content": "hi"}, call]}]


def test_other_types_are_text_or_an_error_of_their_row(read: Read) -> None:
    day = datetime.date(2026, 11, 22)
    assert read(parquet([{"a": day, "b": Decimal("1.50"), "c": 2.5, "d": True}])).values == [
        {"a": "2026-11-22", "b": "1.50", "c": 2.5, "d": True}
    ]
    odd = read(parquet([{"a": b"\xff", "b": 1.0}, {"a": None, "b": float("nan")}, {"a": None, "b": 2.0}]))
    assert (odd.values, odd.reasons) == ([{"b": 2.0}], [(1, "not_json"), (2, "nan")])
    assert odd.bad[0].message == "“a” holds bytes, not text."
    assert read(parquet([{"a": "x\0y"}])).reasons == [(1, "nul")]


def test_a_table_may_be_gzipped_and_have_many_row_groups(read: Read) -> None:
    rows = [{"n": n, "text": f"number {n}"} for n in range(5000)]
    content = parquet(rows, row_group_size=700)
    assert read(content).values == read(gzip.compress(content)).values == rows


def test_a_damaged_table_is_refused(read: Read) -> None:
    content = parquet([{"n": n} for n in range(1000)])
    for broken in (content[:-20], content[:8], b"PAR1" + b"\0" * 200 + b"PAR1"):
        with pytest.raises(ConfigError, match="damaged"):
            read(broken)


def test_a_table_beyond_a_limit_is_refused_or_costs_its_row(read: Read) -> None:
    rows = [{"text": "x" * n} for n in (10, 300_000, 20)]
    with pytest.raises(ConfigError, match="MB unpacked"):
        read(parquet([{"text": str(n) * 100} for n in range(20_000)]), limits=Limits(file_bytes=1_000_000))
    found = read(parquet(rows), limits=Limits(line_bytes=100_000))
    assert (len(found.values), found.reasons) == (2, [(2, "too_long")])
    with pytest.raises(ConfigError, match="more than 2 rows"):
        read(parquet(rows), limits=Limits(rows=2))


def test_the_beginning_of_a_table_is_told_to_be_that(read: Read) -> None:
    content = parquet([{"text": f"{n}" * 50} for n in range(20_000)])
    part = read(content, most_bytes=100_000)
    assert 0 < len(part.values) < 20_000
    assert not part.is_whole
    assert read(content[:], most_bytes=10**9).is_whole
