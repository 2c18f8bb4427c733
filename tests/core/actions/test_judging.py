"""A judge scores a dataset's examples: calls over a real client, rows and scores that belong to the judged text."""

import threading
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from synthgen_core.actions.examples import update_example
from synthgen_core.actions.jobs import cancel_task, get_job, resume_task
from synthgen_core.actions.quality import QualityRequest, estimate_quality, quality_counters, start_judging
from synthgen_core.actions.quality_requests import first_call
from synthgen_core.budget import Tariff
from synthgen_core.database.tables import judgements
from synthgen_core.errors import ConfigError, ConflictError, NotFoundError, ProviderRefusedError, SynthGenError
from synthgen_core.judging import Criterion, Rubric
from synthgen_core.models import ExampleFilter, Job, JobStatus, JsonObject, ProviderConfig
from synthgen_core.settings import Settings
from synthgen_core.workspace import Workspace, open_workspace
from tests.core.actions.curating import add, chat
from tests.core.actions.support import config, finish, until
from tests.support.judges import judgement
from tests.support.server import Act, ModelServer

NAMES = [criterion.name for criterion in Rubric().criteria]


def worth(*values: object) -> list[JsonObject]:
    """Conversations that say what they are worth; see ``tests.support.judges``."""
    return [chat(f"How much is number {n}?", f"It is worth {value}.") for n, value in enumerate(values)]


def asked(server: ModelServer, dataset_id: int, **changes: Any) -> QualityRequest:
    return replace(QualityRequest(dataset_id, config(server), batch_size=4), **changes)


def judge(workspace: Workspace, server: ModelServer, dataset_id: int, **changes: Any) -> Job:
    return finish(workspace, start_judging(workspace, asked(server, dataset_id, **changes)))


def scores(workspace: Workspace, dataset_id: int) -> list[float | None]:
    return [row.quality_score for row in workspace.database.get_dataset_examples(dataset_id, 5000)]


def rows(workspace: Workspace) -> list[Any]:
    with workspace.database.engine.connect() as connection:
        return list(connection.execute(sa.select(judgements).order_by(judgements.c.id)))


def test_every_example_gets_the_score_of_its_own_text(each_workspace: Workspace, server: ModelServer) -> None:
    dataset = add(each_workspace, worth(3, 9.5, "nothing", 0))
    job = judge(each_workspace, server, dataset)
    assert (job.status, job.done, job.failed, job.calls, job.errors) == (JobStatus.COMPLETED, 4, 0, 4, {})
    assert scores(each_workspace, dataset) == [3.0, 9.5, 8.0, 0.0]
    kept = {row.example_id: row for row in rows(each_workspace)}
    assert all((row.state, row.run, row.is_candidate, row.revision) == ("scored", 1, False, 1) for row in kept.values())
    first = kept[min(kept)]
    assert (first.provider, first.model, first.rubric_hash) == ("openai", "stub-model", Rubric().hash)
    assert first.scores == dict.fromkeys(NAMES, 3.0)
    assert first.rationale.startswith("Content quality: It is worth 3.")
    assert first.reply == judgement(3.0, NAMES)
    counters = quality_counters(each_workspace, job)
    assert (counters.processed, counters.scored, counters.failed, counters.average) == (4, 4, 0, 5.125)
    assert (counters.result_id, counters.average_after) == (None, None)
    assert [call.outcome for call in each_workspace.database.get_calls()] == ["ok"] * 4


def test_several_replies_make_a_mean_and_a_spread(workspace: Workspace, server: ModelServer) -> None:
    dataset = add(workspace, worth(5))
    server.choose = lambda call: Act(text=judgement({1: 4.0, 2: 8.0, 3: 6.0}[call.body["seed"]], NAMES))
    judge(workspace, server, dataset, runs=3)
    assert scores(workspace, dataset) == [6.0]
    assert [(row.run, row.overall) for row in rows(workspace)] == [(1, 4.0), (2, 8.0), (3, 6.0)]
    with workspace.database.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT judge_spread FROM examples").scalar() == 2.0


