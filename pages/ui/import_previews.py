"""What is in a file that may be imported: counts, first examples, bad lines, rows as they stand."""

from collections.abc import Mapping, Sequence

import streamlit as st

from pages.ui.examples import draw_example
from pages.ui.shell import show_error
from pages.ui.words import as_label, as_markdown, flag_in_words, plural
from synthgen_core.actions.import_files import Source
from synthgen_core.actions.import_previews import ImportPreview, NewBadLine, bad_lines_csv, preview_import
from synthgen_core.actions.import_runs import ImportOptions
from synthgen_core.errors import SynthGenError
from synthgen_core.formats import FORMATS
from synthgen_core.shapes import SHAPES
from synthgen_core.workspace import Workspace

Looks = Mapping[Source, ImportPreview | SynthGenError]
"""File -> what is in it, or why it cannot be read."""
SHOWN_LINES = 100
"""Bad lines that are listed on the page; the download has more."""
MOST_UNSCROLLED, LIST_HEIGHT = 6, 400
"""Lines that are listed without a scroll bar; pixels of the list with one."""


@st.cache_data(max_entries=50, show_spinner="Looking through the file …", scope="session")
def _look(_place: Workspace, source: Source, options: ImportOptions) -> ImportPreview:
    return preview_import(_place, source, options)


def look_at(place: Workspace, sources: Sequence[Source], options: ImportOptions) -> Looks:
    """What would come of each file with these options."""
    found: dict[Source, ImportPreview | SynthGenError] = {}
    for source in sources:
        try:
            found[source] = _look(place, source, options)
        except SynthGenError as error:
            found[source] = error
    return found


def readable(looks: Looks) -> list[ImportPreview]:
    """Those of files that can be read."""
    return [look for look in looks.values() if isinstance(look, ImportPreview)]


def draw_looks(looks: Looks) -> None:
    """All files in a table, and one of them in full."""
    by_token = {source.token: source for source in looks}
    token = next(iter(by_token))
    if len(looks) > 1:
        _draw_table(looks)
        token = st.selectbox("Look into", by_token, format_func=lambda token: by_token[token].label, key="look_into")
    look = looks[by_token[token]]
    if isinstance(look, SynthGenError):
        show_error(look)
    else:
        _draw_look(look)


def _draw_table(looks: Looks) -> None:
    names = ("good", "bad", "skipped")
    rows = [
        {
            "File": source.label,
            **{name.capitalize(): getattr(look, name, None) for name in names},
            "Shapes": "cannot be read" if isinstance(look, SynthGenError) else ", ".join(shapes_in_words(look.shapes)),
        }
        for source, look in looks.items()
    ]
    st.dataframe(rows, hide_index=True, height="content", placeholder="–")


def _draw_look(look: ImportPreview) -> None:
    draw_counts(good=look.good, bad=look.bad, skipped=look.skipped, blank=look.blank)
    facts = [look.file_type.upper(), look.encoding.upper(), *shapes_in_words(look.shapes)]
    if look.format:
        facts.append(f"for a dataset of the format {FORMATS[look.format].label.lower()}")
    st.caption(as_label(" · ".join(facts)))
    if not look.is_whole:
        st.caption(f":material/info: Told by the beginning of the file: {plural(look.rows, 'row')}.")
    draw_notes(look.notes)
    if look.warnings:
        listed = ", ".join(f"{flag_in_words(reason)} ({count:,})" for reason, count in look.warnings.items())
        st.caption(f":material/flag: Doubtful, so that they come in with a flag: {as_label(listed)}.")
    lost = look.bad + look.skipped
    examples, bad, rows = st.tabs(["First examples", f"Bad lines ({lost:,})", "Rows as they stand"], key="look")
    with examples:
        for example in look.first:
            with st.container(border=True):
                st.caption(f"Line {example.line:,}")
                draw_example(example.format, example.content)
        if not look.first:
            st.caption("No row would come in." + (" The bad lines say why." if lost else " The file is empty."))
    with bad:
        draw_bad_lines(look.bad_lines, lost, look.source.stem)
    with rows:
        for row in look.raw_rows:
            st.json(row, expanded=1)
        if not look.raw_rows:
            st.caption("There are none.")


def draw_counts(*, good: int, bad: int, skipped: int, blank: int) -> None:
    """How many rows come in, and how many do not, and why."""
    with st.container(horizontal=True, gap="small"):
        st.badge(plural(good, "good row"), icon=":material/check:", color="green" if good else "gray")
        st.badge(plural(bad, "bad line"), icon=":material/close:", color="red" if bad else "gray")
        if skipped:
            st.badge(f"{skipped:,} of another format", icon=":material/block:", color="orange")
        if blank:
            st.badge(plural(blank, "blank line"), icon=":material/remove:", color="gray")


def draw_notes(notes: Sequence[str]) -> None:
    """What the reader of a file has to say."""
    for note in notes:
        st.caption(f":material/info: {as_markdown(note)}")


def draw_bad_lines(lines: Sequence[NewBadLine], total: int, stem: str) -> None:
    """The lines that do not come in: number, column, reason and how each begins; and all that are listed as a file."""
    if not total:
        st.caption("There are none.")
        return
    rows = [
        {
            "Line": f"{line.line:,}",
            "Column": f"{line.column:,}" if line.column else "–",
            "Reason": as_label(line.reason),
            "It begins with": as_label(line.excerpt),
        }
        for line in lines[:SHOWN_LINES]
    ]
    st.table(
        rows, border="horizontal", hide_index=True, height="content" if len(rows) <= MOST_UNSCROLLED else LIST_HEIGHT
    )
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(f"{len(rows):,} of {plural(total, 'line')} shown.", width="content")
        st.download_button(
            f"Download {plural(len(lines), 'bad line')}",
            data=lambda: bad_lines_csv(lines),
            file_name=f"{stem}_bad_lines.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )


def shapes_in_words(shapes: Mapping[str, int]) -> list[str]:
    """``1,200 OpenAI chat`` for each."""
    return [f"{count:,} {SHAPES[name].label if name in SHAPES else name}" for name, count in shapes.items()]
