"""A quality run makes a better dataset beside the old one: mended where that helped, without what stayed weak."""

import json
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from synthgen_core.actions.datasets import describe_dataset, download_dataset
from synthgen_core.actions.examples import undo_batch
from synthgen_core.actions.jobs import cancel_task, resume_task
from synthgen_core.actions.quality import (
    estimate_quality,
    process_dataset_quality,
    quality_counters,
    start_quality,
)
from synthgen_core.judging import Criterion, Rubric
from synthgen_core.models import Example, ExampleFilter, ExampleStatus, Job, JobStatus, JsonObject, Origin
from synthgen_core.settings import Settings
from synthgen_core.workspace import Workspace, open_workspace
from tests.core.actions.curating import add, chat
from tests.core.actions.support import config, finish, until
from tests.core.actions.test_judging import NAMES, asked, judge, keyed, rows, scores, worth
from tests.support.judges import JUDGES, MENDS, judgement
from tests.support.server import Act, Call, ModelServer

FIX: dict[str, Any] = {"auto_fix": True}
REMOVE: dict[str, Any] = {"auto_remove": True}


def run(workspace: Workspace, server: ModelServer, dataset_id: int, **changes: Any) -> Job:
    return finish(workspace, start_quality(workspace, asked(server, dataset_id, **changes)))


def result_of(workspace: Workspace, job: Job) -> int:
    made = quality_counters(workspace, job).result_id
    assert made is not None, job.errors
    return made


def examples(workspace: Workspace, dataset_id: int, status: ExampleStatus = ExampleStatus.ACTIVE) -> list[Example]:
    return workspace.database.get_dataset_examples(dataset_id, 5000, filter=ExampleFilter(statuses=(status,)))


def answers(workspace: Workspace, dataset_id: int) -> list[str]:
    return [str(row.content["messages"][1]["content"]) for row in examples(workspace, dataset_id)]


def is_mending(call: Call) -> bool:
    return str(call.body["messages"][0]["content"]).startswith(MENDS)


def is_judging(call: Call) -> bool:
    return str(call.body["messages"][0]["content"]).startswith(JUDGES)


def test_what_is_weak_is_mended_in_a_new_dataset_and_the_old_one_keeps_its_own_scores(
    each_workspace: Workspace, server: ModelServer
) -> None:
    dataset = add(each_workspace, worth(8, 3, 6.9))
    job = run(each_workspace, server, dataset, **FIX)
    assert (job.status, job.done, job.failed, job.calls) == (JobStatus.COMPLETED, 3, 0, 3 + 2 + 2)
    assert scores(each_workspace, dataset) == [8.0, 3.0, 6.9]
    assert answers(each_workspace, dataset) == ["It is worth 8.", "It is worth 3.", "It is worth 6.9."]
    made = result_of(each_workspace, job)
    assert answers(each_workspace, made) == ["It is worth 8.", "It is worth 9.", "It is worth 9."]
    assert scores(each_workspace, made) == [8.0, 9.0, 9.0]
    assert [row.revision for row in examples(each_workspace, made)] == [1, 2, 2]
    counters = quality_counters(each_workspace, job)
    assert (counters.kept, counters.fixed, counters.removed, counters.failed) == (1, 2, 0, 0)
    assert (counters.average, counters.average_after) == (5.967, 8.667)
    candidates = [row for row in rows(each_workspace) if row.is_candidate]
    assert [row.overall for row in candidates] == [9.0, 9.0]
    assert {row.example_id for row in candidates} <= {row.id for row in examples(each_workspace, dataset)}
    view = (
        "SELECT examples_processed, examples_kept, examples_fixed, examples_removed, result_file_path FROM quality_jobs"
    )
    with each_workspace.database.engine.connect() as connection:
        assert tuple(connection.exec_driver_sql(view).one()) == (3, 1, 2, 0, "datasets/a_improved.jsonl")


def test_the_mended_text_is_a_revision_that_says_why_and_can_be_undone(
    workspace: Workspace, server: ModelServer
) -> None:
    dataset = add(workspace, worth(3))
    made = result_of(workspace, run(workspace, server, dataset, **FIX))
    (row,) = examples(workspace, made)
    first, second = workspace.database.get_revisions(row.id)
    assert (second.operation, second.author, second.reason) == ("fix", "quality run", "Mended: from 3 to 9.")
    assert first.content == worth(3)[0]
    assert second.batch_id
    undo_batch(workspace, second.batch_id, author="ann")
    assert answers(workspace, made) == ["It is worth 3."]


