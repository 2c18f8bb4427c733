"""The Review page: what it shows, what its buttons do, and what it says when something cannot be done."""

import contextlib
import sqlite3
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from synthgen_core.actions.review import review_example
from synthgen_core.actions.review_edit import decide, edit, save_draft
from synthgen_core.actions.review_queues import choose_sample
from synthgen_core.actions.review_settings import set_guidelines, set_review_settings
from synthgen_core.database import NewExample
from synthgen_core.models import Dataset
from synthgen_core.reviewing import Actor, Queue, ReviewSettings, Verdict
from synthgen_core.workspace import Workspace
from tests.pages.support import chat, errors, make_dataset, said, simple

Open = Callable[..., AppTest]
ANNA, BEN = Actor("Anna", "a"), Actor("Ben", "b")
ME = "Cleo"


@pytest.fixture
def ten(place: Workspace) -> Dataset:
    """A dataset of ten."""
    return make_dataset(place, contents=[simple(n) for n in range(10)])


@pytest.fixture
def open_review(open_page: Open) -> Open:
    """Opens the page for somebody with a name."""

    def open_(dataset: Dataset, **query: str) -> AppTest:
        page = open_page("review", dataset=str(dataset.id), **query)
        page.session_state["_author"] = ME
        return page.run()

    return open_


def current(page: AppTest) -> str:
    """The title of the example in view."""
    assert not page.exception
    titles = [text.value.strip("*") for text in page.main.markdown if text.value.startswith("**Example")]
    return titles[0]


def press(page: AppTest, key: str) -> AppTest:
    """The button that does what a key does."""
    return page.button(key=f"review-do-{key}").click().run()


def ids(place: Workspace, dataset: Dataset) -> list[int]:
    return [example.id for example in place.database.get_dataset_examples(dataset.id, 100, 0)]


def grid_key(page: AppTest) -> str:
    """Under which the grid's value stands in the session."""
    desks = page.session_state["_desks"]
    return str(next(iter(desks.values())).grid_key)


def test_a_verdict_is_kept_and_leads_on(place: Workspace, open_review: Open, ten: Dataset) -> None:
    page = open_review(ten)
    assert current(page) == "Example 1"
    for key, verdict in (("a", Verdict.ACCEPT), ("x", Verdict.REJECT), ("s", Verdict.SKIP)):
        press(page, key)
        given = [review_example(place, each, ME).mine for each in ids(place, ten)]
        assert verdict in [review.verdict for review in given if review]
    assert current(page) == "Example 4"
    press(page, "z")
    assert current(page) == "Example 3"
    assert review_example(place, ids(place, ten)[2], ME).verdict is None


def test_the_last_one_stays_in_view(place: Workspace, open_review: Open, ten: Dataset) -> None:
    page = open_review(ten, example=str(ids(place, ten)[9]))
    press(page, "a")
    assert current(page) == "Example 10"
    assert "last one" in page.toast[0].value


@pytest.mark.parametrize("asked", ["x", "0", "999", "9" * 30])
def test_an_example_that_is_not_there_is_said_and_the_first_one_shown(
    asked: str, place: Workspace, open_page: Open, ten: Dataset
) -> None:
    page = open_page("review", dataset=str(ten.id), example=asked)
    assert current(page) == "Example 1"
    assert ("example" in errors(page).lower()) == (asked in ("0", "999"))


@pytest.mark.parametrize("asked", ["x", "999", "-1"])
def test_a_dataset_that_is_not_there_leads_to_the_list(asked: str, open_page: Open, ten: Dataset) -> None:
    page = open_page("review", dataset=asked)
    assert not page.exception
    assert "dataset" in errors(page)


def test_an_example_of_another_dataset_is_not_shown(place: Workspace, open_page: Open, ten: Dataset) -> None:
    other = make_dataset(place, "Other", [chat("Elsewhere?", "Elsewhere.")])
    page = open_page("review", dataset=str(ten.id), example=str(ids(place, other)[0]))
    assert "not one of this dataset" in errors(page)
    assert "Elsewhere" not in said(page)


def test_a_decision_on_a_text_that_changed_is_not_taken(place: Workspace, open_review: Open, ten: Dataset) -> None:
    page = open_review(ten)
    first = ids(place, ten)[0]
    edit(place, first, chat("Question number 0?", "Quite another."), seen_revision=1, actor=BEN)
    press(page, "a")
    assert current(page) == "Example 1"
    assert review_example(place, first, ME).mine is None
    assert any("Ben" in warning.value and "changed this example" in warning.value for warning in page.warning)
    page.button(key="review-conflict-check").click().run()
    press(page, "a")
    assert review_example(place, first, ME).verdict == Verdict.ACCEPT


