"""The command line chooses how examples are made."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from synthgen_core.cli import main
from synthgen_core.settings import Settings
from synthgen_core.workspace import open_workspace
from tests.support.replies import MODEL
from tests.support.reviews import review
from tests.support.server import ModelServer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    """The settings of this process name it."""
    with ModelServer(models=(MODEL, "other")) as running:
        values = {"LLM_PROVIDER": "openai", "OPENAI_BASE_URL": running.url, "OPENAI_MODEL": MODEL}
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        yield running


def generate(data: Path, *more: str) -> int:
    where = ["--domain", "support", "--subdomain", "technical_support", "--data-dir", str(data), "--seed", "5"]
    return main(["generate", *where, "--count", "3", "--json", *more])


def said(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_turn_by_turn_asks_another_model_of_the_same_server(
    tmp_path: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate(tmp_path, "--method", "turn_by_turn", "--assistant-model", "other") == 0
    assert said(capsys)["generated"] == 3
    asked = [call.body["model"] for call in server.calls]
    assert asked.count(MODEL) == asked.count("other") >= 3


def test_turn_by_turn_asks_another_provider(
    tmp_path: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(models=("answerer",)) as assistant:
        named = ["--assistant-provider", "anthropic", "--assistant-model", "answerer"]
        address = ["--assistant-base-url", assistant.root]
        assert generate(tmp_path, "--method", "turn_by_turn", *named, *address) == 0
        assert said(capsys)["calls"] == len(server.calls) + len(assistant.calls)
        assert len(assistant.calls) == len(server.calls) >= 3


def test_the_question_bank_can_be_chosen_for_any_model(
    tmp_path: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate(tmp_path, "--method", "question_bank") == 0
    assert said(capsys)["calls"] >= 3
    assert all("response_format" not in call.body for call in server.calls)


def test_approved_examples_are_shown_and_too_few_are_told(
    tmp_path: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate(tmp_path, "--name", "first") == 0
    first = said(capsys)["dataset"]
    with closing(open_workspace(Settings(data_dir=tmp_path))) as workspace:
        ids = [example.id for example in workspace.database.get_dataset_examples(first)]
        review(workspace.database, ids[:2])
        texts = [example.content["messages"] for example in workspace.database.get_dataset_examples(first)][:2]
    assert generate(tmp_path, "--few-shot-from", str(first), "--few-shot", "4", "--no-cache") == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["generated"] == 3
    assert "only 2 of the 4 approved examples" in printed.err
    for call in server.calls[3:]:
        assert all(json.dumps(messages, ensure_ascii=False) in call.words for messages in texts)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--assistant-model", "other"], "turn by turn only"),
        (["--few-shot-from", "77"], "77"),
        (["--method", "question_bank", "--language", "de"], "English"),
    ],
)
def test_what_does_not_go_together_is_told_and_nothing_is_made(
    tmp_path: Path, server: ModelServer, capsys: pytest.CaptureFixture[str], more: list[str], words: str
) -> None:
    assert generate(tmp_path, *more) == 2
    assert words in said(capsys)["detail"]
    assert not list((tmp_path / "datasets").glob("*"))
    assert server.calls == []


def test_a_way_that_is_none_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        generate(tmp_path, "--method", "magic")
    assert ended.value.code == 2
    assert "turn_by_turn" in capsys.readouterr().err
