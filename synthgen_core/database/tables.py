"""The tables, as SQLAlchemy Core sees them. A change here needs a migration in ``migrations/versions`` beside it."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)

from synthgen_core.database.columns import Dollars, JsonText, UtcTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

FEW_HAVE = {
    "person_score": "person_score IS NOT NULL",
    "flag_count": "flag_count > 0",
    "judge_spread": "judge_spread IS NOT NULL",
    "rule_score": "rule_score IS NOT NULL",
}
"""Columns of examples that are indexed where they say something."""

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
    Column("origin", String(40), nullable=False, server_default="generated"),
    Column("tags", JsonText, nullable=False, server_default="[]"),
    Column("is_ready", Boolean, nullable=False, server_default=true()),
    Column("job_id", Integer),
    Column("guidelines", Text, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)
"""``is_ready`` is false while the job ``job_id`` still fills the dataset: nobody sees it, and if the job does not end
well, it is taken away. The job may be forgotten later; the number stays."""

dataset_parents = Table(
    "dataset_parents",
    metadata,
    Column("dataset_id", Integer, ForeignKey("datasets.id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("parent_id", Integer, nullable=False, index=True),
    Column("parent_name", Text, nullable=False),
    Column("operation", String(40), nullable=False),
    Column("seed", BigInteger),
    Column("options", JsonText, nullable=False),
    Column("watermark_seq", Integer, nullable=False),
    Column("watermark_example", Integer, nullable=False),
    Column("taken", Integer, nullable=False),
)
"""Which datasets a dataset was made from, in which state. A parent may be purged; its name stays here."""

dataset_summaries = Table(
    "dataset_summaries",
    metadata,
    Column("dataset_id", Integer, ForeignKey("datasets.id"), primary_key=True, autoincrement=False),
    Column("measured_at", UtcTime, nullable=False),
    Column("scored", Integer, nullable=False),
    Column("mean_score", Float),
    Column("reviewed", Integer, nullable=False),
    Column("details", JsonText),
)
"""Figures over all active examples of a dataset. They hold while ``measured_at`` is the dataset's ``updated_at``."""

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
    Column("turns", Integer, nullable=False, server_default="0"),
    Column("characters", Integer, nullable=False, server_default="0"),
    Column("content_hash", String(32), nullable=False, server_default=""),
    Column("content_revision", Integer, nullable=False, server_default="1"),
    Column("verdict", String(20)),
    Column("person_score", Float),
    Column("review_count", Integer, nullable=False, server_default="0"),
    Column("review_revision", Integer, nullable=False, server_default="0"),
    Column("reviewer", Text, nullable=False, server_default=""),
    Column("reviewed_at", UtcTime),
    Column("tags", JsonText, nullable=False, server_default="[]"),
    Column("note", Text, nullable=False, server_default=""),
    Column("flag_count", Integer, nullable=False, server_default="0"),
    Column("judge_spread", Float),
    Column("rule_score", Float),
    Column("rules_revision", Integer, nullable=False, server_default="0"),
    UniqueConstraint("dataset_id", "example_index"),
    UniqueConstraint("job_id", "item"),
    Index(None, "dataset_id", "status", "example_index"),
    Index(None, "dataset_id", "content_hash"),
    *(Index(None, "dataset_id", "status", key, "example_index") for key in ("verdict", "quality_score")),
    *(
        Index(None, "dataset_id", "status", key, "example_index", sqlite_where=text(held), postgresql_where=text(held))
        for key, held in FEW_HAVE.items()
    ),
    sqlite_autoincrement=True,
)
"""``content_revision`` wrote the present text: flags, judgements and reviews of it or later ones are of this text.
``verdict`` to ``reviewed_at`` are what people's reviews come to (``standing``), kept with each review.
``rule_score`` is of the present text; ``rules_revision`` is the one that all rules have read, 0: not this text."""

