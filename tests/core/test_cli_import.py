"""The command line imports files, says how it went in its exit code, and a kill costs nothing but the time."""

import json
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from synthgen_core.cli import main
from synthgen_core.models import JobStatus
from synthgen_core.settings import ROOT, Settings
from synthgen_core.workspace import open_workspace, tidy
from tests.core.actions.test_imports import chat, jsonl
from tests.core.database.support import active_count

SECONDS = 60.0
DONE, FAILED, USAGE, PARTIAL = 0, 1, 2, 3


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def file(tmp_path: Path, content: bytes, name: str = "a.jsonl") -> str:
    (tmp_path / name).write_bytes(content)
    return str(tmp_path / name)


def run(capsys: pytest.CaptureFixture[str], data: Path, *arguments: str) -> tuple[int, Any]:
    """Exit code and JSON of a command."""
    code = main([*arguments, "--data-dir", str(data), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_the_report_has_lines_shapes_and_the_dataset(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file(tmp_path, jsonl(chat(), "", "nope", {"instruction": "a", "output": "b"}))
    code, report = run(capsys, data, "import", path, "--name", "Mine")
    assert code == PARTIAL
    assert (report["status"], report["dataset"], report["datasets"]) == ("completed", 1, [1])
    assert (report["good"], report["bad"], report["skipped"], report["blank"]) == (2, 1, 1, 1)
    assert report["shapes"] == {"openai_chat": 1, "alpaca": 1}
    [one] = report["imports"]
    assert (one["name"], one["bad_lines"][0]["line"], one["bad_lines"][0]["column"]) == ("Mine", 3, 1)
    assert run(capsys, data, "import", file(tmp_path, jsonl(chat("x")), "b.jsonl"))[0] == DONE


def test_people_read_the_same_and_bad_lines_go_to_a_file(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file(tmp_path, jsonl(chat(), *(f"bad {n}" for n in range(12))))
    table = tmp_path / "bad.csv"
    assert main(["import", path, "--data-dir", str(data), "--bad-lines", str(table)]) == PARTIAL
    shown = capsys.readouterr().out
    assert "a: dataset 1. Lines: 1 good, 12 bad, 0 skipped." in shown
    assert "  line 2, column 1: It is not JSON: it begins with “bad 0”." in shown
    assert "... and 2 more" in shown
    assert len(table.read_text(encoding="utf-8").splitlines()) == 13


def test_all_or_nothing_fails_for_one_bad_line(tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = file(tmp_path, jsonl(chat(), "nope"))
    code, report = run(capsys, data, "import", path, "--all-or-nothing")
    assert (code, report["status"], report["dataset"], report["good"], report["bad"]) == (FAILED, "failed", None, 0, 1)
    assert run(capsys, data, "datasets")[1] == []
    assert main(["import", path, "--all-or-nothing", "--data-dir", str(data)]) == FAILED
    assert "so that nothing was" in capsys.readouterr().out


def test_the_same_content_is_refused_unless_it_is_said_again(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, other = file(tmp_path, jsonl(chat())), file(tmp_path, jsonl(chat("x")), "b.jsonl")
    assert run(capsys, data, "import", path)[0] == DONE
    code, report = run(capsys, data, "import", path)
    assert (code, "already imported" in report["detail"]) == (FAILED, True)
    code, report = run(capsys, data, "import", path, other)
    assert (code, report["datasets"]) == (PARTIAL, [2])
    assert "already imported" in report["refused"][0]["detail"]
    assert run(capsys, data, "import", path, other, "--again", "--together")[1]["good"] == 2


def test_encoding_mapping_and_format_can_be_said(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file(tmp_path, '{"frage": "Größe?", "antwort": "groß"}\n'.encode("latin-1"))
    _, [seen] = run(capsys, data, "import", path, "--preview")
    assert (seen["good"], seen["bad"], seen["encoding_guess"]) == (0, 1, "cp1252")
    more = ["--encoding", "latin-1", "--map", "instruction=frage", "--map", "output=antwort", "--format", "chat"]
    code, report = run(capsys, data, "import", path, *more)
    assert (code, report["good"], report["shapes"]) == (DONE, 1, {"mapped": 1})
    with closing(open_workspace(Settings(data_dir=data))) as workspace:
        [example] = workspace.database.get_dataset_examples(1)
        assert example.content["messages"][0]["content"] == "Größe?"  # type: ignore[index, call-overload]
    replaced = run(capsys, data, "import", path, *more[2:], "--replace-invalid", "--again")
    assert replaced[1]["imports"][0]["notes"] == ["Bytes that are no characters were replaced by “�” in 1 lines."]
    assert run(capsys, data, "import", path, "--map", "instruction=frage", "--again")[0] == USAGE
    assert run(capsys, data, "import", str(tmp_path / "none.jsonl"))[0] == USAGE


def test_scan_imports_what_is_new_in_the_folder(tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "datasets").mkdir(parents=True)
    (data / "datasets" / "mine.jsonl").write_bytes(jsonl(chat()))
    code, report = run(capsys, data, "scan")
    assert (code, report["good"], report["imports"][0]["name"]) == (DONE, 1, "mine")
    for _ in range(2):
        code, report = run(capsys, data, "scan")
        assert (code, report["status"], report["datasets"]) == (DONE, "nothing_new", [])


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_a_killed_import_shows_nothing_and_is_done_anew(tmp_path: Path, data: Path) -> None:
    count = 150_000
    path = tmp_path / "many.jsonl"
    with path.open("wb") as out:
        out.writelines(jsonl(chat(f"number {n}")) for n in range(count))
    command = [sys.executable, "-m", "synthgen_core", "import", str(path), "--data-dir", str(data), "--json"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    with process, closing(open_workspace(Settings(data_dir=data))) as workspace:
        end = time.monotonic() + SECONDS
        while not any(job.done for job in workspace.database.get_jobs()):
            assert time.monotonic() < end
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    with closing(open_workspace(Settings(data_dir=data))) as workspace:
        [job] = workspace.database.get_jobs()
        assert (job.status, 0 < job.done < count) == (JobStatus.INTERRUPTED, True)
        assert workspace.database.get_datasets() == []
        assert workspace.database.get_totals()["examples"] == 0
        tidy(workspace)
        assert list((data / "datasets").iterdir()) == []
    resumed = subprocess.run(
        [*command[:3], "resume", "latest", *command[5:]], cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=SECONDS
    )
    report = json.loads(resumed.stdout)
    assert (report["status"], report["good"], len(report["datasets"])) == ("completed", count, 1)
    with closing(open_workspace(Settings(data_dir=data))) as workspace:
        [dataset] = workspace.database.get_datasets()
        assert dataset.example_count == active_count(workspace.database, dataset.id) == count
        assert workspace.mirror.is_equal(dataset.id, dataset.file_path)
        assert len(list((data / "datasets").iterdir())) == 1
