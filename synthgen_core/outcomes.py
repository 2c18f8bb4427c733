"""What can come of a run, as values; and the key under which a reply that was paid for is found again."""

import hashlib
from dataclasses import dataclass

import orjson

from synthgen_core.errors import InvalidExampleError, ProviderError, SynthGenError
from synthgen_core.models import ChatRequest, Completion, JsonObject, ProviderConfig, Side, Usage

SCHEME = 1
"""Part of every request's key: raise it when the same request no longer means the same reply."""


@dataclass(frozen=True, slots=True)
class Made:
    """An example that passed."""

    item: int
    content: JsonObject
    metadata: JsonObject


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that led to nothing; with ``is_final``, the item is given up."""

    item: int
    error: SynthGenError
    is_final: bool

    @property
    def cause(self) -> str:
        """A short class for counting."""
        if isinstance(self.error, ProviderError):
            return self.error.cause
        return self.error.reason if isinstance(self.error, InvalidExampleError) else "error"


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply that was paid for, under the key of its request."""

    key: str
    item: int
    attempt: int
    completion: Completion
    side: Side = Side.WRITER


@dataclass(frozen=True, slots=True)
class Call:
    """A call to a model that is over, whatever came of it."""

    item: int
    attempt: int
    outcome: str
    """"ok" for a reply, else the cause of the failure."""
    model: str
    usage: Usage
    seconds: float
    side: Side = Side.WRITER


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call that was not made, in a run that makes none: its reply is not kept."""

    key: str
    item: int
    attempt: int
    request: ChatRequest


Outcome = Made | Failure | Reply | Call | Wanted


def request_key(config: ProviderConfig, request: ChatRequest, item: int, attempt: int) -> str:
    """SHA-256 over all that changes the reply, and nothing else (no key, no time, no job)."""
    said = [[message.role, message.content] for message in request.messages]
    asked = [request.max_tokens, request.temperature, request.seed, request.schema]
    return hashlib.sha256(orjson.dumps([SCHEME, config.public(), said, asked, item, attempt])).hexdigest()
