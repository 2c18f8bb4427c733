"""Making a dataset: check what is asked for, try one example, start a run, resume it."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from decimal import Decimal

from synthgen_core.actions.datasets import clean_name
from synthgen_core.actions.providers import model_table, open_provider, provider_config
from synthgen_core.actions.runs import close_later, log_of, run_in_background
from synthgen_core.actions.usage import tariff_for
from synthgen_core.budget import OK, Budget, Tariff, dollars
from synthgen_core.concurrency import DaemonExecutor, Stop
from synthgen_core.database import LoggedCall, NewDataset, NewJob
from synthgen_core.database.datasets import now
from synthgen_core.database.jobs import STOPPED_SHORT
from synthgen_core.errors import (
    ConfigError,
    DatabaseError,
    InvalidExampleError,
    NotFoundError,
    ProviderUnavailableError,
    SynthGenError,
)
from synthgen_core.formats import get_format
from synthgen_core.generator import (
    DatasetGenerator,
    Failure,
    Made,
    make_plan,
    random_seed,
)
from synthgen_core.languages import language
from synthgen_core.methods import RECIPES, Plan
from synthgen_core.models import (
    ChatRequest,
    Job,
    JobKind,
    JsonObject,
    Message,
    Method,
    ProviderConfig,
    Role,
    Usage,
)
from synthgen_core.providers import languages_of, provider_kind
from synthgen_core.workspace import Workspace

MOST_EXAMPLES = 1_000_000
MOST_WORKERS = 256
MOST_DOLLARS, MOST_TOKENS = Decimal(10**6), 10**12
TRIAL_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """What a user asks for. Names may be slugs, display names or aliases."""

    domain: str
    subdomain: str
    provider: ProviderConfig
    num_examples: int = 10
    format_type: str = "chat"
    language: str = "en"
    name: str = ""
    """Of the dataset; empty: made from the subdomain."""
    seed: int | None = None
    """None: one is drawn, and kept with the job."""
    workers: int | None = None
    """Calls at a time; None: the provider's default."""
    temperature: float | None = None
    method: Method | None = None
    """None: the provider's default."""
    use_cache: bool = True
    max_cost: Decimal | None = None
    """US dollars that the run may cost; it pauses before it passes them."""
    max_tokens_total: int | None = None
    """Tokens, prompts and replies together, that the run may take."""


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


def check_request(workspace: Workspace, request: GenerationRequest) -> tuple[GenerationRequest, Plan]:
    """The request with every gap filled, and the plan that it means.

    Raises:
        NotFoundError: a name is not known; the hint has the nearest.
        ConfigError: a number is out of range, the provider cannot write this language, or the budget cannot be kept.
    """
    kind = provider_kind(request.provider.type)
    _in_range("number of examples", request.num_examples, 1, MOST_EXAMPLES)
    workers = kind.workers if request.workers is None else request.workers
    _in_range("number of workers", workers, 1, MOST_WORKERS)
    if request.temperature is not None:
        _in_range("temperature", request.temperature, 0, 2)
    spoken = language(request.language)
    languages = languages_of(request.provider)
    if languages and spoken.code not in languages:
        raise ConfigError(
            f"The {kind.name.lower()} writes English only, not {spoken.name}.",
            "Choose English, or another provider.",
        )
    seed = random_seed() if request.seed is None else request.seed
    _in_range("seed", seed, 0, 2**63 - 1)
    plan = make_plan(
        workspace.catalogue,
        domain=request.domain,
        subdomain=request.subdomain,
        format_type=request.format_type,
        language_code=spoken.code,
        method=request.method or kind.method,
        seed=seed,
        temperature=request.temperature,
    )
    filled = replace(
        request,
        domain=plan.domain.slug,
        subdomain=plan.subdomain.slug,
        format_type=plan.format.name,
        language=spoken.code,
        name=clean_name(request.name) or f"{plan.subdomain.name}, {plan.format.name}",
        seed=seed,
        workers=workers,
        method=plan.method,
    )
    _check_budget(workspace, filled, plan)
    return filled, plan


