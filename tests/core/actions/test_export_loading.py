"""What users load our exports with is the judge of them: ``datasets``, ``pyarrow``, and Python's own csv."""

import csv
import importlib
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from synthgen_core.actions.export_plans import ExportRequest
from synthgen_core.actions.exports import write_export
from synthgen_core.workspace import Workspace
from tests.core.actions.exporting import chats, fill, mixed
from tests.core.targets.support import CALL, INSTRUCTION, PAIR, TOOLS, said


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """``datasets.load_dataset``, without a network and with a cache that goes."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = importlib.import_module("datasets")
    datasets.disable_progress_bars()
    return lambda *what, **how: datasets.load_dataset(*what, cache_dir=str(tmp_path / "cache"), **how)


def test_a_hugging_face_folder_is_loaded_with_its_splits(workspace: Workspace, tmp_path: Path, load: Any) -> None:
    request = ExportRequest(fill(workspace, chats(20)), "hugging_face", licence="mit", split=(80, 10, 10))
    write_export(workspace, request, tmp_path / "hub")
    loaded = load(str(tmp_path / "hub"))
    assert {name: len(split) for name, split in loaded.items()} == {"train": 16, "validation": 2, "test": 2}
    message = loaded["train"][0]["messages"][0]
    assert set(message) == {"role", "content"}, "no key that is null in every row"
    assert message["role"] == "user"


def test_calls_of_tools_come_through_parquet_as_lists(workspace: Workspace, tmp_path: Path, load: Any) -> None:
    request = ExportRequest(mixed(workspace), "hugging_face", licence="mit")
    write_export(workspace, request, tmp_path / "hub")
    row = load(str(tmp_path / "hub"), split="train")[-1]
    assert row["messages"][2]["tool_calls"] == [CALL]
    assert row["messages"][3]["tool_call_id"] == "c1"


def test_pairs_and_instructions_are_loaded_as_trl_has_them(workspace: Workspace, tmp_path: Path, load: Any) -> None:
    pairs = fill(workspace, [PAIR], name="Pairs", format_type="preference")
    write_export(workspace, ExportRequest(pairs, "hugging_face", licence="mit"), tmp_path / "pairs")
    assert load(str(tmp_path / "pairs"), split="train")[0] == PAIR
    write_export(workspace, ExportRequest(pairs, "trl_preference"), tmp_path / "pairs.jsonl")
    assert load("json", data_files=str(tmp_path / "pairs.jsonl"), split="train")[0] == PAIR
    sums = fill(workspace, [INSTRUCTION], name="Sums", format_type="instruction")
    write_export(workspace, ExportRequest(sums, "hugging_face", licence="mit"), tmp_path / "sums")
    assert load(str(tmp_path / "sums"), split="train")[0] == INSTRUCTION


@pytest.mark.parametrize("target", ["openai_chat", "sharegpt", "unsloth", "llama_factory"])
def test_json_lines_are_loaded_by_datasets(workspace: Workspace, tmp_path: Path, load: Any, target: str) -> None:
    result = write_export(workspace, ExportRequest(fill(workspace, chats(5)), target), tmp_path / "out")
    path = result.path / "data.jsonl" if result.path.is_dir() else result.path
    assert len(load("json", data_files=str(path), split="train")) == 5


def test_pyarrow_reads_whole_texts_and_metadata(workspace: Workspace, tmp_path: Path) -> None:
    long = "line\r\n" * 5000 + "请"
    dataset_id = fill(workspace, [said(long, "=1+1"), {**said("a", "b"), "tools": TOOLS}])
    write_export(workspace, ExportRequest(dataset_id, "parquet"), tmp_path / "a.parquet")
    first, second = pyarrow.parquet.read_table(tmp_path / "a.parquet").to_pylist()
    assert first["messages"] == said(long, "=1+1")["messages"]
    assert first["tools"] is None
    assert second["tools"].startswith('[{"type":"function"')
    assert '"model":"gemma3:27b"' in second["metadata"]


def test_a_spreadsheet_finds_no_formula_in_csv(workspace: Workspace, tmp_path: Path) -> None:
    contents = [INSTRUCTION | {"instruction": text} for text in ("=1+1", "-5 is what?", "'=quoted", "plain")]
    dataset_id = fill(workspace, contents, format_type="instruction")
    result = write_export(workspace, ExportRequest(dataset_id, "csv"), tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        found = [row["instruction"] for row in csv.DictReader(file)]
    assert found == ["'=1+1", "'-5 is what?", "''=quoted", "plain"]
    assert result.verified == 4


@pytest.mark.parametrize("target", ["csv", "parquet", "jsonl"])
@pytest.mark.parametrize("text", ["[1, 2]", '{"messages": []}', "null", "true", '[{"role": "user"}]', "a\r\nb\rc", "'"])
def test_texts_that_look_like_something_else_come_back_as_texts(
    workspace: Workspace, tmp_path: Path, target: str, text: str
) -> None:
    sums = fill(workspace, [{"instruction": text, "input": text, "output": text}], format_type="instruction")
    assert write_export(workspace, ExportRequest(sums, target), tmp_path / "a").verified == 1
    talks = fill(workspace, [said(text, text)], name="Talks")
    assert write_export(workspace, ExportRequest(talks, target), tmp_path / "b").verified == 1
