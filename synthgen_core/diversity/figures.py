"""Figures of variety: distinct-n, compression ratio and self-similarity, over samples of a fixed size.

All of them move with the number of texts, so that datasets can be compared only at the same one: each is taken at
every size of ``SIZES`` that there are texts for, as the mean over a few samples, with the lowest and the highest.
"""

import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from synthgen_core.diversity.terms import Corpus, read_corpus, tf_idf
from synthgen_core.statistics import Figure

SIZES = (30, 100, 300, 1000)
"""Texts of a sample; the largest that fits is shown, and two datasets meet at the largest that both have."""
DRAWS = 5
"""Samples of each size."""
POOL = DRAWS * SIZES[-1]
"""Texts, drawn at random, that are enough for all samples."""
SEED = 20270101


@dataclass(frozen=True, slots=True)
class Variety:
    """A figure of variety, and how it is to be read."""

    label: str
    meaning: str
    measure: Callable[[Corpus], float]
    is_share: bool = False
    is_better_high: bool = False


@dataclass(frozen=True, slots=True)
class SizedDiversity:
    """The figures at one size of sample."""

    size: int
    figures: Mapping[str, Figure]
    """Name of ``VARIETY`` -> mean over the samples, with the lowest and the highest of them as bounds."""


def distinct(corpus: Corpus, n: int) -> float:
    """Different runs of n words over all runs of n words, 0-1 (J. Li and others, A Diversity-Promoting Objective
    Function for Neural Conversation Models, 2016). A run does not pass from one text to the next; 0 without any."""
    width = max(1, len(corpus.known))
    runs = [_runs(words, n, width) for words in corpus.words if len(words) >= n]
    if not runs:
        return 0.0
    every = np.concatenate(runs)
    return len(np.unique(every)) / len(every)


def _runs(words: NDArray[np.int64], n: int, width: int) -> NDArray[np.int64]:
    """Each run of n words as one number. Three words of a vocabulary of two millions fit into 63 bits."""
    last = len(words) - n + 1
    found = words[:last]
    for step in range(1, n):
        found = found * width + words[step : step + last]
    return found


def compression_ratio(corpus: Corpus) -> float:
    """Bytes of all texts over bytes after compression by zlib (C. Shaib and others, Standardizing the Measurement of
    Text Diversity, 2024). zlib looks back over 32 KB, so the texts must come in random order."""
    raw = "\n".join(corpus.texts).encode("utf-8", "surrogatepass")
    return len(raw) / len(zlib.compress(raw, 6))


def self_similarity(corpus: Corpus) -> float:
    """Mean cosine of the TF-IDF vectors of two different texts, over all pairs, 0-1.

    Exact without looking at any pair: of n vectors of length 1, the cosines of all ordered pairs sum to the squared
    length of the vectors' sum, less n.
    """
    weights = tf_idf(corpus)
    n = len(np.unique(weights.texts))
    if n < 2:
        return 0.0
    squared = float(np.square(np.bincount(weights.words, weights.values)).sum())
    return max(0.0, (squared - n) / (n * (n - 1)))


def _distinct(label: str, what: str, n: int) -> Variety:
    meaning = f"share of the {what} that are different ones"
    return Variety(label, meaning, lambda corpus: distinct(corpus, n), is_share=True, is_better_high=True)


VARIETY: Mapping[str, Variety] = {
    "distinct_1": _distinct("Distinct words", "words", 1),
    "distinct_2": _distinct("Distinct pairs", "runs of two words", 2),
    "distinct_3": _distinct("Distinct triples", "runs of three words", 3),
    "compression": Variety("Compression ratio", "how many times smaller zlib makes the texts", compression_ratio),
    "similarity": Variety("Self-similarity", "mean cosine of two texts, by their words (TF-IDF)", self_similarity),
}


def measure_diversity(pool: Sequence[str], total: int, tick: Callable[[], None] = lambda: None) -> list[SizedDiversity]:
    """The figures at each size, ascending, that ``pool`` has texts for; none where it has fewer than ``SIZES[0]``.

    ``pool`` are texts of a dataset of ``total`` drawn at random, in random order, up to ``POOL``; ``tick`` is called
    between samples, and may raise, to stop.
    """
    corpus = read_corpus(pool)
    measured = []
    for size in SIZES:
        if size > len(pool):
            break
        found: dict[str, list[float]] = {name: [] for name in VARIETY}
        for numbers in _samples(len(pool), size):
            tick()
            part = corpus.part(numbers)
            for name, values in found.items():
                values.append(VARIETY[name].measure(part))
        draws = len(found["similarity"])
        method = f"mean of {draws} random samples of {size:,} texts of {total:,}; lowest and highest of them"
        if draws == 1:
            method = f"all {size:,} texts"
        figures = {
            name: Figure(size, fmean(values), min(values), max(values), method) for name, values in found.items()
        }
        measured.append(SizedDiversity(size, figures))
    return measured


def _samples(total: int, size: int) -> Iterator[list[int]]:
    """The numbers of the texts of each sample: side by side while there are enough, else drawn anew for each."""
    if total == size:
        yield list(range(total))
        return
    for draw in range(DRAWS):
        if total >= DRAWS * size:
            yield list(range(draw * size, (draw + 1) * size))
        else:
            chance = np.random.RandomState(SEED + draw)  # its stream is frozen: the same draw on every version
            yield chance.permutation(total)[:size].tolist()


def common_size(datasets: Collection[Sequence[SizedDiversity]]) -> int | None:
    """The largest size at which all of these were measured; None: there is none."""
    sizes = [{each.size for each in measured} for measured in datasets]
    shared = set.intersection(*sizes) if sizes else set()
    return max(shared, default=None)
