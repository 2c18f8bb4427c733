"""The schema is the one that the code and the document name, whoever opens the database first."""

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from synthgen_core.concurrency import DaemonExecutor
from synthgen_core.database import Database, Progress, open_database
from synthgen_core.database.engine import HEAD, MIGRATIONS
from synthgen_core.database.tables import metadata
from synthgen_core.errors import DatabaseError
from tests.core.database.support import ME, fresh, make_dataset, make_job, news


def test_the_migrated_schema_is_the_one_that_the_code_knows(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_code_needs_the_newest_migration() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [HEAD]


def test_an_existing_database_is_opened_as_it_is(database_url: str) -> None:
    with fresh(database_url) as first:
        made = make_dataset(first)
    with fresh(database_url) as second:
        assert second.get_dataset(made.id) == made


def test_a_schema_from_a_newer_version_is_left_alone_and_told(database_url: str) -> None:
    with fresh(database_url) as database:
        make_dataset(database)
        with database.engine.begin() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match="newer version"):
        open_database(database_url)


def test_two_processes_can_open_a_fresh_database_at_once(database_url: str) -> None:
    code = "import sys; from synthgen_core.database import open_database; open_database(sys.argv[1]).get_totals()"
    run = [sys.executable, "-c", code, database_url]
    processes = [subprocess.Popen(run, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [(process.communicate(timeout=60)[1], process.returncode) for process in processes] == [("", 0)] * 3


def test_threads_can_open_a_fresh_database_at_once(database_url: str) -> None:
    barrier, executor = threading.Barrier(4), DaemonExecutor(4)

    def opened(_: int) -> int:
        barrier.wait()
        with fresh(database_url) as database:
            return database.get_totals()["datasets"]

    futures = [executor.submit(opened, n) for n in range(4)]
    assert [future.result(timeout=60) for future in futures] == [0] * 4
    executor.shutdown()


def test_plain_sqlite_reads_what_the_document_names(tmp_path: Path) -> None:
    path = tmp_path / "llm_dataset_creator.db"
    with fresh(f"sqlite:///{path}") as database:
        dataset = make_dataset(database)
        job = make_job(database, dataset, requested=3)
        database.begin_job(job.id, ME)
        database.record(job, Progress(news(2), errors={"json": {"count": 1}}))
        with closing(sqlite3.connect(path)) as plain:
            plain.row_factory = sqlite3.Row
            row = plain.execute("SELECT * FROM generation_jobs ORDER BY started_at DESC LIMIT 5").fetchone()
            assert (row["dataset_id"], row["status"], row["examples_generated"], row["examples_requested"]) == (
                dataset.id,
                "running",
                2,
                3,
            )
            assert row["parameters"] == '{"seed":1}'
            assert row["errors"] == '{"json":{"count":1}}'
            assert datetime.fromisoformat(row["started_at"])
            assert row["completed_at"] is None
            row = plain.execute("SELECT * FROM datasets").fetchone()
            document = "id name description domain subdomain format example_count created_at updated_at file_path"
            assert {*document.split(), "metadata"} <= set(row.keys())
            assert row["example_count"] == 2
            rows = plain.execute("SELECT * FROM examples WHERE dataset_id=? LIMIT 10", (dataset.id,)).fetchall()
            document = "id dataset_id example_index content quality_score status metadata created_at updated_at"
            assert len(rows) == 2
            assert set(document.split()) <= set(rows[0].keys())
            assert rows[0]["content"].startswith('{"messages":[{"role":"user"')
            assert rows[0]["status"] == "active"
            schema = plain.execute("SELECT sql FROM sqlite_master WHERE name = 'datasets'").fetchone()
            assert "CREATE TABLE datasets" in schema["sql"]


def test_the_view_of_quality_jobs_has_the_columns_of_the_document(database: Database) -> None:
    dataset = make_dataset(database)
    make_job(database, dataset)
    sql = """UPDATE jobs SET kind = 'quality', done = 9, counters =
    '{"kept": 5, "fixed": 1, "removed": 3, "average": 7.25, "file": "datasets/a_improved.jsonl"}'"""
    view = """SELECT dataset_id, status, examples_processed, examples_kept, examples_fixed, examples_removed,
    avg_quality_score, result_file_path FROM quality_jobs"""
    with database.engine.begin() as connection:
        assert connection.execute(sa.text(view)).all() == []
        connection.execute(sa.text(sql))
        expected = (dataset.id, "pending", 9, 5, 1, 3, 7.25, "datasets/a_improved.jsonl")
        assert [tuple(row) for row in connection.execute(sa.text(view))] == [expected]
        assert connection.execute(sa.text("SELECT count(*) FROM generation_jobs")).scalar() == 0
