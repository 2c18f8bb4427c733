"""The dashboard counts what is there; the doctor finds what is wrong."""

from pathlib import Path

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
    assert {"version", "settings", "data folder", "database", "domains", "provider", "model"} == set(found)
    assert "sqlite" in found["database"][1]
    assert MODEL in found["provider"][1]


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
