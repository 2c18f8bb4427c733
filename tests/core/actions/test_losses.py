"""What became of what was asked for, stage by stage, and what the models took: counted against what was scripted."""

from decimal import Decimal
from pathlib import Path

from synthgen_core.actions.examples import set_status
from synthgen_core.actions.export_plans import ExportRequest
from synthgen_core.actions.exports import write_export
from synthgen_core.actions.import_files import local_file
from synthgen_core.actions.imports import start_import
from synthgen_core.actions.losses import Losses, get_losses, get_model_use
from synthgen_core.database import LoggedCall, NewExample, NewJob, Progress
from synthgen_core.models import ExampleStatus, JobKind, Usage
from synthgen_core.workspace import Workspace
from tests.core.actions.support import ATTEMPTS, BAD, add_dataset, ask, finish, make
from tests.support.reviews import review
from tests.support.server import Act, ModelServer


def losses(workspace: Workspace, dataset_id: int) -> Losses:
    return get_losses(workspace, workspace.database.get_dataset(dataset_id))


def counts(found: Losses) -> dict[str, int]:
    return {stage.name: stage.count for stage in found.stages}


def test_every_stage_of_a_generated_dataset_is_counted(
    each_workspace: Workspace, server: ModelServer, tmp_path: Path
) -> None:
    workspace = each_workspace
    server.then(*[BAD] * ATTEMPTS)
    job = make(workspace, ask(server, 8, workers=1))
    assert job.dataset_id is not None
    ids = list(workspace.database.rank_examples(job.dataset_id, ()))
    set_status(workspace, job.dataset_id, ids[:2], ExampleStatus.REMOVED, author="me", reason="")
    review(workspace.database, ids[2:3])
    write_export(workspace, ExportRequest(job.dataset_id, "jsonl"), tmp_path / "out.jsonl")
    found = losses(workspace, job.dataset_id)
    assert counts(found) == {
        "Drawn": 8,
        "Answered": 8,
        "Parsed": 7,
        "Active": 5,
        "Judged": 0,
        "Reviewed": 1,
        "Exported": 5,
    }
    assert sum(found.causes.values()) == ATTEMPTS
    assert found.exported_at is not None
    assert {stage.of for stage in found.stages} <= {"", *counts(found)}


def test_a_stage_opens_as_many_examples_as_it_counts(workspace: Workspace, server: ModelServer) -> None:
    job = make(workspace, ask(server, 4))
    assert job.dataset_id is not None
    review(workspace.database, list(workspace.database.rank_examples(job.dataset_id, ()))[:3], "reject")
    for stage in losses(workspace, job.dataset_id).stages:
        if stage.opens is not None:
            assert workspace.database.count_examples(job.dataset_id, stage.opens) == stage.count


def test_calls_that_failed_are_no_answers(workspace: Workspace, server: ModelServer) -> None:
    server.choose = lambda call: Act(status=401, text="revoked") if call.number >= 2 else Act()
    job = make(workspace, ask(server, 6, workers=1))
    assert job.dataset_id is not None
    found = losses(workspace, job.dataset_id)
    assert counts(found) | {"Drawn": 6, "Answered": 2, "Parsed": 2} == counts(found)
    assert found.causes == {"auth": 1}


def test_an_item_whose_reply_was_kept_is_answered_without_a_call(workspace: Workspace, server: ModelServer) -> None:
    for _ in range(2):
        job = make(workspace, ask(server, 3, seed=1))
    assert len(server.calls) == 3
    assert job.dataset_id is not None
    assert counts(losses(workspace, job.dataset_id))["Answered"] == 3


def test_an_imported_dataset_begins_with_its_lines(workspace: Workspace, tmp_path: Path) -> None:
    good = '{"messages": [{"role": "user", "content": "hi %d"}, {"role": "assistant", "content": "yes"}]}\n'
    path = tmp_path / "own.jsonl"
    path.write_text("".join(good % n for n in range(3)) + "{bad\n", encoding="utf-8")
    brought = finish(workspace, start_import(workspace, [local_file(path)]))
    assert brought.dataset_id is not None
    found = counts(losses(workspace, brought.dataset_id))
    assert [*found.items()][:3] == [("Read", 4), ("Brought in", 3), ("Active", 3)]


def test_examples_of_which_no_run_is_known_are_told(workspace: Workspace, server: ModelServer) -> None:
    job = make(workspace, ask(server, 2))
    assert job.dataset_id is not None
    workspace.database.add_examples(job.dataset_id, [NewExample(50, {"messages": []}, {})])
    stages = {stage.name: stage for stage in losses(workspace, job.dataset_id).stages}
    assert stages["Brought in"].count == 3
    assert stages["Brought in"].source.startswith("1 of them")
    assert stages["Active"].of == "Brought in"


def test_an_empty_dataset_has_stages_of_nothing(workspace: Workspace) -> None:
    found = losses(workspace, add_dataset(workspace, count=0))
    assert counts(found) == {"Active": 0, "Judged": 0, "Reviewed": 0, "Exported": 0}


def call(seconds: float, cost: str | None = "0.5", outcome: str = "ok", model: str = "m") -> LoggedCall:
    price = None if cost is None else Decimal(cost)
    return LoggedCall(0, 1, "openai", model, "", outcome, Usage(100, 10), price, seconds)


def test_time_and_cost_are_told_for_each_model(each_workspace: Workspace) -> None:
    workspace = each_workspace
    dataset = workspace.database.get_dataset(add_dataset(workspace))
    job = workspace.database.create_job(NewJob(JobKind.GENERATION, {}, 1, "me"), dataset.id)
    log = [call(float(n)) for n in range(1, 101)]
    log += [call(900.0, "0", "timeout"), call(2.0, None), call(3.0, None, model="other")]
    workspace.database.record(job, Progress(log=log))
    workspace.database.log_calls([call(1.0, model="of no dataset")])
    other, usual = get_model_use(workspace, dataset)
    assert (usual.model, usual.calls, usual.failed, usual.timed) == ("m", 102, 1, 101)
    assert (usual.median, usual.slow) == (50, 95)
    assert usual.usage == Usage(10200, 1020)
    assert usual.cost_words == "$50.00 and 1 call of unknown cost"
    assert (other.model, other.cost, other.cost_words) == ("other", None, "unknown")


def test_a_model_that_never_answered_has_no_time(workspace: Workspace) -> None:
    dataset = workspace.database.get_dataset(add_dataset(workspace))
    job = workspace.database.create_job(NewJob(JobKind.GENERATION, {}, 1, "me"), dataset.id)
    workspace.database.record(job, Progress(log=[call(3.0, "0", "timeout")]))
    (used,) = get_model_use(workspace, dataset)
    assert (used.timed, used.median, used.slow) == (0, None, None)
