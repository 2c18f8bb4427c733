"""A measure is kept with the state that it is of, one of each name."""

import pytest

from synthgen_core.database import Database
from synthgen_core.errors import DatabaseError
from tests.core.database.support import make_dataset, news


def test_the_newest_measure_takes_the_place_of_the_older_one(database: Database) -> None:
    made = make_dataset(database)
    assert database.get_measure(made.id, "charts") is None
    first = database.put_measure(made.id, "charts", made.updated_at, 3, {"a": [1, None]})
    database.put_measure(made.id, "diversity", made.updated_at, 3, {})
    assert database.get_measure(made.id, "charts") == first
    second = database.put_measure(made.id, "charts", made.updated_at, 4, {"a": []})
    assert database.get_measure(made.id, "charts") == second != first


def test_a_measure_tells_when_the_dataset_has_changed_since(database: Database) -> None:
    made = make_dataset(database)
    database.put_measure(made.id, "charts", made.updated_at, 0, {})
    kept = database.get_measure(made.id, "charts")
    assert kept is not None
    assert kept.of_state == database.get_dataset(made.id).updated_at
    database.add_examples(made.id, news(1))
    assert kept.of_state != database.get_dataset(made.id).updated_at


def test_a_dataset_that_is_gone_takes_its_measures_along(database: Database) -> None:
    made = make_dataset(database)
    database.put_measure(made.id, "charts", made.updated_at, 0, {})
    database.delete_dataset(made.id)
    database.purge_dataset(made.id)
    assert database.get_measure(made.id, "charts") is None
    with pytest.raises(DatabaseError):
        database.put_measure(made.id, "charts", made.updated_at, 0, {})
