"""Texts that are alike: exact repeats by a digest of their words, near repeats by MinHash and a verified similarity.

Two texts are as similar as the share of their words that stand in both in the same order (``similarity``). Comparing
each with each would be quadratic, so candidates come from banding (Leskovec, Rajaraman, Ullman: Mining of Massive
Datasets, chapter 3): texts that share a *band key*; what shares one is verified. Of 500 texts of 180 words that were
changed in one word of ten, all shared one with their original; of those changed in one of five, at scattered places,
88 in 100.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Indel

NEAR = 0.8
"""So similar, and one of two examples adds next to nothing: at most every fifth word differs."""
BANDS, ROWS = 20, 3
"""A band key stands for this many minima of hashes of neighbouring words."""
UNSPACED = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Thai, Lao, Japanese, Chinese: written without spaces, so that each sign counts as a word."""
WORD = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+")
SIGNS = 0xD800
"""Characters before the surrogates: one stands for a word where texts are compared."""
CODEC = "utf-16-le"
CHAIN = 64
"""Texts that are looked at behind one band key, the newest first: phrases that many texts share must not cost time."""

Keys = NDArray[np.uint32]
_draws = np.random.RandomState(20261101)  # its stream is frozen: same keys on every machine and version


def _odd_numbers(count: int) -> Keys:
    return _draws.randint(0, 2**31, count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)


_PAIR, _JOIN, _FACTORS = _odd_numbers(2), _odd_numbers(ROWS), _odd_numbers(BANDS * ROWS)
_TERMS = _odd_numbers(BANDS * ROWS)
_BAND = np.arange(BANDS)
_SPACES = {code: " " for code in range(128) if not chr(code).isalnum() and chr(code) != "_"}


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation."""
    lower = text.lower()
    return lower.translate(_SPACES).split() if lower.isascii() else WORD.findall(lower)


def digest(words: Sequence[str]) -> bytes:
    """16 bytes that are the same for texts of the same words, whatever their case, spaces and punctuation."""
    return blake2b(" ".join(words).encode("utf-8", "surrogatepass"), digest_size=16).digest()


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """What of a text is needed to tell whether another is near it."""

    signs: str
    """One character for each word."""
    keys: Keys
    """Its band keys."""


def sketch(words: Sequence[str]) -> Sketch:
    """The sketch of a text of these words."""
    codes = np.array([crc32(word.encode("utf-8", "surrogatepass")) for word in words] or [0], dtype=np.uint32)
    return Sketch((codes % np.uint32(SIGNS)).astype("<u2").tobytes().decode(CODEC), band_keys(codes))


def band_keys(codes: Keys) -> Keys:
    """The keys of a text whose words have these hashes, one a band: near texts share at least one, most likely."""
    pairs = codes[:-1] * _PAIR[0] + codes[1:] * _PAIR[1] if len(codes) > 1 else codes
    minima = (pairs[:, None] * _FACTORS + _TERMS).min(axis=0).reshape(BANDS, ROWS)
    keys: Keys = (minima * _JOIN).sum(axis=1, dtype=np.uint32)
    return keys ^ (keys >> np.uint32(15))


def similarity(first: Sketch, second: Sketch) -> float:
    """0-1: twice the longest common subsequence of words, over the words of both."""
    return float(Indel.normalized_similarity(first.signs, second.signs))


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
        return (-number, best) if best >= least else None

    def _similarity(self, number: int, text: Sketch, least: float) -> float:
        return float(Indel.normalized_similarity(self._signs[number].decode(CODEC), text.signs, score_cutoff=least))

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
