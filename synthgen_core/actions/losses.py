"""What became of what was asked for, stage by stage, and what the models took for it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import ceil

from synthgen_core.actions.usage import GroupBy, cost_in_words
from synthgen_core.database import UsageRow
from synthgen_core.models import Dataset, ExampleFilter, JobKind, Usage
from synthgen_core.workspace import Workspace

__all__ = ["NEWEST", "Losses", "ModelUse", "Stage", "get_losses", "get_model_use"]

BROUGHT_IN = "Brought in"
NEWEST = 20_000
"""Answered calls that tell how fast models are now."""


@dataclass(frozen=True, slots=True)
class Stage:
    """How many examples came so far."""

    name: str
    count: int
    source: str
    """Where the number is from, in words."""
    of: str = ""
    """The stage that these are a part of; empty: none."""
    opens: ExampleFilter | None = None
    """The examples that are meant; None: there are none of them to show."""


@dataclass(frozen=True, slots=True)
class Losses:
    """The stages of a dataset, in order, and why items were lost on the way."""

    stages: tuple[Stage, ...]
    causes: Mapping[str, int]
    """Cause -> replies that were turned away, or calls that failed, the most frequent first; one item can have many."""
    exported_at: datetime | None
    """When the latest export was made."""


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What the calls to one model for this dataset took."""

    provider: str
    model: str
    calls: int
    failed: int
    usage: Usage
    cost: Decimal | None
    """US dollars, as far as that is known; None: of no call."""
    unknown_cost_calls: int
    timed: int
    """Answered calls that the seconds rest on: the newest, of all models together at most ``NEWEST``."""
    median: float | None
    """Seconds of a call that was answered; None: none was, lately."""
    slow: float | None
    """Seconds within which 95 % of them were."""

    @property
    def cost_words(self) -> str:
        """The cost as people read it."""
        return cost_in_words(self.cost, self.unknown_cost_calls)


def get_losses(workspace: Workspace, dataset: Dataset) -> Losses:
    """Every stage of this dataset that its history knows. Raises NotFoundError."""
    database = workspace.database
    summary = database.get_summaries([dataset.id])[dataset.id]
    runs = database.get_jobs(kind=JobKind.GENERATION, dataset_id=dataset.id)
    total = database.count_examples(dataset.id, ExampleFilter(statuses=()))
    stages, causes = list[Stage](), Counter[str]()
    if runs:
        parsed = sum(job.done for job in runs)
        vain = database.count_answered_in_vain([job.id for job in runs if job.done < job.requested])
        stages.append(Stage("Drawn", sum(job.requested for job in runs), f"asked for by {_runs(len(runs))} (jobs)"))
        source = f"parsed, or answered to no avail: {vain:,} (jobs, calls)"
        stages.append(Stage("Answered", parsed + vain, source, "Drawn"))
        stages.append(Stage("Parsed", parsed, "valid, and no repeat of another (jobs)", "Answered"))
        for job in runs:
            causes.update({cause: _count(entry) for cause, entry in job.errors.items()})
        if others := total - parsed:
            source = f"{others:,} of them imported, copied, or of jobs that were deleted (examples)"
            stages.append(Stage(BROUGHT_IN, total, source))
    elif files := database.get_imports(dataset_id=dataset.id):
        read = sum(each.good + each.bad + each.skipped for each in files)
        stages.append(Stage("Read", read, "lines and rows of imported files, but blank ones (imports)"))
        stages.append(Stage(BROUGHT_IN, sum(each.good for each in files), "good ones (imports)", "Read"))
    before = stages[-1].name if stages else ""
    removed = f"{total - dataset.example_count:,} of {total:,} were"
    stages.append(Stage("Active", dataset.example_count, f"not removed; {removed} (examples)", before, ExampleFilter()))
    source, judged = "active ones that a judge scored as they are now (examples)", ExampleFilter(is_scored=True)
    stages.append(Stage("Judged", summary.scored, source, "Active", judged))
    source, reviewed = "active ones that people accepted or rejected (reviews)", ExampleFilter(is_reviewed=True)
    stages.append(Stage("Reviewed", summary.reviewed, source, "Active", reviewed))
    exports = database.get_exports(dataset.id)
    if exports:
        latest = exports[0]
        count, target = _exported(latest.counts.get("examples")), latest.target.replace("_", " ")
        stages.append(
            Stage("Exported", count, f"in the latest of {len(exports):,} exports, to {target} (exports)", "Active")
        )
    else:
        stages.append(Stage("Exported", 0, "there was no export yet (exports)", "Active"))
    return Losses(tuple(stages), dict(causes.most_common()), exports[0].created_at if exports else None)


def get_model_use(workspace: Workspace, dataset: Dataset) -> list[ModelUse]:
    """What each model took for this dataset, the one that was used last first; judging and mending count, too."""
    timed = workspace.database.get_recent_seconds(dataset.id, NEWEST)
    rows = workspace.database.get_usage(GroupBy.MODEL, dataset_id=dataset.id)
    return [_model_use(row, sorted(timed.get((row.group[0], row.group[1]), ()))) for row in rows]


def _model_use(row: UsageRow, seconds: Sequence[float]) -> ModelUse:
    provider, model = row.group
    return ModelUse(
        provider,
        model,
        row.calls,
        row.failed_calls,
        row.usage,
        row.cost,
        row.unknown_cost_calls,
        len(seconds),
        _quantile(seconds, 0.5),
        _quantile(seconds, 0.95),
    )


def _quantile(ascending: Sequence[float], share: float) -> float | None:
    """The least of these that so many are not above (nearest rank); None where there are none."""
    return ascending[ceil(share * len(ascending)) - 1] if ascending else None


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count:,} runs"


def _count(entry: object) -> int:
    count = entry.get("count") if isinstance(entry, dict) else None
    return count if isinstance(count, int) else 0


def _exported(parts: object) -> int:
    """Examples of an export, all parts together."""
    return sum(n for n in parts.values() if isinstance(n, int)) if isinstance(parts, dict) else 0
