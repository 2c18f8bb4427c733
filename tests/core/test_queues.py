"""The most useful examples come first, each with its reasons."""

from typing import Any

from synthgen_core.queues import Candidate, most_useful

PLAIN: dict[str, Any] = {
    "quality_score": None,
    "judge_spread": None,
    "flag_count": 0,
    "parameters": {},
    "is_repeat": False,
    "is_typical": False,
}


def candidate(number: int, **known: Any) -> Candidate:
    return Candidate(id=number, example_index=number, **PLAIN | known)


def reasons(*candidates: Candidate, size: int = 100) -> dict[int, str]:
    return {each.id: each.reason for each in most_useful(candidates, size, threshold=7.0)}


def test_each_reason_is_told_and_what_has_none_is_left_out() -> None:
    found = reasons(
        candidate(1),
        candidate(2, quality_score=6.9),
        candidate(3, flag_count=1),
        candidate(4, judge_spread=1.2),
        candidate(5, is_repeat=True),
        candidate(6, quality_score=2.0),
        candidate(7, quality_score=7.5, flag_count=3),
    )
    assert found == {
        2: "score 6.9 is near the threshold of 7",
        3: "1 flag",
        4: "the judge is unsure (± 1.2)",
        5: "another example says the same",
        7: "3 flags; score 7.5 is near the threshold of 7",
    }


def test_the_strongest_come_first_and_ties_by_index() -> None:
    found = reasons(
        candidate(5, is_repeat=True),
        candidate(4, is_repeat=True),
        candidate(1, flag_count=1),
        candidate(2, is_repeat=True, flag_count=3),
        candidate(3, quality_score=7.0),
        size=4,
    )
    assert list(found) == [2, 3, 4, 5]


def test_rare_is_told_by_what_was_drawn_by_chance_and_only_by_enough_of_it() -> None:
    usual = [candidate(n, parameters={"tone": "calm"}, is_typical=True) for n in range(99)]
    odd = candidate(99, parameters={"tone": "odd"}, is_typical=True)
    looked_for = [candidate(n, parameters={"tone": "calm"}) for n in range(200, 210)]
    assert reasons(*usual, odd, *looked_for) == {99: "few have tone “odd”"}
    assert reasons(*usual[:50], odd) == {}
