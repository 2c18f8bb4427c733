"""Whether each model can write now: looked at in the background, so that nobody waits for a server that is silent."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as WaitedTooLong
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from synthgen_core import access
from synthgen_core.actions.providers import Choice, choose_provider, model_table
from synthgen_core.actions.usage import tariff_for
from synthgen_core.budget import OK
from synthgen_core.concurrency import DaemonExecutor, Stop
from synthgen_core.database import LoggedCall
from synthgen_core.errors import ConfigError, ProviderError, ProviderUnavailableError, SynthGenError
from synthgen_core.models import ChatRequest, Completion, Message, ProviderConfig, Role, Usage
from synthgen_core.providers import LLMProvider, create_provider
from synthgen_core.providers.catalogue import ModelTable
from synthgen_core.settings import Settings
from synthgen_core.workspace import Workspace

T = TypeVar("T")
PATIENCE = 10.0
"""Seconds after which a server that said nothing is taken to be out of reach."""
HELLO = ChatRequest((Message(Role.USER, "Say hello in one short sentence."),), max_tokens=40)
HELLO_SECONDS = 60.0
JOBS_LOOKED_AT = 50


class Condition(StrEnum):
    """Whether a provider can be used, and if not, what it lacks."""

    READY = "ready"
    NO_KEY = "no key"
    KEY_REFUSED = "key refused"
    NO_MODEL = "no model"
    UNREACHABLE = "not reachable"
    UNUSABLE = "not usable"
    UNKNOWN = "checking"


CONDITIONS: Mapping[str, Condition] = {
    "auth": Condition.KEY_REFUSED,
    "forbidden": Condition.KEY_REFUSED,
    "model": Condition.NO_MODEL,
}
"""Cause of an error -> what is lacking; any other cause: it cannot be reached."""


@dataclass(frozen=True, slots=True)
class ProviderState:
    """A provider at one moment."""

    condition: Condition
    model: str = ""
    """The one that would write: the configured one, or the one that the provider takes where none is."""
    models: tuple[str, ...] = ()
    """Those that it lists."""
    error: SynthGenError | None = None
    seconds: float = 0.0


def in_background(work: Callable[[], T], name: str) -> Future[T]:
    """Do this in a daemon thread of its own."""
    pool = DaemonExecutor(1, name)
    future = pool.submit(work)
    pool.shutdown(wait=False)
    return future


class Check:
    """A look at a provider that has begun; ``state`` tells what is known so far."""

    def __init__(self, config: ProviderConfig, models: ModelTable | None = None, *, patience: float = PATIENCE) -> None:
        self._config = config
        self._patience = patience
        self._started = time.monotonic()
        self._found = in_background(lambda: look_at(config, models), "synthgen-check")

    def state(self, seconds: float = 0.0) -> ProviderState:
        """What was found, waiting for it at most so long. A silent server is unreachable once patience has ended."""
        try:
            return self._found.result(seconds)
        except WaitedTooLong:
            if time.monotonic() - self._started < self._patience:
                return ProviderState(Condition.UNKNOWN, self._config.model)
        error = ProviderUnavailableError(
            f"{self._config.base_url or self._config.type} gave no answer within {self._patience:g} s.",
            "Is it running, and is the address right?",
            cause="timeout",
        )
        return ProviderState(Condition.UNREACHABLE, self._config.model, error=error)


def begin_choice(settings: Settings) -> Future[Choice]:
    """Choose the provider in the background: see ``choose_provider``, which may have to ask Ollama."""
    return in_background(lambda: choose_provider(settings), "synthgen-choice")


def look_at(config: ProviderConfig, models: ModelTable | None = None) -> ProviderState:
    """A provider's state, now; takes as long as the provider does. ``models``: see ``providers.model_table``.

    Raises NotFoundError for an unknown type.
    """
    started = time.monotonic()
    listed: tuple[str, ...] = ()
    error: SynthGenError | None = None
    try:
        with closing(create_provider(config.type, config, models)) as provider:
            try:
                provider.check()
            except ProviderError as found:
                if found.cause != "model":
                    raise
                error = found
            config = provider.config
            listed = _models(provider)
    except (ProviderError, ConfigError) as found:
        error = found
    took = time.monotonic() - started
    if error is not None:
        return ProviderState(_condition(error, config), config.model, listed, error, took)
    model = config.model or (listed[0] if listed else "")
    return ProviderState(Condition.READY if model else Condition.NO_MODEL, model, listed, seconds=took)


def _models(provider: LLMProvider) -> tuple[str, ...]:
    try:
        return tuple(provider.get_models())
    except ProviderError:
        return ()  # not every server has a list


def _condition(error: SynthGenError, config: ProviderConfig) -> Condition:
    if isinstance(error, ProviderError):
        found = CONDITIONS.get(error.cause, Condition.UNREACHABLE)
        return Condition.NO_KEY if found is Condition.KEY_REFUSED and not config.api_key else found
    return Condition.UNUSABLE


@dataclass(frozen=True, slots=True)
class Greeting:
    """What came of saying hello."""

    address: str
    model: str
    seconds: float
    reply: str = ""
    error: SynthGenError | None = None

    @property
    def cause(self) -> str:
        """A short class of what went wrong: auth, connection, ...; "" where nothing did."""
        if self.error is None:
            return ""
        return getattr(self.error, "cause", "") or "settings"


@access.requires(access.Role.ADMIN)
def say_hello(workspace: Workspace, config: ProviderConfig, *, seconds: float = HELLO_SECONDS) -> Greeting:
    """Ask the model for one sentence, within ``seconds``; what goes wrong is told, not raised. The call is logged."""
    started, stop = time.monotonic(), Stop()
    used, asked = [config], list[float]()

    def greet() -> Completion:
        with closing(create_provider(config.type, config, model_table(workspace.settings))) as provider:
            provider.check()
            used[0] = provider.config
            provider.prepare(None, stop)
            asked.append(time.monotonic())
            return provider.complete(HELLO, stop)

    said: Completion | None = None
    error: SynthGenError | None = None
    try:
        said = in_background(greet, "synthgen-hello").result(seconds)
        if not said.text.strip():
            error = ProviderUnavailableError("The reply was empty.", "Try another model.", cause="empty")
    except WaitedTooLong:
        error = ProviderUnavailableError(
            f"There was no reply within {seconds:.0f} s.", "Try a smaller model.", cause="timeout"
        )
    except SynthGenError as raised:
        error = raised
    finally:
        stop.set()
    ended, reply = time.monotonic(), said.text if said else ""
    greeting = Greeting(used[0].base_url, used[0].model, ended - started, reply, error)
    if asked:
        _log_hello(workspace, used[0], said, OK if said else greeting.cause, ended - asked[0])
    return greeting


def _log_hello(
    workspace: Workspace, config: ProviderConfig, said: Completion | None, outcome: str, seconds: float
) -> None:
    usage, model = (said.usage, config.model or said.model) if said else (Usage(), config.model)
    cost = tariff_for(workspace.settings, config).cost(usage, outcome)
    call = LoggedCall(0, 1, config.type, model, config.base_url, outcome, usage, cost, seconds)
    workspace.database.log_calls([call])


@dataclass(frozen=True, slots=True)
class LastError:
    """What went wrong with a provider last, in a job."""

    job_id: int
    at: datetime
    message: str


def get_last_errors(workspace: Workspace) -> dict[str, LastError]:
    """Provider type -> the last error of its newest job that had one, among the newest jobs."""
    found: dict[str, LastError] = {}
    for job in workspace.database.get_jobs(limit=JOBS_LOOKED_AT):
        provider = job.parameters.get("provider")
        entries = [entry for entry in job.errors.values() if isinstance(entry, dict)]
        if isinstance(provider, dict) and entries:
            at = job.completed_at or job.created_at
            found.setdefault(str(provider.get("type")), LastError(job.id, at, str(entries[-1].get("message", ""))))
    return found
