"""The little CSS that the theme's settings cannot express. Colours come from the theme; nothing is fetched."""

import streamlit as st

CSS = """
<style>
[data-testid="stMain"]:focus-visible { outline: none; }
/* a card is one button: its label is drawn by the card, the button lies over all of it */
[class*="st-key-card-"] { position: relative; transition: border-color .12s, transform .12s; }
[class*="st-key-card-"]:hover, [class*="st-key-card-"]:focus-within {
  border-color: #6366f1; transform: translateY(-1px); }
[class*="st-key-card-"] [class*="st-key-pick-"] { position: absolute; inset: 0; z-index: 2; width: 100% !important; }
[class*="st-key-card-"] [class*="st-key-pick-"] * { width: 100%; height: 100%; }
[class*="st-key-card-"] [class*="st-key-pick-"] button { opacity: 0; cursor: pointer; }
[class*="st-key-card-"]:focus-within { outline: 2px solid #6366f1; outline-offset: 1px; }
[data-testid="stMainBlockContainer"] h1 { padding: .25rem 0; line-height: 1.5; }
[data-testid="stChatMessage"] { padding: .75rem .9rem; }
</style>
"""


def apply_style() -> None:
    """Put the style into the page; once in each run."""
    st.html(CSS)
