"""One vocabulary for all pages: states with word, colour and icon; numbers, times and texts as people read them."""

import re
from datetime import UTC, datetime

import streamlit as st

from synthgen_core.models import JobStatus

STATUS = {
    JobStatus.PENDING: ("waiting", "gray", ":material/schedule:"),
    JobStatus.RUNNING: ("running", "blue", ":material/sync:"),
    JobStatus.COMPLETED: ("completed", "green", ":material/check_circle:"),
    JobStatus.FAILED: ("failed", "red", ":material/error:"),
    JobStatus.CANCELLED: ("cancelled", "gray", ":material/cancel:"),
    JobStatus.INTERRUPTED: ("interrupted", "orange", ":material/pause_circle:"),
}
MINUTE, HOUR, DAY = 60, 3600, 86400
ACTIVE_MARKUP = re.compile(r"[$\\]|!(?=\[)|:(?=[\w-]+(?:/\w+)?[:\[])")
"""What Streamlit's Markdown would turn into formulas, images or directives."""


def status_badge(status: JobStatus) -> None:
    """The state of a job, as a badge."""
    word, colour, icon = STATUS[status]
    st.badge(word, color=colour, icon=icon)


def plural(count: int, noun: str) -> str:
    """``1 example``, ``1,200 examples``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


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


def gibibytes(amount: int) -> str:
    """``3.4 GB`` (of 2**30 bytes)."""
    return f"{amount / 2**30:.1f} GB"


def as_markdown(text: str) -> str:
    """A text of unknown origin as Markdown: lists, emphasis and code work; formulas, images, HTML and the like do not.

    Every line break is kept. Code blocks are left as they are.
    """
    parts = re.split(r"(```.*?(?:```|\Z))", text, flags=re.DOTALL)
    return "".join(part if part.startswith("```") else _prose(part) for part in parts)


def _prose(text: str) -> str:
    escaped = ACTIVE_MARKUP.sub(lambda match: "\\" + match[0], text)
    return re.sub(r"(?<!\n)\n(?!\n)", "  \n", escaped)
