"""Answers that go round in circles.

Three signs, as measured on real long replies with planted loops: the share of words' 4-grams that are repeats, a tail
that is one piece several times over, and a run of one character. Arithmetic in columns can look like a loop.
"""

import re
from collections.abc import Iterator

from synthgen_core.models import Severity
from synthgen_core.rules.definition import Finding, Subject

WORDS = re.compile(r"\w+")
GRAM, FEWEST_GRAMS = 4, 24
TAIL_CHARACTERS, TAIL_TIMES, LEAST_TAIL = 2000, 4, 24
RUN = re.compile(r"([^\s\-=_.*#|~─═│+])\1{19,}")
"""Twenty of one character; lines that are drawn of signs are none."""


def repetition(subject: Subject) -> Iterator[Finding]:
    """An answer that repeats itself."""
    most = subject.thresholds["repetition"]
    for part in subject.answers:
        text = part.text
        if run := RUN.search(text):
            said = f"One character stands there {len(run[0]):,} times in a row."
            yield Finding("repetition", Severity.ERROR, said, part.field, *run.span())
        elif (start := _tail_loop(text)) is not None:
            said = "The answer ends in a loop: the same piece over and over."
            yield Finding("repetition", Severity.ERROR, said, part.field, start, len(text))
        elif (share := repeated_share(text)) >= most:
            said = f"{share:.0%} of its groups of four words are repeats."
            yield Finding("repetition", Severity.WARNING, said, part.field, 0, len(text))


def repeated_share(text: str) -> float:
    """The share of a text's 4-grams of words that stood there before, 0-1; 0 for a short text."""
    words = WORDS.findall(text.lower())
    count = len(words) - GRAM + 1
    if count < FEWEST_GRAMS:
        return 0.0
    return 1 - len(set(zip(*(words[n:] for n in range(GRAM)), strict=False))) / count


def _tail_loop(text: str) -> int | None:
    """Where a tail begins that is one piece, ``TAIL_TIMES`` times or more; None if there is none.

    The shortest period of the reversed tail, by the failure function of Knuth, Morris and Pratt.
    """
    tail = text.rstrip()[-TAIL_CHARACTERS:]
    if tail.rfind(tail[-LEAST_TAIL // 3 :], 0, len(tail) - 1) < 0:  # its last piece stands nowhere else
        return None
    tail = tail[::-1]
    borders = [0] * len(tail)
    best = None
    for n in range(1, len(tail)):
        border = borders[n - 1]
        while border and tail[n] != tail[border]:
            border = borders[border - 1]
        borders[n] = border + (tail[n] == tail[border])
        size, period = n + 1, n + 1 - borders[n]
        if size >= LEAST_TAIL and size >= TAIL_TIMES * period and WORDS.search(tail[:period]):
            best = size
    return None if best is None else len(text.rstrip()) - best
