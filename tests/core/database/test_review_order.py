"""Whatever the order and the filter, pages, neighbours and positions are those of the whole list, found by an index."""

import random
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from synthgen_core.database import Database, Saying
from synthgen_core.database.revisions import BATCH
from synthgen_core.database.tables import examples
from synthgen_core.errors import ConfigError, NotFoundError
from synthgen_core.models import ExampleFilter, ExampleStatus
from synthgen_core.reviewing import REVIEW_SORTS, Actor, Purpose, Queue, ReviewQuery, ReviewSettings, Verdict
from tests.core.database.support import make_dataset, news
from tests.support.reviews import review

COUNT, LARGE = 30, 30_000
"""The second is large enough: SQLite's planner does not know how many rows there are, as nothing is analysed, and
PostgreSQL's takes an index the rather the more there are."""
NO_SETTINGS = ReviewSettings()
FILTERS = (
    ExampleFilter(),
    ExampleFilter(()),
    ExampleFilter(verdict="accept"),
    ExampleFilter((), verdict="none"),
)


@pytest.fixture
def mixed(database: Database) -> int:
    """A dataset in which every column has values, ties and gaps."""
    drawn = random.Random(5)
    made = make_dataset(database)
    database.add_examples(made.id, news(COUNT))
    ids = [e.id for e in database.get_dataset_examples(made.id)]
    with database.engine.begin() as connection:
        for each in ids:
            values = {
                "quality_score": drawn.choice([None, 1.0, 2.5, 2.5, 9.0]),
                "person_score": drawn.choice([None, None, 4.0, 8.0]),
                "verdict": drawn.choice([None, None, "accept", "reject"]),
                "flag_count": drawn.choice([0, 0, 1, 3]),
                "review_revision": 1,
                "status": drawn.choice(["active", "active", "removed"]),
                "rule_score": drawn.choice([None, 5.5, 10.0, 10.0]),
            }
            connection.execute(sa.update(examples).where(examples.c.id == each).values(**values))
    return made.id


def whole(database: Database, query: ReviewQuery) -> list[int]:
    """The list as Python would make it."""
    rows = database.get_dataset_examples(query.dataset_id, COUNT, filter=query.filter)
    with database.engine.connect() as connection:
        keys = {row[0]: row[1] for row in connection.execute(sa.select(examples.c.id, examples.c[query.sort]))}

    def has_key(row: Any) -> bool:
        return keys[row.id] is not None and (query.sort != "flag_count" or keys[row.id] > 0)

    with_key = sorted(filter(has_key, rows), key=lambda row: (keys[row.id], row.example_index))
    without = [row for row in rows if not has_key(row)]
    step = -1 if query.is_descending else 1
    return [row.id for row in (*with_key[::step], *without[::step])]


@pytest.mark.parametrize("sort", REVIEW_SORTS)
@pytest.mark.parametrize("is_descending", [False, True])
def test_every_way_through_the_list_is_the_same_list(
    database: Database, mixed: int, sort: str, is_descending: bool
) -> None:
    for chosen in FILTERS:
        query = ReviewQuery(mixed, chosen, sort, is_descending)
        expected = whole(database, query)
        assert database.review_page(query, NO_SETTINGS, limit=COUNT) == (expected, False, False)
        assert database.count_matching(query, NO_SETTINGS) == len(expected)
        for offset in range(0, len(expected) + 7, 7):
            rest = expected[offset : offset + 7]
            ids, _, has_next = database.review_page(query, NO_SETTINGS, offset=offset, limit=7)
            assert (ids, has_next) == (rest, offset + 7 < len(expected))
        for number, each in list(enumerate(expected))[::2]:
            neighbours = (expected[number - 1] if number else None, (*expected, None)[number + 1])
            assert database.get_neighbours(query, NO_SETTINGS, each) == neighbours
        for number in range(0, len(expected), 9):
            each = expected[number]
            after = database.review_page(query, NO_SETTINGS, after=each, limit=5)
            assert after[0] == expected[number + 1 : number + 6]
            before = database.review_page(query, NO_SETTINGS, before=each, limit=5)
            assert before == (expected[max(0, number - 5) : number], number > 5, bool(number))
            at = database.review_page(query, NO_SETTINGS, at=each, limit=5)
            assert at == (expected[number : number + 5], number > 0, number + 5 < len(expected))
            assert database.count_before(query, NO_SETTINGS, each, 1000) == number
            assert database.count_before(query, NO_SETTINGS, each, 4) == min(4, number)


