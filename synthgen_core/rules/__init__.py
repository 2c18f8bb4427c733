"""Rules: checks that need no model. Each is a function in a module of this package and a row of ``RULES``; thresholds,
page, command line and score follow. What a rule must know beyond the example comes with the ``Subject``.
"""

from collections.abc import Iterable, Mapping

from synthgen_core.errors import NotFoundError
from synthgen_core.formats import Format
from synthgen_core.models import Flag, JsonObject, Severity
from synthgen_core.rules.boilerplate import boilerplate, placeholder, prompt_leak, refusal
from synthgen_core.rules.definition import (
    Finding,
    Lengths,
    Neighbour,
    Part,
    Rule,
    Subject,
    Threshold,
    parts_of,
)
from synthgen_core.rules.language import wrong_language
from synthgen_core.rules.likeness import copied, duplicate
from synthgen_core.rules.personal import personal_data
from synthgen_core.rules.profanity import profanity
from synthgen_core.rules.repetition import repetition
from synthgen_core.rules.shape import length_outlier, measure_lengths, short_answer, structure, truncated

__all__ = ["BEST", "PENALTY", "RULES", "Finding", "Lengths", "Neighbour", "Part", "Rule", "Severity", "Threshold"]
__all__ += [
    "check_example",
    "deductions",
    "default_thresholds",
    "get_rule",
    "measure_lengths",
    "parts_of",
    "rule_score",
]

RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule("structure", "Structure", "Messages out of order, missing or unknown parts.", structure),
        Rule(
            "short_answer",
            "Short answer",
            "An answer that is empty or has hardly any text.",
            short_answer,
            Threshold(15, 1, 1000, "characters that an answer has at least"),
        ),
        Rule("truncated", "Cut off", "An answer that stops in mid-sentence, or with an open block of code.", truncated),
        Rule(
            "repetition",
            "Repetition",
            "An answer that goes round in circles. Columns of sums can look like that.",
            repetition,
            Threshold(0.22, 0.05, 0.95, "share of groups of four words that are repeats"),
            "recall 0.985, precision 1.00: six kinds of loops",
        ),
        Rule("refusal", "Refusal", "An answer that refuses, apologises or points to rules.", refusal),
        Rule(
            "boilerplate", "Boilerplate", "The assistant speaks of itself, or opens or closes by routine.", boilerplate
        ),
        Rule("placeholder", "Placeholder", "A blank that was not filled in, such as [Name].", placeholder),
        Rule("prompt_leak", "Prompt leakage", "A piece of the prompt, or of a model's own markup.", prompt_leak),
        Rule(
            "wrong_language",
            "Wrong language",
            "An answer in another language than was asked for; 20 letters of prose are needed to tell.",
            wrong_language,
            Threshold(0.5, 0.1, 1.0, "confidence of the language model from which on it counts"),
            "recall 1.00, precision 0.995: answers in ten other languages than English",
        ),
        Rule(
            "personal_data",
            "Personal data",
            "E-mail, phone, card, bank account, national numbers, keys and passwords. Names are not looked for.",
            personal_data,
            measured="recall 1.00, precision 1.00: data of 21 kinds, and decoys",
        ),
        Rule(
            "profanity",
            "Coarse language",
            "A short list of English words: a signal, no judgement. Insults without such words are missed.",
            profanity,
        ),
        Rule(
            "length_outlier",
            "Unusual length",
            "Answers far shorter or longer than is usual in the dataset (30 examples are needed).",
            length_outlier,
            Threshold(3.5, 1, 20, "robust standard deviations (of the logarithm) from the median"),
        ),
        Rule(
            "duplicate",
            "Duplicate",
            "The same as another example of the dataset, or nearly so; the better one of the two is not flagged.",
            duplicate,
            Threshold(0.8, 0.5, 1, "share of words that both have in the same order"),
            "recall 1.00 and 0.99: twins with 10 % and 20 % of their words changed; every pair is verified",
        ),
        Rule(
            "copied",
            "Copied",
            "An example that repeats one that its prompt showed, or its answer.",
            copied,
            Threshold(0.8, 0.5, 1, "share of words that both have in the same order"),
        ),
    )
}
"""Name -> rule, in the order in which findings are listed."""

PENALTY: Mapping[Severity, float] = {Severity.ERROR: 5.0, Severity.WARNING: 2.0, Severity.INFO: 0.5}
"""What a rule takes off the score, by the gravest of its findings."""
BEST = 10.0


def get_rule(name: str) -> Rule:
    """The rule with this name. Raises NotFoundError."""
    if found := RULES.get(name):
        return found
    raise NotFoundError.of("rule", name, RULES)


def default_thresholds() -> dict[str, float]:
    """Rule -> its number, for each rule that has one."""
    return {rule.name: rule.threshold.default for rule in RULES.values() if rule.threshold}


def check_example(
    format: Format,
    content: JsonObject,
    metadata: JsonObject,
    *,
    thresholds: Mapping[str, float] | None = None,
    lengths: Lengths | None = None,
    twin: Neighbour | None = None,
    shown: Neighbour | None = None,
    rules: Iterable[str] | None = None,
) -> list[Finding]:
    """What the rules find in one example, all rules unless some are named.

    ``thresholds`` (rule -> number) replace the defaults; ``lengths`` are those of the whole dataset
    (``measure_lengths`` of the characters of its answers), without which no length is unusual; ``twin`` and ``shown``
    are the examples that it might repeat. Raises NotFoundError for an unknown rule.
    """
    numbers = {**default_thresholds(), **(thresholds or {})}
    subject = Subject(format, content, metadata, parts_of(content), numbers, lengths, twin, shown)
    chosen = RULES.values() if rules is None else [get_rule(name) for name in rules]
    return [finding for rule in chosen for finding in rule.find(subject)]


def rule_score(findings: Iterable[Finding | Flag]) -> float:
    """0 to 10: ten, less what each rule with a finding takes off (``deductions``), and not below 0."""
    return max(0.0, BEST - sum(deductions(findings).values()))


def deductions(findings: Iterable[Finding | Flag]) -> dict[str, float]:
    """Rule -> what it takes off the score: 5 for an error, 2 for a warning, 0.5 for a hint, by its gravest finding."""
    worst: dict[str, float] = {}
    for finding in findings:
        worst[finding.rule] = max(worst.get(finding.rule, 0.0), PENALTY[finding.severity])
    return worst
