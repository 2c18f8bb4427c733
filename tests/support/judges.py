"""What the tests' model servers answer as judges and menders: what the example itself says that it is worth.

An example that says “worth 4.5” gets 4.5 for each criterion; without such a word it gets 8. A mender raises it to 9.
"""

import re
from typing import Any

import orjson

WORTH = re.compile(r"worth (\d+(?:\.\d+)?)")
USUAL, MENDED = 8.0, 9
JUDGES, MENDS = "You judge training data", "You mend training examples"
FENCE = re.compile(r"=== example \w+ ===\n(.*?)\n=== end of example", re.DOTALL)


def answer_as_judge(body: dict[str, Any]) -> str | None:
    """The answer to a judge's or a mender's prompt; None: it is neither."""
    system, asked = (str(body["messages"][place]["content"]) for place in (0, -1))
    if system.startswith(JUDGES):
        shape = orjson.loads(system.rsplit("\n", 1)[1])
        return judgement(worth_of(asked), list(shape))
    if system.startswith(MENDS):
        example = FENCE.search(asked)
        assert example
        return WORTH.sub(f"worth {MENDED}", example[1])
    return None


def worth_of(text: str) -> float:
    """What the example in a prompt says that it is worth."""
    found = WORTH.search(text)
    return float(found[1]) if found else USUAL


def judgement(score: float, criteria: list[str]) -> str:
    """A judge's reply with the same score for each of these."""
    return orjson.dumps({name: {"reason": f"It is worth {score:g}.", "score": score} for name in criteria}).decode()
