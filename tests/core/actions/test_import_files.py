"""Files come from anywhere under any name; what lies in the folder of datasets is imported once, and stays."""

import io
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from synthgen_core.actions.import_files import (
    UPLOAD_SECONDS,
    forget_old_uploads,
    forget_upload,
    keep_upload,
    load_jsonl,
    local_file,
    save_jsonl,
    scan_for_datasets,
)
from synthgen_core.actions.import_previews import preview_import
from synthgen_core.actions.import_runs import ImportOptions
from synthgen_core.actions.imports import ScanReport, scan_at_start, scan_folder, start_import
from synthgen_core.actions.trash import delete_dataset, purge_dataset
from synthgen_core.errors import ConfigError, DatabaseError, InvalidExampleError, NotFoundError
from synthgen_core.models import JsonObject
from synthgen_core.settings import Settings
from synthgen_core.workspace import Workspace, open_workspace
from tests.core.actions.support import SECONDS, add_dataset, files, finish, until
from tests.core.actions.test_imports import chat, jsonl
from tests.core.test_files import full_disk


def uploads(workspace: Workspace) -> list[Path]:
    return sorted(workspace.settings.uploads_dir.glob("*"))


# -- uploads


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\data.jsonl", "data.jsonl"),
        ("CON", "CON"),
        ("x" * 300 + ".jsonl", "x" * 200),
        ("🎉 données.jsonl", "🎉 données.jsonl"),
        ("\u202egpj.\u2066exe\u2069", "gpj.exe"),
        ("\0 a\nb\td", "a b d"),
        ("\ud800", "�"),
        ("..", ".."),
        ("/", "file"),
        ("", "file"),
    ],
)
def test_a_name_is_a_label_and_never_a_path(workspace: Workspace, name: str, label: str) -> None:
    before = set(workspace.settings.data_dir.parent.rglob("*"))
    source = keep_upload(workspace, name, io.BytesIO(jsonl(chat())))
    assert source.label == label
    assert source.facts.path.parent == workspace.settings.uploads_dir
    new = set(workspace.settings.data_dir.parent.rglob("*")) - before
    assert new == {workspace.settings.uploads_dir, source.facts.path}
    job = finish(workspace, start_import(workspace, [source]))
    assert job.dataset_id is not None
    assert workspace.database.get_dataset(job.dataset_id).name
    assert all(path.name.startswith("imported_") for path in files(workspace))


def test_an_upload_never_touches_a_file_of_the_same_name(workspace: Workspace) -> None:
    kept = [keep_upload(workspace, "a.jsonl", io.BytesIO(jsonl(chat(f"{n}")))) for n in range(3)]
    assert len(uploads(workspace)) == 3
    forget_upload(kept[0])
    forget_upload(kept[0])
    assert uploads(workspace) == sorted(source.facts.path for source in kept[1:])


def test_an_upload_beyond_the_limit_leaves_nothing(tmp_path: Path) -> None:
    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return b"x" * max(size, 1)

    with_limit = open_workspace(Settings(data_dir=tmp_path / "data", import_max_file_mb=3))
    with pytest.raises(ConfigError) as caught:
        keep_upload(with_limit, "a", Endless())  # type: ignore[arg-type] # all that is asked of it is read
    assert caught.value.message == "The file has more than 3 MB."
    assert not uploads(with_limit)
    with_limit.close()


def test_a_disk_that_fills_during_an_upload_is_told_and_leaves_nothing(workspace: Workspace) -> None:
    with full_disk(100_000), pytest.raises(DatabaseError) as caught:
        keep_upload(workspace, "a", io.BytesIO(b"x" * 3_000_000))
    assert "The upload cannot be kept" in caught.value.message
    assert not uploads(workspace)


def test_uploads_that_nobody_imports_go_after_a_day(workspace: Workspace) -> None:
    old, new = (keep_upload(workspace, "a", io.BytesIO(jsonl(chat(text)))) for text in "ab")
    then = time.time() - UPLOAD_SECONDS - 10
    os.utime(old.facts.path, (then, then))
    assert forget_old_uploads(workspace) == 1
    assert uploads(workspace) == [new.facts.path]
    assert forget_old_uploads(workspace) == 0


