"""Choosing how examples are made: the way, who answers, and approved examples that prompts show."""

from dataclasses import dataclass
from typing import TypedDict

import streamlit as st

from pages.ui.provider_picker import KEEP, provider_picker
from pages.ui.words import plural
from synthgen_core.actions.generation import MOST_SHOTS
from synthgen_core.actions.providers import PROVIDERS
from synthgen_core.actions.requests import datasets_with_approved
from synthgen_core.models import Method, ProviderConfig, Side
from synthgen_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Way:
    """How a way of making is told to people."""

    label: str
    summary: str


WAYS = {
    Method.STRUCTURED: Way("Whole examples", "One call an example: the model writes both sides. For capable models."),
    Method.TURN_BY_TURN: Way(
        "Turn by turn",
        "A call for each turn: a model plays the user, and a model answers without knowing the plot. "
        "Two calls an exchange.",
    ),
    Method.QUESTION_BANK: Way(
        "Question bank", "Ready-made questions, in English; the model only answers. For small models."
    ),
}


class Choices(TypedDict):
    """Fields of a ``GenerationRequest``."""

    method: Method
    assistant_provider: ProviderConfig | None
    few_shot_from: int | None
    few_shot: int


def way_form(place: Workspace, provider_type: str, format_type: str) -> Choices:
    """The way of making, with what suits the provider chosen first, and what belongs to it."""
    suits = PROVIDERS[provider_type].method
    method = st.selectbox(
        "Way of making",
        list(WAYS),
        index=list(WAYS).index(suits),
        format_func=lambda way: WAYS[way].label + (" (suits this model)" if way is suits else ""),
        key=f"method_{provider_type}",
        persist_state=KEEP,
    )
    st.caption(WAYS[method].summary)
    assistant = None
    if method is Method.TURN_BY_TURN and st.toggle("Another model answers", key="two_models", persist_state=KEEP):
        assistant = provider_picker(place, Side.ASSISTANT, first=provider_type)
    dataset_id, shown = None, 3
    if method is not Method.QUESTION_BANK:
        dataset_id, shown = _approved_examples(place, format_type)
    return Choices(method=method, assistant_provider=assistant, few_shot_from=dataset_id, few_shot=shown)


def _approved_examples(place: Workspace, format_type: str) -> tuple[int | None, int]:
    """A dataset whose approved examples prompts show, and how many at a time."""
    datasets = datasets_with_approved(place, format_type)
    dataset_id = st.selectbox(
        "Show approved examples of",
        list(datasets),
        index=None,
        placeholder="no dataset" if datasets else f"no {format_type} dataset has approved ones yet",
        format_func=lambda number: f"{datasets[number].name} ({datasets[number].approved:,} approved)",
        key=f"few_shot_from_{format_type}",
        disabled=not datasets,
        help="Prompts show some of them, others for each example, as the standard to reach. Copies are turned away.",
    )
    if dataset_id is None:
        return None, 3
    shown = st.slider("Examples in a prompt", 1, MOST_SHOTS, 3, key="few_shot")
    if (approved := datasets[dataset_id].approved) < shown:
        st.caption(f"It has {plural(approved, 'approved example')} only; each prompt shows all of them.")
    return dataset_id, shown
