"""A better version of one example, asked of a model as a reviewer wishes it: a proposal, which is not saved."""

import time
from concurrent.futures import TimeoutError as WaitedTooLong
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal

from synthgen_core.access import Role, requires
from synthgen_core.actions.provider_states import in_background
from synthgen_core.actions.providers import model_table, open_provider
from synthgen_core.actions.usage import tariff_for
from synthgen_core.budget import OK
from synthgen_core.concurrency import Stop
from synthgen_core.database import LoggedCall
from synthgen_core.errors import ConfigError, InvalidExampleError, ProviderError, ProviderUnavailableError
from synthgen_core.formats import get_format
from synthgen_core.judging.prompts import improve_request
from synthgen_core.judging.verdicts import parse_improvement
from synthgen_core.models import JsonObject, Method, ProviderConfig, Usage
from synthgen_core.providers import provider_kind
from synthgen_core.workspace import Workspace

IMPROVE_SECONDS, TRIES = 120.0, 3


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a model made of an example; to take it, save it as an edit of ``revision``."""

    example_id: int
    revision: int
    """The revision that the model saw."""
    content: JsonObject
    model: str
    calls: int
    usage: Usage
    cost: Decimal | None
    """US dollars; None: not known."""


@requires(Role.ADMIN)
def improve(
    workspace: Workspace, example_id: int, wish: str, config: ProviderConfig, *, seconds: float = IMPROVE_SECONDS
) -> Proposal:
    """Ask for the example as it should be: its flags are named, and what the reviewer wishes. The calls are logged.

    Raises:
        NotFoundError: there is no such example.
        ConfigError: the model is too small for that, or a setting is missing.
        ProviderError: the model does not answer, or not within ``seconds``.
        InvalidExampleError: no reply of ``TRIES`` could be taken: not valid, other turns than before, or unchanged.
    """
    if provider_kind(config.type).method is Method.QUESTION_BANK:
        raise ConfigError(
            f"The {provider_kind(config.type).name.lower()} is too small to improve examples.", "Choose another model."
        )
    example = workspace.database.get_example(example_id)
    format = get_format(workspace.database.get_dataset(example.dataset_id).format)
    faults = [flag.message for flag in workspace.database.get_flags([example_id])]
    tariff, stop, log = tariff_for(workspace.settings, config), Stop(), list[LoggedCall]()

    def note(number: int, address: str, model: str, outcome: str, usage: Usage, started: float) -> None:
        cost, took = tariff.cost(usage, outcome), time.monotonic() - started
        log.append(LoggedCall(0, number, config.type, model, address, outcome, usage, cost, took))

    def ask() -> tuple[JsonObject, str]:
        with closing(open_provider(config, model_table(workspace.settings))) as provider:
            address, model = provider.config.base_url, provider.config.model
            for number in range(1, TRIES + 1):
                request = improve_request(format, example.content, faults, wish, seed=number)
                started = time.monotonic()
                try:
                    completion = provider.complete(request, stop)
                except ProviderError as error:
                    note(number, address, model, error.cause, Usage(), started)
                    raise
                note(number, address, model or completion.model, OK, completion.usage, started)
                try:
                    return parse_improvement(completion, format, example.content), model or completion.model
                except InvalidExampleError:
                    if number == TRIES:
                        raise
        raise AssertionError("the last try returns or raises")

    try:
        content, model = in_background(ask, "synthgen-improve").result(seconds)
    except WaitedTooLong:
        raise ProviderUnavailableError(
            f"No better version was ready within {seconds:.0f} s.", "Try a faster model.", cause="timeout"
        ) from None
    finally:
        stop.set()
        workspace.database.log_calls(list(log))
    costs = [call.cost for call in log]
    total = None if None in costs else sum((cost for cost in costs if cost is not None), Decimal(0))
    used = sum((call.usage for call in log), Usage())
    return Proposal(example_id, example.revision, content, model, len(log), used, total)
