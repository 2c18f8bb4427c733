"""Scores and judgements on examples, as the jobs that give them leave them behind."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from synthgen_core.database import Database
from synthgen_core.database.datasets import now
from synthgen_core.database.tables import examples, judgements


def set_columns(database: Database, dataset_id: int, values: Mapping[int, Mapping[str, Any]]) -> None:
    """Index of an example -> columns that it gets."""
    with database.engine.begin() as connection:
        for index, columns in values.items():
            where = (examples.c.dataset_id == dataset_id, examples.c.example_index == index)
            connection.execute(sa.update(examples).where(*where).values(**columns))


def judge(
    database: Database,
    example_id: int,
    scores: Mapping[str, float] | None,
    *,
    job_id: int | None = None,
    revision: int = 1,
    run: int = 1,
    is_candidate: bool = False,
) -> None:
    """Write down what a judge said; None: nothing that is worth anything."""
    row = {
        "example_id": example_id,
        "revision": revision,
        "job_id": job_id,
        "provider": "openai",
        "model": "judge",
        "rubric_hash": "0",
        "scores": None if scores is None else dict(scores),
        "overall": None if scores is None else sum(scores.values()) / len(scores),
        "rationale": "",
        "reply": "",
        "state": "failed" if scores is None else "scored",
        "created_at": now(),
        "run": run,
        "is_candidate": is_candidate,
    }
    with database.engine.begin() as connection:
        connection.execute(sa.insert(judgements).values(row))