example_revisions = Table(
    "example_revisions",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("example_id", Integer, ForeignKey("examples.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("content", JsonText),
    Column("status", String(20), nullable=False),
    Column("author", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("operation", String(40), nullable=False),
    Column("batch_id", String(40), index=True),
    Column("reason", Text, nullable=False),
    UniqueConstraint("example_id", "revision"),
    sqlite_autoincrement=True,
)
"""Every change of content or status. A content of NULL is that of the revision before; where all are NULL, it never
changed, and stands in ``examples``. Revision 1 is written down with the first change. ``seq`` ascends within a dataset
in the order in which changes were committed, so that a number marks a state of all of it."""

versions = Table(
    "versions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("dataset_id", Integer, ForeignKey("datasets.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("watermark_seq", Integer, nullable=False),
    Column("watermark_example", Integer, nullable=False),
    Column("example_count", Integer, nullable=False),
    UniqueConstraint("dataset_id", "number"),
    sqlite_autoincrement=True,
)
"""Named states: examples up to ``watermark_example``, each with its latest revision up to ``watermark_seq``."""

flags = Table(
    "flags",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("example_id", Integer, ForeignKey("examples.id"), nullable=False, index=True),
    Column("revision", Integer, nullable=False),
    Column("rule", String(80), nullable=False),
    Column("severity", String(20), nullable=False),
    Column("message", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("start", Integer),
    Column("end", Integer),
    Column("source", String(40), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    sqlite_autoincrement=True,
)

exports = Table(
    "exports",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("dataset_id", Integer, ForeignKey("datasets.id"), nullable=False, index=True),
    Column("watermark_seq", Integer, nullable=False),
    Column("watermark_example", Integer, nullable=False),
    Column("target", String(40), nullable=False),
    Column("options", JsonText, nullable=False),
    Column("filter", JsonText, nullable=False),
    Column("seed", BigInteger),
    Column("counts", JsonText, nullable=False),
    Column("files", JsonText, nullable=False),
    Column("selection", LargeBinary, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("app_version", String(40), nullable=False),
    sqlite_autoincrement=True,
)
"""What was taken out, so that the same bytes can be written again. ``selection``: the ids of the examples, packed."""

imports = Table(
    "imports",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("dataset_id", Integer, ForeignKey("datasets.id"), index=True),
    Column("job_id", Integer, ForeignKey("jobs.id", ondelete="SET NULL"), index=True),
    Column("name", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("content_hash", String(64), nullable=False, index=True),
    Column("good", Integer, nullable=False),
    Column("bad", Integer, nullable=False),
    Column("skipped", Integer, nullable=False),
    Column("blank", Integer, nullable=False),
    Column("shapes", JsonText, nullable=False),
    Column("notes", JsonText, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    sqlite_autoincrement=True,
)

"""What was brought in. ``path`` is that of a file found in the folder, else empty; of a purged dataset the row stays,
so that its file is not taken for a new one."""

bad_lines = Table(
    "bad_lines",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("import_id", Integer, ForeignKey("imports.id"), nullable=False, index=True),
    Column("line", Integer, nullable=False),
    Column("column", Integer),
    Column("reason", Text, nullable=False),
    Column("excerpt", Text, nullable=False),
    Column("shape", String(40), nullable=False),
    sqlite_autoincrement=True,
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
    Column("run", Integer, nullable=False, server_default="1"),
    Column("is_candidate", Boolean, nullable=False, server_default=false()),
    sqlite_autoincrement=True,
)
"""One row for each reply of a judge: ``run`` 1, 2, ... of those of one job on one text. A candidate is a mended text
that was not taken; its judgement says nothing of the example as it is."""

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
    Column("batch_id", String(40), index=True),
    Column("is_adjudication", Boolean, nullable=False, server_default=false()),
    sqlite_autoincrement=True,
)
"""Append-only: the latest row of a reviewer is what they say of an example."""

completions = Table(
    "completions",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("job_id", Integer, ForeignKey("jobs.id", ondelete="SET NULL")),
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
    Index(None, "job_id", "item"),
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

batches = Table(
    "batches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job_id", Integer, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("mark", String(40), nullable=False),
    Column("round", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("service_id", Text, nullable=False),
    Column("requests", Integer, nullable=False),
    Column("worst_tokens", BigInteger, nullable=False),
    Column("worst_cost_nanos", Dollars),
    Column("planned_at", UtcTime, nullable=False),
    Column("sent_at", UtcTime),
    Column("ended_at", UtcTime),
    sqlite_autoincrement=True,
)
"""One row for every batch that a job handed to a service, written before it was. ``worst_cost_nanos`` is NULL where the
price is not known."""
