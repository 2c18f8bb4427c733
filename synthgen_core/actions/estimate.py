"""What a run will take, told before it starts: calls, tokens, money, and what the figures rest on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from statistics import fmean

from synthgen_core.actions.generation import GenerationRequest, Trial, check_request
from synthgen_core.actions.usage import tariff_for
from synthgen_core.budget import Tariff
from synthgen_core.methods import RECIPES, Plan
from synthgen_core.models import ChatRequest, Method, Scenario, Usage
from synthgen_core.workspace import Workspace

SAMPLE = 25
"""Scenarios that are drawn to learn how long conversations will be."""
RECENT = 200
"""Calls that are looked back at."""
FEWEST_EXAMPLES = 5
"""With fewer examples among them, the calls that were made do not tell how often one must be asked for again."""
USUAL_TRIES = 1.1
"""Calls for each one that is of use, where nothing is known: every tenth is made again."""
BYTES_A_TOKEN, TOKENS_A_WORD = 4.0, 1.35
WORDS: Mapping[Method, int] = {Method.STRUCTURED: 90, Method.QUESTION_BANK: 55}
"""Of an assistant's answer, about; every way of making an example has its own."""
USER_WORDS = 40
"""Of a user's turn, about."""
THINKING = 1000
"""Tokens a call, about, for a model that reasons."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run will take, about."""

    calls: int
    usage: Usage
    cost: Decimal | None
    """US dollars; None: the price is not known."""
    basis: str
    """What it rests on, in words."""
    is_capped: bool
    """The run has a budget, and this is more than that."""


def estimate(workspace: Workspace, request: GenerationRequest, trial: Trial | None = None) -> Estimate:
    """What this run will take, calls that must be made again included. ``trial`` is one of the same settings.

    Raises as ``check_request`` does.
    """
    filled, plan = check_request(workspace, request)
    tariff = tariff_for(workspace.settings, filled.provider)
    scenarios = [plan.scenario(item) for item in range(min(SAMPLE, filled.num_examples))]
    exchanges = [scenario.exchanges if plan.format.is_conversation else 1 for scenario in scenarios]
    planned = _calls(plan.method, fmean(exchanges))
    made, looked_back = _calls_an_example(workspace, filled, plan.method)
    if trial is None or not trial.calls or not trial.usage.total:
        a_call = _from_prompts(plan, scenarios, exchanges, tariff)
        answer = f"about {WORDS[plan.method]} words an answer"
        source = f"the prompt's length and {fmean(exchanges):.1f} exchanges an example, {answer}"
    else:
        a_call = _from_trial(trial, plan.method, fmean(exchanges))
        source = "the trial example"
    if made is None:
        calls = round(filled.num_examples * planned * USUAL_TRIES)
        tries = f"{USUAL_TRIES - 1:.0%} of the calls made again"
    else:
        calls = round(filled.num_examples * made)
        tries = f"an average of {made:.1f} calls per example in your last {looked_back} calls to this model"
    usage = Usage(calls * a_call.prompt_tokens, calls * a_call.completion_tokens)
    price = tariff.price(a_call)
    cost = None if price is None else calls * price
    too_dear = cost is not None and filled.max_cost is not None and cost > filled.max_cost
    too_long = filled.max_tokens_total is not None and usage.total > filled.max_tokens_total
    return Estimate(calls, usage, cost, f"From {source}, and {tries}.", too_dear or too_long)


def _calls(method: Method, exchanges: float) -> float:
    """Calls for an example if none has to be made again."""
    return 1.0 if method is Method.STRUCTURED else exchanges


def _calls_an_example(workspace: Workspace, request: GenerationRequest, method: Method) -> tuple[float | None, int]:
    """How many calls an example took lately, made in this way by this model, and in how many calls that was seen."""
    calls = examples = 0
    for recent in workspace.database.get_recent_calls(request.provider.type, request.provider.model, RECENT):
        if workspace.database.get_job(recent.job_id).parameters.get("method") == method:
            calls += recent.calls
            examples += recent.examples
    return (calls / examples, calls) if examples >= FEWEST_EXAMPLES else (None, calls)


def _from_trial(trial: Trial, method: Method, exchanges: float) -> Usage:
    """Tokens of an average call, from those of the trial's calls."""
    prompt, completion = trial.usage.prompt_tokens / trial.calls, trial.usage.completion_tokens / trial.calls
    made = trial.metadata.get("exchanges")
    if method is Method.STRUCTURED and isinstance(made, int) and made:
        completion *= exchanges / made  # one reply holds them all
    return Usage(ceil(prompt), ceil(completion))


def _from_prompts(plan: Plan, scenarios: Sequence[Scenario], exchanges: Sequence[int], tariff: Tariff) -> Usage:
    """Tokens of an average call, from the prompts of these scenarios."""
    prompt = fmean(_prompt_tokens(_first(plan, scenario, item)) for item, scenario in enumerate(scenarios))
    answer, user = WORDS[plan.method] * TOKENS_A_WORD, USER_WORDS * TOKENS_A_WORD
    thinking = THINKING if tariff.token_limit(1) > 1 else 0
    if plan.method is Method.STRUCTURED:
        return Usage(ceil(prompt), ceil(fmean(exchanges) * (answer + user) + thinking))
    earlier = fmean(range(ceil(fmean(exchanges)))) if exchanges else 0.0  # exchanges before this one, on average
    return Usage(ceil(prompt + earlier * (answer + user)), ceil(answer + thinking))


def _first(plan: Plan, scenario: Scenario, item: int) -> ChatRequest:
    return next(RECIPES[plan.method](plan, scenario, item, 0, 1))


def _prompt_tokens(request: ChatRequest) -> float:
    texts = [message.content for message in request.messages] + [request.schema or ""]
    return sum(len(text.encode("utf-8", "replace")) for text in texts) / BYTES_A_TOKEN
