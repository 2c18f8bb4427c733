"""How far a review is, what it says, and how far its reviewers agree; each figure with what it rests on."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

from synthgen_core.reviewing import DISPUTED, Review, Verdict
from synthgen_core.standing import latest_of_each
from synthgen_core.statistics import Figure
from synthgen_core.statistics.agreement import (
    Level,
    Weights,
    agreement_figure,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
    percent_agreement,
)
from synthgen_core.statistics.intervals import wilson
from synthgen_core.workspace import Workspace

VERDICTS = (0.0, 1.0)
POINTS = tuple(float(point) for point in range(11))
"""Scores are put into whole points where a formula needs categories."""


@dataclass(frozen=True, slots=True)
class PersonProgress:
    """What one person said of the present texts of a dataset's active examples."""

    name: str
    accepted: int
    rejected: int
    skipped: int
    scored: int
    mean_score: float | None
    last_at: datetime

    @property
    def decided(self) -> int:
        """Examples that they accepted or rejected."""
        return self.accepted + self.rejected


@dataclass(frozen=True, slots=True)
class ReviewProgress:
    """How far the review of a dataset is. All but ``n`` is over active examples of which somebody said something."""

    n: int
    """Active examples."""
    accepted: int
    rejected: int
    skipped: int
    disputed: int
    stale: int
    """A verdict of an older text; in none of the other numbers."""
    accept_rate: Figure
    """Accepted, of those accepted or rejected."""
    people: tuple[PersonProgress, ...]
    """By name."""
    agreement: Mapping[str, Figure]
    """Name of a coefficient -> it, or why it is withheld."""
    overlapping: int
    """Examples that two people or more accepted or rejected."""

    @property
    def reviewed(self) -> int:
        """Examples with a verdict on their present text, disputed ones too."""
        return self.accepted + self.rejected + self.disputed


def count_verdicts(workspace: Workspace, dataset_id: int) -> dict[str, int]:
    """Verdict, or ``disputed``, -> active examples whose present text has it; quick enough to be asked all the time."""
    counts = workspace.database.count_verdicts(dataset_id)
    return {verdict: count for (verdict, is_stale), count in sorted(counts.items()) if not is_stale}


def review_progress(workspace: Workspace, dataset_id: int) -> ReviewProgress:
    """How far a dataset's review is, and how far its reviewers agree. Takes longer the more was reviewed.

    Raises NotFoundError.
    """
    dataset = workspace.database.get_dataset(dataset_id)
    counts = workspace.database.count_verdicts(dataset_id)
    present: list[list[Review]] = []
    for content_revision, said in workspace.database.get_reviews_of(dataset_id):
        latest = latest_of_each(said).values()
        present.append([review for review in latest if review.revision >= content_revision])
    accepted, rejected = counts.get((Verdict.ACCEPT, False), 0), counts.get((Verdict.REJECT, False), 0)
    by_name: dict[str, list[Review]] = {}
    for review in (review for said in present for review in said):
        by_name.setdefault(review.reviewer, []).append(review)
    names = sorted(by_name)
    return ReviewProgress(
        n=dataset.example_count,
        accepted=accepted,
        rejected=rejected,
        skipped=counts.get((Verdict.SKIP, False), 0),
        disputed=counts.get((DISPUTED, False), 0),
        stale=sum(count for (_, is_stale), count in counts.items() if is_stale),
        accept_rate=wilson(accepted, accepted + rejected),
        people=tuple(_person(name, by_name[name]) for name in names),
        agreement=_agreement([said for said in present if len(said) > 1], names),
        overlapping=sum(sum(review.verdict.is_decision for review in said) > 1 for said in present),
    )


def _person(name: str, own: Sequence[Review]) -> PersonProgress:
    verdicts = [review.verdict for review in own]
    scores = [review.score for review in own if review.score is not None]
    return PersonProgress(
        name,
        verdicts.count(Verdict.ACCEPT),
        verdicts.count(Verdict.REJECT),
        verdicts.count(Verdict.SKIP),
        len(scores),
        fmean(scores) if scores else None,
        max(review.created_at for review in own),
    )


def _agreement(present: Sequence[Sequence[Review]], names: Sequence[str]) -> dict[str, Figure]:
    """Coefficients over the examples that at least two people judged."""
    column = {name: number for number, name in enumerate(names)}
    verdicts, scores = [], []
    for said in present:
        row, points = [math.nan] * len(names), [math.nan] * len(names)
        for review in said:
            if review.verdict.is_decision:
                row[column[review.reviewer]] = float(review.verdict is Verdict.ACCEPT)
            if review.score is not None:
                points[column[review.reviewer]] = review.score
        verdicts.append(row)
        scores.append(points)
    whole = [[score if math.isnan(score) else float(round(score)) for score in row] for row in scores]
    kappa, name = (cohen_kappa, "Cohen's kappa") if len(names) == 2 else (fleiss_kappa, "Fleiss' kappa")
    return {
        "Verdicts: equal": agreement_figure(lambda rows: percent_agreement(rows, VERDICTS), verdicts, "share of pairs"),
        f"Verdicts: {name}": agreement_figure(lambda rows: kappa(rows, VERDICTS), verdicts, name),
        "Verdicts: Krippendorff's alpha": agreement_figure(krippendorff_alpha, verdicts, "alpha, nominal"),
        "Verdicts: Gwet's AC1": agreement_figure(lambda rows: gwet_ac(rows, VERDICTS), verdicts, "AC1"),
        "Scores: Krippendorff's alpha": agreement_figure(
            lambda rows: krippendorff_alpha(rows, Level.INTERVAL), scores, "alpha, interval"
        ),
        "Scores: Gwet's AC2": agreement_figure(
            lambda rows: gwet_ac(rows, POINTS, Weights.QUADRATIC), whole, "AC2, quadratic, in whole points"
        ),
    }
