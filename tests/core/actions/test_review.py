"""Reading and deciding, as the review page does: nothing is lost, nothing is written over unawares."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from synthgen_core.actions.review import count_matching, neighbours, position, review_example, review_page
from synthgen_core.actions.review_edit import (
    decide,
    edit,
    edit_text,
    get_drafts,
    redo,
    save_draft,
    set_note,
    set_score,
    set_status,
    set_tags,
    undo,
)
from synthgen_core.actions.review_progress import count_verdicts, review_progress
from synthgen_core.actions.review_queues import choose_sample, choose_useful, get_choices, sample_estimate
from synthgen_core.actions.review_settings import get_review_settings, set_guidelines, set_review_settings
from synthgen_core.concurrency import DaemonExecutor
from synthgen_core.database import NewExample, NewFlag
from synthgen_core.errors import ConfigError, ConflictError, InvalidExampleError, NotFoundError
from synthgen_core.models import ExampleFilter, ExampleStatus, Severity
from synthgen_core.reviewing import Actor, Queue, ReviewQuery, ReviewSettings, Verdict
from synthgen_core.settings import Settings
from synthgen_core.texts import Part
from synthgen_core.workspace import Workspace, open_workspace
from tests.core.actions.curating import add, chat
from tests.core.actions.support import NASTY_NAME, lines, stored

ANN, BEN = Actor("ann", "s1"), Actor("ben", "s2")
ACCEPT, REJECT = Verdict.ACCEPT, Verdict.REJECT


def fill(workspace: Workspace, count: int = 10) -> tuple[int, list[int]]:
    dataset_id = add(workspace, [chat(f"question {n}", f"answer {n}") for n in range(count)])
    return dataset_id, [e.id for e in workspace.database.get_dataset_examples(dataset_id, count)]


def test_a_page_shows_what_the_grid_needs(workspace: Workspace) -> None:
    flag = NewFlag("pii", Severity.WARNING, "a name")
    dataset_id = add(workspace, [])
    long = chat("q" * 5000, "a")
    new = [NewExample(0, long, {"parameters": {"tone": "calm", "n": 1}}, flags=(flag, flag))]
    workspace.database.add_examples(dataset_id, [*new, NewExample(1, chat("q", "a"), {"parameters": "odd"})])
    first, second = review_page(workspace, ReviewQuery(dataset_id, reviewer="ann")).rows
    assert (first.flags, first.parameters, first.turns) == (("pii",), {"tone": "calm", "n": "1"}, 2)
    assert (len(first.first_user), first.fixed, first.last_answer) == (2000, ("first_user", "input"), "a")
    assert (second.first_user, second.fixed, second.parameters, second.verdict) == ("q", ("input",), {}, None)
    decide(workspace, dataset_id, [second.id], REJECT, ANN)
    set_score(workspace, dataset_id, [second.id], 3, BEN)
    (row,) = review_page(workspace, ReviewQuery(dataset_id, reviewer="ann"), after=first.id).rows
    assert (row.verdict, row.mine, row.person_score, row.quality_score) == ("reject", REJECT, 3.0, None)
    for size in (0, 201):
        with pytest.raises(ConfigError, match="1 to 200"):
            review_page(workspace, ReviewQuery(dataset_id), size=size)


def test_decide_and_next_goes_through_all_that_nobody_saw(workspace: Workspace) -> None:
    dataset_id, ids = fill(workspace, 20)
    query = ReviewQuery(dataset_id, ExampleFilter(verdict="none"), reviewer="ann")
    assert count_matching(workspace, query) == 20
    here: int | None = ids[0]
    seen = []
    while here is not None:
        seen.append(here)
        following = neighbours(workspace, query, here).next
        view = review_example(workspace, here, "ann")
        decide(workspace, dataset_id, [here], ACCEPT, ANN, seen={here: view.example.revision})
        here = following
    assert seen == ids
    assert count_matching(workspace, query) == 0
    assert count_verdicts(workspace, dataset_id) == {"accept": 20}
    assert position(workspace, ReviewQuery(dataset_id), ids[7]).number == 8


def test_twenty_cells_edited_at_once_are_all_saved(each_workspace: Workspace) -> None:
    dataset_id, ids = fill(each_workspace)
    barrier, executor = threading.Barrier(4), DaemonExecutor(4)

    def change(some: list[int], part: Part, was: str) -> None:
        barrier.wait()
        for each in some:
            text = f"new {part} {each}"
            edit_text(each_workspace, each, part, text, seen=f"{was} {ids.index(each)}", actor=ANN)

    work = [
        (half, part, was)
        for half in (ids[:5], ids[5:])
        for part, was in ((Part.FIRST_USER, "question"), (Part.LAST_ANSWER, "answer"))
    ]
    for future in [executor.submit(change, *each) for each in work]:
        future.result(timeout=60)
    executor.shutdown()
    contents = [e.content for e in each_workspace.database.get_dataset_examples(dataset_id)]
    assert contents == [chat(f"new first_user {each}", f"new last_answer {each}") for each in ids]
    assert lines(each_workspace, dataset_id) == stored(each_workspace, dataset_id)
    for _ in range(20):
        assert undo(each_workspace, dataset_id, ANN)
    assert undo(each_workspace, dataset_id, ANN) is None
    assert each_workspace.database.get_example(ids[3]).content == chat("question 3", "answer 3")


def test_a_cell_that_somebody_else_changed_is_told_with_both_texts(workspace: Workspace) -> None:
    dataset_id, ids = fill(workspace)
    edit_text(workspace, ids[0], Part.LAST_ANSWER, "theirs", seen="answer 0", actor=BEN)
    edit_text(workspace, ids[0], Part.FIRST_USER, "mine", seen="question 0", actor=ANN)
    with pytest.raises(ConflictError) as caught:
        edit_text(workspace, ids[0], Part.LAST_ANSWER, "mine", seen="answer 0", actor=ANN)
    conflict = caught.value.conflict
    assert conflict is not None
    assert (conflict.base, conflict.yours) == (chat("mine", "answer 0"), chat("mine", "mine"))
    assert (conflict.theirs, conflict.author, conflict.revision) == (chat("mine", "theirs"), "ann", 3)
    edit(workspace, ids[0], conflict.yours or {}, seen_revision=conflict.revision, actor=ANN)
    assert lines(workspace, dataset_id)[0]["messages"] == chat("mine", "mine")["messages"]
    with pytest.raises(InvalidExampleError):
        edit_text(workspace, ids[0], Part.LAST_ANSWER, "", seen="mine", actor=ANN)


KILLED = """
import os, sys
from pathlib import Path
from synthgen_core.actions.review_edit import decide, edit_text, save_draft
from synthgen_core.reviewing import Actor, Verdict
from synthgen_core.settings import Settings
from synthgen_core.texts import Part
from synthgen_core.workspace import open_workspace

