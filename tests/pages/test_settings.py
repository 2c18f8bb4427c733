"""Settings: the state of each model, its set-up and test, keys that stay in the session, and the app's own settings."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from synthgen_core.actions.settings import FILE_NAME, ProviderChoice, effective_settings, read_saved
from synthgen_core.models import JobStatus
from synthgen_core.providers import PROVIDERS
from synthgen_core.settings import SETTINGS
from synthgen_core.workspace import Workspace
from tests.pages.support import errors, make_dataset, make_job, read, said
from tests.pages.test_generate import choose, generate
from tests.support.server import Act, Call, ModelServer

Open = Callable[..., AppTest]
CANARY = "sk-canary-0123456789wxyz"
NOBODY = "http://127.0.0.1:9/v1"


@pytest.fixture(autouse=True)
def _unchecked() -> Iterator[None]:
    """No look at a provider is left over from another test."""
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


@pytest.fixture
def own(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace where the app itself may choose the default model."""
    monkeypatch.setenv("LLM_PROVIDER", "")
    monkeypatch.setenv("OLLAMA_URL", "http://127.0.0.1:9")
    return place


@pytest.fixture
def open_settings(open_page: Open) -> Callable[[], AppTest]:
    """Opens the page, and waits until every provider was looked at."""
    return lambda: settled(open_page("settings"))


def settled(page: AppTest) -> AppTest:
    for _ in range(200):
        text = said(page)
        if "checking" not in text and ("Default." in text or page.error):
            return page
        page.run()
    raise AssertionError("still checking")


def card(page: AppTest, provider_type: str) -> str:
    """What the card of a provider says."""
    name = read(PROVIDERS[provider_type].name)
    names = [read(kind.name) for kind in PROVIDERS.values()]
    text = said(page).split("##### System")[0]
    after = text.split(f"**{name}**")[1]
    return min((after.split(f"**{other}**")[0] for other in names), key=len)


def address(page: AppTest, provider_type: str) -> str:
    return _field(page.text_input, f"address-{provider_type}").value


def _field(fields: object, prefix: str) -> object:
    return next(field for field in fields if (field.key or "").startswith(prefix))  # type: ignore[attr-defined]


def set_address(page: AppTest, provider_type: str, url: str) -> AppTest:
    return settled(_field(page.text_input, f"address-{provider_type}").set_value(url).run())  # type: ignore[attr-defined]


def type_key(page: AppTest, provider_type: str, key: str) -> AppTest:
    return settled(page.text_input(key=f"key-{provider_type}").set_value(key).run())


def everything(page: AppTest) -> str:
    """All that this page would send to a browser."""
    return "\n".join(str(element.proto) for element in _all(page)) + str(page.query_params)


def _all(page: AppTest) -> Iterator[object]:
    def walk(block: object) -> Iterator[object]:
        for child in getattr(block, "children", {}).values():
            if hasattr(child, "proto"):
                yield child
            yield from walk(child)

    yield from walk(page._tree)


def restarted(place: Workspace, name: str) -> object:
    """What a setting is after the app is started anew."""
    return getattr(effective_settings({}, data_dir=place.settings.data_dir), name.lower())


def test_every_provider_has_a_card_with_its_state(own: Workspace, open_settings: Callable[[], AppTest]) -> None:
    page = open_settings()
    for name, kind in PROVIDERS.items():
        text = card(page, name)
        assert kind.summary in text
        assert ("\\$" in text or "$" in text.splitlines()[0]) == kind.is_paid
    assert "ready" in card(page, "embedded")
    assert "Default." in card(page, "embedded")
    assert "no key" in card(page, "groq")
    assert "GROQ_API_KEY" in card(page, "groq")
    assert "not reachable" in card(page, "ollama")
    assert "127.0.0.1:9" in card(page, "ollama")


