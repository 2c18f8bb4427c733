"""A run pauses before it passes its budget, says so, and goes on when it is given more."""

from decimal import Decimal
from pathlib import Path

import pytest

from synthgen_core.actions import jobs
from synthgen_core.actions.generation import GenerationRequest, check_request, start_generation
from synthgen_core.actions.usage import tariff_for
from synthgen_core.errors import ConfigError, ConflictError
from synthgen_core.methods import RECIPES
from synthgen_core.models import Job, JobStatus
from synthgen_core.workspace import Workspace
from tests.core.actions.support import BAD, ask, finish, lines, make, stored
from tests.support.server import Act, ModelServer

PRICE = Decimal("0.0002")
"""Of a call to the model server: 100 tokens at 1 dollar a million, and 50 at 2."""
MODELS = """
[[openai.models]]
name = "stub-model"
input = 1
output = 2
"""


@pytest.fixture(autouse=True)
def _price(workspace: Workspace) -> None:
    write_price(workspace.settings.data_dir)


def write_price(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "models.toml").write_text(MODELS, encoding="utf-8")


def worst(workspace: Workspace, request: GenerationRequest) -> tuple[Decimal, int]:
    """The most that any first call of this run could cost, and take."""
    filled, plan = check_request(workspace, request)
    tariff = tariff_for(workspace.settings, filled.provider)
    requests = [next(RECIPES[plan.method](plan, plan.scenario(n), n, 0, 1)).sent for n in range(filled.num_examples)]
    return (
        max(tariff.worst_cost(request) or Decimal(0) for request in requests),
        max(tariff.worst_usage(request).total for request in requests),
    )


def pause(workspace: Workspace, server: ModelServer, *, calls: int, workers: int = 1, **changes: object) -> Job:
    """A run of 20 examples that has room for at least so many calls, and not for all."""
    request = ask(server, 20, seed=3, workers=workers, **changes)
    most, _ = worst(workspace, request)
    return make(workspace, ask(server, 20, seed=3, workers=workers, max_cost=most + calls * PRICE, **changes))


def test_a_run_pauses_before_it_passes_its_budget(workspace: Workspace, server: ModelServer) -> None:
    job = pause(workspace, server, calls=5)
    assert job.status is JobStatus.INTERRUPTED
    assert (job.note, list(job.errors)) == ("Budget reached.", ["budget"])
    assert 5 <= job.done < 20
    assert job.calls == len(server.calls) == job.done
    assert job.cost == job.calls * PRICE <= Decimal(str(job.parameters["max_cost"]))
    assert job.unknown_cost_calls == 0
    assert job.failed == 0
    view = jobs.get_job(workspace, job.id)
    assert (view.is_out_of_budget, view.can_resume) == (True, True)
    error = job.errors["budget"]
    assert isinstance(error, dict)
    assert "budget is used up" in str(error["message"])
    assert lines(workspace, job.dataset_id or 0) == stored(workspace, job.dataset_id or 0)


def test_with_more_it_goes_on_where_it_was(workspace: Workspace, server: ModelServer) -> None:
    job = pause(workspace, server, calls=3)
    assert job.cost is not None
    ended = finish(workspace, jobs.resume_task(workspace, job.id, max_cost=Decimal(5)))
    assert (ended.status, ended.done, ended.note, ended.errors) == (JobStatus.COMPLETED, 20, "", {})
    assert ended.calls == len(server.calls) == 20, "nothing was paid twice"
    assert ended.cost == 20 * PRICE
    assert Decimal(str(ended.parameters["max_cost"])) == 5


def test_with_a_little_more_it_pauses_again(workspace: Workspace, server: ModelServer) -> None:
    job = pause(workspace, server, calls=3)
    more = Decimal(str(job.parameters["max_cost"])) + 4 * PRICE
    again = finish(workspace, jobs.resume_task(workspace, job.id, max_cost=more))
    assert again.status is JobStatus.INTERRUPTED
    assert job.done + 3 <= again.done < 20
    assert (again.cost or 0) <= more


def test_it_cannot_go_on_with_what_it_has_spent(workspace: Workspace, server: ModelServer) -> None:
    job = pause(workspace, server, calls=3)
    first, _ = worst(workspace, ask(server, 1, seed=3))
    with pytest.raises(ConfigError, match="used up") as caught:
        jobs.resume_task(workspace, job.id, max_cost=first)  # enough for the first call, if nothing had been spent
    assert "higher" in caught.value.hint
    assert workspace.database.get_job(job.id) == job


