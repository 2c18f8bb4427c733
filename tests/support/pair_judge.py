"""A judge of pairs for the tests' model server: it prefers the example that says a certain word, wherever it stands."""

import json
from collections.abc import Callable

from tests.support.server import Act, Call

SECOND = "\n\nExample B:\n"


def prefer(word: str) -> Callable[[Call], Act]:
    """The answers of a judge that likes this word; where both say it, or neither does, it is a tie."""

    def answer(call: Call) -> Act:
        first, _, second = call.words.partition(SECOND)
        says_first, says_second = word in first, word in second
        return say("tie" if says_first == says_second else "A" if says_first else "B")

    return answer


def say(better: str) -> Act:
    """A verdict."""
    return Act(text=json.dumps({"reason": f"It is {better}.", "better": better}))
