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
from synthgen_core.providers.catalogue import ModelTable, Structured
from synthgen_core.providers.http import (
    check_key,
    count,
    http_client,
    not_a_reply,
    parsed,
    service_name,
    status_error,
    too_slow,
    unreachable,
    writable,
)

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
        super().__init__(config, models)
        self.name = service_name(config)
        check_key(config)
        client = http_client(self.read_seconds)
        self.client = anthropic.Anthropic(
            api_key=config.api_key or "none",
            base_url=config.base_url.removesuffix("/v1"),
            timeout=client.timeout,
            max_retries=0,
            http_client=client,
        )

    def complete(self, request: ChatRequest, stop: Stop | None = None) -> Completion:
        """As ``LLMProvider.complete``; a call that has begun is not broken off by ``stop``."""
        if stop is not None:
            stop.check()
        started = time.monotonic()
        try:
            response = self.client.post(
                "/v1/messages", cast_to=httpx2.Response, content=orjson.dumps(self.body(request))
            )
        except anthropic.AnthropicError as error:
            raise self.translate(error, self.read_seconds) from error
        return self._read(response.content, time.monotonic() - started)

    def body(self, request: ChatRequest) -> dict[str, Any]:
        """What is sent for a request."""
        system: list[dict[str, Any]] = []
        messages = []
        for message in request.messages:
            text = writable(message.content)
            if message.role not in SYSTEM_ROLES:
                role = "assistant" if message.role is Role.ASSISTANT else "user"
                messages.append({"role": role, "content": text})
            elif text:
                system.append({"type": "text", "text": text})
        limit = self.facts.token_limit(request.max_tokens)
        body: dict[str, Any] = {"model": self.config.model, "max_tokens": limit, "messages": messages}
        if system:
            system[-1] |= CACHED
            body["system"] = system
        output: dict[str, Any] = {}
        if self.facts.reasons:
            output["effort"] = self.facts.effort
        if request.schema and self.facts.structured is not Structured.NONE:
            output["format"] = {"type": "json_schema", "schema": _accepted_schema(request.schema)}
        return body | {"output_config": output} if output else body

    def _read(self, content: bytes, seconds: float) -> Completion:
        try:
            return self.read(parsed(content, self.config), seconds)
        except ValueError as error:
            raise not_a_reply(self.name, self.config.base_url) from error

    def read(self, body: Any, seconds: float = 0.0) -> Completion:
        """The reply in the body of a success. Raises ProviderUnavailableError where there is none."""
        try:
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
            raise not_a_reply(self.name, self.config.base_url) from error

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
            page = self.client.models.list(timeout=PROBE_SECONDS)
            if not isinstance(page.data, list):  # the SDK takes a list that is not there for an empty one
                raise TypeError("there is no list")
            return [str(model.id) for model in page]  # and of the pages that follow
        except anthropic.AnthropicError as error:
            raise self.translate(error, PROBE_SECONDS) from error
        except MALFORMED as error:
            raise not_a_reply(self.name, self.config.base_url) from error

    def translate(self, error: anthropic.AnthropicError, seconds: float) -> ProviderError:
        """What an error of the SDK means here."""
        if isinstance(error, anthropic.APITimeoutError):
            return too_slow(self.name, seconds)
        if isinstance(error, anthropic.APIStatusError):
            said = str(error.api_message or error.error_code or error.type or "")
            return status_error(self.name, error.status_code, said, error.response.headers, self.config)
        return unreachable(self.name, self.config.base_url)

    def close(self) -> None:
        """Close all connections."""
        self.client.close()


def _usage(counts: dict[str, Any]) -> Usage:
    """The service counts what it reads from its cache, and writes to it, apart from the rest of the prompt."""
    read, written = "cache_read_input_tokens", "cache_creation_input_tokens"
    return Usage(
        count(counts, "input_tokens", read, written),
        count(counts, "output_tokens"),
        count(counts, read),
        count(counts, written),
    )


@lru_cache(maxsize=64)
def _accepted_schema(schema: str) -> dict[str, Any]:
    """The schema with what the service does not accept (limits, patterns) moved into the descriptions."""
    return anthropic.transform_schema(orjson.loads(schema))
