"""Drawing one example, whatever its format: messages as bubbles, and what is known of it at their side.

Nothing that an example refers to is fetched: a picture is named, not shown.
"""

import json
from collections.abc import Callable, Mapping, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.ui.words import as_label, as_markdown, plural
from synthgen_core.formats import messages_in
from synthgen_core.models import Example, Json, JsonObject, Role
from synthgen_core.prompts import label_of
from synthgen_core.scenarios import in_words

AVATARS = {
    Role.USER: ":material/person:",
    Role.ASSISTANT: ":material/smart_toy:",
    Role.TOOL: ":material/build:",
}
MOST_MESSAGES = 12
"""Of a conversation, before the rest is folded away."""
LONGEST_VALUE = 200
"""Characters of a value that is shown as it is stored."""
DRAWN_KEYS = frozenset({"role", "content", "tool_calls", "function_call", "reasoning", "reasoning_content"})
SIDES = (("chosen", "green", "thumb_up"), ("rejected", "red", "thumb_down"))


def draw_example(format_type: str, content: JsonObject, *, most: int = MOST_MESSAGES) -> None:
    """All that an example holds. ``most``: messages of a conversation before the rest is folded away."""
    DRAW.get(format_type, _draw_chat)(content, most)


def draw_example_with_parameters(
    format_type: str, content: JsonObject, metadata: JsonObject, title: str
) -> DeltaGenerator:
    """An example in a frame: what it holds, and at its side what is known of it. Returns the place below that."""
    with st.container(border=True):
        turns, facts = st.columns([7, 2], gap="medium")
        with turns:
            draw_example(format_type, content)
        with facts:
            st.markdown(f"**{title}**")
            below_title = st.container(gap="small")
            draw_parameters(metadata)
    return below_title


def draw_example_card(format_type: str, example: Example) -> DeltaGenerator:
    """An example of a dataset. Returns a place below its number."""
    return draw_example_with_parameters(
        format_type, example.content, example.metadata, f"Example {example.example_index + 1:,}"
    )


def draw_parameters(metadata: JsonObject) -> None:
    """What was drawn for an example: name and value of each parameter, in words."""
    parameters = metadata.get("parameters")
    if isinstance(parameters, dict) and parameters:
        lines = [
            f":gray[:small[{as_label(label_of(name))}]]  \n:small[{as_label(in_words(str(value)))}]"
            for name, value in parameters.items()
        ]
        st.markdown("\n\n".join(lines))


def _draw_chat(content: JsonObject, most: int) -> None:
    _draw_messages(messages_in(content.get("messages")), most)
    _draw_tools(content)


def _draw_instruction(content: JsonObject, _: int) -> None:
    if system := content.get("system"):
        _draw_folded("System message", system)
    history = content.get("history")
    for pair in history if isinstance(history, list) else []:
        for role, text in zip((Role.USER, Role.ASSISTANT), pair if isinstance(pair, list) else [], strict=False):
            with _bubble(role):
                st.caption("Earlier")
                _draw_text(text)
    with _bubble(Role.USER):
        _draw_text(content.get("instruction"))
        if material := content.get("input"):
            st.caption("Input")
            _draw_text(material)
    with _bubble(Role.ASSISTANT):
        _draw_text(content.get("output"))
    _draw_tools(content)


def _draw_preference(content: JsonObject, most: int) -> None:
    _draw_messages(messages_in(content.get("prompt")), most)
    for column, (side, colour, icon) in zip(st.columns(len(SIDES)), SIDES, strict=True):
        with column:
            st.badge(side, icon=f":material/{icon}:", color=colour)
            _draw_messages(messages_in(content.get(side)), most)
    _draw_tools(content)


DRAW: Mapping[str, Callable[[JsonObject, int], None]] = {
    "chat": _draw_chat,
    "instruction": _draw_instruction,
    "preference": _draw_preference,
}


def _draw_messages(messages: Sequence[JsonObject], most: int) -> None:
    for message in messages[:most]:
        _draw_message(message)
    if rest := messages[most:]:
        with st.expander(plural(len(rest), "further message"), icon=":material/more_horiz:"):
            for message in rest:
                _draw_message(message)


def _draw_message(message: JsonObject) -> None:
    role = str(message.get("role"))
    if role in (Role.SYSTEM, Role.DEVELOPER):
        _draw_folded(f"{role.capitalize()} message", message.get("content"))
        return
    with _bubble(role):
        for key in ("reasoning", "reasoning_content"):
            if thought := message.get(key):
                _draw_folded("Reasoning", thought)
        body = message.get("content")
        if role == Role.TOOL and (structured := _as_json(body)) is not None:
            st.code(structured, language="json", wrap_lines=True)
        else:
            _draw_text(body)
        for call in messages_in(message.get("tool_calls")):
            _draw_call(call.get("function"), call.get("id"))
        if old_style := message.get("function_call"):
            _draw_call(old_style, None)
        further = {key: value for key, value in message.items() if key not in DRAWN_KEYS and value is not None}
        if further:
            st.caption(" · ".join(f"{as_label(key)}: {as_label(_short(value))}" for key, value in further.items()))


def _bubble(role: str) -> DeltaGenerator:
    return st.chat_message(role, avatar=AVATARS.get(Role(role)) if role in AVATARS else None)


def _draw_folded(label: str, body: Json) -> None:
    with st.expander(label, icon=":material/settings:"):
        _draw_text(body)


def _draw_text(body: Json) -> None:
    """A text, or the parts of one."""
    if isinstance(body, str):
        st.markdown(as_markdown(body))
        return
    for part in messages_in(body):
        if isinstance(text := part.get("text"), str):
            st.markdown(as_markdown(text))
        else:
            held = ", ".join(_short(value) for key, value in part.items() if key != "type")
            st.caption(f":material/attachment: {as_label(str(part.get('type')))}: {as_label(held)}")


def _draw_call(function: Json, call_id: Json) -> None:
    """A tool that the assistant calls, with what it is given."""
    called = function if isinstance(function, dict) else {}
    with_id = f" :gray[:small[{as_label(str(call_id))}]]" if call_id else ""
    st.markdown(f":material/build: calls **{as_label(str(called.get('name', '?')))}**{with_id}")
    given = called.get("arguments")
    structured = _as_json(given)
    st.code(str(given) if structured is None else structured, language="json", wrap_lines=True)


def _draw_tools(content: JsonObject) -> None:
    if tools := messages_in(content.get("tools")):
        functions = [tool.get("function", tool) for tool in tools]
        names = [str(function.get("name", "?")) for function in functions if isinstance(function, dict)]
        with st.expander(f"Tools: {as_label(', '.join(names))}", icon=":material/build:"):
            st.code(json.dumps(tools, ensure_ascii=False, indent=2), language="json", wrap_lines=True)


def _as_json(value: Json) -> str | None:
    """A structured value, or the text of one, laid out; None: it is something else."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (json.JSONDecodeError, RecursionError):
            return None
    return json.dumps(value, ensure_ascii=False, indent=2) if isinstance(value, dict | list) else None


def _short(value: Json) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]} … ({len(text):,} characters)"
