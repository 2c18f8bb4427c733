"""Anthropic's Messages API: what is sent, what is read, what becomes of each fault; and a real server that speaks it.

What holds for every provider is in ``test_providers.py``; here is what this wire has of its own.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import xllamacpp

from synthgen_core.domains import load_catalogue
from synthgen_core.errors import ProviderRefusedError, ProviderUnavailableError
from synthgen_core.methods import RECIPES, make_plan
from synthgen_core.models import ChatRequest, Message, Method, ProviderConfig, Role, Usage
from synthgen_core.providers.anthropic_messages import AnthropicProvider
from synthgen_core.providers.catalogue import ModelTable, load_models
from synthgen_core.providers.embedded import engine_parameters
from synthgen_core.providers.model_info import REASONING_ROOM
from synthgen_core.providers.weights import ensure_weights
from tests.support.server import Act, ModelServer
from tests.support.wires import Fault, meet

KEY = "sk-ant-very-secret-0123456789"
MODEL = "claude-haiku-5-5"
SYSTEM, USER = Message(Role.SYSTEM, "Be brief."), Message(Role.USER, "exactly 2 exchanges")
REQUEST = ChatRequest((SYSTEM, USER), max_tokens=77)
SCHEMA = """{"type": "object", "required": ["turns"], "properties": {
    "turns": {"type": "array", "minItems": 4, "items": {"type": "string", "maxLength": 900}}}}"""


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(models=(MODEL, "claude-opus-5-5")) as server:
        yield server


Make = Callable[..., AnthropicProvider]


@pytest.fixture
def make(server: ModelServer) -> Iterator[Make]:
    """Makes providers that ask the server, and closes them."""
    made: list[AnthropicProvider] = []

    def make(
        model: str = MODEL,
        *,
        url: str = "",
        key: str = KEY,
        models: ModelTable | None = None,
    ) -> AnthropicProvider:
        made.append(AnthropicProvider(ProviderConfig("anthropic", model, url or server.root, key), models))
        return made[-1]

    yield make
    for provider in made:
        provider.close()


@pytest.fixture
def provider(make: Make) -> AnthropicProvider:
    return make()


# -- what is sent


def test_a_request_says_what_was_asked_and_nothing_that_the_service_refuses(
    provider: AnthropicProvider, server: ModelServer
) -> None:
    provider.complete(ChatRequest(REQUEST.messages, max_tokens=77, temperature=0.25, seed=11))
    assert server.calls[0].body == {
        "model": MODEL,
        "max_tokens": 77 + REASONING_ROOM,
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": "exactly 2 exchanges"}],
        "output_config": {"effort": "low"},
    }


def test_a_schema_is_sent_in_the_form_that_the_service_takes(provider: AnthropicProvider, server: ModelServer) -> None:
    provider.complete(ChatRequest(REQUEST.messages, schema=SCHEMA))
    format_ = server.calls[0].body["output_config"]["format"]
    assert format_["type"] == "json_schema"
    assert format_["schema"]["required"] == ["turns"]
    assert format_["schema"]["additionalProperties"] is False
    turns = format_["schema"]["properties"]["turns"]
    assert "minItems" not in turns
    assert "minItems: 4" in turns["description"]
    assert "maxLength: 900" in turns["items"]["description"]


def test_a_model_that_nothing_is_known_of_is_asked_without_effort_and_room(make: Make, server: ModelServer) -> None:
    make("claude-unheard-of").complete(ChatRequest(REQUEST.messages, max_tokens=77, schema=SCHEMA))
    body = server.calls[0].body
    assert body["max_tokens"] == 77
    assert list(body["output_config"]) == ["format"]


def test_a_table_of_the_users_decides_what_is_sent(make: Make, server: ModelServer, tmp_path: Path) -> None:
    file = tmp_path / "models.toml"
    file.write_text(
        f'[[anthropic.models]]\nname = "{MODEL}"\nstructured = "none"\neffort = ""\n'
        '[[anthropic.models]]\nname = "claude-opus-5-5"\nmax_output = 1000\n'
    )
    models = load_models(file)
    make(models=models).complete(ChatRequest(REQUEST.messages, max_tokens=77, schema=SCHEMA))
    make("claude-opus-5-5", models=models).complete(ChatRequest(REQUEST.messages, max_tokens=77))
    assert "output_config" not in server.calls[0].body
    assert server.calls[0].body["max_tokens"] == 77
    assert server.calls[1].body["max_tokens"] == 1000


def test_the_part_that_all_calls_share_comes_first_and_is_marked_for_the_cache(
    provider: AnthropicProvider, server: ModelServer
) -> None:
    plan = make_plan(
        load_catalogue(),
        domain="support",
        subdomain="technical_support",
        format_type="chat",
        language_code="en",
        method=Method.STRUCTURED,
        seed=7,
    )
    for item in range(2):
        provider.complete(next(RECIPES[plan.method](plan, plan.scenario(item), item, 0, 1)).sent)
    first, second = (call.body for call in server.calls)
    assert first["system"] == second["system"]
    assert [block["cache_control"] for block in first["system"]] == [{"type": "ephemeral"}]
    assert first["output_config"] == second["output_config"]
    assert first["messages"] != second["messages"]


def test_instructions_go_to_the_system_prompt_and_turns_keep_their_order(
    provider: AnthropicProvider, server: ModelServer
) -> None:
    developer, answer = Message(Role.DEVELOPER, "In French."), Message(Role.ASSISTANT, "Yes?")
    provider.complete(ChatRequest((SYSTEM, developer, Message(Role.SYSTEM, ""), USER, answer, USER)))
    body = server.calls[0].body
    assert [block["text"] for block in body["system"]] == ["Be brief.", "In French."]
    assert ["cache_control" in block for block in body["system"]] == [False, True]
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]
    assert body["messages"][1]["content"] == "Yes?"


def test_without_instructions_there_is_no_system_prompt(provider: AnthropicProvider, server: ModelServer) -> None:
    assert provider.generate_text("A question?", 33, temperature=0.5)
    assert "system" not in server.calls[0].body
    assert server.calls[0].words == "A question?"


def test_text_that_json_cannot_hold_is_sent_all_the_same(provider: AnthropicProvider, server: ModelServer) -> None:
    provider.generate_text("broken \ud800 surrogate")
    assert server.calls[0].words == "broken ? surrogate"


@pytest.mark.parametrize("path", ["", "/v1"])
def test_the_address_may_be_given_with_or_without_its_version(make: Make, server: ModelServer, path: str) -> None:
    provider = make(url=server.root + path)
    provider.complete(REQUEST)
    assert server.calls[0].path == "/v1/messages"
    assert provider.get_models()


# -- what is read


def reply(**fields: Any) -> Act:
    """A reply of the service's own form, but for these fields."""
    body = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-5-5-20261001",
        "content": [{"type": "text", "text": "An answer."}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 12, "output_tokens": 34},
    }
    return Act(raw=json.dumps(body | fields))


