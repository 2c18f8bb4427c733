"""Datasets are brought in, shaped and taken out: sizes and fingerprints of examples, versions, flags, imports, exports.

Revisions get one ascending number for all examples, so that a version is a single number. Existing examples are
measured here.
"""

import orjson
import sqlalchemy as sa
from alembic import op

from synthgen_core.sizes import fingerprint, size_of

revision = "0004"
down_revision = "0003"

BATCH = 2000
COLLATIONS = ("und-x-icu", "pg_c_utf8", "C.utf8", "C.UTF-8", "en_US.utf8")
"""Those that know what every letter is in lower case; the first one that the server has is used."""
KEEP_REVISIONS = "CREATE TEMPORARY TABLE kept_revisions AS SELECT * FROM example_revisions"
PUT_BACK_REVISIONS = """
INSERT INTO example_revisions (example_id, revision, content, status, author, at, operation, batch_id, reason)
SELECT example_id, revision, content, 'active', author, at, operation, batch_id, reason
FROM kept_revisions ORDER BY at, example_id, revision"""
NEXT_EXAMPLES = sa.text("SELECT id, content FROM examples WHERE id > :after ORDER BY id LIMIT :batch")
MEASURE = sa.text(
    "UPDATE examples SET turns = :turns, characters = :characters, content_hash = :content_hash WHERE id = :id"
)


def upgrade() -> None:
    """Bring the schema to this revision."""
    _add_columns()
    _number_revisions()
    _make_tables()
    _measure_examples()
    _learn_to_lower()
    op.create_index(op.f("ix_examples_dataset_id_content_hash"), "examples", ["dataset_id", "content_hash"])
    is_scored = sa.text("quality_score IS NOT NULL")
    op.create_index(
        op.f("ix_examples_dataset_id_status_quality_score"),
        "examples",
        ["dataset_id", "status", "quality_score"],
        sqlite_where=is_scored,
        postgresql_where=is_scored,
    )


def _add_columns() -> None:
    op.add_column("datasets", sa.Column("origin", sa.String(length=40), nullable=False, server_default="generated"))
    op.add_column("datasets", sa.Column("tags", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("datasets", sa.Column("is_ready", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("datasets", sa.Column("job_id", sa.Integer(), nullable=True))
    op.add_column("examples", sa.Column("turns", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("examples", sa.Column("characters", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("examples", sa.Column("content_hash", sa.String(length=32), nullable=False, server_default=""))


def _number_revisions() -> None:
    op.execute(KEEP_REVISIONS)
    op.drop_table("example_revisions")
    op.create_table(
        "example_revisions",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("example_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("operation", sa.String(length=40), nullable=False),
        sa.Column("batch_id", sa.String(length=40), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["example_id"], ["examples.id"], name=op.f("fk_example_revisions_example_id_examples")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_example_revisions")),
        sa.UniqueConstraint("example_id", "revision", name=op.f("uq_example_revisions_example_id_revision")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_example_revisions_batch_id"), "example_revisions", ["batch_id"])
    op.execute(PUT_BACK_REVISIONS)
    op.execute("DROP TABLE kept_revisions")


def _make_tables() -> None:
    op.create_table(
        "dataset_parents",
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=False),
        sa.Column("parent_name", sa.Text(), nullable=False),
        sa.Column("operation", sa.String(length=40), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=True),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("watermark_seq", sa.Integer(), nullable=False),
        sa.Column("watermark_example", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_dataset_parents_dataset_id_datasets")),
        sa.PrimaryKeyConstraint("dataset_id", "position", name=op.f("pk_dataset_parents")),
    )
    op.create_index(op.f("ix_dataset_parents_parent_id"), "dataset_parents", ["parent_id"])
    op.create_table(
        "dataset_summaries",
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("measured_at", sa.DateTime(), nullable=False),
        sa.Column("scored", sa.Integer(), nullable=False),
        sa.Column("mean_score", sa.Float(), nullable=True),
        sa.Column("reviewed", sa.Integer(), nullable=False),
        sa.Column("details", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_dataset_summaries_dataset_id_datasets")),
        sa.PrimaryKeyConstraint("dataset_id", name=op.f("pk_dataset_summaries")),
    )
    op.create_table(
        "versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("watermark_seq", sa.Integer(), nullable=False),
        sa.Column("watermark_example", sa.Integer(), nullable=False),
        sa.Column("example_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_versions_dataset_id_datasets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_versions")),
        sa.UniqueConstraint("dataset_id", "number", name=op.f("uq_versions_dataset_id_number")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "flags",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("example_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=80), nullable=False),
        sa.Column("severity", sa.String(length=20), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=True),
        sa.Column("end", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["example_id"], ["examples.id"], name=op.f("fk_flags_example_id_examples")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flags")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_flags_example_id"), "flags", ["example_id"])
    op.create_table(
        "exports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("watermark_seq", sa.Integer(), nullable=False),
        sa.Column("watermark_example", sa.Integer(), nullable=False),
        sa.Column("target", sa.String(length=40), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("filter", sa.Text(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=True),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("selection", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("app_version", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_exports_dataset_id_datasets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_exports_dataset_id"), "exports", ["dataset_id"])
    op.create_table(
        "imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=True),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("good", sa.Integer(), nullable=False),
        sa.Column("bad", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("blank", sa.Integer(), nullable=False),
        sa.Column("shapes", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_imports_dataset_id_datasets")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_imports_job_id_jobs"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_imports_content_hash"), "imports", ["content_hash"])
    op.create_index(op.f("ix_imports_dataset_id"), "imports", ["dataset_id"])
    op.create_index(op.f("ix_imports_job_id"), "imports", ["job_id"])
    op.create_table(
        "bad_lines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("column", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("excerpt", sa.Text(), nullable=False),
        sa.Column("shape", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_bad_lines_import_id_imports")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bad_lines")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_bad_lines_import_id"), "bad_lines", ["import_id"])


def _learn_to_lower() -> None:
    """Make ``synthgen_lower``: in a database of the locale "C", PostgreSQL's own ``lower`` knows ASCII only."""
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    there = set(connection.execute(sa.text("SELECT collname FROM pg_collation")).scalars())
    best = next((f' COLLATE "{name}"' for name in COLLATIONS if name in there), "")
    head = "CREATE OR REPLACE FUNCTION synthgen_lower(text) RETURNS text IMMUTABLE LANGUAGE sql"
    op.execute(f"{head} AS 'SELECT lower($1{best})'")


def _measure_examples() -> None:
    connection, after = op.get_bind(), 0
    while rows := connection.execute(NEXT_EXAMPLES, {"after": after, "batch": BATCH}).all():
        connection.execute(MEASURE, [_measured(example_id, content) for example_id, content in rows])
        after = rows[-1][0]


def _measured(example_id: int, text: str) -> dict[str, object]:
    content = orjson.loads(text)
    size = size_of(content)
    digest = fingerprint(content)
    return {"id": example_id, "turns": size.turns, "characters": size.characters, "content_hash": digest}
