"""Datasets and examples as their rows have them, and what was done to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from synthgen_core.models.json import JsonObject


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
    IMPROVED = "improved"
    """What a judge found good enough, or mended."""


class Severity(StrEnum):
    """How much a flag matters: good to know; look at it; hardly anybody wants to train on this."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def word(self) -> str:
        """As it is shown."""
        return "hint" if self is Severity.INFO else self.value


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
    rule_score: float | None = None
    """What the rules make of its present text, 0-10; None: not all of them have read it."""


@dataclass(frozen=True, slots=True)
class Range:
    """Which numbers are meant; None: no bound. What has no number is not in any range."""

    least: float | None = None
    """Inclusive, as ``most``."""
    most: float | None = None
    below: float | None = None
    """Exclusive: the end of a bar of a chart, where the next one begins."""


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
    severity: Severity | None = None
    """Of the flags that ``flags`` asks for."""
    ranges: Mapping[str, Range] = field(default_factory=dict)
    """Measure -> range: quality_score (the judge's), rule_score, person_score (people's, of the present text),
    judge_spread, characters, turns."""
    criteria: Mapping[str, Range] = field(default_factory=dict)
    """Criterion -> range of its score in the latest judgement of the present text."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """Key of its metadata, such as model, language, subdomain -> value; "": it has none."""
    judgement: str | None = None
    """``"failed"``: a judge was asked about the present text, and none of the replies is worth anything."""


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
