"""The command line caps what a run may cost, and says what was used."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from synthgen_core.cli import main
from tests.support.replies import MODEL
from tests.support.server import Act, ModelServer

MODELS = f'[[openai.models]]\nname = "{MODEL}"\ninput = 1\noutput = 2\n'
PRICE = Decimal("0.0002")
"""Of a call to the model server."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    with ModelServer() as running:
        for name, value in {"LLM_PROVIDER": "openai", "OPENAI_BASE_URL": running.url, "OPENAI_MODEL": MODEL}.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "models.toml").write_text(MODELS, encoding="utf-8")
    return folder


def generate(data: Path, *more: str) -> list[str]:
    where = ["--domain", "support", "--subdomain", "technical_support", "--data-dir", str(data)]
    return ["generate", *where, "--workers", "1", "--seed", "3", *more]


def said(capsys: pytest.CaptureFixture[str]) -> Any:
    """What was printed for machines."""
    return json.loads(capsys.readouterr().out)


def test_a_run_that_reached_its_budget_is_done_in_part_and_goes_on_with_a_higher_one(
    data: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(generate(data, "--count", "20", "--max-tokens-total", "12000", "--json")) == 3
    report = said(capsys)
    assert report["status"] == "interrupted"
    assert 0 < report["generated"] < 20
    assert report["prompt_tokens"] + report["completion_tokens"] <= 12_000
    assert (Decimal(report["cost"]), report["unknown_cost_calls"]) == (report["calls"] * PRICE, 0)
    assert list(report["errors"]) == ["budget"]
    assert main(["resume", "latest", "--data-dir", str(data), "--max-tokens-total", "12300"]) == 3
    out = capsys.readouterr().out
    assert "budget is used up" in out
    assert "resume 1 --max-cost" in out
    assert main(["resume", "latest", "--data-dir", str(data), "--max-tokens-total", "1000000", "--json"]) == 0
    assert said(capsys)["calls"] == len(server.calls) == 20


def test_money_can_be_capped(data: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(generate(data, "--count", "2", "--max-cost", "$5.00")) == 0
    assert "2 calls, 300 tokens, cost: $0.00040" in capsys.readouterr().out
    for wrong in ("0", "-1", "nan"):
        assert main(generate(data, f"--max-cost={wrong}")) == 2
        assert "budget cannot be" in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        main(generate(data, "--max-cost", "much"))
    assert caught.value.code == 2
    assert "no sum of money" in capsys.readouterr().err
    (data / "models.toml").unlink()
    assert main(generate(data, "--max-cost", "5.00")) == 2
    assert "--max-tokens-total" in capsys.readouterr().err


def test_the_list_of_jobs_has_what_they_cost(
    data: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(generate(data, "--count", "3")) == 0
    (data / "models.toml").unlink()
    assert main(generate(data, "--count", "2", "--no-cache")) == 0
    capsys.readouterr()
    assert main(["jobs", "--data-dir", str(data), "--json"]) == 0
    assert [(row["cost"], row["unknown_cost_calls"]) for row in said(capsys)] == [(None, 2), ("0.000600000", 0)]
    assert main(["jobs", "--data-dir", str(data)]) == 0
    head, second, first = capsys.readouterr().out.splitlines()
    assert head.endswith("cost")
    assert (second.endswith("unknown"), first.endswith("$0.00060")) == (True, True)


@pytest.mark.parametrize("by", ["day", "model", "job", "dataset"])
def test_usage_is_summed_up(data: Path, server: ModelServer, capsys: pytest.CaptureFixture[str], by: str) -> None:
    server.then(Act(status=429, headers={"retry-after": "0"}))
    assert main(generate(data, "--count", "3", "--name", "My set")) == 0
    capsys.readouterr()
    assert main(["usage", "--by", by, "--data-dir", str(data), "--json"]) == 0
    table = said(capsys)
    (row,) = table["rows"]
    assert {"model": f"openai {MODEL}", "job": "job 1", "dataset": "My set"}.get(by, row[by]) == row[by]
    for sums in (row, table["total"]):
        assert (sums["calls"], sums["failed_calls"], sums["prompt_tokens"], sums["cost"]) == (4, 1, 300, "0.000600000")
    assert main(["usage", "--by", by, "--data-dir", str(data)]) == 0
    head, line, total = capsys.readouterr().out.splitlines()
    assert head.startswith(by)
    assert line.split()[-1] == total.split()[-1] == "$0.00060"


def test_nothing_was_used_of_an_empty_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["usage", "--data-dir", str(tmp_path / "new"), "--json"]) == 0
    assert said(capsys)["rows"] == []
    with pytest.raises(SystemExit):
        main(["usage", "--by", "hour"])
