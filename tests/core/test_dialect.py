"""What a server does not take is found out at the price of one call, remembered, and not sent again."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from synthgen_core.concurrency import Stop
from synthgen_core.errors import ProviderRefusedError, ProviderUnavailableError, StoppedError
from synthgen_core.models import ChatRequest, Message, Role, Usage
from synthgen_core.providers import create_provider
from synthgen_core.providers.base import LLMProvider
from synthgen_core.providers.catalogue import ModelTable, load_models
from synthgen_core.providers.dialect import dialect_of, refused_parameter
from synthgen_core.providers.model_info import REASONING_ROOM
from tests.support.server import Act, Call, ModelServer

SECONDS = 30.0
SCHEMA = '{"type": "object", "required": ["messages"]}'
PLAIN = ChatRequest((Message(Role.USER, "exactly 1 exchange"),), max_tokens=77, temperature=0.5, seed=7)
REQUEST = ChatRequest(PLAIN.messages, max_tokens=77, temperature=0.5, seed=7, schema=SCHEMA)
Make = Callable[..., LLMProvider]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
def make(server: ModelServer, request: pytest.FixtureRequest) -> Iterator[Make]:
    """Makes providers that ask the server for a model of this test's own: lessons outlive a server."""
    made: list[LLMProvider] = []

    def make(provider_type: str = "vllm", model: str = "", models: ModelTable | None = None) -> LLMProvider:
        given = {"url": server.url, "model": model or request.node.name}
        made.append(create_provider(provider_type, given, models))
        return made[-1]

    yield make
    for provider in made:
        provider.close()


def form(call: Call) -> str:
    """The form of reply that a call asks for."""
    return str(call.body.get("response_format", {}).get("type", "text"))


def forms(server: ModelServer) -> list[str]:
    return [form(call) for call in server.calls]


def takes_only(*accepted: str) -> Callable[[Call], Act]:
    """A server that knows these forms of reply."""

    def choose(call: Call) -> Act:
        if form(call) in accepted:
            return Act()
        return Act(status=400, text=f"'response_format.type' must be one of {accepted}")

    return choose


# -- the form of the reply


def test_a_schema_is_asked_for_first(make: Make, server: ModelServer) -> None:
    make().complete(REQUEST)
    assert server.calls[0].body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "example", "schema": json.loads(SCHEMA), "strict": True},
    }
    make().complete(PLAIN)
    assert forms(server) == ["json_schema", "text"]


@pytest.mark.parametrize(
    ("accepted", "asked"),
    [(("json_object", "text"), ["json_schema", "json_object"]), (("text",), ["json_schema", "json_object", "text"])],
)
def test_the_form_gets_weaker_until_the_server_takes_it_and_stays_so(
    make: Make, server: ModelServer, accepted: tuple[str, ...], asked: list[str]
) -> None:
    server.choose = takes_only(*accepted)
    assert make().complete(REQUEST).usage == Usage(100, 50), "only the reply counts"
    assert forms(server) == asked
    make().complete(REQUEST)
    assert forms(server) == [*asked, asked[-1]]


def test_a_lesson_is_about_one_model(make: Make, server: ModelServer) -> None:
    server.choose = takes_only("text")
    make(model="one of two").complete(REQUEST)
    make(model="two of two").complete(REQUEST)
    assert forms(server) == ["json_schema", "json_object", "text"] * 2


def test_many_threads_at_once_pay_for_a_lesson_once(make: Make, server: ModelServer) -> None:
    server.choose = takes_only("text")
    provider = make()
    dialect_of(provider.config.base_url, provider.config.model).patience = SECONDS
    with ThreadPoolExecutor(32) as pool:
        texts = list(pool.map(lambda n: provider.complete(REQUEST).text, range(64)))
    assert all(texts)
    assert forms(server).count("json_schema") == forms(server).count("json_object") == 1
    assert len(server.calls) == 64 + 2


def test_those_who_wait_for_a_lesson_hear_a_stop(make: Make, server: ModelServer) -> None:
    server.then(Act(until=threading.Event()))
    provider, stop = make(), Stop()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(provider.complete, REQUEST)
        server.wait_for_calls(1)
        second = pool.submit(provider.complete, REQUEST, stop)
        stop.set()
        with pytest.raises(StoppedError):
            second.result(SECONDS)
        assert not first.done()
        server.release()
        assert first.result(SECONDS).text
    assert len(server.calls) == 1


