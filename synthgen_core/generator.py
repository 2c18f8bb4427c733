"""Turning a plan into examples: a generator of outcomes, with no database and no screen in it.

Every item has a slot of its own, so the same seed gives the same examples in the same order however the calls overlap.
An item whose reply is no good is tried again, ``MAX_ATTEMPTS`` times with the same scenario and then with up to
``MAX_REPLACEMENTS`` others; only then is it given up. A call that failed for a reason that may pass goes back to the
queue and frees its worker meanwhile.
"""

import hashlib
import math
import random
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field

import orjson

from synthgen_core.budget import Budget
from synthgen_core.concurrency import Backlog, Stop, map_unordered
from synthgen_core.domains import Catalogue, load_catalogue
from synthgen_core.errors import (
    InvalidExampleError,
    ProviderError,
    ProviderRefusedError,
    ProviderUnavailableError,
    StoppedError,
    SynthGenError,
)
from synthgen_core.formats import FORMATS, get_format
from synthgen_core.languages import language
from synthgen_core.limiter import Limiter, limiter_for
from synthgen_core.methods import RECIPES, Plan, Recipe
from synthgen_core.models import ChatRequest, Completion, JsonObject, Method, ProviderConfig, Scenario, Usage
from synthgen_core.parsing import parse_reply
from synthgen_core.providers.base import LLMProvider
from synthgen_core.scenarios import draw_scenario

SCHEME = 1
"""Part of every request's key: raise it when the same request no longer means the same reply."""
MAX_ATTEMPTS = 3
MAX_REPLACEMENTS = 2
MAX_DELAYS, MAX_LIMITED = 7, 20
"""How often a call may be put back because the service was away, and because it was busy."""
FIRST_DELAY, FIRST_EXTRA, LONGEST_DELAY = 0.25, 0.05, 20.0
"""Seconds of the first random delay, the same on top of what a service asked for, and the longest; each doubles."""
OK, RATE_LIMIT = "ok", "rate_limit"
HOPELESS = 30
"""So many failed attempts, and not one example, and the run ends."""

Memory = Callable[[str], Completion | None]
"""Finds the paid reply under a request's key."""
Delay = Callable[[int, float | None], float]
"""Seconds to wait, from how often the call was put back, and what the service asked for."""


@dataclass(frozen=True, slots=True)
class Made:
    """An example that passed."""

    item: int
    content: JsonObject
    metadata: JsonObject


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that led to nothing; with ``is_final``, the item is given up."""

    item: int
    error: SynthGenError
    is_final: bool

    @property
    def cause(self) -> str:
        """A short class for counting."""
        if isinstance(self.error, ProviderError):
            return self.error.cause
        return self.error.reason if isinstance(self.error, InvalidExampleError) else "error"


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply that was paid for, under the key of its request."""

    key: str
    item: int
    attempt: int
    completion: Completion


@dataclass(frozen=True, slots=True)
class Call:
    """A call to the model that is over, whatever came of it."""

    item: int
    attempt: int
    outcome: str
    """"ok" for a reply, else the cause of the failure."""
    model: str
    usage: Usage
    seconds: float


Outcome = Made | Failure | Reply | Call


def request_key(config: ProviderConfig, request: ChatRequest, item: int, attempt: int) -> str:
    """SHA-256 over all that changes the reply, and nothing else (no key, no time, no job)."""
    said = [[message.role, message.content] for message in request.messages]
    asked = [request.max_tokens, request.temperature, request.seed, request.schema]
    return hashlib.sha256(orjson.dumps([SCHEME, config.public(), said, asked, item, attempt])).hexdigest()


