"""What the rules say of an example, in a column of its own: a score, and the revision that they looked at."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
HELD = "rule_score IS NOT NULL"


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.add_column("examples", sa.Column("rule_score", sa.Float(), nullable=True))
    op.add_column("examples", sa.Column("rules_revision", sa.Integer(), nullable=False, server_default="0"))
    op.create_index(
        op.f("ix_examples_dataset_id_status_rule_score_example_index"),
        "examples",
        ["dataset_id", "status", "rule_score", "example_index"],
        sqlite_where=sa.text(HELD),
        postgresql_where=sa.text(HELD),
    )
