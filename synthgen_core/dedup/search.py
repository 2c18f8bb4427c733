"""Near duplicates among all texts of a dataset, in one pass over them and in bounded memory.

Groups are stars: each text of one is compared with the text that represents it, never linked to it through others.
Linking in chains joins texts that have nothing in common; it has put 80,000 examples of a million into one group.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthgen_core.dedup.sketches import BANDS, CODEC, NEAR, Keys, similarity_of, sketch, words_of

CHAIN = 8
"""Texts that are looked at behind one band key: phrases that many texts share must not cost time."""
BLOCK = 2000
"""Texts whose candidates are collected at once."""
NONE = -1

Before = NDArray[np.int32]
"""A row for each text and a column for each band: the text before it that has the same band key, or ``NONE``."""


@dataclass(frozen=True, slots=True)
class Twin:
    """A text that is nearly another one again."""

    number: int
    """Its place among the texts, from 0."""
    similarity: float
    """To the text that represents its star, verified: the share of words, 0-1, that both have in the same order."""


@dataclass(frozen=True, slots=True)
class Star:
    """A text and those that are near it."""

    centre: int
    """The place of the text that represents them, the first of them all."""
    twins: tuple[Twin, ...]
    """At least one, in the order in which they came."""


def find_duplicates(
    texts: Iterable[str], threshold: float = NEAR, *, tick: Callable[[], None] = lambda: None
) -> list[Star]:
    """Texts that are alike by ``threshold`` (0-1, exact repeats are 1), in the order of their centres.

    Give the texts best first: of those that are alike, the first one represents them. Each text is in one star at most,
    that of the centre nearest to it among those that were found. Texts without a word are left out. ``tick`` is called
    now and then, and may raise, to stop. Takes about 0.25 ms a text of 1 kB on one core, and 180 bytes a text and two
    for each word of memory.
    """
    gathered = _Gathered()
    for number, text in enumerate(texts):
        if number % BLOCK == 0:
            tick()
        gathered.add(text)
    twins: dict[int, list[Twin]] = {}
    before = _link(gathered.keys())
    centre_of = np.arange(len(before), dtype=np.int32)
    for start in range(0, len(before), BLOCK):
        tick()
        for number, others in _candidates(before, start):
            centres = {int(centre_of[other]) for other in others}
            if near := gathered.nearest(number, centres, threshold):
                centre, twin = near
                centre_of[number] = centre
                twins.setdefault(centre, []).append(twin)
    return [Star(centre, tuple(twins[centre])) for centre in sorted(twins)]


class _Gathered:
    """Sketches of many texts, each number in as few bytes as it needs."""

    def __init__(self) -> None:
        self._keys, self._signs, self._ends = bytearray(), bytearray(), array("q", [0])

    def add(self, text: str) -> None:
        """The next text."""
        words = words_of(text)
        made = sketch(words, BANDS)
        self._keys += made.keys.tobytes()
        self._signs += made.signs.encode(CODEC) if words else b""
        self._ends.append(len(self._signs))

    def keys(self) -> Keys:
        """The band keys, a row for each text; they may be written over."""
        return np.frombuffer(self._keys, dtype=np.uint32).reshape(-1, BANDS)

    def signs(self, number: int) -> str:
        """What of a text is compared."""
        return self._signs[self._ends[number] : self._ends[number + 1]].decode(CODEC)

    def nearest(self, number: int, others: Iterable[int], least: float) -> tuple[int, Twin] | None:
        """The text among others that this one is most similar to; of equals the first. None: none is by ``least``."""
        if not (signs := self.signs(number)):
            return None
        best, centre = 0.0, NONE
        for other in sorted(others):
            found = similarity_of(self.signs(other), signs, max(best, least))
            if found > best:
                best, centre = found, other
        return None if centre == NONE else (centre, Twin(number, best))


def _link(keys: Keys) -> Before:
    """For each text and band the text before it that has the same key; written over the keys, to save their size."""
    before = keys.view(np.int32)
    for band in range(BANDS):
        column = keys[:, band].copy()
        order = np.argsort(column, kind="stable").astype(np.int32)  # of equal keys the first text comes first
        is_same = np.zeros(len(order), dtype=bool)
        is_same[1:] = column[order[1:]] == column[order[:-1]]
        before[order, band] = np.where(is_same, np.roll(order, 1), NONE)
    return before


def _candidates(before: Before, start: int) -> Iterator[tuple[int, NDArray[np.int32]]]:
    """Texts of a block that share a band key with some before them, in order, and those before them."""
    block = before[start : start + BLOCK]
    rows, bands = np.nonzero(block != NONE)
    others = block[rows, bands]
    pairs = []
    for _ in range(CHAIN):
        pairs.append((rows.astype(np.int64) << 32) | others)
        others = before[others, bands]
        is_there = others != NONE
        rows, bands, others = rows[is_there], bands[is_there], others[is_there]
    found = np.unique(np.concatenate(pairs))
    owners, firsts = np.unique(found >> 32, return_index=True)
    earlier = (found & 0xFFFFFFFF).astype(np.int32)
    for owner, end in zip(owners.tolist(), np.split(earlier, firsts[1:]), strict=False):
        yield start + owner, end
