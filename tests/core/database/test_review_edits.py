"""What a reviewer does can be undone and redone, in order; nobody writes over what somebody else wrote unawares."""

import threading
from collections.abc import Callable

import pytest

from synthgen_core.concurrency import DaemonExecutor
from synthgen_core.database import Database, Saying
from synthgen_core.errors import ConflictError, NotFoundError
from synthgen_core.models import ExampleFilter, ExampleStatus
from synthgen_core.reviewing import Actor, Deed, Verdict
from tests.core.database.support import active_count, chat, make_dataset, news
from tests.support.reviews import review

ANN, BEN = Actor("ann", "s1"), Actor("ben", "s2")
ACCEPT, REJECT = Saying(Verdict.ACCEPT), Saying(Verdict.REJECT)
SCORE = Saying(score=8.0, has_score=True)
State = list[tuple[object, ...]]


def fill(database: Database, count: int = 6) -> tuple[int, list[int]]:
    made = make_dataset(database)
    database.add_examples(made.id, news(count))
    return made.id, [e.id for e in database.get_dataset_examples(made.id, count)]


def state(database: Database, ids: list[int]) -> State:
    """All that a reviewer can change."""
    return [
        (r.example.content, r.example.status, r.verdict, r.is_stale, r.person_score, r.reviewer, r.tags, r.note)
        for r in database.get_reviewables(ids)
    ]


def texts_and_marks(states: State) -> State:
    """But for who said something last, and whether it is of an older text: an undo is a new word on a new revision."""
    return [(*each[:3], *each[4:5], *each[6:]) for each in states]


def test_a_session_is_undone_and_redone_step_by_step(database: Database) -> None:
    dataset_id, ids = fill(database)
    review(database, ids[:1], "reject", "ben")
    steps: list[Callable[[], object]] = [
        lambda: database.say(dataset_id, ids[:3], ACCEPT, ANN),
        lambda: database.say(dataset_id, ids[:2], SCORE, ANN),
        lambda: database.say(dataset_id, ids[1:3], REJECT, ANN),
        lambda: database.change_tags(dataset_id, ExampleFilter(), ANN, add=["a", "b"]),
        lambda: database.change_tags(dataset_id, ids[:2], ANN, add=["c"], remove=["a"]),
        lambda: database.write_note(ids[0], "look", ANN, seen=""),
        lambda: database.edit_in_review(ids[1], chat("better"), seen_revision=1, actor=ANN),
        lambda: database.set_status_in_review(dataset_id, ids[1:4], ExampleStatus.REMOVED, ANN),
    ]
    states = [state(database, ids)]
    for step in steps:
        step()
        states.append(state(database, ids))
        assert states[-1] != states[-2]
    assert database.get_dataset(dataset_id).example_count == active_count(database, dataset_id) == 3
    for _ in range(2):
        for expected in states[-2::-1]:
            assert database.undo(dataset_id, ANN)
            assert texts_and_marks(state(database, ids)) == texts_and_marks(expected)
        assert database.undo(dataset_id, ANN) is None
        assert database.get_dataset(dataset_id).example_count == active_count(database, dataset_id) == 6
        for expected in states[1:]:
            assert database.redo(dataset_id, ANN)
            assert texts_and_marks(state(database, ids)) == texts_and_marks(expected)
        assert database.redo(dataset_id, ANN) is None
    assert len(database.get_revisions(ids[1])) > 8, "nothing was deleted"


def test_a_bulk_change_is_one_step_and_only_what_changed_counts(database: Database) -> None:
    dataset_id, ids = fill(database, 2500)
    done = database.say(dataset_id, ExampleFilter(), REJECT, ANN)
    assert (done.kind, done.changed, done.skipped, done.example_id) == (Deed.VERDICT, 2500, (), None)
    assert database.say(dataset_id, ids[:9], REJECT, ANN).changed == 0
    assert database.count_verdicts(dataset_id) == {("reject", False): 2500}
    undo, redo = database.get_turnable(dataset_id, ANN)
    assert undo
    assert (undo.kind, undo.count, redo) == (Deed.VERDICT, 2500, None)
    undone = database.undo(dataset_id, ANN)
    assert undone
    assert (undone.changed, undone.skipped) == (2500, ())
    assert database.count_verdicts(dataset_id) == {}
    assert database.count_examples(dataset_id, ExampleFilter(verdict="none")) == 2500


