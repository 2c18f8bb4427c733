"""What Ollama's wire has of its own: names with tags, short addresses, and fetching a model. The rest it shares."""

import json
from collections.abc import Callable, Iterator

import pytest

from synthgen_core.actions.providers import provider_config
from synthgen_core.concurrency import Stop
from synthgen_core.errors import ProviderError, ProviderRefusedError, ProviderUnavailableError, StoppedError
from synthgen_core.models import ChatRequest, Message, Role
from synthgen_core.providers import create_provider
from synthgen_core.providers.ollama import OllamaProvider
from synthgen_core.settings import Settings
from tests.support.server import Act, ModelServer

REQUEST = ChatRequest((Message(Role.USER, "exactly 1 exchange"),))
Make = Callable[..., OllamaProvider]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(models=("llama3:latest", "gemma4:e4b")) as server:
        yield server


@pytest.fixture
def make(server: ModelServer) -> Iterator[Make]:
    made: list[OllamaProvider] = []

    def make(model: str = "", *, url: str = "") -> OllamaProvider:
        provider = create_provider("ollama", {"url": url or server.root, "model": model})
        assert isinstance(provider, OllamaProvider)
        made.append(provider)
        return provider

    yield make
    for provider in made:
        provider.close()


# -- the model


@pytest.mark.parametrize(
    ("named", "used"), [("llama3", "llama3:latest"), ("llama3:latest", "llama3:latest"), ("gemma4:e4b", "gemma4:e4b")]
)
def test_a_model_is_found_with_its_tag_and_without(make: Make, server: ModelServer, named: str, used: str) -> None:
    provider = make(named)
    assert provider.complete(REQUEST).model == used
    assert (provider.config.model, server.calls[0].body["model"]) == (used, used)


def test_a_model_without_a_tag_is_not_one_with_another(make: Make, server: ModelServer) -> None:
    for name in ("gemma4", "llama3:8b", "llama"):
        with pytest.raises(ProviderRefusedError, match=f"ollama pull {name}") as caught:
            make(name).check()
        assert caught.value.cause == "model"


@pytest.mark.parametrize(
    ("installed", "used"),
    [
        (("llama3:latest", "gemma3:27b"), "gemma3:27b"),
        (("llama3:latest", "gemma4:e4b"), "llama3:latest"),
        (("mistral:7b",), "mistral:7b"),
    ],
)
def test_without_a_name_the_preferred_one_is_taken_or_else_the_first(
    make: Make, server: ModelServer, installed: tuple[str, ...], used: str
) -> None:
    server.models = list(installed)
    provider = make()
    provider.complete(REQUEST)
    assert server.calls[0].body["model"] == used


def test_where_nothing_is_installed_the_command_is_told(make: Make, server: ModelServer) -> None:
    server.models = []
    for name, told in (("", "ollama pull gemma4:e4b"), ("mine", "ollama pull mine")):
        with pytest.raises(ProviderRefusedError, match=told):
            make(name).complete(REQUEST)
    assert server.calls == []


def test_a_schema_is_the_format_and_thinking_is_off(make: Make, server: ModelServer) -> None:
    make("llama3").complete(ChatRequest(REQUEST.messages, schema='{"type": "object"}'))
    assert server.calls[0].body["format"] == {"type": "object"}
    assert server.calls[0].body["think"] is False


def test_the_version_is_told(make: Make) -> None:
    assert make().version() == "0.99.0"


# -- the address


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("0.0.0.0:11434", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        (":8080", "http://127.0.0.1:8080"),
        ("localhost", "http://localhost:11434"),
        ("gpu.lan:80/", "http://gpu.lan:80"),
        ("gpu/ollama", "http://gpu:11434/ollama"),
        ("[::]:9", "http://[::1]:9"),
        ("::1", "http://[::1]:11434"),
        ("[::1]", "http://[::1]:11434"),
        ("http://0.0.0.0:1/x", "http://127.0.0.1:1/x"),
        ("https://ollama.example", "https://ollama.example"),
        ("http://0.0.0.0.example", "http://0.0.0.0.example"),
        (" http://gpu:1 ", "http://gpu:1"),
    ],
)
def test_an_address_may_be_as_ollama_s_own_environment_has_it(make: Make, given: str, used: str) -> None:
    assert make("m", url=given).config.base_url == used
    assert provider_config(Settings(ollama_url=given), "ollama").base_url == used


