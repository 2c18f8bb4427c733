"""What the tests' model servers answer: texts that depend on the request alone, wrapped as three protocols want it."""

import hashlib
import random
import re
from typing import Any

import orjson

from synthgen_core.prompts import TAKEN
from tests.support.judges import answer_as_judge

EXCHANGES = re.compile(r"exactly (\d+) exchange")
INSTRUCTION = "one instruction and one answer"
WORD = re.compile(r"[^\W\d_]{4,}")
MODEL = "stub-model"
VOCABULARY = [
    first + second + third + "n" for first in "bdfgklmnprstvwz" for second in "aeiou" for third in ("la", "me", "to")
]


def write(body: dict[str, Any]) -> str:
    """A good model's answer: the example that the prompt asks for, as JSON, or else a fair answer in plain words.

    Equal requests get equal answers, different requests different ones. The openings that a prompt names as taken make
    no difference: which they are depends on what came first.
    """
    if (judged := answer_as_judge(body)) is not None:
        return judged
    messages = [[message["role"], without_openings(str(message["content"]))] for message in body["messages"]]
    asked = messages[-1][1]
    mark = hashlib.sha256(orjson.dumps([messages, body.get("seed"), body.get("options")])).hexdigest()[:12]
    if found := EXCHANGES.search(asked):
        return orjson.dumps(conversation(int(found[1]), mark)).decode()
    if INSTRUCTION in asked:
        return orjson.dumps(instruction(mark)).decode()
    users = [str(message["content"]) for message in body["messages"] if message["role"] == "user"]
    words = list(dict.fromkeys(WORD.findall(f"{asked} {users[0]}".lower())))[:16]
    random.Random(mark).shuffle(words)  # answers in one conversation must not repeat one another
    return f"In case {mark} these come first: {', '.join(words)}. Note what changes: {some_words(mark, 12)}."


def without_openings(prompt: str) -> str:
    """A prompt without the list of openings that are taken."""
    return prompt.partition(f"\n\n{TAKEN}")[0]


def some_words(mark: str, count: int) -> str:
    """Words that no other mark gets, in this order."""
    return " ".join(random.Random(mark).choices(VOCABULARY, k=count))


def conversation(exchanges: int, mark: str) -> dict[str, Any]:
    """A chat example with so many pairs; ``mark`` makes it unlike any other."""
    turns = []
    for n in range(1, exchanges + 1):
        turns.append({"role": "user", "content": f"Number {n} of {mark}: what about {some_words(f'{mark} {n}', 20)}?"})
        turns.append({"role": "assistant", "content": f"As to number {n} of {mark}: {some_words(f'{n} {mark}', 70)}."})
    return {"messages": turns}


def instruction(mark: str) -> dict[str, Any]:
    """An instruction example; ``mark`` makes it unlike any other."""
    return {"instruction": f"Say what {mark} is.", "input": "", "output": f"{mark} is this: {some_words(mark, 30)}."}


def wrap(path: str, text: str, finish: str = "stop", model: str = MODEL) -> dict[str, Any]:
    """The body of a success, in the protocol that this path belongs to."""
    if path.endswith("/messages"):
        reason = {"stop": "end_turn", "length": "max_tokens"}.get(finish, finish)
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [{"type": "text", "text": text}],
            "stop_reason": reason,
            "usage": {"input_tokens": 100, "output_tokens": 50},
        }
    if path.startswith("/api/"):
        return {
            "model": model,
            "message": {"role": "assistant", "content": text},
            "done": True,
            "done_reason": finish,
            "prompt_eval_count": 100,
            "eval_count": 50,
        }
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
    }


def wrap_error(path: str, message: str, code: str) -> dict[str, Any]:
    """The body of a failure, in the protocol that this path belongs to."""
    if path.endswith("/messages"):
        return {"type": "error", "error": {"type": code, "message": message}}
    if path.startswith("/api/"):
        return {"error": message}
    return {"error": {"message": message, "type": code, "param": None, "code": code}}


def list_models(path: str, models: list[str]) -> dict[str, Any]:
    """The list of models, in the protocol that this path belongs to."""
    if path.startswith("/api/"):
        return {"models": [{"name": model, "model": model, "size": 1} for model in models]}
    return {"object": "list", "data": [{"id": model, "object": "model"} for model in models]}
