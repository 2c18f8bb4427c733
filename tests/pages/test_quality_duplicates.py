"""The Duplicates part of the Quality page: nothing is removed before somebody saw how much, and all can be undone."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from synthgen_core.actions.duplicate_search import start_search
from synthgen_core.actions.jobs import latest_task
from synthgen_core.models import Dataset, Job, JobKind
from synthgen_core.workspace import Workspace
from tests.pages.support import chat, errors, labels, make_dataset, said

SECONDS = 60.0
ANSWER = "Open Billing, choose the invoice for {} and press Correct; the new one is sent within an hour or so."
OTHER = "Nothing of that kind has ever been seen here, and nobody knows what could have caused it."
Open = Callable[..., AppTest]


@pytest.fixture
def dataset(place: Workspace) -> Dataset:
    """Three that are alike, of which the third is the longest, and another one."""
    texts = [*(ANSWER.format(name) for name in ("Ann", "Bob", "Cleo, our friend,")), OTHER]
    return make_dataset(place, contents=[chat("How?", text) for text in texts])


def end(place: Workspace, dataset: Dataset) -> Job:
    """The search that was started last, once it is over."""
    task = latest_task(place, dataset.id, JobKind.DUPLICATES)
    assert task is not None
    assert place.runner.wait(task.job.id, SECONDS)
    return place.database.get_job(task.job.id)


@pytest.fixture
def searched(place: Workspace, open_page: Open, dataset: Dataset) -> AppTest:
    """The page of a dataset that was searched."""
    start_search(place, dataset.id)
    end(place, dataset)
    return open_page("quality", dataset=str(dataset.id), part="Duplicates")


def active(place: Workspace, dataset: Dataset) -> list[int]:
    return [row.id for row in place.database.get_dataset_examples(dataset.id)]


def test_a_search_is_started_from_the_page_as_it_is_set_there(
    place: Workspace, open_page: Open, dataset: Dataset
) -> None:
    page = open_page("quality", dataset=str(dataset.id), part="Duplicates")
    assert "Not searched yet" in said(page)
    page.slider(key=f"duplicates-threshold-{dataset.id}").set_value(70)
    page.selectbox(key=f"duplicates-compared-{dataset.id}").set_value("response")
    page.multiselect(key=f"duplicates-keep-{dataset.id}").set_value(["score"])
    page.button(key="duplicates-search").click().run()
    asked = end(place, dataset).parameters
    assert (asked["threshold"], asked["compared"], asked["keep"]) == (0.7, "response", ["score"])
    told = said(page.run())
    assert "**2** of 4 examples are like one that is kept, in 1 group." in told
    assert "the answer alone, alike from 70%" in told


def test_twins_stand_beside_the_one_that_is_kept_with_their_differences_marked(searched: AppTest) -> None:
    told = said(searched)
    assert "**Example 3** is kept" in told
    assert "Example 3, kept</u><u>Example 1" in told
    assert "<del>Cleo, our friend,</del>" in told
    assert "<ins>Ann</ins>" in told


def test_all_twins_are_removed_and_brought_back(place: Workspace, dataset: Dataset, searched: AppTest) -> None:
    assert active(place, dataset) == [1, 2, 3, 4], "a search removes nothing"
    assert "2 examples are removed. That can be undone." in said(searched)
    searched.button(key="remove-all").click().run()
    assert active(place, dataset) == [3, 4]
    assert "2 duplicates removed." in said(searched)
    assert "Nothing is left to remove." in said(searched)
    searched.button(key="undo").click().run()
    assert active(place, dataset) == [1, 2, 3, 4]
    assert "Remove 2 twins" in labels(searched)


def test_the_twins_of_one_group_are_removed(place: Workspace, dataset: Dataset, searched: AppTest) -> None:
    searched.button(key="remove-twins-3").click().run()
    assert active(place, dataset) == [3, 4]


def test_another_one_of_a_group_can_be_kept(place: Workspace, dataset: Dataset, searched: AppTest) -> None:
    searched.button(key="keep-1").click().run()
    assert "**Example 1** is kept" in said(searched)
    searched.button(key="remove-twins-1").click().run()
    assert active(place, dataset) == [1, 4]


def test_what_changed_since_the_search_is_told(place: Workspace, dataset: Dataset, searched: AppTest) -> None:
    assert not searched.warning
    place.database.update_example(1, chat("How?", OTHER), seen_revision=1, author="ann")
    (warning,) = searched.run().warning
    assert "0 examples came or came back, and 1 were edited" in warning.value
    assert "Remove 1 twin" in labels(searched)


def test_a_group_that_somebody_else_changed_is_left_with_an_explanation(
    place: Workspace, dataset: Dataset, searched: AppTest
) -> None:
    place.database.update_example(1, chat("How?", OTHER), seen_revision=1, author="ann")
    searched.button(key="keep-1").click().run()
    assert "Example 1 cannot be kept" in errors(searched)


def test_a_dataset_without_examples_and_one_with_a_single_example_have_none(place: Workspace, open_page: Open) -> None:
    empty, one = make_dataset(place), make_dataset(place, "One", [chat("How?", OTHER)])
    page = open_page("quality", dataset=str(empty.id), part="Duplicates")
    assert "no active examples to compare" in said(page)
    start_search(place, one.id)
    end(place, one)
    page = open_page("quality", dataset=str(one.id), part="Duplicates")
    assert "No two of 1 example are that much alike." in said(page)
