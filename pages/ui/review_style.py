"""The CSS of the Review page: grid and example fill the window, and scroll by themselves."""

import streamlit as st

CSS = """
<style>
[data-testid="stMainBlockContainer"]:has(.st-key-review-page) { padding: 3.7rem 1.6rem .4rem; }
.st-key-review-page h1 { font-size: 1.35rem; padding: 0; }
.st-key-review-page > [data-testid="stVerticalBlock"], .st-key-review-page { gap: .55rem; }
.st-key-review-keys { position: absolute; height: 0; overflow: hidden; }
.st-key-review-progress p { margin: 0; font-size: .87rem; white-space: nowrap; }
.st-key-review-progress { flex-wrap: nowrap; overflow: hidden; }
.st-key-review-panel { padding: .55rem .8rem; }
.st-key-review-panel > div > [data-testid="stTabs"], .st-key-review-panel [data-testid="stTabs"] { margin-top: -.5rem; }
.st-key-review-panel [data-testid="stTabs"] [role="tab"] { padding: .2rem 0; min-height: 0; }
.st-key-review-page [data-testid="stSelectbox"] [data-baseweb="select"] { font-size: .87rem; }
:is([class*="st-key-review-body"], .st-key-review-ahead-body) [data-testid="stChatMessageContent"] {
  max-height: none; }
:is([class*="st-key-review-body"], .st-key-review-ahead-body) [data-testid="stVerticalBlock"] { gap: .5rem; }
:is([class*="st-key-review-body"], .st-key-review-ahead-body) [data-testid="stChatMessage"] { padding: .5rem .7rem; }
.st-key-review-more [data-testid="stButtonGroup"] button { padding: 0 .1rem; min-width: 1.65rem; min-height: 1.9rem; }
.st-key-review-more [data-testid="stButtonGroup"] button:last-child { padding: 0 .4rem; }
.st-key-review-more { flex-wrap: nowrap; }
.st-key-review-editor textarea { max-height: none; unicode-bidi: plaintext; }
.st-key-review-editor [data-testid="stButton"] button { min-height: 1.4rem; padding: 0 .25rem; }
.st-key-review-foot p, .st-key-review-foot [data-testid="stCaptionContainer"] { margin: 0; }
.st-key-review-progress :is([data-testid="stMarkdownContainer"], [data-testid="stMarkdown"]) { margin: 0; }
[data-testid="stLayoutWrapper"]:has(> .st-key-review-ahead-head),
[data-testid="stLayoutWrapper"]:has(> .st-key-review-ahead-body),
[data-review-ahead] [data-testid="stLayoutWrapper"]:has(> .st-key-review-now-head),
[data-review-ahead] [data-testid="stLayoutWrapper"]:has(> .st-key-review-body-0) { display: none; }
[data-review-ahead] [data-testid="stLayoutWrapper"]:has(> .st-key-review-ahead-head),
[data-review-ahead] [data-testid="stLayoutWrapper"]:has(> .st-key-review-ahead-body) { display: flex; }
[data-review-ahead] .st-key-review-more [data-testid="stButtonGroup"] { pointer-events: none; }
@media (max-width: 640px) {
  .st-key-review-bar [data-testid="stColumn"] { min-width: calc(50% - 1rem); flex: 1 1 40%; }
  .st-key-review-bar [data-testid="stHorizontalBlock"] { gap: .4rem; }
  .st-key-review-progress { flex-wrap: wrap; }
}
@media (min-width: 641px) and (min-height: 600px) {
  .st-key-review-grid iframe { height: calc(100vh - 16.9rem) !important; min-height: 260px; }
  :is([class*="st-key-review-body"], .st-key-review-ahead-body) {
    height: calc(100vh - 27.4rem) !important; min-height: 180px; }
  .st-key-review-editor { height: calc(100vh - 21.2rem) !important; min-height: 200px; }
}
</style>
"""


def apply_review_style() -> None:
    """Put the style into the page; once in each run."""
    st.html(CSS)
