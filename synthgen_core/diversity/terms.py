"""Texts as arrays: the number of each word in the order of the text, and how often each stands in which text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthgen_core.dedup import words_of

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Texts whose words are numbered."""

    texts: tuple[str, ...]
    words: tuple[Numbers, ...]
    """Of each text, in its order."""
    known: tuple[str, ...]
    """The word that each number stands for."""

    def part(self, numbers: Iterable[int]) -> "Corpus":
        """Some of the texts, in this order; words keep their numbers."""
        chosen = list(numbers)
        return Corpus(tuple(self.texts[n] for n in chosen), tuple(self.words[n] for n in chosen), self.known)


def read_corpus(texts: Sequence[str]) -> Corpus:
    """The words of texts (see ``dedup.words_of``), numbered as they turn up."""
    numbers: dict[str, int] = {}
    words = tuple(
        np.fromiter((numbers.setdefault(word, len(numbers)) for word in words_of(text)), np.int64) for text in texts
    )
    return Corpus(tuple(texts), words, tuple(numbers))


@dataclass(frozen=True, slots=True)
class Weights:
    """TF-IDF: how much each word says of each text. Three arrays of one length, an entry for each word of each text."""

    texts: Numbers
    words: Numbers
    values: Floats
    """The squares of one text's values sum to 1."""
    holders: Numbers
    """In how many texts each word stands, by its number."""


def tf_idf(corpus: Corpus) -> Weights:
    """(1 + ln tf) * (1 + ln((1 + n) / (1 + df))), each text scaled to length 1 (G. Salton and C. Buckley,
    Term-weighting approaches in automatic text retrieval, 1988; the logarithm of idf is smoothed so that none is 0)."""
    width = max(1, len(corpus.known))
    lengths = [len(words) for words in corpus.words]
    keys = np.repeat(np.arange(len(lengths)), lengths) * width + _joined(corpus.words)
    unique, counts = np.unique(keys, return_counts=True)
    texts, words = unique // width, unique % width
    holders = np.bincount(words, minlength=width)
    values = (1 + np.log(counts)) * (1 + np.log((1 + len(lengths)) / (1 + holders[words])))
    norms = np.sqrt(np.bincount(texts, values**2, minlength=len(lengths)))
    return Weights(texts, words, values / norms[texts], holders)


def _joined(words: Sequence[Numbers]) -> Numbers:
    return np.concatenate(words) if words else np.empty(0, np.int64)
