"""What the charts of a dataset's quality show: computed once for each of its states."""

import contextlib
import csv
import io
from collections.abc import Iterable, Sequence

from synthgen_core.actions.measures import Tick
from synthgen_core.database import Distribution, Measure
from synthgen_core.database.quality_figures import Bin, Group, Point, QualityFigures, figures_from_json
from synthgen_core.database.summaries import REST
from synthgen_core.errors import NotFoundError
from synthgen_core.models import Dataset, JsonObject
from synthgen_core.workspace import Workspace
from synthgen_core.writers import to_cell

__all__ = [
    "CHARTS",
    "REST",
    "Bin",
    "Distribution",
    "Group",
    "Point",
    "QualityFigures",
    "as_csv",
    "figures_of",
    "measure_charts",
    "related_datasets",
]

CHARTS = "charts"
"""The measure's name."""


def measure_charts(workspace: Workspace, dataset: Dataset, tick: Tick) -> tuple[int, JsonObject]:
    """Add up what the charts show, for ``measures``: over all active examples."""
    figures = workspace.database.measure_quality(dataset.id, tick)
    return figures.active, figures.to_json()


def figures_of(measure: Measure) -> QualityFigures:
    """What ``measure_charts`` found."""
    return figures_from_json(measure.result)


def related_datasets(workspace: Workspace, dataset_id: int) -> list[tuple[Dataset, Dataset]]:
    """Pairs (before, after) that this dataset is one of, as parent or as what was made from it; the newest first.

    Parents that are gone, or in the trash, are left out.
    """
    database = workspace.database
    dataset = database.get_dataset(dataset_id)
    before = []
    for parent in database.get_parents(dataset_id):
        with contextlib.suppress(NotFoundError):
            before.append((database.get_dataset(parent.parent_id), dataset))
    return [*before, *((dataset, child) for child in database.get_children(dataset_id))]


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """The numbers of a chart as CSV; what a spreadsheet would take for a formula in their labels is made harmless."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(to_cell, columns))
    writer.writerows([to_cell(value) if isinstance(value, str) else value for value in row] for row in rows)
    return text.getvalue().encode()
