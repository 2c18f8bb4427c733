"""Drawing one example: turns as bubbles, the drawn parameters as a quiet line."""

import streamlit as st

from pages.ui.words import as_label, as_markdown
from synthgen_core.actions.generation import conversation
from synthgen_core.models import Example, JsonObject, Role
from synthgen_core.prompts import label_of
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
    """What was drawn for an example: name and value of each parameter, in words."""
    parameters = metadata.get("parameters")
    if isinstance(parameters, dict):
        lines = [
            f":gray[:small[{as_label(label_of(name))}]]  \n:small[{as_label(in_words(str(value)))}]"
            for name, value in parameters.items()
        ]
        st.markdown("\n\n".join(lines))


def draw_example_with_parameters(format_type: str, content: JsonObject, metadata: JsonObject, title: str) -> None:
    """An example in a frame: its turns, and at their side what is known of it."""
    with st.container(border=True):
        turns, facts = st.columns([7, 2], gap="medium")
        with turns:
            draw_example(format_type, content)
        with facts:
            st.markdown(f"**{title}**")
            draw_parameters(metadata)


def draw_example_card(format_type: str, example: Example) -> None:
    """An example of a dataset."""
    draw_example_with_parameters(
        format_type, example.content, example.metadata, f"Example {example.example_index + 1:,}"
    )