def test_a_user_s_own_file_is_never_deleted(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(jsonl(chat()))
    source = local_file(tmp_path / "a.jsonl")
    assert finish(workspace, start_import(workspace, [source])).done == 1
    forget_upload(source)
    assert (tmp_path / "a.jsonl").read_bytes() == jsonl(chat())
    with pytest.raises(NotFoundError):
        local_file(tmp_path / "b.jsonl")
    with pytest.raises(ConfigError):
        local_file(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are characters")
def test_a_path_that_is_no_text_is_refused_in_words(workspace: Workspace) -> None:
    path = put(workspace, os.fsdecode(b"caf\xe9.jsonl"), jsonl(chat()))
    with pytest.raises(ConfigError, match="bytes that are no characters"):
        local_file(path)
    assert [(name, error.hint) for name, error in scan(workspace).failed] == [("caf�.jsonl", "Rename it.")]


# -- the folder of datasets


def scan(workspace: Workspace) -> ScanReport:
    report = scan_folder(workspace)
    for job in report.started:
        assert workspace.runner.wait(job.id, SECONDS)
    return report


def put(workspace: Workspace, name: str, content: bytes) -> Path:
    workspace.settings.datasets_dir.mkdir(parents=True, exist_ok=True)
    path = workspace.settings.datasets_dir / name
    path.write_bytes(content)
    return path


def test_a_file_in_the_folder_is_imported_once_and_stays(each_workspace: Workspace) -> None:
    workspace = each_workspace
    path = put(workspace, "mine.jsonl", jsonl(chat("1"), chat("2")))
    put(workspace, "table.csv", b"instruction,output\na,b\n")
    assert len(scan(workspace).started) == 2
    assert {d.name: d.example_count for d in workspace.database.get_datasets()} == {"mine": 2, "table": 1}
    assert path.read_bytes() == jsonl(chat("1"), chat("2"))
    assert len(files(workspace)) == 4  # each dataset has a file of its own
    for _ in range(2):
        assert scan(workspace) == ScanReport([], [])
    assert workspace.database.count_datasets() == 2


def test_a_file_that_cannot_be_read_is_tried_once_and_again_when_it_was_changed(each_workspace: Workspace) -> None:
    put(each_workspace, "broken.parquet", b"PAR1" + b"\0" * 100 + b"PAR1")
    assert len(scan(each_workspace).started) + len(scan_folder(each_workspace).failed) == 1
    assert scan(each_workspace).started == []
    put(each_workspace, "broken.parquet", b"PAR1" + b"\1" * 100 + b"PAR1")
    assert len(scan(each_workspace).started) == 1


def test_a_restart_imports_nothing_again_wherever_the_folder_is_named_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stored relative path was once compared with an absolute one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "data")
    for data_dir in (Path("data"), tmp_path / "data", tmp_path / "link", Path("./link/../data")):
        workspace = open_workspace(Settings(data_dir=data_dir))
        if not workspace.database.count_datasets():
            add_dataset(workspace)
            put(workspace, "mine.jsonl", jsonl(chat("1")))
        scan(workspace)
        assert workspace.database.count_datasets() == 2
        workspace.close()


def test_a_file_that_was_changed_or_copied_is_told_by_its_content(workspace: Workspace) -> None:
    put(workspace, "a.jsonl", jsonl(chat("1")))
    assert len(scan(workspace).started) == 1
    put(workspace, "copy.jsonl", jsonl(chat("1")))
    assert scan(workspace).started == []
    put(workspace, "a.jsonl", jsonl(chat("1"), chat("2")))
    assert len(scan(workspace).started) == 1


def test_what_was_deleted_is_not_brought_back(workspace: Workspace) -> None:
    put(workspace, "a.jsonl", jsonl(chat("1")))
    [job] = scan(workspace).started
    dataset_id = workspace.database.get_job(job.id).dataset_id
    assert dataset_id is not None
    delete_dataset(workspace, dataset_id)
    assert scan(workspace).started == []
    purge_dataset(workspace, dataset_id)
    assert scan(workspace).started == []


def test_what_cannot_be_imported_is_told_and_not_tried_for_ever(workspace: Workspace) -> None:
    put(workspace, "bad.jsonl", b"nope\n")
    put(workspace, "utf16.jsonl", '{"a": 1}'.encode("utf-16"))
    put(workspace, "empty.jsonl", b"")
    put(workspace, "notes.md", b"# Notes")
    put(workspace, ".hidden.jsonl", jsonl(chat()))
    report = scan(workspace)
    assert len(report.started) == 1
    assert [(name, "UTF-16" in error.message) for name, error in report.failed] == [("utf16.jsonl", True)]
    assert scan(workspace).started == []
    assert workspace.database.count_datasets() == 0


def test_the_app_s_start_looks_into_the_folder(workspace: Workspace) -> None:
    put(workspace, "a.jsonl", jsonl(chat("1")))
    put(workspace, "utf16.jsonl", '{"a": 1}'.encode("utf-16"))
    scan_at_start(workspace)
    until(lambda: workspace.database.count_datasets() == 1)


def test_data_files_of_a_folder_are_found_by_name(tmp_path: Path) -> None:
    assert scan_for_datasets(tmp_path) == []
    folder = tmp_path / "datasets"
    folder.mkdir()
    for name in ("b.jsonl", "a.JSONL.gz", "c.csv", "d.parquet", "e.txt", ".f.jsonl"):
        (folder / name).touch()
    (folder / "g.jsonl").mkdir()
    assert [path.name for path in scan_for_datasets(tmp_path)] == ["a.JSONL.gz", "b.jsonl", "c.csv", "d.parquet"]


# -- lists of objects


def test_what_is_saved_as_jsonl_loads_equal(tmp_path: Path) -> None:
    rows: list[JsonObject] = [{"a": "é\u2028\n", "b": [1, None, 2.5]}, chat()]
    save_jsonl(tmp_path / "a.jsonl", rows)
    assert load_jsonl(tmp_path / "a.jsonl") == load_jsonl(str(tmp_path / "a.jsonl")) == rows
    assert (tmp_path / "a.jsonl").read_bytes().endswith(b"\n")
    assert "é" in (tmp_path / "a.jsonl").read_text(encoding="utf-8")


def test_a_bad_line_and_a_bad_value_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"a": 1}\n{"a": NaN}\n')
    with pytest.raises(InvalidExampleError) as caught:
        load_jsonl(tmp_path / "a.jsonl")
    assert (caught.value.row, caught.value.column) == (2, 7)
    assert caught.value.message == "Line 2 of a.jsonl: NaN is not JSON."
    (tmp_path / "b.jsonl").write_bytes(b"old\n")
    with pytest.raises(InvalidExampleError, match="Row 2"):
        save_jsonl(tmp_path / "b.jsonl", [{"a": 1}, {"a": float("nan")}])
    assert (tmp_path / "b.jsonl").read_bytes() == b"old\n"


