"""A background run as its row has it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from synthgen_core.models.calls import Usage
from synthgen_core.models.json import JsonObject


class JobKind(StrEnum):
    """What a background run does."""

    GENERATION = "generation"
    IMPORT = "import"
    CURATION = "curation"
    """Datasets made from datasets; ``Operation`` says how."""
    RULES = "rules"
    DUPLICATES = "duplicates"
    MEASURES = "measures"
    QUALITY = "quality"
    """A judge scores examples; where asked for, it mends or removes those below a score, in a new dataset."""
    COMPARISON = "comparison"
    """A judge says which examples of two datasets are better."""


class JobStatus(StrEnum):
    """pending -> running -> completed; or it stops short (failed, cancelled, interrupted), and can be resumed."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def is_active(self) -> bool:
        """The job waits for its turn or runs."""
        return self in ACTIVE


ACTIVE = (JobStatus.PENDING, JobStatus.RUNNING)


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

    @property
    def first_index(self) -> int:
        """Position in its dataset of its item 0; above 0 for a run that adds to a dataset that has examples."""
        first = self.parameters.get("first_index", 0)
        return first if isinstance(first, int) else 0
