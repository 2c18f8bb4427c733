"""Settings that are changed in the app: kept, ranked below the environment, without keys; a key stays with its host."""

import logging
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from synthgen_core.actions.jobs import resume_task
from synthgen_core.actions.providers import choose_provider, provider_config
from synthgen_core.actions.settings import (
    EDITABLE,
    FILE_NAME,
    Key,
    Origin,
    ProviderChoice,
    SettingView,
    chosen_config,
    effective_settings,
    fixed_by,
    get_settings,
    mask,
    read_saved,
    save_provider_choice,
    save_setting,
    unsent_key,
    with_key_for,
)
from synthgen_core.errors import ConfigError, DatabaseError, NotFoundError
from synthgen_core.models import JobStatus, Method, ProviderConfig
from synthgen_core.providers import PROVIDERS
from synthgen_core.settings import SETTINGS, Settings
from synthgen_core.workspace import Workspace
from tests.core.actions.support import ask, finish, make
from tests.support.server import Act, Call, ModelServer

CANARY = "sk-canary-0123456789wxyz"
HERE, THERE = "http://here.test/v1", "http://there.test/v1"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return effective_settings({}, data_dir=tmp_path)


def now(settings: Settings, **environment: str) -> Settings:
    """The settings of an app that is started anew."""
    return effective_settings(environment, data_dir=settings.data_dir)


def view(settings: Settings, name: str, secrets: dict[str, str] | None = None) -> SettingView:
    return next(view for view in get_settings(settings, secrets) if view.name == name)


def test_what_was_changed_holds_at_the_next_start(settings: Settings) -> None:
    given = {
        "LLM_PROVIDER": "groq",
        "MAX_CONCURRENT_JOBS": 5,
        "WORKERS": 7,
        "ENABLE_CACHING": False,
        "CACHE_TTL": 0.5,
        "LOG_LEVEL": "info",
    }
    assert set(given) == set(EDITABLE)
    for name, value in given.items():
        save_setting(settings, name, value)
        assert getattr(now(settings), name.lower()) == value
    save_setting(settings, "CACHE_TTL", None)
    assert now(settings) == replace(now(settings), cache_ttl=SETTINGS["CACHE_TTL"].default, max_concurrent_jobs=5)


def test_the_first_that_says_something_wins_and_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    name, secrets = "MAX_CONCURRENT_JOBS", {"MAX_CONCURRENT_JOBS": "4"}
    monkeypatch.delenv(name, raising=False)
    assert (view(settings, name).origin, view(settings, name).can_edit) == (Origin.DEFAULT, True)
    save_setting(settings, name, 3)
    assert (view(settings, name).origin, view(settings, name).can_edit) == (Origin.FILE, True)
    assert (view(settings, name, secrets).origin, view(settings, name, secrets).can_edit) == (Origin.SECRETS, False)
    monkeypatch.setenv(name, "5")
    assert (view(settings, name, secrets).origin, view(settings, name).can_edit) == (Origin.ENVIRONMENT, False)
    assert now(settings, **{name: "5"}).max_concurrent_jobs == 5
    assert now(settings, **{name: " "}).max_concurrent_jobs == 3, "empty counts as not set"


def test_what_takes_a_restart_says_so(settings: Settings) -> None:
    assert [view.name for view in get_settings(settings) if view.needs_restart] == ["MAX_CONCURRENT_JOBS"]


def test_no_view_holds_a_secret(settings: Settings) -> None:
    secret = {name: CANARY for name, setting in SETTINGS.items() if setting.metadata["is_secret"]}
    assert len(secret) > 3
    held = now(settings, **{name: value for name, value in secret.items() if name != "DATABASE_URL"})
    assert CANARY not in repr(get_settings(held, secret))


