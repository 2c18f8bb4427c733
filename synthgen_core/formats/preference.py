"""The preference format: what was asked, an answer that is preferred, and one that is not."""

from collections.abc import Iterator, Sequence

from synthgen_core.errors import InvalidExampleError
from synthgen_core.formats.definition import Format, Issue
from synthgen_core.formats.messages import (
    as_messages,
    doubts_on_the_way,
    list_faults,
    messages_in,
    tools_faults,
    without_empty_tools,
)
from synthgen_core.models import JsonObject, Message, Role

SIDES = ("chosen", "rejected")


def _faults(content: JsonObject) -> Iterator[Issue]:
    for field in ("prompt", *SIDES):
        yield from list_faults(field, content.get(field))
    yield from tools_faults(content)


def _warnings(content: JsonObject) -> Iterator[Issue]:
    prompt = messages_in(content["prompt"])
    yield from doubts_on_the_way(prompt)
    if (role := prompt[-1]["role"]) == Role.ASSISTANT:
        yield _doubt("prompt_answered", f"The prompt ends with a message by “{role}”.", "Let the user end it.")
    for side in SIDES:
        if (role := messages_in(content[side])[-1]["role"]) != Role.ASSISTANT:
            yield _doubt("last_not_assistant", f"“{side}” ends with a message by “{role}”.", "Let the assistant end.")
    if content["chosen"] == content["rejected"]:
        yield _doubt("no_difference", "“chosen” and “rejected” are the same.", "Change one, or remove the pair.")


def _doubt(reason: str, message: str, remedy: str) -> Issue:
    return Issue(reason, message, remedy, is_warning=True)


def _issues(content: JsonObject) -> Iterator[Issue]:
    faults = list(_faults(content))
    yield from faults or _warnings(content)


def _keep(content: JsonObject) -> JsonObject:
    return {field: content[field] for field in ("prompt", *SIDES)}


def _to_messages(content: JsonObject) -> tuple[Message, ...]:
    return as_messages(content["prompt"]) + as_messages(content["chosen"])


def _from_messages(messages: Sequence[Message]) -> JsonObject:
    raise InvalidExampleError(
        f"A preference pair needs two answers, and {len(messages)} messages hold one.",
        "Import pairs, or export those that edits and rejections left.",
        reason="no_second_answer",
    )


PREFERENCE = Format(
    name="preference",
    label="Preference",
    summary="A prompt with two answers: the one that is preferred, and the one that is not.",
    is_conversation=True,
    sample={
        "prompt": [{"role": "user", "content": "What the user asks."}],
        "chosen": [{"role": "assistant", "content": "The better answer."}],
        "rejected": [{"role": "assistant", "content": "The worse answer."}],
    },
    detect=lambda example: all(side in example for side in SIDES),
    find_issues=_issues,
    find_faults=_faults,
    find_warnings=_warnings,
    keep=_keep,
    store=without_empty_tools,
    to_messages=_to_messages,
    from_messages=_from_messages,
    is_generated=False,
)
