"""What can go wrong with a batch, and that nothing is lost, hidden or paid twice by it."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from synthgen_core.actions.generation import start_generation
from synthgen_core.actions.jobs import resume_task
from synthgen_core.database import BatchState
from synthgen_core.models import JobStatus
from synthgen_core.workspace import Workspace
from tests.core.actions.batches import A_CALL, BAD, BOTH, ask, place_for_batches, spoil
from tests.core.actions.support import finish, make, until
from tests.support.batch_server import BatchServer
from tests.support.replies import wrap, write
from tests.support.server import Act

FULL = ("token_limit_exceeded", "Enqueued token limit reached.")


@pytest.fixture
def server() -> Iterator[BatchServer]:
    with BatchServer() as running:
        yield running


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with closing(place_for_batches(tmp_path / "data")) as opened:
        yield opened


@BOTH
@pytest.mark.parametrize(("step", "status"), [("create", 429), ("look", 500)])
def test_what_may_pass_is_waited_out(
    workspace: Workspace, server: BatchServer, provider: str, step: str, status: int
) -> None:
    server.fault(step, Act(status=status, headers={"retry-after": "0"}))
    job = make(workspace, ask(server, 25, provider))
    assert (job.status, job.done, len(server.batches)) == (JobStatus.COMPLETED, 25, 1)


@BOTH
def test_a_batch_that_arrived_although_the_answer_was_lost_is_not_sent_twice(
    workspace: Workspace, server: BatchServer, provider: str
) -> None:
    server.fault("create", Act(is_dropped=True))
    job = make(workspace, ask(server, 25, provider))
    assert (job.status, job.done) == (JobStatus.COMPLETED, 25)
    assert len(server.batches) == 1
    assert set(server.paid.values()) == {1}


@BOTH
def test_replies_that_are_cut_off_are_fetched_again_and_counted_once(
    workspace: Workspace, server: BatchServer, provider: str
) -> None:
    server.fault("results", Act(cut=50_000), Act(cut=150_000), Act(status=500))
    job = make(workspace, ask(server, 200, provider))
    assert server.seen["results"] == 4
    assert (job.status, job.done, job.calls) == (JobStatus.COMPLETED, 200, 200)
    assert job.cost == 200 * A_CALL / 2


def test_a_batch_for_which_the_service_has_no_room_is_sent_in_parts(workspace: Workspace, server: BatchServer) -> None:
    server.refusals.extend([FULL, FULL])
    job = make(workspace, ask(server, 100))
    assert (job.status, job.done) == (JobStatus.COMPLETED, 100)
    assert [len(batch.requests) for batch in server.batches] == [100, 50, 50, 50]
    assert [batch.round for batch in workspace.database.get_batches(job.id)] == [1] * 4, "no round was used up"
    assert not server.calls


def test_a_service_without_room_for_a_single_request_ends_the_job(workspace: Workspace, server: BatchServer) -> None:
    server.refusals.append(FULL)
    job = make(workspace, ask(server, 1))
    assert (job.status, list(job.errors)) == (JobStatus.FAILED, ["batch_limit"])
    assert [len(batch.requests) for batch in server.batches] == [1]


def test_a_file_that_is_refused_ends_the_job_in_the_services_words(workspace: Workspace, server: BatchServer) -> None:
    server.refusals.append(("invalid_json_line", "Line 3 is not valid."))
    job = make(workspace, ask(server, 25))
    assert (job.status, job.done) == (JobStatus.FAILED, 0)
    assert "Line 3 is not valid." in str(job.errors["bad_request"])
    assert [batch.state for batch in workspace.database.get_batches(job.id)] == [BatchState.REFUSED]


@BOTH
@pytest.mark.parametrize(("status", "cause"), [(401, "auth"), (402, "credit"), (404, "no_batches")])
def test_a_refusal_ends_the_job_with_its_cause(
    workspace: Workspace, server: BatchServer, provider: str, status: int, cause: str
) -> None:
    server.fault("create", Act(status=status))
    job = make(workspace, ask(server, 25, provider))
    assert (job.status, job.done) == (JobStatus.FAILED, 0)
    assert cause in job.errors
    assert not server.calls


@BOTH
def test_a_batch_that_the_service_forgot_is_sent_again_and_that_is_said(
    workspace: Workspace, server: BatchServer, provider: str
) -> None:
    server.is_held.set()
    job = start_generation(workspace, ask(server, 25, provider))
    until(lambda: server.seen["look"])
    server.batches.clear()
    server.is_held.clear()
    ended = finish(workspace, job)
    assert (ended.status, ended.done) == (JobStatus.COMPLETED, 25)
    assert "no longer knows" in str(ended.errors["lost_batch"])


def test_another_batch_that_was_taken_for_ours_is_noticed(tmp_path: Path, server: BatchServer) -> None:
    server.fault("create", *[Act(status=500)] * 50)
    with closing(place_for_batches(tmp_path / "data")) as first:
        job = start_generation(first, ask(server, 25, "anthropic"))
        until(lambda: server.seen["create"])
    server.clear_faults()
    server.make({f"theirs-{n}": {"messages": [{"role": "user", "content": "hi"}]} for n in range(25)}, "")
    with closing(place_for_batches(tmp_path / "data")) as second:
        ended = finish(second, resume_task(second, job.id))
        assert (ended.status, ended.done, ended.calls) == (JobStatus.COMPLETED, 25, 25)
        assert "never received" in str(ended.errors["refused_batch"])
    assert len(server.batches) == 2


def test_a_run_whose_replies_are_all_useless_ends_after_one_batch(workspace: Workspace, server: BatchServer) -> None:
    server.judge = lambda body: BAD
    job = make(workspace, ask(server, 40))
    assert (job.status, job.done, job.calls) == (JobStatus.FAILED, 0, 40)
    assert "hopeless" in job.errors
    assert len(server.batches) == 1


def charge(server: BatchServer) -> None:
    """Let replies be long, so that their cost is not far from the worst case."""

    def judge(body: dict[str, Any]) -> Act:
        words = write(body | {"options": len(server.paid)})
        usage = {"prompt_tokens": 2000, "completion_tokens": 2000}
        return Act(raw=json.dumps(wrap("/chat/completions", words) | {"usage": usage}))

    server.judge = judge


def test_a_budget_is_never_passed_and_is_used_in_several_rounds(workspace: Workspace, server: BatchServer) -> None:
    charge(server)
    job = make(workspace, ask(server, 80, max_cost=Decimal("0.30")))
    assert (job.status, job.note) == (JobStatus.INTERRUPTED, "Budget reached.")
    assert job.cost is not None
    assert Decimal("0.25") < job.cost <= Decimal("0.30")
    assert 0 < job.done == job.calls < 60
    assert len(server.batches) > 1
    ended = finish(workspace, resume_task(workspace, job.id, max_cost=Decimal(5)))
    assert (ended.status, ended.done) == (JobStatus.COMPLETED, 80)
    assert not server.calls, "what the budget held back is no reason to pay the ordinary price"
    assert max(server.paid.values()) == 1


def test_a_batch_that_is_out_counts_against_the_budget_after_a_restart(tmp_path: Path, server: BatchServer) -> None:
    server.is_held.set()
    with closing(place_for_batches(tmp_path / "data")) as first:
        job = start_generation(first, ask(server, 60, max_cost=Decimal("0.30")))
        until(lambda: server.seen["look"])
    asked = len(server.batches[0].requests)
    assert asked < 60
    with closing(place_for_batches(tmp_path / "data")) as second:
        looks = server.seen["look"]
        resume_task(second, job.id)
        until(lambda: server.seen["look"] > looks)
        assert len(server.batches) == 1, "what is out may still cost all that is left"
        server.is_held.clear()
        ended = finish(second, second.database.get_job(job.id))
        assert ended.cost is not None
        assert ended.cost <= Decimal("0.30")


def test_a_key_is_in_no_row_of_a_batch(workspace: Workspace, server: BatchServer) -> None:
    job = make(workspace, ask(server, 25))
    assert "sk-secret-key" not in str(workspace.database.get_batches(job.id))


def test_cancelling_while_the_service_is_away_ends_the_job_all_the_same(
    workspace: Workspace, server: BatchServer
) -> None:
    server.is_held.set()
    job = start_generation(workspace, ask(server, 25))
    until(lambda: server.seen["look"])
    server.fault("look", *[Act(status=500)] * 100)
    server.fault("cancel", Act(status=500))
    began = time.monotonic()
    workspace.runner.cancel(job.id)
    ended = finish(workspace, job)
    assert ended.status is JobStatus.CANCELLED
    assert time.monotonic() - began < 10
    server.clear_faults()
    server.is_held.clear()
    ended = finish(workspace, resume_task(workspace, job.id))
    assert (ended.status, ended.done, len(server.batches)) == (JobStatus.COMPLETED, 25, 1)


@BOTH
def test_a_batch_that_was_over_when_it_was_cancelled_is_kept_whole(
    workspace: Workspace, server: BatchServer, provider: str
) -> None:
    server.is_held.set()
    job = start_generation(workspace, ask(server, 25, provider))
    until(lambda: server.seen["look"])
    server.is_held.clear()
    server.look(server.batches[0])
    workspace.runner.cancel(job.id)
    assert finish(workspace, job).done == 25


def test_a_batch_that_is_cancelled_while_it_is_sent_is_cancelled_at_the_service(
    workspace: Workspace, server: BatchServer
) -> None:
    server.fault("create", Act(is_dropped=True))
    server.fault("list", *[Act(status=500)] * 3)
    job = start_generation(workspace, ask(server, 24))
    until(lambda: server.seen["list"])
    server.is_held.set()
    server.clear_faults()
    workspace.runner.cancel(job.id)
    ended = finish(workspace, job)
    assert (ended.status, ended.done) == (JobStatus.CANCELLED, 12)
    assert server.batches[0].is_cancelled


def test_good_replies_of_a_batch_are_used_although_others_are_spoilt(workspace: Workspace, server: BatchServer) -> None:
    spoil(server, Act(text='{"messages": ', finish="length"), 25)
    job = make(workspace, ask(server, 50))
    assert (job.status, job.done, [len(batch.requests) for batch in server.batches]) == (
        JobStatus.COMPLETED,
        50,
        [50, 25],
    )
    assert "cut_off" in job.errors
