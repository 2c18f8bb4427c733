"""Ways of making: two models turn by turn, approved examples in prompts, and no repeats across runs."""

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import orjson
import pytest

from synthgen_core.actions import jobs
from synthgen_core.actions.estimate import estimate
from synthgen_core.actions.generation import check_request, preview_prompt, try_example
from synthgen_core.actions.requests import POOL, ApprovedSet, datasets_with_approved
from synthgen_core.database import LoggedCall, NewExample
from synthgen_core.errors import ConfigError, NotFoundError, ProviderRefusedError
from synthgen_core.methods import Plan
from synthgen_core.models import JobStatus, JsonObject, Method, ProviderConfig, Side
from synthgen_core.settings import Settings
from synthgen_core.workspace import Workspace, open_workspace
from tests.core.actions.support import add_dataset, ask, files, finish, make, start_generation, stored, until
from tests.core.actions.test_budget import write_price
from tests.support.replies import conversation
from tests.support.reviews import review
from tests.support.server import Act, ModelServer

KEY = "sk-ant-very-secret"
TURN_BY_TURN = {"method": Method.TURN_BY_TURN, "seed": 5}


@pytest.fixture
def assistant() -> Iterator[ModelServer]:
    with ModelServer(models=("answerer",)) as server:
        yield server


@pytest.fixture
def answers(assistant: ModelServer) -> ProviderConfig:
    return ProviderConfig("anthropic", "answerer", assistant.root, KEY)


def exchanges(plan: Plan, count: int) -> int:
    return sum(plan.scenario(item).exchanges for item in range(count))


def calls_by_model(workspace: Workspace) -> dict[tuple[str, str, str], list[LoggedCall]]:
    found: dict[tuple[str, str, str], list[LoggedCall]] = {}
    for call in workspace.database.get_calls():
        found.setdefault((call.provider, call.model, call.base_url), []).append(call)
    return found


# -- two models


def test_a_conversation_of_two_models_is_made_logged_and_paid_for(
    workspace: Workspace, server: ModelServer, assistant: ModelServer, answers: ProviderConfig
) -> None:
    write_price(workspace.settings.data_dir)
    request = ask(server, 6, assistant_provider=answers, **TURN_BY_TURN)
    job = make(workspace, request)
    assert (job.status, job.done) == (JobStatus.COMPLETED, 6)
    turns = exchanges(check_request(workspace, request)[1], 6)
    assert len(server.calls) == len(assistant.calls) == turns
    log = calls_by_model(workspace)
    assert {key: len(calls) for key, calls in log.items()} == {
        ("openai", "stub-model", server.url): turns,
        ("anthropic", "answerer", assistant.root): turns,
    }
    assert all(call.cost is None for call in log["anthropic", "answerer", assistant.root]), "its price is not known"
    known = [call.cost for call in log["openai", "stub-model", server.url]]
    assert job.cost == sum(cost for cost in known if cost is not None) > 0
    assert job.unknown_cost_calls == turns
    dataset = workspace.database.get_dataset(job.dataset_id or 0)
    assert (dataset.metadata["model"], dataset.metadata["assistant_model"]) == ("stub-model", "answerer")
    for row in stored(workspace, dataset.id):
        assert isinstance(row["metadata"], dict)
        assert row["metadata"]["assistant_model"] == "answerer"


def test_a_run_of_two_models_that_was_stopped_goes_on_with_both(
    workspace: Workspace, server: ModelServer, assistant: ModelServer, answers: ProviderConfig
) -> None:
    gate = threading.Event()
    assistant.choose = lambda call: Act(until=gate) if call.number >= 6 else Act()
    job = start_generation(workspace, ask(server, 12, assistant_provider=answers, workers=2, **TURN_BY_TURN))
    assistant.wait_for_calls(8)
    jobs.cancel_task(workspace, job.id)
    first = finish(workspace, job)
    gate.set()
    until(lambda: len(assistant.answered) == len(assistant.calls))
    assert first.status is JobStatus.CANCELLED
    assert first.done < 12
    done = stored(workspace, job.dataset_id or 0)
    changed = replace(workspace.settings, anthropic_api_key="sk-ant-other")
    again = finish(workspace, jobs.resume_task(replace(workspace, settings=changed), job.id))
    assert (again.status, again.done) == (JobStatus.COMPLETED, 12)
    assert "sk-ant-other" in str(assistant.calls[-1].headers), "a key is the settings', not the job's"
    turns = exchanges(check_request(workspace, ask(server, 12, **TURN_BY_TURN))[1], 12)
    assert len(assistant.calls) <= turns + 2, "only what was in flight is asked again"
    assert len(server.calls) <= turns + 2
    assert all(row in stored(workspace, job.dataset_id or 0) for row in done)


def test_the_keys_of_both_are_written_nowhere(
    workspace: Workspace, server: ModelServer, assistant: ModelServer, answers: ProviderConfig
) -> None:
    job = make(workspace, ask(server, 2, assistant_provider=answers, **TURN_BY_TURN))
    assert job.parameters["assistant_provider"] == {
        "type": "anthropic",
        "model": "answerer",
        "base_url": assistant.root,
    }
    folder: Path = workspace.settings.data_dir
    for path in folder.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path
            assert b"sk-secret-key" not in path.read_bytes(), path


