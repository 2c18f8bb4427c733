"""What holds for every page: it opens on an empty and on a full database, and says why where it cannot."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from synthgen_core.workspace import Workspace
from tests.pages.support import buttons, chat, errors, labels, links, make_dataset, make_full, make_job, said

Open = Callable[..., AppTest]
PAGES = ("dashboard", "generate", "import", "review", "quality", "datasets", "dataset", "tasks")
NASTY = (
    "<img src='http://elsewhere.test/p.png'><script>alert(1)</script>",
    "![x](http://elsewhere.test/p.png) $x^2$ $y$ :red[hot] :material/bolt: :smile: :streamlit:",
    "مرحبا بالعالم, שלום",
    "word " * 4000,
    "```python\nprint('![x](http://elsewhere.test/p.png)')",
    "**[`*_{}\\",
)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_on_an_empty_database(name: str, open_page: Open) -> None:
    assert said(open_page(name))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_on_a_full_database(name: str, place: Workspace, open_page: Open) -> None:
    made = make_full(place)
    assert said(open_page(name, **({"dataset": str(made[-1].id)} if name == "dataset" else {})))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_bears_any_text(name: str, place: Workspace, open_page: Open) -> None:
    for n, text in enumerate(NASTY):
        made = make_dataset(place, text[:200], [chat(text, text, system=text)], description=text)
        job = make_job(place, made, errors={text[:50]: {"count": 2, "message": text, "hint": text}})
        page = open_page(name, dataset=str(made.id), job=str(job.id))
        assert said(page), n


@pytest.mark.parametrize("name", PAGES)
def test_an_empty_page_leads_to_generate(name: str, open_page: Open) -> None:
    page = open_page(name)
    if name == "dataset":
        assert ("datasets", "") in links(page), "first to the list"
        return
    if name in ("tasks", "review", "quality"):
        assert ("generate", "") in links(page)
        return
    if name == "import":
        assert "Look for new files" in labels(page), "it is a way of its own"
        return
    if name == "datasets":
        next(button for button in buttons(page) if button.label == "Generate a dataset").click().run()
    elif name != "generate":
        buttons(page)[0].click().run()
    assert "Customer Support" in labels(page)


@pytest.mark.parametrize("name", PAGES)
def test_a_wrong_setting_is_named_on_every_page(name: str, monkeypatch: pytest.MonkeyPatch, open_page: Open) -> None:
    monkeypatch.setenv("MAX_CONCURRENT_JOBS", "many")
    page = open_page(name)
    assert len(page.main.get("error")) == len(page.error) == 1, "in the page itself: the sidebar may be folded away"
    assert "MAX_CONCURRENT_JOBS" in errors(page)
    assert "whole number" in errors(page)
    assert not page.exception


def test_an_unknown_provider_in_the_settings_is_named_where_it_matters(
    unopened: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new_page: Open
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LLM_PROVIDER", "embeded")
    page = new_page("dashboard")
    assert said(page)
    assert "embeded" in errors(page)
    assert "Did you mean embedded?" in errors(page)
    page = new_page("generate")
    page.button(key="pick-support").click().run()
    page.button(key="pick-technical_support").click().run()
    assert said(page)
    assert "Did you mean embedded?" in errors(page)


def test_a_data_folder_that_cannot_be_used_is_named_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unopened: None, new_page: Open
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "file" / "data"))
    page = new_page("dashboard")
    assert not page.exception
    assert len(page.error) == 1
    assert "DATA_DIR" in errors(page)
    assert not page.metric


def test_the_sidebar_shows_what_runs_on_every_page(place: Workspace, open_page: Open) -> None:
    made = make_full(place)
    for name in PAGES:
        sidebar = open_page(name, dataset=str(made[-1].id)).sidebar
        assert "running" in " ".join(text.value for text in sidebar.markdown)
        assert len(sidebar.get("page_link")) == 2, "the waiting and the running job can be watched"
        assert len(sidebar.get("progress")) == 2


def test_the_sidebar_is_quiet_when_nothing_runs(place: Workspace, open_page: Open) -> None:
    make_job(place, make_dataset(place))
    assert not open_page("dashboard").sidebar.get("progress")
