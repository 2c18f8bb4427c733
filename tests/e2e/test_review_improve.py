"""“Improve” in Chromium: a better version, asked of a local server, then taken and undone, edited, or left."""

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.filling import filling
from tests.e2e.review_page import BODY, rest, rows, toast
from tests.e2e.watching import wait_for
from tests.pages.support import chat, make_dataset, simple
from tests.support.server import Act, ModelServer
from tests.tools.app import App, idle, start_app

Open = Callable[..., Page]
WISH = "Say which question it is."


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    """The model that is asked."""
    with ModelServer() as started:
        yield started


@pytest.fixture(scope="module")
def improving(tmp_path_factory: pytest.TempPathFactory, server: ModelServer) -> Iterator[App]:
    """An app that uses it, with one dataset of three examples."""
    folder = tmp_path_factory.mktemp("improving") / "data"
    with filling(folder) as place:
        make_dataset(place, contents=[simple(n) for n in range(3)])
    environment = {"LLM_PROVIDER": "openai", "LLM_MODEL": "stub-model", "OPENAI_API_KEY": "sk-local"}
    started = start_app(folder, environment={**environment, "OPENAI_BASE_URL": server.url})
    yield started
    started.stop()


def ask(page: Page, server: ModelServer, example: int, answer: str) -> Locator:
    """Wish for something better, and be shown this answer as the difference; returns the proposal."""
    server.then(Act(text=json.dumps(chat(f"Question number {example - 1}?", answer))))
    page.locator(".st-key-review-improve button").first.click()
    dialog = page.get_by_test_id("stDialog")
    dialog.get_by_role("textbox", name="What should be better?").fill(WISH)
    page.keyboard.press("Tab")  # the field hands its text over
    idle(page)
    dialog.get_by_role("button", name="Ask for a better version").click()
    proposal = page.locator(".st-key-review-proposal")
    expect(proposal.locator("ins").first).to_be_visible(timeout=30_000)
    expect(dialog).to_have_count(0)
    assert WISH in server.calls[-1].words
    return proposal


def answers(app: App) -> list[str]:
    """The answer of every example, in order."""
    found = rows(app, "SELECT json_extract(content, '$.messages[1].content') FROM examples ORDER BY id")
    return [answer for (answer,) in found]


def test_a_better_version_is_shown_then_taken_and_undone_edited_or_left(
    improving: App, server: ModelServer, open_page: Open
) -> None:
    page = open_page(improving, "/review?dataset=1")
    rest(page)

    proposal = ask(page, server, 1, "The first answer.")
    expect(proposal).to_contain_text("Proposed by stub-model")
    assert answers(improving)[0] == "Answer number 0.", "it is only proposed"
    proposal.get_by_role("button", name="Take it").click()
    toast(page, "Saved")
    expect(page.locator(BODY)).to_contain_text("The first answer.")
    made = "SELECT revision, operation, reason FROM example_revisions WHERE example_id = 1 ORDER BY revision"
    assert rows(improving, made)[1:] == [(2, "edit", "proposed by stub-model")]
    idle(page)
    page.keyboard.press("z")
    wait_for(lambda: answers(improving)[0] == "Answer number 0.", page, 30)
    expect(page.locator(BODY)).to_contain_text("Answer number 0.")
    assert [row[:2] for row in rows(improving, made)] == [(1, "created"), (2, "edit"), (3, "undo")]

    page.keyboard.press("j")
    expect(page.locator(BODY)).to_contain_text("Question number 1?")
    idle(page)
    ask(page, server, 2, "The second answer.").get_by_role("button", name="Edit it").click()
    field = page.locator(".st-key-review-editor textarea").last
    expect(field).to_have_value("The second answer.")
    field.fill("The second answer, edited.")
    page.keyboard.press("Control+Enter")
    toast(page, "Saved")
    expect(page.locator(BODY)).to_contain_text("The second answer, edited.")

    idle(page)
    page.keyboard.press("j")
    expect(page.locator(BODY)).to_contain_text("Question number 2?")
    idle(page)
    proposal = ask(page, server, 3, "The third answer.")
    proposal.get_by_role("button", name="Leave it").click()
    expect(proposal).to_have_count(0)
    assert answers(improving) == ["Answer number 0.", "The second answer, edited.", "Answer number 2."]
