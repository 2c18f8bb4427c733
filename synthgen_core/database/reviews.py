"""Reviews: what people said of examples. Rows are only added; what they come to together stands beside the example."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from synthgen_core.database.datasets import IS_LIVE, now
from synthgen_core.database.engine import Connection
from synthgen_core.database.examples import COLUMNS, add_to_count, to_example
from synthgen_core.database.filters import is_reviewed
from synthgen_core.database.review_log import write_log
from synthgen_core.database.revisions import BATCH, conflict_of, new_batch_id, rows_of
from synthgen_core.database.tables import datasets, examples, reviews
from synthgen_core.errors import ConflictError
from synthgen_core.models import Example, ExampleFilter, ExampleStatus
from synthgen_core.reviewing import Actor, Deed, Done, Review, Verdict
from synthgen_core.standing import Standing, latest_of_each, standing_of

IS_APPROVED = sa.and_(is_reviewed(), examples.c.verdict == Verdict.ACCEPT)
"""What people said of the present text comes to "accept"."""
NAMES = tuple(field.name for field in fields(Review))
COLUMNS_OF_A_REVIEW = [reviews.c[name] for name in NAMES]
SAID_OF_MANY = tuple(name for name in NAMES if name not in ("id", "example_id"))
"""What can be the same for many examples: a bulk change is written by one statement, not row by row."""
SAME = attrgetter(*SAID_OF_MANY)

States = tuple[Verdict, float | None, str]
"""Verdict, score and comment."""


def _states(review: Review | None) -> States:
    """What somebody states with a review, or without one."""
    return (review.verdict, review.score, review.comment) if review else (Verdict.WITHDRAWN, None, "")


@dataclass(frozen=True, slots=True)
class Saying:
    """What somebody says of examples: a verdict, or a score."""

    verdict: Verdict | None = None
    """None: the one that they gave before."""
    score: float | None = None
    has_score: bool = False
    """``score`` is said, if only to take it back; else it stays as it was."""
    comment: str = ""
    is_adjudication: bool = False

    def after(self, before: Review | None, content_revision: int) -> States | None:
        """Verdict, score and comment that stand then; None: nothing changes.

        What they said of an older text does not go on to a new one. To skip takes back no decision.
        """
        said = before if before and before.revision >= content_revision else None
        if self.verdict is Verdict.SKIP and said and said.verdict.is_decision:
            return None
        verdict = self.verdict or (said.verdict if said else Verdict.WITHDRAWN)
        score = self.score if self.has_score else said.score if said else None
        comment = self.comment or (said.comment if said and self.verdict is None else "")
        was = said or (before if verdict is Verdict.WITHDRAWN else None)
        return None if _states(was) == (verdict, score, comment) else (verdict, score, comment)


def to_review(row: Any) -> Review:
    """A row of ``COLUMNS_OF_A_REVIEW`` as a value."""
    number, example_id, revision, reviewer, verdict, *others = row
    return Review(number, example_id, revision, reviewer, Verdict(verdict), *others)


def reviews_of(connection: sa.Connection, example_ids: Sequence[int]) -> defaultdict[int, list[Review]]:
    """Example -> all that was said of it, in order; nothing, of others."""
    query = sa.select(*COLUMNS_OF_A_REVIEW).where(reviews.c.example_id.in_(example_ids)).order_by(reviews.c.id)
    found: defaultdict[int, list[Review]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.example_id].append(to_review(row))
    return found


def settle(connection: sa.Connection, said: Mapping[int, Sequence[Review]]) -> None:
    """Bring what stands beside some thousand examples at most up to date; ``said``: all their reviews, in order."""
    query = sa.select(examples.c.id, examples.c.content_revision).where(examples.c.id.in_(list(said)))
    texts = {row.id: row.content_revision for row in connection.execute(query)}
    alike: dict[Standing, list[int]] = defaultdict(list)
    for example_id, content_revision in texts.items():
        alike[standing_of(said[example_id], content_revision)].append(example_id)
    for standing, ids in alike.items():
        values = {
            "verdict": standing.verdict,
            "person_score": standing.score,
            "review_count": standing.people,
            "review_revision": standing.revision,
            "reviewer": standing.reviewer,
            "reviewed_at": standing.at,
        }
        connection.execute(sa.update(examples).where(examples.c.id.in_(ids)).values(values))


def revert_reviews(
    connection: sa.Connection, dataset_id: int, batch_id: str, new_batch: str, at: datetime
) -> tuple[list[int], list[int]]:
    """Let people say again what they said before a batch; (examples changed, those of which they said more since)."""
    changed: list[int] = []
    skipped: list[int] = []
    add_to_count(connection, dataset_id, 0, at)
    query = sa.select(reviews.c.example_id).where(reviews.c.batch_id == batch_id).order_by(reviews.c.example_id)
    all_ids = connection.execute(query.distinct()).scalars().all()
    for start in range(0, len(all_ids), BATCH):
        there = reviews_of(connection, all_ids[start : start + BATCH])
        new: list[Review] = []
        for example_id, said in there.items():
            for review in [each for each in said if each.batch_id == batch_id]:
                own = [r for r in said if (r.reviewer, r.is_adjudication) == (review.reviewer, review.is_adjudication)]
                if _states(own[-1]) != _states(review):
                    skipped.append(example_id)
                    continue
                before = next((r for r in reversed(own) if r.id < review.id), None)
                revision = before.revision if before else review.revision
                person, is_adjudication = review.reviewer, review.is_adjudication
                new.append(Review(0, example_id, revision, person, *_states(before), at, new_batch, is_adjudication))
        changed += _add(connection, there, new)
    return changed, skipped


def _add(connection: sa.Connection, said: Mapping[int, list[Review]], new: Sequence[Review]) -> list[int]:
    """Write these reviews down, one of an example, as the last ones after what was said; the ids of the examples."""
    alike: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for review in new:
        alike[SAME(review)].append(review.example_id)
        said[review.example_id].append(review)
    for values, ids in alike.items():
        same = [sa.literal(value, reviews.c[name].type) for name, value in zip(SAID_OF_MANY, values, strict=True)]
        each = sa.select(examples.c.id, *same).where(examples.c.id.in_(ids)).order_by(examples.c.id)
        connection.execute(sa.insert(reviews).from_select(["example_id", *SAID_OF_MANY], each))
    if new:
        settle(connection, {review.example_id: said[review.example_id] for review in new})
    return [review.example_id for review in new]


class ReviewRoom(Connection):
    """What can be done with rows of ``reviews``."""

    def say(
        self,
        dataset_id: int,
        which: Sequence[int] | ExampleFilter,
        saying: Saying,
        actor: Actor,
        *,
        seen: Mapping[int, int] | None = None,
    ) -> Done:
        """Write down what somebody says of the examples with these ids, or of all that match; all or none.

        ``seen``: example -> the revision that they had before them. Where the text changed since, a single example is
        refused, and one of several is left alone and listed.

        Raises:
            NotFoundError: there is no such dataset.
            ConflictError: the text of the one example changed; with both texts.
        """
        seen, at, batch_id = seen or {}, now(), new_batch_id()
        kind = Deed.SCORE if saying.verdict is None else Deed.VERDICT
        changed: list[int] = []
        skipped: list[int] = []
        with self._writing() as connection:
            add_to_count(connection, dataset_id, 0, at)
            query = sa.select(examples.c.id, examples.c.revision, examples.c.content_revision).where(
                examples.c.dataset_id == dataset_id
            )
            for rows in rows_of(connection, query, which):
                stale = [row.id for row in rows if row.content_revision > seen.get(row.id, row.revision)]
                if stale and not isinstance(which, ExampleFilter) and len(which) == 1:
                    raise _refused(connection, stale[0], seen[stale[0]])
                skipped += stale
                fresh = [row for row in rows if row.id not in set(stale)]
                changed += _say(connection, fresh, saying, actor.name, seen, batch_id, at)
            write_log(connection, dataset_id, actor, kind, batch_id, changed, at)
        one = changed[0] if len(changed) == 1 else None
        return Done(dataset_id, kind, batch_id, len(changed), tuple(skipped), one)

    def get_reviews(self, example_ids: Sequence[int]) -> dict[int, list[Review]]:
        """Example -> all that was said of it, in order; those of which nothing was said are left out."""
        with self._reading() as connection:
            return {
                example_id: said
                for start in range(0, len(example_ids), BATCH)
                for example_id, said in reviews_of(connection, example_ids[start : start + BATCH]).items()
            }

    def get_approved(self, dataset_id: int) -> list[int]:
        """Ids of a dataset's active examples that people approved as they are now, in ascending order."""
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
            .where(datasets.c.format == format_type, IS_LIVE)
            .where(examples.c.status == ExampleStatus.ACTIVE, IS_APPROVED)
            .group_by(examples.c.dataset_id)
        )
        with self._reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def get_examples_by_id(self, ids: Sequence[int]) -> list[Example]:
        """These examples, whatever their state, in the order of their ids; those that are gone are left out."""
        query = sa.select(*COLUMNS).where(examples.c.id.in_(ids)).order_by(examples.c.id)
        with self._reading() as connection:
            return [to_example(row) for row in connection.execute(query)]


def _say(
    connection: sa.Connection,
    rows: Sequence[sa.Row[Any]],
    saying: Saying,
    reviewer: str,
    seen: Mapping[int, int],
    batch_id: str,
    at: datetime,
) -> list[int]:
    """Write down what somebody says of these examples; the ids of those of which they said something else before."""
    said = reviews_of(connection, [row.id for row in rows])
    new: list[Review] = []
    for row in rows:
        own = latest_of_each(said[row.id], is_adjudication=saying.is_adjudication).get(reviewer)
        if states := saying.after(own, row.content_revision):
            revision = seen.get(row.id, row.revision)
            new.append(Review(0, row.id, revision, reviewer, *states, at, batch_id, saying.is_adjudication))
    return _add(connection, said, new)


def _refused(connection: sa.Connection, example_id: int, seen_revision: int) -> ConflictError:
    conflict = conflict_of(connection, example_id, seen_revision)
    return ConflictError(
        f"Somebody changed the text of example {example_id} while you read it.",
        "Read it as it is now, and decide again.",
        conflict=conflict,
    )
