"""Recipes without a model: a test plays the model, and sees every request."""

from dataclasses import replace

import orjson
import pytest

from synthgen_core.domains import load_catalogue
from synthgen_core.errors import InvalidExampleError
from synthgen_core.methods import ANSWER_TRIES, MAX_SEED, RECIPES, Approved, Ask, Plan, make_plan
from synthgen_core.models import ChatRequest, Completion, JsonObject, Method, Role, Side
from synthgen_core.scenarios import in_words
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
    return next(RECIPES[plan.method](plan, plan.scenario(item, replacement), item, replacement, attempt)).sent


def answer(request: ChatRequest) -> str:
    """What a good model says."""
    messages = [{"role": message.role, "content": message.content} for message in request.messages]
    return write({"messages": messages, "seed": request.seed})


def play(plan: Plan, item: int = 0, *, exchanges: int | None = None) -> tuple[JsonObject, list[ChatRequest]]:
    """The example that a good model makes, and the requests that it got."""
    scenario = plan.scenario(item)
    scenario = replace(scenario, exchanges=exchanges or scenario.exchanges)
    recipe = RECIPES[plan.method](plan, scenario, item, 0, 1)
    requests = [next(recipe).sent]
    while True:
        try:
            requests.append(recipe.send(Completion(answer(requests[-1]), "m")).sent)
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


# -- turn by turn


def sides(plan: Plan, item: int = 0) -> list[Ask]:
    """Every call of an item, as a good model lets it go on."""
    recipe = RECIPES[plan.method](plan, plan.scenario(item), item, 0, 1, ["It is broken."])
    asks = [next(recipe)]
    while True:
        try:
            asks.append(recipe.send(Completion(answer(asks[-1].sent), "m")))
        except StopIteration:
            return asks


def test_each_turn_is_a_call_and_the_sides_alternate() -> None:
    plan = plan_of(Method.TURN_BY_TURN)
    content, requests = play(plan, exchanges=3)
    assert len(requests) == 6
    assert plan.format.count_exchanges(content) == 3
    item = next(item for item in range(100) if plan.scenario(item).exchanges == 2)
    assert [ask.side for ask in sides(plan, item)] == [Side.WRITER, Side.ASSISTANT] * 2
    assert [ask.side for ask in sides(plan_of(Method.TURN_BY_TURN, "instruction"), item)] == list(Side)


def test_the_assistant_reads_the_conversation_and_not_the_plot_behind_it() -> None:
    plan = plan_of(Method.TURN_BY_TURN)
    item = next(item for item in range(100) if plan.scenario(item).exchanges == 2)
    scenario = plan.scenario(item)
    asked, answered, asked_again, last = sides(plan, item)
    for ask in (asked, asked_again):
        assert scenario.situation in ask.sent.messages[-1].content
    for ask in (answered, last):
        assert not any(scenario.situation in message.content for message in ask.sent.messages)
        assert plan.domain.guidance in ask.sent.messages[0].content
        roles = [message.role for message in ask.sent.messages[1:]]
        assert roles == [Role.USER, Role.ASSISTANT, Role.USER][: len(roles)]
        assert roles[-1] is Role.USER
    said = [message.content for message in last.sent.messages[1:-1]]
    assert all(f'"{words}"' in asked_again.sent.messages[-1].content for words in said), "the user's side knows it all"


def test_the_assistants_style_is_told_to_the_assistant_only() -> None:
    plan = plan_of(Method.TURN_BY_TURN)
    asked, answered = sides(plan_of(Method.TURN_BY_TURN, "instruction"))
    style, tone = plan.scenario(0).parameters["communication_styles"], plan.scenario(0).parameters["emotional_tones"]
    assert f"style: {in_words(style)}" in answered.sent.messages[0].content
    assert "the assistant's style" not in asked.sent.messages[-1].content
    assert f"tone: {in_words(tone)}" in asked.sent.messages[-1].content
    assert "tone" not in answered.sent.messages[0].content


def test_the_users_side_is_told_how_long_the_conversation_will_be() -> None:
    plan = plan_of(Method.TURN_BY_TURN)
    _, requests = play(plan, exchanges=3)
    first, second, third = (request.messages[-1].content for request in requests[::2])
    assert "3 in all" in first
    assert "number 2 of 3" in second
    assert "their last" not in second
    assert "number 3 of 3. It is their last" in third


@pytest.mark.parametrize(
    ("text", "finish", "reason"),
    [
        ("It rest", "length", "cut_off"),
        ("It restarts.", "content_filter", "refusal"),
        ("I'm sorry, I can't help with that.", "stop", "refusal"),
        ("<think>nothing</think>", "stop", "empty"),
        ("It restarts.\nAssistant: Look at the log.", "stop", "both_sides"),
    ],
)
@pytest.mark.parametrize("side", list(Side))
def test_a_turn_that_is_none_fails_the_attempt(side: Side, text: str, finish: str, reason: str) -> None:
    plan = plan_of(Method.TURN_BY_TURN)
    recipe = RECIPES[plan.method](plan, plan.scenario(0), 0, 0, 1)
    next(recipe)
    if side is Side.ASSISTANT:
        recipe.send(Completion("My router restarts.", "m"))
    with pytest.raises(InvalidExampleError) as caught:
        recipe.send(Completion(text, "m", finish))
    assert caught.value.reason == reason


