"""Datasets are made hidden and shown whole, know what they were made from, and leave nothing behind when they go."""

import pytest
import sqlalchemy as sa

from synthgen_core.database import Database, NewBadLine, NewDataset, NewExample, NewExport, NewFlag, NewImport, NewJob
from synthgen_core.database.checks import Checked
from synthgen_core.database.tables import metadata
from synthgen_core.errors import NotFoundError
from synthgen_core.models import (
    Dataset,
    ExampleFilter,
    ExampleStatus,
    Job,
    JobKind,
    JobStatus,
    Origin,
    Parent,
    Severity,
    Watermark,
)
from tests.core.database.support import ME, chat, make_dataset, make_job, news
from tests.support.reviews import review


def begin(database: Database, name: str = "copy") -> tuple[Job, Dataset]:
    job = database.create_job(NewJob(JobKind.CURATION, {"operation": "duplicate"}, 4, ME))
    new = NewDataset(name, "support", "returns", "chat", f"datasets/{name}.jsonl", origin=Origin.DUPLICATED)
    return job, database.begin_dataset(job.id, new)


def rows(database: Database) -> dict[str, int]:
    with database.engine.connect() as connection:
        counts = {
            name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for name, table in metadata.tables.items()
        }
    return {name: count for name, count in counts.items() if count}


def test_a_dataset_in_the_making_is_seen_by_nobody(database: Database) -> None:
    job, made = begin(database)
    assert not made.is_ready
    assert (made.job_id, database.get_job(job.id).dataset_id) == (job.id, made.id)
    database.add_examples(made.id, news(3))
    assert database.get_datasets() == database.get_trash() == database.get_made_by(job.id) == []
    assert database.get_totals()["examples"] == database.count_datasets() == 0
    for act in (
        lambda: database.get_dataset(made.id),
        lambda: database.delete_dataset(made.id),
        lambda: database.restore_dataset(made.id),
        lambda: database.purge_dataset(made.id),
        lambda: database.update_dataset(made.id, name="x"),
        lambda: database.create_version(made.id, name="x", author="ann"),
    ):
        with pytest.raises(NotFoundError):
            act()
    database.publish([made.id])
    assert [d.id for d in database.get_datasets()] == [d.id for d in database.get_made_by(job.id)] == [made.id]
    assert database.get_dataset(made.id).example_count == 3


def test_copies_are_equal_and_keep_what_was_said_of_them(database: Database) -> None:
    source = make_dataset(database)
    flag = NewFlag("pii", Severity.WARNING, "a name")
    database.add_examples(
        source.id, [NewExample(n, chat(f"é {n}"), {"n": n}, flags=(flag,) if n == 2 else ()) for n in range(5)]
    )
    ids, mark = database.select_examples(source.id, ExampleFilter())
    review(database, [ids[1], ids[4]])
    database.set_status(source.id, ids[1:2], ExampleStatus.REMOVED, author="ann")
    database.set_status(source.id, ids[1:2], ExampleStatus.ACTIVE, author="ann")
    ids, mark = database.select_examples(source.id, ExampleFilter())
    with database.engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE examples SET quality_score = 7.5 WHERE id = {ids[1]}"))
    database.update_example(ids[4], chat("changed since"), seen_revision=1, author="ann")
    job, made = begin(database)
    database.copy_examples(job.id, source.id, mark, [ids[4], ids[1], ids[2]], into=made.id, first_index=0, seconds=1.5)
    database.copy_examples(job.id, source.id, mark, [ids[0]], into=made.id, first_index=3, seconds=2.5)
    database.publish([made.id])
    copies = database.get_dataset_examples(made.id)
    assert [e.content for e in copies] == [chat(f"é {n}") for n in (4, 1, 2, 0)], "as they were in that state"
    assert [e.metadata for e in copies] == [
        {"n": n, "origin": {"dataset": source.id, "example": ids[n]}} for n in (4, 1, 2, 0)
    ]
    originals = {e.id: e for e in database.get_dataset_examples(source.id)}
    for copy, example_id in zip(copies[1:], (ids[1], ids[2], ids[0]), strict=True):
        original = originals[example_id]
        assert (copy.characters, copy.turns, copy.content_hash) == (
            original.characters,
            original.turns,
            original.content_hash,
        )
    assert copies[0].characters != originals[ids[4]].characters
    assert [e.quality_score for e in copies] == [None, 7.5, None, None]
    assert [e.example_index for e in database.get_dataset_examples(made.id, filter=ExampleFilter(flags="pii"))] == [2]
    reviewed = database.get_dataset_examples(made.id, filter=ExampleFilter(is_reviewed=True))
    assert [e.example_index for e in reviewed] == [1]
    assert (database.get_job(job.id).done, database.get_job(job.id).seconds) == (4, 2.5)
    with pytest.raises(NotFoundError):
        database.copy_examples(job.id, source.id, mark, [999], into=made.id, first_index=4)


def test_what_the_rules_said_of_an_example_holds_for_its_copy(database: Database) -> None:
    source = make_dataset(database)
    database.add_examples(source.id, news(4))
    ids, _ = database.select_examples(source.id, ExampleFilter())
    database.update_example(ids[1], chat("edited before"), seen_revision=1, author="ann")
    flag = NewFlag("placeholder", Severity.ERROR, "a blank", source="rules")
    read = [Checked(each, database.get_example(each).revision, (flag,), 5.0) for each in ids[:3]]
    database.record_checks(make_job(database, source), read, ["placeholder"], {}, 1.0)
    _, mark = database.select_examples(source.id, ExampleFilter())
    database.update_example(ids[2], chat("edited since"), seen_revision=1, author="ann")
    job, made = begin(database)
    database.copy_examples(job.id, source.id, mark, ids, into=made.id, first_index=0)
    found = database.summarise_rules(made.id)
    assert (found.active, found.checked, found.mean_score) == (4, 2, 5.0)
    assert found.flags == {"placeholder": {"error": 2}}
    assert [copy.is_checked for copy in database.get_checkable(made.id, 0)] == [True, True, False, False]


