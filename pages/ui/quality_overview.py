"""The overview of a dataset's quality: what has been measured so far, and on how many examples."""

import streamlit as st

from synthgen_core.actions.rules import rules_summary
from synthgen_core.models import Dataset
from synthgen_core.workspace import Workspace


def overview_part(place: Workspace, dataset: Dataset) -> None:
    """Draw it."""
    rules = rules_summary(place, dataset.id)
    with st.container(horizontal=True):
        st.metric("Active examples", f"{dataset.example_count:,}", border=True)
        mean = "none yet" if rules.mean_score is None else f"{rules.mean_score:.1f}"
        st.metric("Rule score, mean", mean, help=f"Over {rules.checked:,} of {rules.active:,}.", border=True)
