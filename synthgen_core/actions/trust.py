"""How far a judge can be trusted: its scores against what people said of the same texts."""

from collections.abc import Sequence
from dataclasses import dataclass

from synthgen_core.database import Judged, ScorePair
from synthgen_core.statistics import Figure
from synthgen_core.statistics.correlation import (
    Comparison,
    Verdicts,
    compare,
    compare_verdicts,
    error_figure,
    spearman_figure,
)
from synthgen_core.workspace import Workspace

LOOKED_AT, MOST_VALUES = 200, 40
"""Pairs whose parameters are looked at; one that has more values there is no parameter to group by."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """All examples of a dataset, removed ones too, of whose present text both a judge and people said something."""

    dataset_id: int
    rows: tuple[ScorePair, ...]
    judged: Judged
    """How many there are on either side, so that it can be told what is left out."""
    judges: tuple[str, ...]
    """Who judged them, in words, the latest first: the scores may be those of several."""

    @property
    def scored(self) -> tuple[ScorePair, ...]:
        """Those that people gave a score."""
        return tuple(row for row in self.rows if row.person is not None)

    @property
    def decided(self) -> tuple[ScorePair, ...]:
        """Those that people accepted or rejected."""
        return tuple(row for row in self.rows if row.is_rejected is not None)


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """Judge against people over the examples of one group."""

    name: str
    """Empty: those that belong to none."""
    scored: int
    decided: int
    error: Figure
    spearman: Figure
    agreement: Figure
    """Share of the examples on which judge and people decide the same."""


def get_pairs(workspace: Workspace, dataset_id: int, by: str = "") -> Pairs:
    """What judge and people said, each row with its group: the subdomain, or the value of the parameter ``by``.

    Raises NotFoundError.
    """
    database = workspace.database
    database.get_dataset(dataset_id)
    judges = dict.fromkeys(f"{judge.model} ({judge.provider})" for judge in database.get_judges_of_pairs(dataset_id))
    return Pairs(
        dataset_id, tuple(database.get_score_pairs(dataset_id, by)), database.count_judged(dataset_id), tuple(judges)
    )


def groupings(workspace: Workspace, pairs: Pairs) -> list[str]:
    """The parameters that the pairs can be grouped by, as far as the first of them have any."""
    values: dict[str, set[str]] = {}
    for example in workspace.database.get_examples_by_id([row.example_id for row in pairs.rows[:LOOKED_AT]]):
        parameters = example.metadata.get("parameters")
        for name, value in parameters.items() if isinstance(parameters, dict) else ():
            values.setdefault(name, set()).add(str(value))
    return [name for name, found in values.items() if len(found) <= MOST_VALUES]


def compare_scores(pairs: Pairs) -> Comparison:
    """The judge's scores against people's."""
    return compare(*_scores(pairs.rows))


def compare_at(pairs: Pairs, threshold: float) -> Verdicts:
    """What the judge would remove below a threshold (0-10) against what people rejected."""
    return _verdicts(pairs.decided, threshold)


def compare_groups(pairs: Pairs, threshold: float) -> list[GroupFigures]:
    """Each group of the pairs on its own, the largest first."""
    groups: dict[str, list[ScorePair]] = {}
    for row in pairs.rows:
        groups.setdefault(row.group, []).append(row)
    ranked = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    return [_group(name, rows, threshold) for name, rows in ranked]


def _group(name: str, rows: Sequence[ScorePair], threshold: float) -> GroupFigures:
    judge, people = _scores(rows)
    decided = [row for row in rows if row.is_rejected is not None]
    return GroupFigures(
        name,
        len(judge),
        len(decided),
        error_figure(judge, people),
        spearman_figure(judge, people),
        _verdicts(decided, threshold).agreement,
    )


def _scores(rows: Sequence[ScorePair]) -> tuple[list[float], list[float]]:
    """The judge's and people's scores of those that have both."""
    both = [(row.judge, row.person) for row in rows if row.person is not None]
    return [judge for judge, _ in both], [person for _, person in both]


def _verdicts(rows: Sequence[ScorePair], threshold: float) -> Verdicts:
    return compare_verdicts([row.judge for row in rows], [bool(row.is_rejected) for row in rows], threshold)
