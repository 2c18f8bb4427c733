"""Settings: the state of each model, its set-up and test, and keys that stay in the session."""

import threading
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from synthgen_core.actions.settings import FILE_NAME, ProviderChoice, read_saved
from synthgen_core.models import JobStatus
from synthgen_core.providers import PROVIDERS
from synthgen_core.workspace import Workspace
from tests.pages.settings_page import address, card, everything, find, set_address, settled, type_key
from tests.pages.support import errors, make_dataset, make_job, read, said
from tests.pages.test_generate import choose, generate
from tests.support.server import Act, Call, ModelServer

Open = Callable[..., AppTest]
CANARY = "sk-canary-0123456789wxyz"
NOBODY = "http://127.0.0.1:9/v1"


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
    find(page.selectbox, "model-vllm").set_value("two").run()
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
    field = find(page.text_input, "address-openai")
    assert (field.value, field.disabled) == (NOBODY, True)
    assert "OPENAI_BASE_URL" in field.help
    model = find(page.selectbox, "model-openai")
    assert (model.value, model.disabled) == ("said", True)


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
    find(page.selectbox, "model-openai").set_value("two").run()
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


def test_a_file_of_settings_that_was_spoilt_is_named(own: Workspace, open_page: Open) -> None:
    (own.settings.data_dir / FILE_NAME).write_text("surprise = 1")
    page = open_page("settings")
    assert "settings.toml" in errors(page)
    assert "delete it" in errors(page)
    assert not page.exception


def test_a_settings_file_with_markup_is_drawn_as_text(own: Workspace, open_page: Open) -> None:
    text = "![x](http://elsewhere.test/p.png) $x$ :smile: <b>"
    (own.settings.data_dir / FILE_NAME).write_text(f"[providers.groq]\nmodel = '{text}'\n")
    assert text in card(settled(open_page("settings")), "groq")
