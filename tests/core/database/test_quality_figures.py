"""What charts show is what the filters behind them find, on every database."""

import random
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from synthgen_core.database import Database, NewExample, NewFlag
from synthgen_core.database.quality_figures import (
    FACTS,
    MOST_POINTS,
    SCORES,
    SIZES,
    QualityFigures,
    figures_from_json,
)
from synthgen_core.database.summaries import MOST_VALUES, REST
from synthgen_core.errors import StoppedError
from synthgen_core.models import ExampleFilter, ExampleStatus, Range, Severity
from synthgen_core.statistics.means import sums_of
from tests.core.database.judged import judge, set_columns
from tests.core.database.support import chat, make_dataset, make_job
from tests.support.judgements import rate

TONES = ("calm", "angry", "", 'a "b" <i>')


def go_on() -> None:
    pass


def measured(database: Database, dataset_id: int) -> QualityFigures:
    return database.measure_quality(dataset_id, go_on)


def scored(database: Database, count: int = 60) -> int:
    """A dataset with scores of all kinds, flags, failed judgements and removed examples; drawn by seed."""
    rng = random.Random(7)
    made = make_dataset(database)
    new = []
    for n in range(count):
        flags = tuple(NewFlag(rng.choice(("pii", "refusal")), rng.choice(list(Severity)), "m") for _ in range(n % 3))
        metadata: dict[str, Any] = {"model": rng.choice(("a", "b")), "parameters": {"tone": rng.choice(TONES)}}
        new.append(NewExample(n, chat("x" * rng.randrange(400)), metadata if n % 5 else {"n": n}, flags=flags))
    database.add_examples(made.id, new)
    job = make_job(database, made).id
    columns: dict[int, dict[str, Any]] = {}
    for example in database.get_dataset_examples(made.id, count):
        columns[example.example_index] = given = {}
        if rng.random() < 0.6:
            criteria = {"alignment": float(rng.randrange(11)), "formatting": rng.choice((2.5, 7.0, 10.0))}
            judge(database, example.id, criteria, job_id=job)
            given["quality_score"] = sum(criteria.values()) / 2
        elif rng.random() < 0.5:
            judge(database, example.id, None, job_id=job)
        given["rule_score"] = rng.choice((None, 3.0, 9.5, 10.0))
        given |= {"person_score": rng.choice((None, None, 4.0, 8.0)), "review_revision": 1}
    set_columns(database, made.id, columns)
    gone = [e.id for e in database.get_dataset_examples(made.id, count) if e.example_index % 10 == 9]
    database.set_status(made.id, gone, ExampleStatus.REMOVED, author="ann")
    return made.id


def test_every_bar_is_as_high_as_its_filter_finds(database: Database) -> None:
    dataset_id = scored(database)
    figures = measured(database, dataset_id)

    def count(**wanted: Any) -> int:
        return database.count_examples(dataset_id, ExampleFilter(**wanted))

    assert (figures.active, figures.removed) == (54, 6)
    assert figures.judge_failed == count(judgement="failed") > 0
    for score in SCORES:
        spread = figures.scores[score]
        assert spread.sums.n == count(ranges={score: Range()}) == sum(n for _, n in spread.bars) > 0
        for first, n in spread.bars:
            assert n == count(ranges={score: Range(least=first, below=first + spread.width)})
    assert set(figures.criteria) == {"alignment", "formatting"}
    for name, spread in figures.criteria.items():
        for first, n in spread.bars:
            assert n == count(criteria={name: Range(least=first, below=first + spread.width)})
    for rule, severities in figures.flags.items():
        for severity, n in severities.items():
            assert n == count(flags=rule, severity=Severity(severity))
    for size in SIZES:
        spread_of_it = getattr(figures, size)
        for first, n in spread_of_it.bars[:-1]:
            assert n == count(ranges={size: Range(least=first, below=first + spread_of_it.width)})
        last, n = spread_of_it.bars[-1]
        assert n == count(ranges={size: Range(least=last)})


def test_what_people_gave_an_older_text_is_no_score_of_the_present_one(database: Database) -> None:
    made = make_dataset(database)
    database.add_examples(made.id, [NewExample(n, chat(str(n)), {"model": "a"}) for n in range(3)])
    ids = [each.id for each in database.get_dataset_examples(made.id)]
    rate(database, made.id, {ids[0]: 2.0, ids[1]: 8.0})
    database.update_example(ids[0], chat("mended"), seen_revision=1, author="Ada")
    figures = measured(database, made.id)
    assert figures.scores["person_score"].sums == sums_of([8.0])
    assert figures.facts["model"]["a"].scores["person_score"] == sums_of([8.0])
    assert [point.id for point in figures.points["person_score"]] == [ids[1]]
    assert [each.n for each in figures.trends["person_score"]["turns"]] == [1]
    assert database.count_examples(made.id, ExampleFilter(ranges={"person_score": Range()})) == 1


