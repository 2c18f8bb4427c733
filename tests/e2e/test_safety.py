"""Texts of unknown origin in Chromium: nothing of them is fetched, run or drawn as anything but text."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from synthgen_core.actions.versions import make_version
from synthgen_core.models import JobStatus, Json
from tests.e2e.filling import filling
from tests.pages.corpus import ATTEMPTS, IMAGE
from tests.pages.support import chat, make_dataset, make_job
from tests.tools.app import App, idle, start_app

Open = Callable[..., Page]
FOREIGN_TO_A_TEXT = "img, svg image, iframe, script, style, b, .katex, [data-testid='stException']"


@pytest.fixture(scope="module")
def nasty_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Dataset 1 holds every attempt as an example, 2 as words that changed; those after them have them as names,
    descriptions and errors."""
    folder = tmp_path_factory.mktemp("nasty") / "data"
    with filling(folder) as place:
        made = make_dataset(place, "All", [chat(*ATTEMPTS, "the end", system=text) for text in ATTEMPTS[:1]])
        make_version(place, made.id, name=IMAGE, note=ATTEMPTS[-1], author=ATTEMPTS[-2])
        make_dataset(place, "Reversed", [chat(*ATTEMPTS)])
        make_version(place, 2, name="As at first", author="Ann")
        (example,) = place.database.get_dataset_examples(2)
        place.database.update_example(example.id, chat(*ATTEMPTS[::-1]), seen_revision=1, author="Ann")
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
    "path",
    [
        "/",
        "/datasets",
        "/dataset?dataset=1&tab=Examples",
        "/dataset?dataset=1&tab=Versions",
        "/dataset?dataset=2&tab=Versions",
        "/dataset?dataset=3",
        "/dataset?dataset=3&tab=Metadata",
        "/review?dataset=1",
        "/tasks",
        "/generate?job=1",
    ],
)
def test_nothing_in_a_text_becomes_active(path: str, nasty_app: App, open_page: Open) -> None:
    page = open_page(nasty_app, path)
    for summary in page.locator("[data-testid='stMain'] details summary").all():
        summary.click()
    page.mouse.wheel(0, 20_000)
    idle(page)
    texts = page.get_by_test_id("stMain").locator("[data-testid='stMarkdownContainer'], h1, .diff")
    assert texts.count() > 5
    found = texts.locator(FOREIGN_TO_A_TEXT)
    assert [element.evaluate("e => e.outerHTML") for element in found.all()] == []


def test_an_attempt_reads_as_it_was_written(nasty_app: App, open_page: Open) -> None:
    page = open_page(nasty_app, "/dataset?dataset=1&tab=Examples")
    page.get_by_text("further messages").click()
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