def test_the_new_dataset_has_its_own_file_and_knows_its_parent(workspace: Workspace, server: ModelServer) -> None:
    dataset = add(workspace, worth(8, 3))
    made = [result_of(workspace, run(workspace, server, dataset, **FIX)) for _ in range(2)]
    paths = [download_dataset(workspace, each) for each in made]
    assert [path.name for path in paths] == ["a_improved.jsonl", "a_improved_2.jsonl"]
    lines = [json.loads(line)["messages"][1]["content"] for line in paths[0].read_text().splitlines()]
    assert lines == ["It is worth 8.", "It is worth 9."]
    found = describe_dataset(workspace, made[0])
    (parent,) = found.parents
    assert (found.dataset.origin, parent.parent_id, parent.taken) == (Origin.IMPROVED, dataset, 2)
    assert (parent.options["min_quality_score"], parent.options["auto_fix"]) == (7.0, True)
    assert workspace.mirror.is_equal(made[1], f"datasets/{paths[1].name}")


def test_what_was_judged_before_costs_nothing_again(workspace: Workspace, server: ModelServer) -> None:
    dataset = add(workspace, worth(8, 3, 5))
    judge(workspace, server, dataset)
    job = run(workspace, server, dataset, **REMOVE)
    assert (job.status, job.done, job.calls, len(server.calls)) == (JobStatus.COMPLETED, 3, 0, 3)
    mending = run(workspace, server, dataset, **FIX)
    assert mending.calls == 2 + 2
    assert any("(3 of 10): It is worth 3." in call.words for call in server.calls if is_mending(call))


def test_a_text_that_was_changed_and_judged_while_a_run_stood_still_is_not_taken_for_the_older_one(
    workspace: Workspace, server: ModelServer, gate: threading.Event
) -> None:
    dataset = add(workspace, worth(8, 8, 8, 3))
    job = start_quality(workspace, asked(server, dataset, batch_size=1, **REMOVE))
    until(lambda: workspace.database.get_job(job.id).done == 3)
    cancel_task(workspace, job.id)
    finish(workspace, job)
    gate.set()
    last = examples(workspace, dataset)[-1]
    workspace.database.update_example(last.id, worth(9)[0], seen_revision=1, author="ann")
    judge(workspace, server, dataset)
    done = finish(workspace, resume_task(keyed(workspace), job.id))
    assert answers(workspace, result_of(workspace, done)) == ["It is worth 8."] * 3
    assert scores(workspace, dataset) == [8.0, 8.0, 8.0, 9.0], "the older text's score is not the newer one's"


@pytest.mark.parametrize(("wanted", "decision"), [(REMOVE, "removed"), (FIX, "fixed")])
def test_a_decision_by_an_older_judgement_leaves_the_newer_score(
    workspace: Workspace, server: ModelServer, wanted: dict[str, Any], decision: str
) -> None:
    dataset = add(workspace, worth(3))
    judge(workspace, server, dataset)
    server.choose = lambda call: Act(text=judgement(8, ["tone"]))
    judge(workspace, server, dataset, rubric=Rubric((Criterion("tone", "Tone", "Is it kind?"),)))
    server.choose = lambda call: Act()
    assert getattr(quality_counters(workspace, run(workspace, server, dataset, **wanted)), decision) == 1
    assert scores(workspace, dataset) == [8.0]


def test_what_is_weak_is_removed_so_that_it_can_be_brought_back(workspace: Workspace, server: ModelServer) -> None:
    dataset = add(workspace, worth(8, 6.96))
    job = run(workspace, server, dataset, **REMOVE)
    made = result_of(workspace, job)
    assert answers(workspace, made) == ["It is worth 8."]
    assert workspace.database.get_dataset(made).example_count == 1
    (removed,) = examples(workspace, made, ExampleStatus.REMOVED)
    latest = workspace.database.get_revisions(removed.id)[-1]
    assert (latest.operation, latest.reason) == ("remove", "Its score of 6.96 is below 7.")
    assert workspace.database.get_dataset(dataset).example_count == 2
    counters = quality_counters(workspace, job)
    assert (counters.kept, counters.removed, counters.average, counters.average_after) == (1, 1, 7.48, 8.0)


def test_with_neither_asked_for_all_are_kept_and_scored(workspace: Workspace, server: ModelServer) -> None:
    dataset = add(workspace, worth(8, 3))
    job = finish(workspace, process_dataset_quality(workspace, dataset, config(server)))
    assert quality_counters(workspace, job).kept == 2
    assert scores(workspace, result_of(workspace, job)) == [8.0, 3.0]
    assert job.parameters["batch_size"] == 10


