"""People review: what they said of an example together stands beside it; drafts, a log that can be undone, samples.

``content_revision`` is the revision that wrote the present text, so that what was said of it holds through a removal
and its undoing.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

TEXT_SINCE = """
UPDATE examples SET content_revision = coalesce(
    (SELECT max(r.revision) FROM example_revisions AS r
     WHERE r.example_id = examples.id AND r.revision > 1 AND r.content IS NOT NULL), 1)
WHERE revision > 1"""
COUNT_FLAGS = """
UPDATE examples SET flag_count = (
    SELECT count(*) FROM flags WHERE flags.example_id = examples.id AND flags.revision >= examples.content_revision)
WHERE id IN (SELECT example_id FROM flags)"""


def upgrade() -> None:
    """Bring the schema to this revision."""
    _add_columns()
    op.execute(TEXT_SINCE)
    op.execute(COUNT_FLAGS)
    _make_indexes()
    _make_tables()


def _add_columns() -> None:
    op.add_column("datasets", sa.Column("guidelines", sa.Text(), nullable=False, server_default=""))
    op.add_column("reviews", sa.Column("batch_id", sa.String(length=40), nullable=True))
    op.add_column("reviews", sa.Column("is_adjudication", sa.Boolean(), nullable=False, server_default=sa.false()))
    for column in (
        sa.Column("content_revision", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("verdict", sa.String(length=20), nullable=True),
        sa.Column("person_score", sa.Float(), nullable=True),
        sa.Column("review_count", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("review_revision", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("reviewer", sa.Text(), nullable=False, server_default=""),
        sa.Column("reviewed_at", sa.DateTime(), nullable=True),
        sa.Column("tags", sa.Text(), nullable=False, server_default="[]"),
        sa.Column("note", sa.Text(), nullable=False, server_default=""),
        sa.Column("flag_count", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("judge_spread", sa.Float(), nullable=True),
    ):
        op.add_column("examples", column)


def _make_indexes() -> None:
    op.create_index(op.f("ix_reviews_batch_id"), "reviews", ["batch_id"])
    op.drop_index(op.f("ix_completions_job_id"), "completions")
    op.create_index(op.f("ix_completions_job_id_item"), "completions", ["job_id", "item"])
    op.drop_index(op.f("ix_examples_dataset_id_status_quality_score"), "examples")
    for key in ("verdict", "quality_score"):
        name = op.f(f"ix_examples_dataset_id_status_{key}_example_index")
        op.create_index(name, "examples", ["dataset_id", "status", key, "example_index"])
    for key, is_there in (
        ("person_score", "person_score IS NOT NULL"),
        ("flag_count", "flag_count > 0"),
        ("judge_spread", "judge_spread IS NOT NULL"),
    ):
        op.create_index(
            op.f(f"ix_examples_dataset_id_status_{key}_example_index"),
            "examples",
            ["dataset_id", "status", key, "example_index"],
            sqlite_where=sa.text(is_there),
            postgresql_where=sa.text(is_there),
        )


def _make_tables() -> None:
    op.create_table(
        "drafts",
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("example_id", sa.Integer(), nullable=False),
        sa.Column("seen_revision", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["example_id"], ["examples.id"], name=op.f("fk_drafts_example_id_examples")),
        sa.PrimaryKeyConstraint("reviewer", "example_id", name=op.f("pk_drafts")),
    )
    op.create_index(op.f("ix_drafts_example_id"), "drafts", ["example_id"])
    op.create_table(
        "review_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("session", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("batch_id", sa.String(length=40), nullable=False),
        sa.Column("example_id", sa.Integer(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("changes", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_review_log_dataset_id_datasets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_log")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_review_log_dataset_id_session_id"), "review_log", ["dataset_id", "session", "id"])
    op.create_table(
        "review_samples",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.Column("selection", sa.LargeBinary(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_review_samples_dataset_id_datasets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_samples")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_review_samples_dataset_id"), "review_samples", ["dataset_id"])
