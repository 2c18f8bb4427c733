"""Judge against people, and the health of a judge: planted faults are found, and nothing is shown on too few cases."""

import random
from collections.abc import Sequence

import pytest

from synthgen_core.actions.judge_health import MEASURE, JudgeHealth, get_orders, judges_in
from synthgen_core.actions.measures import get_or_measure
from synthgen_core.actions.review import review_example, review_page
from synthgen_core.actions.review_edit import edit, set_score
from synthgen_core.actions.review_queues import choose_useful
from synthgen_core.actions.review_settings import get_review_settings, rate_blind
from synthgen_core.actions.trust import compare_at, compare_groups, compare_scores, get_pairs, groupings
from synthgen_core.database import NewJob, Progress
from synthgen_core.database.comparisons import Compared
from synthgen_core.judging.preferences import Preference
from synthgen_core.models import JobKind, JsonObject
from synthgen_core.reviewing import Actor, Queue, ReviewQuery
from synthgen_core.statistics import Figure
from synthgen_core.workspace import Workspace
from tests.core.actions.curating import add, chat
from tests.support.judgements import JUDGE, MODEL, judge, rate
from tests.support.reviews import review

ANN, BEN = Actor("ann", "1"), Actor("ben", "2")


def fill(workspace: Workspace, count: int, metadata: Sequence[JsonObject] = ()) -> tuple[int, list[int]]:
    contents = [chat(f"q{n}", "word " * (n % 50 + 1)) for n in range(count)]
    dataset_id = add(workspace, contents, metadata=metadata)
    return dataset_id, [each.id for each in workspace.database.get_dataset_examples(dataset_id, count)]


def health(workspace: Workspace, dataset_id: int) -> JudgeHealth:
    measure = get_or_measure(workspace, workspace.database.get_dataset(dataset_id), MEASURE, at_once=10**6)
    assert measure is not None
    return judges_in(measure)[0]


def test_a_judge_that_agrees_with_people_is_shown_to(workspace: Workspace) -> None:
    metadata: list[JsonObject] = [{"subdomain": "returns", "parameters": {"tone": "ab"[n % 2]}} for n in range(80)]
    dataset_id, ids = fill(workspace, 80, metadata)
    said = {each: float(n % 11) for n, each in enumerate(ids)}
    judge(workspace.database, dataset_id, {each: [score] for each, score in said.items()})
    rate(workspace.database, dataset_id, said)
    review(workspace.database, [each for each in ids if said[each] < 7], "reject")
    review(workspace.database, [each for each in ids if said[each] >= 7], "accept")
    pairs = get_pairs(workspace, dataset_id, "tone")
    assert pairs.judges == (f"{MODEL} (openai)",)
    found = compare_scores(pairs)
    assert (found.error.value, found.spearman.value, found.weighted_kappa.value) == (0, pytest.approx(1), 1)
    at = compare_at(pairs, 7.0)
    assert (at.agreement.value, at.precision.value, at.recall.value, at.kappa.value) == (1, 1, 1, 1)
    assert compare_at(pairs, 5.0).only_people == sum(5 <= score < 7 for score in said.values())
    groups = compare_groups(pairs, 7.0)
    assert [(group.name, group.scored, group.error.value) for group in groups] == [("a", 40, 0), ("b", 40, 0)]
    assert groupings(workspace, pairs) == ["tone"]
    (only,) = compare_groups(get_pairs(workspace, dataset_id), 7.0)
    assert (only.name, only.decided) == ("returns", 80)


def test_below_30_pairs_nothing_is_shown_but_the_counts(workspace: Workspace) -> None:
    dataset_id, ids = fill(workspace, 40)
    judge(workspace.database, dataset_id, {each: [5.0] for each in ids})
    rate(workspace.database, dataset_id, dict.fromkeys(ids[:29], 5.0))
    review(workspace.database, ids[:29], "reject")
    pairs = get_pairs(workspace, dataset_id)
    few = Figure.too_few(29)
    found, at = compare_scores(pairs), compare_at(pairs, 7.0)
    assert {found.error, found.spearman, found.kendall, found.weighted_kappa, found.ac2} == {few}
    assert {at.agreement, at.precision, at.recall, at.kappa, at.ac1} == {few}
    assert at.both_remove == 29
    assert (pairs.judged.by_judge, pairs.judged.by_people, len(pairs.rows)) == (40, 29, 29)


