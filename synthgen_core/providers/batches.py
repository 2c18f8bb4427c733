"""Batches: many requests handed to a service at once, to be answered within a day, at a lower price.

A service with a protocol of its own for this is a class that fulfils ``BatchService``, in one module of this package,
and its name in the row of the registry.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from synthgen_core.errors import ProviderError, ProviderRefusedError, ProviderUnavailableError
from synthgen_core.models import ChatRequest, Completion, ProviderConfig

MOST_REQUESTS = 5_000
MOST_BYTES = 30 * 10**6
"""Of one batch. OpenAI takes 50,000 requests and 200 MB, Anthropic 100,000 and 256 MB; a smaller one takes less memory,
brings its replies sooner, and little is lost with it."""
FULL = "batch_limit"
"""The cause of an error: the service holds as many requests of this account as it will."""


@dataclass(frozen=True, slots=True)
class BatchStatus:
    """How far a service is with a batch."""

    is_over: bool
    """All replies that there will be can be fetched."""
    answered: int
    """Requests that are done; 0 where the service does not tell before all are."""
    refusal: ProviderError | None = None
    """Why it took none of the requests."""


@dataclass(frozen=True, slots=True)
class BatchReply:
    """What became of one request of a batch."""

    request_id: str
    outcome: Completion | ProviderError


class BatchService(ABC):
    """The batches of one service, for one model. It retries nothing: that is the caller's.

    All methods raise ProviderError as ``LLMProvider.complete`` does.
    """

    name: str
    """What to call the service in a message."""

    @abstractmethod
    def line(self, request_id: str, request: ChatRequest) -> bytes:
        """One request as it will be sent; ``request_id`` comes back with the reply: 1-64 of a-z, A-Z, 0-9, _ and -."""

    @abstractmethod
    def send(self, mark: str, lines: Sequence[bytes]) -> str:
        """Hand these requests over under our mark; returns the service's name for the batch."""

    @abstractmethod
    def find(self, mark: str, since: datetime, requests: int, known: Collection[str]) -> str | None:
        """The service's name for a batch that was handed over at ``since`` or later, if it arrived at all.

        Where the service keeps no mark, a batch of so many requests that is not one of those ``known``: its replies
        must be looked at for whether they are ours.
        """

    @abstractmethod
    def status(self, service_id: str) -> BatchStatus | None:
        """How far the service is with it; None if it knows no such batch."""

    @abstractmethod
    def replies(self, service_id: str) -> Iterator[BatchReply]:
        """What became of the requests of a batch that is over, in any order, read as it comes."""

    @abstractmethod
    def cancel(self, service_id: str) -> None:
        """Ask the service to do no more of it; a little later it is over."""


def lines_of(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a JSONL body that comes in pieces. Only a line feed ends one: texts may hold U+2028 and its like."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line for line in whole if line.strip())
    if rest.strip():
        yield rest


def no_batches_here(error: ProviderRefusedError, config: ProviderConfig) -> ProviderRefusedError:
    """The error for a batch that was refused: where it is that there is no such address (404), in these words."""
    if error.cause != "model":
        return error
    return ProviderRefusedError(
        f"The server at {config.base_url} takes no batches.", "Make the dataset without batches.", cause="no_batches"
    )


def not_done(name: str, cause: str) -> ProviderUnavailableError:
    """The error for a request of a batch that the service did not get to."""
    reasons = {"expired": "before the batch expired", "cancelled": "before the batch was cancelled"}
    why = reasons.get(cause, f"({cause})")
    return ProviderUnavailableError(f"{name} did not answer {why}.", "It is asked again.", cause=cause)