def _in_range(what: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ConfigError(f"The {what} cannot be {value:,}.", f"Give {least:,} to {most:,}.")


def _check_budget(workspace: Workspace, request: GenerationRequest, plan: Plan, job: Job | None = None) -> None:
    """Raise ConfigError if the budget is none, if nobody could keep to it, or if it leaves no room for a call."""
    if request.max_tokens_total is not None:
        _in_range("budget of tokens", request.max_tokens_total, 1, MOST_TOKENS)
    if request.max_cost is not None and not (request.max_cost.is_finite() and 0 < request.max_cost <= MOST_DOLLARS):
        raise ConfigError(f"The budget cannot be {request.max_cost} dollars.", f"Give up to {MOST_DOLLARS:,}.")
    if request.max_cost is None and request.max_tokens_total is None:
        return
    tariff, first = tariff_for(workspace.settings, request.provider), _first_request(plan)
    tokens, worst = tariff.worst_usage(first).total, tariff.worst_cost(first)
    if request.max_cost is not None and worst is None:
        raise ConfigError(
            f"The price of “{request.provider.model}” is not known, so that its cost cannot be capped.",
            "Cap the tokens instead (--max-tokens-total), or write its price into models.toml in the data folder.",
        )
    if not _budget(request, tariff, job).reserve(first):
        left = "The budget is used up" if job and job.calls else "The budget is too small"
        cost = f" and {dollars(worst)}" if worst else ""
        raise ConfigError(f"{left}: one call may take up to {tokens:,} tokens{cost}.", "Give a higher one.")


def _budget(request: GenerationRequest, tariff: Tariff, job: Job | None) -> Budget:
    """What a run may spend, and has spent."""
    return Budget(
        tariff,
        max_cost=request.max_cost,
        max_tokens=request.max_tokens_total,
        spent_cost=job.cost if job else None,
        spent_tokens=job.usage.total if job else 0,
    )


def _first_request(plan: Plan) -> ChatRequest:
    return next(RECIPES[plan.method](plan, plan.scenario(0), 0, 0, 1))


def preview_prompt(workspace: Workspace, request: GenerationRequest) -> tuple[Message, ...]:
    """The messages that the first call of this run would send. Raises as ``check_request`` does."""
    _, plan = check_request(workspace, request)
    return _first_request(plan).messages


def try_example(workspace: Workspace, request: GenerationRequest, *, seconds: float = TRIAL_SECONDS) -> Trial:
    """Make the run's first example, and keep nothing of it but what it cost.

    Raises:
        ProviderError: the model does not answer, or not within ``seconds``.
        InvalidExampleError: no attempt led to an example; it says why the last one did not.
        NotFoundError, ConfigError: as ``check_request`` does.
    """
    filled, plan = check_request(workspace, request)
    tariff = tariff_for(workspace.settings, filled.provider)
    provider = open_provider(filled.provider, model_table(workspace.settings))
    executor, stop, started = DaemonExecutor(1, "synthgen-trial"), Stop(), time.monotonic()
    log: list[LoggedCall] = []
    last = SynthGenError("No reply came.")
    alarm = DaemonExecutor(1, "synthgen-alarm")
    alarm.submit(_stop_after, stop, seconds)
    try:
        for outcomes in DatasetGenerator(provider).generate(plan, [0], executor, 1, stop=stop):
            log += log_of(outcomes, provider.config, tariff)
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
        close_later(executor, provider)
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


def start_generation(workspace: Workspace, request: GenerationRequest) -> Job:
    """Check everything, make the dataset and its file, and start the run in the background; returns at once.

    Raises:
        NotFoundError, ConfigError: as ``check_request`` does; ProviderError: the model cannot be reached.
        DatabaseError: the data folder or the database cannot be written. Then nothing was made.
    """
    filled, plan = check_request(workspace, request)
    with closing(open_provider(filled.provider, model_table(workspace.settings))) as provider:
        filled = replace(filled, provider=provider.config)  # with the model that it chose, if none was named
    _check_budget(workspace, filled, plan)
    tariff = tariff_for(workspace.settings, filled.provider)
    file_path = workspace.mirror.claim(plan.domain.slug, now())
    new_dataset = NewDataset(
        name=filled.name,
        domain=plan.domain.slug,
        subdomain=plan.subdomain.slug,
        format_type=plan.format.name,
        file_path=file_path,
        metadata={
            "origin": "generated",
            "language": plan.language.code,
            "model": filled.provider.model,
            "seed": plan.seed,
        },
    )
    new_job = NewJob(JobKind.GENERATION, _to_parameters(filled), filled.num_examples, workspace.runner.owner)
    try:
        job = workspace.database.create_job(new_job, new_dataset)
    except DatabaseError:
        workspace.mirror.path(file_path).unlink(missing_ok=True)
        raise
    is_repeatable = request.seed is not None and filled.use_cache
    _run(workspace, job, filled, plan, tariff, has_memory=is_repeatable)
    return job


def resume_generation(
    workspace: Workspace, job_id: int, *, max_cost: Decimal | None = None, max_tokens_total: int | None = None
) -> Job:
    """Go on with a run that was interrupted, cancelled or failed: what is there is kept, what was paid for is used.

    A budget that is given replaces the one that the job had; what it has spent counts.

    Raises:
        NotFoundError: there is no such job, or its dataset was deleted.
        ConfigError: its budget is used up, or cannot be kept.
        ConflictError: it runs already, or is complete.
        ProviderError: the model cannot be reached; the job stays as it was.
    """
    job = workspace.database.get_job(job_id)
    if job.dataset_id is None:
        raise NotFoundError(f"The dataset of job {job_id} is gone.", "Start a new run.")
    workspace.database.get_dataset(job.dataset_id)
    request = _from_parameters(workspace, job.parameters)
    request = replace(
        request,
        max_cost=request.max_cost if max_cost is None else max_cost,
        max_tokens_total=request.max_tokens_total if max_tokens_total is None else max_tokens_total,
    )
    filled, plan = check_request(workspace, request)
    tariff = tariff_for(workspace.settings, filled.provider)
    if job.status in STOPPED_SHORT:
        _check_budget(workspace, filled, plan, job)
        open_provider(filled.provider, model_table(workspace.settings)).close()
    parameters = job.parameters | _caps(filled)
    job = workspace.database.reopen_job(job_id, workspace.runner.owner, parameters)
    _run(workspace, job, filled, plan, tariff, has_memory=True)
    return job


def _run(
    workspace: Workspace, job: Job, request: GenerationRequest, plan: Plan, tariff: Tariff, *, has_memory: bool
) -> None:
    run_in_background(
        workspace,
        job,
        plan,
        request.provider,
        _budget(request, tariff, job),
        workers=request.workers or 1,
        use_cache=request.use_cache,
        has_memory=has_memory,
    )


def _to_parameters(request: GenerationRequest) -> JsonObject:
    values = asdict(replace(request, provider=ProviderConfig("")))
    return values | {"provider": dict(request.provider.public())} | _caps(request)


def _caps(request: GenerationRequest) -> JsonObject:
    cost = None if request.max_cost is None else str(request.max_cost)
    return {"max_cost": cost, "max_tokens_total": request.max_tokens_total}


def _from_parameters(workspace: Workspace, parameters: JsonObject) -> GenerationRequest:
    values = dict(parameters)
    said = values.pop("provider")
    assert isinstance(said, dict)
    provider = provider_config(
        workspace.settings, str(said["type"]), model=str(said["model"]), base_url=str(said["base_url"])
    )
    method = Method(str(values.pop("method")))
    cost = values.pop("max_cost", None)
    max_cost = None if cost is None else Decimal(str(cost))
    return GenerationRequest(**values, provider=provider, method=method, max_cost=max_cost)  # type: ignore[arg-type] # as _to_parameters wrote


def conversation(format_type: str, content: JsonObject) -> Iterator[tuple[Role, str]]:
    """An example's turns in order, whatever its format: what a page draws as bubbles."""
    for message in get_format(format_type).to_messages(content):
        yield message.role, message.content
