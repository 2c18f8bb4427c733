"""Datasets are kept as they were made, found, counted, put in the trash and taken out again."""

from datetime import UTC
from pathlib import Path

import pytest

from synthgen_core.database import Database, NewDataset, Progress
from synthgen_core.database.datasets import now
from synthgen_core.errors import DatabaseError, NotFoundError
from synthgen_core.models import JsonObject
from tests.core.database.support import ME, NASTY, active_count, chat, fresh, make_dataset, make_job, news, reply


def test_a_dataset_reads_back_as_it_was_written(database: Database) -> None:
    before = now()
    more: JsonObject = {"seed": 7, "tags": ["a", None, 1.5]}
    made = database.create_dataset(
        NewDataset("Lists", "support", "returns", "chat", "datasets/a.jsonl", "of returns", more)
    )
    assert made == database.get_dataset(made.id)
    assert (made.name, made.description, made.domain, made.subdomain) == ("Lists", "of returns", "support", "returns")
    assert (made.format, made.example_count, made.file_path) == ("chat", 0, "datasets/a.jsonl")
    assert made.metadata == more
    assert made.created_at.tzinfo is UTC
    assert before <= made.created_at <= now()
    assert made.deleted_at is None


def test_two_datasets_never_share_a_file(database: Database) -> None:
    first = make_dataset(database)
    with pytest.raises(DatabaseError):
        database.create_dataset(NewDataset("b", "support", "returns", "chat", first.file_path))
    assert database.count_datasets() == 1


def test_an_unknown_dataset_is_not_found(database: Database) -> None:
    for act in (
        lambda: database.get_dataset(999),
        lambda: database.update_dataset(999, name="x"),
        lambda: database.delete_dataset(999),
        lambda: database.restore_dataset(999),
        lambda: database.add_examples(999, news(1)),
        lambda: database.get_dataset(10**30),
    ):
        with pytest.raises(NotFoundError):
            act()


def test_names_and_descriptions_hold_any_text(database: Database) -> None:
    for text in NASTY:
        made = make_dataset(database, text, description=text * 3)
        assert (database.get_dataset(made.id).name, database.get_dataset(made.id).description) == (text, text * 3)


def test_a_search_takes_every_character_for_itself(database: Database) -> None:
    make_dataset(database, "100 of it, of-it, its quoted")
    wanted = {text: make_dataset(database, f"before {text} after").id for text in NASTY}
    for text, dataset_id in wanted.items():
        assert [d.id for d in database.get_datasets(text=text)] == [dataset_id]
        assert database.count_datasets(text=text) == 1


def test_a_search_looks_into_name_description_and_subdomain_in_any_case(database: Database) -> None:
    by_name = make_dataset(database, "Printer trouble", subdomain="returns")
    by_description = make_dataset(database, "b", description="About a PRINTER", subdomain="returns")
    by_subdomain = make_dataset(database, "c", subdomain="printer_support")
    make_dataset(database, "d", subdomain="returns")
    found = {d.id for d in database.get_datasets(text="pRinter")}
    assert found == {by_name.id, by_description.id, by_subdomain.id}


def test_a_search_knows_upper_and_lower_case_of_other_alphabets(tmp_path: Path) -> None:
    with fresh(f"sqlite:///{tmp_path / 'a.db'}") as database:
        wanted = make_dataset(database, "Ответы на Жалобы")
        make_dataset(database, "Answers")
        assert [d.id for d in database.get_datasets(text="жалобы")] == [wanted.id]


def test_filters_narrow_and_combine(database: Database) -> None:
    a = make_dataset(database, domain="support", format_type="chat")
    b = make_dataset(database, domain="support", format_type="instruction")
    c = make_dataset(database, domain="medical", format_type="chat")
    assert {d.id for d in database.get_datasets("support")} == {a.id, b.id}
    assert {d.id for d in database.get_datasets(format_type="chat")} == {a.id, c.id}
    assert [d.id for d in database.get_datasets("support", "instruction")] == [b.id]
    assert database.get_datasets("legal") == []
    assert [database.count_datasets(*f) for f in ((), ("support",), ("support", "chat"), ("legal",))] == [3, 2, 1, 0]


def test_pages_of_datasets_hold_every_one_once(database: Database) -> None:
    made = [make_dataset(database, f"set {n:02}").id for n in range(25)]
    pages = [database.get_datasets(sort="name", is_descending=False, limit=10, offset=o) for o in (0, 10, 20, 30)]
    assert [len(page) for page in pages] == [10, 10, 5, 0]
    assert [d.id for page in pages for d in page] == made


