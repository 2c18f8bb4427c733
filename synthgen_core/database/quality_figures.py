"""What charts of quality show of a dataset, added up by the database: scores, groups, sizes, flags. All of it is over
active examples and their present texts; what is left out is counted beside it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from synthgen_core.database.engine import Connection
from synthgen_core.database.filters import (
    FAILED,
    PEOPLES_SCORE,
    SCORED,
    FactText,
    is_judge_failed,
    is_said_by_judge,
    raw,
)
from synthgen_core.database.flags import is_of_present_text
from synthgen_core.database.summaries import MOST_VALUES, PARAMETERS, REST, Distribution, distribution
from synthgen_core.database.tables import examples, flags, judgements
from synthgen_core.models import ExampleStatus, JsonObject
from synthgen_core.statistics.means import Sums
from synthgen_core.statistics.spreads import Spread, quartiles, spread_of

SCORES: Mapping[str, sa.ColumnElement[Any]] = {
    "quality_score": examples.c.quality_score,
    "rule_score": examples.c.rule_score,
    "person_score": PEOPLES_SCORE,
}
"""What a judge, the rules and people say of the present text, by column of examples."""
SIZES = ("characters", "turns")
FACTS = ("subdomain", "model", "language")
"""Keys of the metadata by which examples are told apart, beside their parameters."""
MOST_POINTS = 2000
"""Of a sample that is drawn point by point."""
SCATTERED, PRIME = 48_271, 2_147_483_647
"""A multiplier and its modulus (S. K. Park and K. W. Miller, 1988): neighbours come to lie far apart, the same ones
each time, on every database."""


@dataclass(frozen=True, slots=True)
class Group:
    """The examples that have one value of something."""

    n: int
    scores: Mapping[str, Sums]
    """By score; over those of them that have it."""


@dataclass(frozen=True, slots=True)
class Bin:
    """The scores of examples of about the same size."""

    first: int
    """Smallest size; the last bin has no largest one."""
    n: int
    lower: float
    median: float
    upper: float


@dataclass(frozen=True, slots=True)
class Point:
    """One example of the sample."""

    id: int
    characters: int
    turns: int
    score: float


@dataclass(frozen=True, slots=True)
class QualityFigures:
    """All that the charts show of a dataset."""

    active: int
    removed: int
    judge_failed: int
    """Active examples without a judge's score, although a judge was asked about their present text."""
    scores: Mapping[str, Spread]
    """By score, those of ``SCORES``."""
    criteria: Mapping[str, Spread]
    """Criterion -> its scores in the latest judgement of each example, the mean of its runs."""
    facts: Mapping[str, Mapping[str, Group]]
    """Those of ``FACTS`` -> value -> group, the largest first; "" has none, ``REST`` are all others."""
    parameters: Mapping[str, Mapping[str, Group]]
    """Name -> drawn value -> group, the largest first."""
    trends: Mapping[str, Mapping[str, tuple[Bin, ...]]]
    """Score -> size -> bins, ascending, without empty ones."""
    points: Mapping[str, tuple[Point, ...]]
    """Score -> at most ``MOST_POINTS`` examples that have it, the same ones each time."""
    flags: Mapping[str, Mapping[str, int]]
    """Rule -> severity -> examples that it flags so."""
    characters: Distribution
    turns: Distribution

    def to_json(self) -> JsonObject:
        """As it is kept."""
        return asdict(self)


def figures_from_json(kept: Mapping[str, Any]) -> QualityFigures:
    """What ``QualityFigures.to_json`` was made of."""
    read = dict(kept)
    for name in ("scores", "criteria"):
        read[name] = {key: _to_spread(value) for key, value in kept[name].items()}
    for name in ("facts", "parameters"):
        read[name] = {
            key: {value: _to_group(group) for value, group in groups.items()} for key, groups in kept[name].items()
        }
    read["trends"] = {
        score: {size: tuple(Bin(**each) for each in bins) for size, bins in by_size.items()}
        for score, by_size in kept["trends"].items()
    }
    read["points"] = {score: tuple(Point(**each) for each in some) for score, some in kept["points"].items()}
    for name in SIZES:
        read[name] = Distribution(**kept[name] | {"bars": tuple((bar[0], bar[1]) for bar in kept[name]["bars"])})
    return QualityFigures(**read)


def _to_spread(kept: Mapping[str, Any]) -> Spread:
    three = kept["quartiles"]
    return Spread(
        Sums(**kept["sums"]),
        kept["width"],
        tuple((bar[0], bar[1]) for bar in kept["bars"]),
        None if three is None else (three[0], three[1], three[2]),
    )


