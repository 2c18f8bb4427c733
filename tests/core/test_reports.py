"""A report is one file that needs nothing else, and whatever stands in a dataset is nothing but text in it."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from synthgen_core.reports import (
    Bars,
    Columns,
    Facts,
    Points,
    Report,
    Section,
    Table,
    as_html,
    as_markdown,
    fact_of,
)
from synthgen_core.statistics import Figure

NASTY = '<script>alert(1)</script> | `x` & "y" ![z](http://elsewhere.test/p.png)\n# head'
VOID = {"meta"}


def report(text: str = "Support") -> Report:
    told = (
        Facts(((text, "7.20 (6.90 to 7.50)", "n = 80"),)),
        Bars(text, ((text, 3.0), ("none", 0.0)), text),
        Columns(text, ((text, 3), ("5", 0), ("6", 9)), text),
        Points(text, text, text, ((1.0, 2.0), (10.0, 10.0)), text),
        Table(text, (text, "n"), ((text, "3"),), text),
    )
    return Report(text, text, datetime(2026, 11, 22, 12, 30, tzinfo=UTC), "SynthGen 1.0", (Section(text, text, told),))


class Outline(HTMLParser):
    """The tags of a document; fails where they do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


def test_a_report_is_well_formed_and_asks_nobody_for_anything() -> None:
    text = as_html(report())
    outline = Outline(text)
    assert not {"script", "link", "img", "iframe"} & set(outline.tags)
    assert not [name for name, _ in outline.attributes if name in ("src", "href") or name.startswith("on")]
    assert "http://" not in text
    assert "https://" not in text
    assert outline.tags.count("svg") == 2
    assert "22 November 2026, 12:30 UTC, SynthGen 1.0" in text


def test_what_stands_in_a_dataset_is_nothing_but_text() -> None:
    text = as_html(report(NASTY))
    assert Outline(text).tags == Outline(as_html(report())).tags
    assert "<script" not in text


def test_markdown_of_any_text_keeps_its_tables_and_headings() -> None:
    def shape(text: str) -> list[str]:
        marks = [re.sub(r"\\.", "", line) for line in as_markdown(report(text)).splitlines()]
        return ["#" * (len(line) - len(line.lstrip("#"))) + "|" * line.count("|") for line in marks]

    assert shape(NASTY) == shape("Support")
    assert "](http" not in re.sub(r"\\.", "", as_markdown(report(NASTY)))


def test_a_column_is_as_high_as_its_count() -> None:
    text = as_html(report())
    heights = [float(height) for height in re.findall(r'<rect[^>]* height="([\d.]+)"', text)]
    assert heights[1] == 0
    assert heights[0] * 3 == pytest.approx(heights[2], abs=0.2)


def test_a_bar_of_nothing_but_zeros_has_no_length() -> None:
    empty = Section("Empty", blocks=(Bars("b", (("a", 0.0),), "c"), Columns("h", (), "c"), Bars("n", (), "c")))
    text = as_html(Report("r", "", datetime(2026, 1, 1, tzinfo=UTC), "x", (empty,)))
    assert "width:0.0%" in text
    Outline(text)


@pytest.mark.parametrize(
    ("figure", "row"),
    [
        (Figure(80, 0.25, 0.1, 0.4, "Wilson"), ("x", "25.0% (10.0% to 40.0%)", "n = 80, Wilson")),
        (Figure(80, 0.25), ("x", "25.0%", "n = 80")),
        (Figure.too_few(12), ("x", "withheld", "n = 12; shown from 30 on.")),
    ],
)
def test_a_figure_says_what_it_rests_on_or_why_it_is_withheld(figure: Figure, row: tuple[str, str, str]) -> None:
    assert fact_of("x", figure, is_share=True) == row