@pytest.mark.parametrize(("worth_after", "decision"), [(2, "kept"), (3, "kept"), (5, "fixed")])
def test_a_mended_text_is_taken_only_if_it_is_better(
    workspace: Workspace, server: ModelServer, worth_after: float, decision: str
) -> None:
    dataset = add(workspace, worth(3))
    mended = json.dumps(chat("How much is number 0?", f"Now worth {worth_after}."))
    server.choose = lambda call: Act(text=mended) if is_mending(call) else Act()
    job = run(workspace, server, dataset, **FIX)
    counters = quality_counters(workspace, job)
    assert getattr(counters, decision) == 1
    expected = f"Now worth {worth_after}." if decision == "fixed" else "It is worth 3."
    assert answers(workspace, result_of(workspace, job)) == [expected]
    assert scores(workspace, result_of(workspace, job)) == [max(3.0, worth_after)]


@pytest.mark.parametrize(
    "reply",
    [
        json.dumps({"messages": [*worth(9)[0]["messages"], {"role": "user", "content": "And?"}]}),
        json.dumps({"messages": worth(9)[0]["messages"][::-1]}),
        json.dumps(worth(3)[0]),
        judgement(9, NAMES),
        "Here you are: all is well now.",
    ],
    ids=["other turns", "other roles", "unchanged", "a judgement", "prose"],
)
def test_a_fix_that_is_no_such_example_is_asked_for_once_more_and_never_taken(
    workspace: Workspace, server: ModelServer, reply: str
) -> None:
    dataset = add(workspace, worth(3))
    server.choose = lambda call: Act(text=reply) if is_mending(call) else Act()
    job = run(workspace, server, dataset, **FIX)
    assert (job.status, job.calls) == (JobStatus.COMPLETED, 1 + 2)
    assert quality_counters(workspace, job).kept == 1
    assert answers(workspace, result_of(workspace, job)) == ["It is worth 3."]


def test_a_fix_that_could_not_be_judged_is_not_taken(workspace: Workspace, server: ModelServer) -> None:
    dataset = add(workspace, worth(3))
    server.choose = lambda call: Act(text="no") if is_judging(call) and "worth 9" in call.words else Act()
    job = run(workspace, server, dataset, **FIX)
    assert (quality_counters(workspace, job).kept, job.failed) == (1, 0)
    assert scores(workspace, dataset) == [3.0]


def test_a_call_that_is_refused_while_mending_leaves_the_example_as_it_was_judged(
    workspace: Workspace, server: ModelServer
) -> None:
    dataset = add(workspace, worth(3, 8))
    server.choose = lambda call: Act(status=400, text="too long") if is_mending(call) else Act()
    job = run(workspace, server, dataset, **FIX)
    assert (job.status, job.done, job.failed) == (JobStatus.COMPLETED, 2, 0)
    assert scores(workspace, result_of(workspace, job)) == [3.0, 8.0]


def test_what_stays_weak_when_mended_is_removed_where_both_are_asked_for(
    workspace: Workspace, server: ModelServer
) -> None:
    dataset = add(workspace, worth(3, 4))
    better = json.dumps(chat("How much is number 1?", "Now worth 5."))
    server.choose = lambda call: Act(text=better) if is_mending(call) and "worth 4" in call.words else Act()
    job = run(workspace, server, dataset, **FIX, **REMOVE)
    counters = quality_counters(workspace, job)
    assert (counters.fixed, counters.removed) == (1, 1)
    assert answers(workspace, result_of(workspace, job)) == ["It is worth 9."]


def test_what_could_not_be_judged_is_kept_without_a_score(workspace: Workspace, server: ModelServer) -> None:
    dataset = add(workspace, worth(8, 3))
    server.choose = lambda call: Act(text="?") if "worth 3" in call.words else Act()
    job = run(workspace, server, dataset, **REMOVE)
    assert (job.status, job.done, job.failed) == (JobStatus.COMPLETED, 1, 1)
    assert answers(workspace, result_of(workspace, job)) == ["It is worth 8.", "It is worth 3."]
    assert scores(workspace, result_of(workspace, job)) == [8.0, None]


def test_faults_that_rules_find_are_told_to_the_mender(workspace: Workspace, server: ModelServer) -> None:
    dataset = add(workspace, [chat("How much is it?", "Dear [Name], it is worth 3.")])
    run(workspace, server, dataset, **FIX)
    assert "- A blank was not filled in: [Name]" in next(call.words for call in server.calls if is_mending(call))