def test_the_log_level_changes_at_once(settings: Settings) -> None:
    logger = logging.getLogger("synthgen_core")
    before = logger.level
    try:
        save_setting(settings, "LOG_LEVEL", "error")
        assert logger.level == logging.ERROR
    finally:
        logger.setLevel(before)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("MAX_CONCURRENT_JOBS", 0, "1 to 64"),
        ("CACHE_TTL", "soon", "hours"),
        ("LOG_LEVEL", "loud", "debug, info"),
        ("OPENAI_API_KEY", CANARY, "cannot be changed here"),
        ("DATA_DIR", "/tmp", "cannot be changed here"),
    ],
)
def test_a_value_that_cannot_be_is_told_and_not_written(
    name: str, value: object, told: str, settings: Settings
) -> None:
    save_setting(settings, "LLM_PROVIDER", "ollama")
    before = (settings.data_dir / FILE_NAME).read_bytes()
    with pytest.raises(ConfigError, match=told):
        save_setting(settings, name, value)
    assert (settings.data_dir / FILE_NAME).read_bytes() == before


def test_an_unknown_provider_cannot_become_the_default(settings: Settings) -> None:
    with pytest.raises(NotFoundError, match="Did you mean openai"):
        save_setting(settings, "LLM_PROVIDER", "opnai")
    assert not (settings.data_dir / FILE_NAME).exists()


@pytest.mark.parametrize(
    "text",
    [
        "max_concurrent_jobs = ",
        "max_concurrent_jobs = 'many'",
        "max_concurrent_jobs = [1]",
        f"openai_api_key = '{CANARY}'",
        "surprise = 1",
        "providers = 3",
        "[providers.openai]\nmodel = 3",
        "[providers.openai]\nkey = 'k'",
    ],
)
def test_a_file_that_was_spoilt_is_named_with_a_remedy(text: str, settings: Settings) -> None:
    (settings.data_dir / FILE_NAME).write_text(text)
    with pytest.raises(ConfigError, match=r"settings\.toml .*Correct it, or delete it") as caught:
        effective_settings({}, data_dir=settings.data_dir)
    assert CANARY not in str(caught.value)


def test_a_file_that_is_no_text_is_named(settings: Settings) -> None:
    (settings.data_dir / FILE_NAME).write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot be read"):
        now(settings)


def test_a_file_of_a_later_version_with_an_unknown_provider_is_no_error(settings: Settings) -> None:
    (settings.data_dir / FILE_NAME).write_text("[providers.hal]\nmodel = '9000'\n")
    assert read_saved(settings.data_dir).providers == {}


@pytest.mark.parametrize("model", ['a "quoted" one', "back\\slash", "ü 🦙", "tab\there", "del\x7f", "[providers.x]"])
def test_any_name_of_a_model_is_read_as_it_was_written(model: str, settings: Settings) -> None:
    save_provider_choice(settings, "vllm", ProviderChoice(model))
    assert read_saved(settings.data_dir).providers == {"vllm": ProviderChoice(model)}


def test_changes_at_the_same_time_are_all_kept(settings: Settings) -> None:
    local = [name for name, kind in PROVIDERS.items() if kind.is_local]
    threads = [
        threading.Thread(target=save_provider_choice, args=(settings, name, ProviderChoice(f"m-{name}")))
        for name in local
    ]
    threads += [threading.Thread(target=save_setting, args=(settings, "CACHE_TTL", 7))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    saved = read_saved(settings.data_dir)
    assert {name: choice.model for name, choice in saved.providers.items()} == {name: f"m-{name}" for name in local}
    assert saved.settings == {"CACHE_TTL": "7"}


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DatabaseError, match="cannot be written"):
        save_setting(Settings(data_dir=tmp_path / "file"), "CACHE_TTL", 1)


@pytest.mark.parametrize("provider_type", PROVIDERS)
def test_the_model_that_was_chosen_holds_for_every_provider(provider_type: str, settings: Settings) -> None:
    save_provider_choice(settings, provider_type, ProviderChoice("mine"))
    assert chosen_config(now(settings), provider_type).model == "mine"
    chosen = choose_provider(now(settings, LLM_PROVIDER=provider_type)).config
    assert (chosen.type, chosen.model) == (provider_type, "mine"), "where it is the default, everybody gets it"
    assert chosen_config(now(settings, LLM_PROVIDER=provider_type, LLM_MODEL="said"), provider_type).model == "said"
    save_provider_choice(settings, provider_type, ProviderChoice())
    assert chosen_config(now(settings), provider_type) == provider_config(settings, provider_type)


