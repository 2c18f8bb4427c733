"""What each target refuses in a row. A check takes format and row, and yields why; nothing: the row may be written."""

from collections.abc import Callable, Iterator, Sequence

from synthgen_core.formats import Issue, calls_tools, get_format, messages_in, shown
from synthgen_core.formats.messages import as_start
from synthgen_core.models import Json, JsonObject, Role

Check = Callable[[str, JsonObject], Iterator[Issue]]

OPENAI_ROLES = ("system", "developer", "user", "assistant", "tool")
PLAIN_ROLES = ("system", "user", "assistant")
OPENAI_PARTS = ("text", "image_url")
"""Fine-tuning takes no sound and no files."""
ODD = ("human", "user", "observation", "tool", "prompter", "input")
EVEN = ("gpt", "assistant", "bot", "model", "chatgpt", "output", "function_call")
"""Who speaks at odd and at even places of a ShareGPT conversation, as sources spell it."""


def check_openai_chat(format: str, row: JsonObject) -> Iterator[Issue]:
    """https://developers.openai.com/api/docs/guides/supervised-fine-tuning, and the request of chat completions."""
    messages = messages_in(row.get("messages"))
    yield from _openai_messages("message", messages)
    yield from _tools(row.get("tools"))
    if not any(message.get("role") == Role.ASSISTANT for message in messages):
        yield Issue("no_assistant", "There is no message by “assistant”.", "Add the answer that is to be learned.")
    yield from _doubts(format, row, ("last_not_assistant", "orphan_tool"))


def check_openai_preference(format: str, row: JsonObject) -> Iterator[Issue]:
    """https://developers.openai.com/api/docs/guides/direct-preference-optimization: text, one answer each side."""
    given = row.get("input")
    asked = messages_in(given.get("messages")) if isinstance(given, dict) else []
    yield from _openai_messages("message", asked)
    yield from _tools(given.get("tools") if isinstance(given, dict) else None)
    if not asked or asked[-1].get("role") != Role.USER:
        role = asked[-1].get("role") if asked else None
        yield Issue("prompt_not_by_user", f"The prompt ends with a message by {shown(role)}.", "Let the user end it.")
    sides = {}
    for side in ("preferred_output", "non_preferred_output"):
        sides[side] = answers = messages_in(row.get(side))
        if [message.get("role") for message in answers] != [Role.ASSISTANT]:
            yield Issue(
                "not_one_answer", f"“{side}” has {len(answers)} messages.", "Give one message by the assistant."
            )
        yield from _openai_messages(f"“{side}”, message", answers)
    if sides["preferred_output"] == sides["non_preferred_output"]:
        yield Issue("no_difference", "Both answers are the same.", "Change one, or remove the pair.")


def _openai_messages(name: str, messages: Sequence[JsonObject]) -> Iterator[Issue]:
    for n, message in enumerate(messages, 1):
        role, content = message.get("role"), message.get("content")
        if role not in OPENAI_ROLES:
            yield Issue("unknown_role", f"The role of {name} {n} is {shown(role)}.", f"Use {', '.join(OPENAI_ROLES)}.")
        if not content and not calls_tools(message):
            yield Issue("empty_text", f"{as_start(name)} {n} has neither text nor a call of a tool.", "Add one.")
        for part in messages_in(content):
            if part.get("type") not in OPENAI_PARTS:
                kind = shown(part.get("type"))
                yield Issue("bad_part", f"{as_start(name)} {n} has a part of type {kind}.", "Use text or images.")
        if "weight" in message and (role != Role.ASSISTANT or message["weight"] not in (0, 1)):
            fault = f"The weight of {name} {n}, by {shown(role)}, is {shown(message['weight'])}."
            yield Issue("bad_weight", fault, "Give 0 or 1, to messages by the assistant only.")
        if role == Role.TOOL and not message.get("tool_call_id"):
            fault = f"{as_start(name)} {n} is a tool's answer without “tool_call_id”."
            yield Issue("no_call_id", fault, "Add it.")
        for call in messages_in(message.get("tool_calls")):
            yield from _tool_call(f"{name} {n}", call)


def _tool_call(name: str, call: JsonObject) -> Iterator[Issue]:
    function = call.get("function")
    if not call.get("id") or call.get("type") != "function" or not isinstance(function, dict):
        remedy = 'Write it as {"id": ..., "type": "function", "function": {"name": ..., "arguments": "..."}}.'
        yield Issue("bad_tool_call", f"A call of a tool in {name} is not complete.", remedy)
    elif not isinstance(function.get("name"), str) or not isinstance(function.get("arguments"), str):
        yield Issue("bad_tool_call", f"A call of a tool in {name} lacks its name or its arguments.", "Add them.")


def _tools(tools: Json) -> Iterator[Issue]:
    for n, tool in enumerate(messages_in(tools), 1):
        function = tool.get("function")
        if tool.get("type") != "function" or not (isinstance(function, dict) and isinstance(function.get("name"), str)):
            remedy = 'Write it as {"type": "function", "function": {"name": ..., "parameters": ...}}.'
            yield Issue("bad_tools", f"Tool {n} is not the definition of a function.", remedy)


def _doubts(format: str, content: JsonObject, reasons: Sequence[str]) -> Iterator[Issue]:
    """Doubts of the stored format that a target forbids: they are errors here."""
    for issue in get_format(format).warnings(content):
        if issue.reason in reasons:
            yield Issue(issue.reason, issue.message, issue.remedy)


