"""Running a generator against the local server, and counting what comes of it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field

from synthgen_core import outcomes as outcomes_of
from synthgen_core.budget import Budget
from synthgen_core.concurrency import DaemonExecutor, Stop
from synthgen_core.domains import load_catalogue
from synthgen_core.door import Door
from synthgen_core.driving import Delay, Memory
from synthgen_core.errors import (
    ProviderError,
)
from synthgen_core.generator import MAX_ATTEMPTS, MAX_REPLACEMENTS, DatasetGenerator
from synthgen_core.methods import RECIPES, Plan, make_plan
from synthgen_core.models import ChatRequest, JsonObject, Message, Method, Role
from synthgen_core.outcomes import Failure, Made, Reply
from synthgen_core.providers import create_provider
from tests.support.replies import without_openings
from tests.support.server import Act, Call, ModelServer

JUNK = Act(text="Certainly! What would you like?")
PATIENCE = 30.0
CATALOGUE = load_catalogue()
REQUEST = ChatRequest((Message(Role.SYSTEM, "é"), Message(Role.USER, "b")), 10, 0.5, 11, "{}")


def plan_of(method: Method = Method.STRUCTURED, format_type: str = "chat", *, seed: int = 7) -> Plan:
    return make_plan(
        CATALOGUE,
        domain="support",
        subdomain="technical_support",
        format_type=format_type,
        language_code="en",
        method=method,
        seed=seed,
    )


@dataclass(slots=True)
class Run:
    """What came of a run, in the order in which it came."""

    made: list[Made] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    calls: list[outcomes_of.Call] = field(default_factory=list)
    error: ProviderError | None = None

    @property
    def contents(self) -> dict[int, JsonObject]:
        return {made.item: made.content for made in self.made}

    @property
    def causes(self) -> Counter[str]:
        return Counter(failure.cause for failure in self.failures)


def at_once(delays: int, retry_after: float | None) -> float:
    return 0.0


@contextmanager
def generator_for(
    server: ModelServer, workers: int, delay: Delay, assistant: ModelServer | None = None
) -> Iterator[tuple[DatasetGenerator, DaemonExecutor]]:
    provider = create_provider("openai", {"url": server.url, "model": "m"})
    second = create_provider("anthropic", {"url": assistant.root, "model": "a"}) if assistant else None
    executor = DaemonExecutor(workers)
    yield DatasetGenerator(provider, CATALOGUE, assistant=second, delay=delay), executor
    for one in (server, assistant):
        if one:
            one.release()
    executor.shutdown(wait=False, cancel_futures=True)
    assert executor.join(PATIENCE)
    for other in (provider, second):
        if other:
            other.close()


def run(
    server: ModelServer,
    items: Iterable[int] = range(20),
    *,
    plan: Plan | None = None,
    workers: int = 8,
    memory: Memory | None = None,
    stop: Stop | None = None,
    delay: Delay = at_once,
    watch: Callable[[Run], None] = lambda run: None,
    executor: Executor | None = None,
    assistant: ModelServer | None = None,
    budget: Budget | None = None,
    door: Door | None = None,
) -> Run:
    """A whole run; an error that ends it is kept. ``assistant`` speaks Anthropic's protocol, ``server`` OpenAI's."""
    seen = Run()
    with generator_for(server, workers, delay, assistant) as (generator, threads):
        try:
            for outcomes in generator.generate(
                plan or plan_of(),
                items,
                executor or threads,
                workers,
                memory=memory,
                stop=stop,
                budget=budget,
                door=door,
            ):
                for outcome in outcomes:
                    match outcome:
                        case Made():
                            seen.made.append(outcome)
                        case Failure():
                            seen.failures.append(outcome)
                        case Reply():
                            seen.replies.append(outcome)
                        case outcomes_of.Call():
                            seen.calls.append(outcome)
                watch(seen)
        except ProviderError as error:
            seen.error = error
    return seen


def prompts_of(plan: Plan, item: int) -> set[tuple[str, int | None]]:
    """The last message and seed of every structured request that an item can lead to."""
    found = set()
    for replacement in range(MAX_REPLACEMENTS + 1):
        for attempt in range(1, MAX_ATTEMPTS + 1):
            ask = next(RECIPES[plan.method](plan, plan.scenario(item, replacement), item, replacement, attempt))
            request = ask.request
            found.add((request.messages[-1].content, request.seed))
    return found


def only_for(item: int, act: Act, plan: Plan) -> Callable[[Call], Act]:
    """This act for an item's calls; good answers for all others."""
    prompts = prompts_of(plan, item)
    return lambda call: act if (without_openings(call.words), call.body["seed"]) in prompts else Act()
