"""A judge's reply is worth its scores, or nothing: no reply that is odd in any way becomes a number."""

import json

import pytest

from synthgen_core.errors import InvalidExampleError
from synthgen_core.formats import get_format
from synthgen_core.judging import CRITERIA, JudgementState, Rubric, parse_judgement
from synthgen_core.judging.verdicts import Judgement, mean_of, parse_improvement
from synthgen_core.models import Completion, Json, JsonObject

RUBRIC = Rubric()
NAMES = [criterion.name for criterion in CRITERIA]
CHAT = get_format("chat")
EXAMPLE: JsonObject = {
    "messages": [
        {"role": "user", "content": "Why is my invoice higher this month?"},
        {"role": "assistant", "content": "Because of the change of plan on the 3rd: ten days at 9 and twenty at 12."},
    ]
}


def reply(text: str, finish_reason: str = "stop") -> Completion:
    return Completion(text, "judge", finish_reason)


def scored(**scores: Json) -> str:
    return json.dumps({name: {"reason": f"about {name}", "score": scores.get(name, 7)} for name in NAMES})


def test_a_full_reply_gives_every_criterion_and_their_mean() -> None:
    found = parse_judgement(reply(scored(alignment=2, formatting=9.5)), RUBRIC)
    assert found.state is JudgementState.SCORED
    assert found.scores["alignment"] == 2
    assert found.reasons["alignment"] == "about alignment"
    assert found.overall == 6.5  # (7 + 2 + 7 + 9.5 + 7) / 5


@pytest.mark.parametrize(("said", "score"), [("8/10", 8), ("8 / 10", 8), ("7.5", 7.5), (10, 10), (0, 0)])
def test_a_score_may_be_written_as_people_write_it(said: Json, score: float) -> None:
    assert parse_judgement(reply(scored(alignment=said)), RUBRIC).scores["alignment"] == score


@pytest.mark.parametrize("said", [99, -1, 10.5, "99", "8/5", "good", "", None, True, [8], {"value": 8}, "NaN", "1e1"])
def test_an_odd_score_fails_the_judgement_and_says_which(said: Json) -> None:
    found = parse_judgement(reply(scored(alignment=said)), RUBRIC)
    assert found.state is JudgementState.FAILED
    assert found.overall is None
    assert found.scores == {}
    assert "alignment" in found.failure


@pytest.mark.parametrize(
    ("text", "finish"),
    [
        ("", "stop"),
        ("I rate it 8 of 10.", "stop"),
        ("I'm sorry, but I can't judge this.", "stop"),
        (json.dumps(EXAMPLE), "stop"),
        (scored(), "length"),
        (scored()[:-40], "stop"),
        ('{"alignment": {"reason": "fine", "score": 8}}', "stop"),
        ('{"alignment": NaN}', "stop"),
    ],
)
def test_a_reply_that_is_no_judgement_is_a_failure_and_never_a_number(text: str, finish: str) -> None:
    found = parse_judgement(reply(text, finish), RUBRIC)
    assert (found.state, found.overall, found.scores) == (JudgementState.FAILED, None, {})
    assert found.failure


def test_an_echo_of_the_example_before_the_verdict_does_no_harm() -> None:
    found = parse_judgement(reply(f"The example:\n{json.dumps(EXAMPLE)}\n\n{scored(alignment=3)}"), RUBRIC)
    assert found.scores["alignment"] == 3


def test_thoughts_and_fences_around_the_verdict_do_no_harm() -> None:
    found = parse_judgement(reply(f"<think>Perhaps {scored(alignment=1)}?</think>\n```json\n{scored()}\n```"), RUBRIC)
    assert found.scores["alignment"] == 7


def test_the_mean_of_several_runs_has_its_spread_and_leaves_failures_out() -> None:
    runs = [parse_judgement(reply(scored(alignment=score)), RUBRIC) for score in (2, 7, 99)]
    mean = mean_of(runs, RUBRIC)
    assert mean.scores["alignment"] == 4.5
    assert mean.overall == 6.5
    assert mean.spread == pytest.approx(0.707, abs=1e-3)
    assert mean_of(runs[:1], RUBRIC).spread is None
    assert mean_of(runs[2:], RUBRIC) == runs[2]
    assert isinstance(mean, Judgement)


def test_a_mended_example_is_taken_if_it_is_valid_and_has_the_same_turns() -> None:
    mended = {"messages": [EXAMPLE["messages"][0], {"role": "assistant", "content": "Your plan changed."}]}  # type: ignore[index,call-overload] # a list
    assert parse_improvement(reply(json.dumps(mended)), CHAT, EXAMPLE) == mended


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (json.dumps(EXAMPLE), "unchanged"),
        (json.dumps({"messages": [*EXAMPLE["messages"], {"role": "user", "content": "Thanks."}]}), "other_turns"),  # type: ignore[misc] # a list
        (json.dumps({"messages": []}), "missing_field"),
        (json.dumps({"anything": 1}), "no_json"),
        ("Here you are.", "no_json"),
    ],
)
def test_whatever_else_comes_back_never_replaces_the_example(text: str, reason: str) -> None:
    with pytest.raises(InvalidExampleError) as error:
        parse_improvement(reply(text), CHAT, EXAMPLE)
    assert error.value.reason == reason


def test_what_a_mended_example_leaves_out_of_the_originals_keys_is_kept() -> None:
    original: JsonObject = {**EXAMPLE, "tools": [{"type": "function", "function": {"name": "look_up"}}]}
    messages = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "The plan changed."}]
    mended = parse_improvement(reply(json.dumps({"messages": messages})), CHAT, original)
    assert mended["tools"] == original["tools"]
