"""The command line takes datasets out: it says first what is lost, and writes all of it or nothing."""

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
from synthgen_core.settings import Settings
from synthgen_core.workspace import open_workspace
from tests.core.actions.exporting import everything, fill, mixed
from tests.core.targets.support import said as chat

ROOT = Path(__file__).parents[2]
DONE, FAILED, USAGE = 0, 1, 2


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with the dataset “Returns”, number 1."""
    with closing(open_workspace(Settings(data_dir=tmp_path / "data"))) as workspace:
        mixed(workspace)
    return tmp_path / "data"


def run(data: Path, *command: str) -> int:
    return main([*command, "--data-dir", str(data)])


def said(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_without_a_path_it_only_says_what_would_be_written(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(data, "export", "returns", "--target", "alpaca") == DONE
    text = capsys.readouterr().out
    assert "Alpaca: 10 of 12 matching examples, 10 rows" in text
    assert "Left out: 2" in text
    assert "1 x " in text
    assert "Written" not in text


def test_an_export_is_written_verified_and_told(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "a.jsonl")
    command = ("export", "1", "--target", "alpaca", "--strategy", "per-turn", "--out", out)
    assert run(data, *command) == DONE
    assert f"Written: {out}, verified 12 of 12." in capsys.readouterr().out
    assert run(data, *command, "--json") == USAGE
    assert "is there already" in said(capsys)["detail"]
    assert run(data, *command, "--json", "--overwrite") == DONE
    report = said(capsys)
    assert (report["status"], report["rows"], report["verified"], report["left_out"]) == ("written", 12, 12, 1)


def test_what_a_target_refuses_stops_the_export_with_reasons(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("export", "1", "--target", "unsloth", "--out", str(tmp_path / "a.jsonl"))
    assert run(data, *command, "--json") == USAGE
    report = said(capsys)
    assert report["status"] == "refused"
    assert {refusal["reason"] for refusal in report["refusals"]} == {"unknown_role", "not_plain"}
    assert run(data, *command) == USAGE
    assert "Nothing was written. Unsloth-safe refuses 1 of 12" in capsys.readouterr().out
    assert not list(tmp_path.glob("a*"))
    assert run(data, *command, "--skip-invalid") == DONE


def test_an_export_is_written_again_from_its_manifest(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, again = tmp_path / "first", tmp_path / "again"
    command = ("export", "1", "--target", "hugging-face", "--licence", "mit", "--split", "60/20/20", "--seed", "4")
    assert run(data, *command, "--out", str(first)) == DONE
    assert run(data, "export", "--from-manifest", str(first / "manifest.json"), "--out", str(again)) == DONE
    assert everything(first) == everything(again)
    assert "verified 12 of 12" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "detail"),
    [
        (("export",), "Which dataset"),
        (("export", "9"), "There is no dataset 9"),
        (("export", "1", "--target", "shargpt"), "There is no export target “shargpt”"),
        (("export", "1", "--strategy", "join"), "There is no strategy “join”"),
        (("export", "1", "--status", "odd"), "There is no status “odd”"),
        (("export", "1", "--split", "80/30"), "makes 110 %"),
        (("export", "1", "--version", "3"), "has no version 3"),
        (("export", "--from-manifest", "m.json"), "Where the export is to be written"),
    ],
)
def test_wrong_input_is_told_with_the_value(
    data: Path, capsys: pytest.CaptureFixture[str], command: tuple[str, ...], detail: str
) -> None:
    assert run(data, *command, "--json") == USAGE
    assert detail in said(capsys)["detail"]


def test_a_split_that_is_no_numbers_is_wrong_usage(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run(data, "export", "1", "--split", "most/rest")
    assert caught.value.code == USAGE
    assert "“most/rest” is no split" in capsys.readouterr().err


def test_verify_says_that_all_agree_or_what_differs(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(data, "export", "1", "--out", str(tmp_path / "a.jsonl")) == DONE
    manifest = str(tmp_path / "a.jsonl.manifest.json")
    assert run(data, "verify", "Returns", "--manifest", manifest) == DONE
    assert capsys.readouterr().out.endswith("All agree.\n")
    (tmp_path / "a.jsonl").write_text("{}\n")
    assert run(data, "verify", "1", "--manifest", manifest, "--json") == FAILED
    report = said(capsys)
    assert report["status"] == "differs"
    assert "is not what was written" in report["differences"][0]


def test_a_kill_in_the_middle_leaves_the_old_file_whole_and_the_next_run_goes_through(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    with closing(open_workspace(settings)) as workspace:
        fill(workspace, [chat(f"{n} " + "word " * 200, "answer " * 200) for n in range(4000)], name="Large")
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "a.csv").write_text("old")
    command = [sys.executable, "-m", "synthgen_core", "export", "1", "--target", "csv", "--overwrite"]
    command += ["--out", str(folder / "a.csv"), "--data-dir", str(settings.data_dir)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and not list(folder.glob(".a.csv*/a.csv")):
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
    assert (folder / "a.csv").read_text() == "old"
    assert not (folder / "a.csv.manifest.json").exists()
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    assert len((folder / "a.csv").read_bytes()) > 4000 * 2000
