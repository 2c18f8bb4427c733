"""The commands that shape datasets: each does what it says, says what it did, and shows it first if asked."""

import json
import os
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
from synthgen_core.settings import Settings
from synthgen_core.workspace import discard_unfinished, open_workspace
from tests.core.actions.curating import add, chat

SECONDS = 60.0


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with two datasets: “one” of ten conversations, “two” of two."""
    folder = tmp_path / "data"
    with closing(open_workspace(Settings(data_dir=folder))) as workspace:
        tones: list[Any] = [{"parameters": {"tone": "calm" if n % 2 else "angry"}} for n in range(10)]
        add(workspace, [chat(f"apple{n} banana{n} cherry{n}", f"yes{n}") for n in range(10)], "one", metadata=tones)
        add(workspace, [chat("apple0 banana0 cherry0", "yes0"), chat("q", "a", "q2", "a2")], "two")
    return folder


def run(data: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code = main([*arguments, "--data-dir", str(data), "--json"])
    return code, json.loads(capsys.readouterr().out)


def say(data: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main([*arguments, "--data-dir", str(data)]) == 0
    return capsys.readouterr().out


def test_a_merge_says_what_it_made(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(data, capsys, "merge", "one", "2", "--name", "both", "--preview")
    assert (code, found["status"], found["total"], found["datasets"][0]["examples"]) == (0, "preview", 12, 12)
    code, report = run(data, capsys, "merge", "one", "2", "--name", "both", "--skip-duplicates")
    assert (code, report["status"], report["left_out"]) == (0, "completed", [{"reason": "repeat", "count": 1}])
    (made,) = report["datasets"]
    assert (made["name"], made["examples"]) == ("both", 11)
    assert len(Path(made["file"]).read_bytes().splitlines()) == 11


def test_a_sample_that_is_too_large_is_done_in_part(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = run(data, capsys, "sample", "one", "--size", "4", "--by", "tone", "--seed", "7")
    assert (code, report["seed"], report["datasets"][0]["examples"]) == (0, 7, 4)
    code, report = run(data, capsys, "sample", "one", "--size", "99")
    assert (code, report["datasets"][0]["examples"]) == (3, 10)
    assert "99 examples were asked for, and there are 10" in report["notes"][0]


def test_a_split_makes_its_parts(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = run(data, capsys, "split", "one", "--shares", "70/20/10", "--seed", "1")
    assert code == 0
    assert [(d["name"], d["examples"]) for d in report["datasets"]] == [
        ("one, train", 7),
        ("one, validation", 2),
        ("one, test", 1),
    ]
    code, report = run(data, capsys, "split", "one", "--shares", "70/20")
    assert (code, report["status"]) == (2, "error")


def test_a_conversion_says_what_is_lost(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = say(data, capsys, "convert", "two", "--to", "instruction", "--preview")
    assert "1 skipped. The conversation goes on after the first answer." in shown
    assert shown.endswith("Nothing was written.\n")
    code, report = run(data, capsys, "convert", "two", "--to", "instruction", "--strategy", "per-turn")
    assert (code, report["conversion"]["written"], report["datasets"][0]["format"]) == (0, 3, "instruction")


def test_a_filter_and_a_deduplication_leave_out_the_rest(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = run(data, capsys, "filter", "one", "--text", "BANANA3", "--parameter", "tone=calm")
    assert (code, report["datasets"][0]["examples"]) == (0, 1)
    assert run(data, capsys, "filter", "one", "--text", "nowhere")[0] == 2
    assert run(data, capsys, "filter", "one", "--parameter", "tone")[0] == 2
    code, merged = run(data, capsys, "merge", "one", "two")
    code, report = run(data, capsys, "dedupe", str(merged["datasets"][0]["id"]))
    assert (code, report["left_out"]) == (0, [{"reason": "repeat", "count": 1}])


def test_versions_are_made_compared_and_restored(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, made = run(data, capsys, "versions", "make", "one", "--name", "raw", "--author", "ann")
    assert (code, made["number"], made["examples"]) == (0, 1, 10)
    with closing(open_workspace(Settings(data_dir=data))) as workspace:
        example = workspace.database.get_dataset_examples(1)[0]
        changed = chat("apple0 banana0 cherry0", "no")
        workspace.database.update_example(example.id, changed, seen_revision=1, author="ann")
    shown = say(data, capsys, "versions", "diff", "one", "1")
    assert "0 added, 0 removed, 1 changed" in shown
    assert "[-yes0-]{+no+}" in shown
    code, restored = run(data, capsys, "versions", "restore", "one", "1", "--author", "ann")
    assert (code, restored["changed"]) == (0, 1)
    code, difference = run(data, capsys, "versions", "diff", "one", "1")
    assert difference["counts"] == {"added": 0, "removed": 0, "changed": 0}
    assert "raw" in say(data, capsys, "versions", "list", "one")
    for wrong in (["diff", "one"], ["restore", "one"], ["restore", "one", "9"], ["list", "three"]):
        assert run(data, capsys, "versions", *wrong)[0] == 2


def test_the_trash_gives_back_and_takes_away(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert say(data, capsys, "trash", "list") == "id  name  examples  deleted (UTC)\n"
    assert "is in the trash" in say(data, capsys, "trash", "put", "one")
    code, report = run(data, capsys, "trash", "list")
    assert (code, report["datasets"]) == (0, [{"id": 1, "name": "one", "examples": 10}])
    assert "is back" in say(data, capsys, "trash", "restore", "1")
    for wrong in (["purge", "1"], ["purge", "one"], ["purge"], ["restore"], ["put", "three"]):
        assert run(data, capsys, "trash", *wrong)[0] == 2
    say(data, capsys, "trash", "put", "one")
    code, report = run(data, capsys, "trash", "purge", "--all", "--older-than", "1")
    assert (code, report["datasets"]) == (0, [])
    assert "gone for good" in say(data, capsys, "trash", "purge", "--all")
    assert not (data / "datasets" / "one.jsonl").exists()
    code, rows = run(data, capsys, "datasets")
    assert [row["name"] for row in rows] == ["two"]


def test_a_merge_that_is_killed_leaves_nothing_and_is_done_anew(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(open_workspace(Settings(data_dir=data))) as workspace:
        add(workspace, [chat(f"question {n}", "x" * 500) for n in range(30_000)], "large")
    command = [sys.executable, "-m", "synthgen_core", "merge", "large", "one", "--data-dir", str(data)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)
    with closing(open_workspace(Settings(data_dir=data))) as watcher:
        end = time.monotonic() + SECONDS
        while not any(job.done for job in watcher.database.get_jobs()):
            assert time.monotonic() < end, "it never began"
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(SECONDS)
        assert watcher.database.count_datasets() == 3, "nobody sees half of it"
    with closing(open_workspace(Settings(data_dir=data))) as workspace:
        (job,) = workspace.database.get_jobs()
        assert job.status is JobStatus.INTERRUPTED
        assert len(discard_unfinished(workspace)) == 1
        assert workspace.database.get_unfinished() == []
        names = sorted(path.name for path in workspace.settings.datasets_dir.iterdir())
        assert names == ["large.jsonl", "one.jsonl", "two.jsonl"]
    code, report = run(data, capsys, "resume", "latest")
    assert (code, report["datasets"][0]["examples"]) == (0, 30_010)
