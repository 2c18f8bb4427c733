"""``report`` on the command line."""

import json
from pathlib import Path

import pytest

from synthgen_core.cli import main
from synthgen_core.settings import load_settings
from synthgen_core.workspace import open_workspace
from tests.core.actions.support import add_dataset


def test_a_report_is_written_where_it_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = open_workspace(load_settings({"DATA_DIR": str(tmp_path / "data")}))
    add_dataset(workspace, "mine", 3)
    workspace.close()
    out, data = tmp_path / "a.html", str(tmp_path / "data")
    assert main(["report", "mine", "--out", str(out), "--data-dir", data, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"dataset": 1, "file": str(out)}
    assert "Quality of “mine”" in out.read_text(encoding="utf-8")
    assert main(["report", "mine", "--out", str(tmp_path / "a.pdf"), "--data-dir", data]) == 2
    assert main(["report", "other", "--out", str(out), "--data-dir", data]) == 2
    assert "There is no dataset “other”" in capsys.readouterr().err
