"""The commands ``providers`` and ``models``: the state of each provider, and what one of them lists."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from synthgen_core.actions.settings import ProviderChoice, save_provider_choice
from synthgen_core.cli.commands_providers import list_models, list_providers, models_arguments
from synthgen_core.errors import NotFoundError, ProviderError
from synthgen_core.providers import PROVIDERS
from synthgen_core.settings import Settings
from tests.support.server import Act, ModelServer

CANARY = "sk-canary-0123456789wxyz"
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A server that stands for Ollama and for OpenAI; nobody listens elsewhere."""
    with ModelServer(models=("llama3:latest", "gemma3:4b")) as started:
        monkeypatch.setenv("OLLAMA_URL", started.root)
        monkeypatch.setenv("OPENAI_BASE_URL", started.url)
        monkeypatch.setenv("OPENAI_API_KEY", CANARY)
        yield started


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder in which every local server is one that nobody runs."""
    for name, kind in PROVIDERS.items():
        if kind.is_local:
            save_provider_choice(Settings(data_dir=tmp_path), name, ProviderChoice(base_url=NOBODY))
    return tmp_path


def options(data: Path, **given: object) -> argparse.Namespace:
    return argparse.Namespace(data_dir=str(data), **({"json": True} | given))


def test_the_state_of_every_provider_is_told(
    data: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert list_providers(options(data)) == 0
    text = capsys.readouterr().out
    states = {row["provider"]: row for row in json.loads(text)}
    assert list(states) == list(PROVIDERS)
    ollama = states["ollama"]
    assert (ollama["state"], ollama["model"], ollama["models"]) == ("ready", "llama3:latest", 2)
    assert (states["openai"]["state"], states["openai"]["has_key"]) == ("ready", True)
    assert (states["groq"]["state"], states["groq"]["has_key"]) == ("no_key", False)
    assert states["vllm"]["state"] == "not_reachable"
    assert NOBODY in states["vllm"]["error"], "what was chosen in the app holds here, too"
    assert CANARY not in text


def test_it_says_so_in_words_too(data: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.models_act = Act(status=401, text=f"no such key {CANARY}")
    assert list_providers(options(data, json=False)) == 0, "the embedded model can write"
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "key refused" in lines["openai"]
    assert "GROQ_API_KEY" in lines["groq"]
    assert CANARY not in lines["openai"], "the others do not know it as a key"


def test_the_models_of_a_provider_are_listed(
    data: Path, server: ModelServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_MODEL", "gemma3:4b")
    assert list_models(options(data, provider="openai")) == 0
    models = json.loads(capsys.readouterr().out)
    assert {model["name"]: model["is_chosen"] for model in models} == {"llama3:latest": False, "gemma3:4b": True}
    assert list_models(options(data, provider="openai", json=False)) == 0
    assert "gemma3:4b (chosen)" in capsys.readouterr().out


def test_what_keeps_a_provider_from_listing_its_models_is_told(data: Path) -> None:
    with pytest.raises(ProviderError, match=r"does not answer at http://127\.0\.0\.1:9"):
        list_models(options(data, provider="vllm"))
    with pytest.raises(NotFoundError, match="Did you mean openai"):
        list_models(options(data, provider="opnai"))


def test_the_models_of_a_provider_are_asked_for_by_its_name() -> None:
    parser = argparse.ArgumentParser()
    models_arguments(parser)
    assert parser.parse_args(["ollama"]).provider == "ollama"
