"""Reviews as people leave them, for tests of what rests on them."""

from collections.abc import Iterable

from synthgen_core.database import Database, Saying
from synthgen_core.reviewing import Actor, Verdict


def review(database: Database, example_ids: Iterable[int], verdict: str = "accept", reviewer: str = "Ada") -> None:
    """Somebody's verdict on these examples of one dataset, as they are now."""
    ids = list(example_ids)
    dataset_id = database.get_example(ids[0]).dataset_id
    database.say(dataset_id, ids, Saying(Verdict(verdict)), Actor(reviewer))
