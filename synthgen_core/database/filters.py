"""Which examples are meant: ``ExampleFilter`` as conditions in SQL, the same on every database.

A further criterion is a field of ``ExampleFilter`` and its condition here.
"""

from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from synthgen_core.database.flags import is_of_present_text
from synthgen_core.database.tables import examples, flags, judgements, reviews
from synthgen_core.errors import ConfigError
from synthgen_core.models import ExampleFilter, Range
from synthgen_core.reviewing import DISPUTED, STALE, UNSEEN, Verdict

KEYS = "messages role content name tool_calls tool_call_id weight reasoning tools type function arguments id text \
instruction input output system history prompt chosen rejected"
ROLES = "system developer user assistant tool"
STRUCTURE = (*(f'"role":"{role}"' for role in ROLES.split()), *(f'"{key}":' for key in KEYS.split()))
"""What stands in a stored content around its texts. No text holds any of it, as a quote in a text has a backslash."""
JUDGED = ("accept", "reject")
ESCAPE = "/"
ANY, NONE = "any", "none"
SCORED, FAILED = "scored", "failed"
"""States of a judgement."""
RANGED = ("quality_score", "rule_score", "person_score", "judge_spread", "characters", "turns")
"""Columns of examples of which a range can be asked for."""
IS_REVIEW_CURRENT = examples.c.review_revision >= examples.c.content_revision
"""What people said stands beside an edited text until somebody speaks of the new one."""
PEOPLES_SCORE = sa.case((IS_REVIEW_CURRENT, examples.c.person_score))
"""Mean of people's scores of the present text."""
HAS_FLAGS = examples.c.flag_count > sa.literal_column("0")
"""As the index has it: with a bound value, a database could not tell that the index will do."""


class Folded(FunctionElement[str]):
    """A text in lower case, whatever its letters: a server whose locale is "C" lowers ASCII only."""

    type = sa.Text()
    inherit_cache = True


@compiles(Folded, "sqlite")
def _fold_in_sqlite(element: Folded, compiler: Any, **options: Any) -> str:
    return f"lower({compiler.process(element.clauses, **options)})"


@compiles(Folded, "postgresql")
def _fold_in_postgres(element: Folded, compiler: Any, **options: Any) -> str:
    return f"synthgen_lower({compiler.process(element.clauses, **options)})"


class ParameterText(FunctionElement[str]):
    """The value of one drawn parameter, by metadata and name; NULL where there is none."""

    type = sa.Text()
    inherit_cache = True


@compiles(ParameterText, "sqlite")
def _parameter_in_sqlite(element: ParameterText, compiler: Any, **options: Any) -> str:
    metadata, name = (compiler.process(clause, **options) for clause in element.clauses)
    return f"(SELECT CAST(atom AS TEXT) FROM json_each({metadata}, '$.parameters') WHERE key = {name})"


@compiles(ParameterText, "postgresql")
def _parameter_in_postgres(element: ParameterText, compiler: Any, **options: Any) -> str:
    metadata, name = (compiler.process(clause, **options) for clause in element.clauses)
    return f"(CAST({metadata} AS json) #>> ARRAY['parameters', CAST({name} AS text)])"


class FactText(FunctionElement[str]):
    """The value of one key of the metadata, by metadata and key; NULL where there is none."""

    type = sa.Text()
    inherit_cache = True


@compiles(FactText, "sqlite")
def _fact_in_sqlite(element: FactText, compiler: Any, **options: Any) -> str:
    metadata, name = (compiler.process(clause, **options) for clause in element.clauses)
    return f"(SELECT CAST(atom AS TEXT) FROM json_each({metadata}) WHERE key = {name})"


@compiles(FactText, "postgresql")
def _fact_in_postgres(element: FactText, compiler: Any, **options: Any) -> str:
    metadata, name = (compiler.process(clause, **options) for clause in element.clauses)
    return f"(CAST({metadata} AS json) ->> CAST({name} AS text))"


class ScoreNumber(FunctionElement[float]):
    """The number under one key of an object, by object and key; NULL where there is none, or it is no number."""

    type = sa.Float()
    inherit_cache = True


@compiles(ScoreNumber, "sqlite")
def _score_in_sqlite(element: ScoreNumber, compiler: Any, **options: Any) -> str:
    scores, name = (compiler.process(clause, **options) for clause in element.clauses)
    return f"(SELECT atom FROM json_each({scores}) WHERE key = {name} AND type IN ('integer', 'real'))"


@compiles(ScoreNumber, "postgresql")
def _score_in_postgres(element: ScoreNumber, compiler: Any, **options: Any) -> str:
    scores, name = (compiler.process(clause, **options) for clause in element.clauses)
    value = f"CAST({scores} AS json) -> CAST({name} AS text)"
    return f"(CASE json_typeof({value}) WHEN 'number' THEN CAST(CAST({value} AS text) AS double precision) END)"


