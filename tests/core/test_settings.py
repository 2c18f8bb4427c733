"""Every setting is read, refused where it cannot work, and has an effect."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from synthgen_core import errors as errors_module
from synthgen_core import settings as settings_module
from synthgen_core.actions.generation import GenerationRequest, start_generation
from synthgen_core.actions.providers import choose_provider, open_provider, provider_config
from synthgen_core.actions.requests import check_request
from synthgen_core.database import NewDataset, NewJob
from synthgen_core.errors import ConfigError
from synthgen_core.jobs import Run
from synthgen_core.models import JobKind, ProviderConfig
from synthgen_core.providers import PROVIDERS, provider_kind
from synthgen_core.settings import ROOT, SETTINGS, Settings, load_settings
from synthgen_core.workspace import open_workspace
from tests.support.replies import MODEL
from tests.support.server import ModelServer

SECONDS = 30.0

GOOD: Mapping[str, tuple[str, object]] = {
    "LLM_PROVIDER": (" openai ", "openai"),
    "LLM_MODEL": ("llama3:8b", "llama3:8b"),
    "EMBEDDED_MODEL_PATH": ("/models/a b.gguf", "/models/a b.gguf"),
    "OLLAMA_URL": ("http://gpu:11434", "http://gpu:11434"),
    "OPENAI_API_KEY": ("sk-1234 ", "sk-1234"),
    "OPENAI_BASE_URL": ("http://localhost:8000/v1", "http://localhost:8000/v1"),
    "OPENAI_MODEL": ("gpt-x", "gpt-x"),
    "ANTHROPIC_API_KEY": (" sk-ant-1 ", "sk-ant-1"),
    "ANTHROPIC_BASE_URL": ("http://localhost:9", "http://localhost:9"),
    "ANTHROPIC_MODEL": ("claude-x", "claude-x"),
    "GROQ_API_KEY": ("gsk-1", "gsk-1"),
    "OPENROUTER_API_KEY": ("sk-or-1", "sk-or-1"),
    "MISTRAL_API_KEY": ("m-1", "m-1"),
    "DATA_DIR": ("/srv/data", Path("/srv/data").resolve()),
    "DATABASE_PATH": ("a.db", "a.db"),
    "DATABASE_URL": ("postgresql+psycopg://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
    "MAX_CONCURRENT_JOBS": (" 7 ", 7),
    "WORKERS": ("12", 12),
    "ENABLE_CACHING": ("False", False),
    "CACHE_TTL": ("0.5", 0.5),
    "LOG_LEVEL": ("DEBUG", "debug"),
}
BAD = [
    ("DATA_DIR", "~no_such_user_here/data", "folder"),
    ("MAX_CONCURRENT_JOBS", "0", "1 to 64"),
    ("WORKERS", "257", "0 to 256"),
    ("MAX_CONCURRENT_JOBS", "65", "1 to 64"),
    ("MAX_CONCURRENT_JOBS", "-3", "1 to 64"),
    ("MAX_CONCURRENT_JOBS", "--3", "1 to 64"),
    ("MAX_CONCURRENT_JOBS", "two", "1 to 64"),
    ("MAX_CONCURRENT_JOBS", "2.5", "1 to 64"),
    ("MAX_CONCURRENT_JOBS", "²", "1 to 64"),
    ("ENABLE_CACHING", "maybe", "true or false"),
    ("CACHE_TTL", "-1", "hours"),
    ("CACHE_TTL", "nan", "hours"),
    ("CACHE_TTL", "inf", "hours"),
    ("CACHE_TTL", "1e9", "hours"),
    ("CACHE_TTL", "a day", "hours"),
    ("LOG_LEVEL", "loud", "debug, info, warning, error"),
]


def test_every_setting_has_a_good_value_here_and_a_word_of_help() -> None:
    assert set(GOOD) == set(SETTINGS)
    for name, setting in SETTINGS.items():
        assert len(setting.metadata["help"]) > 15, name


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_is_read(name: str) -> None:
    raw, parsed = GOOD[name]
    field = name.lower()
    assert getattr(load_settings({name: raw}), field) == parsed
    assert getattr(load_settings({}), field) == SETTINGS[name].default != parsed


@pytest.mark.parametrize("name", SETTINGS)
def test_an_empty_value_counts_as_not_set(name: str) -> None:
    for empty in ("", "  "):
        assert load_settings({name: empty}) == load_settings({})


@pytest.mark.parametrize(("name", "raw", "expected"), BAD)
def test_a_value_that_cannot_work_is_named_with_what_is_expected(name: str, raw: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings({name: raw})
    assert f"The setting {name} cannot be “{raw}”" in caught.value.message
    assert expected in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("raw", ["1", "true", "YES", " on "])
def test_the_ways_to_say_yes(raw: str) -> None:
    assert load_settings({"ENABLE_CACHING": raw}).enable_caching is True


@pytest.mark.parametrize("raw", ["0", "false", "No", "off "])
def test_the_ways_to_say_no(raw: str) -> None:
    assert load_settings({"ENABLE_CACHING": raw}).enable_caching is False


def test_what_is_given_in_the_call_wins_and_none_does_not() -> None:
    given = {"LLM_MODEL": "from the environment", "CACHE_TTL": "5"}
    settings = load_settings(given, llm_model="from the call", cache_ttl=None)
    assert (settings.llm_model, settings.cache_ttl) == ("from the call", 5.0)


def test_unknown_names_are_nobody_s_business() -> None:
    assert load_settings({"PATH": "/bin", "llm_model": "lower case"}) == load_settings({})


def test_secrets_are_in_no_printed_settings_and_in_no_error() -> None:
    secrets = [name for name, setting in SETTINGS.items() if setting.metadata["is_secret"]]
    keys = [kind.key_setting for kind in PROVIDERS.values() if kind.needs_key]
    assert sorted(secrets) == sorted([*keys, "DATABASE_URL"])
    settings = load_settings(dict.fromkeys(secrets, "postgresql://u:pa55word@h/d"))
    assert "pa55word" not in f"{settings} {settings!r}"
    assert "pa55word" in settings.sqlalchemy_url


def test_a_relative_folder_starts_at_the_app_wherever_it_is_started() -> None:
    assert load_settings({"DATA_DIR": "my data"}).data_dir == ROOT / "my data"
    assert load_settings({"DATA_DIR": "../next"}).data_dir == ROOT.parent / "next"
    assert load_settings({"DATA_DIR": "~/data"}).data_dir == (Path.home() / "data").resolve()
    assert load_settings({}).data_dir == ROOT / "data"


def test_the_environment_of_the_process_is_read_and_wins_over_a_dotenv_file(tmp_path: Path) -> None:
    package = tmp_path / "app" / "synthgen_core"
    package.mkdir(parents=True)
    for module in (settings_module, errors_module):
        shutil.copy(Path(str(module.__file__)), package)
    (tmp_path / "app" / ".env").write_text('LLM_MODEL="from the file"\nOPENAI_MODEL=ü # a remark\nCACHE_TTL=5\n')
    code = """if True:
        from synthgen_core.settings import load_settings
        s = load_settings()
        print(s.llm_model, s.openai_model, s.cache_ttl, s.data_dir, sep="|")
        """
    environment = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    environment |= {"CACHE_TTL": "6", "PYTHONPATH": str(tmp_path / "app"), "PYTHONUTF8": "1"}
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"from the file|ü|6.0|{tmp_path / 'app' / 'data'}"
    (tmp_path / "app" / ".env").write_bytes(b"LLM_MODEL=\xff\xfe\n")
    done = subprocess.run(run, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "ConfigError" in done.stderr.splitlines()[-1]
    assert ".env" in done.stderr.splitlines()[-1]


def test_each_provider_names_settings_that_there_are() -> None:
    for kind in PROVIDERS.values():
        for name in (kind.model_setting, kind.base_url_setting, kind.key_setting):
            assert not name or name in SETTINGS
            assert load_settings({name: "mine"}).get(name) == ("mine" if name else "")


def test_a_user_s_own_table_of_models_says_which_is_the_default(tmp_path: Path) -> None:
    (tmp_path / "models.toml").write_text('[[anthropic.models]]\nname = "claude-mine"\ndefault = true\n')
    settings = load_settings({"DATA_DIR": str(tmp_path)})
    assert provider_config(settings, "anthropic").model == "claude-mine"
    assert provider_config(load_settings({"DATA_DIR": str(tmp_path / "none")}), "anthropic").model != "claude-mine"
    assert provider_config(settings, "anthropic", model="said").model == "said"
    (tmp_path / "models.toml").write_text("[[anthropic.models]]\nname = 5\n")
    with pytest.raises(ConfigError, match=r"models\.toml"):
        provider_config(settings, "anthropic")


# -- what each setting does


def say_hello(config: ProviderConfig) -> None:
    """One call, as a job makes it."""
    with closing(open_provider(config)) as provider:
        provider.generate_text("Hello")


Effect = Callable[[Path, ModelServer], None]
EFFECTS: dict[str, Effect] = {}


def effect(name: str) -> Callable[[Effect], Effect]:
    def keep(function: Effect) -> Effect:
        EFFECTS[name] = function
        return function

    return keep


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_has_an_effect(name: str, tmp_path: Path) -> None:
    with ModelServer() as server:
        EFFECTS[name](tmp_path, server)


def test_no_effect_is_of_a_setting_that_is_gone() -> None:
    assert set(EFFECTS) == set(SETTINGS)


@effect("LLM_PROVIDER")
def _chooses_the_provider(tmp_path: Path, server: ModelServer) -> None:
    for name in (*PROVIDERS, "OpenAI"):
        choice = choose_provider(load_settings({"LLM_PROVIDER": name, "LLM_MODEL": "m"}))
        assert choice.config.type == name.lower()
        assert choice.reason == "LLM_PROVIDER says so."


@effect("LLM_MODEL")
def _chooses_the_model(tmp_path: Path, server: ModelServer) -> None:
    given = {"LLM_PROVIDER": "openai", "OPENAI_BASE_URL": server.url, "LLM_MODEL": "my-model"}
    say_hello(choose_provider(load_settings(given)).config)
    assert server.calls[0].body["model"] == "my-model"


@effect("EMBEDDED_MODEL_PATH")
def _replaces_the_embedded_weights(tmp_path: Path, server: ModelServer) -> None:
    assert provider_config(load_settings({"EMBEDDED_MODEL_PATH": "/m.gguf"}), "embedded").model == "/m.gguf"


@effect("ANTHROPIC_API_KEY")
def _is_sent_as_anthropic_s_key(tmp_path: Path, server: ModelServer) -> None:
    settings = load_settings({"ANTHROPIC_BASE_URL": server.root, "ANTHROPIC_API_KEY": "sk-ant-mine"})
    say_hello(provider_config(settings, "anthropic"))
    assert server.calls[0].headers["authorization"] == "Bearer sk-ant-mine"


@effect("ANTHROPIC_BASE_URL")
def _says_where_anthropic_s_protocol_is_spoken(tmp_path: Path, server: ModelServer) -> None:
    say_hello(provider_config(load_settings({"ANTHROPIC_BASE_URL": server.root}), "anthropic"))
    assert server.calls[0].path == "/v1/messages"


@effect("ANTHROPIC_MODEL")
def _is_the_model_for_anthropic_alone(tmp_path: Path, server: ModelServer) -> None:
    given = {"ANTHROPIC_BASE_URL": server.root, "ANTHROPIC_MODEL": "theirs", "LLM_MODEL": "general"}
    say_hello(provider_config(load_settings(given), "anthropic"))
    assert server.calls[0].body["model"] == "theirs"
    assert provider_config(load_settings(given), "openai").model != "theirs"


def is_sent_as_the_key_of(provider_type: str) -> Effect:
    def check(tmp_path: Path, server: ModelServer) -> None:
        settings = load_settings({PROVIDERS[provider_type].key_setting: "my-key"})
        say_hello(provider_config(settings, provider_type, model="m", base_url=server.url))
        assert server.calls[0].headers["authorization"] == "Bearer my-key"
        others = [kind.type for kind in PROVIDERS.values() if kind.type != provider_type]
        assert not any(provider_config(settings, other).api_key for other in others)

    return check


EFFECTS |= {PROVIDERS[name].key_setting: is_sent_as_the_key_of(name) for name in ("groq", "openrouter", "mistral")}


@effect("OLLAMA_URL")
def _says_where_ollama_is(tmp_path: Path, server: ModelServer) -> None:
    choice = choose_provider(load_settings({"OLLAMA_URL": server.root}))
    assert (choice.config.type, choice.config.base_url, choice.config.model) == ("ollama", server.root, MODEL)


@effect("OPENAI_API_KEY")
def _is_sent_as_the_key(tmp_path: Path, server: ModelServer) -> None:
    settings = load_settings({"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "sk-mine"})
    say_hello(provider_config(settings, "openai"))
    assert server.calls[0].headers["authorization"] == "Bearer sk-mine"


@effect("OPENAI_BASE_URL")
def _says_where_the_server_is(tmp_path: Path, server: ModelServer) -> None:
    say_hello(provider_config(load_settings({"OPENAI_BASE_URL": server.url}), "openai"))
    assert server.calls[0].path == "/v1/chat/completions"


@effect("OPENAI_MODEL")
def _is_the_model_for_openai_alone(tmp_path: Path, server: ModelServer) -> None:
    settings = load_settings({"OPENAI_BASE_URL": server.url, "OPENAI_MODEL": "theirs", "LLM_MODEL": "general"})
    say_hello(provider_config(settings, "openai"))
    assert server.calls[0].body["model"] == "theirs"
    assert provider_config(settings, "ollama").model != "theirs"


@effect("DATA_DIR")
def _holds_database_and_datasets(tmp_path: Path, server: ModelServer) -> None:
    with closing(open_workspace(load_settings({"DATA_DIR": str(tmp_path / "there")}))) as workspace:
        job = start_generation(workspace, request(server))
        assert workspace.runner.wait(job.id, SECONDS)
    assert (tmp_path / "there" / "llm_dataset_creator.db").is_file()
    assert len(list((tmp_path / "there" / "datasets").glob("*.jsonl"))) == 1


@effect("DATABASE_PATH")
def _is_the_database_s_file(tmp_path: Path, server: ModelServer) -> None:
    for given, path in (("mine.db", tmp_path / "mine.db"), (str(tmp_path / "far/a.db"), tmp_path / "far/a.db")):
        with closing(open_workspace(load_settings({"DATA_DIR": str(tmp_path), "DATABASE_PATH": given}))) as workspace:
            assert workspace.database.get_totals()["datasets"] == 0
        assert path.is_file()


@effect("DATABASE_URL")
def _replaces_the_path(tmp_path: Path, server: ModelServer) -> None:
    given = {"DATA_DIR": str(tmp_path), "DATABASE_PATH": "no.db", "DATABASE_URL": f"sqlite:///{tmp_path}/yes.db"}
    with closing(open_workspace(load_settings(given))):
        assert (tmp_path / "yes.db").is_file()
    assert not (tmp_path / "no.db").exists()


@effect("MAX_CONCURRENT_JOBS")
def _bounds_the_jobs(tmp_path: Path, server: ModelServer) -> None:
    for most in (1, 3):
        data = {"DATA_DIR": str(tmp_path / str(most)), "MAX_CONCURRENT_JOBS": str(most)}
        with closing(open_workspace(load_settings(data))) as workspace:
            begun, go_on = threading.Semaphore(0), threading.Event()

            def work(run: Run, begun: threading.Semaphore = begun, go_on: threading.Event = go_on) -> None:
                begun.release()
                go_on.wait(SECONDS)

            for n in range(4):
                new = NewJob(JobKind.GENERATION, {}, 1, workspace.runner.owner)
                dataset = NewDataset("a", "support", "returns", "chat", f"datasets/{n}.jsonl")
                workspace.runner.start(workspace.database.create_job(new, dataset), work)
            for _ in range(most):
                assert begun.acquire(timeout=SECONDS)
            assert not begun.acquire(timeout=0.1)
            go_on.set()


def request(server: ModelServer) -> GenerationRequest:
    settings = load_settings({"OPENAI_BASE_URL": server.url, "OPENAI_MODEL": MODEL})
    provider = provider_config(settings, "openai")
    return GenerationRequest("support", "technical_support", provider, num_examples=2, seed=1)


@effect("WORKERS")
def _says_how_many_calls_at_a_time(tmp_path: Path, server: ModelServer) -> None:
    for given, workers in (("7", 7), ("0", provider_kind("openai").workers)):
        settings = load_settings({"DATA_DIR": str(tmp_path / given), "WORKERS": given})
        with closing(open_workspace(settings)) as workspace:
            assert check_request(workspace, request(server))[0].workers == workers
            assert check_request(workspace, replace(request(server), workers=3))[0].workers == 3


def calls_of_a_second_run(folder: Path, server: ModelServer, **given: str) -> int:
    """How many calls the same run takes when it is done again."""
    with closing(open_workspace(load_settings({"DATA_DIR": str(folder), **given}))) as workspace:
        for _ in range(2):
            before = len(server.calls)
            job = start_generation(workspace, request(server))
            assert workspace.runner.wait(job.id, SECONDS)
            assert workspace.database.get_job(job.id).done == 2
    return len(server.calls) - before


@effect("ENABLE_CACHING")
def _lets_paid_replies_be_used_again(tmp_path: Path, server: ModelServer) -> None:
    assert calls_of_a_second_run(tmp_path / "on", server) == 0
    assert calls_of_a_second_run(tmp_path / "off", server, ENABLE_CACHING="false") == 2


@effect("CACHE_TTL")
def _says_for_how_long(tmp_path: Path, server: ModelServer) -> None:
    assert calls_of_a_second_run(tmp_path / "day", server, CACHE_TTL="100000") == 0
    assert calls_of_a_second_run(tmp_path / "none", server, CACHE_TTL="0") == 2


@effect("LOG_LEVEL")
def _says_how_much_is_logged(tmp_path: Path, server: ModelServer) -> None:
    logged = {}
    for level in ("", "info"):
        run = [sys.executable, "-m", "synthgen_core", "datasets", "--data-dir", str(tmp_path / f"at {level}")]
        environment = os.environ | {"LOG_LEVEL": level}
        done = subprocess.run(run, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
        logged[level] = done.stderr
    assert logged[""] == ""
    assert "INFO synthgen_core.database" in logged["info"]


def test_settings_are_values() -> None:
    assert Settings() == Settings()
    with pytest.raises(AttributeError):
        Settings().llm_model = "x"  # type: ignore[misc]
