"""Quality is measured: rubrics, runs of a judge, dear measures, duplicates, comparisons, plans of review."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.add_column("judgements", sa.Column("run", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("judgements", sa.Column("is_candidate", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "rubrics",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_rubrics")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_rubrics_name_version")),
    )
    op.create_table(
        "measures",
        sa.Column("dataset_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("of_state", sa.DateTime(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("computed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_measures_dataset_id_datasets")),
        sa.PrimaryKeyConstraint("dataset_id", "name", name=op.f("pk_measures")),
    )
    _make_duplicates()
    _make_outcomes()
    op.create_table(
        "comparisons",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("item", sa.Integer(), nullable=False),
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("first_revision", sa.Integer(), nullable=False),
        sa.Column("second_id", sa.Integer(), nullable=False),
        sa.Column("second_revision", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_comparisons_job_id_jobs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comparisons")),
        sa.UniqueConstraint("job_id", "item", name=op.f("uq_comparisons_job_id_item")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "review_plans",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("sample_id", sa.Integer(), nullable=False),
        sa.Column("aim", sa.String(length=20), nullable=False),
        sa.Column("target", sa.Float(), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_review_plans_dataset_id_datasets")),
        sa.ForeignKeyConstraint(
            ["sample_id"], ["review_samples.id"], name=op.f("fk_review_plans_sample_id_review_samples")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_plans")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_review_plans_dataset_id"), "review_plans", ["dataset_id"])


def _make_duplicates() -> None:
    op.create_table(
        "duplicate_searches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.Column("watermark_seq", sa.Integer(), nullable=False),
        sa.Column("watermark_example", sa.Integer(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("compared", sa.String(length=20), nullable=False),
        sa.Column("keep", sa.Text(), nullable=False),
        sa.Column("searched", sa.Integer(), nullable=False),
        sa.Column("clusters", sa.Integer(), nullable=False),
        sa.Column("twins", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_duplicate_searches_dataset_id_datasets")
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_duplicate_searches_job_id_jobs"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_searches")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_duplicate_searches_dataset_id"), "duplicate_searches", ["dataset_id"])
    op.create_index(op.f("ix_duplicate_searches_job_id"), "duplicate_searches", ["job_id"])
    op.create_table(
        "duplicate_members",
        sa.Column("search_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("example_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("similarity", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["search_id"],
            ["duplicate_searches.id"],
            name=op.f("fk_duplicate_members_search_id_duplicate_searches"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("search_id", "position", "example_id", name=op.f("pk_duplicate_members")),
    )


def _make_outcomes() -> None:
    op.create_table(
        "quality_outcomes",
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("example_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("decision", sa.String(length=20), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("new_score", sa.Float(), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_quality_outcomes_job_id_jobs"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["example_id"], ["examples.id"], name=op.f("fk_quality_outcomes_example_id_examples")),
        sa.PrimaryKeyConstraint("job_id", "example_id", name=op.f("pk_quality_outcomes")),
    )
    op.create_index(op.f("ix_quality_outcomes_example_id"), "quality_outcomes", ["example_id"])
