"""Looks at providers, made in the background; all pages share one for half a minute."""

from concurrent.futures import Future

import streamlit as st

from synthgen_core.actions.provider_states import Check, begin_choice
from synthgen_core.actions.providers import Choice, model_table
from synthgen_core.models import ProviderConfig
from synthgen_core.settings import Settings
from synthgen_core.workspace import Workspace

FRESH_SECONDS, MOST_KEPT = 30, 200


def check(place: Workspace, config: ProviderConfig) -> Check:
    """A look at this provider, begun at most half a minute ago."""
    return _check(place.settings, config)


@st.cache_resource(ttl=FRESH_SECONDS, max_entries=MOST_KEPT, show_spinner=False)
def _check(_settings: Settings, config: ProviderConfig) -> Check:
    return Check(config, model_table(_settings))  # Streamlit keeps a hash of the key, not the key


def default_choice(place: Workspace) -> Future[Choice]:
    """Which provider writes unless told otherwise; it may have to ask Ollama."""
    return _choice(place.settings, repr(place.settings))


@st.cache_resource(ttl=FRESH_SECONDS, max_entries=MOST_KEPT, show_spinner=False)
def _choice(_settings: Settings, without_keys: str) -> Future[Choice]:
    return begin_choice(_settings)


def forget_check(place: Workspace, config: ProviderConfig) -> None:
    """Look at this provider anew."""
    _check.clear(place.settings, config)


def forget_checks() -> None:
    """Look at all of them anew."""
    _check.clear()
    _choice.clear()