@dataclass(slots=True)
class _Draft:
    """An item in the making: where its recipe stands, and the request that it waits for. One thread at a time."""

    item: int
    replacement: int = 0
    attempt: int = 1
    delays: int = 0
    waits_since: float = 0.0
    admitted_at: float = 0.0
    started_at: float = 0.0
    """When its latest call was let go, and when it began."""
    reserved: ChatRequest | None = None
    """The request for whose worst case the budget has set something aside."""
    scenario: Scenario | None = None
    recipe: Recipe | None = None
    request: ChatRequest | None = None

    @property
    def tries(self) -> int:
        """Attempts so far over all scenarios, this one included."""
        return self.replacement * MAX_ATTEMPTS + self.attempt

    def begin(self, plan: Plan) -> ChatRequest:
        """The request that it waits for; the recipe is begun where it was not."""
        if self.request is None:
            self.scenario = plan.scenario(self.item, self.replacement)
            self.recipe = RECIPES[plan.method](plan, self.scenario, self.item, self.replacement, self.attempt)
            self.request = next(self.recipe)
        return self.request


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a call brought: a reply, and what became of it: content, an error, or (neither) the next request."""

    reply: Reply
    is_paid: bool
    content: JsonObject | None = None
    error: InvalidExampleError | None = None


@dataclass(slots=True)
class _Tally:
    """What a run has seen so far; decides when it is hopeless."""

    made: int = 0
    failed_attempts: int = 0
    last_reply: float = field(default_factory=time.monotonic)


class DatasetGenerator:
    """Makes examples with one provider. Holds no state between runs."""

    def __init__(
        self,
        provider: LLMProvider,
        catalogue: Catalogue | None = None,
        *,
        delay: Delay | None = None,
        limiter: Limiter | None = None,
    ) -> None:
        self.provider = provider
        self._limiter = limiter or limiter_for(provider.config.type, provider.config.base_url)
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
    ) -> Iterator[list[Outcome]]:
        """Make an example for every item; yield whatever came of finished calls, as it comes.

        No new call starts before the consumer comes back for the next list: what it saved by then is never paid twice.

        Raises:
            ProviderRefusedError: no further call can succeed (a wrong key, an unknown model, no credit).
            ProviderUnavailableError: the service stayed away, or no reply was of any use.
            BudgetReachedError: the next call could take the run beyond its budget, and none is under way.
        """
        stop = stop or Stop()
        is_held = False
        backlog = Backlog(map(_Draft, items))
        tally = _Tally()

        def call(draft: _Draft) -> _Answer:
            return self._call(plan, draft, memory, stop)

        def admit(draft: _Draft) -> float:
            nonlocal is_held
            draft.admitted_at = time.monotonic()
            if not budget:
                return self._limiter.start()
            request = draft.begin(plan)
            if is_held := not budget.reserve(request):
                return math.inf
            draft.reserved = request
            if wait := self._limiter.start():
                budget.release(request)
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
                tally.last_reply = time.monotonic()
                draft.delays = 0
                if answer.is_paid:
                    outcomes += [self._ended(draft, OK, budget, answer.reply.completion), answer.reply]
                elif budget and draft.reserved:
                    budget.release(draft.reserved)
                if answer.content is not None:
                    tally.made += 1
                    metadata = self._metadata(plan, draft, answer.reply.completion.model)
                    outcomes.append(Made(draft.item, answer.content, metadata))
                elif answer.error is not None:
                    outcomes.append(self._try_again(draft, answer.error, backlog, tally))
                else:
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

    def _call(self, plan: Plan, draft: _Draft, memory: Memory | None, stop: Stop) -> _Answer:
        """Get one reply and send it into the recipe. In a worker's thread: prompts and parsing hold up nobody."""
        request = draft.begin(plan)
        key = request_key(self.provider.config, request, draft.item, draft.tries)
        kept = memory(key) if memory else None
        draft.started_at = time.monotonic()
        completion = kept or self.provider.complete(request, stop)
        reply, is_paid = Reply(key, draft.item, draft.tries, completion), kept is None
        assert draft.recipe is not None
        try:
            draft.request = draft.recipe.send(completion)
        except StopIteration as finished:
            return _Answer(reply, is_paid, content=finished.value)
        except InvalidExampleError as error:
            return _Answer(reply, is_paid, error=error)
        return _Answer(reply, is_paid)

    def _ended(self, draft: _Draft, outcome: str, budget: Budget | None, completion: Completion | None = None) -> Call:
        """Tell the limiter and the budget of a call that is over, and the consumer."""
        self._limiter.end(draft.admitted_at, is_refused=outcome == RATE_LIMIT)
        seconds = completion.seconds if completion else time.monotonic() - draft.started_at
        model = self.provider.config.model or (completion.model if completion else "")
        usage = completion.usage if completion else Usage()
        if budget and draft.reserved:
            budget.settle(draft.reserved, usage, outcome)
        return Call(draft.item, draft.tries, outcome, model, usage, seconds)

    def _is_the_end(self, draft: _Draft, error: ProviderError, tally: _Tally) -> bool:
        """Whether a call failed in a way that ends the run: refused for good, or no reply to anybody for long."""
        if isinstance(error, ProviderUnavailableError):
            return draft.delays + 1 >= _patience(error) and tally.last_reply <= draft.waits_since
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
        tally.failed_attempts += 1
        if draft.attempt < MAX_ATTEMPTS:
            backlog.put_back(_Draft(draft.item, draft.replacement, draft.attempt + 1))
        elif draft.replacement < MAX_REPLACEMENTS:
            backlog.put_back(_Draft(draft.item, draft.replacement + 1))
        else:
            return Failure(draft.item, error, is_final=True)
        return Failure(draft.item, error, is_final=False)

    def _metadata(self, plan: Plan, draft: _Draft, model: str) -> JsonObject:
        assert draft.scenario is not None
        return {
            "domain": draft.scenario.domain,
            "subdomain": draft.scenario.subdomain,
            "language": plan.language.code,
            "parameters": dict(draft.scenario.parameters),
            "situation": draft.scenario.situation if plan.method is Method.STRUCTURED else "",
            "exchanges": draft.scenario.exchanges,
            "provider": self.provider.config.type,
            "model": self.provider.config.model or model,
            "method": plan.method,
            "seed": plan.seed,
            "item": draft.item,
            "tries": draft.tries,
        }

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
            for format_ in FORMATS.values():
                if format_.detect(content):
                    return format_.validate(content)
            raise InvalidExampleError("The reply is JSON, but no example.", reason="unknown_format")
        except InvalidExampleError as error:
            if attempt >= max_attempts:
                raise InvalidExampleError(
                    f"Generation failed: {error.message}", error.hint, reason=error.reason
                ) from error
        return self.generate_example(prompt, attempt + 1, max_attempts)


def make_plan(
    catalogue: Catalogue,
    *,
    domain: str,
    subdomain: str,
    format_type: str,
    language_code: str,
    method: Method,
    seed: int,
    temperature: float | None = None,
    max_tokens: int | None = None,
) -> Plan:
    """The plan that these names stand for. Raises NotFoundError for a name that is not known."""
    found, sub = catalogue.find(domain, subdomain)
    return Plan(found, sub, get_format(format_type), language(language_code), method, seed, temperature, max_tokens)


def random_seed() -> int:
    """A seed that nobody chose."""
    return random.SystemRandom().randrange(1, 2**31)


def _patience(error: ProviderUnavailableError) -> int:
    return MAX_LIMITED if error.cause == RATE_LIMIT else MAX_DELAYS


def back_off(delays: int, retry_after: float | None) -> float:
    """What the service asked for, plus exponential back-off with full jitter, so that workers do not wake together."""
    first = FIRST_DELAY if retry_after is None else FIRST_EXTRA
    return (retry_after or 0.0) + random.random() * min(LONGEST_DELAY, first * 2.0**delays)
