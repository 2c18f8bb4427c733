"""What the tests of targets share: examples of each stored format, and any that hypothesis thinks of."""

from hypothesis import strategies as st

from synthgen_core.models import Json, JsonObject
from synthgen_core.targets import TARGETS, Draft

CALL: JsonObject = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Rome"}'}}
TOOLS: list[Json] = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
SYSTEM: JsonObject = {"role": "system", "content": "Be brief."}
TOOL_CHAT: JsonObject = {
    "messages": [
        SYSTEM,
        {"role": "user", "content": "Is it warm in Rome?"},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "29 °C"},
        {"role": "assistant", "content": "Yes: 29 °C.", "weight": 1},
    ],
    "tools": TOOLS,
}
LONG_CHAT: JsonObject = {
    "messages": [
        {"role": role, "content": text}
        for role, text in (("user", "Hi?"), ("assistant", "Hello."), ("user", "And?"), ("assistant", "That is all."))
    ]
}
INSTRUCTION: JsonObject = {"instruction": "Sum up.", "input": "A long text.", "output": "Short."}
PAIR: JsonObject = {
    "prompt": [{"role": "user", "content": "Why?"}],
    "chosen": [{"role": "assistant", "content": "Because of the rain."}],
    "rejected": [{"role": "assistant", "content": "Because."}],
}


def draft(target: str, format: str, content: JsonObject, metadata: JsonObject | None = None) -> Draft:
    return TARGETS[target].draft(format, content, metadata or {})


def reasons(target: str, format: str, content: JsonObject) -> list[str]:
    """Why a target refuses an example."""
    return [issue.reason for issue in draft(target, format, content).issues]


def said(*texts: str) -> JsonObject:
    """A conversation of these texts, the user first."""
    roles = ("user", "assistant")
    return {"messages": [{"role": roles[n % 2], "content": text} for n, text in enumerate(texts)]}


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(
    lambda text: bool(text.strip())
)
EXCHANGES = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3)


def _message(role: str, text: str) -> JsonObject:
    return {"role": role, "content": text}


CHATS = st.builds(
    lambda system, pairs: {
        "messages": [
            *([_message("system", system)] if system else []),
            *(_message(role, text) for pair in pairs for role, text in zip(("user", "assistant"), pair, strict=True)),
        ]
    },
    st.none() | TEXTS,
    EXCHANGES,
)
INSTRUCTIONS = st.builds(
    lambda instruction, material, output, system, history: {
        "instruction": instruction,
        "input": material,
        "output": output,
        **({"system": system} if system else {}),
        **({"history": [list(pair) for pair in history]} if history else {}),
    },
    TEXTS,
    st.just("") | TEXTS,
    TEXTS,
    st.none() | TEXTS,
    st.none() | EXCHANGES,
)
PAIRS = st.builds(
    lambda asked, one, other: {
        "prompt": [_message("user", asked)],
        "chosen": [_message("assistant", one)],
        "rejected": [_message("assistant", f"{other} ")],
    },
    TEXTS,
    TEXTS.map(str.strip),
    TEXTS,
)
ANY = {"chat": CHATS, "instruction": INSTRUCTIONS, "preference": PAIRS}
"""Stored format -> contents of it that every target takes."""
