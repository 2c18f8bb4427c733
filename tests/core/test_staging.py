"""Files that are put in place together, or not at all."""

import contextlib
import hashlib
import os
import resource
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from synthgen_core.errors import ConfigError, DatabaseError
from synthgen_core.staging import Stage, check_place, hash_file, make_room, zip_folder

ROOT = Path(__file__).parents[2]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_files_are_there_together_and_hashed_as_they_lie(tmp_path: Path) -> None:
    with Stage(tmp_path / "data.jsonl", is_folder=False) as stage:
        for name in ("data.jsonl", "data.manifest.json"):
            file = stage.create(name)
            file.write(b"a" * 10)
            file.write(name.encode())
            assert not {"data.jsonl", "data.manifest.json"} & {*names(tmp_path)}
        stage.put_in_place()
    assert names(tmp_path) == ["data.jsonl", "data.manifest.json"]
    for file in stage.files:
        path = tmp_path / file.name
        assert file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest() == hash_file(path)
        assert file.size == path.stat().st_size
        assert path.stat().st_mode & 0o777 == 0o644


def test_an_error_on_the_way_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "data.jsonl").write_text("old")
    with contextlib.suppress(RuntimeError), Stage(tmp_path / "data.jsonl", is_folder=False) as stage:
        stage.create("data.jsonl").write(b"new")
        raise RuntimeError
    assert names(tmp_path) == ["data.jsonl"]
    assert (tmp_path / "data.jsonl").read_text() == "old"


def test_a_folder_takes_the_place_of_an_earlier_one_whole(tmp_path: Path) -> None:
    for content in ("first", "second"):
        with Stage(tmp_path / "out", is_folder=True) as stage:
            stage.create(f"{content}.txt").write(content.encode())
            stage.put_in_place()
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["second.txt"]


FULL = """
import resource, sys
from pathlib import Path
from synthgen_core.errors import DatabaseError
from synthgen_core.staging import Stage
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with Stage(Path(sys.argv[1]), is_folder=True) as stage:
        stage.create("small.txt").write(b"x")
        stage.create("large.txt").write(b"x" * 200_000)
        stage.put_in_place()
except DatabaseError as error:
    print(error.message)
"""


def test_a_full_disk_is_an_error_with_a_remedy_and_leaves_nothing(tmp_path: Path) -> None:
    assert hasattr(resource, "RLIMIT_FSIZE")
    command = [sys.executable, "-c", FULL, str(tmp_path / "out")]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "cannot be written" in said
    assert names(tmp_path) == []


def test_what_is_there_stays_unless_it_may_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("mine")
    with pytest.raises(ConfigError, match="is there already"):
        check_place(tmp_path / "a.jsonl", ["a.jsonl"], is_folder=False, overwrite=False)
    check_place(tmp_path / "a.jsonl", ["a.jsonl"], is_folder=False, overwrite=True)
    with pytest.raises(ConfigError, match="is a folder"):
        check_place(tmp_path, [tmp_path.name], is_folder=False, overwrite=True)


def test_a_folder_with_anything_else_in_it_is_never_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    check_place(folder, ["a"], is_folder=True, overwrite=False)
    folder.mkdir()
    check_place(folder, ["a"], is_folder=True, overwrite=False)
    (folder / "a").write_text("of an export")
    with pytest.raises(ConfigError, match="holds an export"):
        check_place(folder, ["a"], is_folder=True, overwrite=False, ours=["a"])
    check_place(folder, ["a"], is_folder=True, overwrite=True, ours=["a"])
    (folder / "thesis.doc").write_text("somebody's")
    with pytest.raises(ConfigError, match="not of an export"):
        check_place(folder, ["a"], is_folder=True, overwrite=True, ours=["a"])
    with pytest.raises(ConfigError, match="is a file"):
        check_place(folder / "a", ["a"], is_folder=True, overwrite=True)


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseError, match="cannot be written"):
        Stage(tmp_path / "file" / "out", is_folder=True)
    with pytest.raises(DatabaseError, match="cannot be read"):
        hash_file(tmp_path / "absent")


def test_old_rooms_go_when_a_new_one_is_made(tmp_path: Path) -> None:
    old, young = make_room(tmp_path, 60), make_room(tmp_path, 60)
    (old / "a").write_text("")
    os.utime(old, (time.time() - 100, time.time() - 100))
    new = make_room(tmp_path, 60)
    assert names(tmp_path) == sorted([young.name, new.name])


def test_what_a_killed_process_left_half_made_goes_after_a_day(tmp_path: Path) -> None:
    for name, hours in ((".a.csv.x1.tmp", 25), (".a.csv.x2.tmp", 1), (".b.csv.x3.tmp", 25)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - hours * 3600,) * 2)
    with Stage(tmp_path / "a.csv", is_folder=False):
        pass
    assert names(tmp_path) == [".a.csv.x2.tmp", ".b.csv.x3.tmp"]


def test_a_zip_holds_the_folder_whole(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    for name in ("b.jsonl", "a.json"):
        (folder / name).write_text(name * 100)
    zip_folder(folder, tmp_path / "export.zip")
    with zipfile.ZipFile(tmp_path / "export.zip") as archive:
        assert archive.namelist() == ["export/a.json", "export/b.jsonl"]
        assert archive.read("export/a.json").decode() == "a.json" * 100