def _to_group(kept: Mapping[str, Any]) -> Group:
    return Group(kept["n"], {name: Sums(**sums) for name, sums in kept["scores"].items()})


class QualityFigureRoom(Connection):
    """Figures of quality. They take a minute or so in a million examples; ``measures`` is where they are kept."""

    def measure_quality(self, dataset_id: int, tick: Callable[[], None]) -> QualityFigures:
        """Add up, in one state of the dataset. ``tick`` is called between two queries, and may raise to end it."""

        def asked(found: Any) -> Any:
            tick()
            return found

        with self._reading() as connection:
            sizes = {size: asked(_sizes(connection, dataset_id, size)) for size in SIZES}
            statuses = asked(_statuses(connection, dataset_id))
            return QualityFigures(
                active=statuses.get(ExampleStatus.ACTIVE, 0),
                removed=statuses.get(ExampleStatus.REMOVED, 0),
                judge_failed=asked(_failed(connection, dataset_id)),
                scores={score: asked(_spread(connection, dataset_id, score)) for score in SCORES},
                criteria=asked(_criteria(connection, dataset_id)),
                facts={name: asked(_fact(connection, dataset_id, name)) for name in FACTS},
                parameters=asked(_parameters(connection, dataset_id)),
                trends={
                    score: {size: asked(_trend(connection, dataset_id, score, size, sizes[size])) for size in SIZES}
                    for score in SCORES
                },
                points={score: asked(_points(connection, dataset_id, score)) for score in SCORES},
                flags=asked(_flags(connection, dataset_id)),
                **sizes,
            )


