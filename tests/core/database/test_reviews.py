"""Which examples are approved: those whose latest verdict, on what stands there now, is "accept"."""

from synthgen_core.database import Database, NewDataset, NewJob
from synthgen_core.models import ExampleFilter, ExampleStatus, JobKind
from tests.core.database.support import ME, chat, make_dataset, news
from tests.support.reviews import review


def filled(database: Database, count: int = 6, **changes: str) -> tuple[int, list[int]]:
    dataset = make_dataset(database, **changes)
    database.add_examples(dataset.id, news(count))
    return dataset.id, [example.id for example in database.get_dataset_examples(dataset.id)]


def test_the_latest_verdict_counts_and_skipping_is_none(database: Database) -> None:
    dataset_id, ids = filled(database)
    assert database.get_approved(dataset_id) == []
    review(database, ids[:4])
    review(database, ids[1:2], "reject")
    review(database, ids[2:3], "skip")
    review(database, ids[3:4], "reject")
    review(database, ids[3:4])
    review(database, ids[4:5], "skip")
    assert database.get_approved(dataset_id) == [ids[0], ids[2], ids[3]]
    assert database.count_approved("chat") == {dataset_id: 3}


def test_what_was_edited_since_is_not_approved_any_more(database: Database) -> None:
    dataset_id, ids = filled(database)
    review(database, ids[:2])
    database.update_example(ids[0], chat("better"), seen_revision=1, author="Bo")
    assert database.get_approved(dataset_id) == [ids[1]]
    review(database, ids[:1])
    assert database.get_approved(dataset_id) == ids[:2]


def test_datasets_of_another_format_deleted_and_unfinished_ones_are_not_offered(database: Database) -> None:
    first, ids = filled(database)
    other, other_ids = filled(database, format_type="instruction")
    deleted, deleted_ids = filled(database)
    review(database, [*ids[:2], *other_ids, *deleted_ids])
    database.delete_dataset(deleted)
    job = database.create_job(NewJob(JobKind.CURATION, {}, 2, ME))
    hidden = database.begin_dataset(job.id, NewDataset("copy", "support", "returns", "chat", "datasets/copy.jsonl"))
    _, mark = database.select_examples(first, ExampleFilter())
    database.copy_examples(job.id, first, mark, ids[:2], into=hidden.id, first_index=0)
    assert database.count_approved("chat") == {first: 2}
    assert database.count_approved("instruction") == {other: 6}
    assert database.count_approved("preference") == {}
    database.publish([hidden.id])
    assert database.count_approved("chat") == {first: 2, hidden.id: 2}


def test_examples_are_found_by_their_ids_in_their_order(database: Database) -> None:
    _, ids = filled(database)
    found = database.get_examples_by_id([ids[4], 999_999, ids[1]])
    assert [example.id for example in found] == [ids[1], ids[4]]
    assert all(example.status is ExampleStatus.ACTIVE for example in found)
    assert database.get_examples_by_id([]) == []
