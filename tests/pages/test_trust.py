"""The part “Trust” of the Quality page: figures with what they rest on, plans, the judge's health; and blind rating."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.figures import GLUE
from synthgen_core.actions.review import review_example
from synthgen_core.actions.review_plans import get_plans, plan_review
from synthgen_core.actions.review_settings import get_review_settings, rate_blind
from synthgen_core.models import Dataset
from synthgen_core.reviewing import Aim, Queue
from synthgen_core.workspace import Workspace
from tests.pages.support import labels, make_dataset, said, simple
from tests.support.judgements import judge, rate
from tests.support.reviews import review

Open = Callable[..., AppTest]
COUNT = 60


@pytest.fixture
def sixty(place: Workspace) -> Dataset:
    """60 examples of which the judge scored 50, people all but the last 10, and as the judge did but for three."""
    made = make_dataset(place, "Sixty", [simple(n) for n in range(COUNT)])
    ids = ids_of(place, made)
    judge(place.database, made.id, {each: [float(n % 10)] for n, each in enumerate(ids[:50])})
    rate(place.database, made.id, {each: float(n % 10) for n, each in enumerate(ids[:50])})
    review(place.database, [each for n, each in enumerate(ids[:50]) if n % 10 < 7 or n in (7, 8, 9)], "reject")
    review(place.database, [each for n, each in enumerate(ids[:50]) if n % 10 >= 7 and n not in (7, 8, 9)], "accept")
    return place.database.get_dataset(made.id)


def ids_of(place: Workspace, dataset: Dataset) -> list[int]:
    return [each.id for each in place.database.get_dataset_examples(dataset.id, COUNT)]


def view(page: AppTest, name: str) -> AppTest:
    (choice,) = [each for each in page.button_group if each.key == "trust-view"]
    return choice.set_value(name).run()


def lines(page: AppTest) -> dict[str, list[str]]:
    """The lines of the tables of figures: name -> value, interval, n."""
    rows = [[str(cell).strip("*").replace(GLUE, " ") for cell in row] for t in page.table for row in t.value.to_numpy()]
    return {row[0]: row[1:] for row in rows}


def test_every_figure_has_its_interval_and_its_n(open_page: Open, sixty: Dataset) -> None:
    page = open_page("quality", dataset=str(sixty.id), part="Trust")
    found = lines(page)
    assert found["Mean absolute error, points"] == ["0.00", "0.00 to 0.00", "50"]
    assert found["Spearman's rho"][0] == "1.00"
    value, interval, n = found["Recall of “remove”"]
    assert (value, n) == ("92.1 %", "38")
    assert interval.startswith("79.2")
    assert "n = 50 examples whose present text both scored" in said(page)
    assert "judge-model (openai)" in said(page)


def test_the_threshold_moves_the_table_and_a_cell_opens_its_examples(open_page: Open, sixty: Dataset) -> None:
    page = open_page("quality", dataset=str(sixty.id), part="Trust")
    assert page.button(key="trust-cell-Judge keeps-reject").label.startswith("**3**")
    page.slider(key="trust-threshold").set_value(5.0).run()
    assert page.button(key="trust-cell-Judge keeps-reject").label.startswith("**13**")
    page.button(key="trust-cell-Judge keeps-reject").click().run()
    assert "Review" in [title.value for title in page.title]
    assert "13 match" in said(page) or "of 13" in said(page)


def test_a_point_opens_the_examples_that_it_stands_for(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, "Quarters", [simple(n) for n in range(5)])
    ids = ids_of(place, made)
    judge(place.database, made.id, {each: [7.25] for each in ids[:3]} | {each: [7.2] for each in ids[3:]})
    rate(place.database, made.id, dict.fromkeys(ids, 8.25))
    page = open_page("quality", dataset=str(made.id), part="Trust")
    point = {"curve_number": 0, "point_index": 0, "point_number": 0}
    selection = {"points": [point], "point_indices": [0], "box": [], "lasso": []}
    page.session_state["trust-scatter"] = {"selection": selection}
    page.run()
    assert "Review" in [title.value for title in page.title]
    assert "3 match" in said(page) or "of 3" in said(page)


def test_with_too_few_pairs_the_reason_stands_in_place_of_the_figure(
    place: Workspace, open_page: Open, sixty: Dataset
) -> None:
    few = make_dataset(place, "Few", [simple(n) for n in range(5)])
    ids = ids_of(place, few)
    judge(place.database, few.id, {each: [5.0] for each in ids})
    rate(place.database, few.id, dict.fromkeys(ids, 5.0))
    page = open_page("quality", dataset=str(few.id), part="Trust")
    assert lines(page)["Kendall's tau-b"] == ["–", ":gray[n = 5; shown from 30 on\\.]", "5"]


@pytest.mark.parametrize("contents", [0, 1])
def test_a_dataset_without_anything_says_what_to_do(place: Workspace, open_page: Open, contents: int) -> None:
    made = make_dataset(place, "Bare", [simple(n) for n in range(contents)])
    page = open_page("quality", dataset=str(made.id), part="Trust")
    assert "the Review page" in said(page)
    assert "no active examples" in said(view(page, "Review plans")) or contents
    assert "No judge yet" in said(view(page, "Judge's health"))


def test_a_plan_is_drawn_and_leads_to_its_sample(place: Workspace, open_page: Open, sixty: Dataset) -> None:
    page = view(open_page("quality", dataset=str(sixty.id), part="Trust"), "Review plans")
    assert "53 examples to read" in said(page)
    page.button(key="plan-draw").click().run()
    (state,) = get_plans(place, sixty.id)
    assert (state.plan.aim, state.plan.target, state.plan.size) == (Aim.ESTIMATE, 0.05, 53)
    text = said(page)
    assert "provisional" in text
    assert "who stops as soon as the figure looks good" in text
    page.button(key=f"plan-review-{state.plan.id}").click().run()
    desk = next(iter(page.session_state["_desks"].values()))
    assert (desk.queue, desk.sample_id) == (Queue.CHOSEN, state.plan.sample_id)


def test_a_plan_that_is_read_whole_has_a_verdict(place: Workspace, open_page: Open, sixty: Dataset) -> None:
    plan_review(place, sixty.id, at_most=0.4, seed=1)
    review(place.database, ids_of(place, sixty), "accept", "Ben")
    review(place.database, ids_of(place, sixty), "accept", "Ada")
    page = view(open_page("quality", dataset=str(sixty.id), part="Trust"), "Review plans")
    assert "Shown: at most 40 % are defects" in said(page)
    assert "See them" in labels(page)


def test_the_health_of_a_judge_warns_of_one_score_for_all(place: Workspace, open_page: Open, sixty: Dataset) -> None:
    judge(place.database, sixty.id, {each: [8.0, None] for each in ids_of(place, sixty)})
    rate(place.database, sixty.id, dict.fromkeys(ids_of(place, sixty)[:1], 2.0))
    page = view(open_page("quality", dataset=str(sixty.id), part="Trust"), "Judge's health")
    found = lines(page)
    assert found["Failed judgements"][0] == "35.3 %"
    assert found["Spread of repeated scores"][0] == "–"
    monotonous = make_dataset(place, "Monotonous", [simple(n) for n in range(40)])
    judge(place.database, monotonous.id, {each: [8.0] for each in ids_of(place, monotonous)})
    page = view(open_page("quality", dataset=str(monotonous.id), part="Trust"), "Judge's health")
    assert "gives the score 8 in 100 % of its judgements" in page.warning[0].value


def test_rating_blind_is_switched_on_and_hides_the_judge_on_the_review_page(
    place: Workspace, open_page: Open, sixty: Dataset
) -> None:
    page = open_page("quality", dataset=str(sixty.id), part="Trust")
    assert "flatter the judge" in said(page)
    page.toggle[0].set_value(True).run()
    assert get_review_settings(place, sixty.id).hides_judge
    assert "flatter the judge" not in said(page)
    page = open_page("review", dataset=str(sixty.id), example=str(ids_of(place, sixty)[49]))
    assert "blind" in said(page)
    order = page.selectbox(key=f"review-order-{sixty.id}")
    assert "In order" in order.options
    assert "Lowest score" not in order.options
    score = [badge for badge in said(page).splitlines() if badge.endswith("9.0")]
    assert score == []


def test_an_order_by_score_that_was_chosen_before_gives_way_to_blind_rating(
    place: Workspace, open_page: Open, sixty: Dataset
) -> None:
    page = open_page("review", dataset=str(sixty.id))
    page.selectbox(key=f"review-order-{sixty.id}").set_value("Lowest score").run()
    rate_blind(place, sixty.id, hides_judge=True)
    page.run()
    assert not page.exception
    assert page.selectbox(key=f"review-order-{sixty.id}").value == "In order"
    assert review_example(place, ids_of(place, sixty)[0], "reviewer").is_judge_hidden
