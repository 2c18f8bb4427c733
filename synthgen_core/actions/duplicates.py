"""Duplicates that a search found: shown side by side, another one kept instead, and removed as one change."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from synthgen_core.access import Role, requires
from synthgen_core.database import Search
from synthgen_core.dedup import ROUNDING, compared_text, signs_of, similarity_of, words_of
from synthgen_core.diffs import FieldDiff, diff_contents
from synthgen_core.errors import ConfigError, ConflictError
from synthgen_core.formats import get_format
from synthgen_core.models import BulkChange, Example, JsonObject
from synthgen_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class SearchState:
    """What a search is still worth."""

    clusters: int
    """Those of which something can still be removed ..."""
    twins: int
    """... and the examples that would go."""
    added: int
    """Examples that came, or came back, since the search; nobody looked at them."""
    edited: int
    """Examples whose text was changed since: what was found of them does not hold."""

    @property
    def is_stale(self) -> bool:
        """A new search might find something else."""
        return bool(self.added or self.edited)


@dataclass(frozen=True, slots=True)
class TwinView:
    """A twin beside the example that is kept."""

    example: Example
    similarity: float
    is_near: bool
    """It would be removed; else it is less like the one that a person chose to keep, and stays."""
    differences: list[FieldDiff]
    """What is other in it: words that are removed stand in the one that is kept, words that are added in the twin."""


@dataclass(frozen=True, slots=True)
class ClusterView:
    """A cluster with its texts, as far as they are active and have not changed since."""

    kept: Example
    twins: tuple[TwinView, ...]
    """The most similar first."""
    total: int
    """Twins that would be removed; more than are shown here, maybe."""


def latest_search(workspace: Workspace, dataset_id: int) -> Search | None:
    """The last search in a dataset that came to its end, as it was; None: there was none."""
    return workspace.database.latest_search(dataset_id)


def search_state(workspace: Workspace, search: Search) -> SearchState:
    """What is left of what a search found, and what has changed in its dataset since."""
    clusters, twins = workspace.database.count_open(search)
    added, edited = workspace.database.count_changes(search)
    return SearchState(clusters, twins, added, edited)


def show_clusters(
    workspace: Workspace, search: Search, *, limit: int = 10, offset: int = 0, twins: int = 5
) -> list[ClusterView]:
    """A page of the clusters of which something can be removed, with their texts side by side, ``twins`` of each at
    most; those that were largest first.
    """
    shown = []
    for cluster in workspace.database.get_open_clusters(search, limit, offset):
        near = workspace.database.get_members(search, cluster.position, twins)
        there = workspace.database.get_examples_by_id([cluster.kept, *(each.example_id for each in near)])
        examples = {example.id: example for example in there}
        kept = examples[cluster.kept]
        views = [
            TwinView(
                examples[each.example_id],
                each.similarity,
                each.similarity >= search.threshold - ROUNDING,
                diff_contents(kept.content, examples[each.example_id].content),
            )
            for each in near
        ]
        shown.append(ClusterView(kept, tuple(views), cluster.twins))
    return shown


def stream_pairs(workspace: Workspace, search: Search) -> Iterator[tuple[int, int, float]]:
    """(kept, twin, similarity) of all that was found, the largest clusters first."""
    return workspace.database.stream_pairs(search)


@requires(Role.REVIEWER)
def keep_instead(workspace: Workspace, search: Search, kept: int, instead: int) -> None:
    """Have a cluster keep another of its examples. All others are compared with that one: what is less like it than the
    search asked for, stays when twins are removed.

    Raises:
        NotFoundError: no cluster keeps this example, or the other one is not in it.
        ConflictError: the other one was removed or changed since the search, or somebody else was quicker.
    """
    position, members = workspace.database.get_cluster(search, kept)
    if instead not in {each.example_id for each in workspace.database.get_members(search, position)}:
        raise ConflictError(
            f"Example {instead} cannot be kept: it is not in this group, was removed, or has changed.", "Search again."
        )
    format = get_format(workspace.database.get_dataset(search.dataset_id).format)

    def signs(content: JsonObject) -> str:
        return signs_of(words_of(compared_text(format, content, search.compared)))

    centre = signs(workspace.database.get_example(instead).content)
    others = [each for each in (kept, *members) if each != instead]
    near = {each.id: similarity_of(centre, signs(each.content)) for each in workspace.database.read_in_order(others)}
    workspace.database.keep_another(search, position, kept, instead, near)


@requires(Role.REVIEWER)
def remove_twins(workspace: Workspace, search: Search, *, author: str, only: Sequence[int] | None = None) -> BulkChange:
    """Remove the twins of all clusters, or of those whose kept examples are named, as one change; see ``undo_batch``.

    What was changed since the search stays, with all that was to be removed in its favour, and counts as skipped.
    Raises NotFoundError, or ConfigError without an author.
    """
    if not author.strip():
        raise ConfigError("A change needs an author.", "Give a name.")
    dataset = workspace.database.get_dataset(search.dataset_id)
    reason = f"near duplicates ({search.compared}, {search.threshold:g})"
    done = workspace.database.remove_twins(search, author=author.strip(), reason=reason, only=only)
    workspace.mirror.rewrite_soon(dataset.id, dataset.file_path)
    return done
