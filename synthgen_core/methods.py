"""Ways of making an example, each a small recipe without I/O: it yields requests, is sent the replies, and returns the
example's content. Whoever drives it decides which model answers, and what a failure costs.

Add a way by writing a recipe and its row in ``RECIPES``.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from itertools import chain

import orjson

from synthgen_core.checks import gate_answer, trim_answer
from synthgen_core.domains import Domain, Subdomain
from synthgen_core.errors import InvalidExampleError
from synthgen_core.formats import Format
from synthgen_core.languages import Language
from synthgen_core.models import ChatRequest, Completion, JsonObject, Message, Method, Role, Scenario
from synthgen_core.parsing import parse_reply
from synthgen_core.prompts import answer_prompt, build_prompt
from synthgen_core.questions import core, first_turn, follow_ups
from synthgen_core.scenarios import Draw, draw_scenario

Recipe = Generator[ChatRequest, Completion, JsonObject]
ANSWER_TRIES = 3
"""How often a small model may answer the same user turn before the conversation is given up."""
ANSWER_TOKENS, ANSWER_TEMPERATURE = 160, 0.3
"""What suited SmolLM2-135M best; the thresholds of ``checks`` were set on answers made like this."""
MAX_SEED = 2**31 - 1
LENGTH = "length"


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

    def scenario(self, item: int, replacement: int = 0) -> Scenario:
        """The scenario of an item, or the one that replaces it after a failure.

        The question bank decides what an example is about, so only values that do not contradict it are drawn.
        """
        fits = None
        if self.method is Method.QUESTION_BANK:
            fits = core(self.domain, self.subdomain, question_number(item, replacement), self.seed)[0].fits
        return draw_scenario(self.domain, self.subdomain, self.seed, item, replacement, fits=fits)


def question_number(item: int, replacement: int) -> int:
    """Which core of the question bank an item gets; a replacement starts elsewhere (7919 is a prime)."""
    return item + replacement * 7919


def structured(plan: Plan, scenario: Scenario, item: int, replacement: int, attempt: int) -> Recipe:
    """One call: the model writes the whole example as JSON."""
    completion = yield ChatRequest(
        build_prompt(plan.domain, plan.subdomain, scenario, format=plan.format, language=plan.language),
        max_tokens=plan.max_tokens or 2000 + 500 * scenario.exchanges,
        temperature=1.0 if plan.temperature is None else plan.temperature,
        seed=Draw("sampling", plan.seed, item, replacement, attempt).integer(0, MAX_SEED),
        schema=orjson.dumps(plan.format.schema).decode(),
    )
    content = plan.format.validate(parse_reply(completion.text, is_cut=completion.finish_reason == LENGTH))
    plan.format.check_exchanges(content, scenario.exchanges)
    return content


def question_bank(plan: Plan, scenario: Scenario, item: int, replacement: int, attempt: int) -> Recipe:
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


def _answer(plan: Plan, messages: list[Message], draw: Draw) -> Generator[ChatRequest, Completion, str]:
    earlier = [message.content for message in messages if message.role is Role.ASSISTANT]
    asked = [message.content for message in messages if message.role is Role.USER]
    question = asked[0] if len(asked) == 1 else f"{asked[0]} {asked[-1]}"
    reason: str | None = None
    for _ in range(ANSWER_TRIES):
        completion = yield ChatRequest(
            tuple(messages),
            max_tokens=plan.max_tokens or ANSWER_TOKENS,
            temperature=ANSWER_TEMPERATURE if plan.temperature is None else plan.temperature,
            seed=draw.integer(0, MAX_SEED),
        )
        answer = trim_answer(completion.text)
        if (reason := gate_answer(question, answer, earlier)) is None:
            return answer
    raise InvalidExampleError(f"The model's answer was not good enough ({reason}).", reason=f"answer_{reason}")


RECIPES: dict[Method, Callable[[Plan, Scenario, int, int, int], Recipe]] = {
    Method.STRUCTURED: structured,
    Method.QUESTION_BANK: question_bank,
}
