"""Datasets in the making, and what they are made from: begun hidden, filled in batches, shown once they are whole."""

from array import array
from collections.abc import Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from synthgen_core.database.checks import IS_CHECKED
from synthgen_core.database.datasets import IS_LIVE, NewDataset, insert_dataset, now, to_dataset
from synthgen_core.database.engine import Connection
from synthgen_core.database.examples import add_to_count, measured
from synthgen_core.database.filters import ParameterText, filter_conditions, raw
from synthgen_core.database.flags import count_flags_of, is_of_present_text
from synthgen_core.database.imports import NewImport, insert_imports
from synthgen_core.database.jobs import Progress, add_progress
from synthgen_core.database.reviews import reviews_of, settle
from synthgen_core.database.revisions import NOT_CHECKED
from synthgen_core.database.tables import dataset_parents, datasets, examples, flags, jobs, judgements, reviews
from synthgen_core.database.versions import state_at, watermark_of
from synthgen_core.errors import NotFoundError
from synthgen_core.models import Dataset, ExampleFilter, ExampleStatus, JsonObject, Origin, Parent, Watermark
from synthgen_core.models.jobs import ACTIVE

CARRIED = (flags, judgements, reviews)
"""What was said of an example as it is goes with its copy."""
ROWS = 10_000
RAW_EXAMPLES = sa.table("examples", *(sa.column(column.name) for column in examples.c if column.name != "id"))
"""Without types: texts of JSON and times are copied as they are."""


def to_parent(row: Any) -> Parent:
    """A row of ``dataset_parents`` as a value."""
    values = dict(row._mapping)
    del values["position"]
    mark = Watermark(values.pop("watermark_seq"), values.pop("watermark_example"))
    return Parent(**values | {"operation": Origin(values["operation"]), "watermark": mark})


class LineageRoom(Connection):
    """What is needed to make datasets, and to know later what they were made from."""

    def begin_dataset(self, job_id: int, new: NewDataset) -> Dataset:
        """An empty dataset that nobody sees until it is published. Its job's first one becomes the job's dataset."""
        with self._writing() as connection:
            made = insert_dataset(connection, new, for_job=job_id)
            connection.execute(
                sa.update(jobs).where(jobs.c.id == job_id, jobs.c.dataset_id.is_(None)).values(dataset_id=made.id)
            )
        return made

    def publish(
        self, dataset_ids: Sequence[int], *, parents: Sequence[Parent] = (), imports: Sequence[NewImport] = ()
    ) -> None:
        """Show datasets, with what they were made from; files that were brought in belong to the first of them."""
        at = now()
        positions: dict[int, int] = {}
        rows = []
        for parent in parents:
            positions[parent.dataset_id] = positions.get(parent.dataset_id, 0) + 1
            rows.append(
                {
                    "dataset_id": parent.dataset_id,
                    "position": positions[parent.dataset_id],
                    "parent_id": parent.parent_id,
                    "parent_name": parent.parent_name,
                    "operation": parent.operation,
                    "seed": parent.seed,
                    "options": parent.options,
                    "watermark_seq": parent.watermark.seq,
                    "watermark_example": parent.watermark.example,
                    "taken": parent.taken,
                }
            )
        with self._writing() as connection:
            if rows:
                connection.execute(sa.insert(dataset_parents), rows)
            insert_imports(connection, dataset_ids[0], imports, at)
            connection.execute(
                sa.update(datasets).where(datasets.c.id.in_(dataset_ids)).values(is_ready=True, updated_at=at)
            )

    def get_parents(self, dataset_id: int) -> list[Parent]:
        """What a dataset was made from, in order."""
        query = sa.select(dataset_parents).where(dataset_parents.c.dataset_id == dataset_id)
        with self._reading() as connection:
            return [to_parent(row) for row in connection.execute(query.order_by(dataset_parents.c.position))]

    def get_children(self, dataset_id: int) -> list[Dataset]:
        """The datasets that were made from this one, and are not in the trash, the newest first."""
        made_of = sa.select(dataset_parents.c.dataset_id).where(dataset_parents.c.parent_id == dataset_id)
        query = sa.select(datasets).where(datasets.c.id.in_(made_of), IS_LIVE)
        with self._reading() as connection:
            return [to_dataset(row) for row in connection.execute(query.order_by(datasets.c.id.desc()))]

    def get_made_by(self, job_id: int, *, is_ready: bool = True) -> list[Dataset]:
        """The datasets that a job made, or those that it is making, in the order in which it began them."""
        live = datasets.c.is_ready if is_ready else ~datasets.c.is_ready
        query = sa.select(datasets).where(datasets.c.job_id == job_id, datasets.c.deleted_at.is_(None), live)
        with self._reading() as connection:
            return [to_dataset(row) for row in connection.execute(query.order_by(datasets.c.id))]

    def get_unfinished(self) -> list[Dataset]:
        """Hidden datasets that nobody works on: their job failed or died, or somebody began to purge them."""
        busy = sa.select(jobs.c.id).where(jobs.c.status.in_(ACTIVE))
        query = sa.select(datasets).where(
            ~datasets.c.is_ready, sa.or_(datasets.c.job_id.is_(None), datasets.c.job_id.not_in(busy))
        )
        with self._reading() as connection:
            return [to_dataset(row) for row in connection.execute(query)]

    def select_examples(self, dataset_id: int, filter: ExampleFilter) -> "tuple[array[int], Watermark]":
        """The ids of the examples that match, by index, and the state of the dataset in which they do."""
        query = sa.select(examples.c.id).where(examples.c.dataset_id == dataset_id, *filter_conditions(filter))
        with self._writing() as connection:
            mark = watermark_of(connection, dataset_id)
            rows = connection.execution_options(yield_per=ROWS).execute(query.order_by(examples.c.example_index))
            return array("q", rows.scalars()), mark

    def get_parameter_values(self, dataset_id: int, name: str) -> dict[int, str | None]:
        """The value that each example of a dataset was drawn with, removed ones too; None where it has none."""
        query = sa.select(examples.c.id, ParameterText(raw(examples.c.metadata), name))
        query = query.where(examples.c.dataset_id == dataset_id)
        seen: dict[str | None, str | None] = {}  # one text for all that are equal
        with self._reading() as connection:
            rows = connection.execution_options(yield_per=ROWS).execute(query)
            return {row[0]: seen.setdefault(row[1], row[1]) for row in rows}

    def copy_examples(
        self,
        job_id: int,
        source_id: int,
        mark: Watermark,
        ids: Sequence[int],
        *,
        into: int,
        first_index: int,
        seconds: float | None = None,
    ) -> None:
        """Copy examples as they were in a state to the end of a dataset.

        ``seconds``: time that the job has run, in all; then they are counted as its progress.

        Scores, flags, judgements and reviews go along unless the example changed since that state. Metadata gain
        ``origin``: dataset and example that it was copied from. Raises NotFoundError if ``into`` was deleted.
        """
        at = now()
        state = state_at(source_id, mark)
        query = (
            sa.select(state, *_newest(examples))
            .join_from(state, examples, examples.c.id == state.c.id)
            .where(state.c.id.in_(ids))
        )
        with self._writing(is_synced=False) as connection:
            add_to_count(connection, into, len(ids), at)
            found = {row.id: row for row in connection.execute(query)}
            if len(found) < len(ids):
                raise NotFoundError("Examples that were to be copied are gone.", "Start anew.")
            moment = at.replace(tzinfo=None)
            rows = [
                {
                    "dataset_id": into,
                    "example_index": index,
                    "content": row.content,
                    "metadata": orjson.dumps(with_origin(orjson.loads(row.metadata), source_id, row.id)).decode(),
                    "status": ExampleStatus.ACTIVE.value,
                    "created_at": moment,
                    "updated_at": moment,
                    "revision": 1,
                    "job_id": job_id,
                    "tags": row.tags,
                    "note": row.note,
                    **_measured(row),
                }
                for index, row in enumerate(map(found.__getitem__, ids), first_index)
            ]
            connection.execute(sa.insert(RAW_EXAMPLES), rows)
            kept = [each for each in ids if _is_present_text(found[each])]
            _carry(connection, into, first_index, ids, kept)
            if seconds is not None:
                add_progress(connection, job_id, Progress(done=len(ids), seconds=seconds), at)


