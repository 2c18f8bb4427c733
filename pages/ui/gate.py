"""The door: who is here, and how somebody gets in. Nothing is read or drawn for those of whom nobody knows.

A person who signed in is looked up on the lists; a password gives a pass, which the session keeps and its browser too.
Without either being set the door stands open.
"""

import logging
import time
from collections.abc import Mapping

import streamlit as st
from streamlit.errors import StreamlitAuthError

from pages.ui import session
from pages.ui.author import signed_in
from pages.ui.words import as_label, draw_error
from synthgen_core.access import (
    OWNER,
    PASS_SECONDS,
    Patience,
    Role,
    Visitor,
    has_lists,
    has_passwords,
    is_loopback,
    is_on,
    issue_pass,
    role_of_pass,
    role_of_password,
    role_of_person,
)
from synthgen_core.errors import AccessError
from synthgen_core.settings import Settings
from synthgen_core.workspace import Workspace, process_registry

LOG = logging.getLogger("synthgen_core.access")
COOKIE = "synthgen-pass"
WIDTH = 400
_keep_pass = st.components.v2.component(
    "synthgen_pass",
    js="""export default function({data, parentElement}) {
  if (parentElement.keptPass === data.text) return;
  parentElement.keptPass = data.text;
  const rest = `path=/; max-age=${data.seconds}; samesite=strict` + (location.protocol === 'https:' ? '; secure' : '');
  document.cookie = `${data.name}=${data.text}; ${rest}`;
}""",
)


def find_visitor(settings: Settings) -> Visitor | None:
    """Who is here; None: somebody who has to show it first."""
    if not is_on(settings):
        return OWNER
    if has_lists(settings) and (role := _role_on_lists(settings)):
        return Visitor(signed_in() or "", role)
    if has_passwords(settings) and (role := role_of_pass(settings, _pass(), time.time())):
        return Visitor("", role)
    return None


def ask_who(settings: Settings) -> None:
    """The one page for whoever is not in: the ways to get in that are set up."""
    with st.container(horizontal_alignment="center"), st.container(width=WIDTH, key="sign-in"):
        st.title("Sign in", anchor=False)
        if has_lists(settings):
            _ask_person()
        if has_passwords(settings):
            _ask_password(settings)
    if session.has_left():
        _keep("", 0)


def visitor_box(place: Workspace) -> None:
    """Who is in, and the way out; nothing where nobody is asked."""
    if not is_on(place.settings):
        return
    if kept := session.kept_pass():
        _keep(kept, PASS_SECONDS)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        name = as_label(place.visitor.name)
        st.caption(f"{name} ({place.visitor.role})" if name else f"Signed in: {place.visitor.role}", width="content")
        st.button("Sign out", icon=":material/logout:", type="tertiary", key="sign-out", on_click=_leave)


def may(place: Workspace, role: Role) -> bool:
    """Whether whoever is here may do what takes this role."""
    return place.visitor.role.may(role)


def reason(place: Workspace, role: Role) -> str | None:
    """Why a button cannot be pressed, for its help; None: it can be, as far as the role goes."""
    return None if may(place, role) else f"This takes the role “{role}”; yours is “{place.visitor.role}”."


def require_role(place: Workspace, role: Role) -> None:
    """End a page or a part of one here, and say so, unless whoever is here has this role."""
    if not may(place, role):
        st.info(f"{reason(place, role)} Ask whoever runs this app.", icon=":material/lock:")
        st.stop()


def warn_if_open(settings: Settings) -> None:
    """Log it where other computers reach the app and nobody is asked who they are."""
    address = str(st.get_option("server.address") or "")
    if not is_on(settings) and not is_loopback(address):
        LOG.warning(
            "The app listens on %s and asks nobody who they are: whoever reaches it may do everything. Set "
            "ACCESS_PASSWORD, or start it with --server.address 127.0.0.1.",
            address or "all addresses",
        )


def _role_on_lists(settings: Settings) -> Role | None:
    if not st.user.get("is_logged_in", False):
        return None
    is_verified = str(st.user.get("email_verified", True)).lower() != "false"
    return role_of_person(settings, str(st.user.get("email") or ""), is_verified=is_verified)


def _pass() -> str:
    """The pass of this session; at its beginning, and until somebody signs out, that which the browser kept."""
    return session.kept_pass() or ("" if session.has_left() else str(st.context.cookies.get(COOKIE, "")))


def _ask_person() -> None:
    if st.user.get("is_logged_in", False):
        who = as_label(str(st.user.get("email") or signed_in() or ""))
        draw_error(f"{who} may not use this app.", "Ask whoever runs it to put this address on a list.")
        st.button("Sign out", icon=":material/logout:", key="sign-out", on_click=_leave)
        return
    providers = _providers()
    if not providers:
        draw_error("Nobody can sign in yet.", "Add a section [auth] to .streamlit/secrets.toml, as the README shows.")
    for provider, label in providers.items():
        if st.button(label, icon=":material/login:", key=f"sign-in-{provider}", width="stretch"):
            try:
                st.login(provider or None)
            except StreamlitAuthError as error:
                draw_error("Signing in is not set up as it should be.", str(error))


def _providers() -> Mapping[str, str]:
    """Name -> label of each way to sign in that the secrets have; the one without a name is Streamlit's default."""
    section = st.secrets.get("auth", {}) if st.secrets.load_if_toml_exists() else {}
    named = {name: f"Sign in with {as_label(name)}" for name, value in section.items() if isinstance(value, Mapping)}
    return ({"": "Sign in"} if "client_id" in section else {}) | named


def _ask_password(settings: Settings) -> None:
    with st.form("password-form", border=False):
        password = st.text_input("Password", type="password", autocomplete="current-password", key="password")
        is_sent = st.form_submit_button("Continue", type="primary", width="stretch")
    if not is_sent:
        return
    try:
        role = _try(settings, password)
    except AccessError as error:
        draw_error(error.message, error.hint)
    else:
        session.keep_pass(issue_pass(settings, role, time.time()))
        st.rerun()


def _try(settings: Settings, password: str) -> Role:
    """The role that a password opens. Raises AccessError."""
    patience: Patience = process_registry().setdefault("patience", Patience())
    patience.check()
    role = role_of_password(settings, password)
    patience.tell(is_right=role is not None)
    if role is None:
        LOG.warning("a wrong password was tried")
        raise AccessError("That is not the password.", "Try again, or ask whoever runs this app.")
    return role


def _leave() -> None:
    session.keep_pass("")
    if st.user.get("is_logged_in", False):
        st.logout()


def _keep(text: str, seconds: int) -> None:
    """Have the browser keep a pass, or forget it. It says no more than a role and a time, signed."""
    _keep_pass(key="keep-pass", data={"name": COOKIE, "text": text, "seconds": seconds}, height=1)
