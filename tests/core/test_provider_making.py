"""Making a provider: the row that is meant, the address, the key; and that a key goes nowhere but to its service."""

import json
import logging
from collections.abc import Iterator

import pytest

from synthgen_core.errors import ConfigError, NotFoundError, ProviderRefusedError
from synthgen_core.models import ProviderConfig
from synthgen_core.providers import PROVIDERS, create_provider, get_provider_types, languages_of, provider_kind
from synthgen_core.providers.base import LLMProvider
from tests.support.server import Act, ModelServer
from tests.support.wires import HOSTED, HTTP_TYPES, KEY, REQUEST, address, config


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(models=("stub-model", "another-model")) as server:
        yield server


# -- the key


@pytest.mark.parametrize("provider_type", list(PROVIDERS))
def test_the_key_goes_to_the_service_and_nowhere_else(
    server: ModelServer, provider_type: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = address(server, provider_type) if provider_type in HTTP_TYPES else ""
    made = create_provider(provider_type, ProviderConfig(provider_type, "stub-model", url, KEY))
    if url:
        made.check()
        made.complete(REQUEST)
        server.then(Act(status=401, text=f"Incorrect API key provided: {KEY}. See your account."))
        with pytest.raises(ProviderRefusedError, match="See your account") as caught:
            made.complete(REQUEST)
        assert KEY not in f"{caught.value} {caught.value!r} {caught.value.hint}"
        assert caplog.records, "the SDK and the HTTP client log what they do"
    if provider_type in HOSTED:
        assert server.calls[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in json.dumps([call.body for call in server.calls])
    assert KEY not in f"{made} {made!r} {made.config} {made.config!r} {made.config.public()}"
    assert KEY not in caplog.text
    made.close()


@pytest.mark.parametrize("provider_type", HTTP_TYPES)
@pytest.mark.parametrize("key", ["sk-ü", "sk-\n1", "“sk-1”", '"sk-1"', "sk 1"])
def test_a_key_that_cannot_be_one_is_refused_unseen(provider_type: str, key: str) -> None:
    with pytest.raises(ProviderRefusedError) as caught:
        create_provider(provider_type, {"url": "http://127.0.0.1:9/v1", "model": "m", "api_key": key})
    assert caught.value.cause == "auth"
    assert key not in str(caught.value)


def test_space_around_a_key_is_not_part_of_it(server: ModelServer) -> None:
    made = create_provider("groq", {"url": server.url, "model": "m", "api_key": f" {KEY}\n"})
    made.complete(REQUEST)
    assert server.calls[0].headers["authorization"] == f"Bearer {KEY}"
    made.close()


@pytest.mark.parametrize("provider_type", HOSTED)
def test_a_service_is_not_asked_without_the_key_that_it_needs(provider_type: str) -> None:
    with pytest.raises(ProviderRefusedError, match=PROVIDERS[provider_type].key_setting) as caught:
        create_provider(provider_type, {"model": "m"})
    assert caught.value.cause == "auth"


@pytest.mark.parametrize("provider_type", HTTP_TYPES)
def test_another_server_may_need_no_key(server: ModelServer, provider_type: str) -> None:
    made = create_provider(provider_type, {"url": address(server, provider_type), "model": "stub-model"})
    made.complete(REQUEST)
    assert len(server.calls) == 1
    made.close()


def test_a_key_is_tried_where_the_list_of_models_is_open_to_all(server: ModelServer) -> None:
    made = create_provider("openrouter", config(server, "openrouter"))
    server.key_act = Act(status=401)
    assert made.get_models()
    with pytest.raises(ProviderRefusedError, match="refuses the key"):
        made.check()
    made.close()


# -- the factory


def test_the_factory_takes_a_type_and_a_plain_mapping() -> None:
    made = create_provider("ollama", {"url": "http://localhost:11434", "model": "gemma3:27b"})
    assert made.config == ProviderConfig("ollama", "gemma3:27b", "http://localhost:11434")
    made.close()


def test_every_type_can_be_made_and_listed() -> None:
    assert get_provider_types() == list(PROVIDERS)
    for provider_type in get_provider_types():
        made = create_provider(provider_type, {"api_key": KEY})
        assert isinstance(made, LLMProvider)
        assert made.config.type == provider_type
        assert made.config.base_url == PROVIDERS[provider_type].default_base_url
        made.close()


@pytest.mark.parametrize(("wrong", "near"), [("opanai", "openai"), ("olama", "ollama"), ("embeded", "embedded")])
def test_an_unknown_type_is_told_with_the_nearest(wrong: str, near: str) -> None:
    for ask in (create_provider, provider_kind):
        with pytest.raises(NotFoundError) as caught:
            ask(wrong)
        assert wrong in caught.value.message
        assert near in caught.value.hint


@pytest.mark.parametrize("provider_type", HTTP_TYPES)
@pytest.mark.parametrize(
    "url", ["ftp://host", "file:///etc/passwd", "http://", "http://a b/", "http://h:99999", "http://h:0", "http://[::1"]
)
def test_only_http_addresses_are_taken(provider_type: str, url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        create_provider(provider_type, {"url": url, "model": "m"})
    assert url.rstrip("/") in caught.value.message
    assert "http://" in caught.value.hint


def test_an_address_in_short_is_taken_only_where_it_can_be_completed() -> None:
    with pytest.raises(ConfigError, match="localhost:8080"):
        create_provider("vllm", {"url": "localhost:8080", "model": "m"})


@pytest.mark.parametrize("provider_type", HTTP_TYPES)
@pytest.mark.parametrize("url", ["https://me:pa55word@host/v1", "me:pa55word@host/v1", "http://me:pa55/word@host"])
def test_an_address_with_a_password_is_refused_unseen(provider_type: str, url: str) -> None:
    with pytest.raises(ConfigError, match="password") as caught:
        create_provider(provider_type, {"url": url, "model": "m"})
    assert "pa55" not in f"{caught.value} {caught.value!r}"


def test_an_address_that_a_server_listens_on_is_turned_into_one_that_can_be_reached() -> None:
    made = create_provider("vllm", {"url": "http://0.0.0.0:8000/v1", "model": "m"})
    assert made.config.base_url == "http://127.0.0.1:8000/v1"
    made.close()


def test_languages_are_those_of_the_model_not_of_the_provider() -> None:
    assert languages_of(ProviderConfig("embedded")) == ("en",)
    assert languages_of(ProviderConfig("embedded", "/models/my.gguf")) == ()
    assert languages_of(ProviderConfig("embedded", "Llama-3.2-1B-Instruct"))[:2] == ("en", "de")
    assert languages_of(ProviderConfig("ollama", "llama3")) == ()


def test_an_address_may_end_with_a_slash(server: ModelServer) -> None:
    made = create_provider("openai", {"url": f" {server.url}/ ", "model": "m"})
    made.complete(REQUEST)
    assert server.calls[0].path == "/v1/chat/completions"
    made.close()
