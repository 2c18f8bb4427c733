"""Drawing one example: turns as bubbles, the drawn parameters as a quiet line."""

import streamlit as st

from pages.ui.words import as_markdown
from synthgen_core.actions.generation import conversation
from synthgen_core.models import JsonObject, Role
from synthgen_core.scenarios import in_words

AVATARS = {Role.USER: ":material/person:", Role.ASSISTANT: ":material/smart_toy:"}


def draw_example(format_type: str, content: JsonObject) -> None:
    """The turns of an example, as bubbles."""
    for role, text in conversation(format_type, content):
        if role in AVATARS:
            with st.chat_message(role.value, avatar=AVATARS[role]):
                st.markdown(as_markdown(text))
        else:
            with st.expander(f"{role.value.capitalize()} message", icon=":material/settings:"):
                st.markdown(as_markdown(text))


def draw_parameters(metadata: JsonObject) -> None:
    """What was drawn for an example: name and value of each parameter."""
    parameters = metadata.get("parameters")
    if isinstance(parameters, dict) and parameters:
        shown = [f"{in_words(name)}: **{in_words(str(value))}**" for name, value in parameters.items()]
        st.caption(" · ".join(shown))
