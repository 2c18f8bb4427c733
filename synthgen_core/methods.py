"""Ways of making an example, each a small recipe without I/O: it yields what to ask and of which side, is sent the
replies, and returns the example's content. Whoever drives it decides which model answers, and what a failure costs.

Add a way by writing a recipe and its row in ``RECIPES``.
"""

import random
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Protocol

import orjson

from synthgen_core.checks import gate_answer, trim_answer
from synthgen_core.domains import Catalogue, Domain, Subdomain
from synthgen_core.errors import InvalidExampleError
from synthgen_core.formats import GENERATED, Format, get_format
from synthgen_core.languages import Language, language
from synthgen_core.models import ChatRequest, Completion, JsonObject, Message, Method, Role, Scenario, Side
from synthgen_core.parsing import parse_reply
from synthgen_core.prompts import answer_prompt, avoid_openings, build_prompt, shown_example
from synthgen_core.questions import core, first_turn, follow_ups
from synthgen_core.scenarios import Draw, draw_scenario
from synthgen_core.turn_prompts import assistant_prompt, user_prompt
from synthgen_core.turns import parse_turn

ANSWER_TRIES = 3
"""How often a small model may answer the same user turn before the conversation is given up."""
ANSWER_TOKENS, ANSWER_TEMPERATURE = 160, 0.3
"""What suited SmolLM2-135M best; the thresholds of ``checks`` were set on answers made like this."""
TURNS = (
    (Side.WRITER, Role.USER, user_prompt, 1000, 1.0),
    (Side.ASSISTANT, Role.ASSISTANT, assistant_prompt, 2000, 0.7),
)
"""The two turns of an exchange, where each is a call: prompt, most tokens, and temperature."""
REFUSED = ("refusal", "content_filter")
MAX_SEED = 2**31 - 1
LENGTH = "length"


@dataclass(frozen=True, slots=True)
class Ask:
    """A call that a recipe wants made."""

    request: ChatRequest
    side: Side = Side.WRITER
    hint: str = ""
    """Said at the end of the last message. It is no part of what a reply is kept under: it names what the dataset has
    by then, and a run that is resumed must find the replies that it has paid for."""

    @property
    def sent(self) -> ChatRequest:
        """The request as the model gets it."""
        if not self.hint:
            return self.request
        *before, last = self.request.messages
        return replace(self.request, messages=(*before, Message(last.role, last.content + self.hint)))


Recipe = Generator[Ask, Completion, JsonObject]


@dataclass(frozen=True, slots=True)
class Approved:
    """An example that a person approved, for prompts to show."""

    id: int
    content: JsonObject


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run makes: the same plan and item give the same scenario, prompt and sampling seed, for ever."""

    domain: Domain
    subdomain: Subdomain
    format: Format
    language: Language
    method: Method
    seed: int
    temperature: float | None = None
    """None: the method's own."""
    max_tokens: int | None = None
    approved: tuple[Approved, ...] = ()
    """Of the same format; prompts show ``shown`` of them, others for each item."""
    shown: int = 0

    def scenario(self, item: int, replacement: int = 0) -> Scenario:
        """The scenario of an item, or the one that replaces it after a failure.

        The question bank decides what an example is about, so only values that do not contradict it are drawn.
        """
        fits = None
        if self.method is Method.QUESTION_BANK:
            fits = core(self.domain, self.subdomain, question_number(item, replacement), self.seed)[0].fits
        return draw_scenario(self.domain, self.subdomain, self.seed, item, replacement, fits=fits)

    def shots(self, item: int, replacement: int = 0) -> tuple[Approved, ...]:
        """The approved examples that an item's prompts show."""
        if not self.approved:
            return ()  # most runs: nothing to draw from
        return tuple(Draw("few-shot", self.seed, item, replacement).shuffled(self.approved)[: self.shown])

    def templates(self) -> Iterator[JsonObject]:
        """All that the prompts of a run show as examples, and that no example of it may be a copy of."""
        if self.method is Method.STRUCTURED:
            yield shown_example(self.subdomain, self.format)
        yield from (approved.content for approved in self.approved)


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
    wanted = get_format(format_type, GENERATED)
    return Plan(found, sub, wanted, language(language_code), method, seed, temperature, max_tokens)


def random_seed() -> int:
    """A seed that nobody chose."""
    return random.SystemRandom().randrange(1, 2**31)


def question_number(item: int, replacement: int) -> int:
    """Which core of the question bank an item gets; a replacement starts elsewhere (7919 is a prime)."""
    return item + replacement * 7919


class Way(Protocol):
    """Makes the recipe of one attempt at an item. ``avoid`` are openings that the dataset has already."""

    def __call__(
        self, plan: Plan, scenario: Scenario, item: int, replacement: int, attempt: int, avoid: Sequence[str] = ()
    ) -> Recipe: ...


