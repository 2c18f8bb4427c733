"""Anthropic's models, and every server that speaks its Messages API, through the official SDK.

The SDK does addresses, keys, the list of models and the mapping of errors; requests and replies are written and read
here, because building its model objects costs more than everything else in a call. These models take no temperature
and no seed: variety comes from the prompt alone.
"""

import time
from functools import lru_cache
from typing import Any

import anthropic
import httpx2
import orjson

from synthgen_core.concurrency import Stop
from synthgen_core.errors import ProviderError, ProviderRefusedError
from synthgen_core.models import ChatRequest, Completion, ProviderConfig, Role, Usage
from synthgen_core.providers.base import LLMProvider
from synthgen_core.providers.catalogue import ModelTable, Structured, load_models
from synthgen_core.providers.http import not_a_reply, status_error, too_slow, unreachable

OFFICIAL = "https://api.anthropic.com/"
MOST_CONNECTIONS = 256
PROBE_SECONDS = 15.0
SYSTEM_ROLES = (Role.SYSTEM, Role.DEVELOPER)
CACHED = {"cache_control": {"type": "ephemeral"}}
"""Everything up to the block that has this is read from the service's cache by the calls after the first."""
FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "pause_turn": "length",
}
"""The service's word -> ours; another one is kept ("refusal" is the same)."""
MALFORMED = (ValueError, KeyError, TypeError, AttributeError)
"""What comes of a success that is not what the protocol says; from within the SDK, too."""


class AnthropicProvider(LLMProvider):
    """A model behind ``/v1/messages``; the base URL may be given with or without ``/v1``."""

    read_seconds = 180.0
    """How long a reply may take."""

    def __init__(self, config: ProviderConfig, models: ModelTable | None = None) -> None:
        super().__init__(config)
        is_official = f"{config.base_url}/".startswith(OFFICIAL)
        self._name = "Anthropic" if is_official else "The server"
        self._model = (models or load_models()).find("anthropic", config.model)
        if is_official and not config.api_key:
            raise ProviderRefusedError("Anthropic needs a key.", "Set ANTHROPIC_API_KEY.", cause="auth")
        if not (config.api_key.isascii() and config.api_key.isprintable()):
            raise ProviderRefusedError(
                "The key holds characters that no key has.", "Copy it again, without quotes and spaces.", cause="auth"
            )
        timeout = httpx2.Timeout(connect=5, read=self.read_seconds, write=30, pool=None)
        limits = httpx2.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=MOST_CONNECTIONS)
        self._client = anthropic.Anthropic(
            api_key=config.api_key or "none",
            base_url=config.base_url.removesuffix("/v1"),
            timeout=timeout,
            max_retries=0,
            http_client=httpx2.Client(timeout=timeout, limits=limits),
        )

    def complete(self, request: ChatRequest, stop: Stop | None = None) -> Completion:
        """As ``LLMProvider.complete``; a call that has begun is not broken off by ``stop``."""
        if stop is not None:
            stop.check()
        started = time.monotonic()
        try:
            response = self._client.post(
                "/v1/messages", cast_to=httpx2.Response, content=orjson.dumps(self._body(request))
            )
        except anthropic.AnthropicError as error:
            raise self._translate(error, self.read_seconds) from error
        return self._read(response.content, time.monotonic() - started)

    def _body(self, request: ChatRequest) -> dict[str, Any]:
        system: list[dict[str, Any]] = []
        messages = []
        for message in request.messages:
            text = message.content.encode("utf-8", "replace").decode()  # JSON takes no lone surrogates
            if message.role not in SYSTEM_ROLES:
                role = "assistant" if message.role is Role.ASSISTANT else "user"
                messages.append({"role": role, "content": text})
            elif text:
                system.append({"type": "text", "text": text})
        limit = self._model.token_limit(request.max_tokens) if self._model else request.max_tokens
        body: dict[str, Any] = {"model": self.config.model, "max_tokens": limit, "messages": messages}
        if system:
            system[-1] |= CACHED
            body["system"] = system
        output: dict[str, Any] = {}
        if self._model and self._model.reasons:
            output["effort"] = self._model.effort
        if request.schema and not (self._model and self._model.structured is Structured.NONE):
            output["format"] = {"type": "json_schema", "schema": _accepted_schema(request.schema)}
        return body | {"output_config": output} if output else body

    def _read(self, content: bytes, seconds: float) -> Completion:
        try:
            body = orjson.loads(content)
            texts = [block["text"] for block in body["content"] if block["type"] == "text"]
            text = texts[0] if texts else ""  # before it there may be thoughts
            if not isinstance(text, str):
                raise TypeError("the text is none")
            reason = str(body.get("stop_reason") or "end_turn")
            return Completion(
                text=text,
                model=body.get("model") or self.config.model,
                finish_reason=FINISH_REASONS.get(reason, reason),
                usage=_usage(body.get("usage") or {}),
                seconds=seconds,
            )
        except MALFORMED as error:
            raise not_a_reply(self._name, self.config.base_url) from error

    def check(self) -> None:
        """As ``LLMProvider.check``. A server without a list of models is taken to be fine."""
        try:
            self.get_models()
        except ProviderRefusedError as error:
            if error.cause != "model":
                raise

    def get_models(self) -> list[str]:
        """The models that the service lists, the newest first; retired ones are not among them."""
        try:
            page = self._client.models.list(timeout=PROBE_SECONDS)
            if not isinstance(page.data, list):  # the SDK takes a list that is not there for an empty one
                raise TypeError("there is no list")
            return [str(model.id) for model in page]  # and of the pages that follow
        except anthropic.AnthropicError as error:
            raise self._translate(error, PROBE_SECONDS) from error
        except MALFORMED as error:
            raise not_a_reply(self._name, self.config.base_url) from error

    def _translate(self, error: anthropic.AnthropicError, seconds: float) -> ProviderError:
        if isinstance(error, anthropic.APITimeoutError):
            return too_slow(self._name, seconds)
        if isinstance(error, anthropic.APIStatusError):
            said = str(error.api_message or error.error_code or error.type or "")
            if self.config.api_key:
                said = said.replace(self.config.api_key, "…")  # some servers repeat it
            return status_error(self._name, error.status_code, said, error.response.headers, self.config.model)
        return unreachable(self._name, self.config.base_url)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()


def _usage(counts: dict[str, Any]) -> Usage:
    """The service counts what it reads from its cache, and writes to it, apart from the rest of the prompt."""
    prompt = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    return Usage(sum(int(counts.get(name) or 0) for name in prompt), int(counts.get("output_tokens") or 0))


@lru_cache(maxsize=64)
def _accepted_schema(schema: str) -> dict[str, Any]:
    """The schema with what the service does not accept (limits, patterns) moved into the descriptions."""
    return anthropic.transform_schema(orjson.loads(schema))
