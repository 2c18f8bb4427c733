"""Repeats are turned away when they arrive, and asked for anew; prompts say how the dataset begins already."""

import orjson
import pytest

from synthgen_core.budget import Budget, Tariff
from synthgen_core.door import OPENINGS, Door
from synthgen_core.generator import MAX_ATTEMPTS, MAX_REPLACEMENTS
from synthgen_core.methods import RECIPES
from synthgen_core.models import ChatRequest, Method, Usage
from synthgen_core.prompts import TAKEN
from tests.core.generator.running import plan_of, run
from tests.support.replies import instruction
from tests.support.server import Act, Call, ModelServer

PLAN = plan_of(format_type="instruction")


def the_same(mark: str = "a", more: str = "") -> Act:
    return Act(text=orjson.dumps(instruction(mark) | {"input": more}).decode())


def test_an_example_comes_in_once_however_many_arrive_together(server: ModelServer) -> None:
    server.choose = lambda call: Act(text=the_same().text, delay=0.02) if call.number < 16 else Act()
    seen = run(server, range(16), plan=PLAN, workers=16)
    assert sorted(seen.contents) == list(range(16))
    assert seen.causes == {"repeat": 15}
    assert not any(failure.is_final for failure in seen.failures)
    assert len(server.calls) == len(seen.replies) == 31


def test_what_is_nearly_the_same_is_counted_by_itself(server: ModelServer) -> None:
    server.then(the_same(), the_same("a", "Quickly."))
    seen = run(server, range(4), plan=PLAN, workers=1)
    assert len(seen.made) == 4
    assert seen.causes == {"near_repeat": 1}
    assert "nearly" in seen.failures[0].error.message


def test_after_a_repeat_another_scenario_is_tried_at_once(server: ModelServer) -> None:
    server.then(the_same(), the_same())
    seen = run(server, range(2), plan=PLAN, workers=1)
    [again] = [made for made in seen.made if made.metadata["tries"] != 1]
    assert again.metadata["tries"] == MAX_ATTEMPTS + 1
    assert again.metadata["parameters"] == PLAN.scenario(again.item, 1).parameters


def test_a_model_that_knows_one_example_makes_one(server: ModelServer) -> None:
    server.choose = lambda call: the_same()
    seen = run(server, range(5), plan=PLAN, workers=2)
    assert len(seen.made) == 1
    final = [failure for failure in seen.failures if failure.is_final]
    assert [failure.cause for failure in final] == ["repeat"] * 4
    assert len(seen.failures) == 4 * (MAX_REPLACEMENTS + MAX_ATTEMPTS), "each scenario once, and the last one thrice"
    assert seen.error is None


def test_what_the_dataset_had_before_counts(server: ModelServer) -> None:
    door = Door(PLAN.format)
    door.remember(instruction("old"))
    server.then(the_same("old"))
    seen = run(server, range(3), plan=PLAN, workers=1, door=door)
    assert len(seen.made) == 3
    assert seen.causes == {"repeat": 1}


@pytest.mark.parametrize("format_type", ["chat", "instruction"])
def test_a_copy_of_the_example_in_the_prompt_is_turned_away(server: ModelServer, format_type: str) -> None:
    plan = plan_of(format_type=format_type)
    exchanges = plan.format.count_exchanges(plan.subdomain.examples[format_type])
    items = [item for item in range(99) if format_type != "chat" or plan.scenario(item).exchanges == exchanges]
    server.then(Act(text=orjson.dumps(plan.subdomain.examples[format_type]).decode()))
    seen = run(server, items[:2], plan=plan, workers=1)
    assert len(seen.made) == 2
    assert seen.causes == {"repeat": 1}


def test_a_small_model_is_not_kept_from_answering_the_same_question_twice(server: ModelServer) -> None:
    seen = run(server, range(150), plan=plan_of(Method.QUESTION_BANK, "instruction"))
    assert len(seen.made) == 150, "although the bank has 72 questions only"
    assert "near_repeat" not in seen.causes


# -- openings


def taken(call: Call) -> list[str]:
    """The openings that a prompt says are taken."""
    return call.words.partition(TAKEN)[2].split("\n- ")[1:]


@pytest.mark.parametrize("method", [Method.STRUCTURED, Method.TURN_BY_TURN])
def test_each_prompt_names_the_newest_openings(server: ModelServer, method: Method) -> None:
    plan = plan_of(method, "instruction")
    seen = run(server, range(20), plan=plan, workers=1)
    asked = [taken(call) for call in server.calls if method is Method.STRUCTURED or call.number % 2 == 0]
    known = [plan.format.first_user_text(made.content) for made in seen.made]
    assert [len(openings) for openings in asked] == [*range(OPENINGS), *[OPENINGS] * (20 - OPENINGS)]
    for number, openings in enumerate(asked):
        assert all(any(start.startswith(opening[1:20]) for start in known[:number]) for opening in openings)


def test_a_run_that_is_resumed_finds_its_replies_whatever_its_prompts_name(server: ModelServer) -> None:
    first = run(server, range(12), plan=PLAN, workers=1)
    kept = {reply.key: reply.completion for reply in first.replies}
    door = Door(PLAN.format)
    door.remember(instruction("elsewhere"))
    second = run(server, range(11, -1, -1), plan=PLAN, workers=1, memory=kept.get, door=door)
    assert second.contents == first.contents
    assert len(server.calls) == 12


def test_where_the_budget_has_no_room_for_them_openings_are_left_out(server: ModelServer) -> None:
    tariff = Tariff(lambda usage: None)
    worst = {item: tariff.worst_usage(first_request(item)).total for item in range(20)}
    order = sorted(worst, key=lambda item: worst[item])
    budget = Budget(tariff, max_tokens=worst[order[-1]] + 19 * Usage(100, 50).total)  # just enough for the last call
    seen = run(server, order, plan=PLAN, workers=1, budget=budget)
    assert len(seen.made) == 20
    assert taken(server.calls[1])
    assert not taken(server.calls[-1])


def first_request(item: int) -> ChatRequest:
    return next(RECIPES[PLAN.method](PLAN, PLAN.scenario(item), item, 0, 1)).request
