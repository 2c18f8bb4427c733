"""All rules over 100,000 examples on one core, and how much of what was planted they find.

Planted are personal data of each kind, answers in ten languages where English was asked for, and six kinds of loops,
each in answers of the corpus; what is found in answers without a plant, and in decoys, is a false alarm. ``python -m
benchmarks.rules`` takes a minute of processor time. Exits with 1 if a bar is missed.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable
from typing import TypeVar

from benchmarks.corpus import Corpus, chat
from benchmarks.planted import DECOYS, LANGUAGES, LOOPS, PERSONAL, looped
from synthgen_core.dedup import find_duplicates
from synthgen_core.formats import get_format
from synthgen_core.models import JsonObject
from synthgen_core.rules import RULES, check_example, measure_lengths
from synthgen_core.rules.personal import find_personal_data

SECONDS = 60.0
"""Bar for all rules over 100,000 examples."""
USUAL, PLANTS, CLEAN = 100_000, 100, 3000
LEAST = {"personal_data": (0.98, 0.98), "wrong_language": (0.98, 0.98), "repetition": (0.98, 0.93)}
"""Rule -> least precision and recall."""
Result = TypeVar("Result")
METADATA: JsonObject = {"language": "en"}
SEED = 11


def main() -> int:
    """Plant, check, measure, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=USUAL, help=f"examples (default {USUAL})")
    options = parser.parse_args()
    results = [_personal_data(), _languages(), _loops(), _speed(options.count)]
    return 0 if all(results) else 1


def _flags(rule: str, answer: str) -> bool:
    return bool(check_example(get_format("chat"), chat("How?", answer), dict(METADATA), rules=[rule]))


def _answers(count: int, seed: int) -> list[str]:
    return [answer for _, answer in Corpus(seed).pairs(count)]


def _inserted(draw: random.Random, answer: str, piece: str) -> str:
    sentences = answer.split(". ")
    place = draw.randint(0, len(sentences))
    return ". ".join([*sentences[:place], f"It is {piece}", *sentences[place:]])


def _personal_data() -> bool:
    draw = random.Random(SEED)
    answers = iter(_answers(len(PERSONAL) * PLANTS + CLEAN, SEED))
    found_of = {}
    for kind, make in PERSONAL.items():
        cases = [_inserted(draw, next(answers), make(draw)) for _ in range(PLANTS)]
        found_of[kind] = sum(kind in {kind.name for kind, _, _ in find_personal_data(case)} for case in cases)
    clean = [_inserted(draw, next(answers), draw.choice(DECOYS)(draw)) for _ in range(CLEAN)]
    return _judge("personal_data", found_of, sum(_flags("personal_data", text) for text in clean))


def _languages() -> bool:
    draw = random.Random(SEED)
    answers = _answers(CLEAN, SEED)
    found_of = {}
    for code, sentences in LANGUAGES.items():
        cases = [" ".join(draw.sample(sentences, draw.randint(1, 3))) for _ in range(PLANTS)]
        found_of[code] = sum(_flags("wrong_language", case) for case in cases)
    # One sentence alone is the hardest that is asked in English, too.
    clean = [draw.choice((text, text.split(". ")[0])) for text in answers]
    return _judge("wrong_language", found_of, sum(_flags("wrong_language", text) for text in clean))


def _loops() -> bool:
    draw = random.Random(SEED)
    answers = iter(_answers(len(LOOPS) * PLANTS + CLEAN, SEED))
    found_of = {
        kind: sum(_flags("repetition", looped(draw, kind, next(answers))) for _ in range(PLANTS)) for kind in LOOPS
    }
    return _judge("repetition", found_of, sum(_flags("repetition", next(answers)) for _ in range(CLEAN)))


def _judge(rule: str, found_of: dict[str, int], false_alarms: int) -> bool:
    """Say how much was found, and how much of what was found had been planted; the worst kinds by name."""
    planted, found = PLANTS * len(found_of), sum(found_of.values())
    recall, alarms = found / planted, false_alarms / CLEAN
    precision = found / (found + false_alarms) if found else 0.0
    least_precision, least_recall = LEAST[rule]
    worst = [f"{kind} {count}" for kind, count in sorted(found_of.items(), key=lambda item: item[1]) if count < PLANTS]
    print(f"{rule}: {found:,} of {planted:,} planted in {len(found_of)} kinds, {PLANTS} each")
    is_reached = _tell("  recall", recall, least_recall, ", ".join(worst[:4]))
    is_reached &= _tell("  precision", precision, least_precision, f"{false_alarms} of {CLEAN:,} others, {alarms:.2%}")
    return is_reached


def _tell(what: str, value: float, bar: float, note: str) -> bool:
    is_reached = value >= bar
    print(f"{'ok  ' if is_reached else 'MISS'}  {what:<20} {value:.3f}   (at least {bar:g}{note and '; '}{note})")
    return is_reached


def _speed(count: int) -> bool:
    format = get_format("chat")
    contents = [chat(*pair) for pair in Corpus(SEED).pairs(count)]
    texts = ["\n".join(pair) for pair in Corpus(SEED).pairs(count)]
    size = sum(map(len, texts)) / count
    lengths_taken, lengths = _timed(lambda: measure_lengths([len(text) for text in texts]))
    searching, _ = _timed(lambda: find_duplicates(texts))
    checking, flagged = _timed(
        lambda: sum(bool(check_example(format, content, dict(METADATA), lengths=lengths)) for content in contents)
    )
    total = (lengths_taken + searching + checking) * USUAL / count
    is_reached = total <= SECONDS
    print(f"{len(RULES)} rules over {count:,} examples of {size:,.0f} characters; {flagged:,} are flagged")
    parts = f"duplicates {searching:.1f} s, all others {checking:.1f} s"
    verdict = "ok  " if is_reached else "MISS"
    print(f"{verdict}  seconds of one core for 100,000: {total:.1f}   (at most {SECONDS:g}; {parts})")
    return is_reached


def _timed(act: Callable[[], Result]) -> tuple[float, Result]:
    started = time.process_time()
    result = act()
    return time.process_time() - started, result


if __name__ == "__main__":
    sys.exit(main())