def test_cells_of_the_grid_are_saved_once_each(place: Workspace, open_review: Open, ten: Dataset) -> None:
    page = open_review(ten)
    first, second = ids(place, ten)[:2]
    log = [
        {
            "n": 1,
            "what": "edit",
            "row": str(first),
            "column": "first_user",
            "before": "Question number 0?",
            "after": "A?",
        },
        {"n": 2, "what": "edit", "row": str(first), "column": "tags", "before": "", "after": "b, a"},
        {"n": 3, "what": "edit", "row": str(first), "column": "note", "before": "", "after": "Look."},
        {"n": 4, "what": "edit", "row": str(second), "column": "person_score", "before": None, "after": 7},
        {"n": 5, "what": "edit", "row": str(second), "column": "status", "before": "active", "after": "removed"},
        {"n": 6, "what": "edit", "row": str(second), "column": "verdict", "before": "", "after": "reject"},
    ]
    for _ in range(2):
        page.session_state[grid_key(page)] = {"nonce": "x", "log": log, "ticked": []}
        page.run()
    view, other = review_example(place, first, ME), review_example(place, second, ME)
    assert view.example.content["messages"][0]["content"] == "A?"  # type: ignore[index,call-overload]
    assert (sorted(view.tags), view.note, len(view.revisions)) == (["a", "b"], "Look.", 2)
    assert (other.person_score, other.example.status, other.verdict) == (7.0, "removed", "reject")
    assert not page.error


def test_the_input_of_an_instruction_has_a_column_of_its_own_that_can_be_edited(
    place: Workspace, open_review: Open, ten: Dataset
) -> None:
    assert "input" not in grid_key(open_review(ten)).split("-")
    content = {"instruction": "Translate.", "input": "Hello", "output": "Salut"}
    page = open_review(make_dataset(place, "Tasks", [content], format_type="instruction"))
    assert "input" in grid_key(page).split("-")
    asked = {"n": 1, "what": "edit", "row": "11", "column": "first_user", "before": "Translate.", "after": "Say it."}
    given = {"n": 2, "what": "edit", "row": "11", "column": "input", "before": "Hello", "after": "Hi"}
    page.session_state[grid_key(page)] = {"nonce": "x", "log": [asked, given], "ticked": []}
    page.run()
    assert review_example(place, 11).example.content == {"instruction": "Say it.", "input": "Hi", "output": "Salut"}
    assert not page.error


def test_a_cell_that_somebody_else_changed_is_not_overwritten(
    place: Workspace, open_review: Open, ten: Dataset
) -> None:
    page = open_review(ten)
    first = ids(place, ten)[0]
    edit(place, first, chat("Ben's?", "Answer number 0."), seen_revision=1, actor=BEN)
    entry = {"n": 1, "what": "edit", "row": str(first), "column": "first_user"}
    log = [entry | {"before": "Question number 0?", "after": "Mine?"}]
    page.session_state[grid_key(page)] = {"nonce": "x", "log": log, "ticked": []}
    page.run()
    assert any("Your text was not saved" in warning.value for warning in page.warning)
    assert "Ben's?" in str(review_example(place, first).example.content)
    page.button(key="review-conflict-save").click().run()
    assert "Mine?" in str(review_example(place, first).example.content)


def test_a_draft_is_offered_again(place: Workspace, open_review: Open, ten: Dataset) -> None:
    first = ids(place, ten)[0]
    save_draft(place, first, chat("Half", "a draft"), seen_revision=1, reviewer=ME)
    page = open_review(ten)
    assert "your draft" in said(page)
    press(page, "draft")
    assert [field.value for field in page.text_area] == ["Half", "a draft"]
    page.button(key="review-edit-save").click().run()
    view = review_example(place, first, ME)
    assert view.draft is None
    assert view.example.content == chat("Half", "a draft")


def test_what_others_said_is_hidden_until_one_has_decided(place: Workspace, open_review: Open, ten: Dataset) -> None:
    set_review_settings(place, ten.id, ReviewSettings(overlap=2, is_blind=True))
    first = ids(place, ten)[0]
    decide(place, ten.id, [first], Verdict.REJECT, ANNA)
    page = open_review(ten)
    assert "shown once you have decided" in said(page)
    assert "Anna" not in said(page)
    press(page, "a")
    press(page, "k")
    assert "Anna: rejected" in said(page)
    page.button(key="review-settle-reject").click().run()
    assert review_example(place, first, ME).verdict == Verdict.REJECT


