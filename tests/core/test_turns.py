"""One turn out of what a model says: its words, or why there are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen_core.parsing import ReplyError
from synthgen_core.turns import parse_turn


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("  My router restarts.\n", "My router restarts."),
        ("<think>He is angry.</think>\n\nIt restarts!", "It restarts!"),
        ("<think>a</think><reasoning>b</reasoning> It restarts!", "It restarts!"),
        ("The tag was in the prompt.</think> It restarts!", "It restarts!"),
        ("User: It restarts.", "It restarts."),
        ("**Customer:** It restarts.", "It restarts."),
        ('"It restarts."', "It restarts."),
        ("“It restarts.”", "It restarts."),
        ('"No," he said, "it restarts."', '"No," he said, "it restarts."'),
        ("Put it between <think> and </think>.", "Put it between <think> and </think>."),
        ("I'm sorry to hear that. Look at the log.", "I'm sorry to hear that. Look at the log."),
        ("I can't log in.", "I can't log in."),
        ("I cannot help noticing that it restarts.", "I cannot help noticing that it restarts."),
        ("Note: AI: two letters.", "Note: AI: two letters."),
        ("<b>It restarts</b>", "<b>It restarts</b>"),
    ],
)
def test_a_turn_is_taken_out_of_its_wrapping(reply: str, words: str) -> None:
    assert parse_turn(reply) == words


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("<think>Only thoughts.</think>", "empty"),
        ('""', "empty"),
        ("<think>It never", "cut_off"),
        ("I'm sorry, but I can't help with that.", "refusal"),
        ("I cannot assist with this request.", "refusal"),
        ("As an AI, I have no router.", "refusal"),
        ("It restarts.\nAssistant: Look at the log.", "both_sides"),
        ("It restarts.\n\n**Assistant:** Look.", "both_sides"),
        ("x" * 1_000_001, "too_long"),
    ],
    ids=lambda value: value[:20],
)
def test_what_is_no_turn_says_why(reply: str, reason: str) -> None:
    with pytest.raises(ReplyError) as caught:
        parse_turn(reply)
    assert (caught.value.reason, caught.value.raw) == (reason, reply)


def test_what_the_service_says_of_a_reply_counts() -> None:
    with pytest.raises(ReplyError, match="ends before"):
        parse_turn("It restarts.", is_cut=True)
    with pytest.raises(ReplyError, match="refused"):
        parse_turn("It restarts.", is_refused=True)


@given(st.text(alphabet="<>/think[]\"“”User:*_ \n.aI'", max_size=60))
def test_no_reply_breaks_it(reply: str) -> None:
    try:
        words = parse_turn(reply)
    except ReplyError:
        return
    assert words
    assert words == words.strip()
