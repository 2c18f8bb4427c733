"""The last step of the wizard: the settings of a run, its prompt, and one example made on trial."""

from decimal import Decimal

import streamlit as st

from pages.ui import session
from pages.ui.examples import draw_example_with_parameters
from pages.ui.provider_picker import KEEP, provider_picker
from pages.ui.shell import reporting, show_error
from pages.ui.ways import way_form
from pages.ui.words import as_id, as_markdown, duration, plural
from synthgen_core.actions.batches import batch_factor
from synthgen_core.actions.estimate import estimate
from synthgen_core.actions.generation import (
    MOST_EXAMPLES,
    MOST_WORKERS,
    GenerationRequest,
    Trial,
    preview_prompt,
    try_example,
)
from synthgen_core.actions.providers import PROVIDERS, languages_of
from synthgen_core.actions.requests import usual_workers
from synthgen_core.actions.usage import dollars
from synthgen_core.domains import Domain, Subdomain
from synthgen_core.errors import SynthGenError
from synthgen_core.formats import GENERATED
from synthgen_core.languages import LANGUAGES
from synthgen_core.models import Method, ProviderConfig
from synthgen_core.workspace import Workspace

CAP_HELP = "The job pauses before it could pass this, and can be resumed with more."


def settings_form(place: Workspace, domain: Domain, subdomain: Subdomain) -> GenerationRequest | None:
    """The settings of a run; None while a provider cannot be used."""
    count = st.number_input(
        "Examples",
        min_value=1,
        max_value=MOST_EXAMPLES,
        value=10,
        key="count",
        persist_state=KEEP,
        help="Valid ones: failed attempts are replaced.",
    )
    format_type = st.segmented_control(
        "Format",
        list(GENERATED),
        default="chat",
        required=True,
        format_func=lambda name: GENERATED[name].label,
        key="format",
        persist_state=KEEP,
    )
    st.caption(GENERATED[format_type].summary)
    config = provider_picker(place)
    kind = PROVIDERS[config.type]
    spoken = languages_of(config)
    codes = [code for code in LANGUAGES if not spoken or code in spoken]
    language = st.selectbox(
        "Language",
        codes,
        format_func=lambda code: (
            f"{LANGUAGES[code].name} ({LANGUAGES[code].native_name})" if code != "en" else "English"
        ),
        key=f"language_{len(codes)}",
        persist_state=KEEP,
        disabled=len(codes) == 1,
        help="This model writes English only." if len(codes) == 1 else None,
    )
    with st.expander("More settings", icon=":material/tune:"):
        way = way_form(place, config.type, format_type)
        name = st.text_input("Name", placeholder=f"{subdomain.name}, {format_type}", key="name", max_chars=200)
        seed = st.text_input(
            "Seed",
            placeholder="drawn, and kept with the dataset",
            key="seed",
            help="The same seed gives the same scenarios, in the same order.",
        )
        workers = st.number_input(
            "Calls at a time",
            1,
            MOST_WORKERS,
            usual_workers(place.settings, kind.type),
            key=f"workers_{kind.type}",
            persist_state=KEEP,
        )
        own = st.checkbox(
            "Set the temperature", key="own_temperature", help="How daring the model's choice of words is."
        )
        temperature = st.slider("Temperature", 0.0, 2.0, 0.7, 0.1, key="temperature", disabled=not own)
        max_cost = None
        if kind.is_paid:
            max_cost = st.number_input(
                "Spend at most ($)", 0.01, None, None, 0.5, key="max_cost", placeholder="no cap", help=CAP_HELP
            )
        max_tokens = st.number_input(
            "Use at most (tokens)", 1, None, None, 10_000, key="max_tokens", placeholder="no cap", help=CAP_HELP
        )
    use_batch = way["method"] == Method.STRUCTURED and batch_toggle(place, config)
    if seed.strip() and as_id(seed.strip()) is None:
        st.error("A seed is a whole number from 0 on, of 18 digits at most.", icon=":material/error:")
        return None
    return GenerationRequest(
        domain=domain.slug,
        subdomain=subdomain.slug,
        provider=config,
        num_examples=int(count),
        format_type=format_type,
        language=language or "en",
        name=name,
        seed=as_id(seed.strip()),
        workers=int(workers),
        temperature=temperature if own else None,
        max_cost=None if max_cost is None else Decimal(str(max_cost)),
        max_tokens_total=max_tokens,
        use_batch=use_batch,
        **way,
    )


def batch_toggle(place: Workspace, config: ProviderConfig) -> bool:
    """Whether to send the calls in batches; not asked where the service has none."""
    factor = batch_factor(place.settings, config)
    if factor is None:
        return False
    price = "half the price" if factor * 2 == 1 else f"{factor:.0%} of the price"
    return st.toggle(
        f"In batches: {price}, up to 24 hours",
        key="batch",
        persist_state=KEEP,
        help="All calls are handed over at once, and answered within 24 hours, often within one. Examples come when a "
        "batch is done. The few that are then missing are asked for one by one, at the ordinary price.",
    )


def draw_estimate(place: Workspace, request: GenerationRequest) -> None:
    """What the run will take, and what that rests on."""
    with reporting():
        made = session.trial()
        told = estimate(place, request, made if isinstance(made, Trial) else None)
        cost = "price unknown" if told.cost is None else "free" if not told.cost else f"about {dollars(told.cost)}"
        st.caption(
            as_markdown(f"{plural(told.calls, 'call')}, about {told.usage.total:,} tokens, {cost}. {told.basis}")
        )
        if told.is_capped:
            st.warning("That is more than the cap allows; the job will pause there.", icon=":material/savings:")


def preview(place: Workspace, request: GenerationRequest) -> None:
    """What the model is told first, and what it makes of it."""
    trial_tab, prompt_tab = st.tabs(["Trial example", "Prompt"])
    with prompt_tab, reporting():
        for message in preview_prompt(place, request):
            st.caption(f"{message.role.value.capitalize()} message")
            st.code(message.content, language=None, wrap_lines=True)
    with trial_tab:
        st.button("Make one example", icon=":material/science:", on_click=make_trial, args=(place, request), key="try")
        match session.trial():
            case Trial() as trial:
                st.caption(f"Made in {duration(trial.seconds)} with {trial.usage.total:,} tokens; it is not kept.")
                draw_example_with_parameters(request.format_type, trial.content, trial.metadata, "Trial")
            case SynthGenError() as error:
                show_error(error)
            case _:
                st.caption("See what you will get before you make many. Nothing of it is kept.")


def make_trial(place: Workspace, request: GenerationRequest) -> None:
    """Make one example and keep it for the page to show."""
    try:
        with st.spinner("Making one example …"):
            session.set_trial(try_example(place, request))
    except SynthGenError as error:
        session.set_trial(error)
