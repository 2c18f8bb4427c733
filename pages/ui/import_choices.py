"""What can be chosen for an import: name, format, encoding, what columns hold, and what becomes of bad lines."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from pages.ui import session, session_datasets
from pages.ui.import_previews import Looks, draw_looks, look_at, readable
from pages.ui.import_uploads import file_list
from pages.ui.words import as_label, plural
from synthgen_core.actions.import_files import ENCODINGS, Source
from synthgen_core.actions.import_previews import ImportPreview, common_format, find_earlier
from synthgen_core.actions.import_runs import ImportOptions
from synthgen_core.actions.imports import start_import
from synthgen_core.errors import SynthGenError
from synthgen_core.formats import FORMATS
from synthgen_core.shapes import MAPPINGS
from synthgen_core.workspace import Workspace

UTF8 = ENCODINGS[0]
EACH, TOGETHER = "One dataset each", "One dataset of all"


def preview_step(place: Workspace, sources: Sequence[Source]) -> None:
    """The choices at the left, what comes of them at the right."""
    left, right = st.columns([2, 3], gap="large")
    with left:
        file_list(place, sources)
        is_together = len(sources) > 1 and _asks_together()
        name = "" if len(sources) > 1 and not is_together else _name_field(sources)
        options = ImportOptions(format_type=_format_field(), encoding=_encoding_field())
        options = _help_with_encoding(look_at(place, sources, options), options)
        options = replace(options, mapping=_mapping_form(readable(look_at(place, sources, options))))
        looks = look_at(place, sources, options)
        if is_together and len({look.format for look in readable(looks) if look.format}) > 1:
            options = replace(options, format_type=common_format(readable(looks)))
            looks = look_at(place, sources, options)
            format = FORMATS[options.format_type].label.lower()
            st.caption(f":material/info: The formats differ; together they make a dataset of the format {format}.")
        is_again = _asks_again(place, sources)
        if is_again is not None:
            options = replace(options, name=name, is_again=is_again)
            groups = [sources] if is_together else [[source] for source in sources]
            _start_buttons(place, groups, options, looks)
    with right:
        draw_looks(looks)


def _asks_together() -> bool:
    return st.segmented_control("Make", [EACH, TOGETHER], default=EACH, required=True, key="together") == TOGETHER


def _name_field(sources: Sequence[Source]) -> str:
    usual = sources[0].stem + (f" and {len(sources) - 1} more" if len(sources) > 1 else "")
    return st.text_input("Name of the dataset", placeholder=usual, key="import_name", max_chars=200)


def _format_field() -> str:
    return st.selectbox(
        "Format of the dataset",
        ["", *FORMATS],
        format_func=lambda name: FORMATS[name].label if name else "As most rows have it",
        key="import_format",
        help="Rows of another format are converted if nothing of them is lost. Others are left out, and listed.",
    )


def _encoding_field() -> str:
    """Empty: UTF-8, unless the file says otherwise."""
    chosen = st.selectbox(
        "Encoding", ENCODINGS, key=session_datasets.ENCODING, help="How the file's characters are written."
    )
    return "" if chosen == UTF8 else chosen


def _help_with_encoding(looks: Looks, options: ImportOptions) -> ImportOptions:
    """Where bytes are no characters: an encoding that may fit, and the choice of a sign in their place."""
    guess = next((look.encoding_guess for look in readable(looks) if look.encoding_guess), "")
    is_wanted = bool(guess or st.session_state.get("replace_invalid"))
    if not is_wanted:
        return options
    now = options.encoding or UTF8
    with st.container(border=True):
        st.markdown(f":material/translate: Some lines are not {now.upper()}.")
        if guess in ENCODINGS and guess != now:
            st.button(f"Read the file as {guess.upper()}", on_click=session_datasets.choose_encoding, args=(guess,))
        return replace(
            options, replace_invalid=st.checkbox("Put � where bytes are no characters", key="replace_invalid")
        )


def _mapping_form(looks: Sequence[ImportPreview]) -> tuple[tuple[str, str], ...]:
    """(field, column) for rows of no known shape, with the guess filled in; empty where there are none such."""
    unknown = [look for look in looks if look.has_unknown_shape]
    if not unknown:
        return ()
    guess = next((look.mapping_guess for look in unknown if look.mapping_guess), {})
    columns = list(dict.fromkeys(column for look in unknown for column in look.columns))
    guessed = next((name for name, kind in MAPPINGS.items() if guess and guess.keys() >= set(kind.required)), None)
    with st.container(border=True):
        st.markdown("**What do the columns hold?**")
        st.caption("Rows were found that have none of the known shapes. Columns that are not named here are kept, too.")
        kinds = [None, *MAPPINGS]
        name = st.selectbox(
            "Such a row is",
            kinds,
            index=kinds.index(guessed),
            format_func=lambda name: "Not an example: leave it out" if name is None else MAPPINGS[name].label,
            key="mapping",
        )
        if name is None:
            return ()
        kind, chosen = MAPPINGS[name], {}
        options = [None, *columns]
        for field in (*kind.required, *kind.optional):
            suits = guess.get(field) if name == guessed else None
            column = st.selectbox(
                field.capitalize(),
                options,
                index=options.index(suits) if suits in options else 0,
                format_func=lambda column, field=field: _column_in_words(column, is_needed=field in kind.required),
                key=f"mapping_{name}_{field}",
            )
            if column is not None:
                chosen[field] = column
    return tuple(chosen.items()) if chosen.keys() >= set(kind.required) else ()


def _column_in_words(column: str | None, *, is_needed: bool) -> str:
    return column if column is not None else "Choose a column" if is_needed else "None"


def _asks_again(place: Workspace, sources: Sequence[Source]) -> bool | None:
    """Whether to import the same content once more; None: it is there already, and nobody said so."""
    known = [(source, earlier) for source in sources if (earlier := find_earlier(place, source))]
    for source, earlier in known:
        with st.container(border=True):
            at = f"{earlier.at:%d %b %Y, %H:%M} UTC"
            st.markdown(f":material/history: “{as_label(source.label)}” was already imported on {as_label(at)}.")
            label = f"Open “{as_label(earlier.name)}”"
            st.page_link("pages/dataset.py", label=label, query_params={"dataset": str(earlier.dataset_id)})
    if not known:
        return False
    return True if st.checkbox("Import the same once more", key="import_again") else None


def _start_buttons(place: Workspace, groups: Sequence[Sequence[Source]], options: ImportOptions, looks: Looks) -> None:
    found = readable(looks)
    good, lost = sum(look.good for look in found), sum(look.bad + look.skipped for look in found)
    is_sure = all(look.is_whole for look in found)
    is_ready = bool(good) and len(found) == len(looks)
    if is_sure:
        label = f"Import the good ones ({good:,})" if lost else f"Import {plural(good, 'example')}"
    else:
        label = "Import the good ones"
    choices = [(label, options)]
    if lost or not is_sure:
        choices.append(("All or nothing", replace(options, is_all_or_nothing=True)))
    with st.container(horizontal=True):
        for text, chosen in choices:
            st.button(
                text,
                key=f"import_{chosen.is_all_or_nothing}",
                type="secondary" if chosen.is_all_or_nothing else "primary",
                icon=":material/rule:" if chosen.is_all_or_nothing else ":material/input:",
                help="If one line cannot be imported, nothing is." if chosen.is_all_or_nothing else None,
                disabled=not is_ready,
                on_click=_start,
                args=(place, groups, chosen, session_datasets.mark()),
            )
    if len(found) < len(looks):
        st.caption("A file cannot be read: choose otherwise above, or leave it out.")
    elif not good:
        st.caption("There is no example to import.")


@st.cache_resource(max_entries=100, show_spinner=False)
def _start_once(
    _place: Workspace, _groups: Sequence[Sequence[Source]], _options: ImportOptions, mark: str
) -> tuple[list[int], list[SynthGenError]]:
    """Start these imports once, however often the button was pressed. Streamlit runs the callbacks of quick presses at
    the same time: they wait here for the first, and get the same jobs."""
    jobs: list[int] = []
    refused: list[SynthGenError] = []
    for group in _groups:
        try:
            jobs.append(start_import(_place, group, _options).id)
        except SynthGenError as error:
            refused.append(error)
    return jobs, refused


def _start(place: Workspace, groups: Sequence[Sequence[Source]], options: ImportOptions, mark: str) -> None:
    jobs, refused = _start_once(place, groups, options, mark)
    session_datasets.end_mark()
    for error in refused:
        session.add_problem(error)
    if jobs:
        session_datasets.set_uploads({})
        st.query_params.from_dict({"job": [str(job_id) for job_id in jobs]})