def check_alpaca(format: str, row: JsonObject) -> Iterator[Issue]:
    """Strings, never null; earlier exchanges as pairs of strings."""
    for key in ("instruction", "input", "output", "system"):
        if not isinstance(value := row.get(key), str) and (key != "system" or key in row):
            yield Issue("not_text", f"“{key}” is {shown(value)}, not a text.", "Put it in quotes.")
    if not row.get("output"):
        yield Issue("empty_text", "“output” is empty.", "Write the answer.")


def check_sharegpt(format: str, row: JsonObject) -> Iterator[Issue]:
    """https://github.com/hiyouga/LLaMA-Factory/blob/main/data/README.md: who may speak at odd and at even places."""
    yield from _values(row.get("conversations"))
    yield from _places(_speakers(row.get("conversations")), ends_with_answer=True)


def check_llama_factory(format: str, row: JsonObject) -> Iterator[Issue]:
    """As ShareGPT and Alpaca; of a preference pair, the conversation ends before the answers, which differ."""
    if format == "instruction":
        yield from check_alpaca(format, row)
    elif format == "chat":
        yield from check_sharegpt(format, row)
    else:
        sides = [row.get("chosen"), row.get("rejected")]
        yield from _values([*messages_in(row.get("conversations")), *sides])
        yield from _places(_speakers(row.get("conversations")), ends_with_answer=False)
        if sides[0] == sides[1]:
            yield Issue("no_difference", "Both answers are the same.", "Change one, or remove the pair.")


def _values(turns: Json) -> Iterator[Issue]:
    for n, turn in enumerate(messages_in(turns), 1):
        if not isinstance(turn.get("value", turn.get("content")), str):
            yield Issue("not_text", f"Turn {n} is not just a text.", "Choose a target that knows parts.")
        if "tool_calls" in turn:
            yield Issue("mixed_turn", f"Turn {n} speaks and calls tools.", "Choose a target that knows such messages.")


def _speakers(turns: Json) -> list[Json]:
    """Who speaks, in order, but for a system message at the start."""
    names = [turn.get("from", turn.get("role")) for turn in messages_in(turns)]
    return names[1:] if names and names[0] == "system" else names


def _places(speakers: Sequence[Json], *, ends_with_answer: bool) -> Iterator[Issue]:
    for n, speaker in enumerate(speakers, 1):
        allowed = ODD if n % 2 else EVEN
        if speaker not in allowed:
            names = f"“{allowed[0]}” or “{'observation' if n % 2 else 'function_call'}”"
            yield Issue("wrong_place", f"Turn {n} is by {shown(speaker)}.", f"Place {n} is for {names}.")
            return
    if len(speakers) % 2 == ends_with_answer:
        who = "the assistant" if ends_with_answer else "the user"
        yield Issue("wrong_place", f"The conversation has {len(speakers)} turns.", f"Let {who} have the last.")


def check_trl_preference(format: str, row: JsonObject) -> Iterator[Issue]:
    """https://huggingface.co/docs/trl/dataset_formats#preference; texts or messages, as the source had them."""
    if row.get("chosen") == row.get("rejected"):
        yield Issue("no_difference", "Both answers are the same.", "Change one, or remove the pair.")
    for side in ("chosen", "rejected"):
        messages = messages_in(row.get(side))
        if messages and messages[-1].get("role") != Role.ASSISTANT:
            role = shown(messages[-1].get("role"))
            yield Issue("last_not_assistant", f"“{side}” ends with a message by {role}.", "Let the assistant end.")


def check_plain(format: str, row: JsonObject) -> Iterator[Issue]:
    """What every chat template knows: exactly a role and a text in each message, and the assistant ends."""
    messages = messages_in(row.get("messages"))
    for n, message in enumerate(messages, 1):
        if message.get("role") not in PLAIN_ROLES:
            role = shown(message.get("role"))
            yield Issue("unknown_role", f"Message {n} is by {role}.", f"Use {', '.join(PLAIN_ROLES)}.")
        elif set(message) != {"role", "content"} or not isinstance(content := message["content"], str) or not content:
            named = "calls a tool" if calls_tools(message) else "is not just a text"
            yield Issue("not_plain", f"Message {n} {named}.", "Choose a target that knows tools and parts.")
    yield from _doubts(format, row, ("last_not_assistant",))


def check_table(format: str, row: JsonObject) -> Iterator[Issue]:
    """A column has one type: the content of every message is a text, and so are most of its other keys."""
    for name in ("messages", "prompt", "chosen", "rejected"):
        for n, message in enumerate(messages_in(row.get(name)), 1):
            if isinstance(message.get("content"), list):
                where = f"message {n} of “{name}”"
                yield Issue("bad_part", f"The content of {where} is not only text.", "Choose JSONL, which holds parts.")
            yield from _texts(f"Message {n} of “{name}”", message, ("name", "tool_call_id", "reasoning"))
            for call in messages_in(message.get("tool_calls")):
                function, where = call.get("function"), f"A call of a tool in message {n} of “{name}”"
                yield from _texts(where, call, ("id", "type"))
                if isinstance(function, dict):
                    yield from _texts(where, function, ("name",))
                else:
                    yield Issue("bad_tool_call", f"{where} has no function.", "Name it, or choose JSONL.")
            weight = message.get("weight")
            if weight is not None and not (isinstance(weight, int | float) and weight == int(weight)):
                yield Issue("bad_weight", f"The weight of message {n} is {shown(weight)}.", "Give a whole number.")


def _texts(name: str, holder: JsonObject, keys: Sequence[str]) -> Iterator[Issue]:
    for key in keys:
        if not isinstance(value := holder.get(key), str | None):
            message = f"{name} has {shown(value)} as “{key}”, which is not a text."
            yield Issue("not_text", message, "Put it in quotes, or choose JSONL.")


def check_nothing(format: str, row: JsonObject) -> Iterator[Issue]:
    """What is stored can be written."""
    return iter(())
