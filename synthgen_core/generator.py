"""Turning a plan into examples: a generator of outcomes, with no database and no screen in it.

Every item has a slot of its own, so the same seed gives the same scenarios in the same order however the calls overlap,
and the same replies where they are kept. What is not the same are the openings that a prompt says are taken, and which
of two examples that are alike came first and was let in.

An item whose reply is no good is tried again, ``MAX_ATTEMPTS`` times with the same scenario and then with up to
``MAX_REPLACEMENTS`` others; only then is it given up. A call that failed for a reason that may pass goes back to the
queue and frees its worker meanwhile.
"""

import math
import random
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace

from synthgen_core.budget import Budget
from synthgen_core.concurrency import Backlog, Stop, map_unordered
from synthgen_core.domains import Catalogue, load_catalogue
from synthgen_core.door import REASONS as KNOWN_ALREADY
from synthgen_core.door import Door
from synthgen_core.errors import (
    InvalidExampleError,
    ProviderError,
    ProviderRefusedError,
    ProviderUnavailableError,
    StoppedError,
    SynthGenError,
)
from synthgen_core.formats import GENERATED
from synthgen_core.limiter import Limiter, Ticket, limiter_for
from synthgen_core.methods import RECIPES, Ask, Plan, Recipe, random_seed
from synthgen_core.models import Completion, JsonObject, Method, Scenario, Side, Usage
from synthgen_core.outcomes import Call, Failure, Made, Outcome, Reply, Wanted, request_key
from synthgen_core.parsing import parse_reply
from synthgen_core.providers.base import LLMProvider
from synthgen_core.scenarios import draw_scenario

MAX_ATTEMPTS = 3
MAX_REPLACEMENTS = 2
MAX_DELAYS, MAX_LIMITED = 7, 20
"""How often a call may be put back because the service was away, and because it was busy."""
LONGEST_SILENCE = 240.0
"""Seconds for which a service may say no to everybody; the more workers, the longer that many refusals take."""
FIRST_DELAY, FIRST_EXTRA, LONGEST_DELAY = 0.25, 0.05, 20.0
"""Seconds of the first random delay, the same on top of what a service asked for, and the longest; each doubles."""
OK, RATE_LIMIT = "ok", "rate_limit"
HOPELESS = 30
"""So many failed attempts at calls of this run, and not one example, and it ends."""

Memory = Callable[[str], Completion | None]
"""Finds the paid reply under a request's key."""
Delay = Callable[[int, float | None], float]
"""Seconds to wait, from how often the call was put back, and what the service asked for."""


@dataclass(frozen=True, slots=True)
class _Voice:
    """A model that takes part in a run, and how fast it may be asked."""

    provider: LLMProvider
    limiter: Limiter


