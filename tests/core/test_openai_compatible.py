"""What OpenAI's wire has of its own; and a real server that speaks it.

What holds for every provider is in ``test_providers``; what becomes of refused parameters is in ``test_dialect``.
"""

import json
from collections.abc import Callable, Iterator

import pytest
import xllamacpp

from synthgen_core.errors import ProviderRefusedError
from synthgen_core.models import ChatRequest, Message, Role
from synthgen_core.providers import create_provider
from synthgen_core.providers.base import LLMProvider
from synthgen_core.providers.embedded import engine_parameters
from synthgen_core.providers.weights import ensure_weights
from tests.support.server import Act, ModelServer
from tests.support.wires import KEY, REQUEST, config

SCHEMA = """{"type": "object", "properties": {"colour": {"enum": ["red", "blue"]}}, "required": ["colour"],
    "additionalProperties": false}"""
HELLO = (Message(Role.SYSTEM, "Be brief."), Message(Role.USER, "Say hello."))


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
def provider(server: ModelServer) -> Iterator[LLMProvider]:
    made = create_provider("openai", config(server, "openai"))
    yield made
    made.close()


def test_used_up_credit_is_known_by_its_code_alone(provider: LLMProvider, server: ModelServer) -> None:
    server.then(Act(status=429, text="Please see your plan.", code="insufficient_quota"))
    with pytest.raises(ProviderRefusedError) as caught:
        provider.complete(REQUEST)
    assert caught.value.cause == "credit"


def test_a_refusal_is_a_reply_that_says_so(provider: LLMProvider, server: ModelServer) -> None:
    server.then(Act(raw='{"choices": [{"message": {"content": null, "refusal": "I cannot."}}]}'))
    completion = provider.complete(REQUEST)
    assert (completion.text, completion.finish_reason) == ("I cannot.", "refusal")


@pytest.mark.parametrize("details", ["null", "{}", '{"cached_tokens": null}'])
def test_a_server_need_not_tell_of_its_cache(provider: LLMProvider, server: ModelServer, details: str) -> None:
    usage = f'{{"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {details}}}'
    server.then(Act(raw=f'{{"choices": [{{"message": {{"content": "a"}}}}], "usage": {usage}}}'))
    assert provider.complete(REQUEST).usage.total == 12


@pytest.mark.parametrize(
    ("raw", "quoted"),
    [
        ('{"error": "a plain text"}', "a plain text"),
        ('{"detail": "of FastAPI"}', "of FastAPI"),
        ('{"detail": [{"loc": ["body", "n"], "msg": "too small"}]}', "too small: body.n"),
        ('{"message": {"detail": "nested"}}', "nested"),
    ],
)
def test_whatever_its_form_the_server_s_own_word_is_quoted(
    provider: LLMProvider, server: ModelServer, raw: str, quoted: str
) -> None:
    server.then(Act(status=400, raw=raw))
    with pytest.raises(ProviderRefusedError, match=quoted):
        provider.complete(REQUEST)


# -- a real server: llama.cpp's own, with the embedded model

Make = Callable[..., LLMProvider]


@pytest.fixture(scope="module")
def llama() -> Iterator[str]:
    """Its address."""
    parameters = engine_parameters(ensure_weights())
    parameters.api_keys = [KEY]
    server = xllamacpp.Server(parameters)
    yield server.listening_address
    del server


@pytest.fixture
def make(llama: str) -> Iterator[Make]:
    made: list[LLMProvider] = []

    def make(key: str = KEY) -> LLMProvider:
        made.append(create_provider("llama_cpp", {"url": f"{llama}/v1", "api_key": key}))
        return made[-1]

    yield make
    for provider in made:
        provider.close()


def test_a_real_server_answers_and_counts(make: Make) -> None:
    provider = make()
    provider.check()
    assert [provider.config.model] == provider.get_models()
    completion = provider.complete(ChatRequest(HELLO, max_tokens=200, temperature=0.0, seed=1))
    assert completion.text
    assert completion.finish_reason == "stop"
    assert 10 < completion.usage.prompt_tokens < 60
    assert 5 < completion.usage.completion_tokens < 200
    again = provider.complete(ChatRequest(HELLO, max_tokens=5, temperature=0.0, seed=1))
    assert (again.finish_reason, again.usage.completion_tokens) == ("length", 5)
    assert 0 < again.usage.cached_tokens < again.usage.prompt_tokens == completion.usage.prompt_tokens


def test_a_real_server_holds_its_reply_to_the_schema(make: Make) -> None:
    request = ChatRequest((Message(Role.USER, "Your favourite colour?"),), max_tokens=40, seed=1, schema=SCHEMA)
    assert json.loads(make().complete(request).text)["colour"] in ("red", "blue")


def test_a_real_server_refuses_what_it_cannot_do(make: Make) -> None:
    with pytest.raises(ProviderRefusedError) as caught:
        make().complete(ChatRequest((Message(Role.USER, "word " * 3000),), schema=SCHEMA))
    assert (caught.value.cause, caught.value.is_fatal) == ("bad_request", False)
    assert json.loads(make().complete(ChatRequest(HELLO, max_tokens=40, schema=SCHEMA)).text), "that taught nothing"
    with pytest.raises(ProviderRefusedError) as caught:
        make("wrong").complete(REQUEST)
    assert caught.value.cause == "auth"