def structured(
    plan: Plan, scenario: Scenario, item: int, replacement: int, attempt: int, avoid: Sequence[str] = ()
) -> Recipe:
    """One call: the model writes the whole example as JSON."""
    approved = [shot.content for shot in plan.shots(item, replacement)]
    request = ChatRequest(
        build_prompt(
            plan.domain, plan.subdomain, scenario, format=plan.format, language=plan.language, approved=approved
        ),
        max_tokens=plan.max_tokens or 2000 + 500 * scenario.exchanges,
        temperature=1.0 if plan.temperature is None else plan.temperature,
        seed=Draw("sampling", plan.seed, item, replacement, attempt).integer(0, MAX_SEED),
        schema=orjson.dumps(plan.format.schema).decode(),
    )
    completion = yield Ask(request, hint=avoid_openings(avoid))
    content = plan.format.validate(parse_reply(completion.text, is_cut=completion.finish_reason == LENGTH))
    plan.format.check_exchanges(content, scenario.exchanges)
    return content


def turn_by_turn(
    plan: Plan, scenario: Scenario, item: int, replacement: int, attempt: int, avoid: Sequence[str] = ()
) -> Recipe:
    """A call for each turn: the user's side is played from the scenario, the assistant answers what it reads."""
    draw = Draw("sampling", plan.seed, item, replacement, attempt)
    approved = [shot.content for shot in plan.shots(item, replacement)]
    talk: list[Message] = []
    for _ in range(scenario.exchanges if plan.format.is_conversation else 1):
        for side, role, prompt_of, tokens, temperature in TURNS:
            request = ChatRequest(
                prompt_of(
                    plan.domain,
                    plan.subdomain,
                    scenario,
                    talk,
                    format=plan.format,
                    language=plan.language,
                    approved=approved,
                ),
                max_tokens=plan.max_tokens or tokens,
                temperature=temperature if plan.temperature is None else plan.temperature,
                seed=draw.integer(0, MAX_SEED),
            )
            completion = yield Ask(request, side, "" if talk else avoid_openings(avoid))
            is_refused = completion.finish_reason in REFUSED
            said = parse_turn(completion.text, is_cut=completion.finish_reason == LENGTH, is_refused=is_refused)
            if any(said == turn.content for turn in talk):
                raise InvalidExampleError(
                    "A turn was said before, word for word.", "Try again.", reason="repeats_itself"
                )
            talk.append(Message(role, said))
    return plan.format.validate(plan.format.from_messages(talk))


def question_bank(
    plan: Plan, scenario: Scenario, item: int, replacement: int, attempt: int, avoid: Sequence[str] = ()
) -> Recipe:
    """One call for each answer: user turns come from the question bank, the model only answers, a gate lets it pass."""
    labels = (plan.seed, item, replacement, attempt)
    draw = Draw("sampling", *labels)
    messages = [answer_prompt(plan.domain, plan.subdomain, scenario, plan.language)]
    number = question_number(item, replacement)
    users = chain(
        [first_turn(plan.domain, plan.subdomain, scenario, number=number, seed=plan.seed)],
        follow_ups(plan.domain, plan.subdomain, scenario, *labels),
    )
    exchanges = scenario.exchanges if plan.format.is_conversation else 1
    for user, _ in zip(users, range(exchanges), strict=False):
        messages.append(Message(Role.USER, user))
        answer = yield from _answer(plan, messages, draw)
        messages.append(Message(Role.ASSISTANT, answer))
    return plan.format.validate(plan.format.from_messages(messages[1:]))


def _answer(plan: Plan, messages: list[Message], draw: Draw) -> Generator[Ask, Completion, str]:
    earlier = [message.content for message in messages if message.role is Role.ASSISTANT]
    asked = [message.content for message in messages if message.role is Role.USER]
    question = asked[0] if len(asked) == 1 else f"{asked[0]} {asked[-1]}"
    reason: str | None = None
    for _ in range(ANSWER_TRIES):
        request = ChatRequest(
            tuple(messages),
            max_tokens=plan.max_tokens or ANSWER_TOKENS,
            temperature=ANSWER_TEMPERATURE if plan.temperature is None else plan.temperature,
            seed=draw.integer(0, MAX_SEED),
        )
        completion = yield Ask(request)
        answer = trim_answer(completion.text)
        if (reason := gate_answer(question, answer, earlier)) is None:
            return answer
    raise InvalidExampleError(f"The model's answer was not good enough ({reason}).", reason=f"answer_{reason}")


RECIPES: dict[Method, Way] = {
    Method.STRUCTURED: structured,
    Method.TURN_BY_TURN: turn_by_turn,
    Method.QUESTION_BANK: question_bank,
}
