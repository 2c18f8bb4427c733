"""Reviews as people leave them, for tests of what rests on them."""

from collections.abc import Iterable

import sqlalchemy as sa

from synthgen_core.database import Database
from synthgen_core.database.datasets import now
from synthgen_core.database.tables import reviews


def review(database: Database, example_ids: Iterable[int], verdict: str = "accept", *, revision: int = 1) -> None:
    """Somebody's verdict on these examples."""
    written = {"revision": revision, "reviewer": "Ada", "verdict": verdict, "comment": "", "created_at": now()}
    with database.engine.begin() as connection:
        connection.execute(sa.insert(reviews), [{"example_id": number, **written} for number in example_ids])
