"""The Settings page's cards: what each provider is, whether it can write now, and how it is set up."""

from concurrent.futures import TimeoutError as WaitedTooLong
from dataclasses import replace

import streamlit as st

from pages.ui import session
from pages.ui.jobs import POLL, keep_up
from pages.ui.settings_checks import check, default_choice, forget_check
from pages.ui.settings_setup import pull_of, set_up
from pages.ui.shell import show_error
from pages.ui.words import ago, as_label, as_markdown, plural
from synthgen_core.actions.provider_states import (
    Check,
    Condition,
    Greeting,
    LastError,
    ProviderState,
    get_last_errors,
    say_hello,
)
from synthgen_core.actions.providers import PROVIDERS, Choice
from synthgen_core.errors import SynthGenError
from synthgen_core.models import ProviderConfig
from synthgen_core.workspace import Workspace

BADGES = {
    Condition.READY: ("green", ":material/check_circle:"),
    Condition.NO_KEY: ("gray", ":material/key_off:"),
    Condition.KEY_REFUSED: ("red", ":material/key_off:"),
    Condition.NO_MODEL: ("orange", ":material/deployed_code_alert:"),
    Condition.UNREACHABLE: ("gray", ":material/cloud_off:"),
    Condition.UNUSABLE: ("red", ":material/error:"),
    Condition.UNKNOWN: ("gray", ":material/hourglass_empty:"),
}
SHORT_WAIT = 0.25
"""Seconds for which the cards wait for what is quick; for the rest they are drawn again."""


def provider_cards(place: Workspace) -> None:
    """All providers; drawn again each second while one of them has not answered, or fetches a model."""
    waits = _waits(place)
    st.fragment(_cards, run_every=POLL if waits else None)(place, polls=waits)


def _waits(place: Workspace) -> bool:
    """Whether something is still to come."""
    configs = [session.provider_config(place, name) for name in PROVIDERS]
    seconds = SHORT_WAIT
    for state in (check(place, config) for config in configs):
        if state.state(seconds).condition is Condition.UNKNOWN:
            seconds = 0.0  # together they wait no longer than one
    pulls = [pull for config in configs if (pull := pull_of(config)) is not None]
    return (
        any(check(place, config).state().condition is Condition.UNKNOWN for config in configs)
        or any(pull.is_running for pull in pulls)
        or not default_choice(place).done()
    )


def _cards(place: Workspace, *, polls: bool) -> None:
    keep_up(is_active=_waits(place), polls=polls)
    errors = get_last_errors(place)
    default = _default(place)
    with st.grid(3, min_column_width=300):
        for name in PROVIDERS:
            config = session.provider_config(place, name)
            with st.container(border=True, key=f"provider-{name}", gap="small", height="stretch"):
                _card(place, config, check(place, config), errors.get(name), default)


def _default(place: Workspace) -> Choice | None:
    """The provider that writes unless told otherwise; None while that is not known."""
    try:
        return default_choice(place).result(SHORT_WAIT)
    except WaitedTooLong:
        return None
    except SynthGenError as error:
        show_error(error)
        return None


def _card(
    place: Workspace, config: ProviderConfig, look: Check, last: LastError | None, default: Choice | None
) -> None:
    kind, state = PROVIDERS[config.type], look.state()
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        icon = "cloud" if kind.is_paid else "dns" if config.base_url else "memory"
        st.markdown(f":material/{icon}: **{as_label(kind.name)}**" + (" :orange[\\$]" if kind.is_paid else ""))
        colour, sign = BADGES[state.condition]
        st.badge(state.condition.value, color=colour, icon=sign)
    st.caption(kind.summary)
    with st.container(gap="xxsmall", height="stretch"):
        _facts(config, state)
        if default is not None and default.config.type == config.type:
            st.caption(f":violet[:material/star: **Default.**] {as_label(default.reason)}")
        if last is not None:
            st.caption(f"Last error, {ago(last.at)} in job {last.job_id}: {as_label(last.message)}")
    with st.container(horizontal=True):
        is_asked = st.button("Test", key=f"test-{config.type}", icon=":material/play_arrow:")
        set_up(place, config, state)
    if is_asked:
        with st.spinner("Saying hello …"):
            session.set_greeting(config.type, say_hello(place, replace(config, model=config.model or state.model)))
            forget_check(place, config)
    _draw_pull(config)
    if isinstance(greeting := session.greeting(config.type), Greeting):
        _draw_greeting(greeting)


def _facts(config: ProviderConfig, state: ProviderState) -> None:
    """The model, how many there are, and where it is; or what is wrong."""
    facts = [f"**{as_label(state.model)}**"] if state.model else []
    facts += [plural(len(state.models), "model")] if state.models else []
    if facts:
        st.markdown(f":small[{' · '.join(facts)}]")
    said = str(state.error or "")
    if state.error is not None and state.condition is Condition.NO_KEY:
        name = PROVIDERS[config.type].key_setting
        said = f"{state.error.message} Type one under “Set up”" + (f", or set {name}." if name else ".")
    if config.base_url and config.base_url not in said:
        st.caption(as_label(config.base_url.partition("//")[2]))
    if said:
        st.caption(as_label(said))


def _draw_greeting(greeting: Greeting) -> None:
    took = f"{greeting.seconds:.1f} s"
    if greeting.error is None:
        st.success(f"“{as_markdown(greeting.reply.strip())}”  \n:small[{as_label(greeting.model)}, {took}]")
        return
    where = f" · {as_label(greeting.address)}" if greeting.address else ""
    st.error(
        f"**{as_label(greeting.error.message)}**  \n{as_markdown(greeting.error.hint)}  \n"
        f":small[{as_label(greeting.cause.replace('_', ' '))}{where} · {took}]"
    )


def _draw_pull(config: ProviderConfig) -> None:
    pull = pull_of(config)
    if pull is None:
        return
    if pull.is_running:
        st.progress(pull.fraction, text=as_label(pull.text))
        st.button("Stop", key=f"stop-{config.type}", icon=":material/stop_circle:", on_click=pull.stop)
    elif pull.is_stopped:
        st.caption(f"Fetching {as_label(pull.model)} was stopped; what has come is kept.")
    elif pull.error is not None:
        show_error(pull.error)
    else:
        st.caption(f":green[:material/check_circle:] {as_label(pull.model)} is here.")