def test_a_server_that_answers_is_ready_with_its_models_and_becomes_the_default(
    own: Workspace, monkeypatch: pytest.MonkeyPatch, server: ModelServer, open_settings: Callable[[], AppTest]
) -> None:
    monkeypatch.setenv("OLLAMA_URL", server.root)
    server.models[:] = ["llama3:latest", "gemma3:4b"]
    page = open_settings()
    text = card(page, "ollama")
    assert "ready" in text
    assert "llama3:latest" in text
    assert "2 models" in text
    assert "Default." in text
    assert "Ollama answers with llama3:latest" in text


def test_a_look_is_shared_for_a_while_and_made_anew_on_request(
    own: Workspace, monkeypatch: pytest.MonkeyPatch, server: ModelServer, open_settings: Callable[[], AppTest]
) -> None:
    monkeypatch.setenv("OLLAMA_URL", server.root)
    page = open_settings()
    server.models_act = Act(status=500)
    assert "ready" in card(settled(page.run()), "ollama")
    next(button for button in page.button if button.label == "Check again").click().run()
    assert "not reachable" in card(settled(page), "ollama")


def test_a_test_shows_the_reply_and_the_time_it_took(
    own: Workspace, server: ModelServer, open_settings: Callable[[], AppTest]
) -> None:
    page = set_address(open_settings(), "vllm", server.url)
    server.then(Act(text="Hello **there**!"))
    page.button(key="test-vllm").click().run()
    text = read("\n".join(box.value for box in page.success))
    assert "Hello **there**!" in text
    assert "stub-model" in text
    assert " s]" in text


def test_a_test_that_fails_shows_address_and_cause(own: Workspace, open_settings: Callable[[], AppTest]) -> None:
    page = set_address(open_settings(), "vllm", NOBODY)
    page.button(key="test-vllm").click().run()
    text = errors(page)
    assert "does not answer" in text
    assert "Is it running" in text
    assert "connection" in text
    assert "127.0.0.1:9" in text


def test_model_and_address_are_kept_and_go_back_to_the_defaults(
    own: Workspace, server: ModelServer, open_settings: Callable[[], AppTest], open_page: Open
) -> None:
    server.models[:] = ["one", "two"]
    page = set_address(open_settings(), "vllm", server.url)
    _field(page.selectbox, "model-vllm").set_value("two").run()  # type: ignore[attr-defined]
    saved = read_saved(own.settings.data_dir).providers
    assert saved == {"vllm": ProviderChoice("two", server.url)}
    again = settled(open_page("settings"))
    assert address(again, "vllm") == server.url, "for every visitor, and after a restart"
    assert "two" in card(again, "vllm")
    again.button(key="reset-vllm").click().run()
    assert read_saved(own.settings.data_dir).providers == {}
    assert address(settled(again), "vllm") == PROVIDERS["vllm"].default_base_url


def test_an_address_that_is_none_is_told_and_not_kept(own: Workspace, open_settings: Callable[[], AppTest]) -> None:
    page = set_address(open_settings(), "vllm", "ftp://here.test")
    assert "ftp://here.test" in errors(page)
    assert not (own.settings.data_dir / FILE_NAME).exists()


