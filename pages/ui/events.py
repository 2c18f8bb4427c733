"""What the browser noted: components keep a log of what was done in them, and each entry is dealt with once.

A component's value may reach the app several times, or only after further things were done; a log loses none of them.
It is ``{"nonce": ..., "log": [{"n": 1, ...}, ...]}``: the nonce tells one mounting of a component from the next.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any


def unseen(told: Any, marks: MutableMapping[str, int]) -> Iterator[Mapping[str, Any]]:
    """The entries that were not dealt with yet. ``marks`` (nonce -> number of the last one) follows.

    An entry is marked once the next one is asked for: whoever is interrupted before finds it again. So deal with one
    entry without touching ``st`` in between.
    """
    if not isinstance(told, Mapping) or not isinstance(log := told.get("log"), list):
        return
    nonce = str(told.get("nonce", ""))
    for entry in log:
        number = int(entry["n"])
        if number > marks.get(nonce, 0):
            yield entry
            marks[nonce] = number
