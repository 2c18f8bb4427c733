"""The commands for rules and duplicates say what they found, to people and to machines."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from synthgen_core.cli import main
from synthgen_core.settings import Settings
from synthgen_core.workspace import open_workspace
from tests.core.actions.curating import add, chat

ANSWER = "Open Billing, choose the invoice for {} and press Correct; the new one is sent within an hour or so."


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with the dataset “one”: three that are alike, and one with a blank."""
    folder = tmp_path / "data"
    texts = [*(ANSWER.format(name) for name in ("Ann", "Bob", "our Cleo")), "Dear [Name], nobody knows why it is so."]
    with closing(open_workspace(Settings(data_dir=folder))) as workspace:
        add(workspace, [chat("How?", text) for text in texts], "one")
    return folder


def run(data: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code = main([*arguments, "--data-dir", str(data), "--json"])
    return code, json.loads(capsys.readouterr().out)


def say(data: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main([*arguments, "--data-dir", str(data)]) == 0
    return capsys.readouterr().out


def test_the_rules_say_what_they_found(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(data, capsys, "rules", "one")
    assert (code, found["status"], found["read"], found["active"], found["checked"]) == (0, "completed", 4, 4, 4)
    assert found["flags"] == {"duplicate": {"warning": 2}, "placeholder": {"error": 1}}
    assert (found["mean_score"], found["scores"][0]) == (7.75, {"score": 5.0, "examples": 1})
    said = say(data, capsys, "rules", "one", "--rule", "placeholder")
    assert "have read 4 examples" in said
    assert "placeholder" in said


def test_a_threshold_changes_what_is_found(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(data, capsys, "rules", "one", "--rule", "duplicate", "--threshold", "duplicate=1")
    assert (code, found["flags"], found["mean_score"]) == (0, {}, None)


@pytest.mark.parametrize("asked", [["--threshold", "duplicate"], ["--threshold", "duplicate=7"], ["--rule", "nope"]])
def test_what_no_rule_is_asked_like_is_wrong_usage(
    data: Path, capsys: pytest.CaptureFixture[str], asked: list[str]
) -> None:
    code, found = run(data, capsys, "rules", "one", *asked)
    assert (code, found["status"]) == (2, "error")
    assert found["hint"]


def test_duplicates_are_pairs_with_ids_and_similarity(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(data, capsys, "duplicates", "one", "--threshold", "0.8")
    assert (code, found["searched"], found["clusters"], found["removed"]) == (0, 4, 1, 0)
    assert [(pair["kept"], pair["twin"]) for pair in found["pairs"]] == [(3, 1), (3, 2)]
    assert all(0.8 <= pair["similarity"] < 1 for pair in found["pairs"])
    assert "2 of 4 examples are like others" in say(data, capsys, "duplicates", "one")


def test_a_removal_can_be_taken_back(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, found = run(data, capsys, "duplicates", "one", "--remove", "--keep", "score")
    assert (found["removed"], found["pairs"][0]["kept"]) == (2, 1)
    _, left = run(data, capsys, "duplicates", "one", "--remove")
    assert (left["searched"], left["pairs"], left["batch"]) == (2, [], None)
    code, undone = run(data, capsys, "duplicates", "one", "--undo", found["batch"])
    assert (code, undone["restored"]) == (0, 2)
    assert run(data, capsys, "duplicates", "one")[1]["searched"] == 4
