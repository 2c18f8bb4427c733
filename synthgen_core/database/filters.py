"""Which examples are meant: ``ExampleFilter`` as conditions in SQL, the same on every database.

A further criterion is a field of ``ExampleFilter`` and its condition here.
"""

from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from synthgen_core.database.flags import is_of_present_text
from synthgen_core.database.tables import examples, flags, reviews
from synthgen_core.models import ExampleFilter
from synthgen_core.reviewing import DISPUTED, STALE, UNSEEN, Verdict

KEYS = "messages role content name tool_calls tool_call_id weight reasoning tools type function arguments id text \
instruction input output system history prompt chosen rejected"
ROLES = "system developer user assistant tool"
STRUCTURE = (*(f'"role":"{role}"' for role in ROLES.split()), *(f'"{key}":' for key in KEYS.split()))
"""What stands in a stored content around its texts. No text holds any of it, as a quote in a text has a backslash."""
JUDGED = ("accept", "reject")
ESCAPE = "/"
ANY, NONE = "any", "none"
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
        found.append(_is_flagged(chosen.flags))
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
    return found


def is_reviewed() -> sa.ColumnElement[bool]:
    """Somebody accepted or rejected the example as it is now."""
    return sa.and_(
        examples.c.verdict.in_((*JUDGED, DISPUTED)), examples.c.review_revision >= examples.c.content_revision
    )


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


def _is_flagged(rule: str = ANY) -> sa.ColumnElement[bool]:
    if rule in (ANY, NONE):
        return HAS_FLAGS if rule == ANY else ~HAS_FLAGS
    return sa.exists().where(flags.c.example_id == examples.c.id, is_of_present_text(flags), flags.c.rule == rule)


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