def raw(column: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    """A column of JSON as the text that it is."""
    return sa.type_coerce(column, sa.Text())


def filter_conditions(chosen: ExampleFilter) -> list[sa.ColumnElement[bool]]:
    """What a row of ``examples`` must fulfil; which dataset it is in, is said elsewhere."""
    found: list[sa.ColumnElement[bool]] = []
    if chosen.statuses:
        found.append(examples.c.status.in_(chosen.statuses))
    if chosen.text:
        found.append(_says(chosen.text))
    if chosen.min_score is not None:
        found.append(examples.c.quality_score >= chosen.min_score)
    if chosen.max_score is not None:
        found.append(examples.c.quality_score <= chosen.max_score)
    if chosen.is_scored is not None:
        has_score = examples.c.quality_score.is_not(None)
        found.append(has_score if chosen.is_scored else ~has_score)
    if chosen.is_reviewed is not None:
        found.append(is_reviewed() if chosen.is_reviewed else ~is_reviewed())
    if chosen.flags is not None:
        found.append(_is_flagged(chosen.flags, chosen.severity))
    for name, value in chosen.parameters.items():
        found.append(ParameterText(raw(examples.c.metadata), name) == value)
    if chosen.verdict is not None:
        found.append(_has_verdict(chosen.verdict))
    if chosen.reviewer:
        found.append(is_reviewed_by(chosen.reviewer))
    if chosen.has_note is not None:
        found.append(examples.c.note != "" if chosen.has_note else examples.c.note == "")
    if chosen.tag:
        found.append(raw(examples.c.tags).contains(orjson.dumps(chosen.tag).decode(), autoescape=True))
    for name, wanted in chosen.ranges.items():
        if name not in RANGED:
            raise ConfigError(f"Examples cannot be filtered by “{name}”.", f"Known: {', '.join(RANGED)}.")
        found += _within(examples.c[name], wanted)
        if name == "person_score":
            found.append(IS_REVIEW_CURRENT)
    for name, wanted in chosen.criteria.items():
        found += _within(_criterion_score(name), wanted)
    for name, value in chosen.facts.items():
        found.append(sa.func.coalesce(FactText(raw(examples.c.metadata), name), "") == value)
    if chosen.judgement == FAILED:
        found.append(is_judge_failed())
    return found


def is_said_by_judge(table: sa.FromClause = judgements) -> sa.ColumnElement[bool]:
    """The judgement is of the example's present text: not of an older one, nor of a mended one that was not taken."""
    return sa.and_(table.c.example_id == examples.c.id, is_of_present_text(table), ~table.c.is_candidate)


def is_judge_failed() -> sa.ColumnElement[bool]:
    """A judge was asked about the present text, and nothing came of it."""
    has_failed = sa.exists().where(is_said_by_judge(), judgements.c.state == FAILED)
    return sa.and_(examples.c.quality_score.is_(None), has_failed)


def _criterion_score(name: str) -> sa.ScalarSelect[Any]:
    """The score for one criterion in the latest judgement of the present text: the mean of its runs that have scores.

    The runs of one judgement are those of one job.
    """
    latest = judgements.alias("latest")
    job_of_it = (
        sa.select(latest.c.job_id)
        .where(is_said_by_judge(latest), latest.c.state == SCORED)
        .order_by(latest.c.id.desc())
        .limit(1)
        .correlate(examples)
        .scalar_subquery()
    )
    return (
        sa.select(sa.func.avg(ScoreNumber(raw(judgements.c.scores), name)))
        .where(is_said_by_judge(), judgements.c.state == SCORED, judgements.c.job_id.is_not_distinct_from(job_of_it))
        .correlate(examples)
        .scalar_subquery()
    )


def _within(number: sa.ColumnElement[Any], wanted: Range) -> list[sa.ColumnElement[bool]]:
    """The number is in the range; a comparison with NULL is never true, and no bound at all still asks for a number."""
    found: list[sa.ColumnElement[bool]] = []
    if wanted.least is not None:
        found.append(number >= wanted.least)
    if wanted.most is not None:
        found.append(number <= wanted.most)
    if wanted.below is not None:
        found.append(number < wanted.below)
    return found or [number.is_not(None)]


def is_reviewed() -> sa.ColumnElement[bool]:
    """Somebody accepted or rejected the example as it is now."""
    return sa.and_(examples.c.verdict.in_((*JUDGED, DISPUTED)), IS_REVIEW_CURRENT)


def is_reviewed_by(reviewer: str) -> sa.ColumnElement[bool]:
    """The last thing that somebody said of the present text is a verdict, if only that they cannot say."""
    newer = reviews.alias("newer")
    is_overruled = sa.exists().where(
        newer.c.example_id == reviews.c.example_id, newer.c.reviewer == reviewer, newer.c.id > reviews.c.id
    )
    return sa.exists().where(
        reviews.c.example_id == examples.c.id,
        reviews.c.reviewer == reviewer,
        reviews.c.verdict != Verdict.WITHDRAWN,
        is_of_present_text(reviews),
        ~is_overruled,
    )


def _is_flagged(rule: str, severity: str | None) -> sa.ColumnElement[bool]:
    if rule == NONE:
        return ~HAS_FLAGS
    if rule == ANY and severity is None:
        return HAS_FLAGS
    narrowed = [] if rule == ANY else [flags.c.rule == rule]
    if severity is not None:
        narrowed.append(flags.c.severity == severity)
    return sa.exists().where(flags.c.example_id == examples.c.id, is_of_present_text(flags), *narrowed)


def _has_verdict(wanted: str) -> sa.ColumnElement[bool]:
    if wanted == UNSEEN:
        return examples.c.verdict.is_(None)
    is_stale = examples.c.review_revision < examples.c.content_revision
    if wanted == STALE:
        return sa.and_(examples.c.verdict.is_not(None), is_stale)
    return examples.c.verdict == wanted


def _says(text: str) -> sa.ColumnElement[bool]:
    """A text of the example holds this, in any case. What could match the keys around the texts, must not."""
    needle = orjson.dumps(text).decode()[1:-1]
    haystack = raw(examples.c.content)
    for fragment in STRUCTURE:
        if needle.lower() in fragment:
            haystack = sa.func.replace(haystack, fragment, "")
    return holds(haystack, needle)


def holds(column: sa.ColumnElement[Any], text: str) -> sa.ColumnElement[bool]:
    """The text stands somewhere in the column, in any case."""
    for special in (ESCAPE, "%", "_"):
        text = text.replace(special, ESCAPE + special)
    return Folded(raw(column)).like(Folded(sa.literal(f"%{text}%")), escape=ESCAPE)
