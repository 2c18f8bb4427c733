"""Reviews as people leave them, for tests of what rests on them."""

from collections.abc import Iterable

from synthgen_core.database import Database, Saying
from synthgen_core.reviewing import Actor, Verdict


def review(database: Database, example_ids: Iterable[int], verdict: str = "accept", reviewer: str = "Ada") -> None:
    """Somebody's verdict on these examples, as they are now."""
    examples = database.get_examples_by_id(list(example_ids))
    for dataset_id in {example.dataset_id for example in examples}:
        ids = [example.id for example in examples if example.dataset_id == dataset_id]
        database.say(dataset_id, ids, Saying(Verdict(verdict)), Actor(reviewer))
