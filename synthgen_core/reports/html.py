"""A report as one HTML file that needs nothing else: no script, no font, no address of another computer."""

from collections.abc import Iterator
from html import escape

from synthgen_core.reports.document import Bars, Block, Columns, Facts, Points, Report, Table

STYLE = """
:root { color-scheme: light dark; --text: #1e2233; --soft: #5b6478; --line: #e3e6ef; --bar: #4f46e5; --back: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e7e9f3; --soft: #a3adc2; --line: #2a3048; --bar: #818cf8; --back: #0f1220; } }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1rem 4rem; background: var(--back); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .5rem; border-top: 1px solid var(--line); padding-top: 1.5rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
p { margin: .5rem 0; overflow-wrap: anywhere; } .soft, figcaption { color: var(--soft); font-size: .9rem; }
figure { margin: 1rem 0; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top;
  overflow-wrap: break-word; }
th { color: var(--soft); font-weight: 600; } .wide { overflow-x: auto; }
.facts { table-layout: fixed; } .facts th { width: 27%; } .facts td:nth-child(2) { width: 36%; }
.bars td { border: 0; padding: .15rem .6rem .15rem 0; } .bars td:first-child { width: 32%; }
.bars td:last-child { width: 1%; white-space: nowrap; text-align: right; padding-right: 0; }
.bar { background: var(--bar); border-radius: 3px; height: .8rem; min-width: 1px; margin-top: .3rem; }
svg { width: 100%; height: auto; } svg text { fill: var(--soft); font-size: 11px; } svg .mark { fill: var(--bar); }
svg line { stroke: var(--line); } svg .dot { fill: var(--bar); fill-opacity: .45; }
@media print { body { max-width: none; padding: 0; } h2 { break-after: avoid; } figure, tr { break-inside: avoid; } }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
WIDTH, HEIGHT, EDGE = 640, 220, 34
MOST_LABELS = 11
TICKS = 5


def as_html(report: Report) -> str:
    """The file's text."""
    return "".join(_document(report))


def _document(report: Report) -> Iterator[str]:
    yield (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{escape(report.title)}</title><style>{STYLE}</style></head>\n<body>"
        f"<h1>{escape(report.title)}</h1><p>{escape(report.subtitle)}</p>"
        f'<p class="soft">{report.made_at:%d %B %Y, %H:%M} UTC, {escape(report.made_by)}</p>\n'
    )
    for section in report.sections:
        yield f"<section><h2>{escape(section.title)}</h2>"
        if section.text:
            yield f"<p>{escape(section.text)}</p>"
        for block in section.blocks:
            yield from _block(block)
        yield "</section>\n"
    yield "</body></html>\n"


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Facts):
        yield '<table class="facts">'
        for what, value, basis in block.rows:
            cells = f'<th scope="row">{escape(what)}</th><td>{escape(value)}</td><td class="soft">{escape(basis)}</td>'
            yield f"<tr>{cells}</tr>"
        yield "</table>"
        return
    yield f"<figure><h3>{escape(block.title)}</h3>"
    match block:
        case Bars():
            yield from _bars(block)
        case Columns():
            yield from _columns(block)
        case Points():
            yield from _points(block)
        case Table():
            yield from _table(block)
    yield f"<figcaption>{escape(block.caption)}</figcaption></figure>"


def _table(block: Table) -> Iterator[str]:
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in block.columns)
    yield f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>'
    for row in block.rows:
        yield f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>"
    yield "</tbody></table></div>"


def _bars(block: Bars) -> Iterator[str]:
    longest = max((value for _, value in block.rows), default=0.0)
    yield '<table class="bars">'
    for name, value in block.rows:
        share = 100 * max(0.0, value) / longest if longest > 0 else 0.0
        bar = f'<div class="bar" style="width:{share:.1f}%"></div>'
        yield f"<tr><td>{escape(name)}</td><td>{bar}</td><td>{value:,.{block.digits}f}</td></tr>"
    yield "</table>"


def _columns(block: Columns) -> Iterator[str]:
    most = max((count for _, count in block.rows), default=0) or 1
    step = (WIDTH - EDGE) / max(1, len(block.rows))
    every = -(-len(block.rows) // MOST_LABELS)
    said = "; ".join(f"{name}: {count:,}" for name, count in block.rows)
    yield f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(said)}">'
    yield f'<text x="0" y="12">{most:,}</text>'
    yield f'<line x1="{EDGE}" x2="{WIDTH}" y1="{HEIGHT - 20}" y2="{HEIGHT - 20}"/>'
    for number, (name, count) in enumerate(block.rows):
        height, left = (HEIGHT - 30) * count / most, EDGE + number * step
        yield (
            f'<rect class="mark" x="{left:.1f}" y="{HEIGHT - 20 - height:.1f}" width="{step * 0.85:.1f}" '
            f'height="{height:.1f}"><title>{escape(name)}: {count:,}</title></rect>'
        )
        if number % every == 0:
            yield f'<text x="{left:.1f}" y="{HEIGHT - 5}">{escape(name)}</text>'
    yield "</svg>"


def _points(block: Points) -> Iterator[str]:
    side = HEIGHT * 1.6
    span = side - EDGE - 10

    def across(value: float) -> float:
        return EDGE + span * min(1.0, max(0.0, value / block.most))

    def up(value: float) -> float:
        return 10 + span * (1 - min(1.0, max(0.0, value / block.most)))

    said = f"{block.up} against {block.across}, {len(block.rows):,} points"
    yield f'<svg viewBox="0 0 {WIDTH} {side + 12:.0f}" role="img" aria-label="{escape(said)}">'
    for tick in range(TICKS + 1):
        value = block.most * tick / TICKS
        yield f'<line x1="{EDGE}" x2="{EDGE + span:.1f}" y1="{up(value):.1f}" y2="{up(value):.1f}"/>'
        yield f'<text x="4" y="{up(value) + 4:.1f}">{value:g}</text>'
        yield f'<text x="{across(value) - 4:.1f}" y="{side - 8:.1f}">{value:g}</text>'
    for x, y in block.rows:
        yield f'<circle class="dot" cx="{across(x):.1f}" cy="{up(y):.1f}" r="3.5"/>'
    yield f'<text x="{EDGE + span + 12:.1f}" y="{up(0) + 4:.1f}">{escape(block.across)}</text>'
    yield f'<text x="{EDGE + span + 12:.1f}" y="{up(block.most) + 4:.1f}">up: {escape(block.up)}</text></svg>'