@pytest.mark.parametrize("sort", ["updated_at", "created_at", "name", "domain", "format", "example_count"])
def test_every_offered_sort_orders_both_ways(database: Database, sort: str) -> None:
    made_ids: list[int] = []
    for n, (name, domain) in enumerate((("b", "medical"), ("c", "legal"), ("a", "support"))):
        made = make_dataset(database, name, domain=domain, format_type=f"format {n}")
        database.add_examples(made.id, news((5 * n + 1) % 7 + 1))
        made_ids.append(made.id)
    database.update_dataset(made_ids[1], description="changed")
    up = [getattr(d, sort) for d in database.get_datasets(sort=sort, is_descending=False)]
    down = [getattr(d, sort) for d in database.get_datasets(sort=sort)]
    assert up == sorted(up)
    assert down == up[::-1]
    assert len(set(up)) == 3


def test_every_change_of_a_dataset_moves_its_time(database: Database) -> None:
    made = make_dataset(database)
    seen = [made.updated_at]

    def changed() -> None:
        seen.append(database.get_dataset(made.id).updated_at)
        assert seen[-1] > seen[-2]

    database.update_dataset(made.id, name="another")
    changed()
    database.add_examples(made.id, news(1))
    changed()
    example = database.get_dataset_examples(made.id)[0]
    database.update_example(example.id, chat("new"), seen_revision=1, author="ann")
    changed()
    assert database.get_dataset(made.id).created_at == made.created_at


def test_an_update_changes_what_is_given_and_no_more(database: Database) -> None:
    made = make_dataset(database, description="first")
    database.update_dataset(made.id, metadata={"a": 1})
    database.update_dataset(made.id, description="")
    after = database.get_dataset(made.id)
    assert (after.name, after.description, after.metadata) == (made.name, "", {"a": 1})


def test_totals_leave_out_the_trash(database: Database) -> None:
    assert database.get_totals() == {"datasets": 0, "examples": 0, "domains": 0, "subdomains": 0}
    a, b, c = (make_dataset(database, domain=domain) for domain in ("support", "support", "medical"))
    for dataset, count in ((a, 2), (b, 3), (c, 9)):
        database.add_examples(dataset.id, news(count))
    database.delete_dataset(c.id)
    assert database.get_totals() == {"datasets": 2, "examples": 5, "domains": 1, "subdomains": 1}
    assert database.get_domain_counts() == [("support", 2, 5)]
    database.restore_dataset(c.id)
    assert database.get_domain_counts() == [("medical", 1, 9), ("support", 2, 5)]


def test_a_deleted_dataset_is_seen_nowhere_but_in_the_trash_and_can_come_back(database: Database) -> None:
    made = make_dataset(database, "gone")
    database.add_examples(made.id, news(2))
    database.delete_dataset(made.id)
    assert database.get_datasets() == []
    assert database.count_datasets(text="gone") == 0
    with pytest.raises(NotFoundError):
        database.get_dataset(made.id)
    with pytest.raises(NotFoundError):
        database.update_dataset(made.id, name="x")
    with pytest.raises(NotFoundError):
        database.delete_dataset(made.id)
    assert database.get_dataset(made.id, is_deleted=True).deleted_at is not None
    database.restore_dataset(made.id)
    assert database.get_dataset(made.id).example_count == 2
    with pytest.raises(NotFoundError):
        database.restore_dataset(made.id)


def test_a_deleted_dataset_refuses_new_examples(database: Database) -> None:
    made = make_dataset(database)
    job = make_job(database, made)
    database.begin_job(job.id, ME)
    database.delete_dataset(made.id)
    with pytest.raises(NotFoundError):
        database.add_examples(made.id, news(1))
    with pytest.raises(NotFoundError):
        database.record(job, Progress(news(1), [reply("k")], calls=1))
    assert active_count(database, made.id) == 0
    assert database.get_job(job.id).calls == 0
    assert database.get_completions(["k"], job_id=job.id) == {}


def test_deleting_a_dataset_stops_its_jobs_and_keeps_their_history(database: Database) -> None:
    made, other = make_dataset(database), make_dataset(database)
    waiting, running, foreign = make_job(database, made), make_job(database, made), make_job(database, other)
    database.begin_job(running.id, ME)
    database.delete_dataset(made.id)
    assert sorted(database.beat(ME)) == [waiting.id, running.id]
    assert not database.get_job(foreign.id).cancel_requested
    assert [job.id for job in database.get_jobs(dataset_id=made.id)] == [running.id, waiting.id]
