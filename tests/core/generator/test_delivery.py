"""What a run delivers: all that was asked for, the same for the same seed."""

from dataclasses import replace

import orjson
import pytest

from synthgen_core.generator import MAX_ATTEMPTS, MAX_REPLACEMENTS
from synthgen_core.models import Message, Method, ProviderConfig, Role
from synthgen_core.outcomes import request_key
from synthgen_core.scenarios import Draw
from tests.core.generator.running import JUNK, REQUEST, only_for, plan_of, prompts_of, run
from tests.support.replies import without_openings
from tests.support.server import Act, Call, ModelServer


def test_every_item_asked_for_is_delivered_once(server: ModelServer) -> None:
    seen = run(server, range(60))
    assert sorted(made.item for made in seen.made) == list(range(60))
    assert len({orjson.dumps(made.content) for made in seen.made}) == 60
    assert seen.failures == []
    assert len(server.calls) == len(seen.replies) == 60
    assert server.most_open <= 8


def test_useless_replies_are_replaced_and_counted(server: ModelServer) -> None:
    acts = {1: JUNK, 5: Act(text=""), 9: Act(text='{"messages": [')}
    server.choose = lambda call: acts.get(call.body["seed"] % 12, Act())
    seen = run(server, range(30))
    assert sorted(made.item for made in seen.made) == list(range(30))
    assert set(seen.causes) == {"no_json", "empty", "cut_off"}
    assert len(seen.replies) == len(server.calls) == 30 + len(seen.failures)
    assert not any(failure.is_final for failure in seen.failures)


@pytest.mark.parametrize("format_type", ["chat", "instruction"])
def test_the_question_bank_delivers_as_many(server: ModelServer, format_type: str) -> None:
    plan = plan_of(Method.QUESTION_BANK, format_type)
    seen = run(server, range(20), plan=plan)
    assert sorted(made.item for made in seen.made) == list(range(20))
    assert all(plan.format.issues(made.content) == [] for made in seen.made)
    exchanges = sum(plan.format.count_exchanges(made.content) for made in seen.made)
    assert len(server.calls) == exchanges
    assert exchanges > 20 or format_type == "instruction"


def test_an_item_that_never_works_is_given_up_with_its_cause(server: ModelServer) -> None:
    plan = plan_of()
    server.choose = only_for(3, JUNK, plan)
    seen = run(server, range(12), plan=plan)
    assert sorted(made.item for made in seen.made) == [n for n in range(12) if n != 3]
    final = [failure for failure in seen.failures if failure.is_final]
    assert [(failure.item, failure.cause) for failure in final] == [(3, "no_json")]
    assert len(seen.failures) == MAX_ATTEMPTS * (MAX_REPLACEMENTS + 1)
    scenarios = {plan.scenario(3, replacement).situation for replacement in range(MAX_REPLACEMENTS + 1)}
    said = {(without_openings(call.words), call.body["seed"]) for call in server.calls}
    asked = {words for words, _ in said & prompts_of(plan, 3)}
    assert len(asked) == MAX_REPLACEMENTS + 1
    assert all(any(scenario in words for words in asked) for scenario in scenarios)


def test_a_reply_that_was_cut_is_never_kept(server: ModelServer) -> None:
    server.choose = lambda call: Act(finish="stop" if call.body["seed"] % 3 else "length")  # each is whole to look at
    seen = run(server, range(20))
    assert len(seen.made) == 20
    assert set(seen.causes) == {"cut_off"}
    cut = {reply.key for reply in seen.replies if reply.completion.finish_reason == "length"}
    assert len(cut) == len(seen.failures) > 0
    assert len(seen.replies) == 20 + len(cut)


def test_a_request_that_is_refused_alone_costs_its_own_item_only(server: ModelServer) -> None:
    plan = plan_of()
    server.choose = only_for(0, Act(status=400, text="content policy"), plan)
    seen = run(server, range(8), plan=plan)
    assert sorted(made.item for made in seen.made) == list(range(1, 8))
    assert seen.causes == {"bad_request": MAX_ATTEMPTS * (MAX_REPLACEMENTS + 1)}
    assert seen.error is None


