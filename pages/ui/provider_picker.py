"""Choosing a model: provider, address and name, with what the provider says of itself."""

from dataclasses import replace

import streamlit as st

from pages.ui import session
from pages.ui.settings_checks import check
from pages.ui.shell import show_error
from synthgen_core.actions.provider_states import Condition
from synthgen_core.actions.providers import PROVIDERS, choose_provider
from synthgen_core.models import Method, ProviderConfig, Side
from synthgen_core.workspace import Workspace

KEEP = "session"
LONGEST_WAIT = 2.0
"""Seconds that a server may take to say which models it has."""
LABELS = {Side.WRITER: "Model", Side.ASSISTANT: "Model that answers"}
KEYS = {Side.WRITER: "", Side.ASSISTANT: "assistant_"}
"""What the keys of a side's fields begin with."""
JUDGES = tuple(name for name, kind in PROVIDERS.items() if kind.method is not Method.QUESTION_BANK)
"""The providers whose models can judge."""


def provider_picker(place: Workspace, side: Side = Side.WRITER, *, first: str = "") -> ProviderConfig:
    """Which model writes, or answers, and why this one is offered first; ``first``: a provider to offer instead."""
    return _pick(place, LABELS[side], list(PROVIDERS), KEYS[side], first)


def judge_picker(place: Workspace) -> ProviderConfig:
    """Which model judges; the one that writes, if it can, is offered first."""
    usual = choose_provider(place.settings).config.type
    able = [usual, *(name for name in JUDGES if session.provider_config(place, name).api_key), *JUDGES]
    return _pick(place, "Judge", list(JUDGES), "judge_", next(name for name in able if name in JUDGES))


def has_judge(place: Workspace) -> bool:
    """Whether some provider can be asked to judge: there is a key for it, or its server answers and has a model."""
    configs = [session.provider_config(place, name) for name in JUDGES]
    if any(config.api_key for config in configs):
        return True
    checks = [check(place, config) for config in configs if _needs_no_key(config)]
    return any(each.state(LONGEST_WAIT).condition is Condition.READY for each in checks)


def _needs_no_key(config: ProviderConfig) -> bool:
    kind = PROVIDERS[config.type]
    return kind.is_local or (kind.has_imitators and config.base_url != kind.default_base_url)


def _pick(place: Workspace, label: str, types: list[str], own: str, first: str) -> ProviderConfig:
    choice = choose_provider(place.settings)
    chosen = st.selectbox(
        label,
        types,
        index=types.index(first or choice.config.type),
        format_func=lambda name: PROVIDERS[name].name + (" ($)" if PROVIDERS[name].is_paid else ""),
        key=f"{own}provider",
        persist_state=KEEP,
        help=None if first else choice.reason,
    )
    kind = PROVIDERS[chosen]
    st.caption(kind.summary)
    config = session.provider_config(place, chosen)
    if chosen == choice.config.type and not config.model:
        config = replace(config, model=choice.config.model)
    if not config.base_url:
        return config
    if chosen == "openai":
        session.follow(f"{own}base_url", config.base_url)
        address = st.text_input("Address", config.base_url, key=f"{own}base_url", persist_state=KEEP)
        config = replace(session.provider_config(place, chosen, address.strip()), model=config.model)
    names, model = _models(place, config) if kind.is_local else ([], config.model)
    widget = f"{own}model_{chosen}" if names else f"{own}model_{chosen}_text"
    session.follow(widget, f"{model} {config.base_url}")
    if names:
        start = names.index(model) if model in names else 0
        model = st.selectbox("Model name", names, start, key=widget, persist_state=KEEP)
    else:
        model = st.text_input("Model name", model, key=widget, persist_state=KEEP)
    return replace(config, model=model or config.model)


def _models(place: Workspace, config: ProviderConfig) -> tuple[list[str], str]:
    """What a user's own server has, and the one that it would take; none, with the reason shown, if it does not say."""
    state = check(place, config).state(LONGEST_WAIT)
    if state.error is not None:
        show_error(state.error)
    return list(state.models), state.model
