"""A report as Markdown, such as a dataset card wants: tables where the HTML has pictures."""

import re
from collections.abc import Iterator

from synthgen_core.reports.document import Bars, Block, Columns, Facts, Points, Report, Table

SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$])")


def as_markdown(report: Report) -> str:
    """The file's text."""
    return "\n".join(_lines(report)).rstrip() + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield from (f"# {_text(report.title)}", "", _text(report.subtitle), "")
    yield from (f"{report.made_at:%d %B %Y, %H:%M} UTC, {_text(report.made_by)}", "")
    for section in report.sections:
        yield from (f"## {_text(section.title)}", "")
        if section.text:
            yield from (_text(section.text), "")
        for block in section.blocks:
            yield from _block(block)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Facts():
            yield from _table(("", "Value", "Rests on"), block.rows)
            return
        case Bars():
            table = _table(("", "Value"), tuple((name, f"{value:,.{block.digits}f}") for name, value in block.rows))
        case Columns():
            table = _table(("From", "Examples"), tuple((name, f"{count:,}") for name, count in block.rows))
        case Table():
            table = _table(block.columns, block.rows)
        case Points():
            table = iter((f"{len(block.rows):,} points, {_text(block.up)} against {_text(block.across)}.", ""))
    yield from (f"### {_text(block.title)}", "")
    yield from table
    yield from (_text(block.caption), "")


def _table(columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    yield f"| {' | '.join(map(_text, columns))} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(map(_text, row))} |"
    yield ""


def _text(text: str) -> str:
    """Words that are nothing but words in Markdown, on one line."""
    return SPECIAL.sub(r"\\\1", " ".join(text.split()))
