"""Dividing examples into parts by shares: by chance, repeatably, and what is alike stays together.

An example of the test set that is nearly one of the training set, or was cut from the same conversation, would be a
question whose answer was given away.
"""

import random
from collections.abc import Hashable, Iterable, Iterator, Sequence

from synthgen_core.dedup import Shelf, Sketch, digest, sketch, words_of
from synthgen_core.errors import ConfigError
from synthgen_core.formats import get_format
from synthgen_core.models import JsonObject
from synthgen_core.shapes import extra_of

MOST_WORDS = 256
"""Words of the first question, and of the last answer, that are compared."""
MOST_COMPARED = 50_000
"""Examples among which a split looks for near repeats; that takes half a minute."""
WHOLE, TOLERANCE = 100.0, 1e-6
CONVERSATION_IDS = ("conversation_id", "conversation_hash", "dialogue_id", "dialog_id", "thread_id", "session_id")
"""Keys by which files tell what belongs to one conversation."""


def check_shares(shares: Sequence[float], most: int) -> None:
    """Accept percentages for ``most`` parts or fewer that make 100. Raises ConfigError."""
    shown = "/".join(f"{share:g}" for share in shares)
    if not 2 <= len(shares) <= most:
        raise ConfigError(f"The split {shown} has {len(shares)} parts.", f"Give 2 to {most}, such as 80/10/10.")
    if not shares[0] or not all(share >= 0 for share in shares):
        message = f"The split {shown} has a first part of nothing, or a part of less than nothing."
        raise ConfigError(message, "Give shares such as 80/10/10.")
    if not abs(sum(shares) - WHOLE) <= TOLERANCE:
        raise ConfigError(f"The split {shown} makes {sum(shares):g} %, not 100 %.", "Give shares such as 80/10/10.")


def words_to_compare(format: str, content: JsonObject) -> list[str]:
    """The words by which an example is told from others: of its first question and its last answer."""
    turns = [words_of(turn.content) for turn in get_format(format).turns(content)]
    return [word for words in (turns[:1] + turns[1:][-1:]) for word in words[:MOST_WORDS]]


def origin_keys(metadata: JsonObject) -> Iterator[Hashable]:
    """What an example shares with others that were made from the same one, or that files say are of one conversation.

    Each dataset and example that it came from, and the id of its conversation in the file that it was read from.
    """
    origin = metadata.get("origin")
    while isinstance(origin, dict):
        yield "origin", str(origin.get("dataset")), str(origin.get("example"))
        origin = origin.get("origin")
    extra = extra_of(metadata)
    yield from (("file", name, str(extra[name])) for name in CONVERSATION_IDS if extra.get(name) not in (None, ""))


class Groups:
    """Examples, and which of them are to stay together: repeats, near repeats, and those that share a key."""

    def __init__(self, *, finds_near: bool = True) -> None:
        """``finds_near``: look for near repeats, too, which takes half a millisecond an example."""
        self._parents: list[int] = []
        """For each example another of its group, or itself."""
        self._known: dict[Hashable, int] = {}
        self._shelf = Shelf() if finds_near else None

    def add(self, words: Sequence[str], keys: Iterable[Hashable] = ()) -> None:
        """The next example."""
        number = len(self._parents)
        self._parents.append(number)
        for key in (digest(words), *keys):
            self._join(number, self._known.setdefault(key, number))
        if self._shelf is not None:
            self._join_near(number, self._shelf, sketch(words))

    def _join_near(self, number: int, shelf: Shelf, text: Sketch) -> None:
        if near := shelf.nearest(text):
            self._join(number, near[0])
        shelf.add(text)

    def _join(self, one: int, other: int) -> None:
        self._parents[self._root(one)] = self._root(other)

    def _root(self, number: int) -> int:
        while (parent := self._parents[number]) != number:
            self._parents[number] = number = self._parents[parent]  # a shorter way for the next time
        return number

    def numbers(self) -> list[int]:
        """For each example, the number of its group."""
        return [self._root(number) for number in range(len(self._parents))]


def assign(groups: Sequence[int], shares: Sequence[float], seed: int) -> list[int]:
    """For each example, by the number of its group, the number of its part.

    Sizes are what the shares make of the total, by largest remainder, as near as groups that stay whole allow: the
    largest groups are placed first, in an order of chance, each where the most room is left.
    """
    chance = random.Random(seed)
    members: dict[int, int] = {}
    for group in groups:
        members[group] = members.get(group, 0) + 1
    order = list(members)
    chance.shuffle(order)
    order.sort(key=members.__getitem__, reverse=True)
    room = apportion(len(groups), shares)
    parts = [n for n, share in enumerate(shares) if share]
    place: dict[int, int] = {}
    for group in order:
        place[group] = part = max(parts, key=room.__getitem__)
        room[part] -= members[group]
    return [place[group] for group in groups]


def apportion(total: int, shares: Sequence[float]) -> list[int]:
    """Whole numbers that make ``total``, as near to the shares as can be: the largest remainders are rounded up."""
    whole = sum(shares)
    exact = [total * share / whole for share in shares]
    sizes = [int(part) for part in exact]
    by_remainder = sorted(range(len(shares)), key=lambda n: (sizes[n] - exact[n], n))
    for n in by_remainder[: total - sum(sizes)]:
        sizes[n] += 1
    return sizes