def test_calls_in_flight_are_counted_before_they_start(workspace: Workspace, server: ModelServer) -> None:
    """Room for one worst case at a time: however many workers there are, only one call runs."""
    most, _ = worst(workspace, ask(server, 20, seed=3))
    server.choose = lambda call: Act(delay=0.01)
    job = make(workspace, ask(server, 20, seed=3, workers=8, max_cost=most * Decimal("1.5")))
    assert server.most_open == 1
    assert (job.status, job.done) == (JobStatus.COMPLETED, 20)


def test_tokens_can_be_capped_where_no_price_is_known(workspace: Workspace, server: ModelServer) -> None:
    (workspace.settings.data_dir / "models.toml").unlink()
    request = ask(server, 20, seed=3, workers=1)
    _, most = worst(workspace, request)
    job = make(workspace, ask(server, 20, seed=3, workers=1, max_tokens_total=most + 600))
    assert job.status is JobStatus.INTERRUPTED
    assert 4 <= job.done < 20
    assert job.usage.total <= most + 600
    assert (job.cost, job.unknown_cost_calls) == (None, job.calls)
    assert finish(workspace, jobs.resume_task(workspace, job.id, max_tokens_total=10**9)).done == 20


def test_replies_of_no_use_and_refused_calls_count_as_what_they_are(workspace: Workspace, server: ModelServer) -> None:
    server.then(BAD, Act(status=500), Act(status=429, headers={"retry-after": "0"}))
    job = make(workspace, ask(server, 2, seed=3, workers=1, max_cost=Decimal(1)))
    assert (job.status, job.done, job.calls, len(server.calls)) == (JobStatus.COMPLETED, 2, 3, 5)
    assert (job.cost, job.unknown_cost_calls) == (3 * PRICE, 0)


def test_a_server_that_counts_no_tokens_cannot_talk_a_run_out_of_its_budget(
    workspace: Workspace, server: ModelServer
) -> None:
    request = ask(server, 20, seed=3, workers=1)
    _, most = worst(workspace, request)
    server.choose = lambda call: Act(raw='{"choices": [{"message": {"content": "no"}}]}')
    job = make(workspace, ask(server, 20, seed=3, workers=1, max_tokens_total=3 * most))
    assert job.status is JobStatus.INTERRUPTED
    assert 2 <= len(server.calls) <= 3
    assert (job.cost, job.unknown_cost_calls) == (None, job.calls)


def test_what_is_paid_for_already_needs_no_budget_left(workspace: Workspace, server: ModelServer) -> None:
    make(workspace, ask(server, 20, seed=3))
    most, _ = worst(workspace, ask(server, 20, seed=3))
    job = make(workspace, ask(server, 20, seed=3, max_cost=most))
    assert (job.status, job.done, job.calls, job.cost) == (JobStatus.COMPLETED, 20, 0, Decimal(0))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"max_cost": Decimal(0)}, "cannot be 0 dollars"),
        ({"max_cost": Decimal(-1)}, "cannot be -1 dollars"),
        ({"max_cost": Decimal("NaN")}, "cannot be NaN dollars"),
        ({"max_cost": Decimal("Infinity")}, "cannot be Infinity dollars"),
        ({"max_cost": Decimal("0.000001")}, "too small"),
        ({"max_tokens_total": 0}, "cannot be 0"),
        ({"max_tokens_total": 100}, "too small"),
    ],
)
def test_a_budget_that_leaves_no_room_is_refused_before_anything_is_made(
    workspace: Workspace, server: ModelServer, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        start_generation(workspace, ask(server, **changes))  # type: ignore[arg-type]
    assert caught.value.hint
    assert workspace.database.count_datasets() == workspace.database.count_jobs() == 0
    assert server.calls == []


def test_money_cannot_be_capped_where_the_price_is_not_known(workspace: Workspace, server: ModelServer) -> None:
    (workspace.settings.data_dir / "models.toml").unlink()
    with pytest.raises(ConfigError, match="price of “stub-model” is not known") as caught:
        start_generation(workspace, ask(server, max_cost=Decimal(5)))
    assert "--max-tokens-total" in caught.value.hint
    assert "models.toml" in caught.value.hint
    assert workspace.database.count_jobs() == 0


def test_a_complete_job_is_not_resumed_by_a_higher_budget(workspace: Workspace, server: ModelServer) -> None:
    job = make(workspace, ask(server, 1))
    with pytest.raises(ConflictError):
        jobs.resume_task(workspace, job.id, max_cost=Decimal(5))
    assert workspace.database.get_job(job.id) == job