# -- previews


@pytest.fixture
def big(tmp_path: Path) -> Iterator[IO[bytes]]:
    with (tmp_path / "big.jsonl").open("wb") as file:
        file.writelines(jsonl(chat("x" * 2000)) for _ in range(10_000))
    with (tmp_path / "big.jsonl").open("rb") as file:
        yield file


def test_a_preview_of_a_large_file_says_that_it_is_of_its_beginning(workspace: Workspace, big: IO[bytes]) -> None:
    source = keep_upload(workspace, "big.jsonl", big)
    seen = preview_import(workspace, source)
    assert not seen.is_whole
    assert 1000 < seen.rows == seen.good < 10_000
    assert (seen.bad, len(seen.first), seen.format) == (0, 5, "chat")


def test_a_preview_shows_what_is_there_and_what_could_be_chosen(workspace: Workspace, tmp_path: Path) -> None:
    rows = [chat("café"), {"question": "Hi", "reply": "Ho"}, {"prompt": "a", "chosen": "b", "rejected": "c"}]
    content = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode("cp1252")
    (tmp_path / "a.jsonl").write_bytes(content + b'\n\n{"question": "a", "reply": "b"}')
    source = local_file(tmp_path / "a.jsonl")
    seen = preview_import(workspace, source)
    assert seen.is_whole
    assert (seen.rows, seen.good, seen.bad, seen.skipped, seen.blank) == (4, 1, 3, 0, 1)
    assert [(line.line, line.shape) for line in seen.bad_lines] == [(1, ""), (2, ""), (5, "")]
    assert (seen.encoding, seen.encoding_guess) == ("utf-8", "cp1252")
    assert (seen.has_unknown_shape, list(seen.columns)) == (True, ["question", "reply"])
    assert dict(seen.mapping_guess) == {"instruction": "question", "output": "reply"}
    chosen = ImportOptions(encoding="cp1252", mapping=tuple(seen.mapping_guess.items()))
    better = preview_import(workspace, source, chosen)
    assert (better.good, better.bad, better.skipped, better.format) == (3, 0, 1, "chat")
    assert dict(better.shapes) == {"openai_chat": 1, "mapped": 2}
    assert dict(better.formats) == {"chat": 1, "instruction": 2, "preference": 1}
    assert [example.line for example in better.first] == [1, 2, 5]
    assert better.raw_rows[0] == chat("café")
    assert workspace.database.count_datasets() == 0
    job = finish(workspace, start_import(workspace, [source], chosen))
    assert job.done == better.good
