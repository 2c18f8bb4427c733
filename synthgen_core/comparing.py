"""Asking a judge which of two examples is better, pair by pair: a generator of outcomes, as ``quality`` is.

Each pair is asked about in both orders. A reply that is no verdict is asked for again; a pair that never gets one has
failed, and is no tie.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass

from synthgen_core.budget import Budget
from synthgen_core.concurrency import Backlog, Stop
from synthgen_core.driving import Delay, Driver, Errand, Failed, Finished, Memory, Voice
from synthgen_core.errors import InvalidExampleError, PausedError, SynthGenError
from synthgen_core.formats import Format
from synthgen_core.judging import Rubric
from synthgen_core.judging.preferences import Verdict, compare
from synthgen_core.models import JsonObject, Side
from synthgen_core.outcomes import Call, Reply
from synthgen_core.providers.base import LLMProvider
from synthgen_core.quality import FEWEST_JUDGEMENTS, MOST_FAILURES

MAX_TRIES = 3
"""Replies that are asked for until one is a verdict."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two examples to compare; ``item`` tells the pairs of a run apart."""

    item: int
    first: JsonObject
    second: JsonObject
    tries: int = 1
    """One more than the attempts at it so far: what failed then is not found again among the kept replies."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of a pair: a verdict, or why there is none."""

    item: int
    tries: int
    verdict: Verdict | None = None
    error: SynthGenError | None = None


def compare_pairs(
    provider: LLMProvider,
    format: Format,
    rubric: Rubric,
    pairs: Iterable[Pair],
    executor: Executor,
    workers: int,
    *,
    memory: Memory | None = None,
    stop: Stop | None = None,
    budget: Budget | None = None,
    delay: Delay | None = None,
) -> Iterator[list[Call | Reply | Settled]]:
    """Compare every pair, ``workers`` at a time; yield calls, replies and what came of pairs, as it comes.

    What was yielded must be saved before the next list is asked for.

    Raises:
        ProviderRefusedError, ProviderUnavailableError, BudgetReachedError: as ``Driver.drive`` does.
        PausedError: the judge fails on more than half of the pairs.
    """
    contents: dict[int, Pair] = {}

    def begin(pair: Pair) -> Errand[Verdict]:
        contents[pair.item] = pair
        return again(pair, pair.tries)

    def again(pair: Pair, tries: int) -> Errand[Verdict]:
        return Errand(pair.item, tries, compare(rubric, format, pair.first, pair.second, seed=tries))

    backlog = Backlog(map(begin, pairs))
    driver = Driver(dict.fromkeys(Side, Voice.of(provider)), delay=delay)
    failures: list[str] = []
    settled = 0
    for events in driver.drive(backlog, executor, workers, memory=memory, stop=stop, budget=budget):
        found: list[Call | Reply | Settled] = []
        for event in events:
            match event:
                case Call() | Reply():
                    found.append(event)
                case Finished(errand=errand, result=verdict):
                    found.append(Settled(errand.item, errand.tries, verdict))
                case Failed(errand=errand, error=error):
                    pair = contents[errand.item]
                    if isinstance(error, InvalidExampleError) and errand.tries - pair.tries < MAX_TRIES - 1:
                        backlog.put_back(again(pair, errand.tries + 1))
                    else:
                        found.append(Settled(errand.item, errand.tries, error=error))
        for end in found:
            if isinstance(end, Settled):
                del contents[end.item]
                settled += 1
                failures += [end.error.message] if end.error else []
        if found:
            yield found
        if settled >= FEWEST_JUDGEMENTS and len(failures) > MOST_FAILURES * settled:
            raise PausedError(
                f"The judge failed on {len(failures)} of the first {settled} pairs. The latest cause: {failures[-1]}",
                "Resume the job once that is mended, or compare with another model.",
                cause="judge_fails",
            )
