"""Review in Chromium: two people at one example, drafts, and texts of every kind and size."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.filling import filling
from tests.e2e.review_page import BODY, TITLE, cell, grid, rest, rows, shows, texts, toast
from tests.e2e.watching import wait_for
from tests.pages.support import chat, make_dataset, simple
from tests.tools.app import App, idle, start_app

Open = Callable[..., Page]
ARABIC, CHINESE = "لا يعمل جهاز التوجيه الخاص بي", "我的路由器每天晚上都会断线"
SCRIPT = "<script>window.wasRun = 1</script><img src=x onerror='window.wasRun = 1'><b>bold</b>"
MARKED = "::JSCODE::window.wasRun = 1::JSCODE::"
TABLE = "| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nprint('x')\n```"
LONG = "word " * 4000
IS_WIDER = """() => ['html', 'body', '[data-testid="stApp"]', '[data-testid="stMain"]']
    .filter(name => { const e = document.querySelector(name); return e.scrollWidth > e.clientWidth + 1; })"""
NUMBERS = {"arabic": 1, "chinese": 2, "script": 3, "table": 4, "many": 5, "long": 6}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app with one dataset of texts of every kind, and one to be edited."""
    folder = tmp_path_factory.mktemp("mixed") / "data"
    kinds = [
        chat(ARABIC, "حسنا."),
        chat(CHINESE, "好的。"),
        chat(SCRIPT, MARKED),
        chat("Table?", TABLE),
        chat(*(f"Turn {n} of fifty" for n in range(50))),
        chat("Long?", LONG),
    ]
    with filling(folder) as place:
        make_dataset(place, "Kinds", kinds)
        make_dataset(place, "To edit", [simple(n) for n in range(30)])
    started = start_app(folder)
    yield started
    started.stop()


def open_review(open_page: Open, app: App, dataset: int, example: int | None = None, **options: object) -> Page:
    page = open_page(app, f"/review?dataset={dataset}" + (f"&example={example}" if example else ""), **options)
    rest(page)
    return page


def write(page: Page, text: str) -> None:
    """Edit the answer in the panel, and leave the cursor in it."""
    page.keyboard.press("e")
    field = page.locator(".st-key-review-editor textarea").last
    field.click()
    field.fill(text)


def edited(page: Page, text: str) -> None:
    """Edit the answer, and save with the keyboard."""
    write(page, text)
    page.keyboard.press("Control+Enter")


def test_an_edit_in_two_tabs_is_told_in_both(mixed: App, open_page: Open) -> None:
    first = open_review(open_page, mixed, 2, 7)
    second = open_review(open_page, mixed, 2, 7)
    write(second, "Mine.")
    edited(first, "Theirs.")
    toast(first, "Saved")
    second.keyboard.press("Control+Enter")
    conflict = second.locator(".st-key-review-conflict")
    expect(conflict).to_contain_text("changed this example", timeout=30_000)
    expect(conflict).to_contain_text("Theirs.")
    assert "Theirs." in rows(mixed, "SELECT content FROM examples WHERE id = 7")[0][0], "nothing was overwritten"
    conflict.get_by_role("button", name="Save yours over theirs").click()
    toast(second, "Saved")
    assert "Mine." in rows(mixed, "SELECT content FROM examples WHERE id = 7")[0][0]
    first.keyboard.press("a")
    expect(first.locator(".st-key-review-conflict")).to_contain_text("Mine.", timeout=30_000)
    assert rows(mixed, "SELECT count(*) FROM reviews WHERE example_id = 7") == [(0,)], "nobody saw that text here"


def test_what_is_being_typed_outlives_a_refresh(mixed: App, open_page: Open) -> None:
    page = open_review(open_page, mixed, 2, 8)
    write(page, "Half a sen")
    wait_for(lambda: rows(mixed, "SELECT count(*) FROM drafts WHERE example_id = 8") == [(1,)], page, 20)
    field = page.locator(".st-key-review-editor textarea").last
    expect(field).to_be_focused()
    page.keyboard.type("tence")
    page.reload()
    rest(page)
    expect(page.locator(BODY)).to_contain_text("your draft", timeout=20_000)
    page.keyboard.press("e")
    expect(page.locator(".st-key-review-editor textarea").last).to_have_value("Half a sen")
    page.keyboard.press("Escape")
    expect(page.locator(".st-key-review-editor")).to_have_count(0)


