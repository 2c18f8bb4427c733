"""The truth: datasets, examples and all that happened to them, jobs, calls and paid replies, in SQLite or PostgreSQL.

One method is one transaction; frozen values come out. The rooms are mixed into one ``Database``, so that callers see
one object; a new table gets a room of its own here.
"""

from synthgen_core.database.batches import Batch, BatchRoom, BatchState, NewBatch
from synthgen_core.database.calls import NO_JOB, CallFilter, CallRoom, LoggedCall
from synthgen_core.database.checks import CheckRoom
from synthgen_core.database.comparisons import ComparisonRoom
from synthgen_core.database.completions import CompletionRoom, Kept, PaidReply
from synthgen_core.database.coverage import CoverageRoom, MadeLike
from synthgen_core.database.datasets import DatasetRoom, NewDataset
from synthgen_core.database.duplicates import Cluster, DuplicateRoom, Near, NewSearch, Search
from synthgen_core.database.engine import open_engine
from synthgen_core.database.examples import ExampleRoom, NewExample
from synthgen_core.database.export_rows import ExportRowRoom
from synthgen_core.database.exports import Export, ExportRoom, NewExport
from synthgen_core.database.flags import FlagRoom, NewFlag
from synthgen_core.database.imports import BadLine, Import, ImportRoom, NewBadLine, NewImport
from synthgen_core.database.jobs import JobRoom, NewJob, Progress
from synthgen_core.database.judgements import JudgementRoom
from synthgen_core.database.judges import JudgeRoom, JudgeShare
from synthgen_core.database.lineage import LineageRoom
from synthgen_core.database.measures import Measure, MeasureRoom
from synthgen_core.database.quality_figures import QualityFigureRoom
from synthgen_core.database.review_choices import ReviewChoiceRoom
from synthgen_core.database.review_edits import ReviewEditRoom
from synthgen_core.database.review_log import LogEntry, ReviewLogRoom
from synthgen_core.database.review_plans import ReviewPlan, ReviewPlanRoom, SampleCounts
from synthgen_core.database.review_queries import JudgementRow, Reviewable, ReviewQueryRoom
from synthgen_core.database.reviews import ReviewRoom, Saying
from synthgen_core.database.revisions import RevisionRoom
from synthgen_core.database.rubrics import RubricRoom
from synthgen_core.database.summaries import Details, Distribution, Summary, SummaryRoom
from synthgen_core.database.trash import TrashRoom
from synthgen_core.database.trust import Judge, Judged, JudgedItem, ScorePair, TrustRoom
from synthgen_core.database.usage import CallBin, GroupBy, RecentCalls, UsageRoom, UsageRow
from synthgen_core.database.versions import Difference, DiffKind, VersionRoom

__all__ = [
    "NO_JOB",
    "BadLine",
    "Batch",
    "BatchState",
    "CallBin",
    "CallFilter",
    "Cluster",
    "Database",
    "Details",
    "DiffKind",
    "Difference",
    "Distribution",
    "Export",
    "GroupBy",
    "Import",
    "Judge",
    "JudgeShare",
    "Judged",
    "JudgedItem",
    "JudgementRow",
    "Kept",
    "LogEntry",
    "LoggedCall",
    "MadeLike",
    "Measure",
    "Near",
    "NewBadLine",
    "NewBatch",
    "NewDataset",
    "NewExample",
    "NewExport",
    "NewFlag",
    "NewImport",
    "NewJob",
    "NewSearch",
    "PaidReply",
    "Progress",
    "RecentCalls",
    "ReviewPlan",
    "Reviewable",
    "SampleCounts",
    "Saying",
    "ScorePair",
    "Search",
    "Summary",
    "UsageRow",
    "open_database",
]


class Database(
    DatasetRoom,
    ExampleRoom,
    JobRoom,
    CompletionRoom,
    CallRoom,
    UsageRoom,
    BatchRoom,
    ReviewRoom,
    ReviewEditRoom,
    ReviewQueryRoom,
    ReviewChoiceRoom,
    ReviewLogRoom,
    ReviewPlanRoom,
    TrustRoom,
    RevisionRoom,
    VersionRoom,
    FlagRoom,
    CheckRoom,
    DuplicateRoom,
    LineageRoom,
    TrashRoom,
    SummaryRoom,
    MeasureRoom,
    CoverageRoom,
    QualityFigureRoom,
    ImportRoom,
    ExportRoom,
    ExportRowRoom,
    RubricRoom,
    JudgementRoom,
    JudgeRoom,
    ComparisonRoom,
):
    """All that can be read and written. Safe for any number of threads."""


def open_database(url: str) -> Database:
    """The database at this SQLAlchemy URL, made or migrated where needed. Raises DatabaseError."""
    return Database(open_engine(url))
