"""What a target has no place for is left out before its row is made, and told: nothing goes silently."""

from collections.abc import Callable, Container, Iterator, Mapping
from enum import StrEnum

import orjson

from synthgen_core.formats import messages_in, text_of
from synthgen_core.models import Json, JsonObject
from synthgen_core.targets.definition import Omission, omitted_key

TOP_KEYS = {
    "chat": ("messages", "tools"),
    "instruction": ("instruction", "input", "output", "system", "history"),
    "preference": ("prompt", "chosen", "rejected", "tools"),
}
"""Stored format -> its keys; an example that was imported or edited may have others."""
LISTS = ("messages", "prompt", "chosen", "rejected")
"""Keys of stored content that hold messages."""

Trim = Callable[[str, JsonObject], tuple[JsonObject, tuple[Omission, ...]]]
JOINED = Omission("parts", "Parts of text become one text, a line each.")
CALL_IDS = Omission("call_ids", "The ids of calls of tools are left out: an answer belongs to the call before it.")


class Calls(StrEnum):
    """How a target has the calls of tools in a message."""

    AS_TEXT = "as_text"
    """As OpenAI has them; arguments that are an object become JSON text."""
    PLAIN = "plain"
    """So, and with nothing but id, type, name and arguments."""
    BARE = "bare"
    """Just name and arguments, these as an object: as ShareGPT has them. One without id is so already."""
    AS_IT_CAME = "as_it_came"


def trimmer(
    keys: tuple[str, ...] | None,
    top: Mapping[str, tuple[str, ...]] | None = TOP_KEYS,
    *,
    calls: Calls = Calls.AS_IT_CAME,
    joins_parts: bool = False,
    drops_nulls: bool = False,
) -> Trim:
    """Leave out what messages have beyond ``keys``, and what examples have beyond ``top``; None: nothing.

    Where keys are left out, or with ``drops_nulls``, null counts as absent. ``joins_parts``: parts that are all text
    become one text.
    """

    def trim(format: str, content: JsonObject) -> tuple[JsonObject, tuple[Omission, ...]]:
        known = content if top is None else top[format]
        told = [omitted_key(key, "of examples") for key in content if key not in known]
        kept: JsonObject = {key: value for key, value in content.items() if key in known}
        for name in LISTS:
            if name in kept:
                messages = messages_in(kept[name])
                if keys is not None or drops_nulls:
                    messages = [_with_keys(message, message if keys is None else keys, told) for message in messages]
                if joins_parts:
                    messages = [_with_text(message, told) for message in messages]
                kept[name] = [_with_calls(message, calls, told) for message in messages]
        return kept, tuple(dict.fromkeys(told))

    return trim


def _with_keys(message: JsonObject, keys: Container[str], told: list[Omission]) -> JsonObject:
    if all(key in keys for key in message) and None not in message.values():
        return message
    told += [omitted_key(key, "of messages") for key, value in message.items() if key not in keys and value is not None]
    return {key: value for key, value in message.items() if key in keys and (value is not None or key == "content")}


def _with_text(message: JsonObject, told: list[Omission]) -> JsonObject:
    parts = message.get("content")
    if not isinstance(parts, list) or not all(isinstance(part, dict) and part.get("type") == "text" for part in parts):
        return message
    told.append(JOINED)
    return message | {"content": text_of(message)}


def _with_calls(message: JsonObject, style: Calls, told: list[Omission]) -> JsonObject:
    if style is Calls.BARE and "tool_call_id" in message:
        told.append(CALL_IDS)
        message = {key: value for key, value in message.items() if key != "tool_call_id"}
    if style is Calls.AS_IT_CAME or not isinstance(message.get("tool_calls"), list):
        return message
    return message | {"tool_calls": [_call(call, style, told) for call in messages_in(message["tool_calls"])]}


def _call(call: JsonObject, style: Calls, told: list[Omission]) -> JsonObject:
    function = call.get("function")
    if not isinstance(function, dict):
        return call  # the target's check refuses it
    arguments = function.get("arguments")
    if style is Calls.BARE:
        if "id" not in call:
            return call
        told.append(CALL_IDS)
        return {"type": "function", "function": {"name": function.get("name"), "arguments": _parsed(arguments)}}
    if not isinstance(arguments, str | None):
        arguments = orjson.dumps(arguments).decode()
    if style is Calls.AS_TEXT:
        return call | {"function": function | {"arguments": arguments}}
    told += [omitted_key(key, "of calls of tools") for key in call if key not in ("id", "type", "function")]
    told += [omitted_key(key, "of calls of tools") for key in function if key not in ("name", "arguments")]
    plain: JsonObject = {"name": function.get("name"), "arguments": arguments}
    return {"id": call.get("id"), "type": call.get("type"), "function": plain}


def _parsed(arguments: Json) -> Json:
    """JSON text as the value that it is; other texts stay."""
    try:
        found: Json = orjson.loads(arguments) if isinstance(arguments, str) else arguments
    except orjson.JSONDecodeError:
        return arguments
    return found


def fields_of(row: JsonObject) -> Iterator[str]:
    """The keys that a row uses; those of its messages as ``messages.name``."""
    for key, value in row.items():
        if value is not None:
            yield key
        for message in messages_in(value) if key in LISTS else ():
            yield from (f"messages.{name}" for name, part in message.items() if part is not None)
