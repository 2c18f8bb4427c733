"""A review plan: the size follows from the aim, the sample stays as drawn, and a verdict comes when it is earned."""

import pytest

from synthgen_core.actions.review import review_page
from synthgen_core.actions.review_plans import PlanState, get_plans, plan_review
from synthgen_core.errors import ConfigError, NotFoundError
from synthgen_core.reviewing import Queue, ReviewQuery
from synthgen_core.workspace import Workspace
from tests.core.actions.curating import add, chat
from tests.support.reviews import review


def fill(workspace: Workspace, count: int) -> int:
    return add(workspace, [chat(f"q{n}", "a") for n in range(count)])


def drawn(workspace: Workspace, state: PlanState) -> list[int]:
    return list(workspace.database.get_choice(state.plan.sample_id)[1])


def now(workspace: Workspace, dataset_id: int) -> PlanState:
    return get_plans(workspace, dataset_id)[0]


def test_a_plan_to_estimate_takes_cochrans_number_and_says_why(workspace: Workspace) -> None:
    dataset_id = fill(workspace, 300)
    made = plan_review(workspace, dataset_id, within=0.1, seed=4, author="Ada")
    assert made.plan.size == 73  # 97 with the correction for 300
    assert made.reasoning.startswith("73 of 300 examples: with 95 % confidence")
    assert "± 10 %" in made.reasoning
    assert (made.plan.author, made.plan.seed) == ("Ada", 4)
    again = plan_review(workspace, dataset_id, within=0.1, seed=4)
    assert drawn(workspace, again) == drawn(workspace, made)
    assert [state.plan.id for state in get_plans(workspace, dataset_id)] == [again.plan.id, made.plan.id]


def test_a_plan_is_a_queue_of_the_review(workspace: Workspace) -> None:
    dataset_id = fill(workspace, 300)
    made = plan_review(workspace, dataset_id, at_most=0.05)
    query = ReviewQuery(dataset_id, queue=Queue.CHOSEN, sample_id=made.plan.sample_id)
    assert [row.id for row in review_page(workspace, query, size=100).rows] == drawn(workspace, made)
    assert made.plan.size == 59


def test_until_all_is_read_an_estimate_is_provisional_and_warns_against_stopping(workspace: Workspace) -> None:
    dataset_id = fill(workspace, 300)
    made = plan_review(workspace, dataset_id, within=0.1)
    ids = drawn(workspace, made)
    assert not made.estimate.rate.is_shown
    review(workspace.database, ids[:50], "accept")
    state = now(workspace, dataset_id)
    assert (state.verdict, state.estimate.is_complete, state.estimate.rate.n) == ("", False, 50)
    assert "50 of 73 planned reviews are done" in state.caution
    assert "stops as soon as the figure looks good" in state.caution
    review(workspace.database, ids[50:], "reject")
    state = now(workspace, dataset_id)
    assert state.caution == ""
    assert state.verdict.startswith("The defect rate is 31.5 % (")
    assert state.estimate.rate.method.startswith("share; Wilson interval")


def test_what_nobody_could_decide_is_left_out_of_an_estimate_and_told(workspace: Workspace) -> None:
    dataset_id = fill(workspace, 20)
    made = plan_review(workspace, dataset_id, within=0.05)
    assert made.reasoning == "All 20 examples: with fewer, it could not be known."
    ids = drawn(workspace, made)
    review(workspace.database, ids[:16], "accept")
    review(workspace.database, ids[16:18], "reject")
    review(workspace.database, ids[18:], "skip")
    verdict = now(workspace, dataset_id).verdict
    assert "n = 18" in verdict
    assert "2 that nobody could decide on are left out; if all of them were defects, it would be 20 %." in verdict


def test_disputed_examples_keep_a_plan_open(workspace: Workspace) -> None:
    dataset_id = fill(workspace, 10)
    ids = drawn(workspace, plan_review(workspace, dataset_id, within=0.05))
    review(workspace.database, ids, "accept")
    review(workspace.database, ids[:1], "reject", "Ben")
    state = now(workspace, dataset_id)
    assert (state.counts.disputed, state.verdict) == (1, "")


def test_a_low_rate_is_shown_by_a_whole_sample_without_defects_and_not_before(workspace: Workspace) -> None:
    dataset_id = fill(workspace, 300)
    made = plan_review(workspace, dataset_id, at_most=0.05)
    assert "if none of them is a defect" in made.reasoning
    assert "succeeds in 74.4 % of cases" in made.reasoning  # 0.995 ** 59
    ids = drawn(workspace, made)
    review(workspace.database, ids[:58], "accept")
    assert now(workspace, dataset_id).verdict == ""
    review(workspace.database, ids[58:], "accept")
    assert now(workspace, dataset_id).verdict.startswith("Shown: at most 5 % are defects, with 95 % confidence")


def test_one_defect_settles_at_once_that_it_is_not_shown(workspace: Workspace) -> None:
    dataset_id = fill(workspace, 300)
    ids = drawn(workspace, plan_review(workspace, dataset_id, at_most=0.05))
    review(workspace.database, ids[:3], "reject")
    state = now(workspace, dataset_id)
    assert "with 3 defects among 59, whatever the rest turns out to be" in state.verdict
    assert "draw anew until a plan succeeds would show nothing" in state.verdict
    assert state.caution == ""


def test_skipped_examples_count_as_defects_where_a_low_rate_is_to_be_shown(workspace: Workspace) -> None:
    dataset_id = fill(workspace, 300)
    ids = drawn(workspace, plan_review(workspace, dataset_id, at_most=0.05))
    review(workspace.database, ids[:58], "accept")
    review(workspace.database, ids[58:], "skip")
    assert "1 skipped ones counted as defects" in now(workspace, dataset_id).verdict
    assert now(workspace, dataset_id).verdict.startswith("Not shown")


def test_a_small_dataset_that_was_read_whole_shows_what_it_has(workspace: Workspace) -> None:
    dataset_id = fill(workspace, 20)
    ids = drawn(workspace, plan_review(workspace, dataset_id, at_most=0.05))
    review(workspace.database, ids, "accept")
    review(workspace.database, ids[:1], "reject")
    assert now(workspace, dataset_id).verdict.startswith("Shown: at most 5 %")


def test_texts_that_were_edited_since_the_draw_are_told(workspace: Workspace) -> None:
    dataset_id = fill(workspace, 20)
    ids = drawn(workspace, plan_review(workspace, dataset_id, within=0.05))
    workspace.database.update_example(ids[0], chat("mended", "now"), seen_revision=1, author="Ada")
    review(workspace.database, ids, "accept")
    assert now(workspace, dataset_id).caution.startswith("1 of them were edited since the sample was drawn")


def test_a_plan_that_cannot_be_meant_is_refused_and_draws_nothing(workspace: Workspace) -> None:
    dataset_id = fill(workspace, 20)
    empty = add(workspace, [], "empty")
    with pytest.raises(ConfigError, match="one aim"):
        plan_review(workspace, dataset_id)
    with pytest.raises(ConfigError, match="one aim"):
        plan_review(workspace, dataset_id, within=0.1, at_most=0.1)
    with pytest.raises(ConfigError, match="cannot be 5"):
        plan_review(workspace, dataset_id, within=5)
    with pytest.raises(ConfigError, match="has no examples"):
        plan_review(workspace, empty, within=0.1)
    with pytest.raises(NotFoundError):
        plan_review(workspace, 999, within=0.1)
    assert workspace.database.get_choices(dataset_id) == []
