"""What surrounds the pages: deep links, window sizes, themes, the keyboard, and no needless traffic."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.filling import filling
from tests.e2e.watching import Frames, wait_for
from tests.pages.support import chat, make_dataset, make_full, make_job
from tests.tools.app import App, idle, start_app

Start = Callable[..., App]
Open = Callable[..., Page]
PATHS = (
    "/",
    "/generate",
    "/import",
    "/datasets",
    "/tasks",
    "/settings",
    "/dataset?dataset=1",
    "/dataset?dataset=999",
    "/review?dataset=1",
    "/generate?job=1",
)
REVIEW = "/review?dataset=1&example=1"
NAVIGATION = ["Dashboard", "Generate", "Import", "Datasets", "Tasks", "Settings"]
SIZES = {"narrow": {"width": 420, "height": 800}, "laptop": {"width": 1366, "height": 768}}
IS_WIDER = """() => ['html', 'body', '[data-testid="stApp"]', '[data-testid="stMain"]']
    .filter(name => { const e = document.querySelector(name); return e.scrollWidth > e.clientWidth + 1; })"""


@pytest.fixture(scope="module")
def quiet_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app with datasets and ended jobs, where nothing runs."""
    folder = tmp_path_factory.mktemp("quiet") / "data"
    with filling(folder) as place:
        long = "a-word-without-end" * 40
        made = make_dataset(place, "Router trouble " + long[:150], [chat(long, f"```\n{long}\n```\n{long}")])
        make_job(place, made)
        for domain in place.catalogue:
            make_dataset(place, domain.name, domain=domain.slug, subdomain=domain.subdomains[0].slug)
    started = start_app(folder)
    yield started
    started.stop()


@pytest.mark.parametrize("path", ["/generate", "/import", "/datasets", "/tasks", "/dataset?dataset=1", REVIEW])
def test_a_deep_link_on_a_cold_server_gets_the_whole_app(
    path: str, app: Start, open_page: Open, tmp_path: Path
) -> None:
    with filling(tmp_path / "data") as place:
        make_dataset(place, contents=[chat("Why?", "Because.")])
    page = open_page(app(tmp_path / "data"), path)
    links = page.get_by_test_id("stSidebarNav").get_by_role("link")
    names = [text.splitlines()[-1] for text in links.all_inner_texts()]
    assert [name for name in names if name in NAVIGATION] == NAVIGATION
    assert "Dataset" not in names, "a page that needs a number is not offered without one"
    assert page.url.endswith(path)
    titles = {
        "/generate": "Generate",
        "/import": "Import",
        "/datasets": "Datasets",
        "/tasks": "Tasks",
        REVIEW: "Review",
    }
    title = titles.get(path, "Router trouble")
    expect(page.get_by_role("heading", name=title).first).to_be_visible()


@pytest.mark.parametrize(("size", "scheme"), [("narrow", "light"), ("laptop", "dark")])
def test_every_page_fits_its_window_in_light_and_in_dark(
    size: str, scheme: str, quiet_app: App, open_page: Open
) -> None:
    page = open_page(quiet_app, viewport=SIZES[size], color_scheme=scheme)
    for path in PATHS:
        page.goto(quiet_app.url + path)
        idle(page)
        assert page.evaluate(IS_WIDER) == [], path
        assert page.get_by_test_id("stException").count() == 0, path
        assert _is_dark(page) == (scheme == "dark"), path
    page.goto(f"{quiet_app.url}/generate")
    _choose(page)
    assert page.evaluate(IS_WIDER) == [], "the last step"


def _is_dark(page: Page) -> bool:
    colour = page.evaluate("getComputedStyle(document.querySelector('[data-testid=\"stApp\"]')).backgroundColor")
    return sum(int(part) for part in colour.strip("rgba() ").split(",")[:3]) < 3 * 128


def _choose(page: Page) -> None:
    page.get_by_role("button", name="Customer Support").click()
    page.get_by_role("button", name="Technical Support").click()
    expect(page.get_by_role("button", name="Generate 10")).to_be_visible()
    idle(page)


def test_a_card_can_be_chosen_with_the_keyboard_alone(quiet_app: App, open_page: Open) -> None:
    page = open_page(quiet_app, "/generate")
    for name in ("Customer Support", "Technical Support"):
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.innerText").strip() == name:
                break
        focused = page.get_by_role("button", name=name)
        expect(focused).to_be_focused()
        card = page.locator('[class*="st-key-card-"]', has=focused)
        assert card.evaluate("e => getComputedStyle(e).outlineStyle") == "solid", "and one sees where one is"
        page.keyboard.press("Enter")
        expect(card).to_have_count(0)
        idle(page)
    expect(page.get_by_role("button", name="Generate 10")).to_be_visible()


def test_a_page_that_rests_says_nothing(quiet_app: App, open_page: Open) -> None:
    pages = [open_page(quiet_app, path) for path in ("/", "/tasks", "/dataset?dataset=1")]
    counters = [Frames(page) for page in pages]
    for page in pages:
        page.reload()
        idle(page)
    before = [counter.count for counter in counters]
    assert all(before), "the counters count"
    pages[0].wait_for_timeout(4000)
    assert [counter.count for counter in counters] == before


def test_a_page_polls_while_a_job_is_at_work(app: Start, open_page: Open, tmp_path: Path) -> None:
    with filling(tmp_path / "data") as place:
        make_full(place)  # one waits, one runs, both in this process
        page = open_page(app(tmp_path / "data"), "/tasks")
        frames = Frames(page)
        page.reload()
        idle(page)
        before = frames.count
        wait_for(lambda: frames.count > before + 10, page)
