"""Rules on how an example is built: its structure, and answers that are empty, short, cut off, or of odd length."""

import math
import re
from collections.abc import Iterator, Sequence

from synthgen_core.models import Severity
from synthgen_core.rules.definition import Finding, Lengths, Subject

SENTENCE_END = re.compile(r"[.!?…。！？؟।:)\]}»”\"'’*_`|>~]$|[\U0001F300-\U0001FAFF\u2600-\u27BF]\ufe0f?$")
OPEN_END = re.compile(
    r"(?:[,;(–—/&]|\b(?:and|or|but|the|a|an|of|to|with|for|in|that|because|und|oder|et|ou|y|o))$", re.I
)
FREE_LINE = re.compile(r"^\s*(?:[-*+•#|>]|\d+[.)]\s|```|~~~)")
"""A line of a list, a heading, a table, a quotation or code need not end like a sentence."""
SHORT_LINE = 60
"""A last line of so few characters may be a name, a signature or a title."""
LONGEST_END = 12
"""Characters in which the end of a sentence, or its want, shows."""
NORMAL = 1.4826
FEWEST_LENGTHS = 30
"""With fewer answers nobody knows what is usual."""


def structure(subject: Subject) -> Iterator[Finding]:
    """What the format calls wrong or doubtful."""
    for issue in subject.format.faults(subject.content):
        yield Finding("structure", Severity.ERROR, str(issue))
    for issue in subject.format.warnings(subject.content):
        yield Finding("structure", Severity.WARNING, str(issue))


def short_answer(subject: Subject) -> Iterator[Finding]:
    """An answer with hardly any text."""
    least = subject.thresholds["short_answer"]
    for part in subject.answers:
        size = len(part.text.strip())
        if not size:
            if not _calls_tools(subject, part.field):
                yield Finding("short_answer", Severity.ERROR, "The answer is empty.", part.field)
        elif size < least:
            shown = "1 character" if size == 1 else f"{size:,} characters"
            yield Finding(
                "short_answer", Severity.WARNING, f"The answer has only {shown}.", part.field, 0, len(part.text)
            )


def _calls_tools(subject: Subject, field: str) -> bool:
    key, _, number = field.partition(".")
    messages = subject.content.get(key)
    message = messages[int(number)] if isinstance(messages, list) and number.isdecimal() else None
    return isinstance(message, dict) and bool(message.get("tool_calls") or message.get("function_call"))


def truncated(subject: Subject) -> Iterator[Finding]:
    """An answer that stops in the middle: of a sentence, or of a block of code."""
    for part in subject.answers:
        text = part.text.rstrip()
        if text.count("```") % 2:
            start = text.rindex("```")
            yield Finding("truncated", Severity.ERROR, "A block of code is not closed.", part.field, start, len(text))
            continue
        last = text.rpartition("\n")[2]
        start = len(text) - len(last[-SHORT_LINE:])
        end = last[-LONGEST_END:]
        if OPEN_END.search(end) and not FREE_LINE.match(last):
            yield Finding(
                "truncated", Severity.ERROR, "The answer stops in mid-sentence.", part.field, start, len(text)
            )
        elif len(last) > SHORT_LINE and not SENTENCE_END.search(end) and not FREE_LINE.match(last) and " " in last:
            said = "The answer ends without the end of a sentence."
            yield Finding("truncated", Severity.WARNING, said, part.field, start, len(text))


def measure_lengths(characters: Sequence[int]) -> Lengths | None:
    """What is usual among the lengths of a dataset's answers; None where there are too few to tell."""
    logs = sorted(math.log(n) for n in characters if n > 0)
    if len(logs) < FEWEST_LENGTHS:
        return None
    median = _median(logs)
    return Lengths(median, NORMAL * _median(sorted(abs(value - median) for value in logs)))


def _median(values: Sequence[float]) -> float:
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def length_outlier(subject: Subject) -> Iterator[Finding]:
    """Answers that are together far shorter or longer than is usual in this dataset.

    The modified z-score of the logarithm (B. Iglewicz and D. Hoaglin, How to Detect and Handle Outliers, 1993).
    """
    size = sum(len(part.text) for part in subject.answers)
    if subject.lengths is None or not subject.lengths.spread or not size:
        return
    distance = (math.log(size) - subject.lengths.median) / subject.lengths.spread
    if abs(distance) > subject.thresholds["length_outlier"]:
        usual = round(math.exp(subject.lengths.median))
        word = "longer" if distance > 0 else "shorter"
        said = f"The answers are far {word} than usual here: {size:,} characters, where {usual:,} is the median."
        yield Finding("length_outlier", Severity.INFO, said)
