"""The rubric: what a judge looks at, and how much each criterion weighs. To add a criterion, add a row to ``CRITERIA``;
a user may change the words, the weights and the selection, and every judgement knows by hash which rubric it used."""

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypeGuard

import orjson

from synthgen_core.errors import ConfigError
from synthgen_core.models import JsonObject

LONGEST_TEXT, MOST_CRITERIA = 4000, 20
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that is scored from 0 to 10."""

    name: str
    """Its key in the judge's reply and in the database: letters, digits and underscores."""
    label: str
    question: str
    """What the judge asks itself, and what makes a high and a low score."""
    weight: float = 1.0
    """How much it counts in the overall score; 0: not at all, but it is scored."""


CRITERIA: tuple[Criterion, ...] = (
    Criterion(
        "content_quality",
        "Content quality",
        "Is it natural, coherent and informative? High: both sides read like real people, each sentence says something "
        "for this case. Low: stiff, vague, padded, or it could stand under any question.",
    ),
    Criterion(
        "alignment",
        "Instruction-response alignment",
        "Does the answer deal with exactly what was asked, all of it, at the right depth? Low: a part is left out, "
        "another question is answered, or a refusal stands in its place.",
    ),
    Criterion(
        "factual_correctness",
        "Factual correctness",
        "Do facts, calculations, names, laws, doses, functions and steps hold? Check what can be checked and redo the "
        "sums. What you can neither confirm nor refute does not count as wrong; say so in the reason.",
    ),
    Criterion(
        "formatting",
        "Formatting and structure",
        "Does the layout help the reader: paragraphs, lists, code, length? Low: a wall of text, broken Markdown, "
        "needless headings, a text that is cut off.",
    ),
    Criterion(
        "training_utility",
        "Training utility",
        "Would a model get better from learning this? High: instructive, specific, worth copying in content and "
        "manner. Low: trivial, repetitive, with blanks, personal data, or habits that nobody wants in a model.",
    ),
)


@dataclass(frozen=True, slots=True)
class Rubric:
    """What a judge is asked to look at."""

    criteria: tuple[Criterion, ...] = CRITERIA
    notes: str = ""
    """What else the judge should know: the purpose of the dataset, house rules, what does not matter."""

    @property
    def hash(self) -> str:
        """32 hexadecimal digits; the same for the same words and weights."""
        return hashlib.blake2b(orjson.dumps(asdict(self)), digest_size=16).hexdigest()

    def overall(self, scores: Mapping[str, float]) -> float:
        """The weighted mean of the criteria's scores, 0-10, to two places."""
        total = sum(criterion.weight for criterion in self.criteria)
        return round(sum(scores[c.name] * c.weight for c in self.criteria) / total, 2)

    def to_json(self) -> JsonObject:
        """As it is kept."""
        found: JsonObject = orjson.loads(orjson.dumps(asdict(self)))
        return found


def make_rubric(criteria: Sequence[Mapping[str, object]], notes: str = "") -> Rubric:
    """The rubric of these rows (name, label, question, weight), as a user edited them or as they were kept.

    Raises:
        ConfigError: there is no criterion, a name is no name or stands twice, a text is missing, or a weight is none.
    """
    found = tuple(_criterion(row, number) for number, row in enumerate(criteria, 1))
    names = [criterion.name for criterion in found]
    if not found:
        raise ConfigError("The rubric has no criteria.", "Add one, or go back to the five that come with the app.")
    if len(found) > MOST_CRITERIA:
        raise ConfigError(f"The rubric has {len(found)} criteria.", f"Keep it to {MOST_CRITERIA}.")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ConfigError(f"The rubric has the criterion “{twice}” twice.", "Rename one, or take it out.")
    if not sum(criterion.weight for criterion in found):
        raise ConfigError("All weights of the rubric are 0.", "Give at least one criterion a weight.")
    if len(notes) > LONGEST_TEXT:
        raise ConfigError(f"The rubric's notes have {len(notes):,} characters.", f"Keep them to {LONGEST_TEXT:,}.")
    return Rubric(found, notes.strip())


def name_from(label: str) -> str:
    """The name of a criterion, made from its label; empty where the label has no Latin letter."""
    words = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")
    return words.lstrip("0123456789_")[:40].rstrip("_")


def is_number(value: object) -> TypeGuard[float]:
    """It is a finite number, and not true or false."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _criterion(row: Mapping[str, object], number: int) -> Criterion:
    name, label, question = (str(row.get(key) or "").strip() for key in ("name", "label", "question"))
    if not NAME.fullmatch(name):
        raise ConfigError(
            f"Criterion {number} has the name “{name[:40]}”.",
            "Use small letters, digits and underscores, such as tone.",
        )
    if not question or len(question) > LONGEST_TEXT:
        raise ConfigError(
            f"The criterion “{name}” has a question of {len(question):,} characters.", f"Write 1 to {LONGEST_TEXT:,}."
        )
    weight = row.get("weight", 1.0)
    if not is_number(weight) or not 0 <= weight <= 100:
        raise ConfigError(f"The criterion “{name}” has the weight “{weight}”.", "Give a number from 0 to 100.")
    return Criterion(name, label or name.replace("_", " ").capitalize(), question, float(weight))
