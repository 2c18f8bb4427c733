"""What an export reads: which examples it takes, their texts as they were at a moment, and the facts on them.

Texts leave as the bytes that are stored: where nothing is to be changed, nothing is parsed.
"""

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, groupby, pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from synthgen_core.database.engine import Connection
from synthgen_core.database.examples import line_of
from synthgen_core.database.filters import FactText, filter_conditions, is_reviewed, raw
from synthgen_core.database.tables import example_revisions, examples
from synthgen_core.database.versions import state_at
from synthgen_core.models import ExampleFilter, ExampleStatus, Watermark

ROWS = 2000
"""Examples of one query."""
BLOCK = 100
"""Examples that are handed on together: their texts stay in the processor's cache while they are written."""
BY_PEOPLE = ("edit",)
"""Operations of a revision that a person wrote by hand."""


class Utf8(FunctionElement[Any]):
    """The bytes of a text, without a detour over characters."""

    type = sa.types.NullType()
    inherit_cache = True


@compiles(Utf8, "sqlite")
def _bytes_in_sqlite(element: Utf8, compiler: Any, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS BLOB)"


@compiles(Utf8, "postgresql")
def _bytes_in_postgres(element: Utf8, compiler: Any, **options: Any) -> str:
    return f"convert_to({compiler.process(element.clauses, **options)}, 'UTF8')"


@dataclass(slots=True)
class ExampleFacts:
    """What is known of examples together, as they are now."""

    models: Counter[str] = field(default_factory=Counter)
    """Model that wrote -> examples."""
    languages: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    rejected: int = 0
    scored: int = 0
    score_sum: float = 0.0
    repeats: int = 0
    """Examples with the content of an earlier one."""


class ExportRowRoom(Connection):
    """What can be read for an export."""

    def select_examples_at(self, dataset_id: int, chosen: ExampleFilter, mark: Watermark) -> "array[int]":
        """The ids of the examples that match in an earlier state, by index. ``select_examples`` is for the present.

        Of that state, only the status is looked up; text, scores, reviews and flags are those of now.
        """
        state = state_at(dataset_id, mark)
        query = sa.select(examples.c.id).join(state, state.c.id == examples.c.id).order_by(examples.c.example_index)
        if chosen.statuses:
            query = query.where(state.c.status.in_(chosen.statuses))
        with self._reading() as connection:
            rows = connection.execute(query.where(*filter_conditions(replace(chosen, statuses=()))))
            return array("q", rows.scalars())

    def stream_texts(
        self, dataset_id: int, ids: Sequence[int], mark: Watermark
    ) -> Iterator[Sequence[tuple[int, bytes, bytes]]]:
        """Blocks of (id, content, metadata) as JSON in UTF-8, of these examples as they were, in the order of ``ids``.

        ``ids`` ascend, or are in the order of their indexes.
        """
        changed_since = sa.and_(
            examples.c.revision > 1,
            sa.exists().where(example_revisions.c.example_id == examples.c.id, example_revisions.c.seq > mark.seq),
        )
        columns = (examples.c.id, Utf8(raw(examples.c.content)), Utf8(raw(examples.c.metadata)), changed_since)
        for chunk in _chunks(ids):
            lowest, highest = min(chunk), max(chunk)
            is_dense = highest - lowest + 1 == len(chunk)
            which = examples.c.id.between(lowest, highest) if is_dense else examples.c.id.in_(chunk)
            is_ascending = all(a < b for a, b in pairwise(chunk))
            order = examples.c.id if is_ascending else examples.c.example_index
            query = sa.select(*columns).where(which).order_by(order)
            with self._reading() as connection:
                result = connection.execution_options(yield_per=BLOCK).execute(query)
                while block := result.fetchmany(BLOCK):
                    if any(changed for _, _, _, changed in block):
                        yield self._as_it_was(dataset_id, block, mark)
                    else:
                        yield [(example_id, content, metadata) for example_id, content, metadata, _ in block]

    def _as_it_was(self, dataset_id: int, block: Sequence[Any], mark: Watermark) -> Sequence[tuple[int, bytes, bytes]]:
        state = state_at(dataset_id, mark)
        query = sa.select(state.c.id, state.c.content).where(state.c.id.in_([row[0] for row in block if row[3]]))
        with self._reading() as connection:
            then = {row[0]: row[1].encode() for row in connection.execute(query)}
        return [(example_id, then.get(example_id, content), metadata) for example_id, content, metadata, _ in block]

    def stream_lines(self, dataset_id: int, ids: Sequence[int], mark: Watermark) -> Iterator[bytes]:
        """These examples as lines of JSONL, as the mirror has them: content with ``metadata``; some lines at a time."""
        for block in self.stream_texts(dataset_id, ids, mark):
            yield b"".join(chain.from_iterable(line_of(content, metadata) for _, content, metadata in block))

    def stream_edits(self, dataset_id: int, ids: Sequence[int], mark: Watermark) -> Iterator[tuple[int, str, str, str]]:
        """(id, first content, content, metadata) as JSON, of these examples where a person wrote what they were."""
        done = example_revisions
        columns = (done.c.example_id, raw(done.c.content), done.c.operation, raw(examples.c.metadata))
        for chunk in _chunks(ids):
            query = (
                sa.select(*columns)
                .join(examples, examples.c.id == done.c.example_id)
                .where(done.c.example_id.in_(chunk), done.c.seq <= mark.seq, done.c.content.is_not(None))
                .order_by(examples.c.example_index, done.c.revision)
            )
            with self._reading() as connection:
                rows = connection.execute(query).all()
            for example_id, group in groupby(rows, key=lambda row: row[0]):
                first, *later = group
                if later and later[-1][2] in BY_PEOPLE:
                    yield example_id, first[1], later[-1][1], first[3]

    def stream_fingerprints(self, dataset_id: int) -> Iterator[tuple[int, bool, bytes, str]]:
        """(id, whether it is active, content as JSON, its kept fingerprint) of all examples of a dataset."""
        is_active = examples.c.status == ExampleStatus.ACTIVE
        columns = (examples.c.id, is_active, Utf8(raw(examples.c.content)), examples.c.content_hash)
        query = sa.select(*columns).where(examples.c.dataset_id == dataset_id).order_by(examples.c.id)
        with self._reading() as connection:
            for row in connection.execution_options(yield_per=ROWS).execute(query):
                yield row[0], bool(row[1]), row[2], row[3]

    def gather_facts(self, ids: Sequence[int]) -> ExampleFacts:
        """What is known of these examples together."""
        facts, hashes = ExampleFacts(), array("Q")
        verdict = sa.case((is_reviewed(), examples.c.verdict))
        model, language = (FactText(raw(examples.c.metadata), key) for key in ("model", "language"))
        columns = (model, language, verdict, examples.c.quality_score, examples.c.content_hash)
        for chunk in _chunks(ids):
            with self._reading() as connection:
                rows = connection.execute(sa.select(*columns).where(examples.c.id.in_(chunk))).all()
            facts.models.update(row[0] for row in rows if row[0])
            facts.languages.update(row[1] for row in rows if row[1])
            verdicts = Counter(row[2] for row in rows)
            facts.accepted += verdicts["accept"]
            facts.rejected += verdicts["reject"]
            scores = [row[3] for row in rows if row[3] is not None]
            facts.scored += len(scores)
            facts.score_sum += sum(scores)
            hashes.extend(int(row[4][:16], 16) for row in rows)
        facts.repeats = len(hashes) - len(set(hashes))
        return facts


def _chunks(ids: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), ROWS):
        yield list(ids[start : start + ROWS])
