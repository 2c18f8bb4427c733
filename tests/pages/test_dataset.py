"""One dataset's page: its facts, its examples page by page, renaming and deleting."""

import threading
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from synthgen_core.actions.generation import GenerationRequest, start_generation
from synthgen_core.actions.jobs import get_job
from synthgen_core.models import JobStatus, ProviderConfig
from synthgen_core.workspace import Workspace
from tests.pages.support import chat, errors, links, make_dataset, read, said, simple
from tests.support.server import Act, ModelServer

Open = Callable[..., AppTest]


def shown(page: AppTest) -> list[str]:
    """The numbers of the examples that the page shows."""
    return [text.value.strip("*") for text in page.main.markdown if text.value.startswith("**Example")]


def bubbles(page: AppTest) -> list[tuple[str, str]]:
    """(speaker, text) of every bubble."""
    return [(bubble.name, read(bubble.markdown[0].value)) for bubble in page.chat_message]


def test_a_dataset_shows_what_it_is_and_its_examples_as_bubbles(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, contents=[simple(0), simple(1)], description="Calls about *routers*.")
    page = open_page("dataset", dataset=str(made.id))
    text = said(page)
    assert read(page.title[0].value) == "Router trouble"
    for fact in (
        "2 examples",
        "Customer Support / Technical Support",
        "English",
        "stub-model",
        "Calls about *routers*.",
    ):
        assert fact in text
    assert bubbles(page)[:2] == [("user", "Question number 0?"), ("assistant", "Answer number 0.")]
    assert len(bubbles(page)) == 4
    assert "frustrated" in text, "the drawn parameters are shown"


def test_a_system_message_is_folded_away(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, contents=[chat("Hello?", "Hello.", system="Be brief.")])
    page = open_page("dataset", dataset=str(made.id))
    assert len(bubbles(page)) == 2
    assert page.expander[0].markdown[0].value == "Be brief."


def test_an_instruction_is_shown_as_question_and_answer(place: Workspace, open_page: Open) -> None:
    content = {"instruction": "Sort these.", "input": "b, a", "output": "a, b"}
    made = make_dataset(place, contents=[content], format_type="instruction")
    text = "\n".join(text for _, text in bubbles(open_page("dataset", dataset=str(made.id))))
    assert all(part in text for part in content.values())


def test_examples_come_ten_a_page(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, contents=[simple(n) for n in range(24)])
    page = open_page("dataset", dataset=str(made.id))
    assert shown(page) == [f"Example {n}" for n in range(1, 11)]
    assert "1 to 10 of 24 examples" in said(page)
    page.pagination[0].set_value(3).run()
    assert shown(page) == [f"Example {n}" for n in range(21, 25)]
    assert "21 to 24 of 24 examples" in said(page)


@pytest.mark.parametrize(
    ("asked", "first"), [("2", 11), ("3", 21), ("4", 1), ("0", 1), ("x", 1), ("99999999999999999999", 1)]
)
def test_an_address_with_a_page_shows_that_page(asked: str, first: int, place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, contents=[simple(n) for n in range(24)])
    page = open_page("dataset", dataset=str(made.id), page=asked)
    assert not page.exception
    assert shown(page)[0] == f"Example {first}"
    assert page.pagination[0].value == (first + 9) // 10, "the page that is marked is the page that is shown"


@pytest.mark.parametrize("asked", ["", "abc", "999", "-1", "1.0", "²", "9" * 30, "9" * 5_000, "1 OR 1=1"])
def test_a_dataset_that_does_not_exist_leads_to_the_list(asked: str, place: Workspace, open_page: Open) -> None:
    make_dataset(place)
    page = open_page("dataset", dataset=asked)
    assert not page.exception
    assert "dataset" in errors(page)
    assert ("datasets", "") in links(page)


def test_a_dataset_without_examples_says_where_they_come_from(place: Workspace, open_page: Open) -> None:
    page = open_page("dataset", dataset=str(make_dataset(place).id))
    assert "No examples yet" in page.info[0].value
    assert not page.get("download_button")


def test_a_dataset_whose_domain_is_gone_still_opens(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, contents=[simple(0)], domain="gardening", subdomain="roses")
    page = open_page("dataset", dataset=str(made.id))
    assert "gardening / roses" in said(page)
    assert len(bubbles(page)) == 2


def test_the_file_can_be_downloaded(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, contents=[simple(0)])
    assert "Download" in open_page("dataset", dataset=str(made.id)).get("download_button")[0].proto.label


def test_a_dataset_deleted_while_its_job_runs_leaves_the_history(
    place: Workspace, open_page: Open, server: ModelServer
) -> None:
    wait = threading.Event()
    server.choose = lambda call: Act() if call.number < 2 else Act(until=wait)
    provider = ProviderConfig("openai", "stub-model", server.url)
    request = GenerationRequest("support", "technical_support", provider, num_examples=5, workers=1)
    job = start_generation(place, request)
    server.wait_for_calls(3)
    opened, watched, listed = (
        open_page(name, dataset=str(job.dataset_id), job=str(job.id)) for name in ("dataset", "generate", "tasks")
    )
    place.database.delete_dataset(job.dataset_id or 0)
    place.runner.cancel(job.id)
    assert "There is no dataset" in errors(opened.run())
    assert "deleted" in said(watched.run())
    assert said(listed.run())
    wait.set()
    assert place.runner.wait(job.id, 30)
    assert get_job(place, job.id).job.status is JobStatus.CANCELLED
    assert len(server.calls) == 3, "no call was made for a dataset that is gone"
    assert "cancelled" in said(watched.run())
    assert "cancelled" in said(listed.run())