# -- fetching a model

LAYER, SMALL = "sha256:aa", "sha256:bb"
PULL = [
    {"status": "pulling manifest"},
    {"status": "pulling aa", "digest": LAYER, "total": 8_000_000_000},
    {"status": "pulling aa", "digest": LAYER, "total": 8_000_000_000, "completed": 2_000_000_000},
    {"status": "pulling aa", "digest": LAYER, "total": 8_000_000_000, "completed": 8_000_000_000},
    {"status": "pulling bb", "digest": SMALL, "total": 2_000_000_000, "completed": 1_000_000_000},
    {"status": "pulling bb", "digest": SMALL, "total": 2_000_000_000, "completed": 2_000_000_000},
    {"status": "verifying sha256 digest"},
    {"status": "writing manifest"},
    {"status": "success"},
]


def lines(*said: object) -> Act:
    return Act(
        raw="\n".join(json.dumps(line) for line in said) + "\n\n", headers={"content-type": "application/x-ndjson"}
    )


def test_a_pull_tells_how_far_it_is_and_never_goes_back(make: Make, server: ModelServer) -> None:
    server.then(lines(*PULL))
    told: list[tuple[str, float]] = []
    make().pull("gemma4:e4b", lambda text, share: told.append((text, share)))
    assert (server.calls[0].path, server.calls[0].body) == ("/api/pull", {"model": "gemma4:e4b", "stream": True})
    assert told[0] == ("Fetching gemma4:e4b: pulling manifest.", 0.0)
    assert told[2] == ("Fetching gemma4:e4b: 2.0 of 8.0 GB.", 0.25)
    assert told[5] == ("Fetching gemma4:e4b: 10.0 of 10.0 GB.", 1.0)
    assert told[-1] == ("gemma4:e4b is there.", 1.0)
    shares = [share for _, share in told]
    assert shares == sorted(shares)


def test_a_pull_needs_no_listener(make: Make, server: ModelServer) -> None:
    server.then(lines({"status": "success"}))
    make().pull("gemma4:e4b")
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("act", "error", "cause", "words"),
    [
        (lines({"error": "pull model manifest: file does not exist"}), ProviderRefusedError, "model", "no model “m”"),
        (lines(*PULL[:3], {"error": "no space left on device"}), ProviderUnavailableError, "server", "no space left"),
        (lines(*PULL[:3]), ProviderUnavailableError, "connection", "broke off"),
        (Act(raw="<html>\n"), ProviderUnavailableError, "bad_reply", "not a reply"),
        (Act(raw="[1]\n"), ProviderUnavailableError, "bad_reply", "not a reply"),
        (Act(cut=20, raw=json.dumps(PULL[0]) + "\n" * 100), ProviderUnavailableError, "connection", "does not answer"),
        (Act(is_dropped=True), ProviderUnavailableError, "connection", "does not answer"),
        (Act(status=500, text="disk is full"), ProviderUnavailableError, "server", "disk is full"),
        (lines({"total": "many", "status": "pulling"}), ProviderUnavailableError, "bad_reply", "not a reply"),
    ],
)
def test_each_way_in_which_a_pull_fails_is_told(
    make: Make, server: ModelServer, act: Act, error: type[ProviderError], cause: str, words: str
) -> None:
    server.then(act)
    with pytest.raises(error, match=words) as caught:
        make().pull("m")
    assert caught.value.cause == cause
    assert caught.value.hint


def test_a_pull_ends_when_it_is_asked_to_stop(make: Make, server: ModelServer) -> None:
    server.then(lines(*PULL))
    stop, told = Stop(), []

    def note(text: str, share: float) -> None:
        told.append(share)
        stop.set()

    with pytest.raises(StoppedError):
        make().pull("m", note, stop)
    assert told == [0.0]
    with pytest.raises(StoppedError):
        make().pull("m", None, stop)
    assert len(server.calls) == 1
