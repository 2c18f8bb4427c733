"""The dashboard counts what is there; the doctor finds what is wrong."""

from pathlib import Path

import pytest

from synthgen_core.actions import overview
from synthgen_core.settings import Settings
from synthgen_core.workspace import Workspace
from tests.core.actions.support import add_dataset, ask, make
from tests.support.replies import MODEL
from tests.support.server import Act, ModelServer


def test_the_dashboard_counts_what_is_there(workspace: Workspace, server: ModelServer) -> None:
    assert overview.get_overview(workspace).totals["datasets"] == 0
    make(workspace, ask(server, 3))
    add_dataset(workspace, domain="medical", count=1)
    shown = overview.get_overview(workspace)
    assert shown.totals == {"datasets": 2, "examples": 4, "domains": 2, "subdomains": 2}
    assert shown.domains == [("Customer Support", 1, 3), ("Medical Information", 1, 1)]
    assert len(shown.recent) == 2
    assert [view.job.done for view in shown.ended] == [3]
    assert shown.active == []
    assert overview.get_system_status(workspace).memory is not None


def findings(settings: Settings) -> dict[str, tuple[bool, str]]:
    return {finding.name: (finding.is_fine, finding.text) for finding in overview.examine(settings)}


def test_the_doctor_finds_nothing_wrong_where_nothing_is(tmp_path: Path, server: ModelServer) -> None:
    found = findings(Settings(data_dir=tmp_path, llm_provider="openai", openai_base_url=server.url, openai_model=MODEL))
    assert all(is_fine for is_fine, _ in found.values())
    assert {"version", "settings", "data folder", "access", "database", "domains", "provider", "model"} == set(found)
    assert "sqlite" in found["database"][1]
    assert MODEL in found["provider"][1]


@pytest.mark.parametrize(
    ("address", "password", "is_fine"),
    [("0.0.0.0", "", False), ("10.1.2.3", "", False), ("0.0.0.0", "long enough", True), ("127.0.0.1", "", True)],
)
def test_the_doctor_warns_where_others_reach_an_app_that_asks_nobody(
    address: str, password: str, is_fine: bool, tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAMLIT_SERVER_ADDRESS", address)
    settings = Settings(
        data_dir=tmp_path,
        llm_provider="openai",
        openai_base_url=server.url,
        openai_model=MODEL,
        access_password=password,
    )
    found, text = findings(settings)["access"]
    assert found is is_fine
    assert (address in text) is not is_fine
    assert "long enough" not in text


def test_the_doctor_reads_the_address_from_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STREAMLIT_SERVER_ADDRESS", raising=False)
    assert overview.listening_address(tmp_path) == ""
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "config.toml").write_text('[server]\naddress = "0.0.0.0"\n')
    assert overview.listening_address(tmp_path) == "0.0.0.0"


def test_the_doctor_names_all_that_is_wrong_at_once(tmp_path: Path, server: ModelServer) -> None:
    (tmp_path / "data").write_text("in the way")
    server.models_act = Act(status=401)
    found = findings(
        Settings(
            data_dir=tmp_path / "data",
            llm_provider="openai",
            openai_base_url=server.url,
            openai_model=MODEL,
            openai_api_key="sk-secret-key",
        )
    )
    assert [name for name, (is_fine, _) in found.items() if not is_fine] == ["data folder", "database", "model"]
    assert "sk-secret-key" not in str(found)
