"""The commands of a judge: what they say to people and to machines, and how they end."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from synthgen_core.cli import main
from synthgen_core.settings import Settings
from synthgen_core.workspace import open_workspace
from tests.core.actions.curating import add
from tests.core.actions.test_judging import worth
from tests.support.server import Act, ModelServer


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with the dataset “one”: three examples that say what they are worth."""
    folder = tmp_path / "data"
    with closing(open_workspace(Settings(data_dir=folder))) as workspace:
        add(workspace, worth(8, 3, 6), "one")
    return folder


def arguments(command: str, server: ModelServer, data: Path, *further: str) -> list[str]:
    model = ["--provider", "openai", "--model", "m", "--base-url", server.url]
    return [command, "one", *model, "--data-dir", str(data), *further]


def run(
    command: str, server: ModelServer, data: Path, capsys: pytest.CaptureFixture[str], *further: str
) -> tuple[int, Any]:
    code = main([*arguments(command, server, data, *further), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_judge_says_how_many_have_a_score_and_the_mean(
    server: ModelServer, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = run("judge", server, data, capsys, "--runs", "2")
    assert (code, found["status"], found["scored"], found["failed"]) == (0, "completed", 3, 0)
    assert (found["average"], found["calls"], found["result_id"]) == (5.667, 6, None)
    assert main(arguments("judge", server, data, "--again")) == 0
    assert "3 of 3 examples have a score, completed. Mean score: 5.67 of 10." in capsys.readouterr().out
    code, found = run("judge", server, data, capsys)
    assert (code, found["status"]) == (2, "error")
    assert "All 3 examples have a score" in found["detail"]


def test_quality_makes_a_dataset_and_writes_it_where_it_was_asked_to(
    server: ModelServer, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "better.jsonl"
    asked = ["--min-quality-score", "7", "--auto-fix", "--auto-remove", "--batch-size", "2", "--out", str(out)]
    code, found = run("quality", server, data, capsys, *asked)
    assert (code, found["kept"], found["fixed"], found["removed"], found["file"]) == (0, 1, 2, 0, str(out))
    assert out.read_bytes() == (data / "datasets" / "one_improved.jsonl").read_bytes()
    assert main(arguments("quality", server, data, "--min-quality-score", "9.5", "--auto-remove")) == 0
    said = capsys.readouterr().out
    assert "0 kept, 0 mended, 3 removed." in said
    assert "one_improved_2.jsonl" in said


def test_an_estimate_makes_no_call(server: ModelServer, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run("quality", server, data, capsys, "--auto-fix", "--estimate")
    assert (code, found["examples"], found["calls"], found["cost"]) == (0, 3, 3 + 1 + 1, None)
    assert main(arguments("judge", server, data, "--estimate")) == 0
    assert "About 3 calls" in capsys.readouterr().out
    assert server.calls == []


def test_the_exit_code_says_how_it_ended(server: ModelServer, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server.choose = lambda call: Act(text="no") if "worth 3" in call.words else Act()
    assert run("judge", server, data, capsys)[0] == 3
    server.choose = lambda call: Act(text="no")
    assert run("judge", server, data, capsys, "--again")[0] == 1
    code, found = run("judge", server, data, capsys, "--again", "--max-tokens-total", "10")
    assert (code, found["status"]) == (2, "error")
    assert main(["judge", "one", "--provider", "embedded", "--data-dir", str(data)]) == 2
    assert "no more than a coin" in capsys.readouterr().err


def test_a_judge_that_always_fails_can_be_gone_on_with(
    server: ModelServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(open_workspace(Settings(data_dir=tmp_path))) as workspace:
        add(workspace, worth(*[5] * 30), "one")
    server.choose = lambda call: Act(text="no")
    code, found = run("judge", server, tmp_path, capsys)
    assert (code, found["status"]) == (130, "interrupted")
    assert "judge_fails" in found["errors"]
    server.choose = lambda call: Act()
    assert main(["resume", "latest", "--data-dir", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["average"] == 5.0