@pytest.mark.parametrize(
    "reply", ["It is fine: 8/10.", judgement(99, NAMES), judgement(7, NAMES[:4]), '{"score": "NaN"}']
)
def test_a_reply_that_is_no_judgement_is_a_failure_and_never_a_number(
    workspace: Workspace, server: ModelServer, reply: str
) -> None:
    dataset = add(workspace, worth(3, 4))
    server.choose = lambda call: Act() if "worth 3" in call.words else Act(text=reply)
    job = judge(workspace, server, dataset)
    assert (job.status, job.done, job.failed) == (JobStatus.COMPLETED, 1, 1)
    assert scores(workspace, dataset) == [3.0, None]
    (failed,) = (row for row in rows(workspace) if row.state == "failed")
    assert (failed.overall, failed.scores, failed.reply) == (None, None, reply)
    assert failed.rationale
    assert quality_counters(workspace, job).average == 3.0
    assert job.errors["failed_judgement"]["count"] == 1


def test_a_judge_that_repeats_the_example_changes_nothing(workspace: Workspace, server: ModelServer) -> None:
    (content,) = worth(3)
    dataset = add(workspace, [content])
    server.choose = lambda call: Act(text=str(content).replace("'", '"'))
    assert judge(workspace, server, dataset).status is JobStatus.FAILED
    (row,) = workspace.database.get_dataset_examples(dataset)
    assert (row.content, row.revision, row.quality_score) == (content, 1, None)


def test_a_failed_judgement_leaves_the_score_of_the_same_text(workspace: Workspace, server: ModelServer) -> None:
    dataset = add(workspace, worth(3))
    judge(workspace, server, dataset)
    server.choose = lambda call: Act(text="no")
    assert judge(workspace, server, dataset, again=True).status is JobStatus.FAILED
    assert scores(workspace, dataset) == [3.0]


def test_an_edit_takes_the_score_away_and_the_judgement_stays(workspace: Workspace, server: ModelServer) -> None:
    dataset = add(workspace, worth(3, 4))
    judge(workspace, server, dataset)
    first = workspace.database.get_dataset_examples(dataset)[0]
    update_example(workspace, first.id, worth(6)[0], seen_revision=1, author="ann")
    assert scores(workspace, dataset) == [None, 4.0]
    assert len(rows(workspace)) == 2
    job = judge(workspace, server, dataset)
    assert (job.requested, job.calls, scores(workspace, dataset)) == (1, 1, [6.0, 4.0])


def test_an_edit_during_the_run_gets_no_score_of_the_older_text(workspace: Workspace, server: ModelServer) -> None:
    dataset = add(workspace, worth(3))
    opened = threading.Event()
    server.choose = lambda call: Act(until=opened)
    job = start_judging(workspace, asked(server, dataset))
    server.wait_for_calls(1)
    (row,) = workspace.database.get_dataset_examples(dataset)
    update_example(workspace, row.id, worth(6)[0], seen_revision=1, author="ann")
    opened.set()
    assert finish(workspace, job).done == 1
    assert scores(workspace, dataset) == [None]
    assert [(each.revision, each.overall) for each in rows(workspace)] == [(1, 3.0)]


def test_a_second_run_pays_nothing_twice_unless_it_is_told_to(workspace: Workspace, server: ModelServer) -> None:
    dataset = add(workspace, worth(3, 4))
    judge(workspace, server, dataset)
    with pytest.raises(ConfigError, match="All 2 examples have a score"):
        judge(workspace, server, dataset)
    estimate = estimate_quality(workspace, asked(server, dataset, judge_only=True))
    assert (estimate.examples, estimate.known, estimate.calls) == (2, 2, 0)
    assert judge(workspace, server, dataset, again=True).calls == 2
    other = Rubric((Criterion("tone", "Tone", "Is it kind?"),))
    assert judge(workspace, server, dataset, rubric=other).calls == 2
    assert len(server.calls) == 6


def test_what_failed_is_asked_anew_by_the_next_run(workspace: Workspace, server: ModelServer) -> None:
    dataset = add(workspace, worth(3, 4))
    server.choose = lambda call: Act(text="no") if "worth 3" in call.words else Act()
    judge(workspace, server, dataset)
    server.choose = lambda call: Act()
    job = judge(workspace, server, dataset)
    assert (job.requested, job.done, job.calls) == (1, 1, 1)
    assert scores(workspace, dataset) == [3.0, 4.0]


