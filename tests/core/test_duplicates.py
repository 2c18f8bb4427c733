"""Among all texts of a dataset those that are alike are found, and each group is a star around its first text."""

import random
import time

import pytest

from synthgen_core.dedup import Compared, Star, compared_text, find_duplicates, similarity, sketch, words_of
from synthgen_core.formats import get_format
from synthgen_core.models import JsonObject

WORDS = [f"{first}{second}{third}" for first in "abcdefgh" for second in "aeiou" for third in "klmnprstvz"]


def text(draw: random.Random, length: int = 100) -> list[str]:
    return draw.choices(WORDS, k=length)


def edited(words: list[str], share: float, draw: random.Random) -> list[str]:
    """The text with this share of its words replaced, at scattered places."""
    changed = list(words)
    for place in draw.sample(range(len(words)), round(share * len(words))):
        changed[place] = "changed"
    return changed


def pairs(stars: list[Star]) -> list[tuple[int, int, float]]:
    """(centre, twin, similarity to two digits)."""
    return [(star.centre, twin.number, round(twin.similarity, 2)) for star in stars for twin in star.twins]


def search(texts: list[list[str]], threshold: float = 0.8) -> list[Star]:
    return find_duplicates((" ".join(words) for words in texts), threshold)


@pytest.mark.parametrize(("share", "least"), [(0.0, 1.0), (0.1, 0.98), (0.2, 0.95)])
def test_twins_among_thousands_are_found_with_their_original(share: float, least: float) -> None:
    draw = random.Random(1)
    texts = [text(draw, draw.randint(5, 40) * 5) for _ in range(2500)]
    originals = draw.sample(range(2500), 200)
    stars = search(texts + [edited(texts[n], share, draw) for n in originals])
    found = {twin.number: star.centre for star in stars for twin in star.twins}
    right = [found.get(2500 + n) == original for n, original in enumerate(originals)]
    assert sum(right) >= least * 200
    assert set(found) <= set(range(2500, 2700)), "nothing else is like another"


def test_a_reported_similarity_is_that_of_the_two_texts() -> None:
    draw = random.Random(2)
    first = text(draw)
    texts = [first, *(edited(first, share, draw) for share in (0.05, 0.1, 0.15))]
    (star,) = search(texts)
    assert [twin.number for twin in star.twins] == [1, 2, 3]
    for twin in star.twins:
        assert twin.similarity == pytest.approx(similarity(sketch(first), sketch(texts[twin.number])))


def test_what_is_near_a_twin_only_is_no_member_of_the_star() -> None:
    draw = random.Random(3)
    first = text(draw)
    second = ["one"] * 15 + first[15:]
    third = second[:85] + ["two"] * 15
    assert similarity(sketch(second), sketch(third)) == pytest.approx(0.85)
    assert pairs(search([first, second, third])) == [(0, 1, 0.85)]
    assert pairs(search([second, first, third])) == [(0, 1, 0.85), (0, 2, 0.85)]


def test_a_text_goes_to_the_nearest_of_two_centres() -> None:
    draw = random.Random(4)
    first = text(draw)
    other = first[:75] + text(draw, 25)
    between = first[:90] + other[90:]
    assert pairs(search([other, first, between])) == [(1, 2, 0.9)]


@pytest.mark.parametrize(("threshold", "is_found"), [(0.8, True), (0.81, False)])
def test_the_threshold_itself_counts(threshold: float, is_found: bool) -> None:
    draw = random.Random(5)
    first = text(draw)
    assert bool(search([first, first[:80] + ["changed"] * 20], threshold)) is is_found


@pytest.mark.parametrize("texts", [[], [[]], [[], [], ["..."]], [["one"], ["two"]], [["one", "two"], ["two", "one"]]])
def test_where_nothing_is_alike_nothing_is_found(texts: list[list[str]]) -> None:
    assert search(texts) == []


def test_a_text_that_is_there_a_thousand_times_is_one_star() -> None:
    draw = random.Random(6)
    first = text(draw)
    (star,) = search([text(draw), first, *([first] * 1000), text(draw)])
    assert (star.centre, len(star.twins)) == (1, 1000)
    assert {twin.similarity for twin in star.twins} == {1.0}


def test_phrases_that_all_texts_share_cost_little_and_join_nothing() -> None:
    draw = random.Random(7)
    template = text(draw, 60)
    texts = [[*template, *text(draw, 60)] for _ in range(3000)]
    started = time.process_time()
    assert search(texts) == []
    assert time.process_time() - started < 10


def test_a_search_can_be_stopped() -> None:
    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        find_duplicates(["a", "b"], tick=stop)


@pytest.mark.parametrize(
    ("what", "expected"), [(Compared.WHOLE, "a b c d"), (Compared.QUESTION, "a c"), (Compared.RESPONSE, "b d")]
)
def test_system_prompts_are_never_compared_and_the_rest_as_chosen(what: Compared, expected: str) -> None:
    said = [("system", "be kind"), ("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d")]
    content: JsonObject = {"messages": [{"role": role, "content": words} for role, words in said]}
    assert words_of(compared_text(get_format("chat"), content, what)) == expected.split()


def test_of_a_pair_of_answers_both_are_compared() -> None:
    content: JsonObject = {
        "prompt": [{"role": "user", "content": "a"}],
        "chosen": [{"role": "assistant", "content": "b"}],
        "rejected": [{"role": "assistant", "content": "c"}],
    }
    assert words_of(compared_text(get_format("preference"), content, Compared.WHOLE)) == ["a", "b", "c"]
    assert words_of(compared_text(get_format("preference"), content, Compared.RESPONSE)) == ["b"]


@pytest.mark.parametrize("name", ["chat", "instruction", "preference"])
def test_an_example_that_is_gone_has_no_text(name: str) -> None:
    assert compared_text(get_format(name), {}, Compared.WHOLE) == ""
