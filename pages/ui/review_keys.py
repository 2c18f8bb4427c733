"""The keys of the Review page, and what else only the browser knows: its theme, and what it keeps for its user.

Streamlit's own shortcuts fire behind dialogs, lose what is pressed while the page runs, and do not say which example
was in view. Here each press is an entry of a log (see ``events``) with the example and revision that it was meant for.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import unquote

import streamlit as st

KEY = "review-keys"
READING = {
    "a": "accept, and on to the next",
    "x": "reject, and on to the next",
    "s": "skip: cannot say",
    "j": "next (also →)",
    "k": "previous (also ←)",
    "e": "edit",
    "z": "undo",
    "y": "redo",
    "0": "score, 0 to 9",
    "-": "score 10",
    "f": "flag for a second look, or take the flag away",
    "g": "guidelines",
    "h": "this list",
    " ": "scroll on, with Shift back (also Page Down and Page Up)",
}
EDITING = {"Ctrl+Enter": "save (also while you type)", "Esc": "stop editing; the draft is kept"}

_JS = """
const DO = 'st-key-review-do-', MARK = 'synthgen.session';
const BODIES = '[class*="st-key-review-body-"], .st-key-review-ahead-body';
export default function({data, setStateValue, parentElement}) {
  const own = parentElement.reviewKeys ??= {nonce: Math.random().toString(36).slice(2), count: 0, log: []};
  own.data = data; own.set = setStateValue;
  if (own.ahead && (data.dealt[own.nonce] || 0) >= own.aheadOf) {
    own.ahead = null;
    delete document.documentElement.dataset.reviewAhead;
  }
  if (own.shown !== data.example) {
    own.shown = data.example;
    document.querySelectorAll(BODIES).forEach(body => { body.scrollTop = 0; });
  }
  for (const [name, value] of Object.entries(data.cookies))
    document.cookie = `${name}=${encodeURIComponent(value)}; path=/; max-age=31536000; samesite=lax`;
  if (own.stop) return own.stop;

  const kept = sessionStorage.getItem(MARK);
  if (!kept) sessionStorage.setItem(MARK, data.session);
  else if (kept !== data.session) setStateValue('session', kept);
  const isField = node => node instanceof Element && node.matches('input, textarea, select, [contenteditable="true"]')
    && !node.matches('input[type=checkbox], input[type=radio], [role=combobox][aria-expanded=false]');
  const note = key => {
    const seen = own.ahead || own.data;
    own.log.push({n: ++own.count, key, example: seen.example, revision: seen.revision});
    own.log.splice(0, own.log.length - 50);
    own.set('presses', {nonce: own.nonce, log: own.log.slice()});
  };
  const act = key => {
    note(key);
    if (own.data.next && !own.ahead && 'axsj'.includes(key)) {
      own.ahead = own.data.next;
      own.aheadOf = own.count;
      document.documentElement.dataset.reviewAhead = '';
    }
  };
  const click = event => {
    const held = event.target.closest?.(`[class*="${DO}"]`), button = event.target.closest?.('button');
    const key = held && [...held.classList].find(name => name.startsWith(DO)).slice(DO.length);
    if (!button || button.disabled || !own.data.keys.includes(key)) return;
    event.preventDefault();
    event.stopPropagation();
    act(key);
  };
  let isAutosave = false;
  const press = event => {
    if (isAutosave || event.isComposing) return;
    if (document.querySelector('[data-testid="stDialog"], [role="dialog"]')) return;
    const isTyping = isField(event.composedPath()[0]);
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    const name = {ArrowRight: 'j', ArrowLeft: 'k', Escape: 'esc'}[event.key] || event.key.toLowerCase();
    if (own.data.isEditing) {
      const key = event.key === 'Enter' && (event.ctrlKey || event.metaKey) ? 'save' : name;
      if (key === 'save' || key === 'esc') setTimeout(() => note(key));  // the field hands its text over first
    } else if (isPlain && !isTyping && [' ', 'PageDown', 'PageUp'].includes(event.key)
        && !event.composedPath()[0].closest?.('button, a, [role="tab"]')) {
      const body = [...document.querySelectorAll(BODIES)].find(each => each.offsetParent);
      const way = event.key === 'PageUp' || event.shiftKey ? -.85 : .85;
      if (body) { event.preventDefault(); body.scrollBy(0, way * body.clientHeight); }
    } else if (isPlain && !isTyping && !event.repeat && own.data.keys.includes(name)) {
      if (event.key.startsWith('Arrow') && event.composedPath()[0] !== document.body
          && event.composedPath()[0].closest?.('[role="tablist"], [role="radiogroup"], [role="slider"]')) return;
      event.preventDefault();
      event.stopPropagation();
      act(name);
    }
  };
  const timers = new Map();
  const keep = event => {
    const field = event.target;
    if (!(field instanceof HTMLTextAreaElement) || !field.closest('.st-key-review-editor')) return;
    clearTimeout(timers.get(field));
    timers.set(field, setTimeout(() => {
      if (document.activeElement !== field) return;
      isAutosave = true;
      field.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', ctrlKey: true, bubbles: true, cancelable: true}));
      isAutosave = false;
    }, 700));
  };
  const theme = () => {
    const parts = getComputedStyle(document.querySelector('[data-testid="stApp"]')).backgroundColor.match(/[\\d.]+/g);
    const [red, green, blue] = parts.map(Number);
    return .299 * red + .587 * green + .114 * blue < 128 ? 'dark' : 'light';
  };
  let last = own.data.theme;
  const watch = setInterval(() => {
    const now = theme();
    if (now !== last) { last = now; own.set('theme', now); }
  }, 400);
  document.addEventListener('keydown', press, true);
  document.addEventListener('click', click, true);
  document.addEventListener('input', keep);
  own.stop = () => {
    clearInterval(watch);
    delete document.documentElement.dataset.reviewAhead;
    document.removeEventListener('keydown', press, true);
    document.removeEventListener('click', click, true);
    document.removeEventListener('input', keep);
    own.stop = null;
  };
  return own.stop;
}
"""
"""A press counts unless somebody types or a dialog is open. What is typed in the editor is handed over soon after, as
Ctrl+Enter does it, without leaving the field. The example that comes next is on the page already, hidden: a key that
leads on shows it at once, and what is pressed then is meant for it; the app catches up behind. A click on a button that
does what a key does is that key. The mark of the session is kept by the tab, so that a page that was loaded anew can
undo what was done before."""
_mount = st.components.v2.component("synthgen_review_keys", js=_JS)


@dataclass(frozen=True, slots=True)
class InView:
    """An example as somebody has it before them."""

    example: int | None
    revision: int


def draw_keys(
    now: InView,
    ahead: InView | None,
    *,
    is_editing: bool,
    theme: str,
    session: str,
    cookies: Mapping[str, str],
    dealt: Mapping[str, int],
) -> None:
    """Listen to the keys on behalf of the example in view. Draw this after the examples: what is hidden follows it."""
    keys = [*"".join(READING).replace("0", "").strip(), *"0123456789"]
    _mount(
        key=KEY,
        data={
            **asdict(now),
            "next": asdict(ahead) if ahead else None,
            "isEditing": is_editing,
            "keys": keys,
            "theme": theme,
            "session": session,
            "cookies": dict(cookies),
            "dealt": dict(dealt),
        },
        height=1,
        on_presses_change=_nothing,
        on_theme_change=_nothing,
        on_session_change=_nothing,
    )


def presses() -> Any:
    """The log of keys as the browser told it; see ``events``."""
    return _state().get("presses")


def theme() -> str:
    """“light” or “dark”, as it is in the browser."""
    return str(_state().get("theme") or st.context.theme.type or "light")


def kept_mark() -> str:
    """The mark of the session that this tab kept from before it was loaded anew; empty: none, or the same."""
    return str(_state().get("session") or "")


def cookie(name: str) -> str:
    """What this browser keeps for its user; empty: nothing."""
    return unquote(st.context.cookies.get(name, ""))


def _state() -> Mapping[str, Any]:
    state = st.session_state.get(KEY)
    return state if isinstance(state, Mapping) else {}


def _nothing() -> None:
    """The page looks at the log itself, before it draws anything."""
