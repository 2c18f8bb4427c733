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

import pytest

from synthgen_core.concurrency import Stop
from synthgen_core.errors import ProviderError, ProviderRefusedError, ProviderUnavailableError, StoppedError
from synthgen_core.models import ChatRequest, Message, Role
from synthgen_core.providers import create_provider
from synthgen_core.providers.base import LLMProvider
from synthgen_core.providers.http import LONGEST_WAIT, retry_after
from tests.support.server import Act, ModelServer
from tests.support.wires import FAULTS, HTTP_TYPES, KEY, LOCAL, RENAMED, REQUEST, Fault, config, meet, wire


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(models=("stub-model", "another-model")) as server:
        yield server


@pytest.fixture(params=HTTP_TYPES)
def provider(request: pytest.FixtureRequest, server: ModelServer) -> Iterator[LLMProvider]:
    made = create_provider(request.param, config(server, request.param))
    yield made
    made.close()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_each_fault_has_its_class_and_cause_and_costs_one_request(
    provider: LLMProvider, server: ModelServer, fault: Fault
) -> None:
    meet(provider, server, fault)


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


@pytest.mark.parametrize("provider_type", HTTP_TYPES)
def test_a_reply_that_does_not_come_times_out(server: ModelServer, provider_type: str) -> None:
    made = create_provider(provider_type, config(server, provider_type))
    impatient = type("Impatient", (type(made),), {"read_seconds": 0.2})(made.config)
    impatient.check()
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
    expected, names = wire(provider.config.type), RENAMED.get(provider.config.type, {})
    assert server.calls[0].body == {names.get(name, name): value for name, value in expected.body.items()}
    assert server.calls[0].path == expected.path


def test_text_that_json_cannot_hold_is_sent_all_the_same(provider: LLMProvider, server: ModelServer) -> None:
    provider.generate_text("broken \ud800 surrogate")
    assert server.calls[0].words == "broken ? surrogate"


def test_a_reply_cut_for_its_length_says_so(provider: LLMProvider, server: ModelServer) -> None:
    server.then(Act(finish="length"))
    assert provider.complete(REQUEST).finish_reason == "length"


def test_a_reply_without_text_is_empty_and_its_tokens_count(provider: LLMProvider, server: ModelServer) -> None:
    expected = wire(provider.config.type)
    server.then(Act(raw=json.dumps(expected.reply)))
    completion = provider.complete(REQUEST)
    assert (completion.text, completion.usage) == ("", expected.usage)


def test_a_stop_that_was_asked_before_sends_nothing(provider: LLMProvider, server: ModelServer) -> None:
    stop = Stop()
    stop.set()
    with pytest.raises(StoppedError):
        provider.complete(REQUEST, stop)
    assert server.calls == []


def test_many_threads_share_one_provider(provider: LLMProvider, server: ModelServer) -> None:
    requests = [ChatRequest((Message(Role.USER, f"{n} exactly 2 exchanges"),)) for n in range(96)]
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


@pytest.mark.parametrize("provider_type", [name for name in HTTP_TYPES if name != "ollama"])
def test_a_server_without_a_list_of_models_is_taken_to_be_fine(server: ModelServer, provider_type: str) -> None:
    made = create_provider(provider_type, config(server, provider_type))
    server.models_act = Act(status=404)
    made.check()
    made.close()


# -- the model


@pytest.mark.parametrize("provider_type", [name for name in LOCAL if name != "ollama"])
def test_a_server_of_ones_own_is_asked_for_the_first_model_that_writes(server: ModelServer, provider_type: str) -> None:
    server.models = ["text-embedding-nomic", "zephyr", "alpha"]
    made = create_provider(provider_type, {"url": server.url})
    made.complete(REQUEST)
    assert (made.config.model, server.calls[0].body["model"]) == ("zephyr", "zephyr")
    made.close()


@pytest.mark.parametrize("provider_type", ["vllm", "groq", "openrouter"])
def test_where_no_model_can_be_chosen_one_is_asked_for(server: ModelServer, provider_type: str) -> None:
    made = create_provider(provider_type, {"url": server.url, "api_key": KEY})
    server.models = [] if provider_type == "vllm" else ["a", "b"]
    for ask in (made.check, lambda: made.complete(REQUEST)):
        with pytest.raises(ProviderRefusedError, match="needs the name of a model") as caught:
            ask()
        assert caught.value.cause == "model"
    assert server.calls == []
    assert made.get_models() == server.models
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
