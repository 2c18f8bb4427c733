"""Distinct-n, compression and self-similarity, against their definitions and against texts whose variety is known."""

import math
import random
import zlib
from collections.abc import Callable
from itertools import permutations

import pytest

from synthgen_core.diversity import VARIETY, common_size, measure_diversity
from synthgen_core.diversity.terms import read_corpus

SPUN = "please {} my {} order number {} today"


def spun(count: int) -> list[str]:
    """Texts of one template."""
    return [SPUN.format(*random.Random(n).choices(["send", "check", "cancel"], k=2), n % 7) for n in range(count)]


def varied(count: int) -> list[str]:
    """Texts that share few words."""
    return [" ".join(f"w{random.Random(f'{n} {k}').randrange(5000)}" for k in range(8)) for n in range(count)]


def figure(name: str, texts: list[str]) -> float:
    return VARIETY[name].measure(read_corpus(texts))


def test_distinct_counts_different_runs_within_texts_only() -> None:
    texts = ["a b a b", "b a"]
    assert figure("distinct_1", texts) == 2 / 6
    assert figure("distinct_2", texts) == 2 / 4  # ab ba ab | ba; never b-b over the border
    assert figure("distinct_3", texts) == 2 / 2
    assert figure("distinct_3", ["a b", "c"]) == 0


def test_the_compression_ratio_is_that_of_zlib() -> None:
    texts = ["the same line"] * 50
    raw = "\n".join(texts).encode()
    assert figure("compression", texts) == len(raw) / len(zlib.compress(raw, 6))


def test_self_similarity_is_the_mean_cosine_of_all_pairs() -> None:
    texts = ["red green blue", "red green", "yellow pink pink", "red"]
    rows = [text.split() for text in texts]
    holders = {word: sum(word in row for row in rows) for row in rows for word in row}

    def vector(row: list[str]) -> dict[str, float]:
        return {w: (1 + math.log(row.count(w))) * (1 + math.log(5 / (1 + holders[w]))) for w in row}

    def cosine(one: dict[str, float], other: dict[str, float]) -> float:
        dot = sum(one[w] * other.get(w, 0.0) for w in one)
        return dot / math.sqrt(sum(v * v for v in one.values()) * sum(v * v for v in other.values()))

    pairs = [cosine(vector(a), vector(b)) for a, b in permutations(rows, 2)]
    assert figure("similarity", texts) == pytest.approx(sum(pairs) / len(pairs))


@pytest.mark.parametrize("name", VARIETY)
def test_each_figure_tells_texts_of_one_template_from_varied_ones(name: str) -> None:
    template, others = figure(name, spun(300)), figure(name, varied(300))
    assert (others > template) is VARIETY[name].is_better_high
    assert max(template, others) > 2 * min(template, others)


def test_samples_are_of_every_size_that_there_are_texts_for() -> None:
    measured = measure_diversity(varied(350), 350)
    assert [each.size for each in measured] == [30, 100, 300]
    for each in measured:
        for found in each.figures.values():
            assert found.value is not None
            assert found.low is not None
            assert found.high is not None
            assert found.low <= found.value <= found.high
            assert found.n == each.size
            assert "5 random samples" in found.method


def test_a_sample_of_all_texts_is_one_sample() -> None:
    (found,) = measure_diversity(varied(30), 30)
    assert found.figures["similarity"].method == "all 30 texts"


def test_below_thirty_texts_nothing_is_measured() -> None:
    assert measure_diversity(varied(29), 29) == []


def test_the_same_texts_give_the_same_figures() -> None:
    assert measure_diversity(varied(200), 200) == measure_diversity(varied(200), 200)


def test_datasets_meet_at_the_largest_size_that_all_have() -> None:
    small, large = measure_diversity(varied(150), 150), measure_diversity(varied(400), 400)
    assert common_size([small, large]) == 100
    assert common_size([large]) == 300
    assert common_size([small, []]) is None
    assert common_size([]) is None


def test_a_search_can_be_stopped_between_samples() -> None:
    class StopNowError(Exception):
        pass

    def stop() -> None:
        raise StopNowError

    with pytest.raises(StopNowError):
        measure_diversity(varied(40), 40, stop)


@pytest.mark.parametrize("make", [lambda: [""] * 40, lambda: ["?!"] * 40, lambda: ["\ud800 x"] * 40])
def test_texts_without_words_do_no_harm(make: Callable[[], list[str]]) -> None:
    (found,) = [each for each in measure_diversity(make(), 40) if each.size == 30]
    assert all(math.isfinite(figure.value or 0) for figure in found.figures.values())
