"""Conversations, as OpenAI's chat files and as ShareGPT's have them. They differ in keys, and in where a system text,
and in which form tools stand."""

import json
from dataclasses import dataclass

from synthgen_core.models import JsonObject, Role
from synthgen_core.shapes.definition import Reading, Shape, read_tools
from synthgen_core.shapes.turns import FROM_KEYS, ROLE_KEYS, is_plain, read_messages, write_messages

AS_KEY, INLINE = "key", "inline"
"""A system text is a key of the row, or the first message."""
AS_TEXT, AS_LIST = "text", "list"
"""Tools are JSON as a text, or a list."""


@dataclass(frozen=True, slots=True)
class Habit:
    """How conversations are usually written in files of one shape. What a row does otherwise, is its layout."""

    field: str
    keys: str
    system: str
    tools: str

    def layout(self, keys: str, system: str, tools: str) -> JsonObject:
        """What differs from this habit."""
        actual: JsonObject = {"keys": keys, "system": system, "tools": tools}
        return {name: value for name, value in actual.items() if value != getattr(self, name)}

    def of(self, layout: JsonObject, name: str) -> str:
        """One choice: the layout's, or else this habit's."""
        return str(layout.get(name, getattr(self, name)))


OPENAI = Habit("messages", ROLE_KEYS, INLINE, AS_LIST)
SHAREGPT = Habit("conversations", FROM_KEYS, AS_KEY, AS_TEXT)


def read_conversation(row: JsonObject, habit: Habit) -> Reading:
    """A row with a list of messages, perhaps with a system text and tools beside it, as chat. Raises
    InvalidExampleError."""
    messages, keys = read_messages(habit.field, row[habit.field])
    used = {habit.field, "tools"}
    system = habit.system
    if isinstance(text := row.get("system"), str | None):
        used.add("system")
        if text:
            messages = [{"role": "system", "content": text}, *messages]
            system = AS_KEY
        elif messages and is_plain(messages[0], Role.SYSTEM):
            system = INLINE
    content: JsonObject = {"messages": messages}
    form = habit.tools
    if tools := read_tools(row):
        content["tools"] = tools
        form = AS_TEXT if isinstance(row["tools"], str) else AS_LIST
    return Reading("chat", content, habit.layout(keys, system, form), frozenset(used))


def write_conversation(content: JsonObject, habit: Habit, layout: JsonObject) -> JsonObject:
    """The reverse of ``read_conversation``."""
    messages = content["messages"]
    assert isinstance(messages, list)
    row: JsonObject = {}
    if habit.of(layout, "system") == AS_KEY and is_plain(first := messages[0], Role.SYSTEM):
        assert isinstance(first, dict)
        row["system"], messages = first["content"], messages[1:]
    row[habit.field] = write_messages(messages, habit.of(layout, "keys"))
    if tools := content.get("tools"):
        row["tools"] = json.dumps(tools, ensure_ascii=False) if habit.of(layout, "tools") == AS_TEXT else tools
    return row


OPENAI_CHAT = Shape(
    name="openai_chat",
    label="OpenAI chat",
    summary="“messages” with role and content: OpenAI's fine-tuning files, and most of what is newer.",
    formats=("chat",),
    is_match=lambda row: isinstance(row.get("messages"), list),
    read=lambda row: read_conversation(row, OPENAI),
    write=lambda content, format, layout: write_conversation(content, OPENAI, layout),
)
SHAREGPT_CHAT = Shape(
    name="sharegpt",
    label="ShareGPT",
    summary="“conversations” with from and value: ShareGPT, Vicuna, LLaMA-Factory, Axolotl.",
    formats=("chat",),
    is_match=lambda row: isinstance(row.get("conversations"), list),
    read=lambda row: read_conversation(row, SHAREGPT),
    write=lambda content, format, layout: write_conversation(content, SHAREGPT, layout),
)
