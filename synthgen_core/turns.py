"""From what a model really answers to the words of one turn, or to one error that says what became of the reply."""

import re

from synthgen_core.parsing import MAX_CHARACTERS, THOUGHT_TAG, ReplyError

BLANK = "\ufeff \t\r\n"
THOUGHT_START = re.compile(rf"\s*[<\[]{THOUGHT_TAG}[>\]]", re.IGNORECASE)
THOUGHT_END = re.compile(rf"[<\[]/{THOUGHT_TAG}[>\]]", re.IGNORECASE)
NAME = r"[*_]*(?:user|assistant|human|ai|customer|client)[*_]*\s*:[*_]*"
SPEAKER = re.compile(rf"{NAME}\s*", re.IGNORECASE)
OTHER_SPEAKER = re.compile(rf"^{NAME}\s", re.IGNORECASE | re.MULTILINE)
QUOTES = ('""', "“”", "„“", "«»")
REFUSAL = re.compile(
    r"\W*(?:i['’]?m (?:really |very |so )?sorry,?[^.!?]{0,20}? |sorry,?[^.!?]{0,10}? |unfortunately,? )?"
    r"(?:i (?:cannot|can['’]?t|can not|won['’]?t|will not|must decline to|am unable to|am not able to)"
    r"|i['’]?m (?:unable|not able) to)\s+"
    r"(?:help (?:you )?with (?:that|this)|assist (?:you )?with (?:that|this)|comply|fulfil|continue with (?:that|this)"
    r"|engage|role-?play|play (?:that|this|the)|pretend)\b|\W*as an? (?:ai|large language model|language model)\b",
    re.IGNORECASE,
)
"""Refuses the task. Narrow on purpose: "I'm sorry to hear that" and "I can't log in" are good turns."""


def parse_turn(text: str, *, is_cut: bool = False, is_refused: bool = False) -> str:
    """The words of one turn in a model's reply: without thoughts, a speaker's name before it, and quotes around it.

    ``is_cut`` says that the model stopped at its token limit, ``is_refused`` that the service says it refused.

    Raises:
        ReplyError: it is cut off, empty, a refusal, too long, or goes on with what the other side says.
    """
    if is_cut:
        raise ReplyError("cut_off", text)
    if len(text) > MAX_CHARACTERS:
        raise ReplyError("too_long", text)
    said = _without_thoughts(text).strip(BLANK)
    if speaker := SPEAKER.match(said):
        said = said[speaker.end() :]
    if len(said) > 1 and said[0] + said[-1] in QUOTES and not set(said[1:-1]) & {said[0], said[-1]}:
        said = said[1:-1].strip(BLANK)
    if not said:
        raise ReplyError("empty", text)
    if is_refused or REFUSAL.match(said):
        raise ReplyError("refusal", text)
    if OTHER_SPEAKER.search(said):
        raise ReplyError("both_sides", text)
    return said


def _without_thoughts(text: str) -> str:
    """What comes after the model's thoughts. The tag that opens them may have been part of the prompt."""
    while THOUGHT_START.match(text):
        if not (closed := THOUGHT_END.search(text)):
            raise ReplyError("cut_off", text)
        text = text[closed.end() :]
    closed = THOUGHT_END.search(text)
    return text[closed.end() :] if closed and not THOUGHT_START.search(text, 0, closed.start()) else text
