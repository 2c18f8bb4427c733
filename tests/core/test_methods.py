"""Recipes without a model: a test plays the model, and sees every request."""

from dataclasses import replace

import orjson
import pytest

from synthgen_core.domains import load_catalogue
from synthgen_core.errors import InvalidExampleError
from synthgen_core.generator import make_plan
from synthgen_core.methods import ANSWER_TRIES, MAX_SEED, RECIPES, Plan
from synthgen_core.models import ChatRequest, Completion, JsonObject, Method, Role
from tests.support.replies import conversation, instruction, write

BAD_ANSWER = "No."


def plan_of(method: Method, format_type: str = "chat", *, subdomain: str = "technical_support", seed: int = 7) -> Plan:
    return make_plan(
        load_catalogue(),
        domain="support",
        subdomain=subdomain,
        format_type=format_type,
        language_code="en",
        method=method,
        seed=seed,
    )


def begin(plan: Plan, item: int = 0, replacement: int = 0, attempt: int = 1) -> ChatRequest:
    return next(RECIPES[plan.method](plan, plan.scenario(item, replacement), item, replacement, attempt))


def answer(request: ChatRequest) -> str:
    """What a good model says."""
    messages = [{"role": message.role, "content": message.content} for message in request.messages]
    return write({"messages": messages, "seed": request.seed})


def play(plan: Plan, item: int = 0, *, exchanges: int | None = None) -> tuple[JsonObject, list[ChatRequest]]:
    """The example that a good model makes, and the requests that it got."""
    scenario = plan.scenario(item)
    scenario = replace(scenario, exchanges=exchanges or scenario.exchanges)
    recipe = RECIPES[plan.method](plan, scenario, item, 0, 1)
    requests = [next(recipe)]
    while True:
        try:
            requests.append(recipe.send(Completion(answer(requests[-1]), "m")))
        except StopIteration as finished:
            return finished.value, requests


def reply_to_first(plan: Plan, text: str, finish_reason: str = "stop", item: int = 0) -> JsonObject:
    """The example that comes of this one reply."""
    recipe = RECIPES[plan.method](plan, plan.scenario(item), item, 0, 1)
    next(recipe)
    with pytest.raises(StopIteration) as finished:
        recipe.send(Completion(text, "m", finish_reason))
    value: JsonObject = finished.value.value
    return value


@pytest.mark.parametrize("method", list(Method))
@pytest.mark.parametrize("format_type", ["chat", "instruction"])
def test_each_method_makes_each_format(method: Method, format_type: str) -> None:
    plan = plan_of(method, format_type)
    for item in range(5):
        content, _ = play(plan, item)
        assert plan.format.issues(content) == []
        plan.format.check_exchanges(content, plan.scenario(item).exchanges)


@pytest.mark.parametrize("method", list(Method))
def test_the_same_item_asks_the_same_for_ever(method: Method) -> None:
    assert begin(plan_of(method), 3, 1, 2) == begin(plan_of(method), 3, 1, 2)
    assert play(plan_of(method), 3) == play(plan_of(method), 3)


@pytest.mark.parametrize("method", list(Method))
def test_every_attempt_samples_anew(method: Method) -> None:
    plan = plan_of(method)
    asked = [begin(plan, item, replacement, attempt) for item in (0, 1) for replacement in (0, 1) for attempt in (1, 2)]
    seeds = {request.seed for request in asked}
    assert len(seeds) == len(asked)
    assert all(seed is not None and 0 <= seed <= MAX_SEED for seed in seeds)
    assert begin(plan_of(method, seed=8)).seed not in seeds


@pytest.mark.parametrize("method", list(Method))
def test_a_users_temperature_replaces_the_methods_own(method: Method) -> None:
    plan = plan_of(method)
    assert begin(replace(plan, temperature=0.0)).temperature == 0.0
    assert begin(plan).temperature not in (None, 0.0)
    assert begin(replace(plan, max_tokens=5)).max_tokens == 5


# -- structured


def test_a_whole_example_takes_one_call_that_names_its_schema() -> None:
    plan = plan_of(Method.STRUCTURED)
    content, requests = play(plan)
    assert len(requests) == 1
    assert requests[0].schema is not None
    assert orjson.loads(requests[0].schema) == plan.format.schema
    assert content == orjson.loads(answer(requests[0]))


