"""Rules that judge an answer without a model: the gate for what small models write, and the trimming before it.

Each rule of ``RULES`` takes an ``Answer`` and tells whether something is wrong with it; a further rule is one function
and its row. They are tried in that order, and the first that objects names the reason.

The thresholds were set on about 500 answers of SmolLM2-135M (temperature 0.1 and 0.3, six domains), about 150 of them
read. With the best prompt that was found 81 of 94 answers pass, with the worst 10 of 24.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

MIN_WORDS = 12
MAX_REPETITION = 0.15
MIN_OVERLAP = 0.15
MIN_CREATIVE_OVERLAP = 0.04
MIN_QUESTION_STEMS = 4
MAX_COPIED = 0.3
MAX_ECHO = 0.5
MIN_LETTERS = 0.5

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
SENTENCE_END = re.compile(r"[.!?…:;]?[.!?…`][\"'”’)*_]*(?=\s|$)")
LIST_MARK = re.compile(r"(?:\d+[.)]|[-*•])")
PLACEHOLDER = re.compile(r"\[[A-Za-z][^\]\[\n]{0,40}\](?!\()|<[Yy]our[ _][^>\n]{1,30}>|\{\{")
CODE = re.compile(r"```.*?(?:```|$)|`[^`\n]*`", re.DOTALL)
BOILERPLATE = re.compile(
    r"\bas an? (?:\w+ ){0,3}(?:AI|assistant|language model|chatbot)\b|\blanguage model\b|\bSmolLM|\bHugging ?Face\b"
    r"|\b(?:support|advisor|virtual|digital) AI\b|\bAI (?:assistant|designed)\b"
    r"|\bI don['’]t have (?:personal|real-time|access to|the capability)\b"
    r"|\bmy (?:primary|main) (?:function|role|purpose)\b",
    re.IGNORECASE,
)
CONDOLENCE = re.compile(r"\bsorry for your loss\b", re.IGNORECASE)
GRIEF = re.compile(r"\b(?:loss|lost|died|dies|death|dead|passed away|funeral|grie\w+)\b", re.IGNORECASE)
CONTACT = re.compile(r"https?://\S+|\bwww\.\S+|\b[\w.+-]+@[\w-]+\.\w+|\+?\b1?[ -]?\(?\d{3}\)?[ -]\d{3}[ -]\d{4}\b")
CREATIVE = re.compile(
    r"\b(?:stor(?:y|ies)|novels?|poems?|verses?|scenes?|characters?|dialogue|chapters?|fiction|lyrics|screenplay)\b",
    re.IGNORECASE,
)
STOPWORDS = frozenset(
    WORD.findall("""
    a about after again all also am an and any are as at be because been before being but by can could did do does
    don't for from get give had has have he her him his how i i'm if in into is it it's its just know like make me
    more most much my need no not now of on one only or other our out over please she should so some still tell than
    that the their them then there these they thing this those to too up us use very want was way we well were what
    when where which while who why will with without would you your
    """)
)
"""Words that say nothing about the topic."""
STEM_LETTERS = 5


@dataclass(frozen=True)
class Answer:
    """An answer with what it answers; what several rules need is worked out once."""

    text: str
    question: str
    previous: tuple[str, ...] = ()

    @cached_property
    def words(self) -> list[str]:
        """The answer's words in lower case."""
        return words(self.text)


def gate_answer(question: str, answer: str, previous_answers: Sequence[str] = ()) -> str | None:
    """None if the answer is acceptable, else the name of the first rule that it breaks.

    ``question`` is what the answer has to be about: for a follow-up, the conversation's first question and the
    follow-up together, since "Can you give me an example?" says nothing by itself. The answer should have been trimmed
    (``trim_answer``).
    """
    given = Answer(answer, question, tuple(previous_answers))
    return next((name for name, is_broken in RULES.items() if is_broken(given)), None)


def trim_answer(text: str) -> str:
    """The text up to the end of its last full sentence, without a dangling list item and outer white space.

    Of an answer that was cut off, the unfinished part goes; one that has no full sentence stays as it is.
    """
    text = text.strip()
    if text.endswith("```") and text.count("```") % 2 == 0:
        return text
    ends = [match.end() for match in SENTENCE_END.finditer(text) if not _is_list_mark(text, match.start())]
    return text[: ends[-1]].rstrip() if ends else text


def _is_list_mark(text: str, dot: int) -> bool:
    """Whether the full stop at this place belongs to a list's number, as in ``4.``."""
    line = text[text.rfind("\n", 0, dot) + 1 : dot + 1].strip(" *_#")
    return bool(LIST_MARK.fullmatch(line))


def words(text: str) -> list[str]:
    """The words of a text in lower case: letters and digits, an apostrophe within."""
    return [word.replace("’", "'") for word in WORD.findall(text.lower())]


