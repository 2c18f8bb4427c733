"""Preference pairs, as TRL, OpenAI and LLaMA-Factory have them."""

from synthgen_core.formats import SYSTEM_ROLES, text_of
from synthgen_core.models import Json, JsonObject, Role
from synthgen_core.shapes.conversations import AS_KEY, SHAREGPT, read_conversation, write_conversation
from synthgen_core.shapes.definition import Reading, Shape, read_tools
from synthgen_core.shapes.fields import (
    LIST,
    OBJECT,
    TEXT,
    TRANSCRIPT,
    as_list,
    is_transcript,
    read_field,
    read_transcript,
    write_field,
)
from synthgen_core.shapes.turns import FROM_KEYS, ROLE_KEYS, is_plain, read_messages

SIDES = ("chosen", "rejected")
NONE = "none"
"""The form of a prompt that stands in the answers only."""
OPENERS = (*SYSTEM_ROLES, Role.USER.value)
"""Whose message begins a conversation."""


# -- TRL


def _is_trl(row: JsonObject) -> bool:
    """It has a prompt, or two conversations. Two texts without a prompt share nothing that is sure."""
    sides = [row.get(side) for side in SIDES]
    if not all(side in row for side in SIDES):
        return False
    return "prompt" in row or all(isinstance(side, list) or is_transcript(side) for side in sides)


def _read_trl(row: JsonObject) -> Reading:
    layout: JsonObject = {}
    has_prompt = bool(row.get("prompt"))
    sides = []
    for side in SIDES:
        messages, form, keys = _read_side(side, row[side], has_prompt=has_prompt)
        sides.append(messages)
        layout |= {side: form} if form != LIST else {}
        layout |= {"keys": keys} if keys != ROLE_KEYS else {}
    asked, form, _ = read_field("prompt", row["prompt"], Role.USER) if has_prompt else ([], NONE, ROLE_KEYS)
    used = {"prompt", "tools", *SIDES}
    shared = _shared_opening(*sides)
    if form == TEXT and shared and row["prompt"] != _last_user_text(shared):
        used.remove("prompt")  # the conversations are whole without it; it is another spelling, or a key
        form = NONE
    layout |= {"prompt": form} if form != LIST else {}
    if shared and (form in (TEXT, NONE) or shared[: len(asked)] == asked):
        layout["is_repeated"] = True
        asked = shared if form in (TEXT, NONE) else asked
        sides = [messages[len(asked) :] for messages in sides]
    if isinstance(system := row.get("system"), str | None):
        used.add("system")
        if system:
            asked = [{"role": "system", "content": system}, *asked]
            layout["system"] = AS_KEY
    content: JsonObject = {"prompt": asked, "chosen": sides[0], "rejected": sides[1]}
    if tools := read_tools(row):
        content["tools"] = tools
    return Reading("preference", content, layout, frozenset(used))


def _read_side(side: str, value: Json, *, has_prompt: bool) -> tuple[list[Json], str, str]:
    if isinstance(value, str) and not has_prompt and is_transcript(value):
        return read_transcript(value), TRANSCRIPT, ROLE_KEYS
    return read_field(side, value, Role.ASSISTANT)


def _shared_opening(chosen: list[Json], rejected: list[Json]) -> list[Json]:
    """The conversation that both answers repeat before they answer; empty if there is none."""
    n = 0
    while n < min(len(chosen), len(rejected)) - 1 and chosen[n] == rejected[n]:
        n += 1
    first = chosen[0] if n else None
    return chosen[:n] if isinstance(first, dict) and first.get("role") in OPENERS else []


def _last_user_text(messages: list[Json]) -> str:
    said = [text_of(m) for m in messages if isinstance(m, dict) and m.get("role") == Role.USER]
    return said[-1] if said else ""


