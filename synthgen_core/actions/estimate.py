"""What a run will take, told before it starts: calls, tokens, money, and what the figures rest on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from statistics import fmean

from synthgen_core.actions.batches import batch_factor, batch_tariff
from synthgen_core.actions.requests import GenerationRequest, check_request, tariffs_for
from synthgen_core.actions.trials import Trial
from synthgen_core.budget import Tariff
from synthgen_core.door import OPENINGS
from synthgen_core.methods import RECIPES, Plan
from synthgen_core.models import ChatRequest, Completion, Method, Scenario, Side, Usage
from synthgen_core.prompts import OPENING_CHARACTERS
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
WORDS: Mapping[Method, int] = {Method.STRUCTURED: 90, Method.TURN_BY_TURN: 120, Method.QUESTION_BANK: 55}
"""Of an assistant's answer, about; every way of making an example has its own."""
USER_WORDS = 40
"""Of a user's turn, about."""
OPENING_TOKENS = ceil(OPENINGS * OPENING_CHARACTERS / BYTES_A_TOKEN)
"""Of the openings that a prompt names, at most."""
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
    tariffs, in_batches = tariffs_for(workspace.settings, filled), ""
    if filled.use_batch:
        tariffs = dict.fromkeys(Side, batch_tariff(workspace.settings, filled.provider))
        share = batch_factor(workspace.settings, filled.provider)
        in_batches = f" In batches, at {share:.0%} of the ordinary price; the few that they leave over cost all of it."
    scenarios = [plan.scenario(item) for item in range(min(SAMPLE, filled.num_examples))]
    exchanges = [scenario.exchanges if plan.format.is_conversation else 1 for scenario in scenarios]
    planned = _calls(plan.method, fmean(exchanges))
    if trial is None or not trial.calls or not trial.usage.total:
        a_call = _from_prompts(plan, scenarios, exchanges, tariffs)
        prices = {side: tariffs[side].price(a_call[side]) for side in planned}
        answer = f"about {WORDS[plan.method]} words an answer"
        source = f"the prompt's length and {fmean(exchanges):.1f} exchanges an example, {answer}"
    else:
        a_call = dict.fromkeys(planned, _from_trial(trial, plan.method, fmean(exchanges)))
        prices = {side: tariffs[side].price(a_call[side]) for side in planned}
        if filled.assistant_provider is not None:
            prices = dict.fromkeys(planned, None if trial.cost is None else trial.cost / trial.calls)
        source = "the trial example"
    tries, looked_back = _tries(workspace, filled, plan.method, planned)
    again = f"{USUAL_TRIES - 1:.0%} of the calls made again"
    if looked_back:
        average = tries * sum(planned.values())
        again = f"an average of {average:.1f} calls per example in your last {looked_back} calls to this model"
    calls = {side: round(filled.num_examples * tries * number) for side, number in planned.items()}
    usage = Usage(
        sum(number * a_call[side].prompt_tokens for side, number in calls.items()),
        sum(number * a_call[side].completion_tokens for side, number in calls.items()),
    )
    costs = [number * price for side, number in calls.items() if (price := prices[side]) is not None]
    cost = sum(costs, Decimal(0)) if len(costs) == len(calls) else None
    too_dear = cost is not None and filled.max_cost is not None and cost > filled.max_cost
    too_long = filled.max_tokens_total is not None and usage.total > filled.max_tokens_total
    return Estimate(sum(calls.values()), usage, cost, f"From {source}, and {again}.{in_batches}", too_dear or too_long)


def _calls(method: Method, exchanges: float) -> dict[Side, float]:
    """Calls for an example if none has to be made again."""
    if method is Method.TURN_BY_TURN:
        return dict.fromkeys(Side, exchanges)
    return {Side.WRITER: 1.0 if method is Method.STRUCTURED else exchanges}


def _tries(
    workspace: Workspace, request: GenerationRequest, method: Method, planned: Mapping[Side, float]
) -> tuple[float, int]:
    """How often a call had to be made lately, in this way with this model, and in how many calls that was seen.

    With none, or too few, it is what is usual.
    """
    asked = {side: (config.type, config.model) for side, config in request.configs.items()}
    writer = asked[Side.WRITER]
    calls = examples = 0
    for recent in workspace.database.get_recent_calls(*writer, RECENT):
        if workspace.database.get_job(recent.job_id).parameters.get("method") == method:
            calls += recent.calls
            examples += recent.examples
    if examples < FEWEST_EXAMPLES:
        return USUAL_TRIES, 0
    return calls / examples / sum(number for side, number in planned.items() if asked[side] == writer), calls


def _from_trial(trial: Trial, method: Method, exchanges: float) -> Usage:
    """Tokens of an average call, from those of the trial's calls."""
    prompt, completion = trial.usage.prompt_tokens / trial.calls, trial.usage.completion_tokens / trial.calls
    made = trial.metadata.get("exchanges")
    if method is Method.STRUCTURED and isinstance(made, int) and made:
        completion *= exchanges / made  # one reply holds them all
    return Usage(ceil(prompt), ceil(completion))


def _from_prompts(
    plan: Plan, scenarios: Sequence[Scenario], exchanges: Sequence[int], tariffs: Mapping[Side, Tariff]
) -> dict[Side, Usage]:
    """Tokens of an average call for each side, from the prompts of these scenarios."""
    asked = [_first(plan, scenario, item) for item, scenario in enumerate(scenarios)]
    answer, user = WORDS[plan.method] * TOKENS_A_WORD, USER_WORDS * TOKENS_A_WORD
    earlier = fmean(range(ceil(fmean(exchanges)))) * (answer + user)  # what was said before, on average
    average = fmean(exchanges)
    usage = {}
    for side in asked[0]:
        prompt = fmean(prompt_tokens(requests[side]) for requests in asked)
        thinking = THINKING if tariffs[side].token_limit(1) > 1 else 0
        match plan.method, side:
            case Method.STRUCTURED, _:
                usage[side] = Usage(ceil(prompt + OPENING_TOKENS), ceil(average * (answer + user) + thinking))
            case Method.TURN_BY_TURN, Side.WRITER:
                usage[side] = Usage(ceil(prompt + OPENING_TOKENS / average + earlier), ceil(user + thinking))
            case _:
                usage[side] = Usage(ceil(prompt + earlier), ceil(answer + thinking))
    return usage


def _first(plan: Plan, scenario: Scenario, item: int) -> dict[Side, ChatRequest]:
    """What is asked of each side first."""
    recipe = RECIPES[plan.method](plan, scenario, item, 0, 1)
    asked = {Side.WRITER: next(recipe).request}
    if plan.method is Method.TURN_BY_TURN:
        asked[Side.ASSISTANT] = recipe.send(Completion("word " * USER_WORDS, "")).request
    return asked


def prompt_tokens(request: ChatRequest) -> float:
    """The tokens of a request, about."""
    texts = [message.content for message in request.messages] + [request.schema or ""]
    return sum(len(text.encode("utf-8", "replace")) for text in texts) / BYTES_A_TOKEN
