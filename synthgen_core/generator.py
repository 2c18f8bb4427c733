"""Turning a plan into examples: a generator of outcomes, with no database and no screen in it.

Every item has a slot of its own, so the same seed gives the same scenarios in the same order however the calls overlap,
and the same replies where they are kept. What is not the same are the openings that a prompt says are taken, and which
of two examples that are alike came first and was let in.

An item whose reply is no good is tried again, ``MAX_ATTEMPTS`` times with the same scenario and then with up to
``MAX_REPLACEMENTS`` others; only then is it given up. How calls are made, and made again, is ``driving``'s.
"""

from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass

from synthgen_core.budget import Budget
from synthgen_core.concurrency import Backlog, Stop
from synthgen_core.domains import Catalogue, load_catalogue
from synthgen_core.door import REASONS as KNOWN_ALREADY
from synthgen_core.door import Door
from synthgen_core.driving import LONGEST_SILENCE, Delay, Driver, Errand, Failed, Finished, Memory, Voice
from synthgen_core.errors import InvalidExampleError, ProviderError, ProviderUnavailableError
from synthgen_core.formats import GENERATED
from synthgen_core.limiter import Limiter
from synthgen_core.methods import RECIPES, Ask, Plan, random_seed
from synthgen_core.models import Completion, JsonObject, Method, Scenario, Side
from synthgen_core.outcomes import Failure, Made, Outcome
from synthgen_core.parsing import parse_reply
from synthgen_core.providers.base import LLMProvider
from synthgen_core.scenarios import draw_scenario

MAX_ATTEMPTS = 3
MAX_REPLACEMENTS = 2
HOPELESS = 30
"""So many failed attempts at calls of this run, and not one example, and it ends."""


@dataclass(frozen=True, slots=True)
class _Draft:
    """What a recipe for an item comes to."""

    scenario: Scenario
    content: JsonObject


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
        self._assistant = assistant or provider
        voices = {side: Voice.of(voice, limiter) for side, voice in zip(Side, (provider, self._assistant), strict=True)}
        self._driver = Driver(voices, delay=delay, longest_silence=longest_silence)
        self.catalogue = catalogue or load_catalogue()

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
        door = door or Door(plan.format, plan.templates())
        made = failed_attempts = 0

        def attempt(item: int, tries: int = 1) -> Errand[_Draft]:
            return Errand(item, tries, _draft(plan, door, item, tries))

        backlog = Backlog(map(attempt, items))
        for events in self._driver.drive(
            backlog, executor, workers, memory=memory, stop=stop, budget=budget, is_offline=is_offline
        ):
            outcomes: list[Outcome] = []
            for event in events:
                found = self._let_in(plan, door, event) if isinstance(event, Finished) else event
                if isinstance(found, Failed):
                    errand, error = found.errand, found.error
                    failed_attempts += errand.has_called
                    further = next_attempt(errand.tries, error)
                    if further is not None:
                        backlog.put_back(attempt(errand.item, further))
                    outcomes.append(Failure(errand.item, error, is_final=further is None))
                else:
                    made += isinstance(found, Made)
                    outcomes.append(found)
            if outcomes:
                yield outcomes
            if failed_attempts >= HOPELESS and not made:
                raise ProviderUnavailableError(
                    f"None of the first {failed_attempts} replies was of any use.",
                    "See the causes below; another model or format may do better.",
                    cause="hopeless",
                )

    def _let_in(self, plan: Plan, door: Door, finished: Finished[_Draft]) -> Made | Failed[_Draft]:
        """An example is whole: accept it, unless the dataset has it already."""
        errand, draft = finished.errand, finished.result
        try:
            door.let_in(draft.content, draft.scenario.situation)
        except InvalidExampleError as error:
            return Failed(errand, error)
        metadata = self._metadata(plan, errand, draft.scenario, finished.reply.completion.model)
        return Made(errand.item, draft.content, metadata)

    def _metadata(self, plan: Plan, errand: Errand[_Draft], scenario: Scenario, model: str) -> JsonObject:
        metadata: JsonObject = {
            "domain": scenario.domain,
            "subdomain": scenario.subdomain,
            "language": plan.language.code,
            "parameters": dict(scenario.parameters),
            "situation": "" if plan.method is Method.QUESTION_BANK else scenario.situation,
            "exchanges": scenario.exchanges,
            "provider": self.provider.config.type,
            "model": self.provider.config.model or model,
            "method": plan.method,
            "seed": plan.seed,
            "item": errand.item,
            "tries": errand.tries,
        }
        if (assistant := self._assistant) is not self.provider:
            metadata |= {
                "assistant_provider": assistant.config.type,
                "assistant_model": assistant.config.model or model,
            }
        if shots := plan.shots(errand.item, place_of(errand.tries)[0]):
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


def place_of(tries: int) -> tuple[int, int]:
    """Which replacement of an item's scenario an attempt is at, from 0, and how often it was tried by then, from 1."""
    replacement, before = divmod(tries - 1, MAX_ATTEMPTS)
    return replacement, before + 1


def next_attempt(tries: int, error: InvalidExampleError | ProviderError) -> int | None:
    """The attempt to make after one that failed; None: the item is given up.

    It is with the same scenario, or with another one, at once where this one led to a repeat.
    """
    replacement, attempt = place_of(tries)
    is_repeat = isinstance(error, InvalidExampleError) and error.reason in KNOWN_ALREADY
    has_other = replacement < MAX_REPLACEMENTS
    if attempt < MAX_ATTEMPTS and not (is_repeat and has_other):
        return tries + 1
    return (replacement + 1) * MAX_ATTEMPTS + 1 if has_other else None


def _draft(plan: Plan, door: Door, item: int, tries: int) -> Generator[Ask, Completion, _Draft]:
    """The recipe of one attempt. What it draws, and what is to be avoided, is decided when it begins."""
    replacement, attempt = place_of(tries)
    scenario = plan.scenario(item, replacement)
    avoid = door.openings(scenario.situation)
    content = yield from RECIPES[plan.method](plan, scenario, item, replacement, attempt, avoid)
    return _Draft(scenario, content)
