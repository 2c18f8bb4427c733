"""Every setting has an effect: each is shown at work."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from synthgen_core.access import Role, role_of_password, role_of_person
from synthgen_core.actions.generation import GenerationRequest, start_generation
from synthgen_core.actions.import_files import local_file
from synthgen_core.actions.import_previews import preview_import
from synthgen_core.actions.providers import choose_provider, open_provider, provider_config
from synthgen_core.actions.requests import check_request
from synthgen_core.database import NewDataset, NewJob
from synthgen_core.errors import ConfigError
from synthgen_core.jobs import Run
from synthgen_core.models import JobKind, ProviderConfig
from synthgen_core.providers import PROVIDERS, provider_kind
from synthgen_core.settings import ROOT, SETTINGS, load_settings
from synthgen_core.workspace import open_workspace
from tests.support.replies import MODEL
from tests.support.server import ModelServer

SECONDS = 30.0


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


def rows_come_in(tmp_path: Path, content: bytes, **given: str) -> int:
    """How many rows of a file come in with these settings. Raises ConfigError where the file is refused."""
    (tmp_path / "a.jsonl").write_bytes(content)
    with closing(open_workspace(load_settings({"DATA_DIR": str(tmp_path / "data"), **given}))) as workspace:
        return preview_import(workspace, local_file(tmp_path / "a.jsonl")).good


ROW = b'{"instruction": "a", "output": "' + b"x" * 600_000 + b'"}\n'


@effect("IMPORT_MAX_FILE_MB")
def _bounds_a_file(tmp_path: Path, server: ModelServer) -> None:
    assert rows_come_in(tmp_path, ROW * 2, IMPORT_MAX_FILE_MB="2") == 2
    with pytest.raises(ConfigError, match="IMPORT_MAX_FILE_MB"):
        rows_come_in(tmp_path, ROW * 2, IMPORT_MAX_FILE_MB="1")


@effect("IMPORT_MAX_LINE_MB")
def _bounds_a_line(tmp_path: Path, server: ModelServer) -> None:
    long = ROW.replace(b"x" * 600_000, b"x" * 1_200_000)
    assert rows_come_in(tmp_path, ROW + long, IMPORT_MAX_LINE_MB="2") == 2
    assert rows_come_in(tmp_path, ROW + long, IMPORT_MAX_LINE_MB="1") == 1


@effect("IMPORT_MAX_ROWS")
def _bounds_the_rows(tmp_path: Path, server: ModelServer) -> None:
    assert rows_come_in(tmp_path, ROW * 2, IMPORT_MAX_ROWS="2") == 2
    with pytest.raises(ConfigError, match="IMPORT_MAX_ROWS"):
        rows_come_in(tmp_path, ROW * 2, IMPORT_MAX_ROWS="1")


@effect("ACCESS_PASSWORD")
def _opens_the_app_to_admins(tmp_path: Path, server: ModelServer) -> None:
    assert role_of_password(load_settings({"ACCESS_PASSWORD": "long enough"}), "long enough") is Role.ADMIN


@effect("ACCESS_REVIEWER_PASSWORD")
def _opens_it_to_reviewers(tmp_path: Path, server: ModelServer) -> None:
    assert role_of_password(load_settings({"ACCESS_REVIEWER_PASSWORD": "long enough"}), "long enough") is Role.REVIEWER


@effect("ACCESS_VIEWER_PASSWORD")
def _opens_it_to_viewers(tmp_path: Path, server: ModelServer) -> None:
    assert role_of_password(load_settings({"ACCESS_VIEWER_PASSWORD": "long enough"}), "long enough") is Role.VIEWER


def role_by(name: str) -> Role | None:
    return role_of_person(load_settings({name: "*@example.org"}), "ada@example.org", is_verified=True)


@effect("ACCESS_ADMINS")
def _says_who_is_an_admin(tmp_path: Path, server: ModelServer) -> None:
    assert role_by("ACCESS_ADMINS") is Role.ADMIN


@effect("ACCESS_REVIEWERS")
def _says_who_is_a_reviewer(tmp_path: Path, server: ModelServer) -> None:
    assert role_by("ACCESS_REVIEWERS") is Role.REVIEWER


@effect("ACCESS_VIEWERS")
def _says_who_is_a_viewer(tmp_path: Path, server: ModelServer) -> None:
    assert role_by("ACCESS_VIEWERS") is Role.VIEWER


@effect("API_TOKEN")
def _opens_the_api(tmp_path: Path, server: ModelServer) -> None:
    run = [sys.executable, "-m", "synthgen_core", "serve", "--api-only", "--data-dir", str(tmp_path / "data")]
    done = subprocess.run(run, env=os.environ | {"API_TOKEN": "short"}, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "at least 16 characters" in done.stderr
