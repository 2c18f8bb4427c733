"""Examples that are chosen to be reviewed: candidates for the most useful ones, and choices that were made, kept.

Candidates are looked for where the reasons are, each through its index and up to a number, so that it takes the same
time at any size but for exact repeats, which take one pass over an index.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from synthgen_core.database.datasets import now
from synthgen_core.database.engine import Connection
from synthgen_core.database.exports import pack_ids, unpack_ids
from synthgen_core.database.filters import HAS_FLAGS
from synthgen_core.database.review_tables import review_samples
from synthgen_core.database.reviews import reviews_of
from synthgen_core.database.revisions import BATCH
from synthgen_core.database.tables import datasets, examples
from synthgen_core.errors import NotFoundError
from synthgen_core.models import ExampleStatus, JsonObject
from synthgen_core.queues import Candidate
from synthgen_core.reviewing import Choice, Purpose, Review
from synthgen_core.sampling import draw

OF_EACH_KIND = 300
"""Candidates that are looked for with each reason."""
TYPICAL = 2000
"""Examples that are drawn by chance, to know which values are rare."""
SPARSE = 20
"""So many indexes for one active example, and drawing indexes by chance takes longer than reading all examples."""
COLUMNS_OF_A_CHOICE = [column for column in review_samples.c if column.name not in ("selection", "reasons")]


def to_choice(row: Any) -> Choice:
    """A row of ``review_samples``, without what was chosen, as a value."""
    values = dict(row._mapping)
    return Choice(**values | {"purpose": Purpose(values["purpose"])})


class ReviewChoiceRoom(Connection):
    """Choices of examples, and what they are made from."""

    def add_choice(
        self,
        dataset_id: int,
        purpose: Purpose,
        example_ids: Sequence[int],
        *,
        seed: int,
        population: int,
        reasons: Mapping[int, str] | None = None,
    ) -> Choice:
        """Keep a choice of examples, in this order."""
        values = {
            "dataset_id": dataset_id,
            "purpose": purpose,
            "seed": seed,
            "size": len(example_ids),
            "population": population,
            "selection": pack_ids(example_ids),
            "reasons": None if reasons is None else {str(key): text for key, text in reasons.items()},
            "created_at": now(),
        }
        with self._writing() as connection:
            made = connection.execute(sa.insert(review_samples).values(values).returning(*COLUMNS_OF_A_CHOICE))
            return to_choice(made.one())

    def get_choices(self, dataset_id: int) -> list[Choice]:
        """The choices that were made of a dataset's examples, the newest first."""
        query = sa.select(*COLUMNS_OF_A_CHOICE).where(review_samples.c.dataset_id == dataset_id)
        with self._reading() as connection:
            return [to_choice(row) for row in connection.execute(query.order_by(review_samples.c.id.desc()))]

    def get_choice(self, choice_id: int) -> tuple[Choice, Sequence[int], dict[int, str]]:
        """A choice, its examples in order, and why each was chosen. Raises NotFoundError."""
        query = sa.select(review_samples).where(review_samples.c.id == choice_id)
        with self._reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFoundError(f"There is no choice {choice_id} of examples.", "Choose anew.")
        values = dict(row._mapping)
        ids, reasons = unpack_ids(values.pop("selection")), values.pop("reasons") or {}
        choice = Choice(**values | {"purpose": Purpose(values["purpose"])})
        return choice, ids, {int(key): text for key, text in reasons.items()}

    def draw_active(self, dataset_id: int, size: int, seed: int) -> list[int]:
        """Ids of active examples drawn by chance, each as likely as the others; the same ones from the same state."""
        with self._reading() as connection:
            return _draw_active(connection, dataset_id, size, seed)

    def get_candidates(self, dataset_id: int, threshold: float) -> list[Candidate]:
        """Examples that nobody reviewed yet and that may be worth it, and some by chance."""
        score, spread = examples.c.quality_score, examples.c.judge_spread
        active = (examples.c.dataset_id == dataset_id, examples.c.status == ExampleStatus.ACTIVE)
        # Written so that no index of verdicts is taken for it: nearly all have none, and would have to be sorted.
        is_unseen = sa.func.coalesce(examples.c.verdict, "") == ""
        unseen = sa.select(examples.c.id).where(*active, is_unseen).limit(OF_EACH_KIND)
        with self._reading() as connection:
            repeated = _repeated(connection, dataset_id)
            typical = _draw_active(connection, dataset_id, TYPICAL, seed=dataset_id)
            found = set(typical)
            queries = [
                unseen.where(score >= threshold).order_by(score, examples.c.example_index),
                unseen.where(score < threshold).order_by(score.desc(), examples.c.example_index.desc()),
                unseen.where(HAS_FLAGS).order_by(examples.c.flag_count.desc(), examples.c.example_index.desc()),
                unseen.where(spread.is_not(None)).order_by(spread.desc(), examples.c.example_index.desc()),
            ]
            if repeated:
                queries.append(unseen.where(examples.c.content_hash.in_(repeated)))
            for query in queries:
                found.update(connection.execute(query).scalars())
            columns = ("id", "example_index", "quality_score", "judge_spread", "flag_count", "content_hash", "metadata")
            ids = sorted(found)
            rows: list[sa.Row[Any]] = []
            for start in range(0, len(ids), BATCH):
                query = sa.select(*(examples.c[name] for name in columns)).where(
                    examples.c.id.in_(ids[start : start + BATCH]), examples.c.verdict.is_(None)
                )
                rows += connection.execute(query).all()
        again, by_chance = set(repeated), set(typical)
        return [
            Candidate(
                row.id,
                row.example_index,
                row.quality_score,
                row.judge_spread,
                row.flag_count,
                _parameters(row.metadata),
                row.content_hash in again,
                row.id in by_chance,
            )
            for row in rows
        ]

    def get_reviews_of(self, dataset_id: int) -> list[tuple[int, list[Review]]]:
        """(revision that wrote its text, all that was said of it) of each active example of which something was."""
        columns = (examples.c.id, examples.c.content_revision)
        query = sa.select(*columns).where(
            examples.c.dataset_id == dataset_id,
            examples.c.status == ExampleStatus.ACTIVE,
            examples.c.verdict.is_not(None),
        )
        with self._reading() as connection:
            texts = {row[0]: row[1] for row in connection.execute(query)}
            ids = list(texts)
            said: dict[int, list[Review]] = {}
            for start in range(0, len(ids), BATCH):
                said |= reviews_of(connection, ids[start : start + BATCH])
        return [(texts[example_id], reviews) for example_id, reviews in said.items()]

    def count_verdicts(self, dataset_id: int) -> dict[tuple[str, bool], int]:
        """(verdict, whether it is of an older text) -> active examples with it; those with none are not counted."""
        is_stale = examples.c.review_revision < examples.c.content_revision
        query = (
            sa.select(examples.c.verdict, is_stale, sa.func.count())
            .where(examples.c.dataset_id == dataset_id, examples.c.status == ExampleStatus.ACTIVE)
            .where(examples.c.verdict.is_not(None))
            .group_by(examples.c.verdict, is_stale)
        )
        with self._reading() as connection:
            return {(row[0], bool(row[1])): row[2] for row in connection.execute(query)}


