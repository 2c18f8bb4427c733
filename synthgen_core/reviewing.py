"""The words of review: what a person says of an example, what is done in a session, and what is looked at."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from synthgen_core.models import ExampleFilter, JsonObject

LEAST_SCORE, MOST_SCORE = 0.0, 10.0


class Verdict(StrEnum):
    """What one person says of an example."""

    ACCEPT = "accept"
    REJECT = "reject"
    SKIP = "skip"
    """Cannot say."""
    WITHDRAWN = "withdrawn"
    """No verdict: it was taken back, or there is only a score."""

    @property
    def is_decision(self) -> bool:
        """It says whether the example is good."""
        return self in (Verdict.ACCEPT, Verdict.REJECT)


DISPUTED, STALE, UNSEEN = "disputed", "stale", "none"
"""Further states that a filter knows: people disagree; the verdict is of an older text; nobody said anything."""


@dataclass(frozen=True, slots=True)
class Review:
    """A row of ``reviews``: all that one person says of an example, as of then."""

    id: int
    """0: not written down yet."""
    example_id: int
    revision: int
    """The one that they had before them."""
    reviewer: str
    verdict: Verdict
    score: float | None
    """0-10; never the judge's."""
    comment: str
    created_at: datetime
    batch_id: str | None
    is_adjudication: bool
    """It settles a disagreement, whatever the others say."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, and in which session: what is done there can be undone there."""

    name: str
    session: str = ""


class Deed(StrEnum):
    """A kind of thing that a reviewer does."""

    EDIT = "edit"
    VERDICT = "verdict"
    SCORE = "score"
    STATUS = "status"
    TAGS = "tags"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Done:
    """What became of something that a reviewer did, or of its undoing."""

    dataset_id: int
    kind: Deed
    batch_id: str
    changed: int
    skipped: tuple[int, ...] = ()
    """Ids of examples that were left alone, as somebody changed them since."""
    example_id: int | None = None
    """The one that it was about; None: several."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two texts of one example, written by two people who did not know of each other."""

    example_id: int
    base: JsonObject
    """What both began with."""
    yours: JsonObject | None
    """None: you did not write a text, but judged one."""
    theirs: JsonObject
    """What is there now."""
    revision: int
    """That of theirs: name it as seen in order to write over it."""
    author: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody was writing when they were last seen; it may be against the format's rules."""

    example_id: int
    reviewer: str
    content: JsonObject
    seen_revision: int
    updated_at: datetime


class Queue(StrEnum):
    """In which order, and which, examples come to a reviewer."""

    ALL = "all"
    """Those that match, in the order asked for."""
    MINE = "mine"
    """Those that are this reviewer's to do, and not done."""
    CHOSEN = "chosen"
    """Those of a stored choice: a random sample, or the most useful ones first."""


class Purpose(StrEnum):
    """Why examples were chosen."""

    SAMPLE = "sample"
    USEFUL = "useful"


class Aim(StrEnum):
    """What a plan of review is for."""

    ESTIMATE = "estimate"
    """To know the defect rate within a margin."""
    SHOW = "show"
    """To show that the defect rate is at most so high."""


REVIEW_SORTS = ("example_index", "quality_score", "person_score", "rule_score", "verdict", "flag_count")
"""Columns by which examples can be reviewed in order: each has an index. What has no value comes last."""


@dataclass(frozen=True, slots=True)
class ReviewQuery:
    """What a reviewer has before them; the same value finds the same place again."""

    dataset_id: int
    filter: ExampleFilter = field(default_factory=ExampleFilter)
    sort: str = "example_index"
    """One of ``REVIEW_SORTS``; not for a stored choice, which has its own order."""
    is_descending: bool = False
    queue: Queue = Queue.ALL
    sample_id: int | None = None
    """Of ``Queue.CHOSEN``: which."""
    reviewer: str = ""
    """Who looks: needed for ``Queue.MINE``, and where reviews are blind."""


@dataclass(frozen=True, slots=True)
class ReviewSettings:
    """How a dataset is reviewed by several people."""

    overlap: int = 1
    """People who should see each example."""
    reviewers: tuple[str, ...] = ()
    """Who they are, so that each has their own part; empty: whoever comes, until there are enough."""
    is_blind: bool = False
    """Nobody sees what others said of an example before they said something themselves."""
    hides_judge: bool = False
    """Nobody sees what judges said of an example before they said something of its present text themselves: then
    people's word can tell how far the judge is right."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A row of ``review_samples``: examples chosen once, to be reviewed in this order."""

    id: int
    dataset_id: int
    purpose: Purpose
    seed: int
    size: int
    population: int
    """Active examples that there were."""
    created_at: datetime
