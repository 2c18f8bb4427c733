"""One request and its answer: Alpaca's fields, and pairs of prompt and completion."""

from synthgen_core.errors import InvalidExampleError
from synthgen_core.formats import joined
from synthgen_core.models import Json, JsonObject, Role
from synthgen_core.shapes.definition import Reading, Shape, read_tools
from synthgen_core.shapes.fields import LIST, as_list, forms_of, read_field, write_field
from synthgen_core.shapes.turns import ROLE_KEYS

ALPACA_KEYS = ("instruction", "input", "output", "system", "history")


def _read_alpaca(row: JsonObject) -> Reading:
    return Reading("instruction", {key: row[key] for key in ALPACA_KEYS if key in row}, used=frozenset(ALPACA_KEYS))


def _write_alpaca(content: JsonObject, format: str, layout: JsonObject) -> JsonObject:
    return {key: content[key] for key in ALPACA_KEYS if key in content}


ALPACA = Shape(
    name="alpaca",
    label="Alpaca",
    summary="“instruction”, “input” and “output”, perhaps with “system” and “history”.",
    formats=("instruction",),
    is_match=lambda row: "instruction" in row and "output" in row,
    read=_read_alpaca,
    write=_write_alpaca,
)


# -- prompt and completion


def _read_completion(row: JsonObject) -> Reading:
    """Two texts are an instruction; messages are a conversation, as in TRL."""
    prompt, completion = row["prompt"], row["completion"]
    if isinstance(prompt, str | None) and isinstance(completion, str | None):
        return Reading("instruction", {"instruction": prompt, "input": "", "output": completion}, used=frozenset(PAIR))
    asked, prompt_form, keys = read_field("prompt", prompt, Role.USER)
    answer, completion_form, _ = read_field("completion", completion, Role.ASSISTANT)
    layout = forms_of(prompt=prompt_form, completion=completion_form)
    layout["completion_messages"] = len(answer)
    if keys != ROLE_KEYS:
        layout["keys"] = keys
    content: JsonObject = {"messages": [*asked, *answer]}
    if tools := read_tools(row):
        content["tools"] = tools
    return Reading("chat", content, layout, frozenset((*PAIR, "tools")))


def _write_completion(content: JsonObject, format: str, layout: JsonObject) -> JsonObject:
    if format == "instruction":
        return _write_texts(content)
    messages = as_list(content["messages"])
    count = layout.get("completion_messages")
    cut = len(messages) - (count if isinstance(count, int) else 1)
    if cut < 1 or (count is None and not _is_by_assistant(messages[cut])):
        raise InvalidExampleError(
            "The conversation does not end with an answer to something.",
            "Let the assistant have the last word, or leave the example out.",
            reason="no_completion",
        )
    keys = str(layout.get("keys", ROLE_KEYS))
    row: JsonObject = {
        "prompt": write_field(messages[:cut], str(layout.get("prompt", LIST)), keys, Role.USER),
        "completion": write_field(messages[cut:], str(layout.get("completion", LIST)), keys, Role.ASSISTANT),
    }
    return row | ({"tools": content["tools"]} if content.get("tools") else {})


def _write_texts(content: JsonObject) -> JsonObject:
    for key in ("system", "history"):
        if content.get(key):
            raise InvalidExampleError(
                f"A pair of prompt and completion has no place for “{key}”.",
                "Convert the dataset to chat first, or leave the example out.",
                reason=f"no_place_for_{key}",
            )
    return {
        "prompt": joined(str(content["instruction"]), str(content["input"])),
        "completion": content["output"],
    }


def _is_by_assistant(message: Json) -> bool:
    return isinstance(message, dict) and message["role"] == Role.ASSISTANT


PAIR = ("prompt", "completion")
PROMPT_COMPLETION = Shape(
    name="prompt_completion",
    label="Prompt and completion",
    summary="“prompt” and “completion”, as texts or as messages.",
    formats=("instruction", "chat"),
    is_match=lambda row: all(key in row for key in PAIR),
    read=_read_completion,
    write=_write_completion,
)