def test_a_longer_conversation_may_take_more_tokens() -> None:
    plan = plan_of(Method.STRUCTURED)
    _, short = play(plan, exchanges=1)
    _, long = play(plan, exchanges=8)
    assert long[0].max_tokens > short[0].max_tokens


@pytest.mark.parametrize("more", [-1, 1])
def test_a_conversation_of_another_length_is_refused(more: int) -> None:
    plan = plan_of(Method.STRUCTURED)
    item = next(item for item in range(100) if plan.scenario(item).exchanges > 1)
    text = orjson.dumps(conversation(plan.scenario(item).exchanges + more, "x")).decode()
    with pytest.raises(InvalidExampleError) as caught:
        reply_to_first(plan, text, item=item)
    assert caught.value.reason == "exchanges"


def test_a_reply_that_was_cut_is_refused_although_it_looks_whole() -> None:
    plan = plan_of(Method.STRUCTURED, "instruction")
    text = orjson.dumps(instruction("x")).decode()
    assert reply_to_first(plan, text) == instruction("x")
    with pytest.raises(InvalidExampleError) as caught:
        reply_to_first(plan, text, "length")
    assert caught.value.reason == "cut_off"


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "empty"), ("Certainly!", "no_json"), ("I'm sorry, I can't help with that.", "refusal")],
)
def test_a_reply_without_an_example_says_why(text: str, reason: str) -> None:
    with pytest.raises(InvalidExampleError) as caught:
        reply_to_first(plan_of(Method.STRUCTURED), text)
    assert caught.value.reason == reason


def test_an_example_of_another_format_is_refused() -> None:
    with pytest.raises(InvalidExampleError):
        reply_to_first(plan_of(Method.STRUCTURED, "instruction"), orjson.dumps(conversation(1, "x")).decode())


# -- question bank


def test_each_answer_takes_one_call_that_has_the_conversation_so_far() -> None:
    content, requests = play(plan_of(Method.QUESTION_BANK), exchanges=3)
    messages = content["messages"]
    assert isinstance(messages, list)
    assert len(requests) == 3
    assert [len(request.messages) for request in requests] == [2, 4, 6]
    assert all(request.messages[0].role is Role.SYSTEM for request in requests)
    said = [{"role": str(message.role), "content": message.content} for message in requests[-1].messages[1:]]
    assert messages[:-1] == said
    assert all(request.schema is None for request in requests)
    assert len({message["content"] for message in messages if isinstance(message, dict)}) == 6


def test_an_instruction_takes_one_exchange_whatever_was_drawn() -> None:
    _, requests = play(plan_of(Method.QUESTION_BANK, "instruction"), exchanges=4)
    assert len(requests) == 1


def test_a_bad_answer_is_asked_for_again_and_then_given_up() -> None:
    plan = plan_of(Method.QUESTION_BANK)
    recipe = RECIPES[plan.method](plan, plan.scenario(0), 0, 0, 1)
    requests = [next(recipe)]
    for _ in range(ANSWER_TRIES - 1):
        requests.append(recipe.send(Completion(BAD_ANSWER, "m")))
    with pytest.raises(InvalidExampleError) as caught:
        recipe.send(Completion(BAD_ANSWER, "m"))
    assert caught.value.reason == "answer_too_short"
    assert len({request.messages for request in requests}) == 1
    assert len({request.seed for request in requests}) == ANSWER_TRIES


def test_one_bad_answer_does_not_cost_the_conversation() -> None:
    plan = plan_of(Method.QUESTION_BANK, "instruction")
    recipe = RECIPES[plan.method](plan, plan.scenario(0), 0, 0, 1)
    next(recipe)
    again = recipe.send(Completion(BAD_ANSWER, "m"))
    with pytest.raises(StopIteration) as finished:
        recipe.send(Completion(answer(again), "m"))
    assert finished.value.value["output"] == answer(again)


def test_an_answer_that_was_cut_ends_with_its_last_whole_sentence() -> None:
    plan = plan_of(Method.QUESTION_BANK, "instruction")
    whole = answer(begin(plan))
    content = reply_to_first(plan, f"{whole} And then there is", "length")
    assert content["output"] == whole


def test_another_example_and_a_replacement_begin_elsewhere_in_the_bank() -> None:
    plan = plan_of(Method.QUESTION_BANK)
    first = [begin(plan, item).messages[1].content for item in range(20)]
    assert len(set(first)) == 20
    assert begin(plan, 0, replacement=1).messages[1].content != first[0]
