"""Datasets made through a service's batches: complete, at the price of batches, and every call paid once."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from synthgen_core.actions.estimate import estimate
from synthgen_core.actions.generation import start_generation
from synthgen_core.actions.jobs import resume_task
from synthgen_core.batching import FEWEST
from synthgen_core.database import BatchState
from synthgen_core.errors import ConfigError
from synthgen_core.models import JobStatus, Method, ProviderConfig
from synthgen_core.workspace import Workspace
from tests.core.actions.batches import A_CALL, BAD, BOTH, ask, has_note, place_for_batches, spoil
from tests.core.actions.support import finish, lines, make, stored, until
from tests.support.batch_server import CANCELLED, EXPIRED, BatchServer
from tests.support.server import Act


@pytest.fixture
def server() -> Iterator[BatchServer]:
    with BatchServer() as running:
        yield running


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with closing(place_for_batches(tmp_path / "data")) as opened:
        yield opened


@pytest.mark.parametrize(("provider", "count"), [("openai", 1000), ("anthropic", 200)])
def test_all_examples_come_through_a_batch_and_each_call_is_paid_once(
    workspace: Workspace, server: BatchServer, provider: str, count: int
) -> None:
    job = make(workspace, ask(server, count, provider))
    assert (job.status, job.done, job.calls) == (JobStatus.COMPLETED, count, count)
    assert len(server.paid) == count
    assert set(server.paid.values()) == {1}
    assert not server.calls, "a call was made outside the batch"
    assert job.cost == count * A_CALL / 2
    assert job.dataset_id is not None
    assert len(stored(workspace, job.dataset_id)) == count


@BOTH
def test_what_was_no_good_or_never_came_is_asked_for_in_the_next_round(
    workspace: Workspace, server: BatchServer, provider: str
) -> None:
    acts = iter([BAD] * 10 + [EXPIRED] * 10 + [Act(status=400, code="invalid_request_error")] * 10)
    server.judge = lambda body: next(acts, Act())
    job = make(workspace, ask(server, 60, provider))
    assert (job.status, job.done) == (JobStatus.COMPLETED, 60)
    assert [len(batch.requests) for batch in server.batches] == [60, 30]
    counts = {cause: error["count"] for cause, error in job.errors.items() if isinstance(error, dict)}
    assert counts.pop("expired") == counts.pop("bad_request") == 10
    assert list(counts.values()) == [10], "a bad reply is told once, however often the run comes across it"
    assert job.calls == 70
    assert job.cost == 70 * A_CALL / 2, "what was not answered is not paid for"
    assert not server.calls


def test_the_few_that_are_left_are_asked_for_one_by_one_at_the_ordinary_price(
    workspace: Workspace, server: BatchServer
) -> None:
    spoil(server, BAD, FEWEST - 1)
    job = make(workspace, ask(server, 40))
    assert (job.status, job.done, len(server.batches), len(server.calls)) == (JobStatus.COMPLETED, 40, 1, FEWEST - 1)
    assert job.cost == 40 * A_CALL / 2 + (FEWEST - 1) * A_CALL
    counts = [error["count"] for error in job.errors.values() if isinstance(error, dict)]
    assert counts == [FEWEST - 1]


def test_after_three_rounds_the_rest_is_asked_for_one_by_one(workspace: Workspace, server: BatchServer) -> None:
    server.judge = lambda body: EXPIRED if len(server.paid) >= 10 else Act()
    job = make(workspace, ask(server, 40))
    assert (job.status, job.done) == (JobStatus.COMPLETED, 40)
    assert [len(batch.requests) for batch in server.batches] == [40, 30, 30]
    assert len(server.calls) == 30


def test_it_says_what_it_waits_for(workspace: Workspace, server: BatchServer) -> None:
    server.is_held.set()
    job = start_generation(workspace, ask(server, 3))
    until(has_note(workspace, job, "3 requests in a batch"))
    note = workspace.database.get_job(job.id).note
    assert note.startswith("The server works on 3 requests in a batch since ")
    assert "24 hours" in note
    server.is_held.clear()
    assert finish(workspace, job).note == ""


@BOTH
def test_a_cancelled_run_cancels_its_batch_and_keeps_what_was_done(
    workspace: Workspace, server: BatchServer, provider: str
) -> None:
    server.is_held.set()
    job = start_generation(workspace, ask(server, 60, provider))
    until(lambda: server.seen["look"] >= 2)
    workspace.runner.cancel(job.id)
    ended = finish(workspace, job)
    assert (ended.status, ended.done, ended.calls) == (JobStatus.CANCELLED, 30, 30)
    assert server.seen["cancel"] == 1
    assert CANCELLED in server.batches[0].acts.values()
    server.is_held.clear()
    ended = finish(workspace, resume_task(workspace, job.id))
    assert (ended.status, ended.done, ended.calls) == (JobStatus.COMPLETED, 60, 60)
    assert max(server.paid.values()) == 1


@BOTH
def test_a_run_that_a_restart_interrupted_goes_on_with_the_batch_that_is_out(
    tmp_path: Path, server: BatchServer, provider: str
) -> None:
    server.is_held.set()
    with closing(place_for_batches(tmp_path / "data")) as first:
        job = start_generation(first, ask(server, 25, provider))
        until(lambda: server.seen["look"] >= 1)
    assert not server.batches[0].is_cancelled
    server.is_held.clear()
    with closing(place_for_batches(tmp_path / "data")) as second:
        assert second.database.get_job(job.id).status is JobStatus.INTERRUPTED
        ended = finish(second, resume_task(second, job.id))
        assert (ended.status, ended.done, ended.calls) == (JobStatus.COMPLETED, 25, 25)
        assert ended.cost == 25 * A_CALL / 2
    assert len(server.batches) == 1
    assert set(server.paid.values()) == {1}


@BOTH
def test_a_batch_whose_name_was_lost_in_a_crash_is_found_and_not_sent_again(
    tmp_path: Path, server: BatchServer, provider: str
) -> None:
    server.fault("create", Act(is_dropped=True))
    server.fault("list", *[Act(status=500)] * 50)
    with closing(place_for_batches(tmp_path / "data")) as first:
        job = start_generation(first, ask(server, 25, provider))
        until(lambda: server.seen["list"] >= 1)
    server.clear_faults()
    with closing(place_for_batches(tmp_path / "data")) as second:
        (planned,) = second.database.get_batches(job.id)
        assert planned.state is BatchState.PLANNED
        ended = finish(second, resume_task(second, job.id))
        assert (ended.status, ended.done) == (JobStatus.COMPLETED, 25)
        assert [batch.state for batch in second.database.get_batches(job.id)] == [BatchState.FETCHED]
    assert len(server.batches) == 1


@BOTH
def test_a_batch_that_never_arrived_is_sent_again_and_that_is_said(
    tmp_path: Path, server: BatchServer, provider: str
) -> None:
    server.fault("create", *[Act(status=500)] * 50)
    with closing(place_for_batches(tmp_path / "data")) as first:
        job = start_generation(first, ask(server, 25, provider))
        until(lambda: server.seen["create"] >= 1)
    server.clear_faults()
    with closing(place_for_batches(tmp_path / "data")) as second:
        ended = finish(second, resume_task(second, job.id))
        assert (ended.status, ended.done) == (JobStatus.COMPLETED, 25)
        assert "never received" in str(ended.errors["refused_batch"])
    assert len(server.batches) == 1


@pytest.mark.parametrize("method", [Method.QUESTION_BANK, Method.TURN_BY_TURN])
def test_ways_that_take_more_than_one_call_do_not_go_through_batches(
    workspace: Workspace, server: BatchServer, method: Method
) -> None:
    with pytest.raises(ConfigError, match="one call for each example"):
        start_generation(workspace, ask(server, 5, method=method))


@pytest.mark.parametrize("provider", ["openai", "groq"])
def test_a_model_of_which_no_batches_are_known_is_told_before_anything_starts(
    workspace: Workspace, server: BatchServer, provider: str
) -> None:
    config = ProviderConfig(provider, "another-model", server.url, "sk-1")
    with pytest.raises(ConfigError, match="No batches are known for “another-model”"):
        start_generation(workspace, ask(server, 5, config=config))
    assert not workspace.database.get_jobs()


def test_the_estimate_of_a_run_through_batches_is_half_the_price(workspace: Workspace, server: BatchServer) -> None:
    one_by_one = estimate(workspace, ask(server, 100, seed=1, use_batch=False))
    in_batches = estimate(workspace, ask(server, 100, seed=1))
    assert one_by_one.cost is not None
    assert in_batches.cost == one_by_one.cost / 2
    assert (in_batches.calls, in_batches.usage) == (one_by_one.calls, one_by_one.usage)
    assert "50% of the ordinary price" in in_batches.basis


def test_the_file_has_all_that_came_through_batches(workspace: Workspace, server: BatchServer) -> None:
    job = make(workspace, ask(server, 30))
    assert job.dataset_id is not None
    until(lambda: lines(workspace, job.dataset_id or 0) == stored(workspace, job.dataset_id or 0))