def test_nothing_is_made_where_one_of_the_two_cannot_be_reached(workspace: Workspace, server: ModelServer) -> None:
    with ModelServer(models=("answerer",)) as assistant:
        assistant.models_act = Act(status=401)
        answers = ProviderConfig("anthropic", "answerer", assistant.root, KEY)
        with pytest.raises(ProviderRefusedError):
            start_generation(workspace, ask(server, 2, assistant_provider=answers, **TURN_BY_TURN))
    assert (workspace.database.count_jobs(), files(workspace)) == (0, [])


def test_a_trial_asks_both_and_logs_both(
    workspace: Workspace, server: ModelServer, assistant: ModelServer, answers: ProviderConfig
) -> None:
    trial = try_example(workspace, ask(server, assistant_provider=answers, **TURN_BY_TURN))
    assert trial.calls == len(server.calls) + len(assistant.calls) == 2 * int(str(trial.metadata["exchanges"]))
    assert {key[0] for key in calls_by_model(workspace)} == {"openai", "anthropic"}


def test_a_cap_in_money_needs_both_prices(
    workspace: Workspace, server: ModelServer, assistant: ModelServer, answers: ProviderConfig
) -> None:
    write_price(workspace.settings.data_dir)
    request = ask(server, 2, assistant_provider=answers, max_cost=Decimal(5), **TURN_BY_TURN)
    with pytest.raises(ConfigError, match="answerer"):
        check_request(workspace, request)
    assert check_request(workspace, replace(request, assistant_provider=None))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"method": Method.STRUCTURED, "two": True}, "turn by turn only"),
        ({"method": Method.QUESTION_BANK, "language": "de"}, "question bank is in English"),
        ({"method": Method.QUESTION_BANK, "few_shot_from": 1}, "show no approved examples"),
        ({"few_shot_from": 1, "few_shot": 9}, "cannot be 9"),
        ({"few_shot_from": 1, "few_shot": 0}, "cannot be 0"),
        ({"few_shot_from": 1}, "No example of dataset 1"),
        ({"few_shot_from": 1, "format_type": "instruction"}, "is in the format chat, not instruction"),
    ],
)
def test_what_does_not_go_together_is_refused_with_a_remedy(
    workspace: Workspace, server: ModelServer, answers: ProviderConfig, changes: JsonObject, said: str
) -> None:
    add_dataset(workspace)
    given = {name: value for name, value in changes.items() if name != "two"}
    if "two" in changes:
        given["assistant_provider"] = answers  # type: ignore[assignment]
    with pytest.raises(ConfigError, match=said) as caught:
        check_request(workspace, ask(server, **given))
    assert caught.value.hint


def test_an_assistant_that_writes_english_only_is_asked_for_english_only(
    workspace: Workspace, server: ModelServer
) -> None:
    embedded = ProviderConfig("embedded")
    with pytest.raises(ConfigError, match="English only"):
        check_request(workspace, ask(server, language="de", assistant_provider=embedded, **TURN_BY_TURN))


# -- the estimate


def test_turn_by_turn_takes_two_calls_an_exchange_each_at_its_price(
    workspace: Workspace, server: ModelServer, answers: ProviderConfig
) -> None:
    write_price(workspace.settings.data_dir)
    request = ask(server, 25, **TURN_BY_TURN)
    turns = exchanges(check_request(workspace, request)[1], 25)
    one = estimate(workspace, request)
    assert one.calls == pytest.approx(2 * turns * 1.1, abs=2)
    assert one.cost is not None
    two = estimate(workspace, replace(request, assistant_provider=answers))
    assert (two.calls, two.usage) == (one.calls, one.usage)
    assert two.cost is None, "one of the prices is not known"
    free = estimate(workspace, replace(request, assistant_provider=ProviderConfig("lm_studio", "m")))
    assert free.cost is not None
    assert 0 < free.cost < one.cost


def test_after_a_run_of_two_models_the_estimate_knows_how_many_calls_it_takes(
    workspace: Workspace, server: ModelServer, assistant: ModelServer, answers: ProviderConfig
) -> None:
    server.choose = lambda call: Act(text="") if call.number % 4 == 3 else Act()
    request = ask(server, 10, assistant_provider=answers, **TURN_BY_TURN)
    make(workspace, request)
    told = estimate(workspace, request)
    assert told.calls == pytest.approx(len(server.calls) * 2, rel=0.1)
    assert "in your last" in told.basis


# -- approved examples


@pytest.fixture
def approved(workspace: Workspace) -> tuple[int, list[int]]:
    """A dataset of 40 chat examples, and the ids of the 30 that are approved."""
    dataset_id = add_dataset(workspace, "good", 0)
    rows = [NewExample(number, conversation(1, f"approved{number}x"), {}) for number in range(40)]
    workspace.database.add_examples(dataset_id, rows)
    ids = [example.id for example in workspace.database.get_dataset_examples(dataset_id)][:30]
    review(workspace.database, ids)
    return dataset_id, ids


