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
/* each paragraph runs, and is aligned, in the direction of its own letters */
[data-testid="stChatMessage"] :is(p, li, td, h1, h2, h3, h4, h5, h6), .diff {
  unicode-bidi: plaintext; text-align: start; }
[data-testid="stChatMessageContent"] { max-height: 32rem; overflow-y: auto; }
.diff { max-height: 24rem; overflow-y: auto; overflow-wrap: anywhere; white-space: pre-wrap; line-height: 1.6; }
.diff ins { background: rgba(34, 197, 94, .22); text-underline-offset: 3px; }
.diff del { background: rgba(239, 68, 68, .2); }
.diff i { opacity: .6; }
/* two texts beside one another; what both say stands across; in a narrow window one below the other */
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: .2rem 1.5rem; font-size: .93rem; }
.sides b { grid-column: 1 / -1; font-size: .8rem; opacity: .7; margin-top: .3rem; }
.sides u { text-decoration: none; font-size: .8rem; font-weight: 600; }
.sides .both { grid-column: 1 / -1; opacity: .75; }
@media (min-width: 641px) { .st-key-stays-in-view { position: sticky; top: 4rem; } }
/* lists of datasets: rows between thin lines; in a narrow window the name has a line of its own */
[class*="st-key-dataset-row-"] { border-bottom: 1px solid rgba(128, 128, 140, .22); padding: .3rem 0; }
[class*="st-key-dataset-row-"]:hover { background: rgba(99, 102, 241, .05); }
[class*="st-key-dataset-row-"] [data-testid="stMarkdownContainer"],
[class*="st-key-dataset-row-"] [data-testid="stCaptionContainer"] { margin: 0; }
[class*="st-key-dataset-row-"] p { margin: 0; font-size: .87rem; overflow: hidden; text-overflow: ellipsis; }
[class*="st-key-dataset-row-"] [data-testid="stCaptionContainer"] p { font-size: .8rem; }
[class*="st-key-dataset-row-"] [data-testid="stPageLink"] a { padding: 0; }
.st-key-dataset-titles { border-bottom: 1px solid rgba(128, 128, 140, .4); }
.st-key-dataset-titles button { font-size: .85rem; padding: 0; min-height: 1.8rem; }
[class*="st-key-rule-row-"] { border-bottom: 1px solid rgba(128, 128, 140, .22); padding: .35rem 0; }
@media (max-width: 640px) {
  .sides { grid-template-columns: 1fr; }
  [data-testid="stLayoutWrapper"]:has(> [class*="st-key-dataset-name"]) { flex: 1 0 calc(100% - 2.5rem); }
}
</style>
"""


def apply_style() -> None:
    """Put the style into the page; once in each run."""
    st.html(CSS)
