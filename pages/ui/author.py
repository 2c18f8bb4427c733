"""Who makes a change: whoever is signed in; else a name that is asked wherever one is made, kept for the session."""

import streamlit as st

from pages.ui import session
from pages.ui.words import as_label

LONGEST = 80
CLAIMS = ("name", "email", "preferred_username", "sub")
"""What Streamlit's sign-in may know of somebody, the first one first; the last is always there."""


def signed_in() -> str | None:
    """The name of whoever is signed in; None: nobody is, or sign-in is not set up."""
    if not st.user.get("is_logged_in", False):
        return None
    known = (str(st.user.get(claim) or "").strip() for claim in CLAIMS)
    return next((name[:LONGEST] for name in known if name), None)


def author_name() -> str:
    """The name to sign a change with: that of whoever is signed in, else what was typed in this session."""
    return signed_in() or session.author()


def author_field() -> str:
    """The same, with the place to type it; nobody types over the name that they are signed in with."""
    if name := signed_in():
        st.caption(f"Signed with your name, {as_label(name)}.")
        return name
    name = st.text_input("Your name", session.author(), max_chars=LONGEST, help="It is kept with the change.")
    session.set_author(name)
    return name
