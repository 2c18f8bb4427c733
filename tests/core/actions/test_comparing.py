"""Two datasets are compared pair by pair, in both orders: who wins, what is a tie, and what failed is told apart."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from synthgen_core.actions.comparing import (
    Comparison,
    ComparisonRequest,
    estimate_comparison,
    get_comparison,
    get_comparisons,
    start_comparison,
)
from synthgen_core.actions.examples import set_status
from synthgen_core.actions.jobs import cancel_task, resume_task
from synthgen_core.errors import ConfigError, NotFoundError, ProviderRefusedError
from synthgen_core.judging import Criterion, Rubric
from synthgen_core.models import ExampleStatus, JobKind, JobStatus, JsonObject, ProviderConfig
from synthgen_core.workspace import Workspace
from tests.core.actions.curating import add, chat, instruction
from tests.core.actions.support import SECONDS, config, finish, until
from tests.support.pair_judge import prefer, say
from tests.support.server import Act, Call, ModelServer

GOOD = "helpful"


def two_datasets(workspace: Workspace, firsts: Sequence[str], seconds: Sequence[str]) -> tuple[int, int]:
    """The same questions, answered in two ways."""
    one, other = (
        add(workspace, [chat(f"Question {n}?", f"{answer} {n}.") for n, answer in enumerate(answers)], name)
        for name, answers in (("one", firsts), ("other", seconds))
    )
    return one, other


def compare(workspace: Workspace, server: ModelServer, sides: tuple[int, int], **changes: Any) -> Comparison:
    request = replace(ComparisonRequest(*sides, config(server), seed=1, workers=2), **changes)
    job = finish(workspace, start_comparison(workspace, request))
    return get_comparison(workspace, job.id)


def test_the_better_dataset_wins_with_an_interval_and_ties_are_told_apart(
    each_workspace: Workspace, server: ModelServer
) -> None:
    sides = two_datasets(each_workspace, [GOOD] * 6 + ["so"] * 2, ["so"] * 5 + [f"{GOOD}, too", "then", GOOD])
    server.choose = prefer(GOOD)
    found = compare(each_workspace, server, sides)
    assert (found.wins, found.ties, found.failed, found.decided) == ((5, 1), 2, 0, 6)
    assert (found.win_rate.n, found.win_rate.value) == (6, pytest.approx(5 / 6))
    assert found.win_rate.low is not None
    assert 0.4 < found.win_rate.low < 5 / 6
    assert (found.turned.n, found.turned.value) == (8, 0)
    assert (found.same_matter, found.alike) == (8, 0)
    job = found.view.job
    assert (job.kind, job.status, job.done, job.calls) == (JobKind.COMPARISON, JobStatus.COMPLETED, 8, 16)
    assert (job.usage.total, len(each_workspace.database.get_calls())) == (16 * 150, 16)
    assert found.names == ("“one”", "“other”")
    assert found.pairs[0].reasons["straight"] == {"better": "a", "reason": "It is A."}
    assert found.pairs[0].reasons["swapped"] == {"better": "b", "reason": "It is B."}
    assert [each.view.job.id for each in get_comparisons(each_workspace, sides[1])] == [job.id]


def test_where_the_order_decides_it_is_a_tie_and_counted_as_bias(workspace: Workspace, server: ModelServer) -> None:
    sides = two_datasets(workspace, ["so"] * 4, ["then"] * 4)
    server.choose = lambda call: say("A")
    found = compare(workspace, server, sides)
    assert (found.wins, found.ties) == ((0, 0), 4)
    assert not found.win_rate.is_shown
    assert (found.turned.n, found.turned.value, found.for_first_shown) == (4, 1, 4)


def test_a_judge_is_shown_each_pair_in_both_orders_and_by_the_rubric(workspace: Workspace, server: ModelServer) -> None:
    sides = two_datasets(workspace, ["mine"], ["yours"])
    server.choose = prefer("mine")
    rubric = Rubric((Criterion("warmth", "Warmth", "Is it warm?"),), "Short is fine.")
    compare(workspace, server, sides, rubric=rubric, pairs=1)
    straight, swapped = (call.words for call in server.calls)
    assert straight.index("mine") < straight.index("yours")
    assert swapped.index("yours") < swapped.index("mine")
    system = str(server.calls[0].body["messages"][0]["content"])
    assert "Is it warm?" in system
    assert "Short is fine." in system


def test_what_is_no_verdict_is_asked_for_again_and_then_failed_and_never_a_tie(
    workspace: Workspace, server: ModelServer
) -> None:
    sides = two_datasets(workspace, ["so"] * 2, [GOOD] * 2)

    def answer(call: Call) -> Act:
        return Act(text="I cannot say.") if "Question 1?" in call.words else prefer(GOOD)(call)

    server.choose = answer
    found = compare(workspace, server, sides)
    assert (found.wins, found.ties, found.failed) == ((0, 1), 0, 1)
    assert (found.turned.n, found.view.job.calls) == (1, 5)
    assert (found.view.job.done, found.view.job.failed, found.view.job.status) == (1, 1, JobStatus.COMPLETED)
    assert found.pairs[1].verdict == "failed"
    assert "The judge's reply holds no verdict." in str(found.view.job.errors["refusal"])


def test_a_verdict_that_no_database_takes_is_a_failed_one(each_workspace: Workspace, server: ModelServer) -> None:
    sides = two_datasets(each_workspace, ["so"] * 2, [GOOD] * 2)
    odd = Act(text='{"reason": "\\u0000", "better": "\\ud800\\u0000"}')
    server.choose = lambda call: odd if "Question 1?" in call.words else prefer(GOOD)(call)
    found = compare(each_workspace, server, sides)
    assert (found.view.job.status, found.wins, found.failed) == (JobStatus.COMPLETED, (0, 1), 1)


def test_a_judge_that_always_fails_pauses_the_comparison(workspace: Workspace, server: ModelServer) -> None:
    sides = two_datasets(workspace, ["so"] * 40, ["then"] * 40)
    server.choose = lambda call: Act(text="{}")
    found = compare(workspace, server, sides)
    assert found.view.job.status is JobStatus.INTERRUPTED
    assert found.failed < 40
    assert "judge_fails" in found.view.job.errors
    server.choose = prefer("so")
    job = finish(workspace, resume_task(workspace, found.view.job.id))
    assert (job.status, job.done) == (JobStatus.COMPLETED, 40)
    assert get_comparison(workspace, job.id).wins == (40, 0)


def test_a_cancelled_comparison_goes_on_without_paying_twice(workspace: Workspace, server: ModelServer) -> None:
    sides = two_datasets(workspace, [GOOD] * 8, ["so"] * 8)
    gate = threading.Event()
    answer = prefer(GOOD)
    server.choose = lambda call: replace(answer(call), until=gate) if call.number >= 5 else answer(call)
    request = ComparisonRequest(*sides, config(server), seed=1, workers=1)
    job = start_comparison(workspace, request)
    until(lambda: workspace.database.get_job(job.id).done == 2)
    server.wait_for_calls(6)
    cancel_task(workspace, job.id)
    gate.set()
    assert workspace.runner.wait(job.id, SECONDS)
    assert workspace.database.get_job(job.id).status is JobStatus.CANCELLED
    before = len(server.calls)
    done = finish(workspace, resume_task(workspace, job.id))
    assert (done.status, done.done) == (JobStatus.COMPLETED, 8)
    assert get_comparison(workspace, job.id).wins == (8, 0)
    kept = workspace.database.get_job(job.id).calls
    assert kept == 16
    assert len(server.calls) <= before + 12, "what was answered is not asked again"


def test_a_budget_pauses_it(workspace: Workspace, server: ModelServer) -> None:
    sides = two_datasets(workspace, [GOOD] * 8, ["so"] * 8)
    server.choose = prefer(GOOD)
    found = compare(workspace, server, sides, max_tokens_total=5000, workers=1)
    job = found.view.job
    assert (job.status, found.view.is_out_of_budget) == (JobStatus.INTERRUPTED, True)
    assert 0 < job.done < 8
    job = finish(workspace, resume_task(workspace, job.id, max_tokens_total=10**6))
    assert (job.status, job.done) == (JobStatus.COMPLETED, 8)
    with pytest.raises(ConfigError, match="too small"):
        compare(workspace, server, sides, max_tokens_total=10)


def test_without_common_questions_pairs_are_drawn_by_seed_and_it_is_told(
    workspace: Workspace, server: ModelServer
) -> None:
    one = add(workspace, [chat(f"Mine {n}?", f"{GOOD} {n}") for n in range(9)], "one")
    other = add(workspace, [chat(f"Yours {n}?", f"so {n}") for n in range(9)], "other")
    server.choose = prefer(GOOD)
    found = compare(workspace, server, (one, other), pairs=4)
    again = compare(workspace, server, (one, other), pairs=4)
    changed = compare(workspace, server, (one, other), pairs=4, seed=2)
    drawn = [{(pair.first_id, pair.second_id) for pair in each.pairs} for each in (found, again, changed)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert (len(drawn[0]), found.same_matter) == (4, 0)


def test_examples_that_are_the_same_in_both_are_left_out_and_counted(workspace: Workspace, server: ModelServer) -> None:
    sides = two_datasets(workspace, ["same", "same", GOOD], ["same", "same", "so"])
    server.choose = prefer(GOOD)
    found = compare(workspace, server, sides)
    assert (found.wins, found.alike, len(found.pairs), found.view.job.requested) == ((1, 0), 2, 1, 1)


def test_two_datasets_that_are_the_same_have_nothing_to_compare(workspace: Workspace, server: ModelServer) -> None:
    found = compare(workspace, server, two_datasets(workspace, ["same"] * 3, ["same"] * 3))
    assert (found.view.job.status, len(server.calls)) == (JobStatus.FAILED, 0)
    assert "3 examples are the same" in str(found.view.job.errors)
    assert (found.alike, found.view.job.requested) == (3, 0)
    again = finish(workspace, resume_task(workspace, found.view.job.id))
    assert "3 examples are the same" in str(again.errors)


def test_two_examples_are_compared_by_their_numbers(workspace: Workspace, server: ModelServer) -> None:
    one, other = two_datasets(workspace, ["so"], [GOOD])
    ids = [workspace.database.get_dataset_examples(number)[0].id for number in (one, other)]
    server.choose = prefer(GOOD)
    found = compare(workspace, server, (ids[0], ids[1]), are_examples=True)
    assert (found.wins, found.names) == ((0, 1), (f"example {ids[0]}", f"example {ids[1]}"))
    assert (found.view.job.dataset_id, found.view.job.requested) == (one, 1)


def test_an_example_that_was_removed_can_be_compared_within_a_budget(workspace: Workspace, server: ModelServer) -> None:
    one, other = two_datasets(workspace, ["so"], [GOOD])
    ids = [workspace.database.get_dataset_examples(number)[0].id for number in (one, other)]
    set_status(workspace, one, ids[:1], ExampleStatus.REMOVED, author="ann")
    server.choose = prefer(GOOD)
    found = compare(workspace, server, (ids[0], ids[1]), are_examples=True, max_tokens_total=10**6)
    assert found.wins == (0, 1)


def test_what_cannot_be_compared_is_refused_before_a_job_is_made(workspace: Workspace, server: ModelServer) -> None:
    one, other = two_datasets(workspace, ["so"], ["then"])
    tasks = add(workspace, [instruction("Say it.")], "tasks", "instruction")
    empty = add(workspace, [], "none")
    request = ComparisonRequest(one, other, config(server))
    for changes, said in (
        ({"second": one}, "Both are dataset"),
        ({"second": tasks}, "format"),
        ({"second": empty}, "no examples"),
        ({"pairs": 0}, "pairs"),
        ({"provider": ProviderConfig("embedded")}, "coin"),
        ({"max_cost": Decimal("-1")}, "budget"),
        ({"max_cost": Decimal(1)}, "price"),
    ):
        with pytest.raises(ConfigError, match=said):
            start_comparison(workspace, replace(request, **changes))
    with pytest.raises(NotFoundError):
        start_comparison(workspace, replace(request, second=99))
    server.models_act = Act(status=401)
    with pytest.raises(ProviderRefusedError):
        start_comparison(workspace, request)
    assert workspace.database.get_jobs() == []
    assert server.calls == []


def test_the_estimate_counts_both_orders_and_says_what_it_rests_on(workspace: Workspace, server: ModelServer) -> None:
    sides = two_datasets(workspace, [GOOD] * 8, ["so"] * 8)
    request = ComparisonRequest(*sides, config(server), pairs=5)
    told = estimate_comparison(workspace, request)
    assert (told.calls, told.cost) == (10, None)
    assert told.usage.prompt_tokens > 10 * 100
    assert estimate_comparison(workspace, replace(request, pairs=30)).calls == 16, "there are no more than 8 pairs"
    assert "one for each order" in told.basis
    known = replace(request, provider=ProviderConfig("openai", "gpt-6-luna", api_key="sk-x"))
    cost = estimate_comparison(workspace, known).cost
    assert cost
    assert server.calls == []


def test_no_key_is_kept_with_the_job(workspace: Workspace, server: ModelServer) -> None:
    sides = two_datasets(workspace, [GOOD], ["so"])
    server.choose = prefer(GOOD)
    parameters: JsonObject = compare(workspace, server, sides).view.job.parameters
    assert "sk-secret-key" not in str(parameters)
    assert parameters["rubric_hash"] == Rubric().hash
