"""What judges and people said of the same texts is found whole, and nothing that is of another text."""

from synthgen_core.database import Database, Judge, Judged, NewExample
from synthgen_core.models import ExampleStatus
from synthgen_core.reviewing import Actor
from tests.core.database.support import chat, make_dataset, news
from tests.support.judgements import JUDGE, MODEL, judge, rate
from tests.support.reviews import review

OTHER = Judge("anthropic", "another", "7" * 32)


def fill(database: Database, count: int = 8) -> tuple[int, list[int]]:
    made = make_dataset(database)
    database.add_examples(made.id, news(count))
    return made.id, [each.id for each in database.get_dataset_examples(made.id, count)]


def test_a_pair_has_the_judges_score_and_what_people_said_of_the_same_text(database: Database) -> None:
    dataset_id, ids = fill(database)
    judge(database, dataset_id, {each: [float(n)] for n, each in enumerate(ids[:7])})
    rate(database, dataset_id, {ids[0]: 2.0, ids[1]: 3.0})
    review(database, ids[1:3], "reject")
    review(database, ids[2:4], "accept", "Ben")
    review(database, ids[4:5], "skip")
    review(database, ids[7:], "accept")
    found = {row.example_id: (row.judge, row.person, row.is_rejected) for row in database.get_score_pairs(dataset_id)}
    assert found == {ids[0]: (0.0, 2.0, None), ids[1]: (1.0, 3.0, True), ids[3]: (3.0, None, False)}
    assert database.count_judged(dataset_id) == Judged(by_judge=7, by_people=4)


def test_what_was_said_of_an_older_text_makes_no_pair(database: Database) -> None:
    dataset_id, ids = fill(database)
    review(database, ids[:2], "reject")
    rate(database, dataset_id, {ids[0]: 1.0})
    database.update_example(ids[0], chat("mended"), seen_revision=1, author="Ada")
    judge(database, dataset_id, {each: [5.0] for each in ids})
    assert [row.example_id for row in database.get_score_pairs(dataset_id)] == [ids[1]]


def test_removed_examples_are_pairs_as_well(database: Database) -> None:
    dataset_id, ids = fill(database)
    judge(database, dataset_id, {ids[0]: [1.0]})
    review(database, ids[:1], "reject")
    database.set_status_in_review(dataset_id, ids[:1], ExampleStatus.REMOVED, Actor("Ada"))
    assert [row.is_rejected for row in database.get_score_pairs(dataset_id)] == [True]


def test_pairs_are_grouped_by_subdomain_or_by_a_parameter(database: Database) -> None:
    made = make_dataset(database)
    metadata = [{"subdomain": "returns", "parameters": {"tone": "kind"}}, {"parameters": {"tone": 3}}, {}]
    database.add_examples(made.id, [NewExample(n, chat(f"{n}"), each) for n, each in enumerate(metadata)])
    ids = [each.id for each in database.get_dataset_examples(made.id)]
    judge(database, made.id, {each: [5.0] for each in ids})
    review(database, ids)
    assert [row.group for row in database.get_score_pairs(made.id)] == ["returns", "", ""]
    assert [row.group for row in database.get_score_pairs(made.id, "tone")] == ["kind", "3", ""]


def test_judgements_are_counted_by_judge_and_state_without_candidates(database: Database) -> None:
    dataset_id, ids = fill(database)
    judge(database, dataset_id, {ids[0]: [8.0, None], ids[1]: [8.0, 6.0]})
    judge(database, dataset_id, {ids[2]: [None]}, judge=OTHER)
    judge(database, dataset_id, {ids[3]: [9.0]}, is_candidate=True)
    assert database.count_judgements(dataset_id) == {OTHER: {"failed": 1}, JUDGE: {"scored": 3, "failed": 1}}
    assert list(database.count_judgements(dataset_id)) == [OTHER, JUDGE]
    assert database.count_scores(dataset_id, JUDGE) == {6.0: 1, 8.0: 2}


def test_an_item_is_the_latest_job_of_a_judge_on_a_text(database: Database) -> None:
    dataset_id, ids = fill(database)
    judge(database, dataset_id, {ids[0]: [1.0, 1.0], ids[1]: [4.0, 8.0, None]})
    judge(database, dataset_id, {ids[0]: [9.0]})
    judge(database, dataset_id, {ids[0]: [5.0]}, judge=OTHER)
    rate(database, dataset_id, {ids[1]: 7.0})
    one, two = database.get_judged_items(dataset_id, JUDGE)
    assert (one.example_id, one.runs, one.mean, one.person) == (ids[0], 1, 9.0, None)
    assert (two.example_id, two.runs, two.mean, two.squares, two.person) == (ids[1], 2, 6.0, 40.0, 7.0)
    assert two.characters == len("question 1") + len("As to question 1.")


def test_a_part_of_the_items_is_an_even_part_and_the_same_each_time(database: Database) -> None:
    dataset_id, ids = fill(database, 1000)
    judge(database, dataset_id, {each: [5.0] for each in ids})
    some = [item.example_id for item in database.get_judged_items(dataset_id, JUDGE, 0.2)]
    assert some == [item.example_id for item in database.get_judged_items(dataset_id, JUDGE, 0.2)]
    assert 180 <= len(some) <= 220
    middle = ids[500]
    assert 80 <= sum(each < middle for each in some) <= 120


def test_a_judge_whose_scores_were_given_anew_is_not_among_those_of_the_pairs(database: Database) -> None:
    dataset_id, ids = fill(database)
    judge(database, dataset_id, {each: [5.0] for each in ids[:2]}, judge=OTHER)
    judge(database, dataset_id, {each: [6.0] for each in ids})
    review(database, ids[:2])
    assert database.get_judges_of_pairs(dataset_id) == [JUDGE]
    judge(database, dataset_id, {ids[1]: [7.0]}, judge=OTHER)
    assert database.get_judges_of_pairs(dataset_id) == [OTHER, JUDGE]


def test_a_judge_is_a_provider_a_model_and_a_rubric(database: Database) -> None:
    dataset_id, ids = fill(database)
    judge(database, dataset_id, {ids[0]: [5.0]})
    judge(database, dataset_id, {ids[0]: [5.0]}, judge=Judge("openai", MODEL, "6" * 32))
    assert len(database.count_judgements(dataset_id)) == 2