def test_sessions_and_people_undo_only_their_own(database: Database) -> None:
    dataset_id, ids = fill(database)
    database.say(dataset_id, ids[:1], ACCEPT, ANN)
    database.say(dataset_id, ids[:1], REJECT, BEN)
    assert database.undo(dataset_id, Actor("ann", "another")) is None
    assert database.undo(dataset_id, Actor("ben", "s1")) is None
    assert state(database, ids)[0][2] == "disputed"
    assert database.undo(dataset_id, ANN)
    assert state(database, ids)[0][2] == "reject"


def test_something_new_ends_what_could_be_redone(database: Database) -> None:
    dataset_id, ids = fill(database)
    database.say(dataset_id, ids[:1], ACCEPT, ANN)
    database.undo(dataset_id, ANN)
    database.say(dataset_id, ids[1:2], ACCEPT, ANN)
    assert database.redo(dataset_id, ANN) is None
    assert database.undo(dataset_id, ANN)
    assert database.undo(dataset_id, ANN) is None


def test_what_somebody_else_changed_since_is_not_undone(database: Database) -> None:
    dataset_id, ids = fill(database)
    database.edit_in_review(ids[0], chat("mine"), seen_revision=1, actor=ANN)
    database.edit_in_review(ids[0], chat("theirs"), seen_revision=2, actor=BEN)
    database.change_tags(dataset_id, ids[:2], ANN, add=["x"])
    database.change_tags(dataset_id, ids[:1], BEN, add=["y"])
    done = database.undo(dataset_id, ANN)
    assert done
    assert (done.changed, done.skipped, done.example_id) == (1, (ids[0],), ids[1])
    done = database.undo(dataset_id, ANN)
    assert done
    assert (done.changed, done.skipped) == (0, (ids[0],))
    assert database.redo(dataset_id, ANN), "the tags, in part; the edit is out of the way"
    assert database.get_example(ids[0]).content == chat("theirs")


def test_a_skip_takes_back_no_decision_and_a_new_text_begins_afresh(database: Database) -> None:
    dataset_id, ids = fill(database)
    database.say(dataset_id, ids[:1], SCORE, ANN)
    database.say(dataset_id, ids[:1], ACCEPT, ANN)
    assert database.say(dataset_id, ids[:1], Saying(Verdict.SKIP), ANN).changed == 0
    assert state(database, ids)[0][2:5] == ("accept", False, 8.0)
    database.edit_in_review(ids[0], chat("new"), seen_revision=1, actor=BEN)
    assert state(database, ids)[0][2:5] == ("accept", True, 8.0)
    database.say(dataset_id, ids[:1], Saying(Verdict.SKIP), ANN)
    assert state(database, ids)[0][2:5] == ("skip", False, None)
    database.set_status_in_review(dataset_id, ids[:1], ExampleStatus.REMOVED, ANN)
    assert state(database, ids)[0][3] is False, "a removal changes no text"


def test_a_verdict_on_a_text_that_changed_is_refused_with_both_texts(database: Database) -> None:
    dataset_id, ids = fill(database)
    database.edit_in_review(ids[0], chat("new"), seen_revision=1, actor=BEN)
    seen = dict.fromkeys(ids, 1)
    with pytest.raises(ConflictError, match="changed the text") as caught:
        database.say(dataset_id, ids[:1], ACCEPT, ANN, seen=seen)
    conflict = caught.value.conflict
    assert conflict
    assert (conflict.base, conflict.yours, conflict.theirs) == (chat("question 0"), None, chat("new"))
    assert (conflict.revision, conflict.author) == (2, "ben")
    done = database.say(dataset_id, ids, ACCEPT, ANN, seen=seen)
    assert (done.changed, done.skipped) == (5, (ids[0],))
    assert database.say(dataset_id, ids[:1], ACCEPT, ANN, seen={ids[0]: conflict.revision}).changed == 1


