"""Session state: every key behind a named function. It holds ids, drafts and wizard steps, nothing else."""

import streamlit as st

from synthgen_core.errors import SynthGenError


def enter_shell() -> None:
    """Called by ``streamlit_app.py`` before a page runs."""
    st.session_state["_shell"] = True


def is_in_shell() -> bool:
    """Whether the page runs inside ``streamlit_app.py``."""
    return bool(st.session_state.get("_shell"))


def chosen_domain() -> str | None:
    """Slug of the domain chosen on the Generate page."""
    return st.session_state.get("_domain")


def chosen_subdomain() -> str | None:
    """Slug of the subdomain chosen there."""
    return st.session_state.get("_subdomain")


def choose(domain: str | None = None, subdomain: str | None = None) -> None:
    """Go to a step of the wizard: nothing chosen, a domain, or both."""
    st.session_state["_domain"], st.session_state["_subdomain"] = domain, subdomain
    st.session_state.pop("_trial", None)
    st.session_state.pop("_problem", None)


def watched_job() -> int | None:
    """The job that the Generate page shows."""
    return st.session_state.get("_job")


def watch_job(job_id: int | None) -> None:
    """Show this job on the Generate page, or none."""
    st.session_state["_job"] = job_id


def set_problem(error: SynthGenError | None) -> None:
    """Keep what went wrong in a callback, for the page to show."""
    st.session_state["_problem"] = error


def take_problem() -> SynthGenError | None:
    """What went wrong in a callback; shown once."""
    return st.session_state.pop("_problem", None)


def set_trial(trial: object) -> None:
    """Keep the trial example that was made last."""
    st.session_state["_trial"] = trial


def trial() -> object:
    """The trial example that was made last, or None."""
    return st.session_state.get("_trial")


def ask_for_whole_page() -> None:
    """Called where a button in a polled panel was pressed: more than the panel has changed."""
    st.session_state["_whole_page"] = True


def takes_whole_page() -> bool:
    """Whether somebody asked for the whole page; told once."""
    return bool(st.session_state.pop("_whole_page", False))
