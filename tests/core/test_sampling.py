"""Samples are drawn by chance, repeatably, without replacement, and in shares where that is asked for."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from synthgen_core.repeats import first_of_each, repeat_key
from synthgen_core.sampling import draw, draw_by_group


@given(st.integers(0, 300), st.integers(0, 400), st.integers(0, 2**40))
def test_a_sample_is_of_the_size_asked_for_and_repeats_nothing(total: int, size: int, seed: int) -> None:
    drawn = draw(total, size, seed)
    assert len(drawn) == len(set(drawn)) == min(size, total)
    assert drawn == sorted(drawn) == draw(total, size, seed)
    assert all(0 <= number < total for number in drawn)


def test_another_seed_draws_others() -> None:
    assert draw(1000, 10, 1) != draw(1000, 10, 2)


@given(st.lists(st.sampled_from(["a", "b", "c", None]), max_size=200), st.integers(0, 250), st.integers(0, 99))
def test_every_group_has_its_share_to_the_nearest_example(groups: list[str | None], size: int, seed: int) -> None:
    drawn = draw_by_group(groups, size, seed)
    size = min(size, len(groups))
    assert len(drawn) == len(set(drawn)) == size
    assert drawn == sorted(drawn) == draw_by_group(groups, size, seed)
    there, taken = Counter(groups), Counter(groups[n] for n in drawn)
    for group, count in there.items():
        assert abs(taken[group] - size * count / len(groups)) < 1


def test_every_example_has_the_same_chance() -> None:
    counts = Counter(number for seed in range(2000) for number in draw_by_group(["a"] * 5 + ["b"] * 5, 2, seed))
    assert all(300 < counts[number] < 500 for number in range(10))


@given(st.lists(st.integers(0, 12), max_size=80))
def test_the_first_of_each_is_found(values: list[int]) -> None:
    keys = b"".join(value.to_bytes(16, "big") for value in values)
    assert first_of_each(keys).tolist() == [values.index(value) for value in values]


def chat(*texts: str) -> dict[str, object]:
    return {"messages": [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(texts)]}


def key(format: str, content: dict[str, object]) -> bytes:
    return repeat_key(format, content)  # type: ignore[arg-type] # a dict of JSON


def test_case_spaces_and_punctuation_make_no_difference() -> None:
    assert key("chat", chat("How  are you?", "FINE!\n")) == key("chat", chat("how are you", "Fine."))
    assert key("chat", chat("a", "b")) != key("chat", chat("a", "c"))
    assert key("chat", chat("a", "b", "c", "d")) != key("chat", chat("a", "b"))
    assert key("chat", chat("a b", "c")) != key("chat", chat("a", "b c")), "who says what makes a difference"


def test_an_instruction_repeats_the_conversation_that_it_becomes() -> None:
    instruction: dict[str, object] = {"instruction": "Add.", "input": "1, 2", "output": "3"}
    assert key("instruction", instruction) == key("chat", chat("add\n1 2", "3"))


def test_the_rejected_answer_counts() -> None:
    def pair(rejected: str) -> dict[str, object]:
        side = [{"role": "assistant", "content": "yes"}]
        prompt = [{"role": "user", "content": "q"}]
        return {"prompt": prompt, "chosen": side, "rejected": [{"role": "assistant", "content": rejected}]}

    assert key("preference", pair("no")) == key("preference", pair("No."))
    assert key("preference", pair("no")) != key("preference", pair("never"))


def test_what_is_more_than_text_must_be_equal() -> None:
    def calling(name: str) -> dict[str, object]:
        call = {"id": "1", "type": "function", "function": {"name": name, "arguments": "{}"}}
        asked = {"role": "user", "content": "q"}
        return {"messages": [asked, {"role": "assistant", "content": None, "tool_calls": [call]}]}

    assert key("chat", calling("add")) == key("chat", calling("add"))
    assert key("chat", calling("add")) != key("chat", calling("subtract"))
