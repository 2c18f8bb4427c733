"""What all providers reached over HTTP are held to: how each protocol says it, and what can go wrong with any."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from synthgen_core.errors import ProviderError, ProviderRefusedError, ProviderUnavailableError
from synthgen_core.models import ChatRequest, Message, ProviderConfig, Role, Usage
from synthgen_core.providers import PROVIDERS
from synthgen_core.providers.base import LLMProvider
from tests.support.server import Act, ModelServer

HTTP_TYPES = [kind.type for kind in PROVIDERS.values() if kind.default_base_url]
HOSTED = [kind.type for kind in PROVIDERS.values() if kind.needs_key]
LOCAL = [kind.type for kind in PROVIDERS.values() if kind.is_local]
KEY = "sk-very-secret-0123456789"
REQUEST = ChatRequest((Message(Role.SYSTEM, "Be brief."), Message(Role.USER, "exactly 2 exchanges")), max_tokens=77)


@dataclass(frozen=True, slots=True)
class Wire:
    """How one protocol says what all have to say. One entry for each module that speaks one."""

    path: str
    body: Mapping[str, Any]
    """Of the request for ``REQUEST`` with temperature 0.25 and seed 11."""
    reply: Mapping[str, Any]
    """One with 1,000 tokens of prompt, of which 600 were cached and 200 are now, and 50 of completion; no text."""
    usage: Usage
    """What of that can be known."""
    root: str = "/v1"


TURNS = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "exactly 2 exchanges"}]
WIRES = {
    "openai_compatible": Wire(
        "/v1/chat/completions",
        {"model": "stub-model", "messages": TURNS, "max_tokens": 77, "temperature": 0.25, "seed": 11},
        {
            "choices": [{"message": {"content": None}}],
            "usage": {
                "prompt_tokens": 1000,
                "completion_tokens": 50,
                "prompt_tokens_details": {"cached_tokens": 600, "cache_write_tokens": 200},
            },
        },
        Usage(1000, 50, 600, 200),
    ),
    "ollama": Wire(
        "/api/chat",
        {
            "model": "stub-model",
            "messages": TURNS,
            "stream": False,
            "think": False,
            "keep_alive": "10m",
            "options": {"num_predict": 77, "num_ctx": 8192, "temperature": 0.25, "seed": 11},
        },
        {"message": {"content": None}, "prompt_eval_count": 1000, "eval_count": 50},
        Usage(1000, 50),
        root="",
    ),
    "anthropic_messages": Wire(
        "/v1/messages",
        {
            "model": "stub-model",
            "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
            "messages": TURNS[1:],
            "max_tokens": 77,
        },
        {
            "content": [],
            "usage": {
                "input_tokens": 200,
                "cache_read_input_tokens": 600,
                "cache_creation_input_tokens": 200,
                "output_tokens": 50,
            },
        },
        Usage(1000, 50, 600, 200),
        root="",
    ),
}
RENAMED = {"mistral": {"seed": "random_seed"}, "groq": {"max_tokens": "max_completion_tokens"}}
"""Provider type -> what it calls otherwise than its protocol."""


def wire(provider_type: str) -> Wire:
    return WIRES[PROVIDERS[provider_type].implementation.partition(":")[0]]


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


def meet(provider: LLMProvider, server: ModelServer, fault: Fault) -> ProviderError:
    """What the provider raises for this fault: as said, for one request, with a remedy, without the key."""
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
    assert provider.config.api_key not in f"{error} {error!r} {error.hint}"
    return error


def address(server: ModelServer, provider_type: str) -> str:
    """Where the server speaks this provider's protocol."""
    return server.root + wire(provider_type).root


def config(server: ModelServer, provider_type: str, *, model: str = "stub-model") -> ProviderConfig:
    """A provider of this type that asks the server."""
    return ProviderConfig(provider_type, model, address(server, provider_type), KEY)
