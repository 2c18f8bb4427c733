"""A local Ollama server, over its REST protocol (docs/api.md in ollama/ollama)."""

import time
from dataclasses import replace
from typing import Any

import httpx
import orjson

from synthgen_core.concurrency import Stop
from synthgen_core.errors import ProviderRefusedError
from synthgen_core.models import ChatRequest, Completion, ProviderConfig, Usage
from synthgen_core.providers.base import LLMProvider
from synthgen_core.providers.http import not_a_reply, status_error, too_slow, unreachable

PROBE_SECONDS = 2.0
CONTEXT_TOKENS = 8192
"""Ollama's own default is small, and it cuts what does not fit without a word."""
NAME = "Ollama"
PREFERRED = "gemma3:27b"


class OllamaProvider(LLMProvider):
    """A model behind ``/api/chat``. Without a model's name ``PREFERRED``, or else the first that is installed."""

    read_seconds = 300.0
    """How long a reply may take."""

    def __init__(self, config: ProviderConfig) -> None:
        super().__init__(config)
        self._client = httpx.Client(
            base_url=config.base_url, timeout=httpx.Timeout(self.read_seconds, connect=PROBE_SECONDS, pool=None)
        )

    def complete(self, request: ChatRequest, stop: Stop | None = None) -> Completion:
        """As ``LLMProvider.complete``; a call that has begun is not broken off by ``stop``."""
        if stop is not None:
            stop.check()
        if not self.config.model:
            self.check()
        started = time.monotonic()
        options = {
            "num_predict": request.max_tokens,
            "num_ctx": CONTEXT_TOKENS,
            "temperature": request.temperature,
            "seed": request.seed,
        }
        body: dict[str, Any] = {
            "model": self.config.model,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            "stream": False,
            "think": False,
            "keep_alive": "10m",
            "options": {name: value for name, value in options.items() if value is not None},
        }
        if request.schema:
            body["format"] = orjson.loads(request.schema)
        reply = self._send("POST", "/api/chat", body, self.read_seconds)
        try:
            return Completion(
                text="".join(reply["message"].get("content") or ""),  # TypeError for what is no text
                model=self.config.model,
                finish_reason=reply.get("done_reason") or "stop",
                usage=Usage(int(reply.get("prompt_eval_count") or 0), int(reply.get("eval_count") or 0)),
                seconds=time.monotonic() - started,
            )
        except (KeyError, AttributeError, TypeError, ValueError) as error:
            raise not_a_reply(NAME, self.config.base_url) from error

    def check(self) -> None:
        """As ``LLMProvider.check``; chooses the model where none was named."""
        installed = self.get_models()
        if not installed:
            raise ProviderRefusedError(
                "Ollama has no model yet.", f"Run: ollama pull {self.config.model or PREFERRED}", cause="model"
            )
        if not self.config.model:
            self.config = replace(self.config, model=PREFERRED if PREFERRED in installed else installed[0])
        names = (self.config.model, f"{self.config.model}:latest")
        if not any(name in installed for name in names):
            raise ProviderRefusedError(
                f"Ollama has no model “{self.config.model}”.", f"Run: ollama pull {self.config.model}", cause="model"
            )

    def get_models(self) -> list[str]:
        """The models that are installed there."""
        models = self._send("GET", "/api/tags", None, PROBE_SECONDS).get("models")
        if not isinstance(models, list):
            raise not_a_reply(NAME, self.config.base_url)
        return [str(model.get("model") or model.get("name")) for model in models if isinstance(model, dict)]

    def _send(self, verb: str, path: str, body: object, seconds: float) -> dict[str, Any]:
        try:
            response = self._client.request(
                verb, path, json=body, timeout=httpx.Timeout(seconds, connect=PROBE_SECONDS)
            )
        except httpx.ConnectError as error:
            raise unreachable(NAME, self.config.base_url) from error
        except httpx.TimeoutException as error:
            raise too_slow(NAME, seconds) from error
        except httpx.HTTPError as error:
            raise unreachable(NAME, self.config.base_url) from error
        try:
            reply = orjson.loads(response.content)
        except ValueError as error:
            if response.is_success:
                raise not_a_reply(NAME, self.config.base_url) from error
            reply = {}
        if not response.is_success:
            said = str(reply.get("error", "")) if isinstance(reply, dict) else ""
            raise status_error(NAME, response.status_code, said, response.headers, self.config.model)
        if not isinstance(reply, dict):
            raise not_a_reply(NAME, self.config.base_url)
        return reply

    def close(self) -> None:
        """Close all connections."""
        self._client.close()
