"""The Rules part of the Quality page: it runs the rules as it is told, and says what they found and why."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from synthgen_core.actions.jobs import latest_task
from synthgen_core.actions.rules import check_dataset
from synthgen_core.models import Dataset, Job, JobKind
from synthgen_core.rules import RULES
from synthgen_core.workspace import Workspace
from tests.pages.support import chat, errors, labels, links, make_dataset, said

SECONDS = 60.0
GOOD = "Open Billing, choose the invoice number {} and press Correct; the new one is sent to you within an hour."
BAD = "Dear [Name], nobody knows what the reason of it could be."
Open = Callable[..., AppTest]


@pytest.fixture
def dataset(place: Workspace) -> Dataset:
    """Two good examples, and one with a blank."""
    return make_dataset(
        place, contents=[chat("How?", GOOD.format(1)), chat("Why?", BAD), chat("Who?", "Ask Ann. " * 3)]
    )


def end(place: Workspace, dataset: Dataset) -> Job:
    """The run that was started last, once it is over."""
    task = latest_task(place, dataset.id, JobKind.RULES)
    assert task is not None
    assert place.runner.wait(task.job.id, SECONDS)
    return place.database.get_job(task.job.id)


def test_the_rules_are_run_from_the_page_and_their_score_is_explained(
    place: Workspace, open_page: Open, dataset: Dataset
) -> None:
    page = open_page("quality", dataset=str(dataset.id), part="Rules")
    assert "All rules have read 0 of 3 active examples" in said(page)
    assert "How the score comes about" not in said(page)
    page.button(key="rules-run").click().run()
    assert end(place, dataset).parameters["rules"] == list(RULES)
    told = said(page.run())
    assert "n = 3 examples" in told
    assert "The lowest here is example 2" in told
    assert "10 − 5 :small[:gray[(Placeholder)]] = **5**" in told
    assert ("review", f"dataset={dataset.id}&example=2") in links(page)


def test_only_the_ticked_rules_run_with_the_thresholds_of_the_page(
    place: Workspace, open_page: Open, dataset: Dataset
) -> None:
    page = open_page("quality", dataset=str(dataset.id), part="Rules")
    for rule in RULES:
        if rule not in ("short_answer", "refusal"):
            page.checkbox(key=f"rule-{rule}-{dataset.id}").uncheck()
    page.number_input(key=f"rule-threshold-short_answer-{dataset.id}").set_value(50)
    page.run()
    assert "Run 2 rules" in labels(page)
    page.button(key="rules-run").click().run()
    job = end(place, dataset)
    assert job.parameters["rules"] == ["short_answer", "refusal"]
    assert page.run().button(key="flagged-short_answer-warning").label.endswith("[1 warning]")
    assert "n = " not in said(page), "there is no score where not all rules have read an example"


def test_a_count_opens_the_examples_behind_it_in_the_review(
    place: Workspace, open_page: Open, dataset: Dataset
) -> None:
    place.runner.wait(check_dataset(place, dataset.id).id, SECONDS)
    page = open_page("quality", dataset=str(dataset.id), part="Rules")
    page.button(key="flagged-placeholder-error").click().run()
    told = said(page)
    assert "Example 2" in told
    assert "flag: placeholder" in told


def test_what_was_edited_since_has_no_score_and_that_is_said(
    place: Workspace, open_page: Open, dataset: Dataset
) -> None:
    place.runner.wait(check_dataset(place, dataset.id).id, SECONDS)
    place.database.update_example(1, chat("How?", GOOD.format(7)), seen_revision=1, author="ann")
    told = said(open_page("quality", dataset=str(dataset.id), part="Rules"))
    assert "All rules have read 2 of 3 active examples as they are now" in told
    assert "1 other not read as they are now: no score" in told


def test_where_nothing_was_found_the_page_says_so(place: Workspace, open_page: Open) -> None:
    one = make_dataset(place, contents=[chat("How?", GOOD.format(1))])
    place.runner.wait(check_dataset(place, one.id).id, SECONDS)
    page = open_page("quality", dataset=str(one.id), part="Rules")
    assert "nothing was taken off" in said(page)
    assert not errors(page)


def test_a_dataset_without_examples_has_nothing_to_read(place: Workspace, open_page: Open) -> None:
    empty = make_dataset(place)
    page = open_page("quality", dataset=str(empty.id), part="Rules")
    assert "no active examples" in said(page)
    assert "Run the rules" not in labels(page)


def test_a_link_to_a_run_leads_to_its_dataset(place: Workspace, open_page: Open, dataset: Dataset) -> None:
    make_dataset(place, "Another", [chat("How?", GOOD.format(1))])
    job = check_dataset(place, dataset.id)
    place.runner.wait(job.id, SECONDS)
    page = open_page("quality", job=str(job.id), part="Rules")
    assert "All rules have read 3 of 3 active examples" in said(page)
