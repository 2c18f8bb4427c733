"""A map of texts: those that use the same words lie together, in islands that are named after their words.

TF-IDF, its largest singular vectors (latent semantic analysis: S. Deerwester and others, 1990), k-means in that space,
and a plane on which islands lie as far apart as their centres are. What is far apart within an island or between
islands differs in words; the directions mean nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from synthgen_core.diversity.terms import Corpus, Numbers, read_corpus, tf_idf
from synthgen_core.statistics import LEAST

MAP_SIZE = 2000
"""Most texts on a map."""
MOST_WORDS, FEWEST_HOLDERS, MOST_HELD = 6000, 2, 0.5
"""Words that count: the most frequent of those that stand in two texts or more, and in no more than half of them."""
DIMENSIONS, SPARE, POWERS = 50, 10, 3
"""Singular vectors; those computed beyond them, and rounds of iteration, for accuracy."""
TEXTS_AN_ISLAND, FEWEST_ISLANDS, MOST_ISLANDS = 14, 2, 12
STARTS, ROUNDS = 5, 50
LABEL_WORDS, SHORTEST_WORD = 4, 3
GAP = 1.15
"""Islands keep this many times the sum of their radii apart."""
SEED = 20270101

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Island:
    """Texts that are about the same, as far as their words tell."""

    words: tuple[str, ...]
    """What sets it apart from the others, the most telling word first."""
    size: int


@dataclass(frozen=True, slots=True)
class Point:
    """A text on the map."""

    text: int
    """Its number among those that were given."""
    x: float
    y: float
    island: int
    distance: float
    """From the centre of its island, 0-1: the smaller, the more typical."""


@dataclass(frozen=True, slots=True)
class TextMap:
    """All islands, the largest first, and all points, in the order of the texts."""

    islands: tuple[Island, ...]
    points: tuple[Point, ...]


def draw_map(texts: Sequence[str]) -> TextMap | None:
    """The map of texts; None where there are fewer than ``LEAST`` of them that share any words with others.

    Texts without a shared word are not on it. Takes about two seconds for ``MAP_SIZE`` texts.
    """
    corpus = read_corpus(texts)
    matrix, words = _matrix(corpus)
    there = np.flatnonzero(matrix.any(axis=1))
    if len(there) < LEAST:
        return None
    matrix = matrix[there]
    vectors = _unit(_reduced(matrix))
    count = int(np.clip(round((len(there) / TEXTS_AN_ISLAND) ** 0.5), FEWEST_ISLANDS, MOST_ISLANDS))
    labels = _by_size(_clusters(vectors, count))
    sizes = np.bincount(labels)
    centres = np.stack([vectors[labels == n].mean(axis=0) for n in range(len(sizes))])
    places, far = _places(vectors, labels, centres)
    points = zip(there.tolist(), places.tolist(), labels.tolist(), far.tolist(), strict=True)
    names = _names(matrix, labels, [corpus.known[word] for word in words])
    return TextMap(
        tuple(Island(name, int(size)) for name, size in zip(names, sizes, strict=True)),
        tuple(Point(text, x, y, island, distance) for text, (x, y), island, distance in points),
    )


def _matrix(corpus: Corpus) -> tuple[Matrix, Numbers]:
    """TF-IDF over the words that count: (texts, words); and the numbers of those words."""
    weights = tf_idf(corpus)
    counts = weights.holders * (weights.holders >= FEWEST_HOLDERS) * (weights.holders <= MOST_HELD * len(corpus.texts))
    words = np.argsort(-counts, kind="stable")[:MOST_WORDS]
    words = words[counts[words] > 0]
    place = np.full(len(counts), -1)
    place[words] = np.arange(len(words))
    chosen = place[weights.words] >= 0
    matrix = np.zeros((len(corpus.texts), len(words)), np.float32)
    matrix[weights.texts[chosen], place[weights.words[chosen]]] = weights.values[chosen]
    return _unit(matrix), words


def _unit(matrix: Matrix) -> Matrix:
    """Each row scaled to length 1; rows of nothing stay."""
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.asarray(matrix / np.where(norms > 0, norms, 1), np.float32)


def _reduced(matrix: Matrix) -> Matrix:
    """The rows in the space of the largest singular vectors (N. Halko and others, Finding Structure with Randomness,
    2011, algorithms 4.4 and 5.1)."""
    size = min(DIMENSIONS + SPARE, *matrix.shape)
    start = np.random.RandomState(SEED).standard_normal((matrix.shape[1], size)).astype(np.float32)
    base = np.linalg.qr(matrix @ start)[0]
    for _ in range(POWERS):
        base = np.linalg.qr(matrix @ np.linalg.qr(matrix.T @ base)[0])[0]
    left, values, _ = np.linalg.svd(base.T @ matrix, full_matrices=False)
    return np.asarray((base @ left * values)[:, :DIMENSIONS], np.float32)


def _clusters(vectors: Matrix, count: int) -> Numbers:
    """The cluster of each row: k-means from the best of a few starts (S. Lloyd, 1982; D. Arthur and S. Vassilvitskii,
    k-means++, 2007). Clusters that run empty are gone."""
    chance = np.random.RandomState(SEED)
    best, best_loss = np.zeros(len(vectors), np.int64), np.inf
    for _ in range(STARTS):
        centres = _spread(vectors, count, chance)
        labels = np.full(len(vectors), -1)
        for _ in range(ROUNDS):
            nearest = _distances(vectors, centres).argmin(axis=1)
            if (nearest == labels).all():
                break
            labels = nearest
            centres = np.stack([vectors[labels == n].mean(axis=0) for n in np.unique(labels)])
            labels = np.unique(labels, return_inverse=True)[1]
        loss = float(_distances(vectors, centres)[np.arange(len(labels)), labels].sum())
        if loss < best_loss:
            best, best_loss = labels, loss
    return best


def _spread(vectors: Matrix, count: int, chance: np.random.RandomState) -> Matrix:
    """Rows to begin with, each likely to be far from those before it; fewer where rows are the same."""
    centres = vectors[[chance.randint(len(vectors))]]
    while len(centres) < count:
        far = _distances(vectors, centres).min(axis=1)
        if far.sum() < 1e-6 * len(vectors):
            break
        place = int(np.searchsorted(far.cumsum(), chance.random_sample() * far.sum()))
        centres = np.vstack([centres, vectors[min(place, len(vectors) - 1)]])
    return centres


def _distances(vectors: Matrix, centres: Matrix) -> NDArray[np.float32]:
    """Squared distances: (rows, centres)."""
    squares = (vectors**2).sum(axis=1)[:, None] + (centres**2).sum(axis=1)[None, :]
    return np.asarray(np.maximum(squares - 2 * vectors @ centres.T, 0), np.float32)


def _by_size(labels: Numbers) -> Numbers:
    """The same clusters, numbered from the largest."""
    rank = np.argsort(np.argsort(-np.bincount(labels), kind="stable"), kind="stable")
    return np.asarray(rank[labels])


def _places(vectors: Matrix, labels: Numbers, centres: Matrix) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where each row lies on the plane, and how far from the centre of its island."""
    sizes = np.bincount(labels)
    radii = np.sqrt(sizes / sizes.sum())
    middles = _apart(_plane(_distances(centres, centres)), radii)
    places, far = np.zeros((len(labels), 2)), np.zeros(len(labels))
    for n, radius in enumerate(radii):
        rows = labels == n
        inner = (vectors[rows] - centres[n]).astype(np.float64)
        far[rows] = np.linalg.norm(inner, axis=1) / 2  # two vectors of length 1 are 2 apart at most
        flat = np.linalg.svd(inner, full_matrices=False)
        axes = (flat[0] * flat[1])[:, :2] * _signs(flat[2][:2])
        places[rows] = middles[n] + _in_circle(axes, radius)
    return places, far


