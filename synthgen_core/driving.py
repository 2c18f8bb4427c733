"""Driving recipes: the calls that they ask for are made, several at a time, and what becomes of each recipe is told.

A recipe is a generator without I/O that yields what to ask, is sent the replies, and returns a result. What is asked
once, retried later, waited for, paid or remembered is decided here, the same for making examples as for judging them.
A call that failed for a reason that may pass goes back to the queue and frees its worker meanwhile.
"""

import math
import random
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Generic, Self, TypeVar

from synthgen_core.budget import Budget
from synthgen_core.concurrency import Backlog, Stop, map_unordered
from synthgen_core.errors import (
    InvalidExampleError,
    ProviderError,
    ProviderRefusedError,
    ProviderUnavailableError,
    StoppedError,
)
from synthgen_core.limiter import Limiter, Ticket, limiter_for
from synthgen_core.methods import Ask
from synthgen_core.models import Completion, Side, Usage
from synthgen_core.outcomes import Call, Reply, Wanted, request_key
from synthgen_core.providers.base import LLMProvider

R = TypeVar("R")
MAX_DELAYS, MAX_LIMITED = 7, 20
"""How often a call may be put back because the service was away, and because it was busy."""
LONGEST_SILENCE = 240.0
"""Seconds for which a service may say no to everybody; the more workers, the longer that many refusals take."""
FIRST_DELAY, FIRST_EXTRA, LONGEST_DELAY = 0.25, 0.05, 20.0
"""Seconds of the first random delay, the same on top of what a service asked for, and the longest; each doubles."""
OK, RATE_LIMIT = "ok", "rate_limit"

Memory = Callable[[str], Completion | None]
"""Finds the paid reply under a request's key."""
Delay = Callable[[int, float | None], float]
"""Seconds to wait, from how often the call was put back, and what the service asked for."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A model that takes part in a run, and how fast it may be asked."""

    provider: LLMProvider
    limiter: Limiter

    @classmethod
    def of(cls, provider: LLMProvider, limiter: Limiter | None = None) -> Self:
        """A model with the limiter that all jobs share for its service, unless another one is given."""
        return cls(provider, limiter or limiter_for(provider.config.type, provider.config.base_url))


@dataclass(slots=True)
class Errand(Generic[R]):
    """A recipe on its way: where it stands, and the call that it waits for. One thread at a time."""

    item: int
    tries: int
    """Attempts so far at this item, this one included; a part of what a reply is kept under, as is the item."""
    recipe: Generator[Ask, Completion, R]
    """Not begun yet: what it does before its first call is done in a worker's thread, if it can."""
    delays: int = 0
    waits_since: float = 0.0
    ticket: Ticket = field(default_factory=Ticket)
    started_at: float = 0.0
    """Its latest call as the limiter knows it, and when that began."""
    has_called: bool = False
    """A call was made for it; else all its replies were kept ones."""
    reserved: Ask | None = None
    """The call for whose worst case the budget has set something aside."""
    ask: Ask | None = None

    @property
    def side(self) -> Side:
        """Whose words it waits for."""
        return self.ask.side if self.ask else Side.WRITER

    def begin(self) -> Ask:
        """The call that it waits for; the recipe is begun where it was not."""
        if self.ask is None:
            self.ask = next(self.recipe)
        return self.ask


@dataclass(frozen=True, slots=True)
class Finished(Generic[R]):
    """A recipe has returned, after this reply."""

    errand: Errand[R]
    result: R
    reply: Reply


@dataclass(frozen=True, slots=True)
class Failed(Generic[R]):
    """A recipe came to nothing: it refused a reply, or a call failed for good."""

    errand: Errand[R]
    error: InvalidExampleError | ProviderError


@dataclass(frozen=True, slots=True)
class _Answer(Generic[R]):
    """What a call brought: a reply, and what became of it: the end of the recipe, or the next call to make."""

    reply: Reply
    is_paid: bool
    """It was paid for now."""
    end: "Finished[R] | Failed[R] | None" = None
    next: Ask | None = None


Event = Call | Reply | Wanted | Finished[R] | Failed[R]
LastReplies = dict[Side, float]