def test_a_sample_is_the_same_for_the_same_seed(workspace: Workspace, server: ModelServer) -> None:
    dataset = add(workspace, worth(*range(10)))
    job = judge(workspace, server, dataset, sample=4, seed=5)
    assert (job.requested, job.done) == (4, 4)
    with pytest.raises(ConfigError, match="All 4 examples"):
        judge(workspace, server, dataset, sample=4, seed=5)
    assert workspace.database.count_examples(dataset, ExampleFilter(is_scored=True)) == 4


def test_a_judge_that_always_fails_pauses_the_run_and_says_why(workspace: Workspace, server: ModelServer) -> None:
    dataset = add(workspace, worth(*(n % 10 for n in range(60))))
    server.choose = lambda call: Act(text="I cannot judge that.")
    job = judge(workspace, server, dataset)
    assert (job.status, job.note) == (JobStatus.INTERRUPTED, "Paused.")
    assert 20 <= job.failed < 30
    told: Any = job.errors["judge_fails"]
    assert f"failed in {job.failed} of its newest {job.failed} judgements" in told["message"]
    assert "another model" in told["hint"]
    assert scores(workspace, dataset) == [None] * 60
    before = len(server.calls)
    server.choose = lambda call: Act()
    done = finish(workspace, resume_task(keyed(workspace), job.id))
    assert (done.status, done.done, done.failed) == (JobStatus.COMPLETED, 60, 0)
    assert len(server.calls) == before + 60, "what failed is asked anew, and nothing else"


def keyed(workspace: Workspace) -> Workspace:
    """The workspace with the key in its settings, where a job that is resumed looks for it."""
    return replace(workspace, settings=replace(workspace.settings, openai_api_key="sk-secret-key"))


def test_a_run_that_was_cancelled_goes_on_where_it_was(
    workspace: Workspace, server: ModelServer, gate: threading.Event
) -> None:
    dataset = add(workspace, worth(*range(8)))
    job = start_judging(workspace, asked(server, dataset, batch_size=2))
    with pytest.raises(ConflictError, match="at work"):
        start_judging(workspace, asked(server, dataset))
    until(lambda: workspace.database.get_job(job.id).done == 3)
    server.wait_for_calls(5)
    cancel_task(workspace, job.id)
    stopped = finish(workspace, job)
    assert (stopped.status, stopped.done) == (JobStatus.CANCELLED, 3)
    gate.set()
    done = finish(workspace, resume_task(keyed(workspace), job.id))
    assert (done.status, done.done) == (JobStatus.COMPLETED, 8)
    assert scores(workspace, dataset) == [float(n) for n in range(8)]
    assert len(server.calls) <= 8 + 2, "only the two that were in flight are repeated"


def test_a_run_does_not_go_on_while_another_judges_the_dataset(
    workspace: Workspace, server: ModelServer, gate: threading.Event
) -> None:
    dataset = add(workspace, worth(*range(5)))
    job = start_judging(workspace, asked(server, dataset, batch_size=1))
    server.wait_for_calls(4)
    cancel_task(workspace, job.id)
    finish(workspace, job)
    other = start_judging(workspace, asked(server, dataset, batch_size=1))
    with pytest.raises(ConflictError, match=f"at work.*job {other.id}"):
        resume_task(keyed(workspace), job.id)
    gate.set()
    assert finish(workspace, other).status is JobStatus.COMPLETED


def test_a_run_that_ended_with_the_app_goes_on_in_the_next_one(tmp_path: Path, server: ModelServer) -> None:
    opened = threading.Event()
    server.choose = lambda call: Act(until=opened) if call.number >= 3 else Act()
    settings = Settings(data_dir=tmp_path / "data", openai_api_key="sk-secret-key")
    with closing(open_workspace(settings)) as workspace:
        dataset = add(workspace, worth(*range(6)))
        job = start_judging(workspace, asked(server, dataset, batch_size=1))
        until(lambda: workspace.database.get_job(job.id).done == 3)
    opened.set()
    with closing(open_workspace(settings)) as workspace:
        assert workspace.database.get_job(job.id).status is JobStatus.INTERRUPTED
        assert finish(workspace, resume_task(workspace, job.id)).done == 6
        assert len(rows(workspace)) == 6


