"""Rules run over a dataset: flags and scores come batch by batch, belong to the text that was read, and can go on."""

from contextlib import closing
from pathlib import Path

import pytest

from synthgen_core.actions.examples import get_flags, update_example
from synthgen_core.actions.jobs import cancel_task, resume_task
from synthgen_core.actions.rules import check_dataset, rules_summary
from synthgen_core.database import NewExample, NewFlag
from synthgen_core.database.checks import Checked
from synthgen_core.errors import ConfigError, ConflictError, NotFoundError, SynthGenError
from synthgen_core.models import ExampleFilter, ExampleStatus, JobStatus, JsonObject, Severity
from synthgen_core.rules import RULES
from synthgen_core.settings import Settings
from synthgen_core.workspace import Workspace, open_workspace
from tests.core.actions.curating import add, chat
from tests.core.actions.support import finish, until

GOOD = "Open Billing, choose the invoice number {n} and press Correct; the new one is sent to you within an hour."
BAD = "As an AI language model, I cannot help with [Name] number {n}."


def answers(*texts: str) -> list[JsonObject]:
    return [chat(f"Where is my order {n} of the {n}th of May?", text.format(n=n)) for n, text in enumerate(texts)]


def ids(workspace: Workspace, dataset_id: int) -> list[int]:
    return [row.id for row in workspace.database.get_dataset_examples(dataset_id, 5000)]


def scores(workspace: Workspace, dataset_id: int) -> dict[int, float | None]:
    with workspace.database.engine.connect() as connection:
        sql = f"SELECT id, rule_score FROM examples WHERE dataset_id = {dataset_id} ORDER BY id"
        return {row[0]: row[1] for row in connection.exec_driver_sql(sql)}


def run(workspace: Workspace, dataset_id: int, **asked: object) -> None:
    job = finish(workspace, check_dataset(workspace, dataset_id, **asked))  # type: ignore[arg-type] # its own names
    assert (job.status, job.errors) == (JobStatus.COMPLETED, {})


def test_flags_and_scores_come_to_the_examples_that_the_rules_are_about(each_workspace: Workspace) -> None:
    dataset = add(each_workspace, answers(GOOD, BAD, GOOD.replace("Billing", "Mail, wait a while, then open Orders")))
    good, bad, other = ids(each_workspace, dataset)
    run(each_workspace, dataset)
    assert scores(each_workspace, dataset) == {good: 10.0, bad: 1.0, other: 10.0}
    flags = get_flags(each_workspace, [good, bad, other])
    assert {flag.example_id for flag in flags} == {bad}
    assert {(flag.rule, flag.source) for flag in flags} == {
        ("refusal", "rules"),
        ("boilerplate", "rules"),
        ("placeholder", "rules"),
    }
    summary = rules_summary(each_workspace, dataset)
    assert (summary.active, summary.checked, summary.mean_score) == (3, 3, 7.0)
    assert (summary.scores, summary.flags["placeholder"]) == ({1.0: 1, 10.0: 2}, {"error": 1})
    flagged = each_workspace.database.get_dataset_examples(dataset, filter=ExampleFilter(flags="any"))
    assert [row.id for row in flagged] == [bad]


def test_a_second_run_replaces_what_the_first_one_found_and_nothing_else(each_workspace: Workspace) -> None:
    dataset = add(each_workspace, answers(BAD))
    (example,) = ids(each_workspace, dataset)
    run(each_workspace, dataset)
    first = [(flag.rule, flag.message) for flag in get_flags(each_workspace, [example])]
    run(each_workspace, dataset)
    assert [(flag.rule, flag.message) for flag in get_flags(each_workspace, [example])] == first
    run(each_workspace, dataset, rules=["short_answer"], thresholds={"short_answer": 500})
    assert [flag.rule for flag in get_flags(each_workspace, [example])] == [
        *(rule for rule, _ in first),
        "short_answer",
    ]
    assert scores(each_workspace, dataset) == {example: 0.0}, "1 before, and 2 less: not below 0"


def test_some_rules_alone_give_flags_and_no_score(each_workspace: Workspace) -> None:
    dataset = add(each_workspace, answers(BAD))
    (example,) = ids(each_workspace, dataset)
    run(each_workspace, dataset, rules=["refusal"])
    assert [flag.rule for flag in get_flags(each_workspace, [example])] == ["refusal"]
    assert scores(each_workspace, dataset) == {example: None}
    assert rules_summary(each_workspace, dataset).checked == 0


def test_an_edit_takes_flags_and_score_away_until_the_rules_run_again(each_workspace: Workspace) -> None:
    dataset = add(each_workspace, answers(BAD))
    (example,) = ids(each_workspace, dataset)
    run(each_workspace, dataset)
    update_example(each_workspace, example, answers(GOOD)[0], seen_revision=1, author="ann")
    assert get_flags(each_workspace, [example]) == []
    assert scores(each_workspace, dataset) == {example: None}
    run(each_workspace, dataset)
    assert scores(each_workspace, dataset) == {example: 10.0}


def test_flags_of_an_import_stay_and_do_not_count_for_the_score(each_workspace: Workspace) -> None:
    dataset = add(each_workspace, [])
    flag = NewFlag("odd", Severity.ERROR, "Something is odd.")
    each_workspace.database.add_examples(dataset, [NewExample(0, answers(GOOD)[0], {}, flags=(flag,))])
    (example,) = ids(each_workspace, dataset)
    run(each_workspace, dataset)
    assert [(f.rule, f.source) for f in get_flags(each_workspace, [example])] == [("odd", "import")]
    assert scores(each_workspace, dataset) == {example: 10.0}


