"""What people's reviews of one example come to together: the verdict that stands beside it, and the mean score."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

from synthgen_core.reviewing import DISPUTED, Review, Verdict


@dataclass(frozen=True, slots=True)
class Standing:
    """What is kept beside an example of all that was said of it."""

    verdict: str | None = None
    """A ``Verdict``, or ``DISPUTED``; None: nobody said anything."""
    score: float | None = None
    """Mean of people's scores."""
    people: int = 0
    """Who accepted or rejected its present text."""
    revision: int = 0
    """The newest that was looked at."""
    reviewer: str = ""
    """Who said something last."""
    at: datetime | None = None


def latest_of_each(reviews: Iterable[Review], *, is_adjudication: bool = False) -> dict[str, Review]:
    """Reviewer -> the latest review of theirs, in the order in which they came; what was taken back included.

    An adjudication is another thing than a reviewer's own opinion. ``reviews``: in order, too.
    """
    latest = _latest(reviews)
    return {review.reviewer: review for review in latest if review.is_adjudication is is_adjudication}


def standing_of(reviews: Sequence[Review], content_revision: int) -> Standing:
    """What reviews of one example come to, given in the order in which they came.

    Those of its present text count; if there are none, those of older ones. People who accept and people who reject
    make it disputed, until one settles it by an adjudication.
    """
    said = [review for review in _latest(reviews) if _says_something(review)]
    present = [review for review in said if review.revision >= content_revision]
    counted = present or said
    if not counted:
        return Standing()
    last = counted[-1]
    scores = [review.score for review in counted if review.score is not None]
    return Standing(
        _verdict_of(counted),
        fmean(scores) if scores else None,
        sum(review.verdict.is_decision and not review.is_adjudication for review in present),
        max(review.revision for review in counted),
        last.reviewer,
        last.created_at,
    )


def _latest(reviews: Iterable[Review]) -> Iterable[Review]:
    """The latest opinion, and the latest adjudication, of each person, in the order in which they came."""
    latest: dict[tuple[str, bool], Review] = {}
    for review in reviews:
        key = (review.reviewer, review.is_adjudication)
        latest.pop(key, None)  # it goes to the end
        latest[key] = review
    return latest.values()


def _says_something(review: Review) -> bool:
    return review.verdict is not Verdict.WITHDRAWN or review.score is not None


def _verdict_of(counted: Sequence[Review]) -> str | None:
    settled = [review for review in counted if review.is_adjudication and review.verdict.is_decision]
    if settled:
        return settled[-1].verdict
    verdicts = {review.verdict for review in counted}
    decisions = {verdict for verdict in verdicts if verdict.is_decision}
    if len(decisions) > 1:
        return DISPUTED
    if decisions:
        return decisions.pop()
    return Verdict.SKIP if Verdict.SKIP in verdicts else None
