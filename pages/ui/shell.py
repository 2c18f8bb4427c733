"""What surrounds every page: the workspace, errors in the reader's words, the running job in the sidebar."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from pages.ui import session
from pages.ui.gate import ask_who, find_visitor, visitor_box
from pages.ui.jobs import sidebar_jobs
from pages.ui.style import apply_style
from pages.ui.words import draw_error
from synthgen_core.access import Role
from synthgen_core.actions.import_files import forget_old_uploads
from synthgen_core.actions.imports import scan_at_start
from synthgen_core.actions.settings import effective_settings
from synthgen_core.errors import SynthGenError
from synthgen_core.settings import ROOT, Settings, read_environment
from synthgen_core.workspace import Workspace, shared_workspace

PAGE_BUTTON_WIDTH, MOST_PAGE_BUTTONS = 36, 7


def require_shell() -> None:
    """Run this page inside ``streamlit_app.py``. The first line of every page.

    Until some session has run ``st.navigation``, Streamlit takes the folder ``pages/`` for its older kind of multipage
    app and runs the page's file alone; a deep link on a cold server would miss the shell.
    """
    if not session.is_in_shell():
        PagesManager.uses_pages_directory = False
        st.rerun()


def workspace() -> Workspace:
    """The workspace of this process, with the settings as they are now; but it stays in the place where it was opened.

    It is on behalf of whoever is here: where nobody knows who that is, the page asks instead, and ends. Where it cannot
    be opened, the page says why and ends.
    """
    try:
        settings = present_settings()
        if (visitor := find_visitor(settings)) is None:
            ask_who(settings)
            st.stop()
        opened = shared_workspace(settings, at_start=(forget_old_uploads, scan_at_start))
    except SynthGenError as error:
        show_error(error)
        st.stop()
    place = {name: getattr(opened.settings, name) for name in ("data_dir", "database_path", "database_url")}
    return replace(opened, settings=replace(settings, **place), visitor=visitor)


def present_settings() -> Settings:
    """The settings as they are now. Raises ConfigError."""
    return effective_settings({**secrets(), **read_environment()})


def visible_to() -> Role | None:
    """The role of whoever is here, for the navigation; None: nobody knows them yet."""
    try:
        visitor = find_visitor(present_settings())
    except SynthGenError:
        return Role.ADMIN  # the page says why nothing can be opened
    return visitor.role if visitor else None


def running_settings(place: Workspace) -> Settings:
    """The settings with which this process began."""
    return shared_workspace(place.settings).settings


def secrets() -> Mapping[str, str]:
    """Streamlit's secrets, as they would stand in the environment."""
    if not st.secrets.load_if_toml_exists():
        return {}
    return {name: str(value) for name, value in st.secrets.items() if isinstance(value, str | int | float)}


@contextlib.contextmanager
def page_head(title: str) -> Iterator[None]:
    """The page's title; what is drawn inside the ``with`` stands at its right."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.title(title, anchor=False, width="content")
        with st.container(horizontal=True, horizontal_alignment="right", width="content"):
            yield


def choose_page(pages: int, key: str, *, bind: Literal["query-params"] | None = None) -> int:
    """The page of a list that is chosen, from 1; nothing is drawn where there is only one.

    Left to itself in a row, Streamlit's pagination takes too little room and hides page numbers.
    """
    if pages <= 1:
        return 1
    return st.pagination(pages, key=key, bind=bind, width=PAGE_BUTTON_WIDTH * (min(pages, MOST_PAGE_BUTTONS) + 4))


def show_error(error: SynthGenError) -> None:
    """What failed, on what, and one thing to do."""
    draw_error(error.message, error.hint)


@contextlib.contextmanager
def reporting() -> Iterator[None]:
    """Show what a page's own action raises, where it stands."""
    try:
        yield
    except SynthGenError as error:
        show_error(error)


def draw_sidebar() -> None:
    """Style, logo, and the jobs that run."""
    apply_style()
    st.logo(str(ROOT / "static" / "logo.svg"), icon_image=str(ROOT / "static" / "icon.svg"), size="large")
    place = workspace()  # where that fails, the page itself says why: a sidebar may be folded away
    with st.sidebar:
        sidebar_jobs(place)
        visitor_box(place)
