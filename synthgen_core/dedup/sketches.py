"""What of a text is compared: its words, a digest of them, one sign for each, and band keys that near texts share."""

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
BANDS, ROWS = 42, 3
"""A band key stands for this many minima of hashes of neighbouring words. Texts of which every fifth word differs, at
scattered places, share one of 42 keys in 99 cases of 100."""
FEWER_BANDS = 20
"""The first of them: they are shared in 88 cases, and all but always where only every tenth word differs."""
UNSPACED = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Thai, Lao, Japanese, Chinese: written without spaces, so that each sign counts as a word."""
WORD = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+")
SIGNS = 0xD800
"""Characters before the surrogates: one stands for a word where texts are compared."""
CODEC = "utf-16-le"
ROUNDING = 1e-6
"""Similarities that differ by less are the same."""
MOST_KNOWN = 200_000
"""Words whose hashes are kept at hand; some 30 MB."""

Keys = NDArray[np.uint32]
_draws = np.random.RandomState(20261101)  # its stream is frozen: same keys on every machine and version


def _odd_numbers(count: int) -> Keys:
    return _draws.randint(0, 2**31, count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)


_PAIR, _JOIN = _odd_numbers(2), _odd_numbers(ROWS)
_FACTORS, _TERMS = _odd_numbers(BANDS * ROWS)[:, None], _odd_numbers(BANDS * ROWS)[:, None]
_SPACES = {code: " " for code in range(128) if not chr(code).isalnum() and chr(code) != "_"}


class _Codes(dict[str, int]):
    """Word -> its hash, so that frequent words are hashed once. Threads may share it: each value is what it must be."""

    def __missing__(self, word: str) -> int:
        if len(self) >= MOST_KNOWN:
            self.clear()
        self[word] = code = crc32(word.encode("utf-8", "surrogatepass"))
        return code


_codes = _Codes()


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


def sketch(words: Sequence[str], bands: int = FEWER_BANDS) -> Sketch:
    """The sketch of a text of these words, with so many band keys."""
    codes = _codes_of(words)
    return Sketch(_as_signs(codes), band_keys(codes, bands))


def signs_of(words: Sequence[str]) -> str:
    """The signs of a text of these words alone, where it is only to be compared."""
    return _as_signs(_codes_of(words))


def _codes_of(words: Sequence[str]) -> Keys:
    return np.array([_codes[word] for word in words] or [0], dtype=np.uint32)


def _as_signs(codes: Keys) -> str:
    return (codes % np.uint32(SIGNS)).astype("<u2").tobytes().decode(CODEC)


def band_keys(codes: Keys, bands: int) -> Keys:
    """The keys of a text whose words have these hashes, one a band: near texts share at least one, most likely."""
    pairs = codes[:-1] * _PAIR[0] + codes[1:] * _PAIR[1] if len(codes) > 1 else codes
    rows = bands * ROWS
    hashes = pairs * _FACTORS[:rows]
    hashes += _TERMS[:rows]  # in place, and a row for each hash: a third of the time that it takes with long texts
    minima = hashes.min(axis=1).reshape(bands, ROWS)
    keys: Keys = (minima * _JOIN).sum(axis=1, dtype=np.uint32)
    return keys ^ (keys >> np.uint32(15))


def similarity(first: Sketch, second: Sketch) -> float:
    """0-1: twice the longest common subsequence of words, over the words of both."""
    return similarity_of(first.signs, second.signs)


def similarity_of(first: str, second: str, least: float = 0.0) -> float:
    """The similarity of texts with these signs; 0 where it is below ``least``, which is told sooner."""
    # Without the allowance for rounding, what is 0.8 to the digit is below 0.8.
    return float(Indel.normalized_similarity(first, second, score_cutoff=max(0.0, least - ROUNDING)))
