"""The log of calls to models, and what a job cost.

Calls that were made before are taken from the replies that are kept. What they cost is not known, but for the two
providers that are free of charge.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

LOG_KEPT_REPLIES = """
INSERT INTO calls (at, job_id, dataset_id, item, attempt, provider, model, base_url, outcome, prompt_tokens,
    completion_tokens, cached_tokens, cache_write_tokens, cost_nanos, seconds, key)
SELECT kept.created_at, kept.job_id, jobs.dataset_id, kept.item, kept.attempt, kept.provider, kept.model, '', 'ok',
    kept.prompt_tokens, kept.completion_tokens, 0, 0,
    CASE WHEN kept.provider IN ('embedded', 'ollama') THEN 0 END, kept.seconds, kept.key
FROM completions AS kept LEFT JOIN jobs ON jobs.id = kept.job_id
ORDER BY kept.created_at, kept.key"""
COUNT_UNKNOWN_COSTS = """
UPDATE jobs SET unknown_cost_calls = calls
WHERE parameters NOT LIKE '%"type":"embedded"%' AND parameters NOT LIKE '%"type":"ollama"%'"""


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.add_column("jobs", sa.Column("cost_nanos", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("jobs", sa.Column("unknown_cost_calls", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "calls",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.Column("dataset_id", sa.Integer(), nullable=True),
        sa.Column("item", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("base_url", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("prompt_tokens", sa.Integer(), nullable=False),
        sa.Column("completion_tokens", sa.Integer(), nullable=False),
        sa.Column("cached_tokens", sa.Integer(), nullable=False),
        sa.Column("cache_write_tokens", sa.Integer(), nullable=False),
        sa.Column("cost_nanos", sa.BigInteger(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_calls_job_id_jobs"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_calls_dataset_id_datasets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_calls_at"), "calls", ["at"], unique=False)
    op.create_index(op.f("ix_calls_job_id"), "calls", ["job_id"], unique=False)
    op.create_index(op.f("ix_calls_provider_model_id"), "calls", ["provider", "model", "id"], unique=False)
    op.execute(LOG_KEPT_REPLIES)
    op.execute(COUNT_UNKNOWN_COSTS)
