"""“Improve” on the Review page: a model's proposal, shown as a difference, then taken, edited or left."""

import json
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from synthgen_core.actions.review import review_example
from synthgen_core.actions.review_edit import edit
from synthgen_core.models import Dataset
from synthgen_core.reviewing import Actor
from synthgen_core.workspace import Workspace
from tests.pages.support import chat, errors, make_dataset, said, simple
from tests.support.server import Act, ModelServer

Open = Callable[..., AppTest]
ME = "Cleo"
BETTER = chat("Question number 0?", "It is the third one.")


@pytest.fixture
def few(place: Workspace) -> Dataset:
    """A dataset of three; the first one's id is 1."""
    return make_dataset(place, contents=[simple(n) for n in range(3)])


@pytest.fixture
def page(few: Dataset, server: ModelServer, open_page: Open, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page of somebody with a name, whose session uses the local server."""
    for name, value in (("PROVIDER", "openai"), ("MODEL", "stub-model")):
        monkeypatch.setenv(f"LLM_{name}", value)
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-local")
    opened = open_page("review", dataset=str(few.id))
    opened.session_state["_author"] = ME
    return opened.run()


def ask(page: AppTest, server: ModelServer, wish: str = "Say which.", *acts: Act) -> AppTest:
    """Open the dialog, wish, and ask; unless told otherwise the model answers with the better version."""
    server.then(*(acts or (Act(text=json.dumps(BETTER)),)))
    page.button(key="review-improve").click().run()
    page.text_area(key="review-wish").set_value(wish)
    return page.button(key="review-improve-ask").click().run()


def is_proposed(page: AppTest) -> bool:
    assert not page.exception
    return "Proposed by" in said(page)


def test_a_proposal_is_shown_word_by_word_with_its_cost_and_is_not_saved(
    place: Workspace, page: AppTest, server: ModelServer
) -> None:
    ask(page, server)
    assert "Say which." in server.calls[-1].words
    for _ in range(2):
        assert is_proposed(page)
        assert "1 call, 150 tokens" in said(page)
        assert any("<ins>" in html.proto.body and "third" in html.proto.body for html in page.get("html"))
        page.run()
    assert review_example(place, 1).example.content == simple(0)


def test_taken_it_is_an_edit_that_says_where_it_came_from(place: Workspace, page: AppTest, server: ModelServer) -> None:
    ask(page, server)
    page.button(key="review-proposal-check").click().run()
    assert not is_proposed(page)
    view = review_example(place, 1)
    assert view.example.content == BETTER
    assert (view.revisions[-1].author, view.revisions[-1].reason) == (ME, "proposed by stub-model")


def test_edited_it_is_a_draft_until_it_is_saved(place: Workspace, page: AppTest, server: ModelServer) -> None:
    ask(page, server)
    page.button(key="review-proposal-edit").click().run()
    assert [field.value for field in page.text_area] == ["Question number 0?", "It is the third one."]
    draft = review_example(place, 1, ME).draft
    assert draft is not None
    assert draft.content == BETTER
    page.button(key="review-edit-save").click().run()
    assert not is_proposed(page)
    assert review_example(place, 1).example.content == BETTER


def test_left_it_is_gone_and_nothing_was_changed(place: Workspace, page: AppTest, server: ModelServer) -> None:
    ask(page, server)
    page.button(key="review-proposal-close").click().run()
    assert not is_proposed(page)
    assert review_example(place, 1, ME).draft is None
    assert review_example(place, 1).example.revision == 1


def test_it_waits_at_its_example_while_others_are_read(page: AppTest, server: ModelServer) -> None:
    ask(page, server)
    page.button(key="review-do-j").click().run()
    assert not is_proposed(page)
    page.button(key="review-do-k").click().run()
    assert is_proposed(page)


def test_taken_after_somebody_changed_the_example_it_overwrites_nothing(
    place: Workspace, page: AppTest, server: ModelServer
) -> None:
    ask(page, server)
    theirs = chat("Question number 0?", "Ben's.")
    edit(place, 1, theirs, seen_revision=1, actor=Actor("Ben", "b"))
    page.button(key="review-proposal-check").click().run()
    assert any("Your text was not saved" in warning.value for warning in page.warning)
    assert review_example(place, 1).example.content == theirs
    page.button(key="review-conflict-save").click().run()
    assert review_example(place, 1).example.content == BETTER
    assert not is_proposed(page)


def test_a_refused_key_is_told_and_nothing_is_proposed(page: AppTest, server: ModelServer) -> None:
    ask(page, server, "", Act(status=401))
    assert not is_proposed(page)
    assert "key" in errors(page)


def test_the_embedded_model_is_said_to_be_too_small(page: AppTest, server: ModelServer) -> None:
    page.button(key="review-improve").click().run()
    page.selectbox(key="provider").set_value("embedded").run()
    page.button(key="review-improve").click().run()
    assert any("too small to improve" in info.value for info in page.info)
    assert page.button(key="review-improve-ask").disabled
    assert not server.calls
