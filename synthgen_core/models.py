"""The values that flow between all rooms of the house: frozen dataclasses, and the words for states."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None
JsonObject: TypeAlias = dict[str, Json]


class Role(StrEnum):
    """Who speaks in a message."""

    SYSTEM = "system"
    DEVELOPER = "developer"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class ExampleStatus(StrEnum):
    """Whether an example counts: exports and totals take active ones only, unless asked otherwise."""

    ACTIVE = "active"
    REMOVED = "removed"


class Origin(StrEnum):
    """How a dataset came to be."""

    GENERATED = "generated"
    IMPORTED = "imported"
    MERGED = "merged"
    SAMPLED = "sampled"
    SPLIT = "split"
    CONVERTED = "converted"
    DEDUPLICATED = "deduplicated"
    FILTERED = "filtered"
    DUPLICATED = "duplicated"


class Severity(StrEnum):
    """How much a flag matters: good to know; look at it; hardly anybody wants to train on this."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


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


class JobKind(StrEnum):
    """What a background run does."""

    GENERATION = "generation"
    IMPORT = "import"
    CURATION = "curation"
    """Datasets made from datasets; ``Operation`` says how."""
    RULES = "rules"


class JobStatus(StrEnum):
    """pending -> running -> completed | failed | cancelled, which are final; or interrupted, which can be resumed."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def is_active(self) -> bool:
        """The job waits for its turn or runs."""
        return self in (JobStatus.PENDING, JobStatus.RUNNING)

    @property
    def is_final(self) -> bool:
        """The status can never change again."""
        return self in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)


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


@dataclass(frozen=True, slots=True)
class Dataset:
    """A row of ``datasets``."""

    id: int
    name: str
    description: str
    domain: str
    subdomain: str
    format: str
    example_count: int
    """Active examples."""
    created_at: datetime
    updated_at: datetime
    file_path: str
    """The JSONL mirror, relative to the data folder."""
    metadata: JsonObject
    deleted_at: datetime | None = None
    origin: Origin = Origin.GENERATED
    tags: tuple[str, ...] = ()
    is_ready: bool = True
    """False while the job ``job_id`` fills it; then nobody but that job sees it."""
    job_id: int | None = None
    """The job that made it from files or from other datasets."""
    guidelines: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """A row of ``examples``: the current revision of one training example."""

    id: int
    dataset_id: int
    example_index: int
    """Position in the dataset; ascending, may have gaps."""
    content: JsonObject
    """The shape of the dataset's format."""
    status: ExampleStatus
    quality_score: float | None
    """The judge's latest overall score, 0-10."""
    metadata: JsonObject
    revision: int
    created_at: datetime
    updated_at: datetime
    turns: int = 0
    """Messages, but for those of the system."""
    characters: int = 0
    """Length of all its texts together."""
    content_hash: str = ""
    """See ``sizes.fingerprint``."""


@dataclass(frozen=True, slots=True)
class ExampleFilter:
    """Which examples of a dataset are meant. What is left as it is does not narrow."""

    statuses: tuple[ExampleStatus, ...] = (ExampleStatus.ACTIVE,)
    """Empty: all."""
    text: str = ""
    """Stands in one of its texts, in any case."""
    min_score: float | None = None
    """Of the judge's score, inclusive, as ``max_score``; either leaves out what has none."""
    max_score: float | None = None
    is_scored: bool | None = None
    is_reviewed: bool | None = None
    """Somebody accepted or rejected its current revision."""
    flags: str | None = None
    """``"any"``, ``"none"``, or the name of a rule that flagged its current revision."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Name -> drawn value; all of them."""
    verdict: str | None = None
    """A ``Verdict``, or ``none``, ``disputed``, ``stale``: what reviews come to."""
    reviewer: str = ""
    has_note: bool | None = None
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Flag:
    """A row of ``flags``: something about one revision of an example that somebody should know."""

    id: int
    example_id: int
    revision: int
    rule: str
    severity: Severity
    message: str
    field: str
    """Where, such as ``messages[2].content``; empty: the whole example."""
    start: int | None
    """First character within the field, from 0; None: all of it."""
    end: int | None
    """After the last character."""
    source: str
    """Who says so: ``import`` or ``rules``."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Watermark:
    """A state of a dataset: examples up to ``example``, each with its latest revision up to ``seq``."""

    seq: int
    example: int


@dataclass(frozen=True, slots=True)
class Version:
    """A row of ``versions``: a named state of a dataset."""

    id: int
    dataset_id: int
    number: int
    """1, 2, ... within the dataset."""
    name: str
    note: str
    author: str
    created_at: datetime
    watermark: Watermark
    example_count: int
    """Active examples."""


@dataclass(frozen=True, slots=True)
class Parent:
    """A row of ``dataset_parents``: one of the datasets that a dataset was made from."""

    dataset_id: int
    parent_id: int
    """The parent may be gone."""
    parent_name: str
    operation: Origin
    seed: int | None
    options: JsonObject
    watermark: Watermark
    """The state that it was in."""
    taken: int
    """Examples that came from it."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One state of an example, and who made it so."""

    example_id: int
    revision: int
    content: JsonObject
    status: ExampleStatus
    author: str
    """Empty for revision 1, which is what was generated or brought in."""
    at: datetime
    operation: str
    batch_id: str | None
    """Of changes that were made together; None: it was made alone."""
    reason: str


@dataclass(frozen=True, slots=True)
class BulkChange:
    """Changes of many examples that were made, and can be undone, together."""

    batch_id: str
    dataset_id: int
    changed: int
    skipped: int = 0
    """Examples that it would have changed, were they not changed by somebody else since."""


@dataclass(frozen=True, slots=True)
class Job:
    """A row of ``jobs``: one background run."""

    id: int
    kind: JobKind
    dataset_id: int | None
    status: JobStatus
    parameters: JsonObject
    """Everything needed to run, and to resume, this job; no key."""
    requested: int
    """Items asked for."""
    done: int
    """Items accepted."""
    failed: int
    """Items given up for good."""
    calls: int
    """Model calls answered, those that led to nothing included."""
    usage: Usage
    errors: JsonObject
    """Cause -> {"count": n, "message": the latest, "hint": ...}."""
    note: str
    """What it is busy with, where that is not plain from the counts."""
    owner: str
    """The process that runs it."""
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    heartbeat_at: datetime | None
    cancel_requested: bool = False
    seconds: float = 0.0
    """Time spent running, over all resumptions, up to the latest heartbeat."""
    cost: Decimal | None = Decimal(0)
    """US dollars that its calls took, as far as that is known; None: of no call that cost anything."""
    unknown_cost_calls: int = 0
    """Calls that are not in ``cost``, because nobody knows what they cost."""