def test_a_budget_pauses_the_run_and_a_higher_one_goes_on(workspace: Workspace, server: ModelServer) -> None:
    dataset = add(workspace, worth(*(n % 10 for n in range(12))))
    request = asked(server, dataset, batch_size=1)
    a_call = Tariff().worst_usage(first_call(workspace, workspace.database.get_dataset(dataset), request)).total
    job = finish(workspace, start_judging(workspace, replace(request, max_tokens_total=a_call + 500)))
    assert get_job(workspace, job.id).is_out_of_budget
    assert 0 < job.done < 12
    assert job.usage.total <= a_call + 500
    done = finish(workspace, resume_task(keyed(workspace), job.id, max_tokens_total=10**6))
    assert (done.status, done.done) == (JobStatus.COMPLETED, 12)
    assert len(server.calls) == 12


def test_a_refused_key_ends_the_run_before_it_begins(workspace: Workspace, server: ModelServer) -> None:
    dataset = add(workspace, worth(3))
    server.models_act = Act(status=401)
    with pytest.raises(ProviderRefusedError):
        start_judging(workspace, asked(server, dataset))
    assert workspace.database.get_jobs() == []


def test_a_call_that_is_refused_for_one_example_fails_that_example_alone(
    workspace: Workspace, server: ModelServer
) -> None:
    dataset = add(workspace, worth(3, 4))
    server.choose = lambda call: Act(status=400, text="too long") if "worth 3" in call.words else Act()
    job = judge(workspace, server, dataset)
    assert (job.done, job.failed) == (1, 1)
    assert scores(workspace, dataset) == [None, 4.0]
    (failed,) = (row for row in rows(workspace) if row.state == "failed")
    assert (failed.reply, failed.run) == ("", 1)


def test_words_that_no_database_takes_are_kept_without_them(each_workspace: Workspace, server: ModelServer) -> None:
    dataset = add(each_workspace, worth(1, 2, 3))
    odd = judgement(5, NAMES).replace("It is", "\\u0000 \\ud800 it is")
    replies = {
        "worth 1": odd,
        "worth 2": "\0 \\ud83d no",
        "worth 3": odd.replace('"score":5', '"score":"\\ud800\\u0000"'),
    }
    server.choose = lambda call: Act(text=next(text for said, text in replies.items() if said in call.words))
    job = judge(each_workspace, server, dataset)
    assert (job.status, job.done, job.failed) == (JobStatus.COMPLETED, 1, 2)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"runs": 0}, ConfigError),
        ({"sample": 0}, ConfigError),
        ({"batch_size": 1000}, ConfigError),
        ({"min_quality_score": float("nan")}, ConfigError),
        ({"max_cost": Decimal("NaN")}, ConfigError),
        ({"max_cost": Decimal(1)}, ConfigError),
        ({"max_tokens_total": 10}, ConfigError),
        ({"provider": ProviderConfig("embedded")}, ConfigError),
        ({"provider": ProviderConfig("nope")}, NotFoundError),
        ({"dataset": 999}, NotFoundError),
    ],
)
def test_what_cannot_be_asked_starts_nothing(
    workspace: Workspace, server: ModelServer, changes: dict[str, Any], error: type[SynthGenError]
) -> None:
    dataset = add(workspace, worth(3))
    with pytest.raises(error):
        start_judging(workspace, asked(server, changes.pop("dataset", dataset), **changes))
    with pytest.raises(ConfigError, match="no examples"):
        start_judging(workspace, asked(server, add(workspace, [], "empty")))
    assert (workspace.database.get_jobs(), server.calls) == ([], [])


def test_the_estimate_warns_of_a_judge_that_wrote_the_dataset(workspace: Workspace, server: ModelServer) -> None:
    own = add(workspace, worth(3), metadata=[{}])
    workspace.database.update_dataset(own, metadata={"model": "stub-model"})
    found = estimate_quality(workspace, asked(server, own, runs=2))
    assert (found.examples, found.calls, found.known) == (1, 2, 0)
    assert found.usage.total > 500
    assert "wrote this dataset" in found.warnings[0]
    assert server.calls == []