def shown_in(words: str) -> set[int]:
    return {number for number in range(40) if f"approved{number}x" in words}


def test_prompts_show_approved_examples_only_and_examples_say_which(
    workspace: Workspace, server: ModelServer, approved: tuple[int, list[int]]
) -> None:
    dataset_id, ids = approved
    job = make(workspace, ask(server, 12, seed=1, few_shot_from=dataset_id, few_shot=2))
    assert job.done == 12
    shown = [shown_in(call.words) for call in server.calls]
    assert all(len(numbers) == 2 for numbers in shown)
    assert len({tuple(sorted(numbers)) for numbers in shown}) > 6
    assert {ids[number] for numbers in shown for number in numbers} <= set(ids)
    for row in stored(workspace, job.dataset_id or 0):
        assert isinstance(row["metadata"], dict)
        assert isinstance(row["metadata"]["few_shot"], list)
        assert len(row["metadata"]["few_shot"]) == 2
    pool = job.parameters["few_shot_ids"]
    assert isinstance(pool, list)
    assert len(pool) == POOL
    assert set(pool) <= set(ids)


def test_a_resumed_run_shows_what_it_showed_although_more_was_approved_since(
    workspace: Workspace, server: ModelServer, approved: tuple[int, list[int]], gate: threading.Event
) -> None:
    dataset_id, ids = approved
    job = start_generation(workspace, ask(server, 8, seed=1, workers=1, few_shot_from=dataset_id))
    server.wait_for_calls(4)
    jobs.cancel_task(workspace, job.id)
    finish(workspace, job)
    gate.set()
    until(lambda: len(server.answered) == len(server.calls))
    review(workspace.database, ids[:10], "reject")
    again = finish(workspace, jobs.resume_task(workspace, job.id))
    assert again.done == 8
    by_seed: dict[int, set[int]] = {}
    for call in server.calls:
        assert by_seed.setdefault(call.body["seed"], shown_in(call.words)) == shown_in(call.words)
    assert len(by_seed) == 8
    assert len(server.calls) <= 9


def test_fewer_approved_examples_than_asked_for_are_shown_and_said(workspace: Workspace, server: ModelServer) -> None:
    dataset_id = add_dataset(workspace, "few", 0)
    workspace.database.add_examples(dataset_id, [NewExample(n, conversation(1, f"approved{n}x"), {}) for n in (0, 1)])
    review(workspace.database, [e.id for e in workspace.database.get_dataset_examples(dataset_id)])
    request = ask(server, few_shot_from=dataset_id, few_shot=5)
    assert check_request(workspace, request)[0].few_shot == 2
    assert shown_in(preview_prompt(workspace, request)[-1].content) == {0, 1}
    assert datasets_with_approved(workspace, "chat") == {dataset_id: ApprovedSet("few", 2)}


def test_a_copy_of_an_approved_example_is_turned_away(
    workspace: Workspace, server: ModelServer, approved: tuple[int, list[int]]
) -> None:
    dataset_id, _ = approved
    request = ask(server, 2, seed=1, workers=1, few_shot_from=dataset_id)
    _, plan = check_request(workspace, request)
    one = next(item for item in range(9) if plan.scenario(item).exchanges == 1)
    copied = plan.approved[0].content
    server.then(*[Act()] * one, Act(text=orjson.dumps(copied).decode()))
    job = make(workspace, replace(request, num_examples=one + 1))
    assert job.done == one + 1
    assert list(job.errors) == ["repeat"]


def test_a_job_whose_approved_examples_are_gone_says_so(
    workspace: Workspace, server: ModelServer, approved: tuple[int, list[int]]
) -> None:
    request = ask(server, few_shot_from=approved[0], few_shot_ids=(*approved[1][:2], 999_999))
    with pytest.raises(NotFoundError, match="gone"):
        check_request(workspace, request)
    with pytest.raises(NotFoundError):
        check_request(workspace, ask(server, few_shot_from=999))


# -- repeats


def test_what_an_interrupted_run_had_accepted_is_not_accepted_again(
    tmp_path: Path, server: ModelServer, gate: threading.Event
) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    with closing(open_workspace(settings)) as workspace:
        job = start_generation(workspace, ask(server, 6, seed=1, workers=1, format_type="instruction"))
        server.wait_for_calls(4)
        jobs.cancel_task(workspace, job.id)
        assert finish(workspace, job).done == 3
        accepted = workspace.database.newest_of_job(job.id)[0].content
    gate.set()
    until(lambda: len(server.answered) == len(server.calls))
    server.then(Act(text=orjson.dumps(accepted).decode()))
    with closing(open_workspace(settings)) as workspace:
        ended = finish(workspace, jobs.resume_task(workspace, job.id))
        assert ended.done == 6
        assert list(ended.errors) == ["repeat"]
        assert len({orjson.dumps(row["instruction"]) for row in stored(workspace, job.dataset_id or 0)}) == 6


def test_sides_are_named_for_the_plan_of_one_model_too(server: ModelServer) -> None:
    configs = ask(server).configs
    assert configs[Side.WRITER] is configs[Side.ASSISTANT]
