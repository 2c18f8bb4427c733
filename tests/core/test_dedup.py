"""Texts that are alike are found, however many there are, and others are left alone."""

import random
import time

import pytest

from synthgen_core.dedup import CHAIN, NEAR, Shelf, Sketch, digest, similarity, sketch, words_of
from synthgen_core.domains import load_catalogue

VOCABULARY = sorted(
    {word for domain in load_catalogue() for word in words_of(domain.guidance) if len(word) > 3}
)  # about 1,000 words


def text(draw: random.Random, length: int = 120) -> list[str]:
    return draw.choices(VOCABULARY, k=length)


def edited(words: list[str], share: float, draw: random.Random) -> list[str]:
    """The text with this share of its words replaced by others."""
    changed = list(words)
    for place in draw.sample(range(len(words)), round(share * len(words))):
        changed[place] = "changed"
    return changed


def shelf_of(texts: list[list[str]]) -> Shelf:
    shelf = Shelf()
    for words in texts:
        shelf.add(sketch(words))
    return shelf


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Hello, World!", "hello   world"),
        ("It’s “fine”.", "it's fine"),
        ("A\tb\n\nC", "a b c"),
        ("你好，世界", "你好世界"),
    ],
)
def test_case_space_and_punctuation_make_no_difference(first: str, second: str) -> None:
    assert digest(words_of(first)) == digest(words_of(second))


@pytest.mark.parametrize(
    ("first", "second"), [("a b", "b a"), ("one two", "one two three"), ("12 3", "1 23"), ("", "a")]
)
def test_other_words_or_another_order_make_another_text(first: str, second: str) -> None:
    assert digest(words_of(first)) != digest(words_of(second))


def test_a_language_without_spaces_is_compared_sign_by_sign() -> None:
    assert words_of("路由器坏了 today") == ["路", "由", "器", "坏", "了", "today"]
    first, second = sketch(words_of("我的路由器每天晚上重启一次")), sketch(words_of("我的路由器每天早上重启一次"))
    assert NEAR < similarity(first, second) < 1


@pytest.mark.parametrize("share", [0.0, 0.1, 0.2, 0.5])
def test_similarity_is_the_share_of_words_that_both_have_in_order(share: float) -> None:
    words = text(random.Random(1), 100)
    assert similarity(sketch(words), sketch(edited(words, share, random.Random(2)))) == pytest.approx(1 - share)


def test_what_was_changed_a_little_is_found_among_thousands() -> None:
    draw = random.Random(3)
    texts = [text(draw, draw.randint(20, 250)) for _ in range(3000)]
    shelf = shelf_of(texts)  # it has grown twice by then
    asked = draw.sample(range(3000), 200)
    found = [shelf.nearest(sketch(edited(texts[number], 0.1, draw))) for number in asked]
    right = sum(near is not None and near[0] == number for near, number in zip(found, asked, strict=True))
    assert right >= 198
    assert [shelf.nearest(sketch(text(draw))) for _ in range(200)] == [None] * 200


def test_what_was_changed_a_lot_is_another_text() -> None:
    draw = random.Random(4)
    words = text(draw)
    shelf = shelf_of([words])
    assert shelf.nearest(sketch(edited(words, 0.3, draw))) is None
    near = shelf.nearest(sketch([*words[:84], *["changed"] * 36]), least=0.6)
    assert near is not None
    assert near[1] == pytest.approx(0.7)


@pytest.mark.parametrize("length", range(10, 200, 10))
def test_every_fifth_word_is_as_much_as_may_differ(length: int) -> None:
    words = text(random.Random(length), length)
    near, far = ([*words[:-changed], *["changed"] * changed] for changed in (length // 5, length // 5 + 1))
    shelf = shelf_of([words])
    assert shelf.nearest(sketch(near)) == (0, pytest.approx(NEAR))
    assert shelf.nearest(sketch(far)) is None


def test_of_several_the_nearest_is_told() -> None:
    draw = random.Random(5)
    words = text(draw)
    shelf = shelf_of([edited(words, 0.15, draw), edited(words, 0.05, draw), edited(words, 0.1, draw)])
    assert shelf.nearest(sketch(words)) == (1, pytest.approx(0.95))


@pytest.mark.parametrize("words", [[], ["one"], ["one", "two"]])
def test_the_shortest_texts_are_near_themselves_only(words: list[str]) -> None:
    shelf = shelf_of([["other"], words, ["three", "four"]])
    assert shelf.nearest(sketch(words)) == (1, 1.0)


def test_a_text_that_is_there_a_thousand_times_costs_no_more_than_others() -> None:
    template = sketch(text(random.Random(6)))
    shelf = Shelf()
    for _ in range(4000):
        shelf.add(Sketch(template.signs[:10], template.keys))  # same keys, other texts: the worst case
    started = time.process_time()
    assert shelf.nearest(template) is None
    assert time.process_time() - started < 0.25
    assert len(shelf) == 4000 > CHAIN


def test_the_keys_are_the_same_on_every_machine_and_version() -> None:
    assert sketch(words_of("The router restarts every evening.")).keys[:3].tolist() == PINNED


PINNED = [1343221168, 3510847647, 1012529783]
