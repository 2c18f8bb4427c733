"""Texts of unknown origin in Chromium: nothing of them is fetched, run or drawn as anything but text."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from synthgen_core.models import JobStatus, Json
from tests.e2e.filling import filling
from tests.pages.corpus import ATTEMPTS, IMAGE
from tests.pages.support import chat, make_dataset, make_job
from tests.tools.app import App, idle, start_app

Open = Callable[..., Page]
FOREIGN_TO_A_TEXT = "img, svg image, iframe, script, style, b, .katex, [data-testid='stException']"


@pytest.fixture(scope="module")
def nasty_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Dataset 1 holds every attempt as an example; those after it have them as names, descriptions and errors."""
    folder = tmp_path_factory.mktemp("nasty") / "data"
    with filling(folder) as place:
        make_dataset(place, "All", [chat(*ATTEMPTS, "the end", system=text) for text in ATTEMPTS[:1]])
        for text in ATTEMPTS[:15:-1] + ATTEMPTS[:4]:
            metadata = {"model": text, "language": "en"}
            made = make_dataset(place, " ".join(text.split()), description=text, metadata=metadata)
        for n in range(3):
            causes: dict[str, Json] = {text: {"count": 1, "message": text, "hint": text} for text in ATTEMPTS[n::3]}
            make_job(place, made, JobStatus.FAILED, done=0, errors=causes, provider={"type": "x", "model": IMAGE})
    started = start_app(folder)
    yield started
    started.stop()


@pytest.mark.parametrize(
    "path", ["/", "/datasets", "/dataset?dataset=1", "/dataset?dataset=2", "/tasks", "/generate?job=1"]
)
def test_nothing_in_a_text_becomes_active(path: str, nasty_app: App, open_page: Open) -> None:
    page = open_page(nasty_app, path)
    for summary in page.locator("[data-testid='stMain'] details summary").all():
        summary.click()
    page.mouse.wheel(0, 20_000)
    idle(page)
    texts = page.locator("[data-testid='stMain'] [data-testid='stMarkdownContainer'], [data-testid='stMain'] h1")
    assert texts.count() > 5
    found = texts.locator(FOREIGN_TO_A_TEXT)
    assert [element.evaluate("e => e.outerHTML") for element in found.all()] == []


def test_an_attempt_reads_as_it_was_written(nasty_app: App, open_page: Open) -> None:
    page = open_page(nasty_app, "/dataset?dataset=1")
    bubbles = page.get_by_test_id("stChatMessage")
    expect(bubbles.last).to_contain_text("the end")
    assert bubbles.count() == len(ATTEMPTS) + 1
    said = "\n".join(bubbles.all_inner_texts()).replace("\N{WORD JOINER}", "")
    for text in (
        "$5 and $6, $$x^2$$",
        "<b>bold</b><script>alert(1)</script>",
        ":red[hot] :blue-badge[b] :red-background[r]",
        ":material/bolt: :smile: :streamlit: 1:b: :+1:",
    ):
        assert text in said
    expect(page.get_by_test_id("stCode").filter(has_text=IMAGE).first).to_be_visible()