def _measures(table: sa.Table) -> list[sa.Column[Any]]:
    names = ("turns", "characters", "content_hash", "quality_score", "judge_spread", "rule_score")
    return [table.c[name] for name in names]


def _newest(table: sa.Table) -> list[sa.ColumnElement[Any]]:
    """What is known of an example as it is now."""
    plain = [raw(table.c.tags).label("tags"), table.c.note, table.c.content_revision]
    return [*plain, *_measures(table), sa.case((IS_CHECKED, 1), else_=0).label("rules_revision")]


def _is_present_text(row: Any) -> bool:
    """The state that is copied has the text that the example has now."""
    return bool(row.revision >= row.content_revision)


def _measured(row: Any) -> dict[str, object]:
    if _is_present_text(row):
        known = {column.name: row._mapping[column.name] for column in _measures(examples)}
        return known | {"rules_revision": row.rules_revision}
    return measured(orjson.loads(row.content)) | {"quality_score": None, "judge_spread": None} | NOT_CHECKED


def with_origin(metadata: JsonObject, dataset_id: int, example_id: int) -> JsonObject:
    """Metadata that say which example this one was made from, and, within that, what that one was made from."""
    before = metadata.get("origin")
    origin: JsonObject = {"dataset": dataset_id, "example": example_id}
    return metadata | {"origin": origin | ({"origin": before} if isinstance(before, dict) else {})}


def _carry(connection: sa.Connection, into: int, first_index: int, ids: Sequence[int], kept: Sequence[int]) -> None:
    """Copy what was said of the present revision of examples to their copies."""
    indexes = range(first_index, first_index + len(ids))
    copies: dict[int, int] = {}
    for table in CARRIED:
        query = (
            sa.select(table)
            .join(examples, examples.c.id == table.c.example_id)
            .where(table.c.example_id.in_(kept), is_of_present_text(table))
        )
        if table is judgements:
            query = query.where(~judgements.c.is_candidate)  # those are of another text
        said = connection.execute(query.order_by(table.c.id)).all()
        if said and not copies:
            query = sa.select(examples.c.id).where(
                examples.c.dataset_id == into, examples.c.example_index.between(indexes[0], indexes[-1])
            )
            made = connection.execute(query.order_by(examples.c.example_index)).scalars()
            copies = dict(zip(ids, made, strict=True))
        if said:
            rows = [{**row._mapping, "example_id": copies[row.example_id], "revision": 1} for row in said]
            for row in rows:
                del row["id"]
                row.pop("batch_id", None)  # the copy was not part of that change
            connection.execute(sa.insert(table), rows)
    if copies:
        made_now = list(copies.values())
        count_flags_of(connection, made_now)
        settle(connection, reviews_of(connection, made_now))