def test_what_the_environment_determines_cannot_be_changed_here(
    own: Workspace, monkeypatch: pytest.MonkeyPatch, open_settings: Callable[[], AppTest]
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", NOBODY)
    monkeypatch.setenv("OPENAI_MODEL", "said")
    page = open_settings()
    field = _field(page.text_input, "address-openai")
    assert (field.value, field.disabled) == (NOBODY, True)  # type: ignore[attr-defined]
    assert "OPENAI_BASE_URL" in field.help  # type: ignore[attr-defined]
    model = _field(page.selectbox, "model-openai")
    assert (model.value, model.disabled) == ("said", True)  # type: ignore[attr-defined]


def test_a_key_lives_in_its_session_and_is_shown_as_its_last_four_characters(
    own: Workspace, server: ModelServer, open_settings: Callable[[], AppTest], open_page: Open
) -> None:
    server.models_act = Act(status=401, text="no such key")
    page = set_address(open_settings(), "openai", server.url)
    assert "no key" in card(page, "openai")
    server.models_act = Act(status=401, text=f"no such key: {CANARY}")
    type_key(page, "openai", f" {CANARY} ")
    assert "key refused" in card(page, "openai")
    assert "…wxyz, typed in this session" in said(page)
    page.button(key="test-openai").click().run()
    assert CANARY not in everything(page)
    assert page.text_input(key="key-openai").value == ""
    assert "wxyz" not in everything(settled(open_page("settings"))), "another visitor knows nothing of it"
    files = [path for path in own.settings.data_dir.rglob("*") if path.is_file()]
    assert not any(CANARY.encode() in path.read_bytes() for path in files)
    page.button(key="forget-openai").click().run()
    assert "wxyz" not in everything(settled(page))


def test_a_key_of_the_environment_is_masked_and_stays_with_its_address(
    own: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    server: ModelServer,
    open_settings: Callable[[], AppTest],
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    page = open_settings()
    assert "…wxyz, from the settings" in said(page)
    assert CANARY not in everything(page)
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    page = set_address(settled(page.run()), "openai", server.url)
    assert "OPENAI_API_KEY was given for another address" in said(page)
    page.button(key="test-openai").click().run()
    assert server.calls
    assert not any(CANARY in str(call.headers) for call in server.calls)


def test_generate_uses_what_was_set_up_here_with_the_session_s_key(
    own: Workspace, server: ModelServer, open_settings: Callable[[], AppTest]
) -> None:
    def answer(call: Call) -> Act:
        return Act() if CANARY in call.headers.get("authorization", "") else Act(status=401)

    server.choose = answer
    server.models[:] = ["one", "two"]
    page = type_key(set_address(open_settings(), "openai", server.url), "openai", CANARY)
    _field(page.selectbox, "model-openai").set_value("two").run()  # type: ignore[attr-defined]
    page.switch_page("pages/generate.py").run()
    choose(page)
    options = page.selectbox(key="provider").options
    page.selectbox(key="provider").select(next(name for name in options if "OpenAI" in name)).run()
    assert page.text_input(key="base_url").value == server.url
    page.number_input(key="count").set_value(2).run()
    generate(page)
    assert own.runner.wait(1, 60)
    job = own.database.get_job(1)
    assert (job.status, job.done) == (JobStatus.COMPLETED, 2)
    assert {call.body["model"] for call in server.calls} == {"two"}
    assert CANARY not in f"{job}{everything(page)}"


def test_an_address_that_is_changed_here_is_changed_on_generate(
    own: Workspace, server: ModelServer, open_settings: Callable[[], AppTest]
) -> None:
    page = set_address(open_settings(), "openai", server.url)
    page.switch_page("pages/generate.py").run()
    choose(page)
    page.selectbox(key="provider").select("OpenAI and compatible ($)").run()
    assert page.text_input(key="base_url").value == server.url
    page.switch_page("pages/settings.py").run()
    set_address(settled(page), "openai", NOBODY)
    page.switch_page("pages/generate.py").run()
    assert page.text_input(key="base_url").value == NOBODY


def test_a_server_of_one_s_own_is_offered_with_its_models_on_generate(
    own: Workspace, server: ModelServer, open_settings: Callable[[], AppTest]
) -> None:
    server.models[:] = ["one", "two"]
    page = set_address(open_settings(), "lm_studio", server.url)
    page.switch_page("pages/generate.py").run()
    choose(page)
    page.selectbox(key="provider").select("LM Studio").run()
    assert page.selectbox(key="model_lm_studio").options == ["one", "two"]


def test_the_last_error_of_a_job_stands_on_its_provider_s_card(
    own: Workspace, open_settings: Callable[[], AppTest]
) -> None:
    told = {"auth": {"count": 1, "message": "Groq refuses the key.", "hint": ""}}
    provider = {"type": "groq", "model": "m", "base_url": NOBODY}
    make_job(own, make_dataset(own), JobStatus.FAILED, done=0, errors=told, provider=provider)
    assert "in job 1: Groq refuses the key." in card(open_settings(), "groq")


def test_a_model_can_be_fetched_with_ollama(
    own: Workspace, monkeypatch: pytest.MonkeyPatch, server: ModelServer, open_settings: Callable[[], AppTest]
) -> None:
    monkeypatch.setenv("OLLAMA_URL", server.root)
    gate = threading.Event()
    server.choose = lambda call: Act(raw='{"status": "success"}\n', until=gate)
    page = open_settings()
    page.text_input(key="pull-ollama").set_value("gemma3:4b").run()
    page.button(key="fetch-ollama").click().run()
    assert page.button(key="stop-ollama")
    assert page.button(key="fetch-ollama").disabled
    assert "gemma3:4b" in read("\n".join(str(bar.proto.text) for bar in page.get("progress")))
    gate.set()
    for _ in range(200):
        if "gemma3:4b is here" in said(page.run()):
            break
    assert "gemma3:4b is here" in said(page)
    page.text_input(key="pull-ollama").set_value(" ").run()
    page.button(key="fetch-ollama").click().run()
    assert "No model was named" in errors(page)


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
        ("ENABLE_CACHING", "toggle", False),
        ("CACHE_TTL", "number_input", 1.0),
        ("LOG_LEVEL", "selectbox", "error"),
    ],
)
def test_a_setting_that_is_changed_is_kept_and_can_be_taken_back(
    name: str, kind: str, value: object, own: Workspace, open_settings: Callable[[], AppTest]
) -> None:
    page = open_settings()
    _field(getattr(page, kind), f"setting-{name}").set_value(value).run()  # type: ignore[attr-defined]
    assert restarted(own, name) == value
    assert "settings file" in said(settled(page))
    page.button(key=f"reset-{name}").click().run()
    assert restarted(own, name) == SETTINGS[name].default