def test_of_two_that_are_alike_the_longer_one_is_not_flagged(each_workspace: Workspace) -> None:
    longer = GOOD + " Then wait for a mail."
    dataset = add(each_workspace, [chat("The invoice is wrong.", GOOD), chat("The invoice is wrong.", longer)])
    first, second = ids(each_workspace, dataset)
    run(each_workspace, dataset, rules=["duplicate"])
    (flag,) = get_flags(each_workspace, [first, second])
    assert (flag.example_id, flag.rule) == (first, "duplicate")
    assert f"example {second}" in flag.message


def test_a_copy_of_what_the_prompt_showed_is_flagged(each_workspace: Workspace) -> None:
    shown = add(each_workspace, answers(GOOD * 2, GOOD.replace("invoice", "letter") * 2), "shown")
    shots = ids(each_workspace, shown)
    copy, own = chat("How do I do it?", GOOD.format(n=0) * 2), chat("How do I do it?", "Nobody knows. " * 12)
    dataset = add(each_workspace, [copy, own], "made", metadata=[{"few_shot": [*shots, 999_999]}] * 2)
    copied, _ = ids(each_workspace, dataset)
    run(each_workspace, dataset, rules=["copied"])
    (flag,) = get_flags(each_workspace, ids(each_workspace, dataset))
    assert (flag.example_id, flag.rule) == (copied, "copied")
    assert f"example {shots[0]}" in flag.message


def test_an_unusual_length_is_measured_against_the_whole_dataset(workspace: Workspace) -> None:
    long = "We have looked at it. " * 400
    dataset = add(workspace, answers(*(GOOD + " Thanks." * (n % 9) for n in range(40)), long))
    run(workspace, dataset, rules=["length_outlier"])
    assert [flag.example_id for flag in get_flags(workspace, ids(workspace, dataset))] == ids(workspace, dataset)[-1:]


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"rules": ["nope"]}, NotFoundError),
        ({"thresholds": {"nope": 1}}, NotFoundError),
        ({"thresholds": {"refusal": 1}}, ConfigError),
        ({"thresholds": {"repetition": 7}}, ConfigError),
        ({"thresholds": {"repetition": float("nan")}}, ConfigError),
    ],
)
def test_what_cannot_be_asked_starts_nothing(
    workspace: Workspace, asked: dict[str, object], error: type[SynthGenError]
) -> None:
    dataset = add(workspace, answers(GOOD))
    with pytest.raises(error):
        check_dataset(workspace, dataset, **asked)  # type: ignore[arg-type] # its own names
    with pytest.raises(ConfigError, match="no examples"):
        check_dataset(workspace, add(workspace, [], "empty"))
    assert workspace.database.get_jobs() == []


def test_a_run_that_was_cancelled_keeps_what_is_done_and_goes_on_there(workspace: Workspace) -> None:
    dataset = add(workspace, answers(*[BAD] * 3000))
    job = check_dataset(workspace, dataset, rules=["placeholder", "refusal"])
    with pytest.raises(ConflictError, match="already"):
        check_dataset(workspace, dataset)
    until(lambda: workspace.database.get_job(job.id).done)
    cancel_task(workspace, job.id)
    stopped = finish(workspace, job)
    assert stopped.status is JobStatus.CANCELLED
    flagged = {flag.example_id for flag in get_flags(workspace, ids(workspace, dataset))}
    assert 0 < len(flagged) == stopped.done < 3000
    done = finish(workspace, resume_task(workspace, job.id))
    assert (done.status, done.done) == (JobStatus.COMPLETED, 3000)
    assert len(get_flags(workspace, ids(workspace, dataset))) == 6000


def test_what_was_found_in_a_text_that_was_changed_meanwhile_is_dropped(each_workspace: Workspace) -> None:
    dataset = add(each_workspace, answers(BAD, BAD))
    first, second = ids(each_workspace, dataset)
    job = check_dataset(each_workspace, dataset, rules=["short_answer"])
    finish(each_workspace, job)
    update_example(each_workspace, first, answers(GOOD)[0], seen_revision=1, author="ann")
    flag = NewFlag("refusal", Severity.WARNING, "The assistant refuses.", source="rules")
    late = [Checked(each, 1, (flag,), 8.0) for each in (first, second, 999_999)]
    each_workspace.database.record_checks(job, late, ["refusal"], {}, 1.0)
    assert [flag.example_id for flag in get_flags(each_workspace, [first, second])] == [second]
    assert scores(each_workspace, dataset) == {first: None, second: 8.0}


def test_removed_examples_are_left_alone(workspace: Workspace) -> None:
    dataset = add(workspace, answers(BAD, BAD.replace("help", "write")))
    first, _ = ids(workspace, dataset)
    workspace.database.set_status(dataset, [first], ExampleStatus.REMOVED, author="ann")
    run(workspace, dataset)
    assert get_flags(workspace, [first]) == []
    assert rules_summary(workspace, dataset).active == 1


def test_closing_the_app_in_between_leaves_a_run_that_can_go_on(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    with closing(open_workspace(settings)) as workspace:
        dataset = add(workspace, answers(*[BAD] * 3000))
        job = check_dataset(workspace, dataset, rules=["refusal"])
        until(lambda: workspace.database.get_job(job.id).done)
    with closing(open_workspace(settings)) as workspace:
        if workspace.database.get_job(job.id).status is not JobStatus.COMPLETED:
            finish(workspace, resume_task(workspace, job.id))
        assert workspace.database.get_job(job.id).done == 3000
        assert rules_summary(workspace, dataset).flags == {"refusal": {"warning": 3000}}


def test_every_rule_is_asked_unless_some_are_named(workspace: Workspace) -> None:
    dataset = add(workspace, answers(GOOD))
    run(workspace, dataset)
    (job,) = workspace.database.get_jobs()
    assert job.parameters["rules"] == list(RULES)
