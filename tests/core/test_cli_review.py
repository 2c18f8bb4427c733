"""The command on reviews tells how far they are, in words and as JSON."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from synthgen_core.actions.review_edit import decide
from synthgen_core.cli import main
from synthgen_core.reviewing import Actor, Verdict
from synthgen_core.settings import Settings
from synthgen_core.workspace import open_workspace
from tests.core.actions.curating import add, chat


@pytest.fixture
def data(tmp_path: Path) -> str:
    folder = tmp_path / "data"
    with closing(open_workspace(Settings(data_dir=folder))) as workspace:
        dataset_id = add(workspace, [chat(f"q{n}", "a") for n in range(40)], "one")
        ids = [e.id for e in workspace.database.get_dataset_examples(dataset_id)]
        decide(workspace, dataset_id, ids[:35], Verdict.ACCEPT, Actor("ann"))
        decide(workspace, dataset_id, ids[:30], Verdict.ACCEPT, Actor("ben"))
        decide(workspace, dataset_id, ids[28:32], Verdict.REJECT, Actor("ben"))
    return str(folder)


def test_progress_as_json_has_every_figure_with_its_n(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review-progress", "one", "--data-dir", data, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [found[key] for key in ("examples", "reviewed", "accepted", "disputed")] == [40, 35, 31, 4]
    assert found["accept_rate"]["n"] == 31
    assert [each["name"] for each in found["people"]] == ["ann", "ben"]
    equal = found["agreement"]["Verdicts: equal"]
    assert (equal["n"], equal["value"]) == (32, 28 / 32)
    assert found["agreement"]["Scores: Gwet's AC2"]["value"] is None


def test_progress_in_words_says_why_a_figure_is_missing(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review-progress", "1", "--data-dir", data]) == 0
    out = capsys.readouterr().out
    assert "35 of 40 examples are reviewed." in out
    assert "31 accepted, 0 rejected, 4 disputed" in out
    assert "n = 0; shown from 30 on." in out
    assert main(["review-progress", "nobody", "--data-dir", data]) == 2


def test_a_plan_is_made_and_its_state_is_told(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review-plan", "one", "--estimate-within", "0.05", "--seed", "3", "--data-dir", data, "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["aim"], made["target"], made["size"], made["seed"]) == ("estimate", 0.05, 37, 3)
    assert main(["review-progress", "one", "--data-dir", data, "--json"]) == 0
    (plan,) = json.loads(capsys.readouterr().out)["plans"]
    assert plan["id"] == made["id"]
    assert sum(plan["counts"][key] for key in ("accepted", "rejected", "skipped", "disputed", "open")) == 37
    assert (plan["is_complete"], plan["verdict"]) == (False, "")
    assert main(["review-plan", "one", "--at-most", "0.02", "--data-dir", data]) == 0
    assert "All 40 examples" in capsys.readouterr().out
    assert main(["review-progress", "one", "--data-dir", data]) == 0
    out = capsys.readouterr().out
    assert "provisional defect rate: " in out
    assert "who stops as soon as the figure looks good" in out


def test_a_plan_without_a_share_is_refused(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review-plan", "one", "--at-most", "2", "--data-dir", data]) == 2
    assert "Give a share between 0 and 1" in capsys.readouterr().err