def test_a_parrot_is_no_assistant() -> None:
    plan = plan_of(Method.TURN_BY_TURN)
    recipe = RECIPES[plan.method](plan, plan.scenario(0), 0, 0, 1)
    next(recipe)
    recipe.send(Completion("My router restarts.", "m"))
    with pytest.raises(InvalidExampleError) as caught:
        recipe.send(Completion("<think>Hm.</think>My router restarts.", "m"))
    assert caught.value.reason == "repeats_itself"


# -- openings to avoid, and approved examples


@pytest.mark.parametrize("method", [Method.STRUCTURED, Method.TURN_BY_TURN])
def test_openings_are_named_once_and_change_nothing_that_a_reply_is_kept_under(method: Method) -> None:
    plan = plan_of(method)
    make = RECIPES[method]
    plain, warned = (next(make(plan, plan.scenario(0), 0, 0, 1, avoid)) for avoid in ((), ("It is broken.",)))
    assert plain.request == warned.request == plain.sent
    assert warned.sent.messages[-1].content.endswith('- "It is broken."')
    assert warned.sent.messages[:-1] == plain.sent.messages[:-1]
    assert [ask.hint for ask in sides(plan, 0)][1:] == [""] * (len(sides(plan, 0)) - 1)


def test_the_question_bank_has_openings_of_its_own() -> None:
    assert all(ask.hint == "" for ask in sides(plan_of(Method.QUESTION_BANK)))


def shown_by(plan: Plan, item: int) -> list[int]:
    """Ids of the approved examples that the first prompt of an item shows."""
    text = next(RECIPES[plan.method](plan, plan.scenario(item), item, 0, 1)).request.messages[-1].content
    return [approved.id for approved in plan.approved if f"Number 1 of mark{approved.id}x" in text]


@pytest.mark.parametrize("method", [Method.STRUCTURED, Method.TURN_BY_TURN])
def test_each_item_is_shown_other_approved_examples_and_the_same_for_ever(method: Method) -> None:
    approved = tuple(Approved(number, conversation(1, f"mark{number}x")) for number in range(10))
    plan = replace(plan_of(method), approved=approved, shown=3)
    shown = [shown_by(plan, item) for item in range(20)]
    assert all(len(numbers) == 3 for numbers in shown)
    assert len({tuple(numbers) for numbers in shown}) > 10
    assert {number for numbers in shown for number in numbers} == set(range(10))
    assert shown == [shown_by(plan, item) for item in range(20)]
    assert shown == [sorted(shot.id for shot in plan.shots(item)) for item in range(20)]
    assert shown != [shown_by(replace(plan, seed=8), item) for item in range(20)]


def test_the_assistant_is_shown_approved_answers() -> None:
    plan = replace(plan_of(Method.TURN_BY_TURN), approved=(Approved(1, conversation(1, "a")),), shown=1)
    asked, answered = sides(plan, next(item for item in range(99) if plan.scenario(item).exchanges == 1))
    question, reply = plan.format.turns(plan.approved[0].content)
    assert question.content in asked.sent.messages[-1].content
    assert reply.content not in asked.sent.messages[-1].content
    assert reply.content in answered.sent.messages[0].content


def test_the_first_message_of_a_whole_example_stays_the_same_whatever_is_shown() -> None:
    plan = plan_of(Method.STRUCTURED)
    shown = replace(plan, approved=(Approved(1, conversation(1, "a")),), shown=1)
    assert begin(plan).messages[0] == begin(shown).messages[0]
    assert begin(plan).messages[1] != begin(shown).messages[1]


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
    requests = [next(recipe).sent]
    for _ in range(ANSWER_TRIES - 1):
        requests.append(recipe.send(Completion(BAD_ANSWER, "m")).sent)
    with pytest.raises(InvalidExampleError) as caught:
        recipe.send(Completion(BAD_ANSWER, "m"))
    assert caught.value.reason == "answer_too_short"
    assert len({request.messages for request in requests}) == 1
    assert len({request.seed for request in requests}) == ANSWER_TRIES


def test_one_bad_answer_does_not_cost_the_conversation() -> None:
    plan = plan_of(Method.QUESTION_BANK, "instruction")
    recipe = RECIPES[plan.method](plan, plan.scenario(0), 0, 0, 1)
    next(recipe)
    again = recipe.send(Completion(BAD_ANSWER, "m")).sent
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
