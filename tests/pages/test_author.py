"""Who makes a change: whoever is signed in, under the name that they have there; else the name that is typed."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from synthgen_core.actions.review import review_example
from synthgen_core.workspace import Workspace
from tests.pages.support import make_dataset, simple

Open = Callable[..., AppTest]
KNOWN = {"is_logged_in": True, "name": "Eve Adams", "email": "eve@example.com", "sub": "10769150350006150715113082367"}


def open_as(open_page: Open, user: dict[str, object], name: str, typed: str = "", **query: str) -> AppTest:
    """A page as this user sees it, who typed this name before."""
    page = open_page(name, **query)
    page.user = user
    if typed:
        page.session_state["_author"] = typed
    return page.run()


def fields(page: AppTest) -> list[str]:
    """The labels of what can be typed."""
    assert not page.exception
    return [field.label for field in page.text_input]


@pytest.mark.parametrize("known", ["name", "email", "sub"])
def test_whoever_is_signed_in_reviews_under_that_name_whatever_was_typed(
    known: str, place: Workspace, open_page: Open
) -> None:
    make_dataset(place, contents=[simple(n) for n in range(3)])
    names = list(KNOWN)
    user = {claim: KNOWN[claim] for claim in ("is_logged_in", *names[names.index(known) :])}
    page = open_as(open_page, user, "review", "Somebody else", dataset="1")
    assert "Your name" not in fields(page)
    page.button(key="review-do-a").click().run()
    assert review_example(place, 1, str(KNOWN[known])).mine is not None


def test_whoever_is_signed_in_makes_a_version_under_that_name(place: Workspace, open_page: Open) -> None:
    make_dataset(place, contents=[simple(0)])
    page = open_as(open_page, KNOWN, "dataset", "Somebody else", dataset="1", tab="Versions")
    next(button for button in page.button if button.label == "Make a version").click().run()
    assert "Signed with your name, Eve Adams." in [caption.value for caption in page.caption]
    assert "Your name" not in fields(page)


@pytest.mark.parametrize("user", [{"is_logged_in": False}, {"email": "test@example.com"}])
def test_whoever_is_not_signed_in_types_a_name(user: dict[str, object], place: Workspace, open_page: Open) -> None:
    make_dataset(place, contents=[simple(n) for n in range(3)])
    page = open_as(open_page, user, "review", dataset="1")
    page.text_input(key="review-name").set_value("Fay").run()
    page.button(key="review-do-a").click().run()
    assert review_example(place, 1, "Fay").mine is not None
