"""The Overview of the Quality page: what was measured, on how many examples, by whom, and the way to what was not."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.quality_overview import NOT_YET
from synthgen_core.actions.duplicate_search import start_search
from synthgen_core.actions.rubrics import STANDARD
from synthgen_core.actions.rules import check_dataset
from synthgen_core.database import Judge, Saying
from synthgen_core.models import Dataset
from synthgen_core.reviewing import Actor, Verdict
from synthgen_core.workspace import Workspace
from tests.pages.support import chat, links, make_dataset, said
from tests.support.judgements import judge

SECONDS = 60.0
ANSWER = "Open Billing, choose the invoice for {} and press Correct; the new one is sent within an hour or so."
Open = Callable[..., AppTest]


@pytest.fixture
def dataset(place: Workspace) -> Dataset:
    """Three that are alike, and one with a blank."""
    texts = [*(ANSWER.format(name) for name in ("Ann", "Bob", "our Cleo")), "Dear [Name], nobody knows why it is so."]
    return make_dataset(place, contents=[chat("How?", text) for text in texts])


def test_of_a_new_dataset_it_says_what_to_press_and_makes_up_no_figure(dataset: Dataset, open_page: Open) -> None:
    told = said(open_page("quality", dataset=str(dataset.id)))
    assert "4 active examples." in told
    assert told.count(NOT_YET) == 4
    assert "Nothing has run yet. The rules are the place to begin: they need no model." in told


@pytest.mark.parametrize(
    ("button", "part"), [("to-Rules", "Rules"), ("to-Judge", "Judge"), ("to-Duplicates", "Duplicates")]
)
def test_each_figure_leads_to_the_part_that_measures_it(
    dataset: Dataset, open_page: Open, button: str, part: str
) -> None:
    page = open_page("quality", dataset=str(dataset.id))
    page.button(key=button).click().run()
    assert not page.exception
    assert page.session_state["part"] == part


def test_what_people_say_is_given_on_the_review_page(dataset: Dataset, open_page: Open) -> None:
    page = open_page("quality", dataset=str(dataset.id))
    page.button(key="to-Review").click().run()
    assert "How?" in said(page)
    assert page.query_params["dataset"] == str(dataset.id)


def test_what_was_measured_is_told_with_its_n(place: Workspace, dataset: Dataset, open_page: Open) -> None:
    for job in (check_dataset(place, dataset.id), start_search(place, dataset.id)):
        assert place.runner.wait(job.id, SECONDS)
    ids = [row.id for row in place.database.get_dataset_examples(dataset.id)]
    place.database.say(dataset.id, ids[:1], Saying(Verdict.ACCEPT), Actor("Ada"))
    judge(place.database, dataset.id, {ids[0]: [8.0], ids[1]: [7.0]}, judge=Judge("openai", "my-model", STANDARD.hash))
    told = said(open_page("quality", dataset=str(dataset.id)))
    assert NOT_YET not in told
    assert "of 10, mean of 4 of 4 examples; 2 rules found something." in told
    assert "### 7.5" in told
    assert "of 10, mean of 2 of 4 examples. By my-model, rubric “Standard”." in told
    assert "### 25%" in told
    assert "1 of 4 examples: 1 accepted, 0 rejected." in told
    assert "in 1 group, of 4 searched" in told
    assert "4 of 4 examples" in told


def test_scores_of_several_judges_are_never_shown_as_one_judges(
    place: Workspace, dataset: Dataset, open_page: Open
) -> None:
    ids = [row.id for row in place.database.get_dataset_examples(dataset.id)]
    judge(place.database, dataset.id, {ids[0]: [8.0], ids[1]: [6.0]}, judge=Judge("openai", "one", STANDARD.hash))
    judge(place.database, dataset.id, {ids[2]: [4.0]}, judge=Judge("ollama", "other", "f" * 32))
    told = said(open_page("quality", dataset=str(dataset.id)))
    assert "Mixed, by 2 judges: one, “Standard”: 7.0 (n = 2); other, “a rubric that is not kept”: 4.0 (n = 1)." in told


def test_a_dataset_without_examples_has_nothing_to_measure(place: Workspace, open_page: Open) -> None:
    page = open_page("quality", dataset=str(make_dataset(place).id))
    assert "nothing to measure" in said(page)
    assert ("generate", "") in links(page)