def test_every_group_is_as_large_and_as_good_as_its_filter_finds(database: Database) -> None:
    dataset_id = scored(database)
    figures = measured(database, dataset_id)
    rows = database.get_dataset_examples(dataset_id, 100)
    assert sum(group.n for group in figures.facts["model"].values()) == figures.active
    assert set(figures.parameters["tone"]) == set(TONES)
    for name in FACTS:
        for value, group in figures.facts[name].items():
            chosen = ExampleFilter(facts={name: value})
            there = database.get_dataset_examples(dataset_id, 100, filter=chosen)
            assert group.n == len(there)
            given = [row.quality_score for row in there if row.quality_score is not None]
            assert group.scores["quality_score"].n == len(given)
            assert group.scores["quality_score"].total == pytest.approx(sum(given))
            assert group.scores["quality_score"].squares == pytest.approx(sums_of(given).squares)
    for value, group in figures.parameters["tone"].items():
        assert group.n == database.count_examples(dataset_id, ExampleFilter(parameters={"tone": value}))
    assert len(rows) == figures.active


def test_the_median_of_a_size_is_that_of_its_examples(database: Database) -> None:
    dataset_id = scored(database)
    figures = measured(database, dataset_id)
    for score in SCORES:
        for size in SIZES:
            spread = getattr(figures, size)
            for each in figures.trends[score][size]:
                is_last = each.first == spread.bars[-1][0]
                within = Range(least=each.first, below=None if is_last else each.first + spread.width)
                for wanted, least in ((each.median, 0.5), (each.lower, 0.25), (each.upper, 0.75)):
                    up_to = ExampleFilter(ranges={size: within, score: Range(most=wanted)})
                    under = ExampleFilter(ranges={size: within, score: Range(below=wanted)})
                    assert database.count_examples(dataset_id, up_to) >= least * each.n
                    assert database.count_examples(dataset_id, under) <= least * each.n


def test_a_sample_has_those_that_have_the_score_and_is_the_same_each_time(database: Database) -> None:
    dataset_id = scored(database)
    one, other = (measured(database, dataset_id) for _ in range(2))
    assert one == other
    for score in SCORES:
        points = one.points[score]
        assert len(points) == one.scores[score].sums.n <= MOST_POINTS
        wanted = ExampleFilter(ranges={score: Range()})
        rows = {row.id: row for row in database.get_dataset_examples(dataset_id, 100, filter=wanted)}
        assert {point.id for point in points} == set(rows)
        assert all(point.characters == rows[point.id].characters for point in points)


def test_figures_are_kept_as_json_and_read_back(database: Database) -> None:
    figures = measured(database, scored(database))
    assert figures_from_json(orjson.loads(orjson.dumps(figures.to_json()))) == figures


def test_a_dataset_without_anything_to_measure_has_figures_of_nothing(database: Database) -> None:
    empty = measured(database, make_dataset(database).id)
    assert empty.active == empty.removed == empty.judge_failed == 0
    assert not {**empty.criteria, **empty.parameters, **empty.flags}
    assert all(spread.sums.n == 0 and spread.quartiles is None for spread in empty.scores.values())
    assert figures_from_json(orjson.loads(orjson.dumps(empty.to_json()))) == empty


@pytest.mark.parametrize(
    "metadata",
    [
        {"quality_score": "NaN", "parameters": {"tone": "calm"}, "model": 7},
        {"parameters": {"tone": None}, "model": None},
        {"parameters": "none", "model": ["a"]},
        {"parameters": None},
        {},
    ],
)
def test_one_example_with_odd_metadata_is_measured(database: Database, metadata: Mapping[str, Any]) -> None:
    made = make_dataset(database)
    database.add_examples(made.id, [NewExample(0, chat("a"), dict(metadata))])
    set_columns(database, made.id, {0: {"quality_score": 7.0}})
    figures = measured(database, made.id)
    assert figures.scores["quality_score"].quartiles == (7.0, 7.0, 7.0)
    assert figures.scores["quality_score"].width == 1
    assert sum(group.n for group in figures.facts["model"].values()) == 1
    assert all(value is not None for groups in figures.parameters.values() for value in groups)


def test_of_many_values_the_smallest_are_counted_together(database: Database) -> None:
    made = make_dataset(database)
    models = [*range(MOST_VALUES + 10), *range(MOST_VALUES)]
    new = [
        NewExample(n, chat(str(n)), {"model": f"m{model:03}", "parameters": {"id": str(model)}})
        for n, model in enumerate(models)
    ]
    database.add_examples(made.id, new)
    figures = measured(database, made.id)
    for groups in (figures.facts["model"], figures.parameters["id"]):
        assert len(groups) == MOST_VALUES + 1
        assert groups[REST].n == 10
        assert sum(group.n for group in groups.values()) == len(models)


def test_another_dataset_does_not_count(database: Database) -> None:
    dataset_id = scored(database)
    before = measured(database, dataset_id)
    scored(database)
    assert measured(database, dataset_id) == before


def test_measuring_ends_where_it_is_told_to(database: Database) -> None:
    dataset_id = scored(database, 10)

    def stop() -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        database.measure_quality(dataset_id, stop)
