"""What passes between us and a model: a scenario, a request, a completion, and who is asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """Who speaks in a message."""

    SYSTEM = "system"
    DEVELOPER = "developer"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class Method(StrEnum):
    """A way of making an example."""

    STRUCTURED = "structured"
    """One call; the model writes the whole example as JSON."""
    TURN_BY_TURN = "turn_by_turn"
    """A call for each turn: one side is played from the scenario, the other answers in its own voice."""
    QUESTION_BANK = "question_bank"
    """User turns from the question bank; the model writes the answers."""


class Side(StrEnum):
    """Whose words a call asks for. Each side can have a model of its own."""

    WRITER = "writer"
    """Whole examples, the user's turns, or all where there is one model."""
    ASSISTANT = "assistant"
    """The assistant's answers, where turns are written one by one."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn as a model reads it."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """What one example is to be about: the drawn values, in the order in which they were drawn."""

    domain: str
    """Slug of the domain."""
    subdomain: str
    """Slug of the subdomain."""
    parameters: Mapping[str, str]
    """Parameter name -> drawn value."""
    situation: str
    """A concrete seed: who wants what, and why now."""
    exchanges: int
    """Number of user/assistant pairs asked for, 1 or more."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One call to a model, complete: two equal requests may share one paid reply."""

    messages: tuple[Message, ...]
    max_tokens: int = 2000
    temperature: float | None = None
    """None: the model's own default."""
    seed: int | None = None
    schema: str | None = None
    """JSON schema, as text, that the reply is asked to follow; providers that cannot enforce one ignore it."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that one or more calls took."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """Of the prompt's: read from the service's own cache."""
    cache_write_tokens: int = 0
    """Of the prompt's: written to that cache."""

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
        )

    @property
    def total(self) -> int:
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Completion:
    """A model's raw reply."""

    text: str
    model: str
    finish_reason: str = "stop"
    """"stop", "length" (cut off), "refusal" or "content_filter"."""
    usage: Usage = Usage()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """All that decides which model answers, and how it is reached. A job keeps the one it was started with."""

    type: str
    """A key of ``providers.PROVIDERS``."""
    model: str = ""
    """Empty: the provider's default."""
    base_url: str = ""
    """Empty: the provider's default."""
    api_key: str = field(default="", repr=False)
    """Never stored, logged or shown; see ``public``."""

    def public(self) -> dict[str, str]:
        """What may be stored with a job and shown: everything but the key."""
        return {"type": self.type, "model": self.model, "base_url": self.base_url}