class Driver:
    """Makes the calls of any number of recipes with the models of a run. Holds no state between runs."""

    def __init__(
        self,
        voices: Mapping[Side, Voice],
        *,
        delay: Delay | None = None,
        longest_silence: float = LONGEST_SILENCE,
    ) -> None:
        self._voices = voices
        self._delay = delay or back_off
        self._longest_silence = longest_silence

    def drive(
        self,
        backlog: Backlog[Errand[R]],
        executor: Executor,
        workers: int,
        *,
        memory: Memory | None = None,
        stop: Stop | None = None,
        budget: Budget | None = None,
        is_offline: bool = False,
    ) -> Iterator[list[Event[R]]]:
        """Yield whatever came of finished calls, as it comes: for each the call, its reply, and a recipe's end.

        Whoever reads may put further errands into the backlog. With ``is_offline`` no call is made: what the memory
        does not hold is ``Wanted``, and its recipe ends there. No new call starts before the consumer comes back for
        the next list: what it saved by then is never paid twice.

        Raises:
            ProviderRefusedError: no further call can succeed (a wrong key, an unknown model, no credit).
            ProviderUnavailableError: the service stayed away.
            BudgetReachedError: the next call could take the run beyond its budget, and none is under way.
        """
        stop = stop or Stop()
        is_held = False
        last_replies: LastReplies = dict.fromkeys(Side, time.monotonic())

        def call(errand: Errand[R]) -> _Answer[R] | Wanted:
            limiter, is_refused = self._voices[errand.side].limiter, False
            try:
                return self._call(errand, memory, stop, is_offline)
            except ProviderError as error:
                is_refused = error.cause == RATE_LIMIT
                raise
            finally:  # also where the run has ended meanwhile: others share the limiter
                if not is_offline:
                    limiter.end(errand.ticket, is_refused=is_refused)

        def admit(errand: Errand[R]) -> float:
            nonlocal is_held
            errand.ticket = Ticket()
            if is_offline:
                return 0.0
            if not budget:
                return self._voices[errand.side].limiter.start(errand.ticket)
            ask = errand.begin()
            if is_held := not budget.reserve(ask.sent, ask.side):
                ask = errand.ask = replace(ask, hint="")  # a hint is a wish, a budget is not
                if is_held := not budget.reserve(ask.sent, ask.side):
                    return math.inf
            errand.reserved = ask
            if wait := self._voices[ask.side].limiter.start(errand.ticket):
                budget.release(ask.sent, ask.side)
            return wait

        for batch in map_unordered(call, backlog, executor, workers, stop=stop, admit=admit):
            events: list[Event[R]] = []
            end: ProviderError | None = None
            for errand, future in batch:
                try:
                    answer = future.result()
                except StoppedError:
                    continue
                except ProviderError as error:
                    events.append(self._ended(errand, error.cause, budget))
                    if self._is_the_end(errand, error, last_replies):
                        end = error
                    elif not self._put_off(errand, error, backlog):
                        events.append(Failed(errand, error))
                    continue
                if isinstance(answer, Wanted):
                    events.append(answer)
                    continue
                last_replies[answer.reply.side] = time.monotonic()
                errand.delays = 0
                if answer.is_paid:
                    events += [self._ended(errand, OK, budget, answer.reply), answer.reply]
                elif budget and errand.reserved:
                    budget.release(errand.reserved.sent, errand.reserved.side)
                if answer.end is not None:
                    events.append(answer.end)
                else:
                    errand.ask = answer.next
                    backlog.put_back(errand)
            if events:
                yield events
            if end:
                raise end
        if budget and is_held and not stop.is_set():
            raise budget.reached()

    def _call(self, errand: Errand[R], memory: Memory | None, stop: Stop, is_offline: bool) -> _Answer[R] | Wanted:
        """Get one reply and send it into the recipe. In a worker's thread: prompts and parsing hold up nobody."""
        ask = errand.begin()
        provider = self._voices[ask.side].provider
        key = request_key(provider.config, ask.request, errand.item, errand.tries)
        kept = memory(key) if memory else None
        if kept is None and is_offline:
            return Wanted(key, errand.item, errand.tries, ask.sent)
        errand.started_at = time.monotonic()
        completion = kept or provider.complete(ask.sent, stop)
        reply, is_paid = Reply(key, errand.item, errand.tries, completion, ask.side), kept is None
        try:
            return _Answer(reply, is_paid, next=errand.recipe.send(completion))
        except StopIteration as finished:
            return _Answer(reply, is_paid, Finished(errand, finished.value, reply))
        except InvalidExampleError as error:
            return _Answer(reply, is_paid, Failed(errand, error))

    def _ended(self, errand: Errand[R], outcome: str, budget: Budget | None, reply: Reply | None = None) -> Call:
        """Tell the budget of a call that is over, and the consumer."""
        voice, completion = self._voices[errand.side], reply.completion if reply else None
        errand.has_called = True
        seconds = completion.seconds if completion else time.monotonic() - errand.started_at
        model = voice.provider.config.model or (completion.model if completion else "")
        usage = completion.usage if completion else Usage()
        if budget and errand.reserved:
            budget.settle(errand.reserved.sent, usage, outcome, errand.reserved.side)
        return Call(errand.item, errand.tries, outcome, model, usage, seconds, errand.side)

    def _is_the_end(self, errand: Errand[R], error: ProviderError, last_replies: LastReplies) -> bool:
        """Whether a call failed in a way that ends the run: refused for good, or no reply to anybody for long."""
        if isinstance(error, ProviderUnavailableError):
            is_long = errand.delays > 0 and time.monotonic() - errand.waits_since > self._longest_silence
            is_often = errand.delays + 1 >= _patience(error)
            return (is_long or is_often) and last_replies[errand.side] <= errand.waits_since
        return isinstance(error, ProviderRefusedError) and error.is_fatal

    def _put_off(self, errand: Errand[R], error: ProviderError, backlog: Backlog[Errand[R]]) -> bool:
        """A call failed: have it made again later; False if that cannot help, or was done too often."""
        errand.waits_since = errand.waits_since if errand.delays else time.monotonic()
        errand.delays += 1
        if isinstance(error, ProviderUnavailableError) and errand.delays < _patience(error):
            backlog.put_back(errand, after=self._delay(errand.delays, error.retry_after))
            return True
        return False


def _patience(error: ProviderUnavailableError) -> int:
    return MAX_LIMITED if error.cause == RATE_LIMIT else MAX_DELAYS


def back_off(delays: int, retry_after: float | None) -> float:
    """What the service asked for, plus exponential back-off with full jitter, so that workers do not wake together."""
    first = FIRST_DELAY if retry_after is None else FIRST_EXTRA
    return (retry_after or 0.0) + random.random() * min(LONGEST_DELAY, first * 2.0**delays)
