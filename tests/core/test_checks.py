"""The gate lets good answers pass, names what is wrong with bad ones, and trimming leaves whole sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen_core.checks import RULES, Answer, copied, gate_answer, overlap, repetition, trim_answer, words

QUESTION = "My ex-husband wants to move 600 miles away. Can one parent move away when custody is shared?"
GOOD = (
    "One parent can rarely move that far without the consent of the other when custody is shared. Ask the court to "
    "decide before the move, and keep every message about it."
)
STORY_QUESTION = "Write the opening of a thriller story that takes place during one night shift at a bakery."
STORY = (
    "The ovens hummed in the dark. Somebody had locked the back door of the bakery from outside, and the dough rose."
)

BAD = {
    "too_short": ["Yes, a parent can.", ""],
    "garbled": ["1.11.3.240.987-5.6.8.142 2.0.0.0/2.0.0/1.0.0/1.0.0 3.1 4.4 5.2 6.7 7.7 8.8 9 10 11."],
    "unbalanced_code": [GOOD + "\n```python\nprint('custody')."],
    "unfinished": [
        GOOD + " The court may also look at the",
        "When custody is shared, one parent needs the consent of the other, and in particular of the court, to move",
        GOOD + "\n\n1. Talk to the other parent about the move first.\n2.",
    ],
    "placeholder": [
        "Dear [Recipient's Name], " + GOOD,
        GOOD + " Best regards, [Your Name].",
        GOOD + " Write to <your court>.",
    ],
    "boilerplate": [
        "As an AI designed to assist, I cannot judge custody. " + GOOD,
        "I'm sorry for your loss. " + GOOD,
        "I'm SmolLM. " + GOOD,
        "I don't have access to personal data of the parent. " + GOOD,
    ],
    "invented_contact": [
        GOOD + " Call 1-800-673-2549 for custody.",
        GOOD + " See https://www.custody.example for more.",
    ],
    "repetition": [GOOD + " " + GOOD + " " + GOOD],
    "echo": ["Can one parent move away when custody is shared? My ex-husband wants to move 600 miles away."],
    "off_topic": [
        "A beer recipe counts as a secret when only few people know it and the brewer takes steps to hide it."
    ],
}


@pytest.mark.parametrize(("reason", "answer"), [(reason, text) for reason, texts in BAD.items() for text in texts])
def test_a_bad_answer_is_rejected_with_its_reason(reason: str, answer: str) -> None:
    assert gate_answer(QUESTION, answer) == reason


def test_every_rule_is_tested() -> None:
    assert set(BAD) | {"repeats_itself"} == set(RULES)


@pytest.mark.parametrize(
    "answer",
    [
        GOOD,
        "“" + GOOD + "”",
        "**" + GOOD + "**",
        "Two steps:\n\n1. Ask the other parent for consent to the move.\n2. Ask the court about custody if that fails.",
        GOOD + "\n\n```\nnote = ['custody', [a]]\n```",
        GOOD + " See [the rules](custody.md) for a parent who moves.",
    ],
)
def test_a_good_answer_passes(answer: str) -> None:
    assert gate_answer(QUESTION, answer) is None


def test_a_copy_of_an_earlier_answer_is_rejected() -> None:
    later = GOOD + " A parent may also ask for mediation."
    assert gate_answer(QUESTION, later) is None
    assert gate_answer(QUESTION, later, ["Something else.", GOOD]) == "repeats_itself"


def test_condolences_are_fine_where_somebody_died() -> None:
    answer = (
        "I'm sorry for your loss. A will names who inherits the house, so ask the court where your mother's is kept."
    )
    assert gate_answer("My mother died. Who inherits her house if there is a will?", answer) is None


def test_a_story_need_not_repeat_the_words_that_asked_for_it() -> None:
    assert overlap(STORY_QUESTION, STORY) < 0.15
    assert gate_answer(STORY_QUESTION, STORY) is None


def test_a_question_that_says_little_can_be_answered_with_anything() -> None:
    assert gate_answer("Can you give me an example?", GOOD) is None


def test_a_contact_from_the_question_may_be_repeated() -> None:
    question = f"{QUESTION} The court's address is help@court.example."
    assert gate_answer(question, GOOD + " Write to help@court.example about custody.") is None


@pytest.mark.parametrize(
    ("text", "trimmed"),
    [
        (" Ask the court. It will dec", "Ask the court."),
        ("Do this:\n\n1. Ask the court.\n2. Wait.\n3.", "Do this:\n\n1. Ask the court.\n2. Wait."),
        ("Do this:\n\n1. Ask the court.\n\n2. **Wai", "Do this:\n\n1. Ask the court."),
        ("It costs 3.50 dollars. Pay 2.", "It costs 3.50 dollars. Pay 2."),
        ("“Ask the court.” She will", "“Ask the court.”"),
        ("Really? Yes! And the", "Really? Yes!"),
        ("no full sentence here", "no full sentence here"),
        ("Run it:\n\n```\nprint(1)\n```", "Run it:\n\n```\nprint(1)\n```"),
        ("", ""),
    ],
)
def test_trimming_keeps_whole_sentences(text: str, trimmed: str) -> None:
    assert trim_answer(text) == trimmed


@given(st.text())
def test_trimming_cuts_only_at_the_end_and_only_once(text: str) -> None:
    trimmed = trim_answer(text)
    assert text.strip().startswith(trimmed)
    assert trim_answer(trimmed) == trimmed


@given(st.text(), st.text(), st.lists(st.text(), max_size=2))
def test_the_gate_judges_any_text(question: str, answer: str, previous: list[str]) -> None:
    assert gate_answer(question, answer, previous) in {None, *RULES}


def test_the_measures_are_what_their_formulas_say() -> None:
    assert repetition(list("abcabc")) == pytest.approx(1 / 4)
    assert repetition(["a"]) == 0
    assert copied(list("abcd"), list("bcd"), 2) == pytest.approx(2 / 3)
    assert overlap("refunded shipping", "Refunds take days; parcels are slow") == pytest.approx(1 / 2)
    assert overlap("", "anything") == 1
    assert words("Don’t stop: it's 3") == ["don't", "stop", "it's", "3"]
    assert Answer("Some Words", "").words == ["some", "words"]