def _signs(axes: NDArray[np.float64]) -> NDArray[np.float64]:
    """A singular vector's direction is anybody's choice: the largest entry is made positive."""
    return np.asarray(np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)]))


def _in_circle(flat: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    """Points within a circle: directions kept, distances by rank, so that they fill it evenly."""
    placed = np.zeros((len(flat), 2))
    placed[:, : flat.shape[1]] = flat
    far = np.linalg.norm(placed, axis=1)
    rank = (np.argsort(np.argsort(far, kind="stable"), kind="stable") + 1) / len(flat)
    scale = np.divide(radius * np.sqrt(rank), far, out=np.zeros_like(far), where=far > 0)
    return np.asarray(placed * scale[:, None])


def _plane(squares: NDArray[np.float32]) -> NDArray[np.float64]:
    """Points on a plane whose distances are near to these (classical scaling: W. S. Torgerson, 1952)."""
    n = len(squares)
    centring = np.eye(n) - 1 / n
    values, vectors = np.linalg.eigh(-centring @ squares.astype(np.float64) @ centring / 2)
    top = np.argsort(-values)[:2]
    axes = vectors[:, top] * _signs(vectors[:, top].T)
    plane = np.zeros((n, 2))
    plane[:, : len(top)] = axes * np.sqrt(np.maximum(values[top], 0))
    return plane


def _apart(places: NDArray[np.float64], radii: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same places, moved until no two circles touch."""
    places = places + np.arange(len(places))[:, None] * 1e-6  # two at the same place have a direction, too
    for _ in range(500):
        is_moved = False
        for one, other in combinations(range(len(places)), 2):
            line = places[other] - places[one]
            length = float(np.linalg.norm(line))
            lacking = GAP * (radii[one] + radii[other]) - length
            if lacking > 1e-9:
                step = line / length * (lacking / 2 + 1e-6)
                places[one] -= step
                places[other] += step
                is_moved = True
        if not is_moved:
            break
    return places


def _names(matrix: Matrix, labels: Numbers, words: Sequence[str]) -> list[tuple[str, ...]]:
    """For each island the words that set it apart: weight in it, times the logarithm of how much more that is than on
    average (their part of the Kullback-Leibler divergence). Numbers and very short words name nothing."""
    can_name = np.array([word.isalpha() and (len(word) >= SHORTEST_WORD or not word.isascii()) for word in words])
    overall, named = matrix.mean(axis=0), []
    for n in range(labels.max() + 1):
        inside = matrix[labels == n].mean(axis=0)
        lead = np.where(can_name & (inside > 0), inside * np.log(np.maximum(inside, 1e-12) / overall), -1)
        top = np.argsort(-lead, kind="stable")[:LABEL_WORDS]
        named.append(tuple(words[word] for word in top if lead[word] > 0))
    return named
