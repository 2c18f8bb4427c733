"""Who gets in: the sign-in page, the lists, what each role is offered, and what stays hidden from all others."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from synthgen_core.access import FREE_TRIES
from synthgen_core.actions.review_progress import count_verdicts
from synthgen_core.workspace import Workspace
from tests.pages.support import errors, labels, make_dataset, said, simple

Open = Callable[..., AppTest]
PAGES = ("dashboard", "generate", "import", "review", "quality", "datasets", "dataset", "tasks", "settings")
PASSWORDS = {
    "ACCESS_PASSWORD": "for admins",
    "ACCESS_REVIEWER_PASSWORD": "to review",
    "ACCESS_VIEWER_PASSWORD": "to look",
}
ROLES = {"admin": "for admins", "reviewer": "to review", "viewer": "to look"}


@pytest.fixture
def dataset(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dataset behind passwords."""
    make_dataset(place, "Hidden treasure", contents=[simple(n) for n in range(3)])
    for name, password in PASSWORDS.items():
        monkeypatch.setenv(name, password)


def in_shell(page: AppTest) -> AppTest:
    """The same page, drawn anew with what surrounds it: from its second run on, AppTest runs a page's file alone."""
    del page.session_state["_shell"]
    return page.run()


def enter(page: AppTest, password: str) -> AppTest:
    page.run().text_input(key="password").set_value(password)
    next(button for button in page.button if button.label == "Continue").click().run()
    return page if page.error else in_shell(page)


def everything(page: AppTest) -> str:
    """What a page says, its sidebar included."""
    return "\n".join([said(page), *(str(element) for element in page.sidebar)])


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_shown_to_whoever_is_not_in(name: str, dataset: None, open_page: Open) -> None:
    page = open_page(name, dataset="1")
    assert [title.value for title in page.title] == ["Sign in"]
    assert "Hidden treasure" not in everything(page)
    assert [button.label for button in page.button] == ["Continue"]
    assert not page.sidebar


def test_a_wrong_password_opens_nothing(dataset: None, open_page: Open) -> None:
    page = enter(open_page("datasets"), "for admin")
    assert "That is not the password." in errors(page)
    assert "Hidden treasure" not in everything(page)


@pytest.mark.parametrize("role", ROLES)
def test_a_password_opens_the_page_that_was_asked_for(role: str, dataset: None, open_page: Open) -> None:
    page = enter(open_page("dataset", dataset="1"), ROLES[role])
    assert [title.value for title in page.title] == ["Hidden treasure"]
    assert [caption.value for caption in page.sidebar.caption] == [f"Signed in: {role}"]


def test_whoever_signs_out_is_out(dataset: None, open_page: Open) -> None:
    page = enter(open_page("datasets"), "to look")
    page.button(key="sign-out").click().run()
    assert [title.value for title in in_shell(page).title] == ["Sign in"]
    assert "Hidden treasure" not in everything(page.run())


def test_another_password_ends_what_the_old_one_opened(
    dataset: None, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = enter(open_page("datasets"), "to look")
    monkeypatch.setenv("ACCESS_VIEWER_PASSWORD", "another")
    assert [title.value for title in page.run().title] == ["Sign in"]


def test_many_wrong_passwords_have_to_wait_also_in_another_browser(dataset: None, open_page: Open) -> None:
    page = open_page("datasets")
    for n in range(FREE_TRIES + 1):
        page = enter(page, f"guess {n}")
    assert "Too many wrong passwords." in errors(enter(open_page("datasets"), "for admins"))


def test_a_viewer_who_presses_accept_is_refused(place: Workspace, dataset: None, open_page: Open) -> None:
    page = enter(open_page("review", dataset="1"), "to look").run()
    page.button(key="review-do-a").click().run()
    assert "takes the role “reviewer”; yours is “viewer”" in errors(page)
    assert count_verdicts(place, 1) == {}


def test_a_reviewer_who_presses_accept_is_heard(place: Workspace, dataset: None, open_page: Open) -> None:
    page = enter(open_page("review", dataset="1"), "to review").run()
    page.button(key="review-do-a").click().run()
    assert count_verdicts(place, 1) == {"accept": 1}


@pytest.mark.parametrize("role", ["admin", "reviewer"])
def test_only_an_admin_can_press_delete(role: str, dataset: None, open_page: Open) -> None:
    page = enter(open_page("dataset", dataset="1"), ROLES[role])
    delete = next(button for button in page.button if button.label == "Delete")
    assert delete.disabled is (role != "admin")


@pytest.mark.parametrize("name", ["generate", "import", "settings"])
@pytest.mark.parametrize("role", ["admin", "reviewer"])
def test_what_costs_money_or_changes_the_app_is_for_admins(
    name: str, role: str, dataset: None, open_page: Open
) -> None:
    page = enter(open_page(name), ROLES[role])
    is_refused = any(f"takes the role “admin”; yours is “{role}”" in info.value for info in page.info)
    assert is_refused is (role != "admin")
    assert not page.exception


LISTS = {"ACCESS_ADMINS": "ada@example.org", "ACCESS_VIEWERS": "*@example.org"}


@pytest.fixture
def lists(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dataset for people on lists."""
    make_dataset(place, "Hidden treasure", contents=[simple(0)])
    for name, people in LISTS.items():
        monkeypatch.setenv(name, people)


def open_as(open_page: Open, user: dict[str, object], name: str = "datasets") -> AppTest:
    page = open_page(name)
    page.user = {"is_logged_in": True, **user}
    return in_shell(page)


@pytest.mark.parametrize(("email", "role"), [("Ada@example.org", "admin"), ("bob@example.org", "viewer")])
def test_whoever_is_on_a_list_is_let_in_by_name(email: str, role: str, lists: None, open_page: Open) -> None:
    page = open_as(open_page, {"email": email, "name": "Somebody", "email_verified": True})
    assert [caption.value for caption in page.sidebar.caption] == [f"Somebody ({role})"]
    assert "Hidden treasure" in everything(page)


@pytest.mark.parametrize(
    "user", [{"email": "ada@elsewhere.org"}, {"email": "ada@example.org", "email_verified": False}, {"name": "Ada"}]
)
def test_whoever_is_on_no_list_is_told_so_and_can_sign_out(
    user: dict[str, object], lists: None, open_page: Open
) -> None:
    page = open_as(open_page, user)
    assert "may not use this app" in errors(page)
    assert labels(page) == ["Sign out"]
    assert "Hidden treasure" not in everything(page)


def test_lists_without_a_way_to_sign_in_say_what_is_missing(lists: None, open_page: Open) -> None:
    page = open_page("datasets")
    assert "Nobody can sign in yet." in errors(page)
    assert "Hidden treasure" not in everything(page)


def test_an_app_without_passwords_and_lists_asks_nobody(place: Workspace, open_page: Open) -> None:
    page = open_page("settings")
    assert [title.value for title in page.title] == ["Settings"]
    assert "Sign out" not in [button.label for button in page.button]
