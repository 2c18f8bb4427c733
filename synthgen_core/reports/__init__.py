"""A report as a document: what it consists of, and how it is written as HTML in one file, or as Markdown."""

from synthgen_core.reports.document import Bars, Block, Columns, Facts, Points, Report, Section, Table, fact_of
from synthgen_core.reports.html import as_html
from synthgen_core.reports.markdown import as_markdown

__all__ = [
    "Bars",
    "Block",
    "Columns",
    "Facts",
    "Points",
    "Report",
    "Section",
    "Table",
    "as_html",
    "as_markdown",
    "fact_of",
]