def _write_trl(content: JsonObject, format: str, layout: JsonObject) -> JsonObject:
    row: JsonObject = {}
    asked = as_list(content["prompt"])
    if layout.get("system") == AS_KEY and is_plain(first := asked[0], Role.SYSTEM):
        assert isinstance(first, dict)
        row["system"], asked = first["content"], asked[1:]
    keys = str(layout.get("keys", ROLE_KEYS))
    form = str(layout.get("prompt", LIST))
    is_repeated = "is_repeated" in layout
    if is_repeated and form == TEXT:
        row["prompt"] = _last_user_text(asked)
    elif form != NONE:
        row["prompt"] = write_field(asked, form, keys, Role.USER)
    for side in SIDES:
        messages = [*asked, *as_list(content[side])] if is_repeated else as_list(content[side])
        row[side] = write_field(messages, str(layout.get(side, LIST)), keys, Role.ASSISTANT)
    return row | ({"tools": content["tools"]} if content.get("tools") else {})


TRL_PREFERENCE = Shape(
    name="trl_preference",
    label="TRL preference",
    summary="“prompt”, “chosen” and “rejected”, as texts or messages; the prompt may stand in both answers instead.",
    formats=("preference",),
    is_match=_is_trl,
    read=_read_trl,
    write=_write_trl,
)

# -- OpenAI

OUTPUTS = {"chosen": "preferred_output", "rejected": "non_preferred_output"}


def _read_openai(row: JsonObject) -> Reading:
    asked = row["input"]
    assert isinstance(asked, dict)
    content: JsonObject = {"prompt": read_messages("input", asked["messages"])[0]}
    for side, output in OUTPUTS.items():
        content[side] = read_messages(output, row[output])[0]
    if tools := read_tools(asked):
        content["tools"] = tools
    return Reading("preference", content, used=frozenset(("input", *OUTPUTS.values())))


def _write_openai(content: JsonObject, format: str, layout: JsonObject) -> JsonObject:
    asked = {"messages": content["prompt"]} | ({"tools": content["tools"]} if content.get("tools") else {})
    return {"input": asked} | {output: content[side] for side, output in OUTPUTS.items()}


def _is_openai(row: JsonObject) -> bool:
    asked = row.get("input")
    return isinstance(asked, dict) and "messages" in asked and all(output in row for output in OUTPUTS.values())


OPENAI_PREFERENCE = Shape(
    name="openai_preference",
    label="OpenAI preference",
    summary="“input” with messages, “preferred_output” and “non_preferred_output”.",
    formats=("preference",),
    is_match=_is_openai,
    read=_read_openai,
    write=_write_openai,
)

# -- LLaMA-Factory


def _read_ranking(row: JsonObject) -> Reading:
    reading = read_conversation(row, SHAREGPT)
    content: JsonObject = {"prompt": reading.content["messages"]}
    layout = dict(reading.layout)
    for side in SIDES:
        content[side], form, _ = read_field(side, row[side], Role.ASSISTANT)
        layout |= {side: form} if form != OBJECT else {}
    if "tools" in reading.content:
        content["tools"] = reading.content["tools"]
    return Reading("preference", content, layout, reading.used | set(SIDES))


def _write_ranking(content: JsonObject, format: str, layout: JsonObject) -> JsonObject:
    row = write_conversation({**content, "messages": content["prompt"]}, SHAREGPT, layout)
    keys = str(layout.get("keys", FROM_KEYS))
    for side in SIDES:
        row[side] = write_field(as_list(content[side]), str(layout.get(side, OBJECT)), keys, Role.ASSISTANT)
    return row


LLAMA_FACTORY_PREFERENCE = Shape(
    name="llama_factory_preference",
    label="LLaMA-Factory preference",
    summary="“conversations” as in ShareGPT, with one “chosen” and one “rejected” message.",
    formats=("preference",),
    is_match=lambda row: isinstance(row.get("conversations"), list) and all(side in row for side in SIDES),
    read=_read_ranking,
    write=_write_ranking,
)
