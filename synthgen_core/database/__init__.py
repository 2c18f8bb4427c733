"""The truth: datasets, examples, jobs, calls and paid replies, in SQLite or PostgreSQL.

One method is one transaction; frozen values come out. The rooms are mixed into one ``Database``, so that callers see
one object; a new table gets a room of its own here.
"""

from synthgen_core.database.calls import CallRoom, GroupBy, LoggedCall, RecentCalls, UsageRow
from synthgen_core.database.completions import CompletionRoom, Kept, PaidReply
from synthgen_core.database.datasets import DatasetRoom, NewDataset
from synthgen_core.database.engine import open_engine
from synthgen_core.database.examples import ExampleRoom, NewExample
from synthgen_core.database.jobs import JobRoom, NewJob, Progress

__all__ = [
    "Database",
    "GroupBy",
    "Kept",
    "LoggedCall",
    "NewDataset",
    "NewExample",
    "NewJob",
    "PaidReply",
    "Progress",
    "RecentCalls",
    "UsageRow",
    "open_database",
]


class Database(DatasetRoom, ExampleRoom, JobRoom, CompletionRoom, CallRoom):
    """All that can be read and written. Safe for any number of threads."""


def open_database(url: str) -> Database:
    """The database at this SQLAlchemy URL, made or migrated where needed. Raises DatabaseError."""
    return Database(open_engine(url))
