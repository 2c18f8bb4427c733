"""Who makes a change: asked wherever one is made, remembered for the session."""

import streamlit as st

from pages.ui import session

LONGEST = 80


def author_field() -> str:
    """The name to sign a change with."""
    name = st.text_input("Your name", session.author(), max_chars=LONGEST, help="It is kept with the change.")
    session.set_author(name)
    return name
