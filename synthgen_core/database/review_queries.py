"""What reviewers have before them: pages of examples, the next one, one example with all that is known of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from synthgen_core.database.engine import Connection
from synthgen_core.database.examples import COLUMNS, to_example
from synthgen_core.database.exports import unpack_ids
from synthgen_core.database.filters import filter_conditions
from synthgen_core.database.review_order import ReviewOrder, matching
from synthgen_core.database.review_tables import review_samples
from synthgen_core.database.tables import completions, examples, judgements
from synthgen_core.errors import NotFoundError
from synthgen_core.models import Example, ExampleFilter, JsonObject
from synthgen_core.reviewing import Queue, ReviewQuery, ReviewSettings

CHUNK = 200
"""Examples of a stored choice that are looked at with one query."""
BESIDE = ("verdict", "person_score", "review_count", "review_revision", "reviewer", "tags", "note", "flag_count")
NO_SETTINGS = ReviewSettings()


@dataclass(frozen=True, slots=True)
class Reviewable:
    """An example with what stands beside it."""

    example: Example
    verdict: str | None
    """What reviews come to: a ``Verdict`` or ``disputed``; None: nobody said anything."""
    is_stale: bool
    """The verdict is of an older text."""
    person_score: float | None
    reviewer: str
    """Who said something last."""
    tags: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class JudgementRow:
    """What a judge said of one revision."""

    revision: int
    provider: str
    model: str
    scores: JsonObject
    overall: float | None
    """None: it failed."""
    rationale: str
    state: str
    created_at: datetime


def to_reviewable(row: Any) -> Reviewable:
    """A row of ``examples`` with the columns of ``BESIDE`` as a value."""
    values = row._mapping
    example = to_example(sa.util.immutabledict())  if False else None
    raise NotImplementedError(values, example)