workspace, ann = open_workspace(Settings(data_dir=Path(sys.argv[1]))), Actor("ann", "s1")
edit_text(workspace, 1, Part.LAST_ANSWER, "kept", seen="answer 0", actor=ann)
decide(workspace, 1, [2], Verdict.REJECT, ann)
save_draft(workspace, 3, {"messages": "half a"}, seen_revision=1, reviewer="ann")
os.kill(os.getpid(), 9)
"""


def test_an_edit_a_verdict_and_a_draft_outlive_a_kill_right_after(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    with closing(open_workspace(settings)) as before:
        dataset_id, ids = fill(before)
    ended = subprocess.run([sys.executable, "-c", KILLED, str(settings.data_dir)], env=os.environ, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    with closing(open_workspace(settings)) as after:
        assert after.database.get_example(ids[0]).content == chat("question 0", "kept")
        assert review_example(after, ids[1], "ann").verdict == "reject"
        draft = review_example(after, ids[2], "ann").draft
        assert draft is not None
        assert draft.content == {"messages": "half a"}
        assert get_drafts(after, dataset_id, "ann") == [draft]
        done = undo(after, dataset_id, ANN)
        assert done is not None
        assert done.changed == 1, "the session can go on"


def test_three_hundred_are_rejected_and_that_is_undone_at_once(workspace: Workspace) -> None:
    dataset_id, ids = fill(workspace, 400)
    decide(workspace, dataset_id, ids[:50], ACCEPT, ANN)
    done = decide(workspace, dataset_id, ids[:300], REJECT, ANN)
    assert (done.changed, count_verdicts(workspace, dataset_id)) == (300, {"reject": 300})
    undone = undo(workspace, dataset_id, ANN)
    assert undone is not None
    assert (undone.changed, count_verdicts(workspace, dataset_id)) == (300, {"accept": 50})
    assert redo(workspace, dataset_id, ANN)
    assert count_verdicts(workspace, dataset_id) == {"reject": 300}
    set_status(workspace, dataset_id, ExampleFilter(verdict="reject"), ExampleStatus.REMOVED, ANN)
    assert len(lines(workspace, dataset_id)) == workspace.database.get_dataset(dataset_id).example_count == 100
    assert undo(workspace, dataset_id, ANN)
    assert len(lines(workspace, dataset_id)) == 400


def test_blind_reviewers_see_nothing_of_others_until_they_have_spoken(workspace: Workspace) -> None:
    dataset_id, ids = fill(workspace)
    set_review_settings(workspace, dataset_id, ReviewSettings(2, ("ann", "ben"), is_blind=True))
    decide(workspace, dataset_id, ids[:2], REJECT, BEN, comment="wrong")
    set_score(workspace, dataset_id, ids[:1], 2.0, BEN)
    query = ReviewQuery(dataset_id, reviewer="ann")
    row = review_page(workspace, query).rows[0]
    assert (row.verdict, row.person_score, row.reviewer) == (None, None, "")
    view = review_example(workspace, ids[0], "ann")
    assert (view.is_hidden, view.others, view.verdict, view.person_score) == (True, (), None, None)
    decide(workspace, dataset_id, ids[:1], ACCEPT, ANN)
    view = review_example(workspace, ids[0], "ann")
    assert (view.is_hidden, view.verdict, view.person_score) == (False, "disputed", 2.0)
    assert [(r.reviewer, r.verdict, r.comment) for r in view.others] == [("ben", REJECT, "wrong")]
    assert review_page(workspace, query).rows[0].verdict == "disputed"
    decide(workspace, dataset_id, ids[:1], ACCEPT, Actor("cy"), is_adjudication=True)
    view = review_example(workspace, ids[0], "ann")
    assert view.adjudication is not None
    assert (view.verdict, view.adjudication.reviewer) == ("accept", "cy")


def test_the_useful_come_with_their_reasons_and_a_sample_is_the_same_each_time(each_workspace: Workspace) -> None:
    dataset_id = add(each_workspace, [chat("again", "and again")] * 2)
    flag = NewFlag("pii", Severity.WARNING, "a name")
    new = [NewExample(n, chat(f"q{n}", "a"), {}, flags=(flag,) if n == 50 else ()) for n in range(2, 300)]
    each_workspace.database.add_examples(dataset_id, new)
    ids = [e.id for e in each_workspace.database.get_dataset_examples(dataset_id, 300)]
    useful = choose_useful(each_workspace, dataset_id)
    query = ReviewQuery(dataset_id, queue=Queue.CHOSEN, sample_id=useful.id)
    found = {row.id: row.reason for row in review_page(each_workspace, query).rows}
    again = "another example says the same"
    assert found == {ids[0]: again, ids[1]: again, ids[50]: "1 flag"}
    decide(each_workspace, dataset_id, ids[:1], ACCEPT, ANN)
    assert choose_useful(each_workspace, dataset_id).size == 2, "what was reviewed needs no reviewer"
    one, same, other = (choose_sample(each_workspace, dataset_id, 40, seed) for seed in (5, 5, 6))
    drawn = [list(each_workspace.database.get_choice(each.id)[1]) for each in (one, same, other)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) == one.size == 40
    assert choose_sample(each_workspace, dataset_id, 5000, 1).size == one.population == 300
    decide(each_workspace, dataset_id, drawn[0][:10], REJECT, ANN)
    decide(each_workspace, dataset_id, drawn[0][10:30], ACCEPT, ANN)
    estimate = sample_estimate(each_workspace, one.id)
    assert (estimate.planned, estimate.reviewed, estimate.rate.value) == (40, 30, 1 / 3)
    assert len(get_choices(each_workspace, dataset_id)) == 6
    with pytest.raises(ConfigError, match="random sample"):
        sample_estimate(each_workspace, useful.id)
    with pytest.raises(ConfigError, match="10,000"):
        choose_sample(each_workspace, dataset_id, 10_001)


def test_a_sample_is_drawn_evenly_from_active_examples_alone(workspace: Workspace) -> None:
    dataset_id, ids = fill(workspace, 40)
    set_status(workspace, dataset_id, ids[::2], ExampleStatus.REMOVED, ANN)
    counts = dict.fromkeys(ids[1::2], 0)
    for seed in range(100):
        for each in workspace.database.draw_active(dataset_id, 5, seed):
            counts[each] += 1
    assert sum(counts.values()) == 500
    assert all(8 < count < 45 for count in counts.values()), "25 each is expected"


def test_progress_tells_each_figure_with_its_n_or_why_not(workspace: Workspace) -> None:
    dataset_id, ids = fill(workspace, 60)
    nothing = review_progress(workspace, dataset_id)
    assert (nothing.n, nothing.reviewed, nothing.people, nothing.accept_rate.value) == (60, 0, (), None)
    decide(workspace, dataset_id, ids[:50], ACCEPT, ANN)
    decide(workspace, dataset_id, ids[:40], ACCEPT, BEN)
    decide(workspace, dataset_id, ids[30:42], REJECT, BEN)
    set_score(workspace, dataset_id, ids[:10], 8.0, BEN)
    decide(workspace, dataset_id, ids[55:56], Verdict.SKIP, BEN)
    edit(workspace, ids[0], chat("new", "text"), seen_revision=1, actor=ANN)
    found = review_progress(workspace, dataset_id)
    assert (found.accepted, found.disputed, found.skipped, found.stale) == (37, 12, 1, 1)
    assert (found.reviewed, found.overlapping, found.accept_rate.n) == (49, 41, 37)
    ann, ben = found.people
    assert (ann.name, ann.decided, ann.mean_score) == ("ann", 49, None)
    assert (ben.accepted, ben.rejected, ben.skipped, ben.scored, ben.mean_score) == (29, 12, 1, 9, 8.0)
    assert found.agreement["Verdicts: equal"].value == pytest.approx(29 / 41)
    assert found.agreement["Verdicts: Cohen's kappa"].why_withheld or found.agreement["Verdicts: Cohen's kappa"].n == 41
    assert found.agreement["Scores: Krippendorff's alpha"].why_withheld == "n = 0; shown from 30 on."


REFUSED: list[tuple[Callable[[Workspace, int, int], object], type[Exception], str]] = [
    (lambda ws, d, e: decide(ws, d, [e], ACCEPT, Actor("  ")), ConfigError, "author"),
    (lambda ws, d, e: decide(ws, 99, [e], ACCEPT, ANN), NotFoundError, "99"),
    (lambda ws, d, e: set_score(ws, d, [e], 10.5, ANN), ConfigError, "10.5"),
    (lambda ws, d, e: set_score(ws, d, [e], float("nan"), ANN), ConfigError, "nan"),
    (lambda ws, d, e: set_tags(ws, d, [e], ANN, add=[f"t{n}" for n in range(51)]), ConfigError, "51 tags"),
    (lambda ws, d, e: set_note(ws, e, "x" * 10_001, ANN, seen=""), ConfigError, "10,001"),
    (lambda ws, d, e: edit(ws, e, {"messages": []}, seen_revision=1, actor=ANN), InvalidExampleError, "messages"),
    (
        lambda ws, d, e: save_draft(ws, e, {"a": float("inf")}, seen_revision=1, reviewer="a"),
        InvalidExampleError,
        "inf",
    ),
    (lambda ws, d, e: review_page(ws, ReviewQuery(d, queue=Queue.MINE)), ConfigError, "Whose"),
    (lambda ws, d, e: set_review_settings(ws, d, ReviewSettings(3, ("a", "b"))), ConfigError, "3 of 2"),
    (lambda ws, d, e: set_guidelines(ws, d, "x" * 50_001), ConfigError, "50,001"),
    (lambda ws, d, e: review_example(ws, 99), NotFoundError, "99"),
]


@pytest.mark.parametrize(("act", "error", "told"), REFUSED)
def test_what_cannot_be_is_refused_and_changes_nothing(
    workspace: Workspace, act: Callable[[Workspace, int, int], object], error: type[Exception], told: str
) -> None:
    dataset_id, ids = fill(workspace, 2)
    before = review_example(workspace, ids[0])
    with pytest.raises(error, match=told):
        act(workspace, dataset_id, ids[0])
    assert review_example(workspace, ids[0]) == before


def test_names_and_texts_of_any_kind_are_kept(each_workspace: Workspace) -> None:
    dataset_id, ids = fill(each_workspace)
    odd = Actor(NASTY_NAME, NASTY_NAME)
    decide(each_workspace, dataset_id, ids[:1], ACCEPT, odd, comment=NASTY_NAME)
    set_tags(each_workspace, dataset_id, ids[:1], odd, add=[NASTY_NAME])
    set_note(each_workspace, ids[0], NASTY_NAME, odd, seen="")
    set_guidelines(each_workspace, dataset_id, NASTY_NAME)
    set_review_settings(each_workspace, dataset_id, ReviewSettings(1, (NASTY_NAME,)))
    (name,) = get_review_settings(each_workspace, dataset_id).reviewers
    view = review_example(each_workspace, ids[0], name)
    assert view.mine is not None
    assert view.mine.verdict is ACCEPT
    (tag,) = view.tags
    assert count_matching(each_workspace, ReviewQuery(dataset_id, ExampleFilter(tag=tag))) == 1
    assert count_matching(each_workspace, ReviewQuery(dataset_id, ExampleFilter(reviewer=name))) == 1
    assert count_matching(each_workspace, ReviewQuery(dataset_id, queue=Queue.MINE, reviewer=name)) == 9
    for _ in range(3):
        assert undo(each_workspace, dataset_id, odd)