def _active(dataset_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return examples.c.dataset_id == dataset_id, examples.c.status == ExampleStatus.ACTIVE


def _scored(dataset_id: int, name: str) -> tuple[sa.ColumnElement[bool], ...]:
    """It has this score; asked of the column, too, which an index finds."""
    return (*_active(dataset_id), examples.c[name].is_not(None), SCORES[name].is_not(None))


def _statuses(connection: sa.Connection, dataset_id: int) -> dict[str, int]:
    query = sa.select(examples.c.status, sa.func.count()).where(examples.c.dataset_id == dataset_id)
    return {row[0]: row[1] for row in connection.execute(query.group_by(examples.c.status))}


def _sizes(connection: sa.Connection, dataset_id: int, name: str) -> Distribution:
    size = examples.c[name]
    query = sa.select(size, sa.func.count()).where(*_active(dataset_id)).group_by(size)
    return distribution({row[0]: row[1] for row in connection.execute(query)})


def _failed(connection: sa.Connection, dataset_id: int) -> int:
    judged = sa.select(judgements.c.example_id).where(judgements.c.state == FAILED)  # few: asked first
    query = sa.select(sa.func.count()).where(*_active(dataset_id), examples.c.id.in_(judged), is_judge_failed())
    return connection.execute(query).scalar_one()


def _spread(connection: sa.Connection, dataset_id: int, name: str) -> Spread:
    score = examples.c[name]
    query = sa.select(score, sa.func.count()).where(*_scored(dataset_id, name)).group_by(score)
    return spread_of({row[0]: row[1] for row in connection.execute(query)})


EACH_SCORE = {
    "sqlite": """
SELECT said.example_id, each.key AS name, CAST(each.atom AS REAL) AS score
FROM said, json_each(said.scores) AS each WHERE each.type IN ('integer', 'real')""",
    "postgresql": """
SELECT said.example_id, each.key AS name, CAST(CAST(each.value AS text) AS double precision) AS score
FROM said CROSS JOIN LATERAL json_each(CAST(said.scores AS json)) AS each
WHERE json_typeof(each.value) = 'number'""",
}


def _criteria(connection: sa.Connection, dataset_id: int) -> dict[str, Spread]:
    """As ``filters`` has it of one example: the runs of the latest job that scored the present text."""
    present = judgements.join(examples, is_said_by_judge())
    of_present = (*_active(dataset_id), judgements.c.state == SCORED)
    newest = (
        sa.select(sa.func.max(judgements.c.id).label("id"))
        .select_from(present)
        .where(*of_present)
        .group_by(judgements.c.example_id)
        .subquery()
    )
    last = judgements.alias("last")
    said = (
        sa.select(judgements.c.example_id, raw(judgements.c.scores).label("scores"))
        .select_from(present)
        .join(last, sa.and_(last.c.example_id == examples.c.id, last.c.id.in_(sa.select(newest.c.id))))
        .where(*of_present, judgements.c.job_id.is_not_distinct_from(last.c.job_id))
        .cte("said")
    )
    columns: list[sa.ColumnClause[Any]] = [sa.column("example_id"), sa.column("name"), sa.column("score")]
    each = sa.text(EACH_SCORE[connection.dialect.name]).columns(*columns).add_cte(said).cte("each_score")
    score = sa.func.avg(each.c.score)
    per_example = sa.select(each.c.name, score.label("score")).group_by(each.c.example_id, each.c.name).subquery()
    query = sa.select(per_example.c.name, per_example.c.score, sa.func.count()).group_by(
        per_example.c.name, per_example.c.score
    )
    counts: dict[str, dict[float, int]] = {}
    for name, value, count in connection.execute(query):
        counts.setdefault(name, {})[value] = count
    return {name: spread_of(of_it) for name, of_it in sorted(counts.items())}


def _columns_of_a_group() -> list[sa.ColumnElement[Any]]:
    found: list[sa.ColumnElement[Any]] = [sa.func.count()]
    for score in SCORES.values():
        found += [sa.func.count(score), sa.func.sum(score), sa.func.sum(score * score)]
    return found


def _group(numbers: Iterable[Any]) -> Group:
    n, *sums = (number or 0 for number in numbers)
    return Group(n, {name: Sums(*sums[3 * k : 3 * k + 3]) for k, name in enumerate(SCORES)})


def _largest(rows: Iterable[Any]) -> dict[str, Group]:
    """Value -> group, from rows of a value and the columns of a group, the largest first; the smallest ones as one."""
    found: dict[str, Group] = {}
    for value, *numbers in rows:
        name, group = value if len(found) < MOST_VALUES else REST, _group(numbers)
        if held := found.get(name):
            scores = {score: held.scores[score] + group.scores[score] for score in SCORES}
            group = Group(held.n + group.n, scores)
        found[name] = group
    return found


def _fact(connection: sa.Connection, dataset_id: int, name: str) -> dict[str, Group]:
    value = sa.func.coalesce(FactText(raw(examples.c.metadata), name), "").label("value")
    n, *others = _columns_of_a_group()
    query = sa.select(value, n.label("n"), *others).where(*_active(dataset_id))
    return _largest(connection.execute(query.group_by("value").order_by(sa.desc("n"), "value")))


def _parameters(connection: sa.Connection, dataset_id: int) -> dict[str, dict[str, Group]]:
    dialect = connection.dialect
    columns = ", ".join(str(column.compile(dialect=dialect)) for column in _columns_of_a_group())
    rows = connection.execute(
        sa.text(PARAMETERS[dialect.name].format(columns=columns)), {"dataset_id": dataset_id}
    )  # by name, the most frequent values first
    return {name: _largest(row[1:] for row in some) for name, some in groupby(rows, key=lambda row: str(row[0]))}


def _trend(
    connection: sa.Connection, dataset_id: int, score_name: str, size_name: str, spread: Distribution
) -> tuple[Bin, ...]:
    if not spread.bars:
        return ()
    score, last = examples.c[score_name], spread.bars[-1][0]
    size = examples.c[size_name]
    first = sa.case((size >= last, last), else_=size - size % spread.width).label("first")
    query = sa.select(first, score, sa.func.count()).where(*_scored(dataset_id, score_name))
    counts: dict[int, dict[float, int]] = {}
    for begin, value, count in connection.execute(query.group_by("first", score)):
        counts.setdefault(begin, {})[value] = count
    found = []
    for begin, of_it in sorted(counts.items()):
        if three := quartiles(of_it):
            found.append(Bin(begin, sum(of_it.values()), *three))
    return tuple(found)


def _points(connection: sa.Connection, dataset_id: int, score_name: str) -> tuple[Point, ...]:
    score = examples.c[score_name]
    place = sa.cast(examples.c.id, sa.BigInteger) * SCATTERED % PRIME
    query = (
        sa.select(examples.c.id, examples.c.characters, examples.c.turns, score)
        .where(*_scored(dataset_id, score_name))
        .order_by(place, examples.c.id)
        .limit(MOST_POINTS)
    )
    return tuple(Point(*row) for row in connection.execute(query))


def _flags(connection: sa.Connection, dataset_id: int) -> dict[str, dict[str, int]]:
    query = (
        sa.select(flags.c.rule, flags.c.severity, sa.func.count(sa.distinct(flags.c.example_id)))
        .join(examples, examples.c.id == flags.c.example_id)
        .where(*_active(dataset_id), is_of_present_text(flags))
        .group_by(flags.c.rule, flags.c.severity)
    )
    found: dict[str, dict[str, int]] = {}
    for rule, severity, count in connection.execute(query.order_by(flags.c.rule, flags.c.severity)):
        found.setdefault(rule, {})[severity] = count
    return found
