"""Phrases that give away how a text came about: refusals, an assistant speaking of itself, blanks that were left, and
pieces of the prompt. The families are told apart, because an assistant's disclaimer is not a refusal."""

import re
from collections.abc import Iterator

from synthgen_core.models import Role, Severity
from synthgen_core.rules.definition import Finding, Subject

HEAD = 600
"""A refusal stands at the beginning of an answer."""


def _any(*patterns: str, flags: int = 0) -> re.Pattern[str]:
    """One of these, in any case."""
    return re.compile("|".join(patterns), re.IGNORECASE | flags)


CANNOT = r"(?:can(?:no|')?t|can not|won't|will not|(?:am|'m|are|'re) (?:not able|unable|not comfortable|not permitted))"
TO_DO = (
    r"(?:help|assist|provide|create|write|generate|fulfil|answer|comply|do that|discuss|offer|support|give|share|"
    r"produce|engage|continue|recommend)"
)
REFUSALS = {
    "refusal": _any(
        rf"\b(?:I|we) ?{CANNOT}\b[^.!?\n]{{0,40}}\b{TO_DO}",
        r"\b(?:I|we) (?:must|have to|need to) (?:decline|refuse)\b",
    ),
    "apology": _any(
        rf"\b(?:I'm|I am|we're|we are) (?:very |really |truly )?sorry,? (?:but )?(?:I|we) ?{CANNOT}\b",
        r"\bI apologi[sz]e,? but (?:I|we)\b",
        r"^\s*(?:I'm sorry|Sorry), but (?:I|we)\b",
    ),
    "policy": _any(
        r"\b(?:against|violates?) (?:my|our|OpenAI's) (?:\w+ )?(?:guidelines|polic(?:y|ies)|programming)\b",
        r"\b(?:it is|it's|would be) (?:illegal|unethical|inappropriate) for me to\b",
        r"\bnot (?:appropriate|ethical) for me to\b",
    ),
}
REFUSAL_WORDS: tuple[str, ...] = (
    "can't",
    "cannot",
    "cant ",
    "can not",
    "won't",
    "will not",
    "not able",
    "unable",
    "not comfortable",
)
REFUSAL_WORDS += (
    "not permitted",
    "decline",
    "refuse",
    "sorry",
    "apologi",
    "guideline",
    "polic",
    "programming",
    "for me to",
)
SAID = {
    "refusal": "The assistant refuses.",
    "apology": "The assistant apologises instead of answering.",
    "policy": "The assistant refers to rules instead of answering.",
}
AI_SELF = _any(
    r"\b(?:as|I am|I'm|being) (?:just |only |merely )?an? "
    r"(?:AI|artificial intelligence|(?:large )?language model|virtual assistant|chatbot)\b",
    r"\bmy (?:knowledge cut-?off|training data)\b",
    r"\bI (?:do not|don't) have (?:personal (?:experiences?|opinions?|feelings)|feelings|a physical body)\b",
    r"\b(?:I'm|I am) (?:ChatGPT|Claude|Gemini|Llama|GPT-\d)\b",
    r"\btrained by (?:OpenAI|Anthropic|Google|Meta)\b",
)
AI_WORDS: tuple[str, ...] = (
    " ai",
    "artificial",
    "language model",
    "assistant",
    "chatbot",
    "cutoff",
    "cut-off",
    "training data",
    "feelings",
)
AI_WORDS += ("have personal", "physical body", "chatgpt", "claude", "gemini", "llama", "gpt-", "trained by")
CLOSING = re.compile(
    r"(?:I hope this helps|Let me know if you (?:have|need) (?:any )?(?:more|other|further)?[^.!?\n]{0,40}|"
    r"(?:Please )?feel free to (?:ask|reach out)[^.!?\n]{0,40}|"
    r"Is there anything else I can (?:help|assist)[^.!?\n]{0,30})[.!?]*\s*$",
    re.IGNORECASE,
)
OPENING = _any(r"^\s*(?:Certainly|Sure|Of course|Absolutely|Great question|That's a great question)[!,.]")
CODE = re.compile(r"```.*?(?:```|$)|`[^`\n]+`", re.DOTALL)
BLANKS = (
    r"(?:your|my|his|her|their|the|a|an|insert|enter|add|name|full|first|last|company|customer|client|agent|date|time|"
    r"phone|email|e-mail|address|city|state|product|order|number|title|position|amount|link|url|website|signature|"
    r"recipient|sender|manager|department|project|specific|relevant|example|placeholder|x{2,})"
)
PLACEHOLDER = _any(
    rf"(?<![\w\]!])\[{BLANKS}\b[^\[\]\n]{{0,40}}\](?!\()",
    r"\{\{\s*[\w. ]{1,40}\s*\}\}",
    r"<(?:your|insert|enter|name|company|customer)[ _][^<>\n]{0,40}>",
    r"\b(?:lorem ipsum|TODO:|TBD:|XXX+)",
    r"\[\.{3}\]",
    r"\(insert [^()\n]{1,40}\)",
)
BLANK_SIGNS: tuple[str, ...] = ("[", "{{", "<", "lorem ipsum", "todo:", "tbd:", "xxx", "(insert")
LEAKS = _any(
    r"<\|[\w ]{2,30}\|>|\[/?INST\]|<</?SYS>>|</?s>(?=\s|$)|</?(?:think|thinking|reasoning)>",
    r"^#{2,3} ?(?:Instruction|Response|Input|Human|Assistant)s?:?\s*$",
    r"\b(?:this|the) (?:brief|scenario|training example|example conversation) "
    r"(?:asks|requires|calls for|specifies|says)\b",
    r"\b(?:as|per) (?:the|your) (?:brief|prompt|scenario parameters)\b",
    r"\bTraits of this example\b",
    r"\b(?:emotional_tones|communication_styles|complexity_levels|question_structures|conversation_types)\b",
    r"\bHere (?:is|'s) (?:the|a|your) (?:JSON|training example|example conversation)\b",
    flags=re.MULTILINE,
)