@pytest.mark.parametrize("said", [{}, {0: 5.0}])
def test_without_pairs_there_is_no_figure_and_no_error(workspace: Workspace, said: dict[int, float]) -> None:
    dataset_id, ids = fill(workspace, 1)
    rate(workspace.database, dataset_id, {ids[n]: score for n, score in said.items()})
    pairs = get_pairs(workspace, dataset_id)
    assert pairs.rows == ()
    assert not compare_scores(pairs).spearman.is_shown
    assert compare_groups(pairs, 7.0) == []
    measure = get_or_measure(workspace, workspace.database.get_dataset(dataset_id), MEASURE, at_once=10)
    assert measure is not None
    assert (judges_in(measure), get_orders(workspace, dataset_id)) == ([], [])


def test_a_judge_that_gives_one_score_is_told(workspace: Workspace) -> None:
    dataset_id, ids = fill(workspace, 40)
    judge(workspace.database, dataset_id, {each: [8.0 if n else 3.0] for n, each in enumerate(ids)})
    assert health(workspace, dataset_id).monotony == (8.0, 39 / 40)
    judge(workspace.database, dataset_id, {each: [float(n % 10)] for n, each in enumerate(ids)})
    assert health(workspace, dataset_id).monotony is None


def test_failures_and_spread_are_counted_over_judgements_and_texts(workspace: Workspace) -> None:
    dataset_id, ids = fill(workspace, 40)
    judge(workspace.database, dataset_id, {each: [4.0, 6.0, None] for each in ids})
    found = health(workspace, dataset_id)
    assert (found.scored, found.failed, found.failures.n) == (80, 40, 120)
    assert found.failures.value == pytest.approx(1 / 3)
    assert (found.spread.n, found.spread.value) == (40, pytest.approx(2**0.5))  # the deviation of 4 and 6


def test_a_judge_that_likes_long_answers_more_than_people_do_is_found_out(workspace: Workspace) -> None:
    dataset_id, ids = fill(workspace, 50)
    drawn = random.Random(2)
    judge(workspace.database, dataset_id, {each: [n % 50 / 5] for n, each in enumerate(ids)})
    rate(workspace.database, dataset_id, {each: float(drawn.randint(3, 8)) for each in ids})
    found = health(workspace, dataset_id)
    assert found.length.value == pytest.approx(1, abs=0.02)
    assert found.length_beyond_people.value is not None
    assert found.length_beyond_people.value > 0.7


def test_a_judge_that_likes_its_own_words_is_found_out(workspace: Workspace) -> None:
    drawn = random.Random(3)
    metadata: list[JsonObject] = [{"model": MODEL.upper() if n % 2 else "other"} for n in range(80)]
    metadata[0] |= {"assistant_model": MODEL}  # it wrote the answers
    dataset_id, ids = fill(workspace, 80, metadata)
    workspace.database.update_example(ids[2], chat("a person's", "text"), seen_revision=1, author="Ada")
    good = {each: drawn.uniform(3, 7) for each in ids}
    likes = {each: 2.0 * (n % 2 or n == 0) for n, each in enumerate(ids)}
    judge(workspace.database, dataset_id, {each: [good[each] + likes[each]] for each in ids})
    rate(workspace.database, dataset_id, good)
    found = health(workspace, dataset_id)
    assert (found.own.n, found.own_and_others) == (79, [41, 38, 41, 38])
    assert found.own_beyond_people.value == pytest.approx(2)
    assert found.own.value == pytest.approx(2, abs=1)


