"""The map of texts: topics that are known come out as islands, and the mathematics is that of the textbooks."""

import random
from collections import Counter

import numpy as np
import pytest

from synthgen_core.diversity import draw_map
from synthgen_core.diversity.islands import GAP, TextMap, _apart, _plane, _reduced

TOPICS = {
    "garden": "roses tulips soil compost watering seeds pruning hedge lawn shovel",
    "kitchen": "onion garlic saucepan simmer oven butter flour dough recipe spoon",
    "network": "router cable modem wireless password firmware signal bandwidth ethernet port",
}


def texts(count: int) -> tuple[list[str], list[str]]:
    """(texts, topic of each)"""
    chance = random.Random(7)
    topics = [list(TOPICS)[n % 3] for n in range(count)]
    made = [" ".join(["please", "help", *chance.sample(TOPICS[topic].split(), 6)]) for topic in topics]
    return made, topics


@pytest.fixture(scope="module")
def drawn() -> tuple[TextMap, list[str]]:
    made, topics = texts(126)
    found = draw_map(made)
    assert found is not None
    return found, topics


def test_known_topics_come_out_as_islands(drawn: tuple[TextMap, list[str]]) -> None:
    found, topics = drawn
    assert len(found.points) == 126
    assert len(found.islands) == 3
    for n, island in enumerate(found.islands):
        (topic, count), *_ = Counter(topics[p.text] for p in found.points if p.island == n).most_common()
        assert count == island.size == 42
        assert set(island.words) <= set(TOPICS[topic].split())


def test_islands_do_not_overlap(drawn: tuple[TextMap, list[str]]) -> None:
    found, _ = drawn
    places = {n: np.array([(p.x, p.y) for p in found.points if p.island == n]) for n in range(3)}
    for one in range(3):
        for other in range(one):
            gaps = np.linalg.norm(places[one][:, None] - places[other][None], axis=2)
            assert gaps.min() > 0


def test_the_same_texts_give_the_same_map(drawn: tuple[TextMap, list[str]]) -> None:
    assert draw_map(texts(126)[0]) == drawn[0]


def test_points_near_the_centre_are_typical() -> None:
    made, _ = texts(60)
    odd = "router cable modem onion garlic roses tulips"
    found = draw_map([*made, odd])
    assert found is not None
    distances = {p.text: p.distance for p in found.points}
    assert distances[60] > np.median([*distances.values()])
    assert all(0 <= distance <= 1 for distance in distances.values())


@pytest.mark.parametrize("some", [[], ["a b"] * 29, [f"only{n}" for n in range(50)], [""] * 50])
def test_without_enough_texts_that_share_words_there_is_no_map(some: list[str]) -> None:
    assert draw_map(some) is None


def test_texts_that_are_all_the_same_words_do_no_harm() -> None:
    """A word that stands in all texts tells nothing, so there must be two kinds of them."""
    found = draw_map(["red green"] * 30 + ["blue pink"] * 30)
    assert found is not None
    assert [island.size for island in found.islands] == [30, 30]


def test_texts_without_a_shared_word_are_left_out() -> None:
    made, _ = texts(60)
    found = draw_map(["zzz", *made])
    assert found is not None
    assert {p.text for p in found.points} == set(range(1, 61))


def test_the_reduced_space_keeps_what_the_largest_singular_vectors_keep() -> None:
    chance = np.random.RandomState(1)
    low = chance.standard_normal((200, 20)) @ chance.standard_normal((20, 300))
    matrix = (low + 0.01 * chance.standard_normal((200, 300))).astype(np.float32)
    kept = np.linalg.norm(_reduced(matrix), axis=0)
    exact = np.linalg.svd(matrix, compute_uv=False)[: len(kept)]
    assert kept[:20] == pytest.approx(exact[:20], rel=1e-3)


def test_scaling_keeps_distances_that_fit_a_plane() -> None:
    places = np.random.RandomState(2).standard_normal((8, 2))
    squares = ((places[:, None] - places[None]) ** 2).sum(axis=2)
    found = _plane(squares.astype(np.float32))
    assert ((found[:, None] - found[None]) ** 2).sum(axis=2) == pytest.approx(squares, abs=1e-4)


def test_circles_are_moved_apart() -> None:
    radii = np.array([0.5, 0.4, 0.3, 0.3])
    places = _apart(np.zeros((4, 2)), radii)
    for one in range(4):
        for other in range(one):
            assert np.linalg.norm(places[one] - places[other]) >= GAP * (radii[one] + radii[other]) - 1e-6