def stems(text: str) -> set[str]:
    """The first letters of every word that carries meaning: crude, but "refund", "refunds", "refunded" meet."""
    return {word[:STEM_LETTERS] for word in words(text) if word not in STOPWORDS and len(word) > 2}


def ngrams(tokens: Sequence[str], n: int) -> list[tuple[str, ...]]:
    """All runs of ``n`` neighbouring words, in order."""
    return [tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]


def repetition(tokens: Sequence[str]) -> float:
    """Share of 3-grams that occurred before: 1 - distinct / all. 0 for fewer than three words."""
    grams = ngrams(tokens, 3)
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


def overlap(question: str, answer: str) -> float:
    """Share of the smaller set of stems that the other has too: |Q & A| / min(|Q|, |A|). 1 if either has none."""
    asked, told = stems(question), stems(answer)
    least = min(len(asked), len(told))
    return len(asked & told) / least if least else 1.0


def copied(tokens: Sequence[str], other: Sequence[str], n: int) -> float:
    """Share of the first one's n-grams that the other has too. 0 if it has none."""
    grams = ngrams(tokens, n)
    known = set(ngrams(other, n))
    return sum(gram in known for gram in grams) / len(grams) if grams else 0.0


def is_too_short(answer: Answer) -> bool:
    """Fewer than ``MIN_WORDS`` words: at that length there were only fragments and refusals."""
    return len(answer.words) < MIN_WORDS


def is_garbled(answer: Answer) -> bool:
    """Letters are less than half of the visible signs outside code, as in "1.11.3.240.987-5.6.8.142"."""
    visible = "".join(CODE.sub("", answer.text).split())
    return bool(visible) and sum(map(str.isalpha, visible)) / len(visible) < MIN_LETTERS


def has_unbalanced_code(answer: Answer) -> bool:
    """A block of code that is not closed: an odd number of ``` fences."""
    return answer.text.count("```") % 2 == 1


def is_unfinished(answer: Answer) -> bool:
    """The text goes on after its last full sentence, ends in a bare list number, or has no full sentence at all."""
    return trim_answer(answer.text) != answer.text.strip() or not SENTENCE_END.search(answer.text)


def has_placeholder(answer: Answer) -> bool:
    """A gap left to be filled, such as [Your Name]: 3 of 24 answers, all letters. Code and links do not count."""
    return bool(PLACEHOLDER.search(CODE.sub("", answer.text)))


def is_boilerplate(answer: Answer) -> bool:
    """The model speaks of itself ("as an AI", "my primary function"), or condoles where nobody grieves: openings that
    SmolLM2 takes when it does not understand the question; what followed was rarely an answer."""
    return bool(
        BOILERPLATE.search(answer.text) or (CONDOLENCE.search(answer.text) and not GRIEF.search(answer.question))
    )


def has_invented_contact(answer: Answer) -> bool:
    """A web address, mail address or phone number that the question did not give; all that were seen were made up."""
    return any(match not in answer.question for match in CONTACT.findall(CODE.sub("", answer.text)))


def is_repetitive(answer: Answer) -> bool:
    """More than ``MAX_REPETITION`` of the 3-grams occurred before (``repetition``). On answers whose sentences were
    repeated on purpose this alone told all apart (AUC 1.0)."""
    return repetition(answer.words) > MAX_REPETITION


def is_echo(answer: Answer) -> bool:
    """More than half of the answer's 4-grams stand in the question: it was read back."""
    return copied(answer.words, words(answer.question), 4) > MAX_ECHO


def repeats_itself(answer: Answer) -> bool:
    """More than ``MAX_COPIED`` of the 6-grams stand in one earlier answer: the usual failure of follow-ups."""
    return any(copied(answer.words, words(earlier), 6) > MAX_COPIED for earlier in answer.previous)


def is_off_topic(answer: Answer) -> bool:
    """Too few shared stems (``overlap``), if the question has enough of them to tell. Answers held against other
    questions had 0.00 in the median and 0.10 at the 90th percentile, against their own 0.36 and (10th) 0.15; AUC 0.97
    on 36 x 7. Stories share fewer words with what asked for them, hence the lower bound for those."""
    asks_enough = len(stems(answer.question)) >= MIN_QUESTION_STEMS
    least = MIN_CREATIVE_OVERLAP if CREATIVE.search(answer.question) else MIN_OVERLAP
    return asks_enough and overlap(answer.question, answer.text) < least


RULES: Mapping[str, Callable[[Answer], bool]] = {
    "too_short": is_too_short,
    "garbled": is_garbled,
    "unbalanced_code": has_unbalanced_code,
    "unfinished": is_unfinished,
    "placeholder": has_placeholder,
    "boilerplate": is_boilerplate,
    "invented_contact": has_invented_contact,
    "repetition": is_repetitive,
    "echo": is_echo,
    "repeats_itself": repeats_itself,
    "off_topic": is_off_topic,
}
"""Reason -> the rule that gives it, in the order in which they are tried."""
