"""OpenAI, and every server that speaks its chat completions protocol, through the official SDK.

The SDK does addresses, keys and the mapping of errors; the body is read here, because building its model objects costs
more than everything else in a call. What a model may be sent is in the table of models; what a server does not take
after all, ``dialect`` finds out.
"""

import time
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import httpx2
import openai
import orjson

from synthgen_core.concurrency import Stop
from synthgen_core.errors import ProviderError, ProviderRefusedError
from synthgen_core.models import ChatRequest, Completion, ProviderConfig, Usage
from synthgen_core.providers.base import LLMProvider
from synthgen_core.providers.catalogue import ModelTable
from synthgen_core.providers.dialect import FORM, Dialect, Lessons, dialect_of
from synthgen_core.providers.http import (
    check_key,
    count,
    http_client,
    no_model,
    not_a_reply,
    parsed,
    service_name,
    status_error,
    too_slow,
    unreachable,
    writable,
)
from synthgen_core.providers.model_info import Structured
from synthgen_core.providers.registry import provider_kind

PROBE_SECONDS = 15.0
JSON_TYPE: openai.RequestOptions = {"headers": {"Content-Type": "application/json"}}
PROBE: openai.RequestOptions = {"timeout": PROBE_SECONDS}
WRONG_REQUEST = (400, 422)
NO_CREDIT = "insufficient_quota"
NOT_FOR_CHAT = "embed"
"""Part of the names of models that a server may list besides those that write."""


