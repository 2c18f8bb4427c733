"""Examples of a dataset that say the same, or nearly so: found, shown side by side, and removed as one change."""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from synthgen_core.actions.examples import set_status
from synthgen_core.database.checks import RANKS
from synthgen_core.dedup import NEAR, Compared, compared_text, find_duplicates
from synthgen_core.diffs import FieldDiff, diff_contents
from synthgen_core.errors import ConfigError
from synthgen_core.formats import get_format
from synthgen_core.models import BulkChange, Example, ExampleStatus
from synthgen_core.workspace import Workspace

KEEP = tuple(RANKS)
"""What decides which of several is kept, the first one first: a person's verdict, then the score, then the length."""
LEAST, MOST = 0.5, 1.0


@dataclass(frozen=True, slots=True)
class Near:
    """An example that is nearly another one again."""

    example_id: int
    similarity: float
    """To the example that is kept: the share of words, 0-1, that both have in the same order; verified."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """An example that is kept, and those that are like it."""

    kept: int
    twins: tuple[Near, ...]


@dataclass(frozen=True, slots=True)
class Clusters:
    """What a search found."""

    dataset_id: int
    threshold: float
    compared: Compared
    searched: int
    """Active examples that were looked at."""
    clusters: tuple[Cluster, ...]
    """The largest first."""

    @property
    def twins(self) -> int:
        """Examples that would go if one of each cluster were kept."""
        return sum(len(cluster.twins) for cluster in self.clusters)


@dataclass(frozen=True, slots=True)
class TwinView:
    """A twin beside the example that is kept."""

    example: Example
    similarity: float
    differences: list[FieldDiff]
    """What is other in it: words that are removed stand in the one that is kept, words that are added in the twin."""


@dataclass(frozen=True, slots=True)
class ClusterView:
    """A cluster with its texts, as far as they are still active."""

    kept: Example
    twins: tuple[TwinView, ...]
    total: int
    """Twins in all; more than are shown here, maybe."""


def find_clusters(
    workspace: Workspace,
    dataset_id: int,
    *,
    threshold: float = NEAR,
    compared: Compared = Compared.WHOLE,
    keep: Sequence[str] = KEEP,
    tick: Callable[[], None] = lambda: None,
) -> Clusters:
    """Active examples of a dataset that are alike by ``threshold``, in stars around the one that is best by ``keep``.

    Takes about 20 seconds for 100,000. ``tick`` is called now and then, and may raise, to stop.

    Raises:
        NotFoundError: there is no such dataset. ConfigError: the threshold is out of range, or what is to be kept is
            unknown.
    """
    if not LEAST <= threshold <= MOST:
        message = f"The threshold {threshold:g} is not a similarity that can be looked for."
        raise ConfigError(message, f"Give a number from {LEAST:g} to {MOST:g}, such as {NEAR:g}.")
    dataset = workspace.database.get_dataset(dataset_id)
    format = get_format(dataset.format)
    ids: array[int] = workspace.database.rank_examples(dataset_id, keep)
    read = workspace.database.read_in_order(ids)
    texts = (compared_text(format, each.content, compared) if each.content else "" for each in read)
    stars = find_duplicates(texts, threshold, tick=tick)
    clusters = [
        Cluster(ids[star.centre], tuple(Near(ids[twin.number], twin.similarity) for twin in star.twins))
        for star in stars
    ]
    clusters.sort(key=lambda cluster: -len(cluster.twins))
    return Clusters(dataset_id, threshold, compared, len(ids), tuple(clusters))


def show_clusters(
    workspace: Workspace, found: Clusters, *, limit: int = 10, offset: int = 0, twins: int = 5
) -> list[ClusterView]:
    """A page of clusters with their texts side by side, ``twins`` of each at most.

    What was removed since is left out, and so are clusters of which then nothing is left to compare.
    """
    shown = []
    for cluster in found.clusters[offset : offset + limit]:
        near = cluster.twins[:twins]
        ids = [cluster.kept, *(twin.example_id for twin in near)]
        there = workspace.database.get_examples_by_id(ids)
        examples = {example.id: example for example in there if example.status is ExampleStatus.ACTIVE}
        kept = examples.get(cluster.kept)
        if kept is None or len(examples) == 1:
            continue
        views = [
            TwinView(example, twin.similarity, diff_contents(kept.content, example.content))
            for twin in near
            if (example := examples.get(twin.example_id))
        ]
        shown.append(ClusterView(kept, tuple(views), len(cluster.twins)))
    return shown


def remove_twins(
    workspace: Workspace, found: Clusters, *, author: str, only: Sequence[int] | None = None
) -> BulkChange:
    """Remove the twins of all clusters, or of those whose kept examples are named, as one change; see ``undo_batch``.

    Raises NotFoundError, or ConfigError without an author.
    """
    chosen = [cluster for cluster in found.clusters if only is None or cluster.kept in only]
    ids = [twin.example_id for cluster in chosen for twin in cluster.twins]
    reason = f"near duplicates ({found.compared}, {found.threshold:g})"
    return set_status(workspace, found.dataset_id, ids, ExampleStatus.REMOVED, author=author, reason=reason)
