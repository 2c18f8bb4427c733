"""One example made to look at, before many are made."""

import time
from dataclasses import dataclass
from decimal import Decimal

from synthgen_core.access import Role, requires
from synthgen_core.actions.requests import GenerationRequest, check_request, tariffs_for
from synthgen_core.actions.runs import close_later, log_of, open_sides
from synthgen_core.budget import OK
from synthgen_core.concurrency import DaemonExecutor, Stop
from synthgen_core.database import LoggedCall
from synthgen_core.errors import InvalidExampleError, ProviderUnavailableError, SynthGenError
from synthgen_core.generator import DatasetGenerator
from synthgen_core.models import JsonObject, Side, Usage
from synthgen_core.outcomes import Failure, Made
from synthgen_core.workspace import Workspace

TRIAL_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Trial:
    """One example made to look at; nothing of it is kept."""

    content: JsonObject
    metadata: JsonObject
    seconds: float
    calls: int
    """Those that were answered."""
    usage: Usage
    cost: Decimal | None = None
    """US dollars; None: not known."""


@requires(Role.ADMIN)
def try_example(workspace: Workspace, request: GenerationRequest, *, seconds: float = TRIAL_SECONDS) -> Trial:
    """Make the run's first example, and keep nothing of it but what it cost.

    Raises:
        ProviderError: a model does not answer, or not within ``seconds``.
        InvalidExampleError: no attempt led to an example; it says why the last one did not.
        NotFoundError, ConfigError: as ``check_request`` does.
    """
    filled, plan = check_request(workspace, request)
    tariffs = tariffs_for(workspace.settings, filled)
    sides = open_sides(workspace, filled)
    configs = {side: provider.config for side, provider in sides.items()}
    executor, stop, started = DaemonExecutor(1, "synthgen-trial"), Stop(), time.monotonic()
    log: list[LoggedCall] = []
    last = SynthGenError("No reply came.")
    alarm = DaemonExecutor(1, "synthgen-alarm")
    alarm.submit(_stop_after, stop, seconds)
    generator = DatasetGenerator(sides[Side.WRITER], assistant=sides[Side.ASSISTANT])
    try:
        for outcomes in generator.generate(plan, [0], executor, 1, stop=stop):
            log += log_of(outcomes, configs, tariffs)
            for outcome in outcomes:
                match outcome:
                    case Failure():
                        last = outcome.error
                    case Made():
                        took = time.monotonic() - started
                        return _trial(outcome, took, log)
        if stop.is_set():
            raise ProviderUnavailableError(
                f"No example was ready within {seconds:.0f} s.", "Try a smaller model.", cause="timeout"
            )
        raise InvalidExampleError(f"No attempt led to an example. The last one: {last.message}", last.hint)
    finally:
        stop.set()
        close_later(executor, *sides.values())
        alarm.shutdown(wait=False)
        workspace.database.log_calls(log)


def _trial(made: Made, seconds: float, log: list[LoggedCall]) -> Trial:
    costs = [call.cost for call in log]
    known = [cost for cost in costs if cost is not None]
    answered = [call for call in log if call.outcome == OK]
    usage = sum((call.usage for call in answered), Usage())
    cost = sum(known, Decimal(0)) if len(known) == len(costs) else None
    return Trial(made.content, made.metadata, seconds, len(answered), usage, cost)


def _stop_after(stop: Stop, seconds: float) -> None:
    stop.wait(seconds)
    stop.set()