class OpenAIProvider(LLMProvider):
    """A model behind ``/chat/completions``. At a local server without a model's name the first that it lists."""

    read_seconds = 180.0
    """How long a reply may take."""

    def __init__(self, config: ProviderConfig, models: ModelTable | None = None) -> None:
        super().__init__(config, models)
        self._kind = provider_kind(config.type)
        self.name = service_name(config)
        check_key(config)
        client = http_client(self.read_seconds)
        self.client = openai.OpenAI(
            api_key=config.api_key or "none",
            base_url=config.base_url,
            timeout=client.timeout,
            max_retries=0,
            http_client=client,
        )

    def complete(self, request: ChatRequest, stop: Stop | None = None) -> Completion:
        """As ``LLMProvider.complete``; a call that has begun is not broken off by ``stop``.

        A request that the server refuses for one of its parameters is sent again without that one.
        """
        stop = stop or Stop()
        stop.check()
        if not self.config.model:
            self.check()
        wanted = self._wanted(request)
        dialect = dialect_of(self.config.base_url, self.config.model)
        is_unknown = self.facts.structured is None
        with dialect.turn(wanted, stop) if is_unknown else nullcontext():
            while True:
                lessons = dialect.lessons
                sent = dialect.apply(lessons, wanted)
                started = time.monotonic()
                try:
                    response = self._post(request, sent)
                except openai.OpenAIError as error:
                    refusal = self.translate(error, self.read_seconds)
                    if not self._is_curable(error, refusal, dialect, lessons, sent):
                        raise refusal from error
                    stop.check()
                else:
                    dialect.succeed(sent)
                    return self._read(response.content, time.monotonic() - started)

    def _post(self, request: ChatRequest, parameters: dict[str, Any]) -> httpx2.Response:
        body = orjson.dumps(self._body(request, parameters))
        return self.client.post("/chat/completions", cast_to=httpx2.Response, content=body, options=JSON_TYPE)

    def body(self, request: ChatRequest) -> dict[str, Any]:
        """What is sent for a request, as far as it is known what the server takes."""
        dialect = dialect_of(self.config.base_url, self.config.model)
        return self._body(request, dialect.apply(dialect.lessons, self._wanted(request)))

    def _body(self, request: ChatRequest, parameters: dict[str, Any]) -> dict[str, Any]:
        messages = [{"role": message.role, "content": writable(message.content)} for message in request.messages]
        return {"model": self.config.model, "messages": messages, **parameters}

    def _wanted(self, request: ChatRequest) -> dict[str, Any]:
        """What this model may be sent, as far as the table knows."""
        facts = self.facts
        wanted: dict[str, Any] = {facts.token_parameter or "max_tokens": facts.token_limit(request.max_tokens)}
        if request.seed is not None:
            wanted[facts.seed_parameter or "seed"] = request.seed
        if request.temperature is not None and facts.takes_temperature:
            wanted["temperature"] = request.temperature
        if facts.effort:
            wanted["reasoning_effort"] = facts.effort
        if request.schema:
            wanted[FORM] = (facts.structured or Structured.SCHEMA, request.schema)
        return wanted

    def _is_curable(
        self,
        error: openai.OpenAIError,
        refusal: ProviderError,
        dialect: Dialect,
        lessons: Lessons,
        sent: dict[str, Any],
    ) -> bool:
        """Whether the request may be sent again, in another form."""
        if not isinstance(error, openai.APIStatusError) or error.status_code not in WRONG_REQUEST:
            return False
        if refusal.cause != "bad_request":
            return False
        said = f"{words_of(error.body)} {error.code or ''}"
        return dialect.learn(lessons, sent, said, str(error.param or ""))

    def _read(self, content: bytes, seconds: float) -> Completion:
        try:
            return self.read(parsed(content, self.config), seconds)
        except ValueError as error:
            raise not_a_reply(self.name, self.config.base_url) from error

    def read(self, body: Any, seconds: float = 0.0) -> Completion:
        """The reply in the body of a success. Raises ProviderUnavailableError where there is none."""
        try:
            choice, used = body["choices"][0], body.get("usage") or {}
            message = choice["message"]
            refusal = message.get("refusal")
            details = used.get("prompt_tokens_details") or {}
            return Completion(
                text="".join(message.get("content") or refusal or ""),  # TypeError for what is no text
                model=body.get("model") or self.config.model,
                finish_reason="refusal" if refusal else choice.get("finish_reason") or "stop",
                usage=Usage(
                    count(used, "prompt_tokens"),
                    count(used, "completion_tokens"),
                    count(details, "cached_tokens"),
                    count(details, "cache_write_tokens"),
                ),
                seconds=seconds,
            )
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise not_a_reply(self.name, self.config.base_url) from error

    def check(self) -> None:
        """As ``LLMProvider.check``; chooses the model where none was named. A server without a list of models is taken
        to be fine."""
        try:
            if self._kind.key_path:
                self._get(self._kind.key_path)
            listed = self.get_models()
        except ProviderRefusedError as error:
            if error.cause != "model":
                raise
            listed = []
        if self.config.model:
            return
        fitting = [name for name in listed if NOT_FOR_CHAT not in name.lower()]
        if not (self._kind.is_local and fitting):
            raise no_model(self.config)
        self.config = replace(self.config, model=fitting[0])

    def get_models(self) -> list[str]:
        """The models that the service lists: by name, or in the order of one's own server."""
        content = self._get("/models")
        try:
            names = [str(model["id"]) for model in parsed(content, self.config)["data"]]
        except (ValueError, KeyError, TypeError) as error:
            raise not_a_reply(self.name, self.config.base_url) from error
        return names if self._kind.is_local else sorted(names)

    def _get(self, path: str) -> bytes:
        try:
            return self.client.get(path, cast_to=httpx2.Response, options=PROBE).content
        except openai.OpenAIError as error:
            raise self.translate(error, PROBE_SECONDS) from error

    def translate(self, error: openai.OpenAIError, seconds: float) -> ProviderError:
        """What an error of the SDK means here."""
        if isinstance(error, openai.APITimeoutError):
            return too_slow(self.name, seconds)
        if isinstance(error, openai.APIStatusError):
            code = str(error.code or "")
            said = words_of(error.body) or code
            said = said if code != NO_CREDIT else f"{said} ({code})"
            return status_error(self.name, error.status_code, said, error.response.headers, self.config)
        return unreachable(self.name, self.config.base_url)

    def close(self) -> None:
        """Close all connections."""
        self.client.close()


def words_of(body: object) -> str:
    """The service's own words in the body of an error, if it has any."""
    if isinstance(body, list):
        return "; ".join(said for said in map(words_of, body) if said)
    if isinstance(body, dict) and "msg" in body:  # pydantic's, of servers made with FastAPI
        return f"{body.get('msg')}: {'.'.join(str(part) for part in body.get('loc') or ())}"
    if isinstance(body, dict):
        return next((said for key in ("message", "error", "detail") if (said := words_of(body.get(key)))), "")
    return body if isinstance(body, str) else ""
