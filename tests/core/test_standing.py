"""What several people's reviews of one example come to."""

from datetime import UTC, datetime

import pytest

from synthgen_core.reviewing import Review, Verdict
from synthgen_core.standing import Standing, standing_of

AT = datetime(2026, 11, 1, tzinfo=UTC)
ACCEPT, REJECT, SKIP, WITHDRAWN = Verdict.ACCEPT, Verdict.REJECT, Verdict.SKIP, Verdict.WITHDRAWN


def said(*reviews: tuple[str, Verdict], revision: int = 1, first: int = 1) -> list[Review]:
    return [
        Review(n, 1, revision, name, verdict, None, "", AT, None, False)
        for n, (name, verdict) in enumerate(reviews, first)
    ]


def scored(n: int, name: str, score: float, verdict: Verdict = WITHDRAWN, revision: int = 1) -> Review:
    return Review(n, 1, revision, name, verdict, score, "", AT, None, False)


@pytest.mark.parametrize(
    ("reviews", "verdict", "people"),
    [
        ([], None, 0),
        ([("ann", ACCEPT)], "accept", 1),
        ([("ann", ACCEPT), ("ben", ACCEPT)], "accept", 2),
        ([("ann", ACCEPT), ("ben", REJECT)], "disputed", 2),
        ([("ann", ACCEPT), ("ben", REJECT), ("ann", REJECT)], "reject", 2),
        ([("ann", ACCEPT), ("ben", SKIP)], "accept", 1),
        ([("ann", SKIP)], "skip", 0),
        ([("ann", REJECT), ("ann", WITHDRAWN)], None, 0),
        ([("ann", REJECT), ("ben", ACCEPT), ("ann", WITHDRAWN)], "accept", 1),
    ],
)
def test_the_latest_word_of_each_person_counts(
    reviews: list[tuple[str, Verdict]], verdict: str | None, people: int
) -> None:
    found = standing_of(said(*reviews), 1)
    assert (found.verdict, found.people) == (verdict, people)


def test_an_adjudication_settles_it_until_it_is_taken_back() -> None:
    open_ = said(("ann", ACCEPT), ("ben", REJECT))
    settled = Review(3, 1, 1, "ann", REJECT, None, "", AT, None, True)
    later = said(("cy", ACCEPT), first=4)
    assert standing_of([*open_, settled, *later], 1).verdict == "reject"
    assert standing_of([*open_, settled, *later], 1).people == 3, "an adjudication is no further opinion"
    back = Review(5, 1, 1, "ann", WITHDRAWN, None, "", AT, None, True)
    assert standing_of([*open_, settled, *later, back], 1).verdict == "disputed"


def test_what_was_said_of_an_older_text_counts_only_while_nothing_is_said_of_the_new_one() -> None:
    old = said(("ann", ACCEPT), ("ben", ACCEPT))
    found = standing_of(old, content_revision=2)
    assert (found.verdict, found.people, found.revision) == ("accept", 0, 1)
    found = standing_of([*old, *said(("cy", REJECT), revision=2, first=3)], content_revision=2)
    assert (found.verdict, found.people, found.revision, found.reviewer) == ("reject", 1, 2, "cy")


def test_scores_are_averaged_over_people_and_are_no_verdict() -> None:
    reviews = [scored(1, "ann", 9.0), scored(2, "ben", 5.0, ACCEPT), scored(3, "ann", 7.0)]
    found = standing_of(reviews, 1)
    assert (found.score, found.verdict, found.people) == (6.0, "accept", 1)
    assert standing_of([scored(1, "ann", 3.0)], 1).verdict is None
    assert standing_of([], 1) == Standing()