def test_a_random_sample_is_a_queue_of_its_own(place: Workspace, open_review: Open, ten: Dataset) -> None:
    choice = choose_sample(place, ten.id, 3, seed=1)
    page = open_review(ten)
    desk = next(iter(page.session_state["_desks"].values()))
    desk.queue, desk.sample_id = Queue.CHOSEN, choice.id
    page.run()
    seen = set()
    for _ in range(3):
        seen.add(current(page))
        press(page, "j")
    assert len(seen) == 3
    assert "of 3" in said(page)


def test_guidelines_are_one_press_away(place: Workspace, open_review: Open, ten: Dataset) -> None:
    set_guidelines(place, ten.id, "Reject what is *rude*.")
    page = open_review(ten)
    page.button(key="review-ask-g").click().run()
    assert "Reject what is *rude*." in [text.value for text in page.markdown]


def test_without_a_dataset_the_page_says_where_one_comes_from(open_page: Open) -> None:
    page = open_page("review")
    assert not page.exception
    assert "nothing to review" in page.info[0].value


def test_a_dataset_without_examples_is_said_to_have_none(place: Workspace, open_page: Open) -> None:
    page = open_page("review", dataset=str(make_dataset(place).id))
    assert not page.exception
    assert "Nothing matches" in said(page)


def test_a_judges_reasons_and_the_words_that_raised_a_flag_are_shown(
    place: Workspace, open_review: Open, ten: Dataset
) -> None:
    with contextlib.closing(sqlite3.connect(place.settings.data_dir / "llm_dataset_creator.db")) as connection:
        connection.execute(
            "INSERT INTO judgements (example_id, revision, provider, model, rubric_hash, scores, overall, rationale, "
            "reply, state, created_at) "
            "VALUES (1, 1, 'openai', 'judge-1', '', ?, 6.5, 'It is *short*.', '', 'scored', ?)",
            ('{"relevance": 7.0}', "2026-11-01 10:00:00.000000"),
        )
        connection.execute(
            'INSERT INTO flags (example_id, revision, rule, severity, message, field, start, "end", source, created_at)'
            " VALUES (1, 1, 'short_answer', 'warning', 'Short.', 'messages.1', 7, 13, 'rules', ?)",
            ("2026-11-01 10:00:00.000000",),
        )
        connection.commit()
    page = open_review(ten)
    page.session_state["review-tab"] = "Quality"
    page.run()
    text = said(page)
    for part in ("judge-1", "6.5", "relevance 7", "It is *short*.", "Short. (rules)"):
        assert part in text
    assert any("<mark>number</mark>" in html.proto.body for html in page.get("html"))


def test_the_prompt_is_shown_on_request_where_it_is_known(place: Workspace, open_review: Open, ten: Dataset) -> None:
    made = {"domain": "support", "subdomain": "technical_support", "language": "en", "method": "structured"}
    new = NewExample(10, simple(10), {**made, "seed": 7, "item": 0, "tries": 1})
    place.database.add_examples(ten.id, [new])
    for number, words in ((1, "was not made here"), (11, "You write training data for a language model")):
        page = open_review(ten, example=str(number))
        page.session_state["review-tab"] = "Details"
        page.run()
        assert words not in said(page)
        page.toggle(key=f"review-prompt-{number}").set_value(True).run()
        assert words in said(page) + "".join(code.value for code in page.code)


def test_what_a_text_was_can_be_compared_and_edited_again(place: Workspace, open_review: Open, ten: Dataset) -> None:
    edit(place, 1, chat("Question number 0?", "Quite another."), seen_revision=1, actor=BEN)
    page = open_review(ten)
    page.session_state["review-tab"] = "History"
    page.run()
    assert "by Ben" in said(page)
    assert any("<ins>" in html.proto.body for html in page.get("html"))
    page.button(key="review-again").click().run()
    page.button(key="review-edit-save").click().run()
    assert review_example(place, 1).example.content == simple(0)
    assert len(review_example(place, 1).revisions) == 3


def test_what_was_typed_is_there_after_a_visit_to_another_page(
    place: Workspace, open_review: Open, ten: Dataset
) -> None:
    page = press(open_review(ten), "e")
    page.text_area[0].set_value("Half").run()
    page.switch_page("pages/datasets.py").run()
    page.switch_page("pages/review.py").run()
    for _ in range(2):
        assert not page.exception
        assert page.text_area[0].value == "Half"
        draft = review_example(place, 1, ME).draft
        assert draft is not None
        assert draft.content == chat("Half", "Answer number 0.")
        page.run()
