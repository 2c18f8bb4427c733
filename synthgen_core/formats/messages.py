"""Lists of messages, which chat and preference share: the structural rules, the doubts, and the words of a message.

A message is {role, content, name?, tool_calls?, tool_call_id?, weight?, ...}, and any further key. Its content is a
text, a list of parts (objects with a “type”; a “text” part has a “text”), or nothing where the assistant calls tools.
"""

from collections.abc import Iterator

from synthgen_core.formats.definition import Issue, character_faults, has_surrogate, shown
from synthgen_core.models import Json, JsonObject, Message, Role

ROLES = frozenset(role.value for role in Role)
SYSTEM_ROLES = frozenset({Role.SYSTEM.value, Role.DEVELOPER.value})


def messages_in(value: Json) -> list[JsonObject]:
    """The messages of a list; whatever else is in it, or in its place, is passed over."""
    return [m for m in value if isinstance(m, dict)] if isinstance(value, list) else []


def text_of(message: JsonObject) -> str:
    """The words of a message: its text, or its parts of text, a line each. Empty where there are none."""
    content = message.get("content")
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, dict)]
        return "\n".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else ""


def calls_tools(message: JsonObject) -> bool:
    """The message is a call of tools, and may be without words. ``function_call`` is OpenAI's older spelling."""
    return bool(message.get("tool_calls") or message.get("function_call"))


def as_messages(value: Json) -> tuple[Message, ...]:
    """Accepted messages as role and words."""
    return tuple(Message(Role(str(m["role"])), text_of(m)) for m in messages_in(value))


def list_faults(field: str, value: Json) -> Iterator[Issue]:
    """Why a value cannot be stored as a list of messages. ``field`` is the key that it has in the example."""
    if not isinstance(value, list) or not value:
        fault = "missing" if value is None else f"{shown(value)}, not a list of messages"
        yield Issue("missing_field", f"“{field}” is {fault}.", "Give a list of messages with “role” and “content”.")
        return
    for n, message in enumerate(value, 1):
        if _is_plain_and_right(message):
            continue
        name = f"message {n}" if field == "messages" else f"message {n} of “{field}”"
        if isinstance(message, dict):
            yield from _message_faults(name, message)
        else:
            yield Issue("not_object", f"{as_start(name)} is {shown(message)}.", "Give it a “role” and a “content”.")


def _is_plain_and_right(message: Json) -> bool:
    """Nothing can be wrong with it: nearly all messages are such, and there are millions."""
    if not isinstance(message, dict) or len(message) != len(("role", "content")):
        return False
    role, content = message.get("role"), message.get("content")
    if not isinstance(role, str) or role not in ROLES or not isinstance(content, str):
        return False
    return content != "" and "\0" not in content and (content.isascii() or not has_surrogate(content))


def as_start(name: str) -> str:
    """A name as it stands at the start of a sentence."""
    return name[:1].upper() + name[1:]


def _message_faults(name: str, message: JsonObject) -> Iterator[Issue]:
    role, content = message.get("role"), message.get("content")
    if not isinstance(role, str) or role not in ROLES:
        fault = "has no role" if role is None else f"has the role {shown(role)}"
        yield Issue("unknown_role", f"{as_start(name)} {fault}.", f"Use one of {', '.join(Role)}.")
    if content is None or content == "" or content == []:
        if not (role == Role.ASSISTANT and calls_tools(message)):
            remedy = "Write its text; only a call of tools by the assistant may be without."
            yield Issue("empty_text", f"The content of {name} is {'missing' if content is None else 'empty'}.", remedy)
    elif isinstance(content, str):
        yield from character_faults(f"The content of {name}", content)
    elif isinstance(content, list):
        for k, part in enumerate(content, 1):
            yield from _part_faults(f"part {k} of {name}", part)
    else:
        yield Issue("not_text", f"The content of {name} is {shown(content)}, not a text.", "Put it in quotes.")
    yield from _key_faults(name, message)