@dataclass(slots=True)
class _Draft:
    """An item in the making: where its recipe stands, and the call that it waits for. One thread at a time."""

    item: int
    replacement: int = 0
    attempt: int = 1
    delays: int = 0
    waits_since: float = 0.0
    ticket: Ticket = field(default_factory=Ticket)
    started_at: float = 0.0
    """Its latest call as the limiter knows it, and when that began."""
    has_called: bool = False
    """A call was made for it; else all its replies were kept ones."""
    reserved: Ask | None = None
    """The call for whose worst case the budget has set something aside."""
    scenario: Scenario | None = None
    recipe: Recipe | None = None
    ask: Ask | None = None

    @property
    def tries(self) -> int:
        """Attempts so far over all scenarios, this one included."""
        return self.replacement * MAX_ATTEMPTS + self.attempt

    @property
    def side(self) -> Side:
        """Whose words it waits for."""
        return self.ask.side if self.ask else Side.WRITER

    def begin(self, plan: Plan, door: Door) -> Ask:
        """The call that it waits for; the recipe is begun where it was not."""
        if self.ask is None:
            self.scenario = plan.scenario(self.item, self.replacement)
            avoid = door.openings(self.scenario.situation)
            make = RECIPES[plan.method]
            self.recipe = make(plan, self.scenario, self.item, self.replacement, self.attempt, avoid)
            self.ask = next(self.recipe)
        return self.ask


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a call brought: a reply, and what became of it: content, an error, or the next call to make."""

    reply: Reply
    is_paid: bool
    """It was paid for now."""
    content: JsonObject | None = None
    error: InvalidExampleError | None = None
    next: Ask | None = None


@dataclass(slots=True)
class _Tally:
    """What a run has seen so far; decides when it is hopeless."""

    made: int = 0
    failed_attempts: int = 0
    last_reply: dict[Side, float] = field(default_factory=lambda: dict.fromkeys(Side, time.monotonic()))


class DatasetGenerator:
    """Makes examples with one provider, or with a second one for the assistant's side. Holds no state between runs."""

    def __init__(
        self,
        provider: LLMProvider,
        catalogue: Catalogue | None = None,
        *,
        assistant: LLMProvider | None = None,
        delay: Delay | None = None,
        limiter: Limiter | None = None,
        longest_silence: float = LONGEST_SILENCE,
    ) -> None:
        self.provider = provider
        self._longest_silence = longest_silence
        self._voices = {
            side: _Voice(voice, limiter or limiter_for(voice.config.type, voice.config.base_url))
            for side, voice in ((Side.WRITER, provider), (Side.ASSISTANT, assistant or provider))
        }
        self.catalogue = catalogue or load_catalogue()
        self._delay = delay or back_off

    def generate(
        self,
        plan: Plan,
        items: Iterable[int],
        executor: Executor,
        workers: int,
        *,
        memory: Memory | None = None,
        stop: Stop | None = None,
        budget: Budget | None = None,
        door: Door | None = None,
        is_offline: bool = False,
    ) -> Iterator[list[Outcome]]:
        """Make an example for every item; yield whatever came of finished calls, as it comes.

        ``door`` knows what the dataset has, and from now on what comes in; without one, the dataset is new.
        With ``is_offline`` no call is made: what the memory does not hold is ``Wanted``, and its item ends there.
        No new call starts before the consumer comes back for the next list: what it saved by then is never paid twice.

        Raises:
            ProviderRefusedError: no further call can succeed (a wrong key, an unknown model, no credit).
            ProviderUnavailableError: the service stayed away, or no reply was of any use.
            BudgetReachedError: the next call could take the run beyond its budget, and none is under way.
        """
        stop = stop or Stop()
        door = door or Door(plan.format, plan.templates())
        is_held = False
        backlog = Backlog(map(_Draft, items))
        tally = _Tally()

        def call(draft: _Draft) -> _Answer | Wanted:
            limiter, is_refused = self._voices[draft.side].limiter, False
            try:
                return self._call(plan, draft, door, memory, stop, is_offline)
            except ProviderError as error:
                is_refused = error.cause == RATE_LIMIT
                raise
            finally:  # also where the run has ended meanwhile: others share the limiter
                if not is_offline:
                    limiter.end(draft.ticket, is_refused=is_refused)

        def admit(draft: _Draft) -> float:
            nonlocal is_held
            draft.ticket = Ticket()
            if is_offline:
                return 0.0
            if not budget:
                return self._voices[draft.side].limiter.start(draft.ticket)
            ask = draft.begin(plan, door)
            if is_held := not budget.reserve(ask.sent, ask.side):
                ask = draft.ask = replace(ask, hint="")  # a hint is a wish, a budget is not
                if is_held := not budget.reserve(ask.sent, ask.side):
                    return math.inf
            draft.reserved = ask
            if wait := self._voices[ask.side].limiter.start(draft.ticket):
                budget.release(ask.sent, ask.side)
            return wait

        for batch in map_unordered(call, backlog, executor, workers, stop=stop, admit=admit):
            outcomes: list[Outcome] = []
            end: ProviderError | None = None
            for draft, future in batch:
                try:
                    answer = future.result()
                except StoppedError:
                    continue
                except ProviderError as error:
                    outcomes.append(self._ended(draft, error.cause, budget))
                    if self._is_the_end(draft, error, tally):
                        end = error
                    elif failure := self._put_off(draft, error, backlog, tally):
                        outcomes.append(failure)
                    continue
                if isinstance(answer, Wanted):
                    outcomes.append(answer)
                    continue
                tally.last_reply[answer.reply.side] = time.monotonic()
                draft.delays = 0
                if answer.is_paid:
                    outcomes += [self._ended(draft, OK, budget, answer.reply), answer.reply]
                elif budget and draft.reserved:
                    budget.release(draft.reserved.sent, draft.reserved.side)
                if answer.content is not None:
                    outcomes.append(self._let_in(plan, draft, answer, door, backlog, tally))
                elif answer.error is not None:
                    outcomes.append(self._try_again(draft, answer.error, backlog, tally))
                else:
                    draft.ask = answer.next
                    backlog.put_back(draft)
            if outcomes:
                yield outcomes
            if end:
                raise end
            if tally.failed_attempts >= HOPELESS and not tally.made:
                raise ProviderUnavailableError(
                    f"None of the first {tally.failed_attempts} replies was of any use.",
                    "See the causes below; another model or format may do better.",
                    cause="hopeless",
                )
        if budget and is_held and not stop.is_set():
            raise budget.reached()

    def _call(
        self, plan: Plan, draft: _Draft, door: Door, memory: Memory | None, stop: Stop, is_offline: bool
    ) -> _Answer | Wanted:
        """Get one reply and send it into the recipe. In a worker's thread: prompts and parsing hold up nobody."""
        ask = draft.begin(plan, door)
        provider = self._voices[ask.side].provider
        key = request_key(provider.config, ask.request, draft.item, draft.tries)
        kept = memory(key) if memory else None
        if kept is None and is_offline:
            return Wanted(key, draft.item, draft.tries, ask.sent)
        draft.started_at = time.monotonic()
        completion = kept or provider.complete(ask.sent, stop)
        reply, is_paid = Reply(key, draft.item, draft.tries, completion, ask.side), kept is None
        assert draft.recipe is not None
        try:
            return _Answer(reply, is_paid, next=draft.recipe.send(completion))
        except StopIteration as finished:
            return _Answer(reply, is_paid, content=finished.value)
        except InvalidExampleError as error:
            return _Answer(reply, is_paid, error=error)

    def _ended(self, draft: _Draft, outcome: str, budget: Budget | None, reply: Reply | None = None) -> Call:
        """Tell the budget of a call that is over, and the consumer."""
        voice, completion = self._voices[draft.side], reply.completion if reply else None
        draft.has_called = True
        seconds = completion.seconds if completion else time.monotonic() - draft.started_at
        model = voice.provider.config.model or (completion.model if completion else "")
        usage = completion.usage if completion else Usage()
        if budget and draft.reserved:
            budget.settle(draft.reserved.sent, usage, outcome, draft.reserved.side)
        return Call(draft.item, draft.tries, outcome, model, usage, seconds, draft.side)

    def _let_in(
        self, plan: Plan, draft: _Draft, answer: _Answer, door: Door, backlog: Backlog[_Draft], tally: _Tally
    ) -> Made | Failure:
        """An example is whole: accept it, unless the dataset has it already."""
        assert draft.scenario is not None
        assert answer.content is not None
        try:
            door.let_in(answer.content, draft.scenario.situation)
        except InvalidExampleError as error:
            return self._try_again(draft, error, backlog, tally)
        tally.made += 1
        return Made(draft.item, answer.content, self._metadata(plan, draft, answer.reply.completion.model))

    def _is_the_end(self, draft: _Draft, error: ProviderError, tally: _Tally) -> bool:
        """Whether a call failed in a way that ends the run: refused for good, or no reply to anybody for long."""
        if isinstance(error, ProviderUnavailableError):
            is_long = draft.delays > 0 and time.monotonic() - draft.waits_since > self._longest_silence
            is_often = draft.delays + 1 >= _patience(error)
            return (is_long or is_often) and tally.last_reply[draft.side] <= draft.waits_since
        return isinstance(error, ProviderRefusedError) and error.is_fatal

    def _put_off(self, draft: _Draft, error: ProviderError, backlog: Backlog[_Draft], tally: _Tally) -> Failure | None:
        """A call failed: wait and call again, or give this attempt up."""
        draft.waits_since = draft.waits_since if draft.delays else time.monotonic()
        draft.delays += 1
        if isinstance(error, ProviderUnavailableError) and draft.delays < _patience(error):
            backlog.put_back(draft, after=self._delay(draft.delays, error.retry_after))
            return None
        return self._try_again(draft, error, backlog, tally)

    def _try_again(self, draft: _Draft, error: SynthGenError, backlog: Backlog[_Draft], tally: _Tally) -> Failure:
        """Begin the item anew: with the same scenario, or with another one, at once where this one led to a repeat."""
        tally.failed_attempts += draft.has_called
        is_repeat = isinstance(error, InvalidExampleError) and error.reason in KNOWN_ALREADY
        has_other = draft.replacement < MAX_REPLACEMENTS
        if draft.attempt < MAX_ATTEMPTS and not (is_repeat and has_other):
            backlog.put_back(_Draft(draft.item, draft.replacement, draft.attempt + 1))
        elif has_other:
            backlog.put_back(_Draft(draft.item, draft.replacement + 1))
        else:
            return Failure(draft.item, error, is_final=True)
        return Failure(draft.item, error, is_final=False)

    def _metadata(self, plan: Plan, draft: _Draft, model: str) -> JsonObject:
        assert draft.scenario is not None
        metadata: JsonObject = {
            "domain": draft.scenario.domain,
            "subdomain": draft.scenario.subdomain,
            "language": plan.language.code,
            "parameters": dict(draft.scenario.parameters),
            "situation": "" if plan.method is Method.QUESTION_BANK else draft.scenario.situation,
            "exchanges": draft.scenario.exchanges,
            "provider": self.provider.config.type,
            "model": self.provider.config.model or model,
            "method": plan.method,
            "seed": plan.seed,
            "item": draft.item,
            "tries": draft.tries,
        }
        if (assistant := self._voices[Side.ASSISTANT].provider) is not self.provider:
            metadata |= {
                "assistant_provider": assistant.config.type,
                "assistant_model": assistant.config.model or model,
            }
        if shots := plan.shots(draft.item, draft.replacement):
            metadata["few_shot"] = [shot.id for shot in shots]
        return metadata

    def generate_scenario_parameters(
        self, domain: str, subdomain: str, num_examples: int = 1, *, seed: int | None = None
    ) -> dict[str, str] | list[dict[str, str]]:
        """Drawn parameters, by weight: of one scenario, or a list where more than one is asked for.

        Domain and subdomain by slug, name or alias; without a seed they differ each time. Raises NotFoundError.
        """
        found, sub = self.catalogue.find(domain, subdomain)
        seed = random_seed() if seed is None else seed
        drawn = [dict(draw_scenario(found, sub, seed, n).parameters) for n in range(num_examples)]
        return drawn[0] if num_examples == 1 else drawn

    def generate_example(self, prompt: str, attempt: int = 1, max_attempts: int = MAX_ATTEMPTS) -> JsonObject:
        """One example from a prompt of the caller's own, tried until it is valid or ``max_attempts`` are used up.

        Raises:
            InvalidExampleError: the last reply was still no example.
            ProviderError: as ``LLMProvider.complete`` does.
        """
        try:
            content = parse_reply(self.provider.generate_text(prompt))
            for format_ in GENERATED.values():
                if format_.detect(content):
                    return format_.validate(content)
            raise InvalidExampleError("The reply is JSON, but no example.", reason="unknown_format")
        except InvalidExampleError as error:
            if attempt >= max_attempts:
                raise InvalidExampleError(
                    f"Generation failed: {error.message}", error.hint, reason=error.reason
                ) from error
        return self.generate_example(prompt, attempt + 1, max_attempts)


def _patience(error: ProviderUnavailableError) -> int:
    return MAX_LIMITED if error.cause == RATE_LIMIT else MAX_DELAYS


def back_off(delays: int, retry_after: float | None) -> float:
    """What the service asked for, plus exponential back-off with full jitter, so that workers do not wake together."""
    first = FIRST_DELAY if retry_after is None else FIRST_EXTRA
    return (retry_after or 0.0) + random.random() * min(LONGEST_DELAY, first * 2.0**delays)
