"""A database of an older version is brought up to date with all that is in it."""

from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from synthgen_core.database import GroupBy
from synthgen_core.database.engine import HEAD, MIGRATIONS
from synthgen_core.models import ExampleFilter, JobStatus, Usage
from tests.core.database.support import chat, fresh, make_dataset, make_job

AT = "2026-11-01 10:00:00.000000"
DATASETS = """INSERT INTO datasets (name, description, domain, subdomain, format, example_count, created_at, updated_at,
    file_path, metadata) VALUES ('old', '', 'support', 'returns', 'chat', 1, :at, :at, 'datasets/old.jsonl', '{}')"""
JOBS = """INSERT INTO jobs (kind, dataset_id, status, parameters, requested, done, failed, calls, prompt_tokens,
    completion_tokens, counters, errors, note, owner, cancel_requested, seconds, created_at)
    VALUES ('generation', 1, :status, :parameters, 5, 1, 0, :calls, 30, 40, '{}', '{}', '', 'me', :no, 2.5, :at)"""
EXAMPLES = """INSERT INTO examples (dataset_id, example_index, content, status, metadata, created_at, updated_at,
    revision, job_id, item) VALUES (1, 0, :content, 'active', '{}', :at, :at, 1, 1, 0)"""
REPLIES = """INSERT INTO completions (key, job_id, item, attempt, provider, model, reply, finish_reason, prompt_tokens,
    completion_tokens, seconds, created_at)
    VALUES (:key, :job, :item, 1, :provider, 'm', '{}', 'stop', 3, 4, 0.5, :at)"""


def make_old(url: str, revision: str = "0001") -> None:
    """A database as a version of the schema left it, the oldest one with something of everything."""
    target = sa.make_url(url)
    if target.get_backend_name() == "sqlite":
        Path(str(target.database)).parent.mkdir(parents=True)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = sa.create_engine(target)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        assert sa.inspect(connection).has_table("calls") is (revision > "0001")
        connection.execute(sa.text(DATASETS), {"at": AT})
        for status, provider, calls in (("interrupted", "openai", 2), ("completed", "embedded", 1), ("failed", "x", 0)):
            parameters = f'{{"seed":1,"provider":{{"type":"{provider}","model":"m"}}}}'
            values = {"status": status, "parameters": parameters, "calls": calls, "no": False, "at": AT}
            connection.execute(sa.text(JOBS), values)
        content = '{"messages":[{"role":"user","content":"old"},{"role":"assistant","content":"As to old."}]}'
        connection.execute(sa.text(EXAMPLES), {"content": content, "at": AT})
        for key, job, item, provider in (
            ("a", 1, 0, "openai"),
            ("b", 1, 1, "openai"),
            ("c", 2, 0, "embedded"),
            ("d", None, 0, "openai"),
        ):
            values = {"key": key, "job": job, "item": item, "provider": provider, "at": AT}
            connection.execute(sa.text(REPLIES), values)
    engine.dispose()


@pytest.mark.parametrize("times", [1, 2])
def test_a_database_of_version_0001_survives_with_all_its_rows(database_url: str, times: int) -> None:
    make_old(database_url)
    for _ in range(times):
        with fresh(database_url) as opened:
            with opened.engine.connect() as connection:
                assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == HEAD
            assert opened.get_dataset(1).name == "old"
            assert [example.content for example in opened.get_dataset_examples(1, 9)] == [chat("old")]
            failed, done, stopped = opened.get_jobs()
            assert (stopped.status, stopped.calls, stopped.usage) == (JobStatus.INTERRUPTED, 2, Usage(30, 40))
            assert (stopped.cost, stopped.unknown_cost_calls) == (None, 2), "what it cost was not written down"
            assert (done.cost, done.unknown_cost_calls) == (0, 0), "the embedded model is free of charge"
            assert (failed.cost, failed.unknown_cost_calls) == (0, 0)
            assert set(opened.get_completions(["a", "b", "c", "d"], job_id=1)) == {"a", "b"}


def test_the_replies_that_are_kept_become_the_log_of_the_calls_that_brought_them(database_url: str) -> None:
    make_old(database_url)
    with fresh(database_url) as opened:
        calls = opened.get_calls()
        assert [(call.key, call.job_id, call.dataset_id, call.item) for call in reversed(calls)] == [
            ("a", 1, 1, 0),
            ("b", 1, 1, 1),
            ("c", 2, 1, 0),
            ("d", None, None, 0),
        ]
        assert {(call.outcome, call.usage, call.seconds) for call in calls} == {("ok", Usage(3, 4), 0.5)}
        assert {call.key: call.cost for call in calls} == {"a": None, "b": None, "c": Decimal(0), "d": None}
        (day,) = opened.get_usage(GroupBy.DAY)
        assert (day.group, day.calls, day.cost, day.unknown_cost_calls) == (("2026-11-01",), 4, None, 3)


def test_flags_are_counted_and_texts_dated_when_review_comes(database_url: str) -> None:
    make_old(database_url, "0004")
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        flags = "INSERT INTO flags (example_id, revision, rule, severity, message, field, source, created_at) VALUES"
        for revision in (1, 2, 3):
            connection.execute(sa.text(f"{flags} (1, {revision}, 'pii', 'info', '', '', 'import', :at)"), {"at": AT})
        columns = "example_id, revision, content, status, author, at, operation, reason"
        done = f"INSERT INTO example_revisions ({columns}) VALUES"
        for revision, content in ((1, "'{}'"), (2, "'{}'"), (3, "NULL")):
            values = f"(1, {revision}, {content}, 'active', '', :at, 'edit', '')"
            connection.execute(sa.text(f"{done} {values}"), {"at": AT})
        connection.execute(sa.text("UPDATE examples SET revision = 3"))
    engine.dispose()
    with fresh(database_url) as opened:
        (found,) = opened.get_reviewables([1])
        assert (found.verdict, found.tags, found.note, found.is_stale) == (None, (), "", False)
        assert [flag.revision for flag in opened.get_flags([1])] == [2, 3], "of the text that revision 2 wrote"
        assert opened.count_examples(1, ExampleFilter(flags="any")) == 1
        with opened.engine.connect() as connection:
            columns = "SELECT content_revision, flag_count FROM examples"
            assert connection.execute(sa.text(columns)).one() == (2, 2)


def test_a_database_that_was_brought_up_to_date_works_like_a_new_one(database_url: str) -> None:
    make_old(database_url)
    with fresh(database_url) as opened:
        again = opened.reopen_job(1, "me:2:2.00")
        assert (again.status, again.done) == (JobStatus.PENDING, 1)
        job = make_job(opened, make_dataset(opened))
        assert (job.id, job.cost, job.unknown_cost_calls) == (4, 0, 0)
