"""Roles, lists, passwords and passes: who is let in as what, and what nobody can forge."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen_core.access import (
    FREE_TRIES,
    PASS_SECONDS,
    Patience,
    Role,
    Visitor,
    is_on,
    issue_pass,
    requires,
    role_of_pass,
    role_of_password,
    role_of_person,
)
from synthgen_core.errors import AccessError
from synthgen_core.settings import Settings

NOW = 1_800_000_000.0
OPEN = Settings()
LOCKED = replace(OPEN, access_password="Grün, very long", access_reviewer_password="second one")
LISTED = replace(
    OPEN, access_admins="Ada@example.org", access_reviewers="*@example.org, bob@other.test", access_viewers="*@*.edu"
)


@dataclass
class Place:
    visitor: Visitor


@requires(Role.REVIEWER)
def decide(place: Place, number: int, *, twice: bool = False) -> int:
    """Decide."""
    return number * (2 if twice else 1)


@pytest.mark.parametrize("role", Role)
def test_an_action_refuses_whoever_has_less(role: Role) -> None:
    place = Place(Visitor("Ada", role))
    if role is Role.VIEWER:
        with pytest.raises(AccessError, match="takes the role “reviewer”; yours is “viewer”"):
            decide(place, 3)
    else:
        assert decide(place, 3, twice=True) == 6
    assert decide.__doc__ == "Decide."


def test_access_is_off_until_something_is_set() -> None:
    assert [is_on(settings) for settings in (OPEN, LOCKED, LISTED)] == [False, True, True]


@pytest.mark.parametrize(
    ("email", "role"),
    [
        ("ada@example.org", Role.ADMIN),
        (" ADA@EXAMPLE.ORG ", Role.ADMIN),
        ("eve@example.org", Role.REVIEWER),
        ("bob@other.test", Role.REVIEWER),
        ("carl@physics.mit.edu", Role.VIEWER),
        ("eve@example.org.evil.test", None),
        ("eve@notexample.org", None),
        ("eve@evil.test@example.org", None),
        ("bob", None),
        ("", None),
    ],
)
def test_a_list_gives_the_highest_role_to_the_address_itself(email: str, role: Role | None) -> None:
    assert role_of_person(LISTED, email, is_verified=True) is role


def test_an_address_that_nobody_verified_is_nobodys() -> None:
    assert role_of_person(LISTED, "ada@example.org", is_verified=False) is None


@pytest.mark.parametrize(
    ("password", "role"),
    [("Grün, very long", Role.ADMIN), ("second one", Role.REVIEWER), ("second one ", None), ("", None), ("x", None)],
)
def test_a_password_opens_what_it_is_for(password: str, role: Role | None) -> None:
    assert role_of_password(LOCKED, password) is role
    assert role_of_password(OPEN, password) is None


def test_one_password_for_two_roles_gives_the_higher() -> None:
    assert role_of_password(replace(LOCKED, access_viewer_password="second one"), "second one") is Role.REVIEWER


def test_a_pass_holds_for_its_time_and_its_password() -> None:
    kept = issue_pass(LOCKED, Role.REVIEWER, NOW)
    assert role_of_pass(LOCKED, kept, NOW) is Role.REVIEWER
    assert role_of_pass(LOCKED, kept, NOW + PASS_SECONDS - 1) is Role.REVIEWER
    assert role_of_pass(LOCKED, kept, NOW + PASS_SECONDS + 1) is None
    assert role_of_pass(replace(LOCKED, access_password="another"), kept, NOW) is Role.REVIEWER
    assert role_of_pass(replace(LOCKED, access_reviewer_password="another"), kept, NOW) is None
    assert role_of_pass(OPEN, kept, NOW) is None
    assert "second" not in kept


FORGE: list[Callable[[str], str]] = [
    lambda kept: kept.replace("reviewer", "admin"),
    lambda kept: kept.replace(kept.split(".")[1], str(int(NOW) + 2)),
    lambda kept: kept[:-1] + ("A" if kept[-1] != "A" else "B"),
    lambda kept: kept.rpartition(".")[0] + ".",
    lambda kept: kept.rpartition(".")[0],
    lambda kept: f"admin.{10**30}.x",
    lambda kept: "reviewer..",
    lambda kept: "..",
    lambda kept: "",
]


@pytest.mark.parametrize("forge", FORGE)
def test_a_pass_cannot_be_forged(forge: Callable[[str], str]) -> None:
    assert role_of_pass(LOCKED, forge(issue_pass(LOCKED, Role.REVIEWER, NOW)), NOW) is None


@given(st.text())
def test_any_text_is_no_pass(text: str) -> None:
    assert role_of_pass(LOCKED, text, NOW) is None


def test_wrong_passwords_slow_down_and_a_right_one_ends_that() -> None:
    seconds = 0.0
    patience = Patience(lambda: seconds)
    for _ in range(FREE_TRIES):
        patience.tell(is_right=False)
        patience.check()
    pauses = []
    for _ in range(12):
        patience.tell(is_right=False)
        with pytest.raises(AccessError, match="Too many"):
            patience.check()
        before = seconds
        while True:
            try:
                patience.check()
                break
            except AccessError:
                seconds += 1
        pauses.append(seconds - before)
    assert pauses[:4] == [2, 4, 8, 16]
    assert pauses[-1] == 300
    patience.tell(is_right=True)
    patience.tell(is_right=False)
    patience.check()
