"""Dividing by shares: exact, repeatable, and what is alike on one side."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen_core.errors import ConfigError
from synthgen_core.splitting import Groups, apportion, assign, check_shares, origin_keys

SHARES = (80.0, 10.0, 10.0)


@pytest.mark.parametrize(
    "shares", [(80, 30), (100,), (50, 50, -0.0001), (0, 100), (40, 30, 20, 10), (), (50, float("nan"))]
)
def test_shares_that_make_no_whole_are_refused_with_what_was_given(shares: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError) as caught:
        check_shares(shares, 3)
    assert "/".join(f"{share:g}" for share in shares) in caught.value.message
    assert "80/10/10" in caught.value.hint


@given(st.integers(0, 10_000), st.lists(st.integers(1, 100), min_size=1, max_size=6))
def test_parts_make_the_whole_and_none_is_off_by_one_or_more(total: int, shares: list[int]) -> None:
    sizes = apportion(total, shares)
    assert sum(sizes) == total
    assert all(abs(size - total * share / sum(shares)) < 1 for size, share in zip(sizes, shares, strict=True))


def test_the_same_seed_divides_alike_and_another_does_not() -> None:
    groups = list(range(1000))
    first, again, other = (assign(groups, SHARES, seed) for seed in (7, 7, 8))
    assert first == again != other
    assert Counter(first) == {0: 800, 1: 100, 2: 100}


def test_a_part_without_a_share_gets_nothing_even_where_groups_are_large() -> None:
    groups = [0] * 30 + [1] * 30 + list(range(2, 12))
    assert set(assign(groups, (90, 0, 10), 1)) == {0, 2}


@given(st.integers(0, 100), st.integers(0, 2**32))
def test_a_group_is_never_parted(number_of_groups: int, seed: int) -> None:
    chance = random.Random(seed)
    groups = [chance.randint(0, number_of_groups) for _ in range(200)]
    parts = assign(groups, SHARES, seed)
    assert len({*zip(groups, parts, strict=True)}) == len(set(groups))


def test_repeats_and_near_repeats_stay_together() -> None:
    text = [f"word{n}" for n in range(60)]
    nearly = [*text[:30], "another", *text[31:]]
    groups = Groups()
    for words in (text, [f"other{n}" for n in range(60)], nearly, list(text)):
        groups.add(words)
    first, other, near, same = groups.numbers()
    assert first == near == same != other


def test_near_repeats_are_not_looked_for_where_that_would_take_too_long() -> None:
    text = [f"word{n}" for n in range(60)]
    groups = Groups(finds_near=False)
    groups.add(text)
    groups.add([*text[:59], "another"])
    groups.add(list(text))
    first, near, same = groups.numbers()
    assert first == same != near


def test_what_came_from_one_conversation_stays_together_however_often_it_was_copied() -> None:
    made = {"origin": {"dataset": 1, "example": 5}}
    copied = {"origin": {"dataset": 2, "example": 9, "origin": {"dataset": 1, "example": 5}}}
    of_a_file = {"source": {"shape": "sharegpt", "extra": {"conversation_id": "c7", "id": 3}}}
    other_row = {"source": {"shape": "sharegpt", "extra": {"conversation_id": "c7", "id": 4}}}
    groups = Groups()
    for n, metadata in enumerate((made, copied, of_a_file, other_row, {})):
        groups.add([f"text{n}"], origin_keys(metadata))  # type: ignore[arg-type]
    numbers = groups.numbers()
    assert numbers[0] == numbers[1]
    assert numbers[2] == numbers[3]
    assert len(set(numbers)) == 3
