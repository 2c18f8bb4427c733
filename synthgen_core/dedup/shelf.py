"""Texts that come one by one, and quickly those among them that are near a further one."""

import numpy as np

from synthgen_core.dedup.sketches import CODEC, FEWER_BANDS, NEAR, Keys, Sketch, similarity_of

BANDS = FEWER_BANDS
CHAIN = 64
"""Texts that are looked at behind one band key, the newest first: phrases that many texts share must not cost time."""
_BAND = np.arange(BANDS)


class Shelf:
    """Texts, and quickly those among them that are near a further one. Not for several threads at once.

    Takes 240 bytes a text for its band keys (twice that right after it has grown), 41 more, and two for each word.
    """

    def __init__(self) -> None:
        self._signs: list[bytes] = []
        self._keys = np.zeros((0, BANDS), dtype=np.uint32)
        self._before = np.zeros((0, BANDS), dtype=np.int32)
        """For each text and band, the text before it in the same slot; -1: none."""
        self._newest = np.zeros((BANDS, 0), dtype=np.int32)
        """For each band and slot, the newest text in it; as many slots as there is room for texts."""
        self._grow(1024)

    def __len__(self) -> int:
        return len(self._signs)

    def add(self, text: Sketch) -> None:
        """Put a text on the shelf."""
        if (number := len(self._signs)) == len(self._keys):
            self._grow(2 * number)
        slots = text.keys % np.uint32(len(self._keys))
        self._keys[number] = text.keys
        self._before[number] = self._newest[_BAND, slots]
        self._newest[_BAND, slots] = number
        self._signs.append(text.signs.encode(CODEC))

    def nearest(self, text: Sketch, least: float = NEAR) -> tuple[int, float] | None:
        """The number of the text that is most similar to this one, and how similar; None if none is by ``least``."""
        found = [(self._similarity(number, text, least), -number) for number in self._candidates(text.keys)]
        best, number = max(found, default=(0.0, 0))
        return (-number, best) if best else None

    def _similarity(self, number: int, text: Sketch, least: float) -> float:
        return similarity_of(self._signs[number].decode(CODEC), text.signs, least)

    def _candidates(self, keys: Keys) -> set[int]:
        """Texts that share a band key."""
        numbers = self._newest[_BAND, keys % np.uint32(len(self._keys))]
        bands = _BAND
        found: set[int] = set()
        for _ in range(CHAIN):
            is_there = numbers >= 0
            numbers, bands = numbers[is_there], bands[is_there]
            if not len(numbers):
                break
            found.update(numbers[self._keys[numbers, bands] == keys[bands]].tolist())
            numbers = self._before[numbers, bands]
        return found

    def _grow(self, room: int) -> None:
        """Make room for so many texts; those that are there get other slots."""
        count = len(self._signs)
        keys, before = np.zeros((room, BANDS), dtype=np.uint32), np.zeros((room, BANDS), dtype=np.int32)
        keys[:count] = self._keys[:count]
        newest = np.full((BANDS, room), -1, dtype=np.int32)
        for band in range(BANDS):
            slots = keys[:count, band] % np.uint32(room)
            order = np.argsort(slots, kind="stable")  # by slot, in a slot the oldest first
            is_first = np.diff(slots[order], prepend=-1) != 0
            before[order, band] = np.where(is_first, -1, np.roll(order, 1))
            newest[band, slots[order]] = order  # of equal slots the last one stays
        self._keys, self._before, self._newest = keys, before, newest
