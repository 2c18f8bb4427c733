"""What rules say of a dataset's examples: read in batches, written with each batch, and summed up."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from synthgen_core.database.datasets import now
from synthgen_core.database.engine import Connection
from synthgen_core.database.examples import add_to_count
from synthgen_core.database.filters import HAS_FLAGS
from synthgen_core.database.flags import NewFlag, count_flags_of, flag_row, is_of_present_text
from synthgen_core.database.jobs import Progress, add_progress
from synthgen_core.database.tables import examples, flags, jobs
from synthgen_core.errors import ConfigError
from synthgen_core.models import ExampleStatus, Job, JsonObject

SOURCE = "rules"
BATCH = 500
"""Examples that are read, and written, at a time."""
RANKS: Mapping[str, sa.ColumnElement[float]] = {
    "verdict": sa.case((examples.c.verdict == "accept", 2), (examples.c.verdict == "reject", 0), else_=1),
    "score": sa.func.coalesce(examples.c.person_score, examples.c.quality_score, sa.literal_column("-1")),
    "longer": examples.c.characters,
}
"""What makes one example better than another; the higher the better. Of scores, a person's comes before a judge's."""
IS_CHECKED = examples.c.rules_revision >= examples.c.content_revision


@dataclass(frozen=True, slots=True)
class Checkable:
    """An example as the rules read it."""

    id: int
    revision: int
    content: JsonObject
    metadata: JsonObject
    is_checked: bool
    """All rules have read its present text before."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in an example."""

    example_id: int
    revision: int
    """The one that was read."""
    flags: tuple[NewFlag, ...]
    score: float | None
    """0-10; None: not all rules have read it, and its score stays as it is."""


@dataclass(frozen=True, slots=True)
class RulesSummary:
    """What the rules say of the active examples of a dataset."""

    active: int
    checked: int
    """Those whose present text all rules have read; the scores are theirs."""
    mean_score: float | None
    scores: Mapping[float, int] = field(default_factory=dict)
    """Score -> examples, ascending."""
    flags: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Rule -> severity -> examples that it flags so."""


def check_ranks(by: Sequence[str]) -> None:
    """Raises ConfigError for a rank that is unknown."""
    if unknown := [name for name in by if name not in RANKS]:
        raise ConfigError(f"Examples cannot be ranked by “{unknown[0]}”.", f"Known: {', '.join(RANKS)}.")


class CheckRoom(Connection):
    """What can be read, and written, of rules."""

    def rank_examples(self, dataset_id: int, by: Sequence[str]) -> "array[int]":
        """The ids of a dataset's active examples, the best first by these of ``RANKS``, of equals the oldest.

        Raises ConfigError for a rank that is unknown.
        """
        check_ranks(by)
        order = [RANKS[name].desc() for name in by]
        query = sa.select(examples.c.id).where(*_active(dataset_id)).order_by(*order, examples.c.id)
        with self._reading() as connection:
            return array("q", connection.execute(query).scalars())

    def read_in_order(self, example_ids: Sequence[int]) -> Iterator[Checkable]:
        """These examples in this order; what is gone meanwhile is an example without content."""
        for start in range(0, len(example_ids), BATCH):
            some = example_ids[start : start + BATCH]
            with self._reading() as connection:
                found = {row.id: row for row in connection.execute(SELECT.where(examples.c.id.in_(some)))}
            yield from (
                Checkable(*found[each]) if each in found else Checkable(each, 0, {}, {}, False) for each in some
            )

    def get_checkable(self, dataset_id: int, after: int) -> list[Checkable]:
        """The next active examples of a dataset by id; none: that were all."""
        query = SELECT.where(*_active(dataset_id), examples.c.id > after).order_by(examples.c.id).limit(BATCH)
        with self._reading() as connection:
            return [Checkable(*row) for row in connection.execute(query)]

    def record_checks(
        self, job: Job, found: Sequence[Checked], rules: Sequence[str], counters: JsonObject, seconds: float
    ) -> None:
        """Write down what these rules found in examples instead of what they found before, and the job's progress.

        Where a text was changed since it was read, nothing is written. All or nothing. Raises NotFoundError if the
        dataset was deleted.
        """
        assert job.dataset_id is not None
        at = now()
        with self._writing(is_synced=False) as connection:
            add_to_count(connection, job.dataset_id, 0, at)
            texts = sa.select(examples.c.id, examples.c.content_revision)
            rows_of_them = connection.execute(texts.where(examples.c.id.in_(_ids(found))))
            since = {row.id: row.content_revision for row in rows_of_them}
            kept = [each for each in found if since.get(each.example_id, each.revision + 1) <= each.revision]
            mine = (flags.c.source == SOURCE, flags.c.rule.in_(rules))
            connection.execute(sa.delete(flags).where(flags.c.example_id.in_(_ids(kept)), *mine))
            if rows := [flag_row(each.example_id, each.revision, flag, at) for each in kept for flag in each.flags]:
                connection.execute(sa.insert(flags), rows)
            count_flags_of(connection, _ids(kept))
            scored = [
                {"this": each.example_id, "rule_score": each.score, "rules_revision": each.revision}
                for each in kept
                if each.score is not None
            ]
            if scored:
                connection.execute(sa.update(examples).where(examples.c.id == sa.bindparam("this")), scored)
            add_progress(connection, job.id, Progress(done=len(found), seconds=seconds), at)
            connection.execute(sa.update(jobs).where(jobs.c.id == job.id).values(counters=counters))

    def get_counters(self, job_id: int) -> JsonObject:
        """What a job keeps beside the counts that every job has."""
        with self._reading() as connection:
            found: JsonObject = connection.execute(sa.select(jobs.c.counters).where(jobs.c.id == job_id)).scalar_one()
        return found

    def summarise_rules(self, dataset_id: int) -> RulesSummary:
        """What the rules say of the active examples of a dataset."""
        score, count = examples.c.rule_score, sa.func.count()
        of_scores = sa.select(score, count).where(*_active(dataset_id), score.is_not(None)).group_by(score)
        of_flags = (
            sa.select(flags.c.rule, flags.c.severity, sa.func.count(sa.distinct(flags.c.example_id)))
            .join(examples, examples.c.id == flags.c.example_id)
            .where(*_active(dataset_id), HAS_FLAGS, flags.c.source == SOURCE, is_of_present_text(flags))
            .group_by(flags.c.rule, flags.c.severity)
            .order_by(flags.c.rule, flags.c.severity)
        )
        with self._reading() as connection:
            active = connection.execute(sa.select(count).where(*_active(dataset_id))).scalar_one()
            scores = {row[0]: row[1] for row in connection.execute(of_scores.order_by(score))}
            by_rule: dict[str, dict[str, int]] = {}
            for rule, severity, examples_of_it in connection.execute(of_flags):
                by_rule.setdefault(rule, {})[severity] = examples_of_it
        checked = sum(scores.values())
        mean = sum(each * times for each, times in scores.items()) / checked if checked else None
        return RulesSummary(active, checked, mean, scores, by_rule)


SELECT = sa.select(
    examples.c.id, examples.c.revision, examples.c.content, examples.c.metadata, IS_CHECKED.label("is_checked")
)


def _active(dataset_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return examples.c.dataset_id == dataset_id, examples.c.status == ExampleStatus.ACTIVE


def _ids(found: Sequence[Checked]) -> list[int]:
    return [each.example_id for each in found]
