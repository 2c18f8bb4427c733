"""An example comes into a dataset once."""

import random

import pytest

from synthgen_core.dedup import NEAR
from synthgen_core.door import OPENINGS, Door
from synthgen_core.errors import InvalidExampleError
from synthgen_core.formats import get_format
from synthgen_core.models import JsonObject
from tests.support.replies import conversation, instruction

CHAT = get_format("chat")


def said(*turns: str) -> JsonObject:
    roles = ("user", "assistant")
    return {"messages": [{"role": roles[n % 2], "content": turn} for n, turn in enumerate(turns)]}


def refusal(door: Door, content: JsonObject) -> str:
    with pytest.raises(InvalidExampleError) as caught:
        door.let_in(content)
    assert caught.value.hint
    return caught.value.reason


def with_other_words(content: JsonObject, share: float) -> JsonObject:
    """The same with this share of the words of each turn replaced."""
    draw, turns = random.Random(1), []
    for turn in CHAT.turns(content):
        words = turn.content.split()
        for place in draw.sample(range(len(words)), round(share * len(words))):
            words[place] = f"other{place}"
        turns.append(" ".join(words))
    return said(*turns)


def test_the_same_words_come_in_once() -> None:
    door = Door(CHAT)
    door.let_in(said("My router restarts.", "Look at the log."))
    assert refusal(door, said("my ROUTER  restarts", "look at the log")) == "repeat"


def test_a_turn_in_the_middle_makes_another_example_of_it_but_a_near_one() -> None:
    door = Door(CHAT)
    door.let_in(said("My router restarts.", "When?", "At eight.", "Look at the log."))
    assert refusal(door, said("My router restarts.", "How often?", "Daily.", "Look at the log.")) == "near_repeat"


@pytest.mark.parametrize(("share", "comes_in"), [(0.1, False), (0.5, True)])
def test_what_is_nearly_the_same_stays_outside(share: float, comes_in: bool) -> None:
    door = Door(CHAT)
    door.let_in(conversation(1, "a"))
    other = with_other_words(conversation(1, "a"), share)
    if comes_in:
        door.let_in(other)
    else:
        assert refusal(door, other) == "near_repeat"


def test_the_message_says_how_near_it_is() -> None:
    door = Door(CHAT)
    door.let_in(conversation(1, "a"))
    with pytest.raises(InvalidExampleError, match=rf"9\d% of its words \({NEAR:.0%} are too many\)"):
        door.let_in(with_other_words(conversation(1, "a"), 0.05))


def test_another_answer_to_the_same_question_comes_in() -> None:
    door = Door(CHAT)
    question = "My router restarts every evening at eight. What can I try?"
    door.let_in(said(question, conversation(1, "a")["messages"][1]["content"]))  # type: ignore[index,call-overload]
    door.let_in(said(question, conversation(1, "b")["messages"][1]["content"]))  # type: ignore[index,call-overload]


def test_what_was_there_before_counts_and_what_was_refused_does_not() -> None:
    door = Door(CHAT)
    door.remember(conversation(2, "a"))
    assert refusal(door, conversation(2, "a")) == "repeat"
    near = with_other_words(conversation(2, "b"), 0.1)
    door.let_in(conversation(2, "b"))
    assert refusal(door, near) == "near_repeat"
    assert refusal(door, near) == "near_repeat", "it did not come in the first time"


def test_a_copy_of_what_the_prompt_shows_stays_outside() -> None:
    door = Door(get_format("instruction"), [instruction("a")])
    assert refusal(door, instruction("a")) == "repeat"
    door.let_in(instruction("b"))
    assert door.openings("") == ("Say what b is.",), "what a prompt shows is no opening of the dataset"


def test_the_newest_openings_of_the_same_situation_are_named_first() -> None:
    door = Door(CHAT)
    for number in range(30):
        content = conversation(1, f"{number}")
        door.let_in(content, "rare" if number in (3, 17) else "common")
    numbers = [opening.split()[3].rstrip(":") for opening in door.openings("rare")]
    assert numbers == ["17", "3", "29", "28", "27", "26", "25", "24"]
    assert len(numbers) == OPENINGS
    assert door.openings("common")[0].startswith("Number 1 of 29:")
    assert Door(CHAT).openings("common") == ()


def test_an_example_without_turns_is_no_reason_to_fail() -> None:
    door = Door(CHAT)
    door.remember({"messages": []})
    door.let_in(conversation(1, "a"))
