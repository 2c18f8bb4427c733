"""The chat format: a conversation of user and assistant, with system messages and tools where there are any."""

from collections.abc import Iterator, Sequence

from synthgen_core.formats.definition import TEXT, Format, Issue, object_schema, shown, text_issues
from synthgen_core.formats.messages import (
    as_messages,
    doubts,
    list_faults,
    messages_in,
    tools_faults,
    without_empty_tools,
)
from synthgen_core.models import JsonObject, Message

CHAT_ROLES = ("system", "user", "assistant")
"""Who speaks in a generated conversation."""


def _issues(content: JsonObject) -> Iterator[Issue]:
    messages = content.get("messages")
    if not isinstance(messages, list) or not messages:
        fault = "missing" if messages is None else f"{shown(messages)}, not a list of messages"
        yield Issue("missing_field", f"“messages” is {fault}.", "Give a list of user and assistant messages.")
        return
    roles: list[str] = []
    for n, message in enumerate(messages, 1):
        if not isinstance(message, dict):
            yield Issue("not_object", f"Message {n} is {shown(message)}.", "Give it a “role” and a “content”.")
            continue
        role = message.get("role")
        if isinstance(role, str) and role in CHAT_ROLES:
            roles.append(role)
        else:
            fault = "has no role" if role is None else f"has the role {shown(role)}"
            yield Issue("unknown_role", f"Message {n} {fault}.", "Use system, user or assistant.")
        yield from text_issues(f"The content of message {n}", message.get("content"))
    if len(roles) == len(messages):
        yield from _order_issues(roles)


def _order_issues(roles: list[str]) -> Iterator[Issue]:
    first = 2 if roles[0] == "system" else 1
    for n, role in enumerate(roles[first - 1 :], first):
        expected = "user" if (n - first) % 2 == 0 else "assistant"
        if role != expected:
            remedy = "After an optional system message, user and assistant take turns, the user first."
            yield Issue("wrong_order", f"Message {n} is by “{role}”, where “{expected}” is expected.", remedy)
            return
    if roles[-1] != "assistant":
        yield Issue("wrong_order", f"The last message is by “{roles[-1]}”.", "Let the assistant have the last word.")


def _faults(content: JsonObject) -> Iterator[Issue]:
    yield from list_faults("messages", content.get("messages"))
    yield from tools_faults(content)


def _warnings(content: JsonObject) -> Iterator[Issue]:
    yield from doubts(messages_in(content["messages"]))


def _keep(content: JsonObject) -> JsonObject:
    return {"messages": [{"role": m["role"], "content": m["content"]} for m in messages_in(content["messages"])]}


def _to_messages(content: JsonObject) -> tuple[Message, ...]:
    return as_messages(content.get("messages"))


def _from_messages(messages: Sequence[Message]) -> JsonObject:
    return {"messages": [{"role": m.role.value, "content": m.content} for m in messages]}


CHAT = Format(
    name="chat",
    label="Chat",
    summary="A conversation of one or more exchanges between a user and an assistant.",
    is_conversation=True,
    advice=(
        "Messages take turns, user first, assistant last. There is no system message.",
        "Each later user message reacts to the reply before it: what came of a step, a doubt, a new detail, a "
        "further question. Thanks alone are not a message.",
        "Replies build on one another: no step is explained twice, and nothing said earlier is contradicted.",
    ),
    sample={
        "messages": [
            {"role": "user", "content": "What the user writes."},
            {"role": "assistant", "content": "What the assistant answers."},
        ]
    },
    schema=object_schema(
        messages={
            "type": "array",
            "items": object_schema(role={"type": "string", "enum": ["user", "assistant"]}, content=TEXT),
        }
    ),
    detect=lambda example: isinstance(example.get("messages"), list),
    find_issues=_issues,
    find_faults=_faults,
    find_warnings=_warnings,
    keep=_keep,
    store=without_empty_tools,
    to_messages=_to_messages,
    from_messages=_from_messages,
)
