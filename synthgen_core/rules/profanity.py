"""A signal for coarse language: a short list of English words. It misses insults without such words, sarcasm and
threats, and other languages; a judge sees more."""

import re
from collections.abc import Iterator

from synthgen_core.models import Severity
from synthgen_core.rules.definition import Finding, Subject

STEMS = (
    "fuck",
    "motherfuck",
    "shit",
    "bullshit",
    "asshole",
    "arsehole",
    "bitch",
    "bastard",
    "cunt",
    "dickhead",
    "prick",
    "wank",
    "twat",
    "bollocks",
    "piss off",
    "pissed off",
    "dumbass",
    "jackass",
    "douchebag",
    "scumbag",
    "slut",
    "whore",
    "retard",
    "moron",
    "imbecile",
)
WORDS = re.compile(
    rf"\b(?:{'|'.join(STEMS)})(?:s|es|ed|er|ers|ing|in'|y|ty|ies|head|heads|tard|off|face|hole)?\b", re.I
)


def profanity(subject: Subject) -> Iterator[Finding]:
    """A coarse word; of an assistant it weighs more."""
    for part in subject.parts:
        if part.has_any(STEMS) and (found := WORDS.search(part.text)):
            severity = Severity.WARNING if part in subject.answers else Severity.INFO
            yield Finding("profanity", severity, "The text holds a coarse word.", part.field, *found.span())