def test_health_is_of_each_judge_alone(workspace: Workspace) -> None:
    dataset_id, ids = fill(workspace, 5)
    judge(workspace.database, dataset_id, {each: [5.0] for each in ids})
    judge(workspace.database, dataset_id, {ids[0]: [1.0]}, is_candidate=True)
    found = health(workspace, dataset_id)
    assert (found.provider, found.model, found.rubric_hash) == (JUDGE.provider, JUDGE.model, JUDGE.rubric_hash)
    assert (found.scores, found.failures) == ({"5": 5}, Figure.too_few(5))


def test_who_rates_blind_sees_no_judge_before_having_said_something(workspace: Workspace) -> None:
    dataset_id, ids = fill(workspace, 5)
    judge(workspace.database, dataset_id, {each: [6.9, 7.3] for each in ids})
    assert rate_blind(workspace, dataset_id, hides_judge=True) == get_review_settings(workspace, dataset_id)
    view = review_example(workspace, ids[0], "ann")
    assert view.is_judge_hidden
    assert (view.example.quality_score, view.judgements) == (None, ())
    queue = choose_useful(workspace, dataset_id)
    query = ReviewQuery(dataset_id, queue=Queue.CHOSEN, sample_id=queue.id, reviewer="ann")
    assert [(row.quality_score, row.reason) for row in review_page(workspace, query).rows] == [(None, "")] * 5
    review(workspace.database, ids[:1], "skip", "ann")
    assert review_example(workspace, ids[0], "ann").is_judge_hidden, "to skip is not to judge"
    set_score(workspace, dataset_id, ids[:1], 4.0, ANN)
    view = review_example(workspace, ids[0], "ann")
    assert (view.example.quality_score, len(view.judgements)) == (pytest.approx(7.1), 2)
    assert review_example(workspace, ids[0], "ben").is_judge_hidden, "each for themselves"
    by_id = {row.id: row for row in review_page(workspace, query).rows}
    assert "near the threshold" in by_id[ids[0]].reason
    assert by_id[ids[1]].quality_score is None


def test_a_new_text_is_rated_blind_again(workspace: Workspace) -> None:
    dataset_id, ids = fill(workspace, 2)
    rate_blind(workspace, dataset_id, hides_judge=True)
    review(workspace.database, ids, "accept", "ann")
    edit(workspace, ids[0], chat("new", "text"), seen_revision=1, actor=BEN)
    judge(workspace.database, dataset_id, {each: [7.0] for each in ids})
    assert [review_example(workspace, each, "ann").is_judge_hidden for each in ids] == [True, False]
    rate_blind(workspace, dataset_id, hides_judge=False)
    assert review_example(workspace, ids[0], "ann").example.quality_score == 7.0


def test_a_judge_that_goes_by_the_place_is_found_out(workspace: Workspace) -> None:
    dataset_id, ids = fill(workspace, 2)
    parameters: JsonObject = {"name": "a against b", "provider": {"type": "openai", "model": MODEL}}
    database = workspace.database
    job = database.create_job(NewJob(JobKind.COMPARISON, parameters, 40, workspace.runner.owner), dataset_id)

    def said(item: int, straight: str, swapped: str) -> Compared:
        reasons: JsonObject = {"straight": {"better": straight}, "swapped": {"better": swapped}}
        return Compared(item, ids[0], 1, ids[1], 1, Preference.TIE, reasons)

    pairs = [said(n, "a", "a") for n in range(12)] + [said(n, "b", "b") for n in range(12, 15)]
    pairs += [said(n, "a", "b") for n in range(15, 38)] + [said(38, "tie", "tie")]
    failed = Compared(39, ids[0], 1, ids[1], 1, Preference.FAILED, {"failure": "no verdict"})
    database.record_comparisons(job, [*pairs, failed], Progress(done=40))
    (found,) = get_orders(workspace, dataset_id)
    assert (found.provider, found.model, found.pairs, found.first, found.second) == ("openai", MODEL, 39, 12, 3)
    assert found.turned.value == pytest.approx(15 / 39)