def test_the_model_that_was_chosen_for_ollama_holds_where_it_is_found_by_itself(
    settings: Settings, server: ModelServer
) -> None:
    server.models = ["one", "two"]
    save_provider_choice(settings, "ollama", ProviderChoice("two", server.root))
    assert choose_provider(now(settings)).config.model == chosen_config(now(settings), "ollama").model == "two"
    said = now(settings, LLM_MODEL="one")
    assert choose_provider(said).config.model == chosen_config(said, "ollama").model == "one"


@pytest.mark.parametrize("provider_type", [name for name, kind in PROVIDERS.items() if kind.default_base_url])
def test_the_address_that_was_chosen_holds_for_every_provider(provider_type: str, settings: Settings) -> None:
    save_provider_choice(settings, provider_type, ProviderChoice(base_url=f"{HERE}/"))
    assert chosen_config(now(settings), provider_type).base_url == HERE
    if name := PROVIDERS[provider_type].base_url_setting:
        assert chosen_config(now(settings, **{name: THERE}), provider_type).base_url == THERE, "the environment wins"


def test_an_address_that_was_given_in_short_is_written_out(settings: Settings) -> None:
    save_provider_choice(settings, "ollama", ProviderChoice(base_url="0.0.0.0:11434"))
    assert read_saved(settings.data_dir).providers["ollama"].base_url == "http://127.0.0.1:11434"


@pytest.mark.parametrize(
    "address", ["ftp://here.test", "file:///etc/passwd", "here", "http://", "http://me:pw@here.test"]
)
def test_an_address_that_is_none_is_refused_and_not_written(address: str, settings: Settings) -> None:
    with pytest.raises(ConfigError):
        save_provider_choice(settings, "openai", ProviderChoice(base_url=address))
    assert not (settings.data_dir / FILE_NAME).exists()


def test_what_the_environment_determines_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fixed_by(settings, "openai") == ProviderChoice()
    monkeypatch.setenv("OPENAI_MODEL", "said")
    monkeypatch.setenv("OLLAMA_URL", HERE)
    assert fixed_by(settings, "openai") == ProviderChoice(model="OPENAI_MODEL")
    assert fixed_by(settings, "ollama") == ProviderChoice(base_url="OLLAMA_URL")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)  # set to nothing, it would hide the secret
    assert fixed_by(settings, "openai", {"OPENAI_BASE_URL": HERE}).base_url == "OPENAI_BASE_URL", "a secret, too"
    monkeypatch.setenv("LLM_MODEL", "general")
    assert fixed_by(replace(settings, llm_provider="groq"), "groq").model == "LLM_MODEL"
    assert fixed_by(settings, "groq").model == ""


KEYED = [name for name, kind in PROVIDERS.items() if kind.key_setting]


