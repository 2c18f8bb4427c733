"""Making a dataset through a service's batches: cheaper than call by call, and hours later.

A run through batches is the ordinary run over its memory of paid replies, without calls; what it wants then goes out in
a batch, and what comes back is in the memory when it runs again. So each round asks only for what is still missing:
replies that were no good, or that never came. After ``MOST_ROUNDS``, or once fewer than ``FEWEST`` are missing, the
rest is left to ordinary calls.
"""

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator

from synthgen_core.budget import Budget
from synthgen_core.concurrency import Stop
from synthgen_core.courier import Courier, Pile
from synthgen_core.database import Batch, BatchState
from synthgen_core.errors import ProviderUnavailableError, StoppedError
from synthgen_core.generator import HOPELESS
from synthgen_core.jobs import Run
from synthgen_core.outcomes import Failure, Made, Outcome, Wanted

MOST_ROUNDS, FEWEST = 3, 20
Replay = Callable[[Stop], Iterator[list[Outcome]]]
"""Runs over what is missing without a call: see ``is_offline`` of ``DatasetGenerator.generate``."""


class BatchRun:
    """The rounds of one job. For the job's thread."""

    def __init__(self, courier: Courier, run: Run, budget: Budget, earlier: Iterable[Batch]) -> None:
        """``earlier``: the batches that the job has had."""
        self._courier = courier
        self._run = run
        self._budget = budget
        self._round = max((batch.round for batch in earlier if batch.state is not BatchState.REFUSED), default=0)
        self._failures: Counter[int] = Counter()
        """Item -> its failed attempts that were told: every later round comes across them again."""

    def outcomes(self, replay: Replay) -> Iterator[list[Outcome]]:
        """What comes of the rounds. What was yielded must be saved before the next list is asked for.

        Raises:
            ProviderRefusedError: the service refuses the key, the requests, or batches altogether.
            ProviderUnavailableError: it stayed away, or no reply of the first round was of any use.
            BudgetReachedError: the next request could take the run beyond its budget.
        """
        courier = self._courier
        try:
            yield from courier.look_around()
            yield from courier.collect()
            while True:
                is_whole = yield from self._round_of(replay)
                if not courier.out:
                    return
                yield from courier.collect()
                self._round += is_whole and not courier.is_full
        except StoppedError:
            if self._run.is_interrupted:
                return
        has_news = False
        for outcomes in courier.cancel():
            has_news = True
            yield outcomes
        for outcomes in self.news(replay(Stop())) if has_news else ():
            if told := _told(outcomes):
                yield told

    def news(self, stream: Iterator[list[Outcome]]) -> Iterator[list[Outcome]]:
        """What comes of a run, but for failures that an earlier one over the same replies has told."""
        met: Counter[int] = Counter()
        for outcomes in stream:
            told = []
            for outcome in outcomes:
                if isinstance(outcome, Failure):
                    met[outcome.item] += 1
                    if met[outcome.item] <= self._failures[outcome.item]:
                        continue
                    self._failures[outcome.item] += 1
                told.append(outcome)
            if told:
                yield told

    def _round_of(self, replay: Replay) -> Generator[list[Outcome], None, bool]:
        """Make examples of the replies that are kept, and send for those that are missing; returns whether for all."""
        courier, pile = self._courier, Pile()
        courier.is_full = is_held = False
        made, failed = self._run.job.done, 0
        for outcomes in self.news(replay(self._run.stop)):
            if told := _told(outcomes):
                yield told
            made += sum(isinstance(outcome, Made) for outcome in outcomes)
            failed += sum(isinstance(outcome, Failure) for outcome in outcomes)
            for wanted in outcomes:
                if not isinstance(wanted, Wanted) or self._round >= MOST_ROUNDS or courier.is_full or is_held:
                    continue
                is_held = not courier.put_on(pile, wanted)
                if courier.has_enough(pile):
                    courier.send(pile, self._round + 1)
                    pile = Pile()
        self._run.stop.check()
        if failed >= HOPELESS and not made:
            raise ProviderUnavailableError(
                f"None of the {failed} replies was of any use.",
                "See the causes below; another model or format may do better.",
                cause="hopeless",
            )
        is_worth_it = len(pile.lines) >= FEWEST or self._round == 0 or courier.out or is_held
        if pile.lines and is_worth_it and not courier.is_full:
            courier.send(pile, self._round + 1)
        else:
            courier.drop(pile)
        if is_held and not courier.out:
            raise self._budget.reached()
        return not is_held


def _told(outcomes: list[Outcome]) -> list[Outcome]:
    """What is news to whoever reads on."""
    return [outcome for outcome in outcomes if not isinstance(outcome, Wanted)]
