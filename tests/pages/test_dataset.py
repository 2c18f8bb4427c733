"""One dataset's page: its facts, its figures, what it was made from, and what it is called."""

import json
import threading
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from synthgen_core.actions.curation import sample_dataset
from synthgen_core.actions.datasets import update_dataset
from synthgen_core.actions.examples import set_status
from synthgen_core.actions.generation import GenerationRequest, start_generation
from synthgen_core.actions.jobs import get_job
from synthgen_core.actions.versions import make_version
from synthgen_core.database import NewExample
from synthgen_core.database.flags import NewFlag
from synthgen_core.models import ExampleStatus, JobStatus, JsonObject, ProviderConfig, Severity
from synthgen_core.workspace import Workspace
from tests.pages.support import chat, errors, figures, links, make_dataset, read, said, simple
from tests.pages.test_all_pages import NASTY
from tests.support.server import Act, ModelServer

Open = Callable[..., AppTest]


def bars(page: AppTest, number: int) -> dict[str, int]:
    """What a chart of bars shows: label -> count."""
    figure = json.loads(page.get("plotly_chart")[number].proto.spec)
    (trace,) = figure["data"]
    if trace.get("orientation") == "h":
        return dict(zip(figure["layout"]["yaxis"]["ticktext"], trace["x"], strict=True))
    return dict(zip(trace["x"], trace["y"], strict=True))


def test_a_dataset_shows_what_it_is(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, contents=[simple(0), simple(1)], description="Calls about *routers*.")
    page = open_page("dataset", dataset=str(made.id))
    text = said(page)
    assert read(page.title[0].value) == "Router trouble"
    for fact in (
        "2 examples",
        "Customer Support / Technical Support",
        "generated",
        "English",
        "stub-model",
        "Calls about *routers*.",
    ):
        assert fact in text


def test_only_the_tab_that_is_open_is_drawn(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, contents=[simple(0)])
    assert figures(open_page("dataset", dataset=str(made.id)))
    page = open_page("dataset", dataset=str(made.id), tab="Examples")
    assert not figures(page)
    assert page.chat_message


@pytest.mark.parametrize("tab", ["Overview", "Examples", "Metadata", "Versions", "Export"])
def test_every_tab_bears_any_text(tab: str, place: Workspace, open_page: Open) -> None:
    contents = [chat(text, text, system=text) for text in NASTY]
    made = make_dataset(place, NASTY[1], contents, description=NASTY[0], metadata={"model": NASTY[1]})
    update_dataset(place, made.id, tags=[text[:50] for text in NASTY])
    parameters: JsonObject = {"parameters": {text[:50]: text for text in NASTY}}
    flag = NewFlag(NASTY[1], Severity.ERROR, NASTY[0])
    place.database.add_examples(made.id, [NewExample(len(NASTY), simple(0), parameters, flags=(flag,))])
    make_version(place, made.id, name=NASTY[1], note=NASTY[0], author=NASTY[2])
    for example, content in zip(place.database.get_dataset_examples(made.id), contents[::-1], strict=False):
        place.database.update_example(example.id, content, seen_revision=1, author="Ann")
    assert said(open_page("dataset", dataset=str(made.id), tab=tab))


def test_the_overview_counts_all_examples(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, contents=[chat("a", "b"), chat("a", "b", "c", "d"), simple(1)])
    (first, *_) = place.database.get_dataset_examples(made.id)
    set_status(place, made.id, [first.id], ExampleStatus.REMOVED, author="Ann")
    page = open_page("dataset", dataset=str(made.id))
    assert figures(page) == {
        "Active examples": "2",
        "Removed": "1",
        "Mean score": "none",
        "Reviewed": "0",
        "Flags": "0",
    }
    assert "2 to 4, median 2, mean 3.0, of 2 examples" in said(page)
    turns = bars(page, 0)
    assert turns == {"2": 1, "3": 0, "4": 1}


def test_the_overview_shows_the_shares_of_parameters_and_languages(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place)
    contents = [NewExample(n, simple(n), {"language": "de", "parameters": {"tone": f"t{n % 2}"}}) for n in range(3)]
    place.database.add_examples(made.id, contents)
    page = open_page("dataset", dataset=str(made.id))
    assert bars(page, 2) == {"German": 3}
    assert bars(page, 3) == {"t0": 2, "t1": 1}


def test_a_dataset_knows_its_parents_and_what_was_made_of_it(place: Workspace, open_page: Open) -> None:
    parent = make_dataset(place, "Parent", [simple(n) for n in range(4)])
    child = sample_dataset(place, parent.id, 2)
    page = open_page("dataset", dataset=str(child.id))
    assert ("dataset", f"dataset={parent.id}") in links(page)
    assert "Parent: 2 examples sampled, seed" in said(page)
    page = open_page("dataset", dataset=str(parent.id))
    assert ("dataset", f"dataset={child.id}") in links(page)


def test_name_description_and_tags_can_be_changed(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, contents=[simple(0)])
    page = open_page("dataset", dataset=str(made.id), tab="Metadata")
    page.text_input[0].set_value("Renamed *as* written")
    page.text_area[0].set_value("New words")
    page.button[-1].click().run()
    assert not page.exception
    assert read(page.title[0].value) == "Renamed *as* written"
    update_dataset(place, made.id, tags=["calm", "**loud**"])
    page.run()
    assert "**loud**" in said(page)
    assert page.multiselect[0].value == ["calm", "**loud**"]
    page.text_input[0].set_value("  ")
    page.button[-1].click().run()
    assert "needs a name" in errors(page)
    assert place.database.get_dataset(made.id).name == "Renamed *as* written"


@pytest.mark.parametrize("asked", ["", "abc", "999", "-1", "1.0", "²", "9" * 30, "9" * 5_000, "1 OR 1=1"])
def test_a_dataset_that_does_not_exist_leads_to_the_list(asked: str, place: Workspace, open_page: Open) -> None:
    make_dataset(place)
    page = open_page("dataset", dataset=asked)
    assert not page.exception
    assert "dataset" in errors(page)
    assert ("datasets", "") in links(page)


def test_a_dataset_without_examples_says_where_they_come_from(place: Workspace, open_page: Open) -> None:
    page = open_page("dataset", dataset=str(make_dataset(place).id))
    assert "No active examples" in page.info[0].value
    assert not page.get("download_button")


def test_a_dataset_whose_domain_is_gone_still_opens(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, contents=[simple(0)], domain="gardening", subdomain="roses")
    page = open_page("dataset", dataset=str(made.id))
    assert "gardening / roses" in said(page)


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