def test_a_change_that_takes_a_restart_says_what_holds_until_then(
    own: Workspace, open_settings: Callable[[], AppTest]
) -> None:
    page = open_settings()
    _field(page.number_input, "setting-MAX").set_value(5).run()  # type: ignore[attr-defined]
    assert "Restart the app: 2 until then" in said(page)


def test_the_default_model_that_is_chosen_here_is_offered_first_on_generate(
    own: Workspace, open_settings: Callable[[], AppTest], open_page: Open
) -> None:
    page = open_settings()
    _field(page.selectbox, "setting-LLM_PROVIDER").set_value("groq").run()  # type: ignore[attr-defined]
    assert "Default." in card(settled(page), "groq")
    page = choose(open_page("generate"))
    assert "Groq" in str(page.selectbox(key="provider").format_func(page.selectbox(key="provider").value))


def test_clearing_the_cache_clears_it(
    own: Workspace, server: ModelServer, open_settings: Callable[[], AppTest]
) -> None:
    page = set_address(open_settings(), "vllm", server.url)
    page.switch_page("pages/generate.py").run()
    choose(page)
    page.selectbox(key="provider").select("vLLM").run()
    page.number_input(key="count").set_value(2).run()
    generate(page)
    assert own.runner.wait(1, 60)
    page.switch_page("pages/settings.py").run()
    assert "2 replies are kept" in said(page)
    page.button(key="clear-cache").click().run()
    assert "It is empty." in said(page)
    assert page.button(key="clear-cache").disabled


def test_a_file_of_settings_that_was_spoilt_is_named(own: Workspace, open_page: Open) -> None:
    (own.settings.data_dir / FILE_NAME).write_text("surprise = 1")
    page = open_page("settings")
    assert "settings.toml" in errors(page)
    assert "delete it" in errors(page)
    assert not page.exception


def test_a_settings_file_with_markup_is_drawn_as_text(own: Workspace, open_page: Open) -> None:
    text = "![x](http://elsewhere.test/p.png) $x$ :smile: <b>"
    folder: Path = own.settings.data_dir
    (folder / FILE_NAME).write_text(f"[providers.groq]\nmodel = '{text}'\n")
    assert text in card(settled(open_page("settings")), "groq")
