"""The settings of the app itself: value, origin and meaning of each; what is changed is kept, and can be taken back."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from synthgen_core.actions.settings import effective_settings
from synthgen_core.settings import SETTINGS
from synthgen_core.workspace import Workspace
from tests.pages.settings_page import card, find, set_address, settled
from tests.pages.support import said
from tests.pages.test_generate import choose, generate
from tests.support.server import ModelServer

Open = Callable[..., AppTest]


def restarted(place: Workspace, name: str) -> object:
    """What a setting is after the app is started anew."""
    return getattr(effective_settings({}, data_dir=place.settings.data_dir), name.lower())


def test_the_system_settings_are_shown_with_value_origin_and_meaning(
    own: Workspace, monkeypatch: pytest.MonkeyPatch, open_settings: Callable[[], AppTest]
) -> None:
    monkeypatch.setenv("CACHE_TTL", "5")
    text = said(open_settings()).split("##### System")[1]
    for name in ("LLM_PROVIDER", "MAX_CONCURRENT_JOBS", "ENABLE_CACHING", "CACHE_TTL", "LOG_LEVEL", "DATA_DIR"):
        assert name in text
        assert SETTINGS[name].metadata["help"] in text
    assert " GB free." in text
    assert "SQLite is in use." in text
    assert "It is empty." in text
    assert "Read-only here." in text
    assert "Takes a restart." in text


def test_what_the_environment_sets_is_read_only(
    own: Workspace, monkeypatch: pytest.MonkeyPatch, open_settings: Callable[[], AppTest]
) -> None:
    monkeypatch.setenv("MAX_CONCURRENT_JOBS", "7")
    page = open_settings()
    assert not any((field.key or "").startswith("setting-MAX") for field in page.number_input)
    assert "7" in [code.value for code in page.code]


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        ("LLM_PROVIDER", "selectbox", "groq"),
        ("MAX_CONCURRENT_JOBS", "number_input", 5),
        ("WORKERS", "number_input", 7),
        ("ENABLE_CACHING", "toggle", False),
        ("CACHE_TTL", "number_input", 1.0),
        ("LOG_LEVEL", "selectbox", "error"),
    ],
)
def test_a_setting_that_is_changed_is_kept_and_can_be_taken_back(
    name: str, kind: str, value: object, own: Workspace, open_settings: Callable[[], AppTest]
) -> None:
    page = open_settings()
    find(getattr(page, kind), f"setting-{name}").set_value(value).run()
    assert restarted(own, name) == value
    assert "settings file" in said(settled(page))
    page.button(key=f"reset-{name}").click().run()
    assert restarted(own, name) == SETTINGS[name].default


def test_a_change_that_takes_a_restart_says_what_holds_until_then(
    own: Workspace, open_settings: Callable[[], AppTest]
) -> None:
    page = open_settings()
    find(page.number_input, "setting-MAX").set_value(5).run()
    assert "Restart the app: 2 until then" in said(page)


def test_the_default_model_that_is_chosen_here_is_offered_first_on_generate(
    own: Workspace, open_settings: Callable[[], AppTest], open_page: Open
) -> None:
    page = open_settings()
    find(page.selectbox, "setting-LLM_PROVIDER").set_value("groq").run()
    assert "Default." in card(settled(page), "groq")
    page = choose(open_page("generate"))
    assert "Groq" in str(page.selectbox(key="provider").format_func(page.selectbox(key="provider").value))


def run(page: AppTest, place: Workspace, job_id: int) -> None:
    """Make two examples with the local server, always the same ones."""
    page.switch_page("pages/generate.py").run()
    choose(page)
    page.selectbox(key="provider").select("vLLM").run()
    page.text_input(key="seed").set_value("7")
    page.number_input(key="count").set_value(2).run()
    generate(page)
    assert place.runner.wait(job_id, 60)


def test_the_cache_that_is_switched_off_is_not_used_from_then_on(
    own: Workspace, server: ModelServer, open_settings: Callable[[], AppTest], open_page: Open
) -> None:
    run(set_address(open_settings(), "vllm", server.url), own, 1)
    run(open_page("settings"), own, 2)
    assert len(server.calls) == 2, "the second run was free"
    page = settled(open_page("settings"))
    find(page.toggle, "setting-ENABLE_CACHING").set_value(False).run()
    run(page, own, 3)
    assert len(server.calls) == 4


def test_clearing_the_cache_clears_it(
    own: Workspace, server: ModelServer, open_settings: Callable[[], AppTest]
) -> None:
    page = set_address(open_settings(), "vllm", server.url)
    run(page, own, 1)
    page.switch_page("pages/settings.py").run()
    assert "2 replies are kept" in said(page)
    page.button(key="clear-cache").click().run()
    assert "It is empty." in said(page)
    assert page.button(key="clear-cache").disabled