def _part_faults(name: str, part: Json) -> Iterator[Issue]:
    if not isinstance(part, dict) or not isinstance(part.get("type"), str):
        fault = "has no type" if isinstance(part, dict) else f"is {shown(part)}"
        yield Issue("bad_part", f"{as_start(name)} {fault}.", 'Write it as {"type": "text", "text": "..."}.')
    elif part["type"] == "text" and not isinstance(part.get("text"), str):
        yield Issue("bad_part", f"The text of {name} is {shown(part.get('text'))}.", "Put it in quotes.")


def _key_faults(name: str, message: JsonObject) -> Iterator[Issue]:
    """null stands for an absent key: tables write it into every row."""
    calls, weight = message.get("tool_calls"), message.get("weight")
    if calls is not None and not (isinstance(calls, list) and all(isinstance(call, dict) for call in calls)):
        yield Issue("bad_tool_call", f"“tool_calls” of {name} is {shown(calls)}.", "Give a list of objects.")
    for key in ("name", "tool_call_id"):
        if not isinstance(value := message.get(key), str | None):
            yield Issue("not_text", f"“{key}” of {name} is {shown(value)}, not a text.", "Put it in quotes.")
    if weight is not None and (isinstance(weight, bool) or not isinstance(weight, int | float)):
        yield Issue("not_number", f"“weight” of {name} is {shown(weight)}, not a number.", "Write 0 or 1.")


def tools_faults(content: JsonObject) -> Iterator[Issue]:
    """What is wrong with an example's definitions of tools."""
    tools = content.get("tools")
    if tools is not None and not (isinstance(tools, list) and all(isinstance(tool, dict) for tool in tools)):
        yield Issue("bad_tools", f"“tools” is {shown(tools)}.", "Give a list of objects.")


def without_empty_tools(content: JsonObject) -> JsonObject:
    """The content, without a “tools” that says nothing."""
    if "tools" in content and not content["tools"]:
        return {key: value for key, value in content.items() if key != "tools"}
    return content


def doubts(messages: list[JsonObject]) -> Iterator[Issue]:
    """What is legal but doubtful in a conversation."""
    roles = [message["role"] for message in messages]
    if roles[-1] != Role.ASSISTANT:
        yield _doubt("last_not_assistant", f"The last message is by “{roles[-1]}”.", "Let the assistant end.")
    yield from doubts_on_the_way(messages)


def doubts_on_the_way(messages: list[JsonObject]) -> Iterator[Issue]:
    """What is doubtful in a conversation, whoever has the last word."""
    roles = [message["role"] for message in messages]
    for n, message in enumerate(messages, 1):
        if isinstance(content := message.get("content"), str) and content.isspace():
            yield _doubt("blank_text", f"The content of message {n} is only white space.", "Write its text.")
    if _alternate(roles):
        return
    if Role.USER not in roles:
        yield _doubt("no_user", "There is no message by “user”.", "Add what the assistant is asked.")
    is_begun = False
    open_calls: list[Json] = []  # ids of files may be anything
    is_calling = False
    for n, (message, role) in enumerate(zip(messages, roles, strict=True), 1):
        if role in SYSTEM_ROLES and is_begun:
            yield _doubt("late_system", f"Message {n} is by “{role}”, after the first turn.", "Move it to the start.")
        if role == Role.ASSISTANT and n > 1 and roles[n - 2] == Role.ASSISTANT:
            yield _doubt("assistant_twice", f"Messages {n - 1} and {n} are both by “assistant”.", "Join them.")
        if role == Role.ASSISTANT:
            is_calling = calls_tools(message)
            open_calls += [call.get("id") for call in messages_in(message.get("tool_calls"))]
        elif role == Role.TOOL:
            answers = message.get("tool_call_id")
            if not is_calling or (answers is not None and answers not in open_calls):
                yield _doubt("orphan_tool", f"Message {n} is a tool's answer that nobody asked for.", "Add its call.")
        is_begun = is_begun or role not in SYSTEM_ROLES


def _alternate(roles: list[Json]) -> bool:
    """After an optional system message, user and assistant take turns, the user first."""
    turns = roles[1:] if roles[0] in SYSTEM_ROLES else roles
    return turns[::2].count("user") + turns[1::2].count("assistant") == len(turns) > 0


def _doubt(reason: str, message: str, remedy: str) -> Issue:
    return Issue(reason, message, remedy, is_warning=True)