def test_a_dataset_knows_its_parents_after_they_are_gone(database: Database) -> None:
    first, second = make_dataset(database, "one"), make_dataset(database, "two")
    _, made = begin(database)
    parents = [
        Parent(made.id, each.id, each.name, Origin.MERGED, 7, {"a": [1]}, Watermark(3, 4), 5)
        for each in (second, first)
    ]
    database.publish([made.id], parents=parents)
    assert database.get_parents(made.id) == parents
    assert [d.id for d in database.get_children(first.id)] == [made.id]
    database.delete_dataset(second.id)
    database.purge_dataset(second.id)
    assert database.get_parents(made.id) == parents
    database.delete_dataset(made.id)
    assert database.get_children(first.id) == []


def test_a_purge_leaves_nothing_but_history(database: Database) -> None:
    kept = make_dataset(database, "kept")
    database.add_examples(kept.id, news(2))
    before = rows(database)
    made = make_dataset(database, "gone")
    job = make_job(database, made)
    database.add_examples(
        made.id, [*news(2500), NewExample(2500, chat("x"), {}, flags=(NewFlag("a", Severity.INFO, "b"),))]
    )
    ids = [e.id for e in database.get_dataset_examples(made.id, 3)]
    database.set_status(made.id, ids, ExampleStatus.REMOVED, author="ann")
    database.create_version(made.id, name="v", author="ann")
    database.get_details(made.id)
    database.add_imports(made.id, [NewImport("f.jsonl", "0" * 64, 1, 1, 0, bad_lines=[NewBadLine(2, 1, "bad", "x")])])
    database.add_export(NewExport(made.id, Watermark(0, 0), "jsonl", {}, {}, None, {}, [], (1, 2), "1"))
    with pytest.raises(NotFoundError):
        database.purge_dataset(made.id)
    assert database.get_dataset(made.id).example_count == 2498, "only what is in the trash can be purged"
    database.delete_dataset(made.id)
    assert [d.id for d in database.get_trash()] == [made.id]
    assert database.get_trash(before=made.created_at) == []
    database.purge_dataset(made.id)
    assert rows(database) == before | {"jobs": 1, "imports": 1}
    assert (database.get_job(job.id).dataset_id, database.get_imports()[0].dataset_id) == (None, None)
    assert database.get_trash() == []
    with pytest.raises(NotFoundError):
        database.purge_dataset(made.id)


def test_what_a_dead_job_left_half_made_is_found(database: Database) -> None:
    (running, first), (ended, second) = begin(database, "a"), begin(database, "b")
    database.begin_job(running.id, ME)
    database.begin_job(ended.id, ME)
    database.end_job(ended.id, JobStatus.INTERRUPTED)
    assert [d.id for d in database.get_unfinished()] == [second.id]
    database.add_examples(second.id, news(3))
    database.discard_dataset(second.id)
    assert database.get_unfinished() == []
    assert database.get_job(ended.id).dataset_id is None
    assert database.get_job(running.id).dataset_id == first.id


def test_what_is_seen_is_never_discarded(database: Database) -> None:
    made = make_dataset(database)
    database.add_examples(made.id, news(2))
    database.discard_dataset(made.id)
    assert len(database.get_dataset_examples(made.id)) == 2


def test_an_export_is_found_again_with_its_selection(database: Database) -> None:
    made = make_dataset(database)
    ids = (7, 3, 3_000_000_000, 4)
    new = NewExport(
        made.id, Watermark(5, 6), "jsonl", {"x": [1]}, {"text": "é"}, 7, {"": 4}, [{"name": "a"}], ids, "1.2"
    )
    export = database.add_export(new)
    assert database.get_export(export.id) == export == database.get_exports(made.id)[0]
    assert (export.watermark, export.options, export.files) == (Watermark(5, 6), {"x": [1]}, [{"name": "a"}])
    assert tuple(database.get_export_ids(export.id)) == ids
    with pytest.raises(NotFoundError):
        database.get_export(99)
    with pytest.raises(NotFoundError):
        database.get_export_ids(99)


def test_imports_are_found_by_content_and_by_path(database: Database) -> None:
    made = make_dataset(database)
    bad = [NewBadLine(n, None if n % 2 else 7, "not JSON", "é" * 5, "alpaca") for n in range(3)]
    new = NewImport("a.jsonl", "f" * 64, 5, 3, 1, 2, "/data/a.jsonl", {"alpaca": 5}, ["BOM dropped"], None, bad)
    database.add_imports(made.id, [new])
    database.add_imports(None, [NewImport("b.jsonl", "e" * 64, 0, 1, 0)])
    (found,) = database.get_imports(content_hash="f" * 64)
    assert found == database.get_imports(path="/data/a.jsonl")[0] == database.get_imports(dataset_id=made.id)[0]
    assert (found.good, found.bad, found.skipped, found.blank, found.shapes) == (5, 3, 1, 2, {"alpaca": 5})
    lines = database.get_bad_lines(import_id=found.id)
    assert [(b.line, b.column, b.reason, b.excerpt, b.shape) for b in lines] == [
        (b.line, b.column, b.reason, b.excerpt, b.shape) for b in bad
    ]
    assert [b.line for b in database.get_bad_lines(import_id=found.id, limit=1, offset=2)] == [2]
