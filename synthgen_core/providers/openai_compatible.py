"""OpenAI, and every server that speaks its chat completions protocol, through the official SDK.

The SDK does addresses, keys and the mapping of errors; the body is read here, because building its model objects costs
more than everything else in a call.
"""

import time
from typing import Any

import httpx2
import openai
import orjson

from synthgen_core.concurrency import Stop
from synthgen_core.errors import ProviderError, ProviderRefusedError
from synthgen_core.models import ChatRequest, Completion, ProviderConfig, Usage
from synthgen_core.providers.base import LLMProvider
from synthgen_core.providers.http import not_a_reply, status_error, too_slow, unreachable

OFFICIAL = "https://api.openai.com/"
MOST_CONNECTIONS = 256
JSON_TYPE: openai.RequestOptions = {"headers": {"Content-Type": "application/json"}}
REASONING_ROOM = 2000
"""Tokens allowed for thinking, on top of what the reply may take."""


class OpenAIProvider(LLMProvider):
    """A model behind ``/chat/completions``."""

    read_seconds = 180.0
    """How long a reply may take."""

    def __init__(self, config: ProviderConfig) -> None:
        super().__init__(config)
        self._is_official = config.base_url.startswith(OFFICIAL)
        self._name = "OpenAI" if self._is_official else "The server"
        if self._is_official and not config.api_key:
            raise ProviderRefusedError("OpenAI needs a key.", "Set OPENAI_API_KEY.", cause="auth")
        if not (config.api_key.isascii() and config.api_key.isprintable()):
            raise ProviderRefusedError(
                "The key holds characters that no key has.", "Copy it again, without quotes and spaces.", cause="auth"
            )
        timeout = httpx2.Timeout(connect=5, read=self.read_seconds, write=30, pool=None)
        limits = httpx2.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=MOST_CONNECTIONS)
        self._client = openai.OpenAI(
            api_key=config.api_key or "none",
            base_url=config.base_url,
            timeout=timeout,
            max_retries=0,
            http_client=httpx2.Client(timeout=timeout, limits=limits),
        )

    def complete(self, request: ChatRequest, stop: Stop | None = None) -> Completion:
        """As ``LLMProvider.complete``; a call that has begun is not broken off by ``stop``."""
        if stop is not None:
            stop.check()
        started = time.monotonic()
        body = {
            "model": self.config.model,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            **self._options(request),
        }
        try:
            response = self._client.post(
                "/chat/completions", cast_to=httpx2.Response, content=orjson.dumps(body), options=JSON_TYPE
            )
        except openai.OpenAIError as error:
            raise self._translate(error) from error
        return self._read(response.content, time.monotonic() - started)

    def _options(self, request: ChatRequest) -> dict[str, Any]:
        """What may be sent to this model: OpenAI's newer ones take no ``max_tokens``, and not all a temperature."""
        options: dict[str, Any] = {} if request.seed is None else {"seed": request.seed}
        temperature = {} if request.temperature is None else {"temperature": request.temperature}
        if not self._is_official:
            return options | temperature | {"max_tokens": request.max_tokens}
        if request.schema:
            schema = {"name": "example", "schema": orjson.loads(request.schema), "strict": True}
            options["response_format"] = {"type": "json_schema", "json_schema": schema}
        model = self.config.model
        if model.startswith(("gpt-6-luna", "gpt-6-sol")):
            return options | temperature | {"reasoning_effort": "none", "max_completion_tokens": request.max_tokens}
        if model.startswith(("gpt-5", "gpt-6", "o")):
            return options | {"reasoning_effort": "low", "max_completion_tokens": request.max_tokens + REASONING_ROOM}
        return options | temperature | {"max_completion_tokens": request.max_tokens}

    def _read(self, content: bytes, seconds: float) -> Completion:
        try:
            body = orjson.loads(content)
            choice, used = body["choices"][0], body.get("usage") or {}
            message = choice["message"]
            refusal = message.get("refusal")
            return Completion(
                text="".join(message.get("content") or refusal or ""),  # TypeError for what is no text
                model=body.get("model") or self.config.model,
                finish_reason="refusal" if refusal else choice.get("finish_reason") or "stop",
                usage=Usage(int(used.get("prompt_tokens") or 0), int(used.get("completion_tokens") or 0)),
                seconds=seconds,
            )
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise not_a_reply(self._name, self.config.base_url) from error

    def check(self) -> None:
        """As ``LLMProvider.check``. A server without a list of models is taken to be fine."""
        try:
            self.get_models()
        except ProviderRefusedError as error:
            if error.cause != "model":
                raise

    def get_models(self) -> list[str]:
        """The models that the service lists, by name."""
        try:
            response = self._client.get("/models", cast_to=httpx2.Response)
            return sorted(str(model["id"]) for model in orjson.loads(response.content)["data"])
        except openai.OpenAIError as error:
            raise self._translate(error) from error
        except (ValueError, KeyError, TypeError) as error:
            raise not_a_reply(self._name, self.config.base_url) from error

    def _translate(self, error: openai.OpenAIError) -> ProviderError:
        if isinstance(error, openai.APITimeoutError):
            return too_slow(self._name, self.read_seconds)
        if isinstance(error, openai.APIStatusError):
            code = str(getattr(error, "code", "") or "")
            said = _said(error.body) or code
            said = said if code not in ("insufficient_quota",) else f"{said} ({code})"
            if self.config.api_key:
                said = said.replace(self.config.api_key, "…")  # some servers repeat it
            return status_error(self._name, error.status_code, said, error.response.headers, self.config.model)
        return unreachable(self._name, self.config.base_url)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()


def _said(body: object) -> str:
    """The service's own words in the body of an error, if it has any."""
    if isinstance(body, dict):
        said = body.get("message") or body.get("error") or body.get("detail") or ""
        return _said(said) if isinstance(said, dict) else str(said)
    return ""
