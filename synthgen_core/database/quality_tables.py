"""The tables that only measuring quality needs: rubrics, expensive measures, duplicates, comparisons, review plans."""

from sqlalchemy import Column, Float, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from synthgen_core.database.columns import JsonText, UtcTime
from synthgen_core.database.tables import metadata

rubrics = Table(
    "rubrics",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("content", JsonText, nullable=False),
    Column("author", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("name", "version"),
)
"""Every rubric that was saved, never changed afterwards: a judgement names the hash of the one that it followed."""

measures = Table(
    "measures",
    metadata,
    Column("dataset_id", Integer, ForeignKey("datasets.id"), primary_key=True, autoincrement=False),
    Column("name", String(40), primary_key=True),
    Column("of_state", UtcTime, nullable=False),
    Column("n", Integer, nullable=False),
    Column("result", JsonText, nullable=False),
    Column("computed_at", UtcTime, nullable=False),
)
"""What is too dear to be computed for every look at a page. A measure holds while ``of_state`` is the dataset's
``updated_at``; ``n`` is the number of examples that it rests on."""

duplicate_searches = Table(
    "duplicate_searches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("dataset_id", Integer, ForeignKey("datasets.id"), nullable=False, index=True),
    Column("job_id", Integer, ForeignKey("jobs.id", ondelete="SET NULL"), index=True),
    Column("watermark_seq", Integer, nullable=False),
    Column("watermark_example", Integer, nullable=False),
    Column("threshold", Float, nullable=False),
    Column("compared", String(20), nullable=False),
    Column("keep", JsonText, nullable=False),
    Column("searched", Integer, nullable=False),
    Column("clusters", Integer, nullable=False),
    Column("twins", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    sqlite_autoincrement=True,
)
"""The latest search for duplicates in a dataset, and what it came to in numbers. The watermark is the state that it
saw: what was changed since is known by that."""

duplicate_members = Table(
    "duplicate_members",
    metadata,
    Column("search_id", Integer, ForeignKey("duplicate_searches.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("example_id", Integer, primary_key=True, autoincrement=False),
    Column("similarity", Float),
)
"""What stands in the clusters of a search; the largest cluster has position 0. ``similarity`` is to the example that
its cluster keeps, which has NULL itself; it is below the search's threshold where a person chose to keep another."""

quality_outcomes = Table(
    "quality_outcomes",
    metadata,
    Column("job_id", Integer, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("example_id", Integer, ForeignKey("examples.id"), primary_key=True, index=True),
    Column("revision", Integer, nullable=False),
    Column("decision", String(20), nullable=False),
    Column("score", Float, nullable=False),
    Column("new_score", Float),
    Column("content", JsonText),
    Column("reason", Text, nullable=False),
)
"""What a run of a judge decided on each example: ``decision`` is a ``judging.Decision``. ``content`` is a mended text
that was taken, ``new_score`` what the judge gave to the mended text, taken or not. A job goes on with what is missing
here."""

comparisons = Table(
    "comparisons",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job_id", Integer, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("item", Integer, nullable=False),
    Column("first_id", Integer, nullable=False),
    Column("first_revision", Integer, nullable=False),
    Column("second_id", Integer, nullable=False),
    Column("second_revision", Integer, nullable=False),
    Column("verdict", String(20), nullable=False),
    Column("reasons", JsonText, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("job_id", "item"),
    sqlite_autoincrement=True,
)
"""Which of two examples a judge found better, asked in both orders. ``reasons``: what it said in each."""

review_plans = Table(
    "review_plans",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("dataset_id", Integer, ForeignKey("datasets.id"), nullable=False, index=True),
    Column("sample_id", Integer, ForeignKey("review_samples.id"), nullable=False),
    Column("aim", String(20), nullable=False),
    Column("target", Float, nullable=False),
    Column("method", String(20), nullable=False),
    Column("author", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    sqlite_autoincrement=True,
)
"""What a random sample was drawn for, said before anybody looked: to estimate the defect rate within ``target``, or to
show that it is at most ``target``."""
