"""The Settings page's second part: the settings of the app, each with its value, where it comes from, what it does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

from pages.ui import session
from pages.ui.settings_checks import forget_checks
from pages.ui.shell import running_settings, secrets
from pages.ui.words import as_label, gibibytes, megabytes
from synthgen_core.actions.providers import PROVIDERS
from synthgen_core.actions.settings import (
    Origin,
    SettingView,
    database_kind,
    free_space,
    get_settings,
    save_setting,
)
from synthgen_core.actions.usage import cache_size, clear_cache
from synthgen_core.errors import SynthGenError
from synthgen_core.workspace import Workspace

Draw = Callable[[SettingView, str, Callable[[], None]], object]


def _choice(options: Mapping[str, str]) -> Draw:
    def draw(view: SettingView, widget: str, save: Callable[[], None]) -> object:
        return st.selectbox(
            view.name,
            options,
            index=list(options).index(str(view.value)) if view.value in options else None,
            format_func=options.__getitem__,
            key=widget,
            label_visibility="collapsed",
            on_change=save,
        )

    return draw


def _number(least: float, most: float, step: float) -> Draw:
    def draw(view: SettingView, widget: str, save: Callable[[], None]) -> object:
        kind = type(view.value)
        return st.number_input(
            view.name,
            kind(least),
            kind(most),
            view.value,
            kind(step),
            "%d" if kind is int else "%g",
            key=widget,
            label_visibility="collapsed",
            on_change=save,
        )

    return draw


def _switch(view: SettingView, widget: str, save: Callable[[], None]) -> object:
    return st.toggle("On", bool(view.value), key=widget, on_change=save)


@dataclass(frozen=True, slots=True)
class Row:
    """How a setting is shown."""

    title: str
    draw: Draw | None = None
    """How it is changed; None: not here."""
    note: Callable[[Workspace], str] = lambda place: ""
    """What more is to be said about it."""
    shown: Callable[[object], str] = str
    """Its value in words."""
    act: Callable[[Workspace], None] = lambda place: None
    """Draws what can be done about it."""


def _space(place: Workspace) -> str:
    disk = free_space(place)
    return (
        f"{gibibytes(disk.total - disk.used)} of {gibibytes(disk.total)} free."
        if disk
        else "Free space: not available."
    )


def _kept(place: Workspace) -> str:
    kept = cache_size(place)
    if not kept.replies:
        return "It is empty."
    needed = f"; jobs that can go on need {kept.needed:,} of them" if kept.needed else ""
    verb = "is" if kept.replies == 1 else "are"
    return (
        f"{kept.replies:,} {'reply' if kept.replies == 1 else 'replies'} {verb} kept, {megabytes(kept.size)}{needed}."
    )


def _clear_button(place: Workspace) -> None:
    kept = cache_size(place)
    st.button(
        "Clear",
        key="clear-cache",
        icon=":material/delete_sweep:",
        disabled=kept.replies == kept.needed,
        help="Replies that jobs need in order to go on are kept.",
        on_click=_clear,
        args=(place,),
    )


def _clear(place: Workspace) -> None:
    try:
        count = clear_cache(place)
    except SynthGenError as error:
        session.set_problem(error)
    else:
        st.toast(f"{count:,} {'reply was' if count == 1 else 'replies were'} forgotten.", icon=":material/check:")


ROWS: Mapping[str, Row] = {
    "LLM_PROVIDER": Row(
        "Default model",
        _choice({"": "Automatic"} | {name: kind.name for name, kind in PROVIDERS.items()}),
        shown=lambda value: PROVIDERS[str(value)].name if value in PROVIDERS else str(value),
    ),
    "MAX_CONCURRENT_JOBS": Row("Jobs at once", _number(1, 64, 1)),
    "WORKERS": Row("Calls at a time", _number(0, 256, 1), shown=lambda value: str(value or "by model")),
    "ENABLE_CACHING": Row(
        "Reply cache", _switch, note=_kept, shown=lambda value: "on" if value else "off", act=_clear_button
    ),
    "CACHE_TTL": Row("Replies are kept for (hours)", _number(0, 100_000, 1), shown=lambda value: f"{value:g}"),
    "LOG_LEVEL": Row("Log level", _choice({level: level for level in ("debug", "info", "warning", "error")})),
    "DATA_DIR": Row("Data folder", note=_space),
    "DATABASE_PATH": Row("Database", note=lambda place: f"{database_kind(place)} is in use."),
    "DATABASE_URL": Row("Database", note=lambda place: f"{database_kind(place)} is in use."),
}
"""Name -> how it is shown, in this order. To show one more setting, add a row."""


def system_settings(place: Workspace) -> None:
    """Every setting that has a row."""
    views = {view.name: view for view in get_settings(place.settings, secrets())}
    running = {view.name: view.value for view in get_settings(running_settings(place))}
    unused = "DATABASE_URL" if views["DATABASE_URL"].origin is Origin.DEFAULT else "DATABASE_PATH"
    for name, row in ROWS.items():
        if name != unused:
            with st.container(border=True):
                _setting(place, views[name], row, running[name])


def _setting(place: Workspace, view: SettingView, row: Row, running: object) -> None:
    words, value, origin = st.columns([5, 4, 3], vertical_alignment="center")
    with words, st.container(gap=None):
        st.markdown(f"**{row.title}** :small[:gray[{as_label(view.name)}]]")
        st.caption(" ".join(part for part in (as_label(view.help), row.note(place)) if part))
    with value, st.container(horizontal=True, vertical_alignment="center"):
        if row.draw is not None and view.can_edit:
            widget = f"setting-{view.name}-{view.value}"
            row.draw(view, widget, lambda: _save(place, view.name, widget))
        else:
            st.code(row.shown(view.value), language=None, wrap_lines=True)
        row.act(place)
    with origin, st.container(horizontal=True, vertical_alignment="center", gap="small"):
        is_outside = view.origin not in (Origin.FILE, Origin.DEFAULT)
        st.badge(
            view.origin.value, color="blue" if is_outside else "gray", icon=":material/lock:" if is_outside else None
        )
        if view.origin is Origin.FILE:
            st.button("Default", key=f"reset-{view.name}", type="tertiary", on_click=_reset, args=(place, view.name))
        if is_outside:
            st.caption("Read-only here.")
        elif view.needs_restart:
            is_due = running != view.value
            st.caption(
                f":orange[:material/restart_alt: Restart the app: {running} until then.]"
                if is_due
                else "Takes a restart."
            )


def _save(place: Workspace, name: str, widget: str) -> None:
    _keep(place, name, st.session_state[widget])


def _reset(place: Workspace, name: str) -> None:
    _keep(place, name, None)


def _keep(place: Workspace, name: str, value: object) -> None:
    try:
        save_setting(place.settings, name, value)
    except SynthGenError as error:
        session.set_problem(error)
    else:
        st.toast("Saved.", icon=":material/check:")
    forget_checks()