def test_nobody_waits_long_for_a_lesson(make: Make, server: ModelServer) -> None:
    server.then(Act(until=threading.Event()))
    provider = make()
    dialect_of(provider.config.base_url, provider.config.model).patience = 0.05
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(provider.complete, REQUEST)
        server.wait_for_calls(1)
        assert pool.submit(provider.complete, REQUEST).result(SECONDS).text
        assert not first.done()
        server.release()
        first.result(SECONDS)


@pytest.mark.parametrize("act", [Act(status=429), Act(status=500), Act(is_dropped=True), Act(raw="<html>")])
def test_a_fault_is_no_lesson(make: Make, server: ModelServer, act: Act) -> None:
    server.then(act)
    with pytest.raises(ProviderUnavailableError):
        make().complete(REQUEST)
    make().complete(REQUEST)
    assert forms(server) == ["json_schema"] * 2


def test_no_credit_is_no_lesson(make: Make, server: ModelServer) -> None:
    server.then(Act(status=400, text="Your credit balance is too low for a response_format"))
    with pytest.raises(ProviderRefusedError) as caught:
        make().complete(REQUEST)
    assert caught.value.cause == "credit"
    assert len(server.calls) == 1


def test_a_refusal_that_names_nothing_may_be_about_the_form(make: Make, server: ModelServer) -> None:
    server.choose = lambda call: Act() if form(call) == "text" else Act(status=400, text="Bad request")
    make().complete(REQUEST)
    make().complete(REQUEST)
    assert forms(server) == ["json_schema", "json_object", "text", "text"]


def test_a_refusal_that_was_not_about_the_form_is_not_taken_for_one_twice(make: Make, server: ModelServer) -> None:
    server.then(*[Act(status=400, text="The prompt is too long")] * 4)
    for calls in (3, 4):
        with pytest.raises(ProviderRefusedError, match="too long") as caught:
            make().complete(REQUEST)
        assert not caught.value.is_fatal
        assert len(server.calls) == calls
    make().complete(REQUEST)
    assert forms(server)[3:] == ["json_schema", "json_schema"]


def test_a_form_that_was_taken_once_is_not_doubted(make: Make, server: ModelServer) -> None:
    make().complete(REQUEST)
    server.then(Act(status=400, text="The prompt is too long"))
    with pytest.raises(ProviderRefusedError):
        make().complete(REQUEST)
    assert len(server.calls) == 2


@pytest.mark.parametrize(("said", "first"), [("none", "text"), ("json", "json_object"), ("schema", "json_schema")])
def test_the_table_of_models_says_where_to_begin(
    make: Make, server: ModelServer, tmp_path: Path, said: str, first: str
) -> None:
    (tmp_path / "models.toml").write_text(f'[[vllm.models]]\nname = "known"\nstructured = "{said}"\n')
    make("vllm", "known", load_models(tmp_path / "models.toml")).complete(REQUEST)
    assert forms(server) == [first]


# -- other parameters


