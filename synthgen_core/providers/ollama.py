"""A local Ollama server, over its REST protocol (docs/api.md in ollama/ollama)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx2
import orjson

from synthgen_core.concurrency import Stop
from synthgen_core.errors import ProviderError, ProviderRefusedError, ProviderUnavailableError
from synthgen_core.models import ChatRequest, Completion, ProviderConfig, Usage
from synthgen_core.providers.base import LLMProvider, Progress
from synthgen_core.providers.catalogue import ModelTable
from synthgen_core.providers.http import (
    check_key,
    count,
    http_client,
    not_a_reply,
    status_error,
    too_slow,
    unreachable,
    writable,
)

PROBE_SECONDS = 2.0
SILENCE_SECONDS = 300.0
"""How long a pull may say nothing: it checks the hash of a large file without a word."""
CONTEXT_TOKENS = 8192
"""Ollama's own default is small, and it cuts what does not fit without a word."""
NAME = "Ollama"
UNKNOWN = ("does not exist", "not found", "invalid model")
"""What a pull says of a name that there is not."""
GIGA = 1e9


class OllamaProvider(LLMProvider):
    """A model behind ``/api/chat``. Without a model's name the first of the table, or else the first installed."""

    read_seconds = 300.0
    """How long a reply may take."""

    def __init__(self, config: ProviderConfig, models: ModelTable | None = None) -> None:
        super().__init__(config, models)
        check_key(config)
        self._client = http_client(self.read_seconds, config.base_url, connect_seconds=PROBE_SECONDS)
        self._is_resolved = ":" in config.model

    def complete(self, request: ChatRequest, stop: Stop | None = None) -> Completion:
        """As ``LLMProvider.complete``; a call that has begun is not broken off by ``stop``."""
        if stop is not None:
            stop.check()
        if not self._is_resolved:
            self.check()
        started = time.monotonic()
        options = {
            "num_predict": self.facts.token_limit(request.max_tokens),
            "num_ctx": CONTEXT_TOKENS,
            "temperature": request.temperature,
            "seed": request.seed,
        }
        body: dict[str, Any] = {
            "model": self.config.model,
            "messages": [{"role": message.role, "content": writable(message.content)} for message in request.messages],
            "stream": False,
            "think": False,
            "keep_alive": "10m",
            "options": {name: value for name, value in options.items() if value is not None},
        }
        if request.schema:
            body["format"] = orjson.Fragment(request.schema)
        reply = self._send("POST", "/api/chat", body, self.read_seconds)
        try:
            return Completion(
                text="".join(reply["message"].get("content") or ""),  # TypeError for what is no text
                model=self.config.model,
                finish_reason=reply.get("done_reason") or "stop",
                usage=Usage(count(reply, "prompt_eval_count"), count(reply, "eval_count")),
                seconds=time.monotonic() - started,
            )
        except (KeyError, AttributeError, TypeError, ValueError) as error:
            raise not_a_reply(NAME, self.config.base_url) from error

    def check(self) -> None:
        """As ``LLMProvider.check``; chooses the model where none was named, and finds llama3:latest for llama3."""
        installed = self.get_models()
        named = self.config.model
        if not installed:
            default = self.models.default("ollama")
            wanted = named or (default.name if default else "NAME")
            raise ProviderRefusedError("Ollama has no model yet.", f"Run: ollama pull {wanted}", cause="model")
        known = [info.name for info in self.models.models("ollama")]
        names = (named, f"{named}:latest") if named else (*known[:1], installed[0])
        found = next((name for name in names if name in installed), None)
        if found is None:
            raise ProviderRefusedError(f"Ollama has no model “{named}”.", f"Run: ollama pull {named}", cause="model")
        self.config = replace(self.config, model=found)
        self._is_resolved = True

    def get_models(self) -> list[str]:
        """The models that are installed there."""
        models = self._send("GET", "/api/tags", None, PROBE_SECONDS).get("models")
        if not isinstance(models, list):
            raise not_a_reply(NAME, self.config.base_url)
        return [str(model.get("model") or model.get("name")) for model in models if isinstance(model, dict)]

    def version(self) -> str:
        """The server's version. Raises ProviderError as ``complete`` does."""
        version = self._send("GET", "/api/version", None, PROBE_SECONDS).get("version")
        if not isinstance(version, str):
            raise not_a_reply(NAME, self.config.base_url)
        return version

    def pull(self, model: str, progress: Progress | None = None, stop: Stop | None = None) -> None:
        """Let the server fetch a model; what it has of it already is not fetched again.

        Raises:
            ProviderRefusedError: there is no model of that name.
            ProviderUnavailableError: the server cannot be reached, or could not fetch it.
            StoppedError: ``stop`` was set meanwhile; what is there is kept.
        """
        stop = stop or Stop()
        stop.check()
        layers: dict[str, tuple[int, int]] = {}
        status, share = "", 0.0
        body = orjson.dumps({"model": model, "stream": True})
        timeout = httpx2.Timeout(SILENCE_SECONDS, connect=PROBE_SECONDS)
        with (
            self._translating(SILENCE_SECONDS),
            self._client.stream("POST", "/api/pull", content=body, timeout=timeout) as response,
        ):
            if not response.is_success:
                response.read()
                raise self._refusal(response)
            for line in response.iter_lines():
                stop.check()
                if not line.strip():
                    continue
                said = self._line(line)
                if error := said.get("error"):
                    raise _pull_error(model, str(error))
                status = str(said.get("status") or "")
                if total := self._count(said, "total"):
                    layers[str(said.get("digest"))] = (min(self._count(said, "completed"), total), total)
                done, size = (sum(numbers) for numbers in zip(*layers.values(), strict=True)) if layers else (0, 0)
                share = max(share, done / size if size else 0.0)
                if progress and status != "success":
                    amount = f": {done / GIGA:.1f} of {size / GIGA:.1f} GB" if total else f": {status}"
                    progress(f"Fetching {model}{amount}.", share)
        if status != "success":
            raise ProviderUnavailableError(
                f"Ollama broke off while fetching {model}.", "Pull it again: what is there is kept.", cause="connection"
            )
        if progress:
            progress(f"{model} is there.", 1.0)

    def _line(self, line: str) -> dict[str, Any]:
        try:
            said = orjson.loads(line)
        except ValueError as error:
            raise not_a_reply(NAME, self.config.base_url) from error
        if not isinstance(said, dict):
            raise not_a_reply(NAME, self.config.base_url)
        return said

    def _count(self, said: dict[str, Any], name: str) -> int:
        try:
            return count(said, name)
        except (TypeError, ValueError) as error:
            raise not_a_reply(NAME, self.config.base_url) from error

    def _send(self, verb: str, path: str, body: object, seconds: float) -> dict[str, Any]:
        timeout = httpx2.Timeout(seconds, connect=PROBE_SECONDS, pool=None)
        content = None if body is None else orjson.dumps(body)
        with self._translating(seconds):
            response = self._client.request(verb, path, content=content, timeout=timeout)
        if not response.is_success:
            raise self._refusal(response)
        return self._line(response.content.decode("utf-8", "replace"))

    @contextmanager
    def _translating(self, seconds: float) -> Iterator[None]:
        try:
            yield
        except httpx2.ConnectError as error:
            raise unreachable(NAME, self.config.base_url) from error
        except httpx2.TimeoutException as error:
            raise too_slow(NAME, seconds) from error
        except httpx2.HTTPError as error:
            raise unreachable(NAME, self.config.base_url) from error

    def _refusal(self, response: httpx2.Response) -> ProviderError:
        try:
            reply = orjson.loads(response.content)
        except ValueError:
            reply = {}
        said = str(reply.get("error", "")) if isinstance(reply, dict) else ""
        return status_error(NAME, response.status_code, said, response.headers, self.config)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()


def _pull_error(model: str, said: str) -> ProviderError:
    said = " ".join(said.split())[:200]
    if any(mark in said.lower() for mark in UNKNOWN):
        return ProviderRefusedError(
            f"Ollama finds no model “{model}” to fetch. It said: “{said}”",
            "See https://ollama.com/library for the names.",
            cause="model",
        )
    return ProviderUnavailableError(
        f"Ollama could not fetch {model}. It said: “{said}”", "Try again later.", cause="server"
    )