def test_thoughts_before_the_text_are_passed_over(provider: AnthropicProvider, server: ModelServer) -> None:
    thoughts = [{"type": "thinking", "thinking": "Hm.", "signature": "x"}, {"type": "redacted_thinking", "data": "y"}]
    server.then(reply(content=[*thoughts, {"type": "text", "text": "An answer."}]))
    assert provider.complete(REQUEST).text == "An answer."


def test_tokens_from_and_for_the_cache_count_as_prompt(provider: AnthropicProvider, server: ModelServer) -> None:
    counts = {"input_tokens": 7, "cache_creation_input_tokens": 100, "cache_read_input_tokens": 1000}
    server.then(reply(usage={**counts, "output_tokens": 5}), reply(usage={"input_tokens": 3}), reply(usage=None))
    usages = [provider.complete(REQUEST).usage for _ in range(3)]
    assert usages == [Usage(1107, 5, 1000, 100), Usage(3, 0), Usage()]


@pytest.mark.parametrize(
    ("word", "ours"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        (None, "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("pause_turn", "length"),
        ("refusal", "refusal"),
    ],
)
def test_why_a_reply_ended_is_said_in_our_words(
    provider: AnthropicProvider, server: ModelServer, word: str | None, ours: str
) -> None:
    server.then(reply(stop_reason=word))
    assert provider.complete(REQUEST).finish_reason == ours


@pytest.mark.parametrize("content", [[], [{"type": "thinking", "thinking": "Hm."}], [{"type": "text", "text": ""}]])
def test_a_reply_without_words_is_empty_and_its_tokens_still_count(
    provider: AnthropicProvider, server: ModelServer, content: list[object]
) -> None:
    server.then(reply(content=content, stop_reason="refusal"))
    completion = provider.complete(REQUEST)
    assert (completion.text, completion.finish_reason, completion.usage.total) == ("", "refusal", 46)


# -- faults


def refused(status: int, code: str, cause: str, *, text: str = "Said so.", is_fatal: bool = True) -> Fault:
    act = Act(status=status, code=code, text=text)
    return Fault(f"{status} {code}", act, ProviderRefusedError, cause, is_fatal=is_fatal)


def busy(status: int, code: str, cause: str, *, wait: str = "") -> Fault:
    act = Act(status=status, code=code, headers={"retry-after": wait} if wait else {})
    seconds = float(wait) if wait else None
    return Fault(f"{status} {code} {wait}".strip(), act, ProviderUnavailableError, cause, seconds)


def lost(name: str, act: Act, cause: str = "bad_reply") -> Fault:
    return Fault(name, act, ProviderUnavailableError, cause)


FAULTS = [
    refused(401, "authentication_error", "auth", text=f"invalid key {KEY}"),
    refused(402, "billing_error", "credit"),
    refused(400, "invalid_request_error", "credit", text="Your credit balance is too low to access the API."),
    refused(403, "permission_error", "forbidden"),
    refused(404, "not_found_error", "model"),
    refused(400, "temperature", "bad_request", is_fatal=False),
    refused(413, "request_too_large", "bad_request", is_fatal=False),
    busy(429, "rate_limit_error", "rate_limit", wait="7"),
    busy(429, "rate_limit_error", "rate_limit"),
    busy(503, "api_error", "rate_limit", wait="1.5"),
    busy(529, "overloaded_error", "rate_limit"),
    busy(500, "api_error", "server"),
    busy(504, "timeout_error", "server"),
    lost("an error of another form", Act(status=500, raw='{"error": "no"}'), "server"),
    lost("cut JSON", Act(raw='{"content": [{"type": "text", "text": "ab')),
    lost("a proxy's HTML", Act(raw="<html>Please log in</html>", headers={"content-type": "text/html"})),
    lost("an error as a success", Act(raw='{"type": "error", "error": {"type": "api_error", "message": "no"}}')),
    lost("another protocol", Act(raw='{"choices": [{"message": {"content": "a"}}]}')),
    lost("no content", reply(content=None)),
    lost("words for content", reply(content="a")),
    lost("a block without a type", reply(content=[{"text": "a"}])),
    lost("a block without text", reply(content=[{"type": "text"}])),
    lost("parts for a text", reply(content=[{"type": "text", "text": [{"text": "a"}]}])),
    lost("words for a count", reply(usage={"input_tokens": "many"})),
    lost("words for the counts", reply(usage="many")),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_each_fault_has_its_class_and_cause_and_costs_one_request(
    provider: AnthropicProvider, server: ModelServer, fault: Fault
) -> None:
    error = meet(provider, server, fault)
    if isinstance(error, ProviderRefusedError):
        assert (fault.act.text or "").replace(KEY, "…") in error.message


# -- the list of models


def test_models_are_listed_and_the_check_costs_no_call(provider: AnthropicProvider, server: ModelServer) -> None:
    assert provider.get_models() == [MODEL, "claude-opus-5-5"]
    assert provider.is_available()
    assert server.calls == []


def test_a_server_without_a_list_of_models_is_taken_to_be_fine(
    provider: AnthropicProvider, server: ModelServer
) -> None:
    server.models_act = Act(status=404)
    provider.check()
    with pytest.raises(ProviderRefusedError):
        provider.get_models()


@pytest.mark.parametrize("raw", ["<html>", "", "null", "[]", "{}", '{"data": 1}', '{"data": [1]}', '{"data": ["a"]}'])
@pytest.mark.parametrize("kind", ["application/json", "text/html"])
def test_a_list_of_models_that_is_none_is_told(
    provider: AnthropicProvider, server: ModelServer, raw: str, kind: str
) -> None:
    server.models_act = Act(raw=raw, headers={"content-type": kind})
    with pytest.raises(ProviderUnavailableError) as caught:
        provider.get_models()
    assert caught.value.cause == "bad_reply"


# -- the key


def test_the_key_goes_to_the_service_and_nowhere_else(provider: AnthropicProvider, server: ModelServer) -> None:
    provider.complete(REQUEST)
    headers = server.calls[0].headers
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["anthropic-version"]
    assert [name for name, value in headers.items() if KEY in value] == ["authorization"]
    assert KEY not in f"{provider} {provider!r} {provider.config!r} {provider.config.public()}"


def test_the_keys_of_others_are_not_taken_from_the_environment(
    make: Make, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", KEY)
    make(key="").complete(REQUEST)
    assert KEY not in str(server.calls[0].headers)


@pytest.mark.parametrize("key", ["sk-ü", "sk-\n1", "“sk-1”"])
def test_a_key_that_cannot_be_one_is_refused_unseen(make: Make, key: str) -> None:
    with pytest.raises(ProviderRefusedError) as caught:
        make(key=key)
    assert caught.value.cause == "auth"
    assert key not in str(caught.value)


@pytest.mark.parametrize("url", ["https://api.anthropic.com", "https://api.anthropic.com/v1"])
def test_anthropic_itself_is_not_asked_without_a_key(make: Make, url: str) -> None:
    with pytest.raises(ProviderRefusedError, match="ANTHROPIC_API_KEY"):
        make(url=url, key="")


# -- a real server: llama.cpp's own, with the embedded model, speaks the Messages API


@pytest.fixture(scope="module")
def llama() -> Iterator[str]:
    """Its address. It keeps nobody from anything: schemas and the cache mark are passed over."""
    parameters = engine_parameters(ensure_weights())
    parameters.api_keys = [KEY]
    parameters.sampling.temp = 0  # the protocol has none; without, the reply would differ each time
    server = xllamacpp.Server(parameters)
    yield server.listening_address
    del server


def test_a_real_server_answers_counts_and_refuses(make: Make, llama: str) -> None:
    provider = make("smollm2", url=llama)
    completion = provider.complete(ChatRequest((SYSTEM, Message(Role.USER, "Say hello.")), max_tokens=200))
    assert completion.text
    assert completion.finish_reason == "stop"
    assert 10 < completion.usage.prompt_tokens < 60
    assert 5 < completion.usage.completion_tokens < 200
    again = provider.complete(ChatRequest((SYSTEM, Message(Role.USER, "Say hello.")), max_tokens=5))
    assert (again.finish_reason, again.usage.completion_tokens) == ("length", 5)
    assert again.usage.prompt_tokens == completion.usage.prompt_tokens, "what came from the cache was lost"
    with pytest.raises(ProviderRefusedError) as caught:
        provider.complete(ChatRequest((Message(Role.USER, "word " * 3000),)))
    assert (caught.value.cause, caught.value.is_fatal) == ("bad_request", False)
    assert len(provider.get_models()) == 1


def test_a_real_server_refuses_another_key(make: Make, llama: str) -> None:
    provider = make("smollm2", url=llama, key="wrong")
    with pytest.raises(ProviderRefusedError) as caught:
        provider.complete(REQUEST)
    assert caught.value.cause == "auth"
