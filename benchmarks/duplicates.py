"""Near duplicates among 100,000 texts: how many planted twins are found, how quickly, and in how much memory.

Twins are texts of the corpus with one word in ten, or in five, replaced at scattered places. ``python -m
benchmarks.duplicates`` takes half a minute of processor time, with ``--count 1000000`` some five minutes. Exits with 1
if a bar is missed.
"""

import argparse
import sys
import time
from collections.abc import Iterator

import psutil

from benchmarks.corpus import Corpus
from synthgen_core.dedup import NEAR, Star, find_duplicates, similarity, sketch, words_of

PLANTED = {"twins with 10 % of words changed": (0.1, 0.98), "twins with 20 % of words changed": (0.2, 0.95)}
"""Name -> share of words that are changed at most, least recall."""
PLANTS = 1000
"""Twins of each kind."""
SECONDS, MB = 30.0, 300.0
"""Bars for 100,000 texts."""
MB_OF_A_MILLION = 1000.0
SEED = 7
USUAL = 100_000


class Watched:
    """Texts with twins among them, handed out one by one; knows which were planted, and the most memory in use."""

    def __init__(self, count: int) -> None:
        self._corpus, self._count = Corpus(SEED), count
        self.planted: dict[int, tuple[str, int]] = {}
        """Number of the twin -> its kind, and the number of its original."""
        self.kept: dict[int, str] = {}
        """The planted texts and their originals."""
        self._process = psutil.Process()
        self.start = self.most = self._process.memory_info().rss

    def texts(self) -> Iterator[str]:
        """As many as were asked for; the twins stand evenly among them, each after its original."""
        kinds = list(PLANTED)
        total = len(kinds) * PLANTS
        step = self._count // (total + 1)
        waiting: list[tuple[str, int, str]] = []
        for number in range(self._count):
            if number % step == 0 and number >= step and waiting:
                kind, original, text = waiting.pop(0)
                self.planted[number] = kind, original
                self.kept[number] = text
                yield text
                continue
            text = "\n".join(self._corpus.pair(number + 1))
            if number % step == step // 2 and (made := number // step) < total:
                kind = kinds[made % len(kinds)]
                waiting.append((kind, number, self._corpus.changed(text, PLANTED[kind][0])))
                self.kept[number] = text
            yield text

    def tick(self) -> None:
        """Look at the memory."""
        self.most = max(self.most, self._process.memory_info().rss)


def main() -> int:
    """Search, measure, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=USUAL, help=f"texts (default {USUAL})")
    options = parser.parse_args()
    watched = Watched(options.count)
    started = time.process_time()
    stars = find_duplicates(watched.texts(), NEAR, tick=watched.tick)
    seconds = time.process_time() - started
    watched.tick()
    started = time.process_time()
    for _ in Watched(options.count).texts():
        pass
    seconds -= time.process_time() - started  # what it takes to make the texts is not what is measured
    return 0 if _judge(options.count, watched, stars, seconds) else 1


def _judge(count: int, watched: Watched, stars: list[Star], seconds: float) -> bool:
    centre_of = {twin.number: (star.centre, twin.similarity) for star in stars for twin in star.twins}
    is_reached = True
    print(f"{count:,} texts, similarity {NEAR:g} or more: {len(centre_of):,} are nearly others, of {len(stars):,}")
    for kind, (_, bar) in PLANTED.items():
        mine = {number: original for number, (name, original) in watched.planted.items() if name == kind}
        found = sum(centre_of.get(number, (None, 0))[0] == original for number, original in mine.items())
        is_reached &= _tell(kind, found / len(mine), bar, f"{found:,} of {len(mine):,}", is_least=True)
    wrong = [
        number
        for number, (centre, said) in centre_of.items()
        if number in watched.planted
        and centre == watched.planted[number][1]
        and abs(similarity(*(sketch(words_of(watched.kept[n])) for n in (number, centre))) - said) > 1e-9
    ]
    is_reached &= _tell("pairs that are not as similar as reported", len(wrong), 0, "of those planted")
    unplanted = len(centre_of.keys() - watched.planted.keys())
    print(f"      {'found, and not planted':<44} {unplanted:,}")
    rate, most = f"{count / seconds:,.0f} texts a second", SECONDS if count <= USUAL else float("inf")
    is_reached &= _tell("seconds of one core", seconds, most, rate)
    growth = (watched.most - watched.start) / 1e6
    return _tell("MB above the start", growth, MB if count <= USUAL else MB_OF_A_MILLION, "") and is_reached


def _tell(what: str, value: float, bar: float, note: str, *, is_least: bool = False) -> bool:
    is_reached = value >= bar if is_least else value <= bar
    shown = f"{value:.3f}" if is_least else f"{value:.1f}"
    verdict, rule = "ok  " if is_reached else "MISS", "at least" if is_least else "at most"
    print(f"{verdict}  {what:<44} {shown}   ({rule} {bar:g}{note and '; '}{note})")
    return is_reached


if __name__ == "__main__":
    sys.exit(main())
