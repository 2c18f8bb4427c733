"""Who may do what: roles, the people on the lists, passwords, and the pass that a browser keeps.

Off unless a list or a password is set; then everybody who is at the app is an admin, as whoever is at the command line
always is. A public action says what it needs with ``@requires``, and refuses whoever has less, whatever a page shows.
"""

import base64
import functools
import hashlib
import hmac
import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from ipaddress import ip_address
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from synthgen_core.errors import AccessError
from synthgen_core.settings import Settings

PASS_SECONDS = 12 * 3600
"""For which a browser need not ask for the password again."""
FREE_TRIES, FIRST_PAUSE, LONGEST_PAUSE = 5, 2.0, 300.0
"""Wrong passwords that cost nothing, and the seconds of pause after the next, which double."""
P = ParamSpec("P")
R = TypeVar("R")


class Role(StrEnum):
    """What somebody may do; each may do all that those before it may."""

    VIEWER = "viewer"
    """Look at everything."""
    REVIEWER = "reviewer"
    """Decide, edit, run rules, remove duplicates, make versions, export: what can be undone, and costs nothing."""
    ADMIN = "admin"
    """Generate, import, shape, judge, delete, and change the settings."""

    def may(self, needed: "Role") -> bool:
        """Whether this role is enough."""
        return _ORDER.index(self) >= _ORDER.index(needed)


_ORDER = tuple(Role)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks."""

    name: str = ""
    """Empty: nobody said who they are."""
    role: Role = Role.ADMIN


OWNER = Visitor()
"""Whoever is at the command line, or at an app that asks nobody."""


class Guarded(Protocol):
    """What an action works on, and on whose behalf."""

    @property
    def visitor(self) -> Visitor:
        """Who asks."""
        ...


W = TypeVar("W", bound=Guarded)
NEEDED: dict[str, Role] = {}
"""``module.function`` -> the role that it needs: every action that is not for everybody."""


def requires(role: Role) -> Callable[[Callable[Concatenate[W, P], R]], Callable[Concatenate[W, P], R]]:
    """An action, whose first argument is a workspace, that only visitors with this role may take.

    The action then raises AccessError as well.
    """

    def guard(action: Callable[Concatenate[W, P], R]) -> Callable[Concatenate[W, P], R]:
        NEEDED[f"{action.__module__}.{action.__qualname__}"] = role

        @functools.wraps(action)
        def guarded(workspace: W, /, *args: P.args, **kwargs: P.kwargs) -> R:
            if not workspace.visitor.role.may(role):
                raise AccessError(
                    f"This takes the role “{role}”; yours is “{workspace.visitor.role}”.",
                    "Ask whoever runs this app, or sign in as somebody else.",
                )
            return action(workspace, *args, **kwargs)

        return guarded

    return guard


def has_passwords(settings: Settings) -> bool:
    """Whether a password opens the app."""
    return any(_passwords(settings).values())


def has_lists(settings: Settings) -> bool:
    """Whether people who sign in are looked up on lists."""
    return any(_lists(settings).values())


def is_on(settings: Settings) -> bool:
    """Whether the app asks who is there."""
    return has_passwords(settings) or has_lists(settings)


def is_loopback(address: str) -> bool:
    """Whether only this computer reaches what listens there; empty: all addresses."""
    try:
        return address == "localhost" or ip_address(address).is_loopback
    except ValueError:
        return False


def role_of_person(settings: Settings, email: str, *, is_verified: bool) -> Role | None:
    """The highest role that a list gives to somebody who signed in; None: they are on none, or the address is not
    known to be theirs."""
    address = email.strip().lower()
    if not is_verified or address.count("@") != 1:
        return None
    return _highest(
        role
        for role, text in _lists(settings).items()
        if any(fnmatchcase(address, entry) for entry in text.lower().replace(",", " ").split())
    )


def role_of_password(settings: Settings, password: str) -> Role | None:
    """The highest role that this password opens; None: it is wrong. All are compared, each in constant time."""
    return _highest(role for role, right in _passwords(settings).items() if _is_same(password, right) and right)


def issue_pass(settings: Settings, role: Role, now: float) -> str:
    """What a browser may keep instead of the password, for ``PASS_SECONDS`` from ``now`` (seconds since the epoch).

    It is void as soon as the role's password is another.
    """
    said = f"{role}.{math.floor(now + PASS_SECONDS)}"
    return f"{said}.{_signature(_passwords(settings)[role], said)}"


def role_of_pass(settings: Settings, text: str, now: float) -> Role | None:
    """The role for which a pass was issued; None: it is not one of ours, has expired, or the password was changed."""
    said, _, signature = text.rpartition(".")
    name, _, until = said.partition(".")
    passwords = _passwords(settings)
    if name not in set(Role) or not (right := passwords[Role(name)]) or not until.isascii() or not until.isdecimal():
        return None
    if not hmac.compare_digest(signature.encode(), _signature(right, said).encode()):
        return None
    return Role(name) if now < int(until) <= now + PASS_SECONDS else None


class Patience:
    """Slows down whoever tries many passwords: one for a process, since nobody says who they are."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._wrong, self._until = 0, 0.0

    def check(self) -> None:
        """Raises AccessError that says for how long no password is looked at."""
        with self._lock:
            if (left := self._until - self._clock()) > 0:
                raise AccessError("Too many wrong passwords.", f"Try again in {math.ceil(left)} seconds.")

    def tell(self, *, is_right: bool) -> None:
        """A password was tried."""
        with self._lock:
            self._wrong = 0 if is_right else self._wrong + 1
            if (beyond := self._wrong - FREE_TRIES) > 0:
                self._until = self._clock() + min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(beyond - 1, 30))


def _highest(roles: Iterable[Role]) -> Role | None:
    return max(roles, key=_ORDER.index, default=None)


def _lists(settings: Settings) -> Mapping[Role, str]:
    return {
        Role.VIEWER: settings.access_viewers,
        Role.REVIEWER: settings.access_reviewers,
        Role.ADMIN: settings.access_admins,
    }


def _passwords(settings: Settings) -> Mapping[Role, str]:
    return {
        Role.VIEWER: settings.access_viewer_password,
        Role.REVIEWER: settings.access_reviewer_password,
        Role.ADMIN: settings.access_password,
    }


def _is_same(one: str, other: str) -> bool:
    """Compared in a time that says nothing of either: digests are equally long."""
    digests = (hashlib.sha256(text.encode("utf-8", "replace")).digest() for text in (one, other))
    return hmac.compare_digest(*digests)


def _signature(password: str, said: str) -> str:
    """Of what a pass says, by the password: slow to try for whoever finds a pass and wants the password."""
    key = _key_of(password)
    return base64.urlsafe_b64encode(hmac.digest(key, said.encode(), "sha256")).decode().rstrip("=")


@functools.lru_cache(maxsize=8)
def _key_of(password: str) -> bytes:
    return hashlib.scrypt(password.encode("utf-8", "replace"), salt=b"synthgen pass", n=2**14, r=8, p=1, dklen=32)
