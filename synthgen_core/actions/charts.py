"""What the charts of a dataset's quality show: computed once for each of its states."""

import contextlib

from synthgen_core.actions.measures import Tick
from synthgen_core.database import Measure
from synthgen_core.database.quality_figures import SIZES, QualityFigures, figures_from_json
from synthgen_core.errors import NotFoundError
from synthgen_core.models import Dataset, JsonObject
from synthgen_core.workspace import Workspace

CHARTS = "charts"
"""The measure's name."""


def measure_charts(workspace: Workspace, dataset: Dataset, tick: Tick) -> tuple[int, JsonObject]:
    """Add up what the charts show, for ``measures``: over all active examples."""
    details = workspace.database.get_details(dataset.id)
    sizes = {name: getattr(details, name) for name in SIZES}
    figures = workspace.database.measure_quality(dataset.id, sizes, tick)
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