def test_an_example_that_matches_no_more_still_has_neighbours(database: Database) -> None:
    made = make_dataset(database)
    database.add_examples(made.id, news(5))
    ids = [e.id for e in database.get_dataset_examples(made.id)]
    query = ReviewQuery(made.id, ExampleFilter(verdict="none"))
    review(database, ids[1:3])
    assert database.get_neighbours(query, NO_SETTINGS, ids[2]) == (ids[0], ids[3])
    with pytest.raises(NotFoundError):
        database.get_neighbours(query, NO_SETTINGS, 999_999)
    with pytest.raises(ConfigError, match="quality_score"):
        database.review_page(ReviewQuery(made.id, sort="content"), NO_SETTINGS)


@pytest.mark.parametrize(("people", "overlap"), [(1, 1), (3, 2), (5, 5)])
def test_each_example_goes_to_so_many_reviewers_and_each_has_as_many(
    database: Database, people: int, overlap: int
) -> None:
    made = make_dataset(database)
    database.add_examples(made.id, news(COUNT))
    names = tuple(f"person {n}" for n in range(people))
    settings = ReviewSettings(overlap, names)

    def mine(name: str) -> list[int]:
        query = ReviewQuery(made.id, queue=Queue.MINE, reviewer=name)
        return database.review_page(query, settings, limit=COUNT)[0]

    parts = {name: mine(name) for name in names}
    assert {len(part) for part in parts.values()} == {COUNT * overlap // people}
    assert all(sum(each in part for part in parts.values()) == overlap for each in parts[names[0]])
    assert mine("somebody else") == []
    review(database, parts[names[0]][:3], reviewer=names[0])
    assert mine(names[0]) == parts[names[0]][3:]
    assert all(mine(name) == parts[name] for name in names[1:])


def test_without_names_an_example_is_open_until_enough_have_seen_it(database: Database) -> None:
    made = make_dataset(database)
    database.add_examples(made.id, news(3))
    ids = [e.id for e in database.get_dataset_examples(made.id)]

    def mine(name: str) -> list[int]:
        query = ReviewQuery(made.id, queue=Queue.MINE, reviewer=name)
        return database.review_page(query, ReviewSettings(overlap=2))[0]

    review(database, ids[:1], reviewer="ann")
    review(database, ids[:1], reviewer="ben")
    review(database, ids[1:2], reviewer="ann")
    review(database, ids[2:], reviewer="ann")
    review(database, ids[2:], "withdrawn", reviewer="ann")
    assert mine("ann") == ids[2:], "what was taken back is open again"
    assert mine("ben") == mine("cy") == ids[1:]


def test_a_stored_choice_keeps_its_order_and_narrows_by_the_filter(database: Database) -> None:
    made = make_dataset(database)
    database.add_examples(made.id, news(500))
    ids = [e.id for e in database.get_dataset_examples(made.id, 500)]
    chosen = random.Random(3).sample(ids, 450)
    choice = database.add_choice(made.id, Purpose.SAMPLE, chosen, seed=3, population=500, reasons={chosen[0]: "odd"})
    assert database.get_choice(choice.id) == (choice, pytest.approx(chosen), {chosen[0]: "odd"})
    assert database.get_choices(made.id) == [choice]
    database.set_status(made.id, chosen[10:300], ExampleStatus.REMOVED, author="ann")
    left = [*chosen[:10], *chosen[300:]]
    query = ReviewQuery(made.id, queue=Queue.CHOSEN, sample_id=choice.id)
    assert database.review_page(query, NO_SETTINGS, limit=1000) == (left, False, False)
    assert database.get_neighbours(query, NO_SETTINGS, chosen[9]) == (chosen[8], chosen[300])
    assert database.get_neighbours(query, NO_SETTINGS, chosen[299]) == (chosen[9], chosen[300])
    assert database.review_page(query, NO_SETTINGS, before=chosen[300], limit=3) == (chosen[7:10], True, True)
    assert database.review_page(query, NO_SETTINGS, offset=9, limit=2) == ([chosen[9], chosen[300]], True, True)
    assert database.count_before(query, NO_SETTINGS, chosen[300], 100) == 10
    assert database.count_matching(query, NO_SETTINGS) == 160
    with pytest.raises(NotFoundError):
        database.get_neighbours(query, NO_SETTINGS, ids[0] if ids[0] not in chosen else 999_999)
    with pytest.raises(NotFoundError):
        database.review_page(ReviewQuery(made.id, queue=Queue.CHOSEN, sample_id=99), NO_SETTINGS)


FILL = """
INSERT INTO examples (dataset_id, example_index, content, status, metadata, created_at, updated_at, revision,
    quality_score, rule_score, flag_count, verdict, review_revision)
SELECT {dataset}, n, '{{"messages":[]}}', CASE n % 5 WHEN 0 THEN 'removed' ELSE 'active' END, '{{}}',
    '2026-11-01 10:00:00', '2026-11-01 10:00:00', 1,
    CASE n % 3 WHEN 0 THEN NULL ELSE (n * 7919 % 1000) / 100.0 END,
    CASE n % 4 WHEN 0 THEN NULL ELSE 10 - n % 21 / 2.0 END, CASE n % 100 WHEN 0 THEN 1 ELSE 0 END,
    CASE n % 200 WHEN 1 THEN 'accept' END, 1
FROM {numbers}"""
NUMBERS = {
    "sqlite": "(WITH RECURSIVE r(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM r WHERE n < {last}) SELECT n FROM r)",
    "postgresql": "(SELECT n FROM generate_series(0, {last}) AS n) AS numbers",
}


def test_the_next_example_is_found_by_an_index_in_a_large_dataset(database: Database) -> None:
    made = make_dataset(database)
    dialect = database.engine.dialect.name
    with database.engine.begin() as connection:
        numbers = NUMBERS[dialect].format(last=LARGE - 1)
        connection.execute(sa.text(FILL.format(dataset=made.id, numbers=numbers)))
        connection.execute(sa.text("ANALYZE examples" if dialect == "postgresql" else "SELECT 1"))
        middle = connection.execute(sa.select(sa.func.max(examples.c.id))).scalar_one() - LARGE // 2
    for chosen in (ExampleFilter(), ExampleFilter(()), ExampleFilter(verdict="none"), ExampleFilter(verdict="accept")):
        for sort in ("example_index", "quality_score", "rule_score", "flag_count"):
            for is_descending in (False, True):
                query = ReviewQuery(made.id, chosen, sort, is_descending)
                plans = explained(database, lambda query=query: database.get_neighbours(query, NO_SETTINGS, middle))
                for plan in plans:
                    is_sorted = "TEMP B-TREE" in plan or "Sort" in plan.replace("Incremental Sort", "")
                    assert "SCAN examples" not in plan, (chosen, sort, plan)
                    assert "Seq Scan" not in plan, (chosen, sort, plan)
                    assert not is_sorted or chosen.verdict == "accept", (chosen, sort, plan)


def test_a_bulk_change_looks_for_what_matches_once_however_much_it_is(database: Database) -> None:
    made = make_dataset(database)
    database.add_examples(made.id, news(2 * BATCH + 1))
    accept = Saying(Verdict.ACCEPT)
    queries = asked(database, lambda: database.say(made.id, ExampleFilter(), accept, Actor("ann", "s")))
    assert database.count_verdicts(made.id) == {("accept", False): 2 * BATCH + 1}
    assert len([query for query, _ in queries if "examples.status IN" in query]) == 1


def asked(database: Database, act: Callable[[], object]) -> list[tuple[str, Any]]:
    """What this asks of the database, with its values."""
    found: list[tuple[str, Any]] = []

    def note(connection: object, cursor: object, query: str, values: object, *_: object) -> None:
        found.append((query, values))

    sa.event.listen(database.engine, "before_cursor_execute", note)
    act()
    sa.event.remove(database.engine, "before_cursor_execute", note)
    return found


def explained(database: Database, act: Callable[[], object]) -> list[str]:
    """How the database finds what this asks for, query by query."""
    queries = asked(database, act)
    explain = "EXPLAIN QUERY PLAN" if database.engine.dialect.name == "sqlite" else "EXPLAIN"
    with database.engine.connect() as connection:
        return [
            "\n".join(str(row) for row in connection.exec_driver_sql(f"{explain} {query}", values))
            for query, values in queries
            if query.startswith("SELECT")
        ]
