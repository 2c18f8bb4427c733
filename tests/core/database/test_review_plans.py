"""A plan is kept with its sample, and what became of the sample's examples is counted whole."""

import pytest

from synthgen_core.database import Database, SampleCounts
from synthgen_core.errors import NotFoundError
from synthgen_core.models import ExampleStatus
from synthgen_core.reviewing import Actor, Aim, Purpose
from synthgen_core.statistics.sampling_plan import Interval
from tests.core.database.support import chat, make_dataset, news
from tests.support.reviews import review


def test_a_plan_comes_back_with_its_sample_the_newest_first(database: Database) -> None:
    made = make_dataset(database)
    sample = database.add_choice(made.id, Purpose.SAMPLE, [3, 1, 2], seed=9, population=40)
    first = database.add_plan(made.id, sample.id, Aim.ESTIMATE, 0.05, Interval.WILSON, "Ada")
    second = database.add_plan(made.id, sample.id, Aim.SHOW, 0.02, Interval.EXACT, "")
    assert database.get_plans(made.id) == [second, first]
    assert (first.size, first.population, first.seed, first.sample_id) == (3, 40, 9, sample.id)
    assert (first.aim, first.target, first.method, first.author) == (Aim.ESTIMATE, 0.05, Interval.WILSON, "Ada")
    assert database.get_plans(made.id + 1) == []


def test_every_example_of_a_sample_is_counted_once(database: Database) -> None:
    made = make_dataset(database)
    database.add_examples(made.id, news(12))
    ids = [each.id for each in database.get_dataset_examples(made.id)]
    database.update_example(ids[9], chat("before the draw"), seen_revision=1, author="Ada")
    review(database, ids[7:8], "reject")
    database.update_example(ids[7], chat("stale"), seen_revision=1, author="Ada")
    sample = database.add_choice(made.id, Purpose.SAMPLE, ids[:10], seed=1, population=12)
    review(database, ids[:3], "accept")
    review(database, ids[3:5], "reject")
    review(database, ids[4:5], "accept", "Ben")
    review(database, ids[5:6], "skip")
    review(database, ids[10:], "reject")
    database.update_example(ids[6], chat("mended"), seen_revision=1, author="Ada")
    database.set_status_in_review(made.id, ids[3:4], ExampleStatus.REMOVED, Actor("Ada"))
    found = database.count_sample(sample.id)
    assert found == SampleCounts(accepted=3, rejected=1, skipped=1, disputed=1, open=4, edited=1)
    with pytest.raises(NotFoundError, match="no choice"):
        database.count_sample(sample.id + 1)