def test_what_an_example_was_made_from_is_told(server: ModelServer) -> None:
    seen = run(server, [5])
    scenario = plan_of().scenario(5)
    metadata = seen.made[0].metadata
    assert metadata["parameters"] == scenario.parameters
    assert (metadata["situation"], metadata["exchanges"]) == (scenario.situation, scenario.exchanges)
    assert (metadata["provider"], metadata["model"], metadata["seed"]) == ("openai", "m", 7)
    assert (metadata["item"], metadata["tries"], metadata["language"]) == (5, 1, "en")


# -- the same seed gives the same


@pytest.mark.parametrize("method", list(Method))
def test_the_same_seed_gives_the_same_whatever_the_workers_and_the_order(method: Method) -> None:
    plan = plan_of(method)

    def moody(call: Call) -> Act:
        return Act() if call.body["seed"] % 12 else Act(text="")

    runs = []
    for workers, items in ((1, list(range(24))), (16, list(range(24))), (16, list(range(23, -1, -1)))):
        with ModelServer(moody) as server:
            runs.append(run(server, items, plan=plan, workers=workers).contents)
    assert len(runs[0]) == 24
    assert runs[0] == runs[1] == runs[2]


def test_another_seed_gives_other_examples(server: ModelServer) -> None:
    first, second = (run(server, range(5), plan=plan_of(seed=seed)).contents for seed in (7, 8))
    assert all(first[item] != second[item] for item in range(5))


def test_draws_are_the_same_on_every_machine_and_version() -> None:
    draw = Draw("scenario", 7, 0, 0)
    weights = {"rare": 1, "never": 0, "common": 9}
    drawn = [
        [draw.integer(1, 6) for _ in range(8)],
        [draw.weighted(weights) for _ in range(8)],
        draw.shuffled("abcdefg"),
        draw.one(["x", "y", "z"]),
        Draw("sampling", 7, 3, 0, 1).integer(0, 2**31 - 1),
        Draw("größer", "你").integer(0, 10**9),
    ]
    assert drawn == PINNED


PINNED = [
    [3, 2, 3, 4, 6, 6, 6, 4],
    ["common", "common", "common", "common", "common", "common", "common", "common"],
    ["e", "d", "f", "g", "a", "b", "c"],
    "y",
    718575792,
    72249455,
]
PINNED_KEY = "2316c5b440c9c7d878a5d06316e047c34744e353bd4d352249a7240f0bdff2dc"


def test_a_requests_key_is_the_same_on_every_machine_and_version() -> None:
    assert request_key(CONFIG, REQUEST, 3, 1) == PINNED_KEY


CONFIG = ProviderConfig("openai", "m", "http://localhost/v1", "sk-1")


@pytest.mark.parametrize(
    "changed",
    [
        {"messages": (*REQUEST.messages, Message(Role.USER, "c"))},
        {"messages": (Message(Role.USER, "é"), REQUEST.messages[1])},
        {"max_tokens": 11},
        {"temperature": None},
        {"seed": 12},
        {"schema": None},
    ],
    ids=str,
)
def test_whatever_changes_the_reply_changes_the_key(changed: dict[str, object]) -> None:
    assert request_key(CONFIG, replace(REQUEST, **changed), 3, 1) != request_key(CONFIG, REQUEST, 3, 1)  # type: ignore[arg-type] # one field at a time


def test_the_secret_is_no_part_of_the_key_but_the_rest_of_the_configuration_is() -> None:
    key = request_key(CONFIG, REQUEST, 3, 1)
    assert request_key(replace(CONFIG, api_key="sk-2"), REQUEST, 3, 1) == key
    for other in (replace(CONFIG, model="n"), replace(CONFIG, base_url="http://x"), replace(CONFIG, type="ollama")):
        assert request_key(other, REQUEST, 3, 1) != key
    assert request_key(CONFIG, REQUEST, 4, 1) != key
    assert request_key(CONFIG, REQUEST, 3, 2) != key


# -- faults
