"""Figures rest on all active examples, say on how many, and are never those of an older state."""

import pytest
import sqlalchemy as sa

from synthgen_core.database import Database, Distribution, NewExample
from synthgen_core.database.datasets import now
from synthgen_core.database.summaries import MOST_VALUES, REST, distribution
from synthgen_core.database.tables import datasets, examples
from synthgen_core.models import ExampleStatus
from tests.core.database.support import chat, make_dataset, news
from tests.support.reviews import review


def score(database: Database, dataset_id: int, *scores: float | None) -> None:
    with database.engine.begin() as connection:
        for index, value in enumerate(scores):
            where = (examples.c.dataset_id == dataset_id, examples.c.example_index == index)
            connection.execute(sa.update(examples).where(*where).values(quality_score=value))
        connection.execute(sa.update(datasets).where(datasets.c.id == dataset_id).values(updated_at=now()))


def test_a_summary_rests_on_the_scored_active_examples(database: Database) -> None:
    made, empty = make_dataset(database), make_dataset(database)
    database.add_examples(made.id, news(4))
    score(database, made.id, 2, 4, 9)
    first = [e.id for e in database.get_dataset_examples(made.id)]
    for reviewer in ("ann", "ben"):
        review(database, first[:1], "reject", reviewer)
    database.set_status(made.id, first[2:3], ExampleStatus.REMOVED, author="ann")
    for _ in range(2):
        found = database.get_summaries([made.id, empty.id, 99])
        assert (found[made.id].scored, found[made.id].mean_score, found[made.id].reviewed) == (2, 3.0, 1)
        assert (found[empty.id].scored, found[empty.id].mean_score, found[empty.id].reviewed) == (0, None, 0)
        assert 99 not in found


def test_a_summary_follows_every_change(database: Database) -> None:
    made = make_dataset(database)
    database.add_examples(made.id, news(2))
    score(database, made.id, 2, 4)
    assert database.get_summaries([made.id])[made.id].mean_score == 3.0
    score(database, made.id, 2, 8)
    assert database.get_summaries([made.id])[made.id].mean_score == 5.0
    assert database.get_details(made.id).characters.count == 2
    database.add_examples(made.id, news(1, start=2))
    assert database.get_details(made.id).characters.count == 3


def test_lists_are_sorted_by_measured_figures(database: Database) -> None:
    low, high, none = (make_dataset(database, name).id for name in ("low", "high", "none"))
    for dataset_id, scores in ((low, (1.0, 3.0)), (high, (9.0, None)), (none, (None, None))):
        database.add_examples(dataset_id, news(2))
        score(database, dataset_id, *scores)
    ids = [e.id for e in database.get_dataset_examples(low)]
    review(database, ids)
    database.refresh_summaries()

    def order(sort: str, is_descending: bool) -> list[int]:
        return [d.id for d in database.get_datasets(sort=sort, is_descending=is_descending)]

    assert order("mean_score", True) == [high, low, none]
    assert order("mean_score", False) == [low, high, none], "what has none comes last either way"
    assert order("reviewed", True)[0] == low


def test_the_overview_counts_everything_there_is(database: Database) -> None:
    made = make_dataset(database)
    drawn = [{"tone": "angry"}, {"tone": "calm", "level": 3}, {"tone": "calm"}, "odd", None]
    database.add_examples(
        made.id,
        [
            NewExample(n, chat("x" * n), {"parameters": each, "language": "en" if n else "de"})
            for n, each in enumerate(drawn)
        ],
    )
    ids = [e.id for e in database.get_dataset_examples(made.id)]
    database.set_status(made.id, ids[4:], ExampleStatus.REMOVED, author="ann")
    for _ in range(2):
        details = database.get_details(made.id)
        assert details.statuses == {"active": 4, "removed": 1}
        assert details.languages == {"en": 3, "de": 1}
        assert details.parameters == {"tone": {"calm": 2, "angry": 1}, "level": {"3": 1}}
        assert (details.turns.least, details.turns.most, details.turns.bars) == (2, 2, ((2, 4),))
        assert (details.characters.least, details.characters.most) == (7, 13)
        assert sum(count for _, count in details.characters.bars) == details.characters.count == 4


def test_rare_values_are_summed_up(database: Database) -> None:
    made = make_dataset(database)
    database.add_examples(made.id, [NewExample(n, chat("x"), {"parameters": {"id": str(n)}}) for n in range(80)])
    values = database.get_details(made.id).parameters["id"]
    assert len(values) == MOST_VALUES + 1
    assert values[REST] == 80 - MOST_VALUES


def test_an_empty_dataset_has_an_empty_overview(database: Database) -> None:
    details = database.get_details(make_dataset(database).id)
    assert (details.statuses, details.turns, details.parameters) == ({}, Distribution(), {})


@pytest.mark.parametrize(
    ("counts", "median", "mean", "width", "bars"),
    [
        ({5: 1}, 5, 5.0, 1, ((5, 1),)),
        ({1: 2, 3: 2}, 1, 2.0, 1, ((1, 2), (2, 0), (3, 2))),
        ({0: 50, 100: 50}, 0, 50.0, 10, ((0, 50), *(((n * 10), 0) for n in range(1, 10)), (100, 50))),
        ({1: 199, 1_000_000: 1}, 1, 5000.995, 1, ((1, 200),)),
    ],
)
def test_a_distribution_keeps_every_example(
    counts: dict[int, int], median: int, mean: float, width: int, bars: tuple[tuple[int, int], ...]
) -> None:
    found = distribution(counts)
    assert (found.median, found.mean, found.width, found.bars) == (median, pytest.approx(mean), width, bars)
    assert sum(count for _, count in found.bars) == found.count == sum(counts.values())
