"""Rubrics that users saved: each version stays as it was, because judgements name it by its hash."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from synthgen_core.database.datasets import now
from synthgen_core.database.engine import Connection
from synthgen_core.database.quality_tables import rubrics
from synthgen_core.judging import Rubric
from synthgen_core.judging.rubric import make_rubric


@dataclass(frozen=True, slots=True)
class KeptRubric:
    """A version of a rubric, under its name."""

    name: str
    version: int
    """From 1; 0 is what comes with the app."""
    rubric: Rubric
    author: str = ""
    created_at: datetime | None = None
    """None: it comes with the app."""

    @property
    def hash(self) -> str:
        """The rubric's."""
        return self.rubric.hash

    @property
    def title(self) -> str:
        """Name and version, in words."""
        return f"{self.name}, version {self.version}" if self.version else self.name


class RubricRoom(Connection):
    """What can be done with rows of ``rubrics``."""

    def add_rubric(self, name: str, rubric: Rubric, author: str) -> KeptRubric:
        """The next version under this name; or, where the same rubric is there under any name, that one."""
        found = sa.select(rubrics).where(rubrics.c.hash == rubric.hash)
        newest = sa.select(sa.func.coalesce(sa.func.max(rubrics.c.version), 0)).where(rubrics.c.name == name)
        with self._writing() as connection:
            if row := connection.execute(found).one_or_none():
                return _to_rubric(row)
            values = {
                "hash": rubric.hash,
                "name": name,
                "version": connection.execute(newest).scalar_one() + 1,
                "content": rubric.to_json(),
                "author": author,
                "created_at": now(),
            }
            return _to_rubric(connection.execute(sa.insert(rubrics).values(values).returning(rubrics)).one())

    def list_rubrics(self) -> Sequence[KeptRubric]:
        """All of them: by name, and the newest version of each first."""
        query = sa.select(rubrics).order_by(rubrics.c.name, rubrics.c.version.desc())
        with self._reading() as connection:
            return [_to_rubric(row) for row in connection.execute(query)]


def _to_rubric(row: Any) -> KeptRubric:
    rubric = make_rubric(row.content["criteria"], row.content["notes"])
    return KeptRubric(row.name, row.version, rubric, row.author, row.created_at)
