"""Before a run starts it is told what it will take, and on what that rests."""

from decimal import Decimal

import pytest

from synthgen_core.actions.estimate import WORDS, estimate
from synthgen_core.actions.generation import try_example
from synthgen_core.actions.trash import delete_dataset, purge_dataset
from synthgen_core.errors import ConfigError
from synthgen_core.models import Method
from synthgen_core.workspace import Workspace
from tests.core.actions.support import BAD, ask, make
from tests.core.actions.test_budget import PRICE, write_price
from tests.support.server import Act, ModelServer


@pytest.fixture(autouse=True)
def _price(workspace: Workspace) -> None:
    write_price(workspace.settings.data_dir)


def test_every_way_of_making_an_example_has_its_measure() -> None:
    assert set(WORDS) == set(Method)


def test_without_a_trial_it_rests_on_the_prompt_s_length(workspace: Workspace, server: ModelServer) -> None:
    told = estimate(workspace, ask(server, 100, seed=1))
    assert told.calls == 110
    assert 110 * 500 < told.usage.prompt_tokens < 110 * 4000
    assert 110 * 100 < told.usage.completion_tokens < 110 * 3000
    a_call = told.usage.prompt_tokens // 110 + 2 * (told.usage.completion_tokens // 110)
    assert told.cost == pytest.approx(Decimal(110 * a_call) / 10**6, rel=Decimal("0.01"))
    assert "prompt's length" in told.basis
    assert "exchanges an example, about 90 words an answer" in told.basis
    assert "10% of the calls made again" in told.basis
    assert not told.is_capped
    assert server.calls == []


def test_with_a_trial_it_rests_on_that(workspace: Workspace, server: ModelServer) -> None:
    request = ask(server, 100, seed=1, format_type="instruction")
    trial = try_example(workspace, request)
    told = estimate(workspace, request, trial)
    assert (told.calls, told.usage.prompt_tokens) == (110, 11_000)
    assert told.cost is not None
    assert "From the trial example" in told.basis


def test_a_long_trial_is_not_taken_for_the_average(workspace: Workspace, server: ModelServer) -> None:
    """The server counts 50 tokens for every reply; a trial of one exchange stands for longer ones, too."""
    seeds = {try_example(workspace, ask(server, seed=seed)).metadata["exchanges"]: seed for seed in range(12)}
    short, long = min(seeds), max(seeds)  # type: ignore[type-var]
    assert short != long
    told = {}
    for exchanges in (short, long):
        request = ask(server, 100, seed=seeds[exchanges])
        told[exchanges] = estimate(workspace, request, try_example(workspace, request)).usage.completion_tokens
    assert told[short] > told[long]


def test_the_calls_that_were_made_tell_how_often_one_must_be_asked_again(
    workspace: Workspace, server: ModelServer
) -> None:
    server.choose = lambda call: BAD if call.number % 2 else Act()
    make(workspace, ask(server, 10, seed=1, workers=1))
    calls = len(server.calls)
    told = estimate(workspace, ask(server, 100, seed=2))
    assert told.calls == pytest.approx(100 * calls / 10, abs=1)
    assert f"an average of {calls / 10:.1f} calls per example in your last {calls} calls to this model" in told.basis
    other = estimate(workspace, ask(server, 100, seed=2, method=Method.QUESTION_BANK))
    assert "made again" in other.basis, "calls of another kind tell nothing"


def test_calls_for_a_purged_dataset_do_not_count_as_calls_in_vain(workspace: Workspace, server: ModelServer) -> None:
    gone = make(workspace, ask(server, 10, seed=1)).dataset_id
    assert gone
    delete_dataset(workspace, gone)
    purge_dataset(workspace, gone)
    make(workspace, ask(server, 10, seed=2))
    assert "an average of 1.0 calls per example in your last 10 calls" in estimate(workspace, ask(server, 100)).basis


def test_an_unknown_price_is_not_nothing(workspace: Workspace, server: ModelServer) -> None:
    (workspace.settings.data_dir / "models.toml").unlink()
    assert estimate(workspace, ask(server, 100)).cost is None


def test_question_by_question_takes_a_call_for_each_answer(workspace: Workspace, server: ModelServer) -> None:
    one = estimate(workspace, ask(server, 100, seed=1, format_type="instruction", method=Method.QUESTION_BANK))
    many = estimate(workspace, ask(server, 100, seed=1, method=Method.QUESTION_BANK))
    assert one.calls == 110
    assert many.calls > 150


def test_it_says_whether_the_budget_will_do(workspace: Workspace, server: ModelServer) -> None:
    assert estimate(workspace, ask(server, 100, max_cost=Decimal("0.05"))).is_capped
    assert not estimate(workspace, ask(server, 100, max_cost=Decimal(500))).is_capped
    assert estimate(workspace, ask(server, 100, max_tokens_total=50_000)).is_capped
    with pytest.raises(ConfigError):
        estimate(workspace, ask(server, 100, max_cost=PRICE))
