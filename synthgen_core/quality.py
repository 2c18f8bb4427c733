"""Judging examples with a model, and mending or leaving out what is weak: a generator of outcomes, as ``generator`` is.

A judgement that cannot be read is a failed one, never a number. Where a judge fails on most of what it is asked, the
run ends early: what it says of the rest would be worth as little.
"""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Executor
from typing import TypeVar

from synthgen_core.budget import Budget
from synthgen_core.concurrency import Backlog, Stop
from synthgen_core.driving import Delay, Driver, Errand, Failed, Finished, Memory, Voice
from synthgen_core.errors import PausedError
from synthgen_core.formats import get_format
from synthgen_core.judging.assessing import (
    Assessment,
    Demand,
    Subject,
    assess,
    conclude,
    judge_all,
    mend,
    structure_issues,
)
from synthgen_core.judging.verdicts import Judgement
from synthgen_core.methods import Ask
from synthgen_core.models import Completion, JsonObject, Side
from synthgen_core.outcomes import Call, Reply
from synthgen_core.providers.base import LLMProvider

R = TypeVar("R")
FEWEST_JUDGEMENTS, MOST_LOOKED_AT = 20, 100
"""So many judgements of a run, at least, are looked at before it is said that the judge fails; of more, the newest."""
MOST_FAILURES = 0.5
"""A judge that fails on a greater share of these is no judge."""

Result = Call | Reply | Assessment


class QualityController:
    """Judges with one provider and rubric. Holds no state between calls."""

    def __init__(self, provider: LLMProvider, demand: Demand | None = None, *, delay: Delay | None = None) -> None:
        self.provider = provider
        self.demand = demand or Demand()
        voice = Voice.of(provider)
        self._driver = Driver(dict.fromkeys(Side, voice), delay=delay)

    def validate_example_structure(self, example: JsonObject, format_type: str) -> list[str]:
        """What is wrong or doubtful in how an example is built; empty: nothing. Raises NotFoundError."""
        return structure_issues(get_format(format_type), example)

    def evaluate_example_quality(self, example: JsonObject, format_type: str) -> Judgement:
        """The scores of an example, 0-10 by criterion and overall, with reasons; or why there are none.

        Raises NotFoundError, or ProviderError as ``LLMProvider.complete`` does.
        """
        return self._ask_through(judge_all(self.demand, _subject(example, format_type), example, []))

    def improve_example(self, example: JsonObject, format_type: str, evaluation: Judgement) -> JsonObject:
        """The example with what its judgement marks down mended; nobody has judged it yet.

        Raises:
            NotFoundError: there is no such format.
            InvalidExampleError: no reply was a valid example with the same turns.
            ProviderError: as ``LLMProvider.complete`` does.
        """
        return self._ask_through(mend(self.demand, _subject(example, format_type), evaluation))

    def process_dataset_quality(
        self,
        subjects: Iterable[Subject],
        executor: Executor,
        batch_size: int,
        *,
        memory: Memory | None = None,
        stop: Stop | None = None,
        budget: Budget | None = None,
    ) -> Iterator[list[Result]]:
        """Do what is demanded with each example, ``batch_size`` at a time; yield calls, replies and assessments.

        The subjects are read as they are needed; none of them is settled already. What was yielded must be saved before
        the next list is asked for.

        Raises:
            ProviderRefusedError, ProviderUnavailableError, BudgetReachedError: as ``Driver.drive`` does.
            PausedError: the judge fails on more than half of what it is asked.
        """
        under_way: dict[int, Assessment] = {}

        def begin(subject: Subject) -> Errand[Assessment]:
            assessment = under_way[subject.id] = Assessment(subject)
            return Errand(subject.id, subject.tries, assess(self.demand, assessment))

        newest, cause = deque[bool](maxlen=MOST_LOOKED_AT), ""
        for events in self._driver.drive(
            Backlog(map(begin, subjects)), executor, batch_size, memory=memory, stop=stop, budget=budget
        ):
            results: list[Result] = []
            for event in events:
                if isinstance(event, Call | Reply):
                    results.append(event)
                elif isinstance(event, Finished | Failed):
                    assessment = under_way.pop(event.errand.item)
                    if isinstance(event, Failed):
                        conclude(self.demand, assessment, event.error)
                    for each in assessment.judged:
                        newest.append(each.judgement.is_scored)
                        cause = each.judgement.failure or cause
                    results.append(assessment)
            if results:
                yield results
            failed = newest.count(False)
            if len(newest) >= FEWEST_JUDGEMENTS and failed > MOST_FAILURES * len(newest):
                raise PausedError(
                    f"The judge failed in {failed} of its newest {len(newest)} judgements. The latest cause: {cause}",
                    "Resume the job once that is mended, or judge with another model.",
                    cause="judge_fails",
                )

    def _ask_through(self, recipe: Generator[Ask, Completion, R]) -> R:
        """The result of a recipe whose calls are made here, one after the other."""
        try:
            ask = next(recipe)
            while True:
                ask = recipe.send(self.provider.complete(ask.sent))
        except StopIteration as finished:
            result: R = finished.value
            return result


def _subject(example: JsonObject, format_type: str) -> Subject:
    return Subject(0, 1, get_format(format_type), example, {})