LEAK_WORDS: tuple[str, ...] = (
    "<|",
    "inst]",
    "sys>",
    "s>",
    "think",
    "reasoning>",
    "##",
    "brief",
    "scenario",
    "training example",
)
LEAK_WORDS += (
    "example conversation",
    "traits of",
    "_tones",
    "_styles",
    "_levels",
    "_structures",
    "_types",
    "the prompt",
)
LEAK_WORDS += ("your prompt", "here is", "here's")
TAIL = 200
"""A routine offer stands at the end of an answer."""


def plain(text: str) -> str:
    """The text with straight apostrophes; as long as before."""
    return text.replace("’", "'")


def refusal(subject: Subject) -> Iterator[Finding]:
    """An answer that refuses, apologises or points to rules instead of answering."""
    for part in subject.answers:
        if not part.has_any(REFUSAL_WORDS):
            continue
        head = plain(part.text[:HEAD])
        for family, pattern in REFUSALS.items():
            if found := pattern.search(head):
                yield Finding("refusal", Severity.WARNING, SAID[family], part.field, *found.span())
                break


def boilerplate(subject: Subject) -> Iterator[Finding]:
    """An assistant that speaks of itself, or opens or closes by routine."""
    for part in subject.answers:
        text = plain(part.text)
        if part.has_any(AI_WORDS) and (found := AI_SELF.search(text)):
            said = "The assistant speaks of itself as an AI."
            yield Finding("boilerplate", Severity.WARNING, said, part.field, *found.span())
        if found := OPENING.match(text):
            yield Finding("boilerplate", Severity.INFO, "The answer opens by routine.", part.field, *found.span())
        if found := CLOSING.search(text, max(0, len(text) - TAIL)):
            said = "The answer closes with a routine offer of help."
            yield Finding("boilerplate", Severity.INFO, said, part.field, *found.span())


def placeholder(subject: Subject) -> Iterator[Finding]:
    """A blank that nobody filled in; code may hold what looks like one."""
    for part in subject.parts:
        if not part.has_any(BLANK_SIGNS):
            continue
        prose = CODE.sub(lambda match: " " * len(match[0]), part.text)
        if found := PLACEHOLDER.search(prose):
            said = f"A blank was not filled in: {found[0][:40]}"
            severity = Severity.ERROR if part.role is Role.ASSISTANT else Severity.WARNING
            yield Finding("placeholder", severity, said, part.field, *found.span())


def prompt_leak(subject: Subject) -> Iterator[Finding]:
    """A piece of the prompt, or of a model's own markup, in what people say."""
    for part in subject.parts:
        if part.role not in (Role.USER, Role.ASSISTANT) or not part.has_any(LEAK_WORDS):
            continue
        if found := LEAKS.search(plain(part.text)):
            said = f"A piece of a prompt stands in the text: {found[0].strip()[:40]}"
            yield Finding("prompt_leak", Severity.ERROR, said, part.field, *found.span())
