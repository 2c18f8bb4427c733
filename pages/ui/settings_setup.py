"""How a provider is set up on the Settings page: its model, its address, its key; and fetching a model."""

import streamlit as st

from pages.ui import session
from pages.ui.settings_checks import forget_checks
from pages.ui.shell import secrets
from pages.ui.words import as_label
from synthgen_core.actions.model_pulls import PULLING, Pull, get_pull, start_pull
from synthgen_core.actions.provider_states import ProviderState
from synthgen_core.actions.settings import (
    Key,
    ProviderChoice,
    fixed_by,
    mask,
    read_saved,
    save_provider_choice,
    unsent_key,
)
from synthgen_core.errors import SynthGenError
from synthgen_core.models import ProviderConfig
from synthgen_core.workspace import Workspace


def pull_of(config: ProviderConfig) -> Pull | None:
    """The model that is on its way to this provider, or came last."""
    return get_pull(config) if config.type in PULLING else None


def set_up(place: Workspace, config: ProviderConfig, state: ProviderState) -> None:
    """The button that opens the form."""
    with st.popover("Set up", icon=":material/tune:", key=f"setup-{config.type}"):
        fixed = fixed_by(place.settings, config.type, secrets())
        chosen = read_saved(place.settings.data_dir).providers.get(config.type, ProviderChoice())
        _model(place, config, state, fixed.model)
        if config.base_url:
            _address(place, config, fixed.base_url)
            if config.type not in PULLING:
                _key(place, config)
        if chosen != ProviderChoice():
            st.button(
                "Back to the defaults",
                key=f"reset-{config.type}",
                type="tertiary",
                icon=":material/undo:",
                on_click=_reset,
                args=(place, config.type),
            )
        if config.type in PULLING:
            _pull(config)


def _model(place: Workspace, config: ProviderConfig, state: ProviderState, fixed: str) -> None:
    names = list(dict.fromkeys([*([state.model] if state.model else []), *state.models]))
    widget = f"model-{config.type}-{config.base_url}-{state.model}"
    st.selectbox(
        "Model",
        names,
        index=0 if names else None,
        key=widget,
        placeholder="The server's own",
        accept_new_options=True,
        disabled=bool(fixed),
        help=_by(fixed) or "Choose one that is listed, or write a name.",
        on_change=_save_model,
        args=(place, config.type, widget),
    )


def _address(place: Workspace, config: ProviderConfig, fixed: str) -> None:
    widget = f"address-{config.type}-{config.base_url}"
    st.text_input(
        "Address",
        config.base_url,
        key=widget,
        disabled=bool(fixed),
        help=_by(fixed) or "http or https. It is kept for everybody who uses this app.",
        on_change=_save_address,
        args=(place, config.type, widget),
    )


def _key(place: Workspace, config: ProviderConfig) -> None:
    typed = session.keys().get(config.type)
    is_typed = typed is not None and typed.value == config.api_key
    widget = f"key-{config.type}"
    st.text_input(
        "Key",
        key=widget,
        type="password",
        autocomplete="off",
        placeholder=mask(config.api_key) if config.api_key else "none",
        help="It stays in the memory of this session, and of the jobs that you start; it is written nowhere.",
        on_change=_take_key,
        args=(config, widget),
    )
    if is_typed:
        st.caption(f"In use: {mask(config.api_key)}, typed in this session.")
    elif config.api_key:
        st.caption(f"In use: {mask(config.api_key)}, from the settings.")
    if not config.api_key and (name := unsent_key(config, secrets())):
        st.caption(f"{name} was given for another address, and is not sent to this one.")
    if not is_typed and typed is not None:
        st.caption(f"{typed.shown} was typed for {as_label(typed.address)}, and is not sent elsewhere.")
    if typed is not None:
        st.button(
            "Forget the key",
            key=f"forget-{config.type}",
            type="tertiary",
            icon=":material/key_off:",
            on_click=_forget_key,
            args=(config.type,),
        )


def _pull(config: ProviderConfig) -> None:
    pull, widget = get_pull(config), f"pull-{config.type}"
    st.text_input("Fetch a model", key=widget, placeholder="gemma3:4b")
    st.button(
        "Fetch",
        key=f"fetch-{config.type}",
        icon=":material/download:",
        disabled=pull is not None and pull.is_running,
        on_click=_start_pull,
        args=(config, widget),
    )


def _by(name: str) -> str:
    return f"{name} is set outside the app, and determines this." if name else ""


def _save(place: Workspace, provider_type: str, **changes: str) -> None:
    session.ask_for_whole_page()
    before = read_saved(place.settings.data_dir).providers.get(provider_type, ProviderChoice())
    try:
        save_provider_choice(
            place.settings,
            provider_type,
            ProviderChoice(changes.get("model", before.model), changes.get("base_url", before.base_url)),
        )
    except SynthGenError as error:
        session.set_problem(error)


def _save_model(place: Workspace, provider_type: str, widget: str) -> None:
    _save(place, provider_type, model=st.session_state[widget] or "")


def _save_address(place: Workspace, provider_type: str, widget: str) -> None:
    _save(place, provider_type, base_url=st.session_state[widget])


def _reset(place: Workspace, provider_type: str) -> None:
    _save(place, provider_type, model="", base_url="")


def _take_key(config: ProviderConfig, widget: str) -> None:
    """Move the key out of the field: what is in a field goes to the browser."""
    session.ask_for_whole_page()
    typed, st.session_state[widget] = st.session_state[widget].strip(), ""
    if typed:
        session.set_key(config.type, Key(typed, config.base_url))


def _forget_key(provider_type: str) -> None:
    session.ask_for_whole_page()
    session.set_key(provider_type, None)


def _start_pull(config: ProviderConfig, widget: str) -> None:
    session.ask_for_whole_page()
    try:
        start_pull(config, st.session_state[widget])
    except SynthGenError as error:
        session.set_problem(error)
    forget_checks()
