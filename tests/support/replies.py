"""What the tests' model servers answer: texts that depend on the request alone, wrapped as three protocols want it."""

import hashlib
import random
import re
from typing import Any

import orjson

EXCHANGES = re.compile(r"exactly (\d+) exchange")
INSTRUCTION = "one instruction and one answer"
WORD = re.compile(r"[^\W\d_]{4,}")
MODEL = "stub-model"
QUESTION = "the router restarts every evening at about eight, and only a power cycle helps. What can I try next?"
ANSWER = (
    "Restarts at a fixed time point to something scheduled, so look there before you replace anything. Open the "
    "router's log and search for entries within a minute of the restart: a firmware check, a lease that runs out, or a "
    "line that drops. Then switch off automatic updates for one evening, note the temperature of the case at half past "
    "seven, and plug it into another socket. If it still restarts, send us the log and the notes; we will replace it."
)


def write(body: dict[str, Any]) -> str:
    """A good model's answer: the example that the prompt asks for, as JSON, or else a fair answer in plain words.

    Equal requests get equal answers, different requests different ones.
    """
    asked = str(body["messages"][-1]["content"])
    mark = hashlib.sha256(orjson.dumps([body["messages"], body.get("seed"), body.get("options")])).hexdigest()[:12]
    if found := EXCHANGES.search(asked):
        return orjson.dumps(conversation(int(found[1]), mark)).decode()
    if INSTRUCTION in asked:
        return orjson.dumps(instruction(mark)).decode()
    users = [str(message["content"]) for message in body["messages"] if message["role"] == "user"]
    words = list(dict.fromkeys(WORD.findall(f"{asked} {users[0]}".lower())))[:16]
    random.Random(mark).shuffle(words)  # answers in one conversation must not repeat one another
    return f"In case {mark} these come first: {', '.join(words)}. Note what changes with each of them."


def conversation(exchanges: int, mark: str) -> dict[str, Any]:
    """A chat example with so many pairs; ``mark`` makes it unlike any other."""
    turns = []
    for n in range(1, exchanges + 1):
        turns.append({"role": "user", "content": f"Number {n} of {mark}: {QUESTION}"})
        turns.append({"role": "assistant", "content": f"As to number {n} of {mark}: {ANSWER}"})
    return {"messages": turns}


def instruction(mark: str) -> dict[str, Any]:
    """An instruction example; ``mark`` makes it unlike any other."""
    return {"instruction": f"Say what {mark} is.", "input": "", "output": f"{mark} is a number of twelve digits."}


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
