"""The command line makes datasets through batches."""

import json
from pathlib import Path

import pytest

from synthgen_core.cli import main
from tests.core.actions.batches import PRICES
from tests.support.batch_server import BatchServer
from tests.support.replies import MODEL


def test_a_dataset_is_made_through_a_batch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    where = ["--domain", "support", "--subdomain", "technical_support", "--count", "12", "--data-dir", str(data)]
    with BatchServer() as server:
        asked = ["generate", *where, "--provider", "openai", "--base-url", server.url, "--model", MODEL, "--batch"]
        assert main([*asked, "--json"]) == 2, "nobody knows whether this server has batches"
        assert "No batches are known for" in json.loads(capsys.readouterr().out)["detail"]
        (data / "models.toml").write_text(PRICES, encoding="utf-8")
        assert main([*asked, "--json"]) == 0
        report = json.loads(capsys.readouterr().out)
        assert (report["status"], report["generated"], report["calls"]) == ("completed", 12, 12)
        assert [len(batch.requests) for batch in server.batches] == [12]
        assert not server.calls
