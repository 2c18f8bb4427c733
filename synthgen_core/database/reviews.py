"""Reviews: what people said of examples."""

from collections.abc import Sequence

import sqlalchemy as sa

from synthgen_core.database.engine import Connection
from synthgen_core.database.examples import COLUMNS, to_example
from synthgen_core.database.tables import datasets, examples, reviews
from synthgen_core.models import Example, ExampleStatus

ACCEPT, REJECT = "accept", "reject"

_newer = reviews.alias("newer")
_is_overruled = sa.exists().where(
    _newer.c.example_id == reviews.c.example_id,
    _newer.c.revision == reviews.c.revision,
    _newer.c.id > reviews.c.id,
    _newer.c.verdict.in_((ACCEPT, REJECT)),
)
IS_APPROVED = sa.exists().where(
    reviews.c.example_id == examples.c.id,
    reviews.c.revision == examples.c.revision,
    reviews.c.verdict == ACCEPT,
    ~_is_overruled,
)
"""The latest verdict on what stands there now is "accept"; a skipped example keeps the verdict that it had."""


class ReviewRoom(Connection):
    """What can be done with rows of ``reviews``."""

    def get_approved(self, dataset_id: int) -> list[int]:
        """Ids of a dataset's active examples that a person approved as they are now, in ascending order."""
        query = sa.select(examples.c.id).where(
            examples.c.dataset_id == dataset_id, examples.c.status == ExampleStatus.ACTIVE, IS_APPROVED
        )
        with self._reading() as connection:
            return list(connection.execute(query.order_by(examples.c.id)).scalars())

    def count_approved(self, format_type: str) -> dict[int, int]:
        """Dataset id -> how many of its active examples are approved; those of this format that have any."""
        query = (
            sa.select(examples.c.dataset_id, sa.func.count())
            .join(datasets, datasets.c.id == examples.c.dataset_id)
            .where(datasets.c.format == format_type, datasets.c.deleted_at.is_(None))
            .where(examples.c.status == ExampleStatus.ACTIVE)
            .where(examples.c.id.in_(sa.select(reviews.c.example_id).where(reviews.c.verdict == ACCEPT)), IS_APPROVED)
            .group_by(examples.c.dataset_id)
        )
        with self._reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def get_examples_by_id(self, ids: Sequence[int]) -> list[Example]:
        """These examples, whatever their state, in the order of their ids; those that are gone are left out."""
        query = sa.select(*COLUMNS).where(examples.c.id.in_(ids)).order_by(examples.c.id)
        with self._reading() as connection:
            return [to_example(row) for row in connection.execute(query)]