def test_a_text_against_the_format_is_refused_beside_its_field(mixed: App, open_page: Open) -> None:
    page = open_review(open_page, mixed, 2, 9)
    edited(page, "")
    passage = page.locator('[class*="st-key-review-passage-messages-1"]')
    expect(passage.get_by_test_id("stAlert")).to_contain_text("message 2 is empty", timeout=20_000)
    edited_text = page.locator(".st-key-review-editor textarea").last
    edited_text.fill("Better.")
    page.keyboard.press("Control+Enter")
    toast(page, "Saved")
    assert "Better." in rows(mixed, "SELECT content FROM examples WHERE id = 9")[0][0]


def test_a_turn_can_be_added_moved_and_taken_away(mixed: App, open_page: Open) -> None:
    page = open_review(open_page, mixed, 2, 10)
    page.keyboard.press("e")
    fields = page.locator(".st-key-review-editor textarea")
    expect(fields).to_have_count(2)
    page.get_by_role("button", name="Add a system prompt").click()
    expect(fields).to_have_count(3)
    fields.first.fill("Be brief.")
    page.get_by_role("button", name="Add a turn").last.click()
    expect(fields).to_have_count(4)
    expect(fields.first).to_have_value("Be brief.")
    page.locator('[class*="st-key-review-delete-messages-3"] button').first.click()
    expect(fields).to_have_count(3)
    idle(page)
    fields.first.click()
    page.keyboard.press("Control+Enter")
    toast(page, "Saved")
    saved = rows(mixed, "SELECT json_extract(content, '$.messages[0].content') FROM examples WHERE id = 10")
    assert saved == [("Be brief.",)]


@pytest.mark.parametrize("kind", NUMBERS)
def test_a_text_of_every_kind_reads_as_it_was_written(kind: str, mixed: App, open_page: Open) -> None:
    page = open_review(open_page, mixed, 1, NUMBERS[kind])
    shows(page, NUMBERS[kind])
    body = page.locator(BODY)
    said = {"arabic": ARABIC, "chinese": CHINESE, "script": SCRIPT, "table": "Table?", "many": "Turn 0 of fifty"}
    expect(body).to_contain_text(said.get(kind, "word word"))
    row = NUMBERS[kind] - 1
    if kind == "arabic":
        assert body.locator("p").first.evaluate("e => getComputedStyle(e).unicodeBidi") == "plaintext"
    if kind == "script":
        expect(cell(page, row, "first_user")).to_have_text(SCRIPT)
        assert body.locator("script, img, b").count() == 0
        assert grid(page).locator(".ag-cell script, .ag-cell img").count() == 0
    if kind == "table":
        expect(body.locator("table td").first).to_have_text("1")
        expect(body.get_by_test_id("stCode")).to_contain_text("print('x')")
    if kind == "long":
        assert len(body.inner_text()) > 19_000
    assert not page.evaluate("window.wasRun")
    assert page.evaluate(IS_WIDER) == []


@pytest.mark.parametrize(("width", "scheme"), [(1366, "light"), (1366, "dark"), (420, "dark")])
def test_the_page_fits_its_window_in_light_and_in_dark(width: int, scheme: str, mixed: App, open_page: Open) -> None:
    page = open_review(open_page, mixed, 1, viewport={"width": width, "height": 768}, color_scheme=scheme)
    assert page.evaluate(IS_WIDER) == []
    if width > 640:
        for name in ("Accept", "Reject", "Skip", "Edit"):
            box = page.get_by_role("button", name=name).first.bounding_box()
            assert box, name
            assert box["y"] + box["height"] <= 768, f"{name} is in view"


def test_the_grid_follows_a_change_of_theme(mixed: App, open_page: Open) -> None:
    page = open_review(open_page, mixed, 1, color_scheme="light")
    root = grid(page).locator(".ag-root-wrapper")

    def colour() -> str:
        return str(root.first.evaluate("e => getComputedStyle(e).backgroundColor"))

    assert colour() == "rgb(255, 255, 255)"
    page.emulate_media(color_scheme="dark")
    wait_for(lambda: root.count() and colour() == "rgb(15, 18, 32)", page, 30)
    assert texts(mixed)[2] == SCRIPT
    assert page.locator(TITLE).count()
