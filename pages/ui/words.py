"""One vocabulary for all pages: states with word, colour and icon; numbers, times and texts as people read them."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import takewhile

import streamlit as st

from synthgen_core.models import JobStatus, Severity
from synthgen_core.rules import RULES

STATUS = {
    JobStatus.PENDING: ("waiting", "gray", ":material/schedule:"),
    JobStatus.RUNNING: ("running", "blue", ":material/sync:"),
    JobStatus.COMPLETED: ("completed", "green", ":material/check_circle:"),
    JobStatus.FAILED: ("failed", "red", ":material/error:"),
    JobStatus.CANCELLED: ("cancelled", "gray", ":material/cancel:"),
    JobStatus.INTERRUPTED: ("interrupted", "orange", ":material/pause_circle:"),
}
BUDGET_REACHED = ("budget reached", "orange", ":material/savings:")
"""Instead of “interrupted”, where that is why."""
REVIEWED = {
    "accept": ("accepted", "green", "check"),
    "reject": ("rejected", "red", "close"),
    "skip": ("skipped", "gray", "skip_next"),
    "disputed": ("disputed", "orange", "group"),
}
"""What people's reviews come to -> in words, its colour, and its icon's name."""
SEVERITY_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "orange", Severity.INFO: "blue"}
DOUBTS = {
    "last_not_assistant": "the last message is not by the assistant",
    "assistant_twice": "the assistant speaks twice in a row",
    "no_user": "no message by a user",
    "late_system": "a system message that is not the first",
    "orphan_tool": "an answer of a tool that nobody called",
    "blank_text": "a message without text",
    "no_instruction": "no instruction",
    "prompt_answered": "the prompt ends with an answer",
    "no_difference": "both answers are the same",
}
"""Rule that flags imported examples -> what it says of them."""
MINUTE, HOUR, DAY = 60, 3600, 86400
ID_DIGITS = 18
"""The longest whole number that every database takes has more digits than this."""
EMOJI = r"(?P<emoji>:(?=(?!\d\d?:)(?:material/)?[\w+-]+:))"
"""The colon of an emoji's or icon's name; escaping does not stop it, an invisible character does."""
JOINER = "\N{WORD JOINER}"
INLINE_CODE = r"(?<!`)(?P<ticks>`+)(?!`)(?:(?!\n\s*\n).)+?(?<!`)(?P=ticks)(?!`)"
ADDRESS = r"https?://[\w.-]+(?::\d+)?[/\w.~%?#=+,@&-]*"
ACTIVE_MARKUP = re.compile(
    rf"(?P<kept>{INLINE_CODE}|{ADDRESS})|{EMOJI}|[$\\<]|!(?=\[)|&(?=#?\w+;)|:(?=[^\W\d]|:)", re.DOTALL
)
"""Code within a line and addresses, which are kept; and what would become a formula, image, directive or HTML."""
FENCE = re.compile(r"(?P<indent>\s*)(?P<fence>`{3,}(?=[^`]*$)|~{3,})\s*(?P<language>[\w+#.-]*).*")
PUNCTUATION = re.compile(rf"{EMOJI}|[\\`*_{{}}\[\]()#+.!|<>~$&:-]")


def draw_error(message: str, hint: str) -> None:
    """What failed, on what, and one thing to do."""
    st.error(f"**{as_label(message)}**" + (f"  \n{as_markdown(hint)}" if hint else ""), icon=":material/error:")


def plural(count: int, noun: str) -> str:
    """``1 example``, ``1,200 examples``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def as_id(text: str) -> int | None:
    """The id, or seed, that somebody wrote: ``7``. None where it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= ID_DIGITS else None


def duration(seconds: float) -> str:
    """``45 s``, ``3 min 20 s``, ``2 h 5 min``."""
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE} s" if whole % MINUTE else f"{whole // MINUTE} min"
    return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"


def ago(moment: datetime) -> str:
    """``just now``, ``5 min ago``, ``3 h ago``, ``2 days ago``, then the date."""
    seconds = (datetime.now(UTC) - moment).total_seconds()
    if seconds < MINUTE:
        return "just now"
    if seconds < HOUR:
        return f"{int(seconds // MINUTE)} min ago"
    if seconds < DAY:
        return f"{int(seconds // HOUR)} h ago"
    if seconds < 14 * DAY:
        days = int(seconds // DAY)
        return f"{days} day{'' if days == 1 else 's'} ago"
    return f"{moment:%d %b %Y}"


def seconds_text(seconds: float) -> str:
    """``0.052 s``, ``1.6 s``, ``63 s``: the digits that count."""
    return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:,.0f} s"


def gibibytes(amount: int) -> str:
    """``3.4 GB`` (of 2**30 bytes)."""
    return f"{amount / 2**30:.1f} GB"


def megabytes(amount: int) -> str:
    """``3.4 MB`` (of 2**20 bytes)."""
    return f"{amount / 2**20:.1f} MB"


def file_size(amount: int) -> str:
    """``812 bytes``, ``12 kB``, ``3.4 MB`` (of 1,000,000 bytes, as the limits are)."""
    if amount < 1000:
        return plural(amount, "byte")
    return f"{amount / 1000:,.0f} kB" if amount < 1_000_000 else f"{amount / 1_000_000:,.1f} MB"


def flag_in_words(rule: str) -> str:
    """What a rule says of the examples that it flags."""
    if rule in RULES:
        return RULES[rule].label.lower()
    return DOUBTS.get(rule, rule.replace("_", " "))


def as_label(text: str) -> str:
    """A name of unknown origin, for a title, link or badge: it reads as it was written, and none of it is markup."""
    return PUNCTUATION.sub(lambda match: f":{JOINER}" if match["emoji"] else f"\\{match[0]}", text)


def as_markdown(text: str) -> str:
    """A text of unknown origin as Markdown: lists, emphasis and code work; formulas, images, HTML and the like do not.

    Every line break is kept. A block of code gets a fence of our own, which nothing in it can end: whoever reads the
    result agrees with us on where code begins and ends.
    """
    lines = iter(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    parts: list[str] = []
    prose: list[str] = []
    for line in lines:
        if (opening := FENCE.fullmatch(line)) is None:
            prose.append(line)
            continue
        end = re.compile(rf"\s*{opening['fence']}{opening['fence'][0]}*\s*")
        code = "\n".join(_until(end, lines))
        code = re.sub(rf"(?m)^[ \t]{{0,{len(opening['indent'])}}}", "", code)
        own_fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", code))])
        parts += [_prose(prose), f"{own_fence}{opening['language']}\n{code}\n{own_fence}"]
        prose = []
    return "\n".join([*parts, _prose(prose)])


def _until(end: re.Pattern[str], lines: Iterator[str]) -> Iterator[str]:
    """The lines before the first that is this end, which is taken, too."""
    return takewhile(lambda line: not end.fullmatch(line), lines)


def _prose(lines: list[str]) -> str:
    escaped = ACTIVE_MARKUP.sub(_inert, "\n".join(lines))
    return re.sub(r"(?<!\n)\n(?!\n)", "  \n", escaped)


def _inert(match: re.Match[str]) -> str:
    if match["kept"]:
        return match["kept"].replace("![", f"!{JOINER}[")  # should Markdown not take it for code
    return f":{JOINER}" if match["emoji"] else f"\\{match[0]}"
