"""Filters by numbers, by what a judge said, and by what the metadata say: what the charts open."""

from typing import Any

import pytest

from synthgen_core.database import Database, NewExample, NewFlag
from synthgen_core.database.tables import judgements
from synthgen_core.errors import ConfigError
from synthgen_core.models import ExampleFilter, Range, Severity
from tests.core.database.judged import judge, set_columns
from tests.core.database.support import chat, found, make_dataset, make_job


def fill(database: Database, *metadata: Any) -> int:
    made = make_dataset(database)
    database.add_examples(made.id, [NewExample(n, chat("x" * (n + 1)), given) for n, given in enumerate(metadata)])
    return made.id


@pytest.mark.parametrize("measure", ["quality_score", "rule_score", "person_score", "judge_spread"])
def test_a_range_has_its_ends_and_leaves_out_what_has_no_number(database: Database, measure: str) -> None:
    dataset_id = fill(database, {}, {}, {}, {})
    set_columns(
        database, dataset_id, {n: {measure: score, "review_revision": 1} for n, score in enumerate((6.5, 7.0, 7.5))}
    )

    def within(**bounds: float) -> list[int]:
        return found(database, dataset_id, ranges={measure: Range(**bounds)})

    assert within(least=7) == [1, 2]
    assert within(most=7) == [0, 1]
    assert within(below=7) == [0]
    assert within(least=7, below=7.5) == [1]
    assert within() == [0, 1, 2]


def test_sizes_are_ranges_too_and_narrow_with_others(database: Database) -> None:
    dataset_id = fill(database, {}, {}, {})
    sizes = [e.characters for e in database.get_dataset_examples(dataset_id)]
    longer = Range(least=sizes[1])
    assert found(database, dataset_id, ranges={"characters": longer}) == [1, 2]
    assert found(database, dataset_id, ranges={"characters": longer, "turns": Range(below=2)}) == []
    assert found(database, dataset_id, ranges={"characters": Range(least=sizes[1], below=sizes[2])}) == [1]


def test_a_number_that_there_is_not_is_refused_with_those_that_there_are(database: Database) -> None:
    with pytest.raises(ConfigError, match="person_score"):
        database.count_examples(fill(database), ExampleFilter(ranges={"height": Range(least=1)}))


def test_a_criterion_is_that_of_the_latest_judgement_of_the_present_text(database: Database) -> None:
    made = make_dataset(database)
    database.add_examples(made.id, [NewExample(n, chat(str(n)), {}) for n in range(5)])
    early, late = (make_job(database, made).id for _ in range(2))
    ids = [e.id for e in database.get_dataset_examples(made.id)]
    judge(database, ids[0], {"alignment": 2}, job_id=early)
    judge(database, ids[0], {"alignment": 8}, job_id=late)
    judge(database, ids[1], {"alignment": 6}, job_id=late, run=1)
    judge(database, ids[1], {"alignment": 9}, job_id=late, run=2)
    judge(database, ids[1], None, job_id=late, run=3)
    judge(database, ids[2], {"alignment": 8}, job_id=late)
    database.update_example(ids[2], chat("new"), seen_revision=1, author="ann")
    judge(database, ids[3], {"alignment": 8}, job_id=late, is_candidate=True)
    judge(database, ids[4], {"alignment": 1}, job_id=None)

    def scored(**bounds: float) -> list[int]:
        return found(database, made.id, criteria={"alignment": Range(**bounds)})

    assert scored(least=0) == [0, 1, 4]
    assert scored(least=7.5, most=7.5) == [1], "the mean of its runs"
    assert scored(least=8) == [0]
    assert scored(most=1) == [4]
    assert found(database, made.id, criteria={"formatting": Range(least=0)}) == []


def test_a_score_that_is_no_number_is_no_score(database: Database) -> None:
    dataset_id = fill(database, {})
    (example,) = database.get_dataset_examples(dataset_id)
    said: Any = {"alignment": "NaN", "formatting": None, "content_quality": 3}
    judge(database, example.id, {"content_quality": 3})
    judge(database, example.id, None)
    set_scores(database, said)
    assert found(database, dataset_id, criteria={"alignment": Range()}) == []
    assert found(database, dataset_id, criteria={"formatting": Range()}) == []
    assert found(database, dataset_id, criteria={"content_quality": Range()}) == [0]


def set_scores(database: Database, scores: dict[str, Any]) -> None:
    """As if an older version had let them in."""
    with database.engine.begin() as connection:
        connection.execute(judgements.update().where(judgements.c.state == "scored").values(scores=scores))


def test_a_judge_has_failed_where_nothing_came_of_it(database: Database) -> None:
    dataset_id = fill(database, {}, {}, {}, {})
    ids = [e.id for e in database.get_dataset_examples(dataset_id)]
    judge(database, ids[0], None)
    judge(database, ids[1], None)
    set_columns(database, dataset_id, {1: {"quality_score": 4.0}})
    judge(database, ids[2], None, is_candidate=True)
    assert found(database, dataset_id, judgement="failed") == [0]


def test_a_fact_is_found_by_its_value_and_its_absence_by_none(database: Database) -> None:
    dataset_id = fill(database, {"model": "a", "seed": 7}, {"model": "A"}, {"model": None}, {"model": ""}, {"m": 1})
    assert found(database, dataset_id, facts={"model": "a"}) == [0]
    assert found(database, dataset_id, facts={"seed": "7"}) == [0]
    assert found(database, dataset_id, facts={"model": ""}) == [2, 3, 4]
    assert found(database, dataset_id, facts={"model": "A", "seed": ""}) == [1]


def test_flags_are_narrowed_by_their_severity(database: Database) -> None:
    made = make_dataset(database)
    info, error = (NewFlag("pii", severity, "m") for severity in (Severity.INFO, Severity.ERROR))
    other = NewFlag("refusal", Severity.ERROR, "m")
    flags = [(info,), (error,), (other, info), ()]
    database.add_examples(made.id, [NewExample(n, chat(str(n)), {}, flags=given) for n, given in enumerate(flags)])
    assert found(database, made.id, flags="pii", severity=Severity.ERROR) == [1]
    assert found(database, made.id, flags="any", severity=Severity.ERROR) == [1, 2]
    assert found(database, made.id, flags="any", severity=Severity.WARNING) == []