BODIES = {
    "OpenAI": {
        "error": {
            "message": "Unsupported parameter: 'seed' is not supported with this model.",
            "type": "invalid_request_error",
            "param": "seed",
            "code": "unsupported_parameter",
        }
    },
    "OpenAI's older": {"error": {"message": "Unrecognized request argument supplied: seed", "param": None}},
    "Groq": {"error": {"message": "property 'seed' is unsupported, did you mean 'stop'?"}},
    "FastAPI": {
        "detail": [
            {"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted", "input": 7}
        ]
    },
    "Mistral": {
        "object": "error",
        "message": '{"detail":[{"loc":["body","seed"],"msg":"Extra inputs are not permitted","input":7}]}',
        "param": None,
        "code": "1000",
    },
    "a plain text": {"error": "Unknown field: seed"},
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("status", [400, 422])
def test_a_parameter_that_is_not_taken_is_left_out_from_then_on(
    make: Make, server: ModelServer, body: dict[str, Any], status: int
) -> None:
    server.then(Act(status=status, raw=json.dumps(body)))
    for _ in range(2):
        assert make().complete(REQUEST).usage == Usage(100, 50)
    assert ["seed" in call.body for call in server.calls] == [True, False, False]
    assert all(call.body["temperature"] == 0.5 and form(call) == "json_schema" for call in server.calls)


def test_the_limit_has_two_names_and_is_never_left_out(make: Make, server: ModelServer) -> None:
    first, second = "max_tokens", "max_completion_tokens"
    said = "Unsupported parameter: '{}' is not supported with this model."
    server.then(Act(status=400, text=said.format(first) + f" Use '{second}' instead."))
    make().complete(PLAIN)
    make().complete(PLAIN)
    limits = [(call.body.get(first), call.body.get(second)) for call in server.calls]
    assert limits == [(77, None), (None, 77), (None, 77)]
    server.then(Act(status=400, text=said.format(second)))
    with pytest.raises(ProviderRefusedError):
        make().complete(PLAIN)
    assert len(server.calls) == 4


def test_several_parameters_are_left_out_one_by_one(make: Make, server: ModelServer) -> None:
    def choose(call: Call) -> Act:
        wrong = [name for name in ("seed", "temperature", "response_format") if name in call.body]
        return Act(status=400, text=f"{wrong[0]} is not supported") if wrong else Act()

    server.choose = choose
    make().complete(REQUEST)
    assert sorted(server.calls[-1].body) == ["max_tokens", "messages", "model"]
    assert len(server.calls) == 5


@pytest.mark.parametrize(
    ("said", "named", "expected"),
    [
        ("'response_format.type' must be 'json_schema' or 'text'", "", "response_format"),
        ("This model does not support response format `json_schema`.", "", "response_format"),
        ("type must be one of json_object or text", "", "response_format"),
        ("Invalid schema for this model", "response_format.json_schema", "response_format"),
        ("Failed to parse grammar", "", "response_format"),
        ("Unsupported value: 'temperature' does not support 0.5 with this model.", "temperature", "temperature"),
        ("temperature must be 1", "temperature", ""),
        ("max_tokens is too large: 5000. This model supports at most 4096 completion tokens", "max_tokens", ""),
        ("seeds are not supported", "", ""),
        ("Unsupported parameter: 'top_k'", "top_k", ""),
        ("", "", ""),
    ],
)
def test_only_what_was_sent_and_is_not_taken_is_blamed(said: str, named: str, expected: str) -> None:
    sent = {"max_tokens": 77, "temperature": 0.5, "seed": 7, "response_format": {"type": "json_schema"}}
    assert refused_parameter(sent, said, named) == expected


# -- what the table of models says of OpenAI's own


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-6-luna", {"max_completion_tokens": 77, "temperature": 0.5, "seed": 7, "reasoning_effort": "none"}),
        ("gpt-6.2-sol", {"max_completion_tokens": 77 + REASONING_ROOM, "seed": 7, "reasoning_effort": "low"}),
        ("gpt-4o-2024-08-06", {"max_completion_tokens": 77, "temperature": 0.5, "seed": 7}),
        ("my-model", {"max_tokens": 77, "temperature": 0.5, "seed": 7}),
    ],
)
def test_a_model_is_sent_what_the_table_says_that_it_takes(
    make: Make, server: ModelServer, model: str, expected: dict[str, Any]
) -> None:
    make("openai", model).complete(PLAIN)
    sent = {name: value for name, value in server.calls[0].body.items() if name not in ("model", "messages")}
    assert sent == expected


def test_a_user_s_own_facts_decide_what_is_sent(make: Make, server: ModelServer, tmp_path: Path) -> None:
    file = tmp_path / "models.toml"
    file.write_text('[[vllm.models]]\nname = "thinker"\neffort = "high"\ntoken_parameter = "max_completion_tokens"\n')
    make("vllm", "thinker", load_models(file)).complete(PLAIN)
    assert server.calls[0].body["reasoning_effort"] == "high"
    assert server.calls[0].body["max_completion_tokens"] == 77 + REASONING_ROOM