def test_a_run_over_instructions_mends_them_as_well(workspace: Workspace, server: ModelServer) -> None:
    content: JsonObject = {"instruction": "Say it.", "input": "", "output": "It is worth 2."}
    dataset = add(workspace, [content], format_type="instruction")
    made = result_of(workspace, run(workspace, server, dataset, runs=2, **FIX))
    (row,) = examples(workspace, made)
    assert (row.content, row.quality_score) == (content | {"output": "It is worth 9."}, 9.0)


def test_nothing_is_left_behind_by_a_cancelled_run_and_it_goes_on_for_what_is_missing(
    workspace: Workspace, server: ModelServer, gate: threading.Event
) -> None:
    dataset = add(workspace, worth(3, 3, 3, 8))
    job = start_quality(workspace, asked(server, dataset, batch_size=1, **FIX))
    server.wait_for_calls(4)  # judged, mended, judged again, and the next one
    cancel_task(workspace, job.id)
    stopped = finish(workspace, job)
    assert (stopped.status, stopped.done) == (JobStatus.CANCELLED, 1)
    assert len(workspace.database.get_datasets()) == 1
    gate.set()
    done = finish(workspace, resume_task(keyed(workspace), job.id))
    assert (done.status, done.done) == (JobStatus.COMPLETED, 4)
    assert scores(workspace, result_of(workspace, done)) == [9.0, 9.0, 9.0, 8.0]
    assert len(server.calls) <= 10 + 1, "only the one that was in flight is repeated"
    assert len(list((workspace.settings.datasets_dir).glob("*.jsonl"))) == 2


def test_what_was_paid_for_within_an_example_is_used_after_a_restart(tmp_path: Path, server: ModelServer) -> None:
    opened = threading.Event()
    server.choose = lambda call: Act() if call.number < 2 or opened.is_set() else Act(until=opened)
    settings = Settings(data_dir=tmp_path / "data", openai_api_key="sk-secret-key")
    with closing(open_workspace(settings)) as workspace:
        dataset = add(workspace, worth(3))
        job = start_quality(workspace, asked(server, dataset, **FIX))
        server.wait_for_calls(3)  # judged and mended; it waits for the second judgement
    opened.set()
    with closing(open_workspace(settings)) as workspace:
        done = finish(workspace, resume_task(workspace, job.id))
        assert (done.status, len(server.calls)) == (JobStatus.COMPLETED, 4)
        assert scores(workspace, result_of(workspace, done)) == [9.0]


def test_an_example_that_was_edited_meanwhile_is_copied_as_it_was_judged(
    workspace: Workspace, server: ModelServer, gate: threading.Event
) -> None:
    dataset = add(workspace, worth(8, 8, 8, 8))
    job = start_quality(workspace, asked(server, dataset, batch_size=1))
    until(lambda: workspace.database.get_job(job.id).done == 3)
    last = examples(workspace, dataset)[-1]
    workspace.database.update_example(last.id, worth(1)[0], seen_revision=1, author="ann")
    gate.set()
    made = result_of(workspace, finish(workspace, job))
    assert answers(workspace, made)[-1] == "It is worth 8."
    assert scores(workspace, dataset)[-1] is None


def test_the_estimate_counts_the_fixes_and_the_second_judgements(workspace: Workspace, server: ModelServer) -> None:
    dataset = add(workspace, worth(*[8] * 30, *[3] * 10))
    plain = estimate_quality(workspace, asked(server, dataset))
    assert (plain.examples, plain.calls, plain.cost) == (40, 40, None)
    guessed = estimate_quality(workspace, asked(server, dataset, **FIX))
    assert guessed.calls == 40 + 12 + 12
    assert "an assumption" in guessed.basis
    judge(workspace, server, dataset)
    known = estimate_quality(workspace, asked(server, dataset, **FIX))
    assert (known.known, known.calls) == (40, 10 + 10)
    assert "25% below 7: as among the 40 with a score" in known.basis
    tight = estimate_quality(workspace, asked(server, dataset, max_tokens_total=12_000, **FIX))
    assert tight.is_capped


def test_both_datasets_can_be_purged_and_the_job_stays(each_workspace: Workspace, server: ModelServer) -> None:
    dataset = add(each_workspace, worth(8, 3))
    job = run(each_workspace, server, dataset, **FIX)
    for each in (dataset, result_of(each_workspace, job)):
        each_workspace.database.delete_dataset(each)
        each_workspace.database.purge_dataset(each)
    assert rows(each_workspace) == []
    assert quality_counters(each_workspace, each_workspace.database.get_job(job.id)).fixed == 1
