"""Review in Chromium: nothing that a reviewer does is lost, by cell, by key or by the hundred."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.filling import filling
from tests.e2e.review_page import BODY, cell, edit_cell, grid, rest, rows, shows, texts, toast
from tests.e2e.watching import wait_for
from tests.pages.support import make_dataset, simple
from tests.tools.app import App, Console, idle, start_app

Start = Callable[..., App]
Open = Callable[..., Page]
REVIEW = "/review?dataset=1"


@pytest.fixture
def reviewed(app: Start, tmp_path_factory: pytest.TempPathFactory) -> App:
    """An app with one dataset of 320 examples."""
    folder = tmp_path_factory.mktemp("review") / "data"
    with filling(folder) as place:
        make_dataset(place, contents=[simple(n) for n in range(320)])
    return app(folder)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """One that the tests share which leave it as it is."""
    folder = tmp_path_factory.mktemp("calm") / "data"
    with filling(folder) as place:
        make_dataset(place, contents=[simple(n) for n in range(60)])
    started = start_app(folder)
    yield started
    started.stop()


def open_review(open_page: Open, app: App, path: str = REVIEW, **options: object) -> Page:
    page = open_page(app, path, **options)
    rest(page)
    return page


def test_a_cell_that_was_edited_is_there_after_a_refresh(reviewed: App, open_page: Open) -> None:
    page = open_review(open_page, reviewed)
    edit_cell(page, 2, "first_user", "Why is the sky blue?")
    toast(page, "Saved")
    page.reload()
    rest(page)
    expect(cell(page, 2, "first_user")).to_have_text("Why is the sky blue?")
    cell(page, 2, "first_user").click()
    shows(page, 3)
    expect(page.locator(BODY)).to_contain_text("Why is the sky blue?")


def test_twenty_cells_that_are_edited_fast_are_all_saved(reviewed: App, open_page: Open) -> None:
    page = open_review(open_page, reviewed)
    for n in range(10):
        edit_cell(page, n, "first_user", f"Asked anew {n}")
        edit_cell(page, n, "tags", f"tag {n}")
    wait_for(lambda: texts(reviewed)[:10] == [f"Asked anew {n}" for n in range(10)], page, 30)
    found = "SELECT count(*) FROM examples WHERE tags LIKE '%tag %'"
    wait_for(lambda: rows(reviewed, found) == [(10,)], page, 30)
    idle(page)
    assert page.get_by_test_id("stAlert").count() == 0


def test_an_edit_outlives_a_server_that_is_killed_before_the_page_changes(
    reviewed: App, app: Start, open_page: Open, console: Console
) -> None:
    page = open_review(open_page, reviewed)
    edit_cell(page, 0, "first_user", "Written just before the crash")
    toast(page, "Saved")
    reviewed.kill()
    console.errors.clear()
    again = app(reviewed.data_dir)
    page = open_review(open_page, again)
    expect(cell(page, 0, "first_user")).to_have_text("Written just before the crash")
    console.errors.clear()  # the first page lost its server


def test_twenty_decisions_need_the_keyboard_only(reviewed: App, open_page: Open) -> None:
    page = open_review(open_page, reviewed)
    for n in range(20):
        shows(page, n + 1)
        expect(page.locator(BODY)).to_contain_text(f"Question number {n}?")
        page.keyboard.press("axs"[n % 3])
    shows(page, 21)
    given = rows(reviewed, "SELECT verdict FROM examples WHERE verdict IS NOT NULL ORDER BY example_index")
    assert [verdict for (verdict,) in given] == [("accept", "reject", "skip")[n % 3] for n in range(20)]
    page.keyboard.press("z")
    shows(page, 20)
    wait_for(lambda: rows(reviewed, "SELECT count(*) FROM examples WHERE verdict IS NOT NULL") == [(19,)], page, 20)


def test_keys_that_are_faster_than_the_app_decide_on_what_was_in_view(reviewed: App, open_page: Open) -> None:
    page = open_review(open_page, reviewed)
    shows(page, 1)
    page.keyboard.press("a")
    expect(page.locator(".st-key-review-ahead-head, .st-key-review-now-head").filter(visible=True)).to_have_count(1)
    page.keyboard.press("x")
    shows(page, 3)
    given = rows(reviewed, "SELECT example_index, verdict FROM examples WHERE verdict IS NOT NULL ORDER BY 1")
    assert given == [(0, "accept"), (1, "reject")]


def test_clicks_that_are_faster_than_the_app_decide_on_what_was_in_view(reviewed: App, open_page: Open) -> None:
    page = open_review(open_page, reviewed)
    shows(page, 1)
    page.evaluate("for (const key of 'ax') document.querySelector(`.st-key-review-do-${key} button`).click()")
    shows(page, 3)
    given = rows(reviewed, "SELECT example_index, verdict FROM examples WHERE verdict IS NOT NULL ORDER BY 1")
    assert given == [(0, "accept"), (1, "reject")]


def test_what_was_done_before_a_refresh_is_undone_after_it_in_its_own_tab(reviewed: App, open_page: Open) -> None:
    page = open_review(open_page, reviewed)
    page.keyboard.press("-")
    toast(page, "Your score: 10.")
    scored = "SELECT person_score FROM examples WHERE person_score IS NOT NULL"
    assert rows(reviewed, scored) == [(10.0,)]
    page.reload()
    other = open_review(open_page, reviewed)
    other.keyboard.press("z")
    toast(other, "Nothing to undo")
    rest(page)
    page.keyboard.press("z")
    toast(page, "Undone: a score")
    assert rows(reviewed, scored) == []


def test_three_hundred_are_rejected_at_once_and_undone_at_once(reviewed: App, open_page: Open) -> None:
    page = open_review(open_page, reviewed)
    page.locator(".st-key-review-bulk").get_by_role("button").click()
    page.get_by_text("All 320 that match").wait_for()
    page.get_by_role("button", name="Reject", exact=True).last.click()
    toast(page, "320 examples rejected")
    rejected = "SELECT count(*) FROM examples WHERE verdict = 'reject'"
    assert rows(reviewed, rejected) == [(320,)]
    page.keyboard.press("Escape")
    idle(page)
    page.locator(".st-key-review-do-z button").first.click()
    toast(page, "Undone")
    assert rows(reviewed, rejected) == [(0,)]


def test_ticked_examples_are_decided_together(reviewed: App, open_page: Open) -> None:
    page = open_review(open_page, reviewed)
    for row in (1, 3):
        grid(page).locator(f'.ag-row[row-index="{row}"] input[type=checkbox]').click()
    page.get_by_role("button", name="2 ticked").click()
    page.locator(".st-key-review-bulk-check button").click()
    toast(page, "2 examples accepted")
    found = rows(reviewed, "SELECT example_index FROM examples WHERE verdict = 'accept' ORDER BY example_index")
    assert found == [(1,), (3,)]


def test_a_verdict_leads_on_within_the_filter(reviewed: App, open_page: Open) -> None:
    page = open_review(open_page, reviewed)
    page.keyboard.press("a")
    shows(page, 2)
    page.keyboard.press("j")
    shows(page, 3)
    page.locator('[class*="st-key-review-verdict-"]').get_by_role("combobox").click()
    page.get_by_role("option", name="Not seen").click()
    shows(page, 2)
    idle(page)  # until the listener knows what is in view, a key is meant for what was there before, and is dropped
    page.keyboard.press("x")
    shows(page, 3)
    expect(cell(page, 0, "number")).to_have_text("3", timeout=20_000)
    expect(page.locator(".st-key-review-foot")).to_contain_text("318")


def test_keys_rest_while_somebody_types_and_behind_a_dialog(calm: App, open_page: Open) -> None:
    page = open_review(open_page, calm)
    shows(page, 1)
    page.get_by_placeholder("Search in the texts").click()
    page.keyboard.type("axs")
    page.keyboard.press("Escape")
    page.locator("h1").first.click()
    idle(page)
    page.keyboard.press("h")
    dialog = page.get_by_test_id("stDialog")
    expect(dialog).to_contain_text("accept, and on to the next")
    for key in "axs5":
        page.keyboard.press(key)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    idle(page)
    assert rows(calm, "SELECT count(*) FROM reviews") == [(0,)]
    assert texts(calm)[0] == "Question number 0?"


def test_letters_in_the_grid_are_keys_and_change_no_cell(reviewed: App, open_page: Open) -> None:
    page = open_review(open_page, reviewed)
    cell(page, 4, "first_user").click()
    shows(page, 5)
    page.keyboard.press("Delete")
    page.keyboard.press("x")
    shows(page, 6)
    assert rows(reviewed, "SELECT verdict FROM examples WHERE example_index = 4") == [("reject",)]
    assert texts(reviewed)[4] == "Question number 4?"
    assert rows(reviewed, "SELECT count(*) FROM example_revisions WHERE revision > 1") == [(0,)]


def test_name_and_columns_are_kept_by_the_browser(calm: App, open_page: Open) -> None:
    page = open_review(open_page, calm, locale="en-GB")
    page.locator(".st-key-review-name-menu").get_by_role("button").click()
    name = page.get_by_label("Your name", exact=True)
    name.fill("Zoë")
    name.press("Enter")
    idle(page)
    page.keyboard.press("Escape")
    page.locator(".st-key-review-columns-menu").get_by_role("button").first.click()
    page.get_by_role("button", name="Verdict", exact=True).click()
    expect(grid(page).get_by_role("columnheader", name="Verdict")).to_have_count(0, timeout=20_000)
    idle(page)
    again = page.context.new_page()
    again.goto(calm.url + REVIEW)
    rest(again)
    expect(again.locator(".st-key-review-name-menu")).to_contain_text("Zoë")
    expect(grid(again).get_by_role("columnheader", name="Verdict")).to_have_count(0)
    expect(grid(again).get_by_role("columnheader", name="Score")).to_have_count(1)


def test_the_page_scrolls_and_goes_back_to_the_top_with_the_keyboard(calm: App, open_page: Open) -> None:
    page = open_review(open_page, calm, viewport={"width": 1000, "height": 620})
    top = "document.querySelector('.st-key-review-body-0').scrollTop"
    page.evaluate("document.querySelector('.st-key-review-body-0').style.paddingBottom = '2000px'")
    page.keyboard.press("Space")
    wait_for(lambda: page.evaluate(top) > 50, page, 10)
    page.keyboard.press("j")
    shows(page, 2)
    wait_for(lambda: page.evaluate(top) == 0, page, 10)
