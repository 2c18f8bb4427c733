"""Rows as bytes: JSON lines, CSV and Parquet; and that our own readers take them back."""

import csv
import io
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synthgen_core.models import JsonObject
from synthgen_core.readers import Row, open_reader
from synthgen_core.writers import GROUP_ROWS, WRITERS, Csv, JsonLines, Parquet, to_cell

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
CALL: JsonObject = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a": 1}'}}


def written(file_type: str, rows: list[JsonObject], columns: dict[str, str]) -> bytes:
    sink = io.BytesIO()
    writer = WRITERS[file_type](sink, columns)
    for row in rows:
        writer.write(row)
    writer.close()
    return sink.getvalue()


def read_again(path: Path) -> list[Any]:
    with open_reader(path) as reader:
        found = list(reader)
    assert all(isinstance(row, Row) for row in found), found
    return [row.value for row in found if isinstance(row, Row)]


def test_json_lines_are_utf_8_without_bom_letters_as_letters_and_a_newline_after_each() -> None:
    rows: list[JsonObject] = [{"a": "größe 请"}, {"b": "line\u2028end"}]
    assert written("jsonl", rows, {}) == '{"a":"größe 请"}\n{"b":"line\u2028end"}\n'.encode()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\tx", "\rx", "'=1", "''=1"])
def test_a_cell_that_a_spreadsheet_would_run_begins_with_an_apostrophe(text: str) -> None:
    assert to_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["a=1", "'tis", " =1", "1-2", "''", ""])
def test_a_cell_that_is_just_text_stays_as_it_is(text: str) -> None:
    assert to_cell(text) == text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5))
def test_csv_comes_back_through_our_reader_as_it_was(tmp_path: Path, texts: list[tuple[str, str]]) -> None:
    rows: list[JsonObject] = [{"instruction": a or "-", "output": b or "="} for a, b in texts]
    path = tmp_path / "a.csv"
    path.write_bytes(written("csv", rows, {"instruction": "text", "output": "text"}))
    assert read_again(path) == rows


def test_csv_has_whole_texts_nested_values_as_json_and_nothing_for_what_is_absent() -> None:
    long = "x" * 100_000 + '\n"quoted", and more'
    rows: list[JsonObject] = [{"a": long, "b": [1, {"c": "é"}]}, {"a": "short", "c": {}}]
    text = written("csv", rows, dict.fromkeys("abc", "json")).decode()
    assert list(csv.reader(io.StringIO(text, newline=""))) == [
        ["a", "b", "c"],
        [long, '[1,{"c":"é"}]', ""],
        ["short", "", "{}"],
    ]


def test_parquet_has_a_fixed_struct_for_messages_and_reads_back_equal(tmp_path: Path) -> None:
    rows: list[JsonObject] = [
        {"messages": [{"role": "user", "content": "请"}, {"role": "assistant", "content": None, "tool_calls": [CALL]}]},
        {"messages": [{"role": "tool", "content": "x", "tool_call_id": "c1"}], "metadata": {"n": 1}},
        {"messages": [{"role": "user", "content": "x"}], "history": [["a", "b"]]},
    ]
    columns = {"messages": "messages:role,content,tool_calls,tool_call_id", "history": "pairs", "metadata": "json"}
    path = tmp_path / "a.parquet"
    path.write_bytes(written("parquet", rows, columns))
    schema = pyarrow.parquet.read_schema(path)
    message = schema.field("messages").type.value_type
    assert [field.name for field in message] == ["role", "content", "tool_calls", "tool_call_id"]
    assert str(schema.field("metadata").type) == "string"
    again = read_again(path)
    assert again[0] == rows[0]
    assert again[1] == rows[1] | {"metadata": '{"n":1}'}
    assert again[2] == rows[2]


def test_parquet_is_written_in_groups_of_bounded_size(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(written("parquet", [{"a": "x"}] * (GROUP_ROWS + 1), {"a": "text"}))
    groups = pyarrow.parquet.ParquetFile(path).metadata
    assert [groups.row_group(n).num_rows for n in range(groups.num_row_groups)] == [GROUP_ROWS, 1]


@pytest.mark.parametrize("writer", [JsonLines, Csv, Parquet])
def test_the_same_rows_are_the_same_bytes(writer: Any) -> None:
    def once() -> bytes:
        sink = io.BytesIO()
        target = writer(sink, {"a": "text", "b": "json"})
        for n in range(3000):
            target.write({"a": f"text {n}" * 20, "b": {"n": n}})
        target.close()
        return sink.getvalue()

    assert once() == once()


def test_rows_are_handed_on_before_the_end() -> None:
    sink = io.BytesIO()
    writer = JsonLines(sink, {})
    row: JsonObject = {"a": "x" * 1000}
    for _ in range(1000):
        writer.write(row)
    assert len(sink.getvalue()) > 0.8 * 1000 * len(orjson.dumps(row))
