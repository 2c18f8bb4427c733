"""How varied a dataset is: measured over random samples of it, compared with others, and drawn as a map."""

import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from synthgen_core.database import Measure
from synthgen_core.dedup import Compared, compared_text
from synthgen_core.diversity import (
    MAP_SIZE,
    POOL,
    VARIETY,
    Island,
    Point,
    SizedDiversity,
    TextMap,
    Variety,
    common_size,
    draw_map,
    measure_diversity,
)
from synthgen_core.formats import get_format
from synthgen_core.models import Dataset, JsonObject
from synthgen_core.statistics import Figure
from synthgen_core.workspace import Workspace

__all__ = ["DIVERSITY", "VARIETY", "Island", "KeptDiversity", "Point", "SizedDiversity", "TextMap", "Variety"]
__all__ += ["common_size", "get_kept_diversity", "measured_datasets", "openings_of", "read_diversity"]

DIVERSITY = "diversity"
"""Name of the measure."""
SEED = 20270101
LONGEST_OPENING = 90


@dataclass(frozen=True, slots=True)
class KeptDiversity:
    """The figures and the map of one dataset."""

    n: int
    """Active examples of the dataset then."""
    sizes: tuple[SizedDiversity, ...]
    """Ascending; empty: too few examples."""
    map: TextMap | None
    """Its points' texts are ids of examples. None: too few examples that share words."""


def measure(workspace: Workspace, dataset: Dataset, tick: Callable[[], None]) -> tuple[int, JsonObject]:
    """The figures and the map, as JSON, for ``measures``. Takes a few seconds, however large the dataset is."""
    ids = workspace.database.rank_examples(dataset.id, ())
    drawn = random.Random(SEED).sample(ids, min(POOL, len(ids)))
    format = get_format(dataset.format)
    texts = [compared_text(format, each.content, Compared.WHOLE) for each in workspace.database.read_in_order(drawn)]
    tick()
    sizes = measure_diversity(texts, len(ids), tick)
    tick()
    drawn_map = draw_map(texts[:MAP_SIZE])
    if drawn_map is not None:
        drawn_map = replace(drawn_map, points=tuple(replace(p, text=drawn[p.text]) for p in drawn_map.points))
    return len(ids), {
        "sizes": [asdict(each) for each in sizes],
        "map": None if drawn_map is None else _map_to_json(drawn_map),
    }


def read_diversity(kept: Measure) -> KeptDiversity:
    """What ``measure`` found, as values."""
    result: dict[str, Any] = dict(kept.result)
    sizes = tuple(
        SizedDiversity(each["size"], {name: Figure(**figure) for name, figure in each["figures"].items()})
        for each in result["sizes"]
    )
    return KeptDiversity(kept.n, sizes, _map_from_json(result["map"]) if result["map"] else None)


def measured_datasets(workspace: Workspace) -> dict[int, str]:
    """Id -> name of each dataset that was measured, the newest first."""
    return workspace.database.get_measured(DIVERSITY)


def get_kept_diversity(workspace: Workspace, dataset_ids: Sequence[int]) -> dict[int, KeptDiversity]:
    """The figures of those of these datasets that were ever measured, of whatever state, in this order."""
    kept = ((each, workspace.database.get_measure(each, DIVERSITY)) for each in dataset_ids)
    return {each: read_diversity(measure) for each, measure in kept if measure is not None}


def openings_of(workspace: Workspace, dataset: Dataset, points: Sequence[Point]) -> dict[int, str]:
    """Id -> how the example begins, of those of these points that are still there: the user's first words."""
    format = get_format(dataset.format)
    found = workspace.database.get_examples_by_id([point.text for point in points])
    return {each.id: " ".join(format.first_user_text(each.content).split())[:LONGEST_OPENING] for each in found}


def _map_to_json(drawn: TextMap) -> JsonObject:
    """Points as rows of numbers: there are thousands."""
    return {
        "islands": [[each.size, *each.words] for each in drawn.islands],
        "points": [[p.text, round(p.x, 4), round(p.y, 4), p.island, round(p.distance, 4)] for p in drawn.points],
    }


def _map_from_json(kept: dict[str, Any]) -> TextMap:
    islands = tuple(Island(tuple(words), size) for size, *words in kept["islands"])
    return TextMap(islands, tuple(Point(*row) for row in kept["points"]))