def _repeated(connection: sa.Connection, dataset_id: int) -> list[str]:
    """Fingerprints that several examples of a dataset share."""
    query = (
        sa.select(examples.c.content_hash)
        .where(examples.c.dataset_id == dataset_id)
        .group_by(examples.c.content_hash)
        .having(sa.func.count() > 1)
        .limit(OF_EACH_KIND)
    )
    return list(connection.execute(query).scalars())


def _draw_active(connection: sa.Connection, dataset_id: int, size: int, seed: int) -> list[int]:
    """Ids of active examples drawn by chance, each as likely as the others; the same ones from the same state.

    Indexes are drawn, and those of active examples kept; where they are few among all, or most are wanted, all are
    read.
    """
    index = examples.c.example_index
    active = sa.select(examples.c.id).where(
        examples.c.dataset_id == dataset_id, examples.c.status == ExampleStatus.ACTIVE
    )
    last = sa.select(sa.func.max(index)).where(examples.c.dataset_id == dataset_id).scalar_subquery()
    sizes = sa.select(datasets.c.example_count, sa.func.coalesce(last, 0)).where(datasets.c.id == dataset_id)
    count, highest = connection.execute(sizes).one_or_none() or (0, 0)
    if size * 2 > count or highest > count * SPARSE:
        ids = connection.execute(active.order_by(index)).scalars().all()
        return [ids[number] for number in draw(len(ids), size, seed)]
    chance, drawn = random.Random(seed), set[int]()
    found: list[int] = []
    while len(found) < size:
        some = [number for number in (chance.randrange(highest + 1) for _ in range(BATCH)) if number not in drawn]
        drawn.update(some)
        rows = connection.execute(active.add_columns(index).where(index.in_(some)))
        by_index = {row[1]: row[0] for row in rows}
        found += [by_index[number] for number in dict.fromkeys(some) if number in by_index]
    return found[:size]


def _parameters(metadata: JsonObject) -> dict[str, str]:
    drawn = metadata.get("parameters")
    return {name: str(value) for name, value in drawn.items()} if isinstance(drawn, dict) else {}