def test_of_two_who_edit_at_once_one_is_saved_and_the_other_gets_both_texts(database: Database) -> None:
    _dataset_id, ids = fill(database)
    barrier, executor = threading.Barrier(2), DaemonExecutor(2)

    def edit(name: str) -> ConflictError | None:
        barrier.wait()
        try:
            database.edit_in_review(ids[0], chat(name), seen_revision=1, actor=Actor(name))
        except ConflictError as error:
            return error
        return None

    futures = {name: executor.submit(edit, name) for name in ("ann", "ben")}
    errors = {name: future.result(timeout=60) for name, future in futures.items()}
    executor.shutdown()
    (winner,) = [name for name, error in errors.items() if error is None]
    (loser,) = set(errors) - {winner}
    error = errors[loser]
    assert error is not None
    assert error.conflict is not None
    assert (error.conflict.base, error.conflict.yours) == (chat("question 0"), chat(loser))
    assert (error.conflict.theirs, error.conflict.author) == (chat(winner), winner)
    assert database.get_example(ids[0]).content == chat(winner)


def test_two_people_who_decide_at_once_are_both_heard(database: Database) -> None:
    dataset_id, ids = fill(database, 40)
    barrier, executor = threading.Barrier(4), DaemonExecutor(4)

    def decide(number: int) -> None:
        barrier.wait()
        for each in ids:
            database.say(dataset_id, [each], REJECT if number == 3 else ACCEPT, Actor(f"person {number}"))

    for future in [executor.submit(decide, number) for number in range(4)]:
        future.result(timeout=60)
    executor.shutdown()
    assert database.count_verdicts(dataset_id) == {("disputed", False): 40}
    assert {len(said) for said in database.get_reviews(ids).values()} == {4}


def test_a_note_that_somebody_else_wrote_is_not_lost(database: Database) -> None:
    dataset_id, ids = fill(database)
    database.write_note(ids[0], "theirs", BEN, seen="")
    with pytest.raises(ConflictError, match="“theirs”"):
        database.write_note(ids[0], "mine", ANN, seen="")
    assert database.write_note(ids[0], "theirs", ANN, seen="").changed == 0
    database.write_note(ids[0], "both", ANN, seen="theirs")
    assert database.count_examples(dataset_id, ExampleFilter(has_note=True)) == 1
    with pytest.raises(NotFoundError):
        database.write_note(999_999, "x", ANN, seen="")


def test_a_tag_is_found_by_its_whole_name_whatever_it_holds(database: Database) -> None:
    dataset_id, ids = fill(database)
    for each, tag in zip(ids, ("100%", "1000", 'say "hi"', "über", "100_"), strict=False):
        database.change_tags(dataset_id, [each], ANN, add=[tag])
        assert database.count_examples(dataset_id, ExampleFilter(tag=tag)) == 1
    assert database.count_examples(dataset_id, ExampleFilter(tag="100")) == 0


def test_a_draft_is_kept_for_each_person_until_it_is_saved_or_dropped(database: Database) -> None:
    dataset_id, ids = fill(database)
    for name, text in (("ann", "one"), ("ben", "two"), ("ann", "three")):
        database.save_draft(ids[0], chat(text), seen_revision=1, reviewer=name)
    database.save_draft(ids[1], {"messages": "half"}, seen_revision=1, reviewer="ann")
    draft = database.get_draft(ids[0], "ann")
    assert draft
    assert (draft.content, draft.seen_revision) == (chat("three"), 1)
    assert {each.example_id for each in database.get_drafts(dataset_id, "ann")} == set(ids[:2])
    database.edit_in_review(ids[0], chat("three"), seen_revision=1, actor=ANN)
    database.discard_draft(ids[1], "ann")
    assert database.get_drafts(dataset_id, "ann") == []
    assert database.get_draft(ids[0], "ben")
    with pytest.raises(NotFoundError):
        database.save_draft(999_999, chat("x"), seen_revision=1, reviewer="ann")


def test_a_dataset_with_all_of_that_can_be_purged(database: Database) -> None:
    dataset_id, ids = fill(database)
    database.say(dataset_id, ids, ACCEPT, ANN)
    database.save_draft(ids[0], chat("x"), seen_revision=1, reviewer="ann")
    database.delete_dataset(dataset_id)
    with pytest.raises(NotFoundError):
        database.say(dataset_id, ids, REJECT, ANN)
    database.purge_dataset(dataset_id)
    assert database.get_reviewables(ids) == []
