"""The dashboard: the right numbers, and the way on."""

import re
from collections.abc import Callable

import psutil
import pytest
from streamlit.testing.v1 import AppTest

from synthgen_core.workspace import Workspace
from tests.pages.support import dataset_names, figures, make_dataset, make_full, said, simple

Open = Callable[..., AppTest]


def test_the_totals_rest_on_everything_outside_the_trash(place: Workspace, open_page: Open) -> None:
    made = make_full(place)
    place.database.delete_dataset(made[-1].id)
    left = sum(dataset.example_count for dataset in made[:-1])
    assert figures(open_page()) == {
        "Datasets": "44",
        "Examples": f"{left:,}",
        "Domains used": "12 of 12",
        "Jobs at work": "2",
    }


def test_a_thousand_examples_have_a_comma(place: Workspace, open_page: Open) -> None:
    make_dataset(place, contents=[simple(n) for n in range(1234)])
    assert figures(open_page())["Examples"] == "1,234"


def test_the_datasets_that_changed_last_are_linked(place: Workspace, open_page: Open) -> None:
    make_full(place)
    last = make_dataset(place, "The last one")
    names = dataset_names(open_page())
    assert names[0] == last.name
    assert 3 <= len(names) <= 10


def test_the_activity_shows_a_job_in_every_state(place: Workspace, open_page: Open) -> None:
    make_full(place)
    text = said(open_page())
    for word in ("waiting", "running", "completed", "failed", "cancelled", "interrupted"):
        assert word in text


def test_the_chart_has_every_domain_with_its_number(place: Workspace, open_page: Open) -> None:
    make_dataset(place, contents=[simple(n) for n in range(3)])
    make_dataset(place, "Law", [simple(0)], domain="legal", subdomain="contracts")
    chart = open_page().get("plotly_chart")[0].proto.spec
    assert "Customer Support" in chart
    assert "Legal Documentation" in chart


def test_the_computer_s_state_is_real_and_the_model_is_named(open_page: Open) -> None:
    text = said(open_page())
    assert len(re.findall(r"\*\*\d+ %\*\*", text)) == 3, "processor, memory and disk"
    assert "embedded" in text
    assert "LLM_PROVIDER says so." in text


def test_what_cannot_be_read_is_not_available(monkeypatch: pytest.MonkeyPatch, open_page: Open) -> None:
    def fail(*_: object, **__: object) -> float:
        raise OSError("no such thing here")

    for name in ("cpu_percent", "virtual_memory", "disk_usage"):
        monkeypatch.setattr(psutil, name, fail)
    assert said(open_page()).count("not available") == 3


def test_a_broken_domain_file_is_named_and_the_rest_works(
    unopened: None, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, new_page: Open
) -> None:
    folder = tmp_path_factory.mktemp("own")
    (folder / "domains").mkdir()
    (folder / "domains" / "broken.toml").write_text("name = ")
    monkeypatch.setenv("DATA_DIR", str(folder))
    page = new_page("dashboard")
    assert "Make a dataset now" in said(page)
    assert "broken" in page.warning[0].value
