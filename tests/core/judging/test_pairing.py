"""Pairs: of the same scenario or question first, by chance after that, and never two that are the same."""

from synthgen_core.formats import get_format
from synthgen_core.judging.pairing import Candidate, candidate, pair_up
from synthgen_core.models import JsonObject

CHAT = get_format("chat")


def example(number: int, question: str, answer: str, **metadata: object) -> Candidate:
    content: JsonObject = {
        "messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    }
    kept: JsonObject = {}
    kept.update({key: value for key, value in metadata.items() if isinstance(value, str | int)})
    return candidate(CHAT, number, content, kept)


def test_what_was_made_of_the_same_scenario_is_paired_whatever_was_asked() -> None:
    mine = [example(n, f"Mine {n}?", "a", seed=7, item=n, domain="support") for n in range(1, 6)]
    theirs = [example(10 + n, f"Theirs {n}?", "b", seed=7, item=n, domain="support") for n in range(5, 0, -1)]
    found = pair_up(mine, theirs, 5, seed=1)
    assert found.pairs == tuple((n, 10 + n) for n in range(1, 6))
    assert (found.same_matter, found.alike) == (5, 0)


def test_another_seed_is_another_scenario() -> None:
    one, other = example(1, "Why?", "a", seed=7, item=1), example(2, "Why?", "b", seed=8, item=1)
    assert one.matter != other.matter
    assert pair_up([one], [other], 5, seed=1).same_matter == 0


def test_the_same_question_pairs_examples_of_which_no_scenario_is_known() -> None:
    found = pair_up([example(1, "Why  so?", "a")], [example(2, "Who?", "c"), example(3, "why so?", "b")], 1, seed=1)
    assert (found.pairs, found.same_matter) == (((1, 3),), 1)


def test_where_nobody_asks_the_pair_is_by_chance_and_the_same_text_is_left_out() -> None:
    mine, theirs = (
        [candidate(CHAT, n, {"messages": [{"role": "assistant", "content": text}]}, {}) for n, text in said.items()]
        for said in ({1: "So.", 2: "Then."}, {3: "Now.", 4: "So."})
    )
    found = pair_up(mine, theirs, 5, seed=1)
    assert (found.pairs, found.same_matter, found.alike) == (((2, 3),), 0, 1)


def test_what_is_missing_is_drawn_by_chance_and_no_example_is_in_two_pairs() -> None:
    mine = [example(n, f"Question {n}?", "a") for n in range(40)]
    theirs = [example(100 + n, f"Question {n + 38}?", "b") for n in range(40)]
    found = pair_up(mine, theirs, 20, seed=1)
    assert (len(found.pairs), found.same_matter) == (20, 2)
    assert found.pairs[:2] == ((38, 100), (39, 101))
    assert len({one for one, _ in found.pairs}) == len({other for _, other in found.pairs}) == 20


def test_the_same_seed_draws_the_same_pairs_and_another_one_others() -> None:
    mine = [example(n, f"Question {n}?", "a") for n in range(40)]
    theirs = [example(100 + n, f"Question {n}?", "b") for n in range(40)]
    assert pair_up(mine, theirs, 10, seed=1) == pair_up(mine, theirs, 10, seed=1)
    assert pair_up(mine, theirs, 10, seed=1).pairs != pair_up(mine, theirs, 10, seed=2).pairs


def test_what_is_word_for_word_the_same_is_left_out_and_counted() -> None:
    mine = [example(1, "Why?", "So."), example(2, "Who?", "He.")]
    theirs = [example(3, "Why?", "So."), example(4, "Who?", "She.")]
    found = pair_up(mine, theirs, 5, seed=1)
    assert (found.pairs, found.alike) == (((2, 4),), 1)


def test_of_an_empty_dataset_there_are_no_pairs() -> None:
    assert pair_up([], [example(1, "Why?", "So.")], 5, seed=1).pairs == ()
