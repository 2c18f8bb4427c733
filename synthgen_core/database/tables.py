"""The tables, as SQLAlchemy Core sees them. A change here needs a migration in ``migrations/versions`` beside it.

JSON is kept as text that we wrote ourselves, times as UTC without a zone: both read the same with plain ``sqlite3``.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class JsonText(TypeDecorator[Any]):
    """A JSON value, stored as compact text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Python -> column."""
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Column -> Python."""
        return None if value is None else orjson.loads(value)


class UtcTime(TypeDecorator[datetime]):
    """A moment: aware in Python, UTC without a zone in the column."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Python -> column."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Column -> Python."""
        return None if value is None else value.replace(tzinfo=UTC)


NANO = Decimal(10) ** -9


class Dollars(TypeDecorator[Decimal]):
    """US dollars: exact in Python, whole billionths in the column, so that a sum in SQL is exact, too.

    A price of a tenth of a cent for a million tokens makes one billionth a token.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Python -> column."""
        return None if value is None else int((value / NANO).to_integral_value())

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        """Column -> Python."""
        return None if value is None else int(value) * NANO


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

datasets = Table(
    "datasets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("subdomain", Text, nullable=False),
    Column("format", String(40), nullable=False),
    Column("example_count", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("file_path", Text, nullable=False, unique=True),
    Column("metadata", JsonText, nullable=False),
    Column("deleted_at", UtcTime),
    sqlite_autoincrement=True,
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("dataset_id", Integer, ForeignKey("datasets.id"), index=True),
    Column("status", String(20), nullable=False, index=True),
    Column("parameters", JsonText, nullable=False),
    Column("requested", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("calls", Integer, nullable=False),
    Column("prompt_tokens", BigInteger, nullable=False),
    Column("completion_tokens", BigInteger, nullable=False),
    Column("cost_nanos", Dollars, nullable=False, server_default="0"),
    Column("unknown_cost_calls", Integer, nullable=False, server_default="0"),
    Column("counters", JsonText, nullable=False),
    Column("errors", JsonText, nullable=False),
    Column("note", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("cancel_requested", Boolean, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("started_at", UtcTime),
    Column("completed_at", UtcTime),
    Column("heartbeat_at", UtcTime),
    sqlite_autoincrement=True,
)

examples = Table(
    "examples",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("dataset_id", Integer, ForeignKey("datasets.id"), nullable=False),
    Column("example_index", Integer, nullable=False),
    Column("content", JsonText, nullable=False),
    Column("quality_score", Float),
    Column("status", String(20), nullable=False),
    Column("metadata", JsonText, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("job_id", Integer, ForeignKey("jobs.id", ondelete="SET NULL")),
    Column("item", Integer),
    UniqueConstraint("dataset_id", "example_index"),
    UniqueConstraint("job_id", "item"),
    Index(None, "dataset_id", "status", "example_index"),
    sqlite_autoincrement=True,
)

example_revisions = Table(
    "example_revisions",
    metadata,
    Column("example_id", Integer, ForeignKey("examples.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("content", JsonText, nullable=False),
    Column("author", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("operation", String(40), nullable=False),
    Column("batch_id", String(40), index=True),
    Column("reason", Text, nullable=False),
)

judgements = Table(
    "judgements",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("example_id", Integer, ForeignKey("examples.id"), nullable=False, index=True),
    Column("revision", Integer, nullable=False),
    Column("job_id", Integer, ForeignKey("jobs.id", ondelete="SET NULL"), index=True),
    Column("provider", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("rubric_hash", String(64), nullable=False),
    Column("scores", JsonText),
    Column("overall", Float),
    Column("rationale", Text, nullable=False),
    Column("reply", Text, nullable=False),
    Column("state", String(20), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    sqlite_autoincrement=True,
)

reviews = Table(
    "reviews",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("example_id", Integer, ForeignKey("examples.id"), nullable=False, index=True),
    Column("revision", Integer, nullable=False),
    Column("reviewer", Text, nullable=False),
    Column("verdict", String(20), nullable=False),
    Column("score", Float),
    Column("criteria", JsonText),
    Column("comment", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    sqlite_autoincrement=True,
)

completions = Table(
    "completions",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("job_id", Integer, ForeignKey("jobs.id", ondelete="SET NULL"), index=True),
    Column("item", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("provider", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("reply", Text, nullable=False),
    Column("finish_reason", String(40), nullable=False),
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("created_at", UtcTime, nullable=False, index=True),
)

calls = Table(
    "calls",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False, index=True),
    Column("job_id", Integer, ForeignKey("jobs.id", ondelete="SET NULL"), index=True),
    Column("dataset_id", Integer, ForeignKey("datasets.id")),
    Column("item", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("provider", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("outcome", String(40), nullable=False),
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    Column("cached_tokens", Integer, nullable=False),
    Column("cache_write_tokens", Integer, nullable=False),
    Column("cost_nanos", Dollars),
    Column("seconds", Float, nullable=False),
    Column("key", String(64)),
    Index(None, "provider", "model", "id"),
    sqlite_autoincrement=True,
)
"""One row for every call to a model, failed ones too. ``cost_nanos`` is NULL where the price is not known."""
