"""The contract of every provider that is reached over HTTP: one request a call, and each fault its own class and cause.

A new row in ``PROVIDERS`` with a base URL is picked up by itself.
"""

import datetime
import email.utils
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from synthgen_core.concurrency import Stop
from synthgen_core.errors import (
    ConfigError,
    NotFoundError,
    ProviderError,
    ProviderRefusedError,
    ProviderUnavailableError,
    StoppedError,
)
from synthgen_core.models import ChatRequest, Message, ProviderConfig, Role
from synthgen_core.providers import PROVIDERS, create_provider, get_provider_types, provider_kind
from synthgen_core.providers.base import LLMProvider
from synthgen_core.providers.http import LONGEST_WAIT, retry_after
from tests.support.server import Act, ModelServer

HTTP_TYPES = [kind.type for kind in PROVIDERS.values() if kind.default_base_url]
KEY = "sk-very-secret-0123456789"
REQUEST = ChatRequest((Message(Role.SYSTEM, "Be brief."), Message(Role.USER, "exactly 2 exchanges")), max_tokens=77)


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, and what the provider makes of it."""

    name: str
    act: Act
    error: type[ProviderError]
    cause: str
    retry_after: float | None = None
    is_fatal: bool = True


def refused(name: str, act: Act, cause: str, *, is_fatal: bool = True) -> Fault:
    return Fault(name, act, ProviderRefusedError, cause, is_fatal=is_fatal)


def unavailable(name: str, act: Act, cause: str, retry_after: float | None = None) -> Fault:
    return Fault(name, act, ProviderUnavailableError, cause, retry_after)


FAULTS = [
    refused("refused key", Act(status=401), "auth"),
    refused("forbidden", Act(status=403), "forbidden"),
    refused("unknown model", Act(status=404, text="model not found"), "model"),
    refused("payment required", Act(status=402), "credit"),
    refused("quota used up", Act(status=429, text="You exceeded your quota: insufficient_quota"), "credit"),
    refused("low balance", Act(status=400, text="Your credit balance is too low"), "credit"),
    refused("bad request", Act(status=400), "bad_request", is_fatal=False),
    refused("too large", Act(status=413), "bad_request", is_fatal=False),
    refused("unprocessable", Act(status=422), "bad_request", is_fatal=False),
    unavailable("rate limit", Act(status=429, headers={"retry-after": "7"}), "rate_limit", 7.0),
    unavailable("rate limit without a time", Act(status=429), "rate_limit"),
    unavailable("overloaded", Act(status=529), "rate_limit"),
    unavailable("away for now", Act(status=503, headers={"retry-after": "1.5"}), "rate_limit", 1.5),
    unavailable("server error", Act(status=500), "server"),
    unavailable("gateway's HTML", Act(status=502, raw="<html>Bad Gateway</html>"), "server"),
    unavailable("request timeout", Act(status=408), "server"),
    unavailable("conflict", Act(status=409), "server"),
    unavailable("error without words", Act(status=500, raw="[1]"), "server"),
    unavailable("hang-up", Act(is_dropped=True), "connection"),
    unavailable("hang-up in the body", Act(cut=30), "connection"),
    unavailable("cut JSON", Act(raw='{"choices": [{"message": {"content": "ab'), "bad_reply"),
    unavailable("a proxy's HTML", Act(raw="<html>Please log in</html>"), "bad_reply"),
    unavailable("no body", Act(raw=""), "bad_reply"),
    unavailable("a list", Act(raw="[]"), "bad_reply"),
    unavailable("null", Act(raw="null"), "bad_reply"),
    unavailable("no answer in it", Act(raw='{"choices": []}'), "bad_reply"),
    unavailable("no message in it", Act(raw='{"choices": [{}], "message": null}'), "bad_reply"),
    unavailable(
        "parts for a text",
        Act(raw='{"choices": [{"message": {"content": [{"text": "a"}]}}], "message": {"content": [{"text": "a"}]}}'),
        "bad_reply",
    ),
    unavailable(
        "words for a count",
        Act(
            raw='{"choices": [{"message": {"content": "a"}}], "usage": {"prompt_tokens": "many"},'
            ' "message": {"content": "a"}, "prompt_eval_count": "many"}'
        ),
        "bad_reply",
    ),
]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(models=("stub-model", "another-model")) as server:
        yield server


def address(server: ModelServer, provider_type: str) -> str:
    return server.root if provider_type == "ollama" else server.url


def config(server: ModelServer, provider_type: str, *, model: str = "stub-model") -> ProviderConfig:
    return ProviderConfig(provider_type, model, address(server, provider_type), KEY)


@pytest.fixture(params=HTTP_TYPES)
def provider(request: pytest.FixtureRequest, server: ModelServer) -> Iterator[LLMProvider]:
    made = create_provider(request.param, config(server, request.param))
    yield made
    made.close()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_each_fault_has_its_class_and_cause_and_costs_one_request(
    provider: LLMProvider, server: ModelServer, fault: Fault
) -> None:
    server.then(fault.act)
    with pytest.raises(ProviderError) as caught:
        provider.complete(REQUEST)
    error = caught.value
    assert (type(error), error.cause) == (fault.error, fault.cause)
    if isinstance(error, ProviderUnavailableError):
        assert error.retry_after == fault.retry_after
    if isinstance(error, ProviderRefusedError):
        assert error.is_fatal == fault.is_fatal
    assert len(server.calls) == 1
    assert error.message
    assert error.hint
    assert KEY not in f"{error} {error!r} {error.hint}"


def test_four_causes_have_four_messages(provider: LLMProvider, server: ModelServer) -> None:
    messages = set()
    for status in (401, 429, 500, 404):
        server.then(Act(status=status))
        with pytest.raises(ProviderError) as caught:
            provider.complete(REQUEST)
        messages.add(caught.value.message)
    assert len(messages) == 4


def test_the_service_is_quoted(provider: LLMProvider, server: ModelServer) -> None:
    server.then(Act(status=400, text="temperature must be 1"))
    with pytest.raises(ProviderRefusedError, match="temperature must be 1"):
        provider.complete(REQUEST)


def test_used_up_credit_is_known_by_its_code_alone(server: ModelServer) -> None:
    made = create_provider("openai", config(server, "openai"))
    server.then(Act(status=429, text="Please see your plan.", code="insufficient_quota"))
    with pytest.raises(ProviderRefusedError) as caught:
        made.complete(REQUEST)
    assert caught.value.cause == "credit"
    made.close()


@pytest.mark.parametrize("provider_type", HTTP_TYPES)
def test_a_reply_that_does_not_come_times_out(server: ModelServer, provider_type: str) -> None:
    made = create_provider(provider_type, config(server, provider_type))
    impatient = type("Impatient", (type(made),), {"read_seconds": 0.2})(made.config)
    server.then(Act(until=threading.Event()))
    with pytest.raises(ProviderUnavailableError, match=r"0\.2 s") as caught:
        impatient.complete(REQUEST)
    assert caught.value.cause == "timeout"
    assert len(server.calls) == 1
    made.close()
    impatient.close()


@pytest.mark.parametrize("provider_type", HTTP_TYPES)
def test_where_nobody_listens_it_says_so_and_names_the_address(provider_type: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    made = create_provider(provider_type, {"url": url, "model": "m"})
    for ask in (lambda: made.complete(REQUEST), made.check, made.get_models):
        with pytest.raises(ProviderUnavailableError, match=url) as caught:
            ask()
        assert caught.value.cause == "connection"
    assert not made.is_available()
    made.close()


def test_a_good_reply_comes_whole(provider: LLMProvider, server: ModelServer) -> None:
    server.then(Act(text="Grüße, 你好, 🙂"))
    completion = provider.complete(REQUEST)
    assert (completion.text, completion.finish_reason, completion.model) == ("Grüße, 你好, 🙂", "stop", "stub-model")
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (100, 50)
    assert completion.seconds > 0


def test_a_request_says_all_that_was_asked(provider: LLMProvider, server: ModelServer) -> None:
    provider.complete(ChatRequest(REQUEST.messages, max_tokens=77, temperature=0.25, seed=11))
    body = server.calls[0].body
    said = json.dumps(body)
    assert body["model"] == "stub-model"
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "exactly 2 exchanges"},
    ]
    assert not body.get("stream")
    for value in ("77", "0.25", "11"):
        assert value in said


def test_a_reply_cut_for_its_length_says_so(provider: LLMProvider, server: ModelServer) -> None:
    server.then(Act(finish="length"))
    assert provider.complete(REQUEST).finish_reason == "length"


def test_a_refusal_is_a_reply_that_says_so(server: ModelServer) -> None:
    made = create_provider("openai", config(server, "openai"))
    server.then(Act(raw='{"choices": [{"message": {"content": null, "refusal": "I cannot."}}]}'))
    completion = made.complete(REQUEST)
    assert (completion.text, completion.finish_reason) == ("I cannot.", "refusal")
    made.close()


def test_a_reply_without_text_is_empty(provider: LLMProvider, server: ModelServer) -> None:
    server.then(Act(raw='{"choices": [{"message": {"content": null}}], "message": {"content": null}}'))
    assert provider.complete(REQUEST).text == ""


def test_a_stop_that_was_asked_before_sends_nothing(provider: LLMProvider, server: ModelServer) -> None:
    stop = Stop()
    stop.set()
    with pytest.raises(StoppedError):
        provider.complete(REQUEST, stop)
    assert server.calls == []


def test_many_threads_share_one_provider(provider: LLMProvider, server: ModelServer) -> None:
    requests = [ChatRequest(REQUEST.messages, seed=n) for n in range(96)]
    with ThreadPoolExecutor(32) as pool:
        replies = list(pool.map(lambda request: provider.complete(request).text, requests))
    alone = [provider.complete(request).text for request in requests[::8]]
    assert replies[::8] == alone
    assert len(set(replies)) == 96
    assert len(server.calls) == 96 + 12


def test_text_in_text_out(provider: LLMProvider, server: ModelServer) -> None:
    server.then(Act(text="An answer."))
    assert provider.generate_text("A question?", 33, temperature=0.5) == "An answer."
    assert server.calls[0].words == "A question?"


def test_models_are_listed(provider: LLMProvider) -> None:
    assert sorted(provider.get_models()) == ["another-model", "stub-model"]
    assert provider.is_available()


@pytest.mark.parametrize("fault", [FAULTS[0], FAULTS[9], FAULTS[13]], ids=lambda fault: fault.name)
def test_the_check_meets_the_same_errors_before_a_call_is_paid(
    provider: LLMProvider, server: ModelServer, fault: Fault
) -> None:
    server.models_act = fault.act
    with pytest.raises(fault.error) as caught:
        provider.check()
    assert caught.value.cause == fault.cause
    assert not provider.is_available()
    assert server.calls == []


@pytest.mark.parametrize("raw", ["<html>", "[]", "{}", '{"data": 1, "models": 1}'])
def test_a_list_of_models_that_is_none_is_told(provider: LLMProvider, server: ModelServer, raw: str) -> None:
    server.models_act = Act(raw=raw)
    with pytest.raises(ProviderUnavailableError) as caught:
        provider.get_models()
    assert caught.value.cause == "bad_reply"


def test_a_model_that_ollama_lacks_is_named_with_the_command_that_fetches_it(server: ModelServer) -> None:
    made = create_provider("ollama", config(server, "ollama", model="gemma-none"))
    with pytest.raises(ProviderRefusedError, match="ollama pull gemma-none"):
        made.check()
    made.close()


def test_a_compatible_server_without_a_list_of_models_is_taken_to_be_fine(server: ModelServer) -> None:
    made = create_provider("openai", config(server, "openai"))
    server.models_act = Act(status=404)
    made.check()
    made.close()


# -- the key


def test_the_key_goes_to_the_service_and_nowhere_else(server: ModelServer) -> None:
    made = create_provider("openai", config(server, "openai"))
    made.complete(REQUEST)
    assert server.calls[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in f"{made} {made!r} {made.config} {made.config!r} {made.config.public()}"
    made.close()


def test_a_key_that_the_service_repeats_is_not_repeated_by_us(server: ModelServer) -> None:
    made = create_provider("openai", config(server, "openai"))
    server.then(Act(status=401, text=f"Incorrect API key provided: {KEY}. See your account."))
    with pytest.raises(ProviderRefusedError, match="See your account") as caught:
        made.complete(REQUEST)
    assert KEY not in f"{caught.value} {caught.value!r} {caught.value.hint}"
    made.close()


@pytest.mark.parametrize("key", ["sk-ü", "sk-\n1", "“sk-1”"])
def test_a_key_that_cannot_be_one_is_refused_unseen(key: str) -> None:
    with pytest.raises(ProviderRefusedError) as caught:
        create_provider("openai", {"url": "http://127.0.0.1:9/v1", "model": "m", "api_key": key})
    assert caught.value.cause == "auth"
    assert key not in str(caught.value)


def test_openai_itself_is_not_asked_without_a_key() -> None:
    with pytest.raises(ProviderRefusedError, match="OPENAI_API_KEY"):
        create_provider("openai")


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
    "url",
    ["ftp://host", "file:///etc/passwd", "localhost:8080", "http://", "http://a b/", "http://h:99999", "http://[::1"],
)
def test_only_http_addresses_are_taken(provider_type: str, url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        create_provider(provider_type, {"url": url, "model": "m"})
    assert url.rstrip("/") in caught.value.message
    assert "http://" in caught.value.hint


def test_an_address_may_end_with_a_slash(server: ModelServer) -> None:
    made = create_provider("openai", {"url": f" {server.url}/ ", "model": "m"})
    made.complete(REQUEST)
    assert server.calls[0].path == "/v1/chat/completions"
    made.close()


# -- Retry-After


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3", 3.0), (" 0.5 ", 0.5), ("0", 0.0), ("-4", 0.0), ("9999", LONGEST_WAIT), ("inf", LONGEST_WAIT)]
    + [(value, None) for value in ("", "soon", "nan", "3 s")],
)
def test_the_time_to_wait_is_within_bounds(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}) == seconds


def test_the_time_to_wait_may_be_a_date() -> None:
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=60)
    seconds = retry_after({"retry-after": email.utils.format_datetime(moment, usegmt=True)})
    assert seconds is not None
    assert 30 < seconds <= 60
    assert retry_after({"retry-after": "Sun, 06 Nov 1994 08:49:37 GMT"}) == 0