@pytest.mark.parametrize("provider_type", KEYED)
def test_a_key_of_the_environment_is_not_sent_to_an_address_that_was_typed(
    provider_type: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = PROVIDERS[provider_type].key_setting
    monkeypatch.setenv(name, CANARY)
    assert chosen_config(now(settings, **{name: CANARY}), provider_type).api_key == CANARY
    assert chosen_config(now(settings, **{name: CANARY}), provider_type, base_url=HERE).api_key == "", "for one run"
    save_provider_choice(settings, provider_type, ProviderChoice(base_url=HERE))
    config = chosen_config(now(settings, **{name: CANARY}), provider_type)
    assert (config.base_url, config.api_key) == (HERE, "")
    assert unsent_key(config) == name
    if PROVIDERS[provider_type].base_url_setting:
        own = now(settings, **{name: CANARY, PROVIDERS[provider_type].base_url_setting: HERE})
        assert chosen_config(own, provider_type).api_key == CANARY, "the environment gave both"


@pytest.mark.parametrize("provider_type", PROVIDERS)
def test_a_key_that_was_typed_goes_to_the_host_for_which_it_was_typed_and_to_no_other(
    provider_type: str, settings: Settings
) -> None:
    key = Key(CANARY, HERE)
    assert chosen_config(settings, provider_type, key).api_key == ""
    assert chosen_config(settings, provider_type, key, base_url=HERE).api_key == CANARY
    assert chosen_config(settings, provider_type, key, base_url="http://here.test/v2").api_key == CANARY
    for other in (THERE, "https://here.test/v1", "http://here.test:81/v1", "http://here.test.evil.test/v1", "[", "x"):
        assert chosen_config(settings, provider_type, key, base_url=other).api_key == "", other


def test_a_key_is_shown_as_its_last_four_characters_at_most() -> None:
    assert mask(CANARY) == "…wxyz"
    assert mask("short-key") == "…"
    assert CANARY not in repr(Key(CANARY, HERE))


@pytest.fixture
def locked(server: ModelServer) -> ModelServer:
    """A server that answers to the right key only."""

    def choose(call: Call) -> Act:
        return Act() if CANARY in call.headers.get("authorization", "") else Act(status=401, text="no such key")

    server.choose = choose
    return server


def test_a_job_is_resumed_with_the_key_that_was_typed_for_its_address(
    workspace: Workspace, locked: ModelServer
) -> None:
    request = ask(locked, 2)
    job = make(workspace, replace(request, provider=replace(request.provider, api_key="sk-wrong-key")))
    assert job.status is JobStatus.FAILED
    for keys in ({}, {"openai": Key(CANARY, HERE)}):
        again = finish(workspace, resume_task(with_key_for(workspace, job.id, keys), job.id))
        assert again.status is JobStatus.FAILED
        assert not any(CANARY in str(call.headers) for call in locked.calls)
    done = finish(workspace, resume_task(with_key_for(workspace, job.id, {"openai": Key(CANARY, locked.url)}), job.id))
    assert (done.status, done.done) == (JobStatus.COMPLETED, 2)
    assert CANARY not in repr(done)


def test_a_job_of_two_models_is_resumed_with_the_key_that_was_typed_for_the_assistant(
    workspace: Workspace, server: ModelServer
) -> None:
    with ModelServer(models=("answerer",)) as other:
        other.choose = lambda call: Act() if CANARY in str(call.headers) else Act(status=401, text="no")
        answers = ProviderConfig("anthropic", "answerer", other.root, "sk-wrong-key")
        job = make(workspace, ask(server, 2, assistant_provider=answers, method=Method.TURN_BY_TURN))
        assert job.status is JobStatus.FAILED
        typed = {"openai": Key("sk-any-key", server.url), "anthropic": Key(CANARY, other.root)}
        done = finish(workspace, resume_task(with_key_for(workspace, job.id, typed), job.id))
        assert (done.status, done.done) == (JobStatus.COMPLETED, 2)


def test_two_addresses_of_one_provider_do_not_share_a_typed_key(workspace: Workspace, server: ModelServer) -> None:
    server.choose = lambda call: Act(status=401, text="no such key")
    with ModelServer(models=("answerer",)) as other:
        answers = ProviderConfig("openai", "answerer", other.url, "sk-secret-key")
        job = make(workspace, ask(server, 1, assistant_provider=answers, method=Method.TURN_BY_TURN))
        typed = {"openai": Key(CANARY, server.url)}
        assert with_key_for(workspace, job.id, typed).settings.openai_api_key == ""


def test_a_job_at_a_foreign_address_is_not_resumed_with_the_key_of_the_environment(
    workspace: Workspace, server: ModelServer
) -> None:
    server.choose = lambda call: Act(status=401, text="no such key")
    job = make(workspace, ask(server, 1))
    owner = replace(workspace, settings=replace(workspace.settings, openai_api_key=CANARY))
    assert with_key_for(owner, job.id, {}).settings.openai_api_key == ""
    at_home = replace(owner, settings=replace(owner.settings, openai_base_url=server.url))
    assert with_key_for(at_home, job.id, {}).settings.openai_api_key == CANARY


def test_nothing_that_is_kept_holds_a_key(workspace: Workspace) -> None:
    settings = replace(workspace.settings, openai_api_key=CANARY)
    save_provider_choice(settings, "openai", ProviderChoice("m", HERE))
    save_setting(settings, "LLM_PROVIDER", "openai")
    config = chosen_config(settings, "openai", Key(CANARY, HERE))
    assert config == ProviderConfig("openai", config.model, config.base_url, CANARY)
    assert CANARY not in f"{config} {settings}"
    kept = [path for path in settings.data_dir.rglob("*") if path.is_file()]
    assert settings.data_dir / FILE_NAME in kept
    assert not any(CANARY.encode() in path.read_bytes() for path in kept)
