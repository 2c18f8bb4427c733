"""Lists of messages as files spell them: role/content or from/value, and many names for four roles."""

import json
from collections.abc import Iterator

import orjson

from synthgen_core.errors import InvalidExampleError
from synthgen_core.formats import ROLES, shown
from synthgen_core.models import Json, JsonObject, Role

ALIASES = {
    "human": "user",
    "prompter": "user",
    "input": "user",
    "gpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "chatgpt": "assistant",
    "output": "assistant",
    "observation": "tool",
    "function": "tool",
}
KNOWN = {role.value: role.value for role in Role} | ALIASES
"""Spelling -> role; upper and lower case are the same."""
CALL = "function_call"
"""ShareGPT's role for a call of tools, whose text is the call as JSON."""
SHAREGPT_NAMES = {"user": "human", "assistant": "gpt", "tool": "observation"}
ROLE_KEYS, FROM_KEYS = "role", "from"
"""The two spellings of a message's keys."""


def read_messages(field: str, value: Json) -> tuple[list[Json], str]:
    """A list of messages with our roles and keys, and which keys it had. What is no message stays as it is.

    Raises:
        InvalidExampleError: a role is not known; the message names the number, the value, and the known ones.
    """
    messages: list[Json] = value if isinstance(value, list) else [value]
    if all(isinstance(m, dict) and isinstance(role := m.get("role"), str) and role in ROLES for m in messages):
        return messages, ROLE_KEYS
    keys = FROM_KEYS if any(isinstance(m, dict) and "from" in m and "role" not in m for m in messages) else ROLE_KEYS
    return [_read_message(field, n, m) if isinstance(m, dict) else m for n, m in enumerate(messages, 1)], keys


def _read_message(field: str, n: int, message: JsonObject) -> JsonObject:
    if "from" in message and "role" not in message:
        return _read_from(field, n, message)
    role = message.get("role")
    if not isinstance(role, str) or role in ROLES:
        return message
    return {**message, "role": _known_role(field, n, role)}


def _read_from(field: str, n: int, message: JsonObject) -> JsonObject:
    """{"from", "value"} as {"role", "content"}; a call of tools as an assistant's."""
    spelt = message["from"]
    if "value" not in message or "content" in message:
        fault = "no “value”" if "value" not in message else "both “value” and “content”"
        raise InvalidExampleError(
            f"Message {n} of “{field}” has {fault}.", "Write its text as “value”.", reason="missing_field"
        )
    rest = {key: part for key, part in message.items() if key not in ("from", "value")} if len(message) > 2 else {}
    if spelt == CALL:
        return {"role": "assistant", "content": None, "tool_calls": _read_calls(field, n, message["value"]), **rest}
    role = _known_role(field, n, spelt) if isinstance(spelt, str) else spelt
    return {"role": role, "content": message["value"], **rest}


def _known_role(field: str, n: int, spelt: str) -> str:
    if role := KNOWN.get(spelt) or KNOWN.get(spelt.strip().lower()):
        return role
    raise InvalidExampleError(
        f"Message {n} of “{field}” has the role {shown(spelt)}, which is not known.",
        f"Known: {', '.join(KNOWN)}.",
        reason="unknown_role",
    )


def _read_calls(field: str, n: int, text: Json) -> list[Json]:
    try:
        calls = orjson.loads(text) if isinstance(text, str) else text
    except orjson.JSONDecodeError:
        calls = None
    calls = calls if isinstance(calls, list) else [calls]
    if not calls or not all(isinstance(call, dict) and isinstance(call.get("name"), str) for call in calls):
        raise InvalidExampleError(
            f"Message {n} of “{field}” is a {CALL} whose value is {shown(text)}.",
            'Write the call as JSON: {"name": "...", "arguments": {...}}.',
            reason="bad_tool_call",
        )
    return [{"type": "function", "function": call} for call in calls]


def write_messages(messages: Json, keys: str) -> list[Json]:
    """The reverse of ``read_messages``, with ShareGPT's names of roles where the keys are ShareGPT's."""
    found = messages if isinstance(messages, list) else []
    return found if keys == ROLE_KEYS else [_write_from(m) if isinstance(m, dict) else m for m in found]


def _write_from(message: JsonObject) -> JsonObject:
    role = str(message["role"])
    if is_plain(message, role):
        return {"from": SHAREGPT_NAMES.get(role, role), "value": message["content"]}
    rest = {key: part for key, part in message.items() if key not in ("role", "content")}
    if role == Role.ASSISTANT and message.get("content", "") is None and (calls := list(_bare_calls(message))):
        del rest["tool_calls"]
        value = json.dumps(calls[0] if len(calls) == 1 else calls, ensure_ascii=False)
        return {"from": CALL, "value": value, **rest}
    return {"from": SHAREGPT_NAMES.get(role, role), "value": message.get("content"), **rest}


def _bare_calls(message: JsonObject) -> Iterator[Json]:
    """The functions called, if there is nothing else to say of any of the calls."""
    calls = message.get("tool_calls")
    if isinstance(calls, list) and all(_is_bare(call) for call in calls):
        yield from (call["function"] for call in calls if isinstance(call, dict))


def _is_bare(call: Json) -> bool:
    if not isinstance(call, dict) or call.keys() != {"type", "function"} or call["type"] != "function":
        return False
    function = call["function"]
    return isinstance(function, dict) and isinstance(function.get("name"), str)


def is_plain(message: Json, role: str) -> bool:
    """A message by this role that is a text and nothing else."""
    return (
        isinstance(message, dict)
        and message.get("role") == role
        and isinstance(message.get("content"), str)
        and len(message) == len(("role", "content"))
    )
