"""Of two examples one is better only if the judge says so in both orders."""

import json

import pytest

from synthgen_core.errors import InvalidExampleError
from synthgen_core.judging.preferences import Preference, Verdict, parse_opinion
from synthgen_core.models import Completion


@pytest.mark.parametrize(
    ("straight", "swapped", "preference", "turned"),
    [
        ("A", "B", Preference.FIRST, ""),
        ("B", "A", Preference.SECOND, ""),
        ("A", "A", Preference.TIE, "a"),
        ("B", "B", Preference.TIE, "b"),
        ("tie", "A", Preference.TIE, ""),
        ("tie", "tie", Preference.TIE, ""),
    ],
)
def test_a_preference_must_hold_in_both_orders(
    straight: str, swapped: str, preference: Preference, turned: str
) -> None:
    one, other = (
        parse_opinion(Completion(json.dumps({"reason": " r ", "better": said}), "m")) for said in (straight, swapped)
    )
    verdict = Verdict(one, other)
    assert (verdict.preference, verdict.turned) == (preference, turned)
    assert Verdict.from_json(verdict.to_json()) == verdict
    assert verdict.to_json()["straight"] == {"better": straight.lower(), "reason": "r"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [('{"better": "both"}', "no_verdict"), ('{"better": null}', "no_verdict"), ("A is better.", "no_json")],
)
def test_a_reply_without_a_verdict_is_no_opinion(text: str, reason: str) -> None:
    with pytest.raises(InvalidExampleError) as raised:
        parse_opinion(Completion(text, "m"))
    assert raised.value.reason == reason
