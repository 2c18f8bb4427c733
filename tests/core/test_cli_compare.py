"""``compare`` says who won how often, and everything that limits what that says."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from synthgen_core.actions.rubrics import save_rubric
from synthgen_core.cli import main
from synthgen_core.settings import Settings
from synthgen_core.workspace import open_workspace
from tests.core.actions.curating import add, chat
from tests.support.pair_judge import prefer
from tests.support.replies import MODEL
from tests.support.server import Act, ModelServer

GOOD = "helpful"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(prefer(GOOD)) as running:
        yield running


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with “one”, which is better, and “other”, each of four examples."""
    folder = tmp_path / "data"
    with closing(open_workspace(Settings(data_dir=folder))) as workspace:
        for name, answer in (("one", GOOD), ("other", "so")):
            add(workspace, [chat(f"Question {n}?", f"{answer} {n}.") for n in range(4)], name)
        save_rubric(workspace, "Kindness", [{"label": "Tone", "question": "Is it kind?", "weight": 1}])
    return folder


def run(data: Path, server: ModelServer, *arguments: str) -> int:
    asked = ["--provider", "openai", "--base-url", server.url, "--model", MODEL]
    return main(["compare", *arguments, *asked, "--data-dir", str(data)])


def test_the_figures_come_with_n_interval_ties_and_failures(
    data: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(data, server, "one", "other", "--pairs", "3", "--seed", "7", "--json") == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (found["status"], found["wins_first"], found["wins_second"]) == ("completed", 3, 0)
    assert (found["ties"], found["failed"], found["same_scenario"], found["by_chance"]) == (0, 0, 3, 0)
    assert (found["win_rate"]["n"], found["win_rate"]["value"], found["seed"]) == (3, 1.0, 7)
    assert found["win_rate"]["low"] < 0.5
    assert found["order_decided"]["value"] == 0
    assert (found["calls"], found["prompt_tokens"], len(found["pairs"])) == (6, 600, 3)


def test_people_read_it_in_words(data: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(data, server, "one", "other", "--rubric", "kindness") == 0
    said = capsys.readouterr().out
    assert "“one” wins 4, “other” wins 0 of 4 pairs." in said
    assert "“one” wins 100.0% (95 %: 51.0% to 100.0%, n = 4) of those decided." in said
    assert "8 calls, 1,200 tokens, cost: unknown" in said
    assert "Is it kind?" in str(server.calls[0].body["messages"][0])


def test_a_failed_pair_makes_it_a_part(data: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.choose = lambda call: Act(text="Hm.") if "Question 2?" in call.words else prefer(GOOD)(call)
    assert run(data, server, "one", "other") == 3
    assert "1 failed" in capsys.readouterr().out


def test_two_examples_can_be_compared(data: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(data, server, "5", "1", "--examples") == 0
    assert "example 5 wins 0, example 1 wins 1 of 1 pairs." in capsys.readouterr().out
    assert run(data, server, "5", "x", "--examples", "--json") == 2
    assert "“x” is no example" in capsys.readouterr().out


def test_the_estimate_makes_no_call(data: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(data, server, "one", "other", "--estimate", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["calls"], told["cost"], server.calls) == (8, None, []), "four pairs are all that there are"


def test_a_paused_comparison_is_resumed_with_more(
    data: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(data, server, "one", "other", "--max-tokens-total", "4000", "--workers", "1") == 3
    assert "resume 1 --max-cost ... (or --max-tokens-total ...)" in capsys.readouterr().out
    assert main(["resume", "1", "--max-tokens-total", "99999", "--data-dir", str(data), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["wins_first"] == 4


def test_what_cannot_be_compared_is_wrong_usage(
    data: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(data, server, "one", "one", "--json") == 2
    assert "Both are dataset" in json.loads(capsys.readouterr().out)["detail"]
