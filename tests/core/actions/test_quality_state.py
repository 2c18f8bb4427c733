"""What the overview of a dataset says was measured: by whom, on how many examples, and what is missing."""

from synthgen_core.actions.duplicate_search import start_search
from synthgen_core.actions.quality_state import MEASURING, QualityState, get_quality_state
from synthgen_core.actions.rubrics import STANDARD
from synthgen_core.actions.rules import check_dataset
from synthgen_core.database import Judge, Saying
from synthgen_core.models import JobKind
from synthgen_core.reviewing import Actor, Verdict
from synthgen_core.workspace import Workspace
from tests.core.actions.curating import add, chat
from tests.core.actions.support import finish
from tests.support.judgements import judge

ANSWER = "Open Billing, choose the invoice for {} and press Correct; the new one is sent within an hour or so."
ONE = Judge("openai", "one-model", STANDARD.hash)
OTHER = Judge("ollama", "other-model", "f" * 32)


def four(workspace: Workspace) -> int:
    texts = [*(ANSWER.format(name) for name in ("Ann", "Bob", "our Cleo")), "Dear [Name], nobody knows why it is so."]
    return add(workspace, [chat("How?", text) for text in texts])


def state(workspace: Workspace, dataset_id: int) -> QualityState:
    return get_quality_state(workspace, workspace.database.get_dataset(dataset_id))


def test_of_a_new_dataset_nothing_is_known(workspace: Workspace) -> None:
    found = state(workspace, four(workspace))
    assert (found.active, found.checked, found.rule_score, found.judges, found.judge_score) == (4, 0, None, (), None)
    assert (found.reviewed, found.search, found.left, found.runs) == (0, None, None, ())


def test_rules_duplicates_and_people_are_told_with_their_counts(workspace: Workspace) -> None:
    dataset_id = four(workspace)
    assert state(workspace, dataset_id).checked == 0
    finish(workspace, check_dataset(workspace, dataset_id))
    finish(workspace, start_search(workspace, dataset_id))
    ids = [row.id for row in workspace.database.get_dataset_examples(dataset_id)]
    for verdict, some in ((Verdict.ACCEPT, ids[:2]), (Verdict.REJECT, ids[2:3])):
        workspace.database.say(dataset_id, some, Saying(verdict), Actor("Ada"))
    found = state(workspace, dataset_id)
    assert (found.checked, found.rule_score, found.flagged) == (4, 7.75, 2)
    assert (found.accepted, found.rejected, found.reviewed) == (2, 1, 3)
    assert found.search is not None
    assert found.left is not None
    assert (found.search.searched, found.left.twins) == (4, 2)
    assert [view.job.kind for view in found.runs] == [JobKind.DUPLICATES, JobKind.RULES]
    assert set(MEASURING) > {JobKind.DUPLICATES, JobKind.RULES}


def test_each_judge_is_told_apart_with_its_rubric_and_the_mean_is_over_all_scores(each_workspace: Workspace) -> None:
    dataset_id = four(each_workspace)
    ids = [row.id for row in each_workspace.database.get_dataset_examples(dataset_id)]
    judge(each_workspace.database, dataset_id, {ids[0]: [2.0], ids[1]: [5.0]}, judge=OTHER)
    judge(each_workspace.database, dataset_id, {ids[0]: [8.0], ids[2]: [6.0, 8.0], ids[3]: [None]}, judge=ONE)
    found = state(each_workspace, dataset_id)
    assert [(each.model, each.rubric, each.scored, each.mean) for each in found.judges] == [
        ("one-model", "Standard", 2, 7.5),
        ("other-model", "a rubric that is not kept", 1, 5.0),
    ]
    assert (found.scored, round(found.judge_score or 0, 3)) == (3, 6.667)


def test_what_was_judged_before_an_edit_counts_no_more(workspace: Workspace) -> None:
    dataset_id = four(workspace)
    first = workspace.database.get_dataset_examples(dataset_id)[0]
    judge(workspace.database, dataset_id, {first.id: [8.0]})
    assert state(workspace, dataset_id).scored == 1
    workspace.database.edit_in_review(first.id, chat("How?", "Otherwise."), seen_revision=1, actor=Actor("Ada"))
    assert state(workspace, dataset_id).scored == 0
