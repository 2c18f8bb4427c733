"""Making a dataset: check what is asked for, try one example, start a run, resume it."""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from synthgen_core.actions.datasets import clean_name
from synthgen_core.actions.providers import open_provider, provider_config
from synthgen_core.concurrency import DaemonExecutor, Stop
from synthgen_core.database import NewDataset, NewExample, NewJob, PaidReply, Progress
from synthgen_core.database.datasets import now
from synthgen_core.errors import (
    ConfigError,
    DatabaseError,
    InvalidExampleError,
    NotFoundError,
    ProviderUnavailableError,
    SynthGenError,
)
from synthgen_core.formats import get_format
from synthgen_core.generator import DatasetGenerator, Failure, Made, Memory, Outcome, Reply, make_plan, random_seed
from synthgen_core.jobs import Run
from synthgen_core.languages import language
from synthgen_core.methods import RECIPES, Plan
from synthgen_core.models import (
    Completion,
    Dataset,
    Job,
    JobKind,
    JsonObject,
    Message,
    Method,
    ProviderConfig,
    Role,
    Usage,
)
from synthgen_core.providers import LLMProvider, provider_kind
from synthgen_core.workspace import Workspace

MOST_EXAMPLES = 1_000_000
MOST_WORKERS = 256
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


@dataclass(frozen=True, slots=True)
class Trial:
    """One example made to look at; nothing of it is kept."""

    content: JsonObject
    metadata: JsonObject
    seconds: float
    calls: int
    usage: Usage


def check_request(workspace: Workspace, request: GenerationRequest) -> tuple[GenerationRequest, Plan]:
    """The request with every gap filled, and the plan that it means.

    Raises:
        NotFoundError: a name is not known; the hint has the nearest.
        ConfigError: a number is out of range, or the provider cannot write this language.
    """
    kind = provider_kind(request.provider.type)
    _in_range("number of examples", request.num_examples, 1, MOST_EXAMPLES)
    workers = kind.workers if request.workers is None else request.workers
    _in_range("number of workers", workers, 1, MOST_WORKERS)
    if request.temperature is not None:
        _in_range("temperature", request.temperature, 0, 2)
    spoken = language(request.language)
    if kind.languages and spoken.code not in kind.languages:
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
    return filled, plan


def _in_range(what: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ConfigError(f"The {what} cannot be {value:,}.", f"Give {least:,} to {most:,}.")


def preview_prompt(workspace: Workspace, request: GenerationRequest) -> tuple[Message, ...]:
    """The messages that the first call of this run would send. Raises as ``check_request`` does."""
    _, plan = check_request(workspace, request)
    return next(RECIPES[plan.method](plan, plan.scenario(0), 0, 0, 1)).messages


def try_example(workspace: Workspace, request: GenerationRequest, *, seconds: float = TRIAL_SECONDS) -> Trial:
    """Make the run's first example, and keep nothing.

    Raises:
        ProviderError: the model does not answer, or not within ``seconds``.
        InvalidExampleError: no attempt led to an example; it says why the last one did not.
        NotFoundError, ConfigError: as ``check_request`` does.
    """
    filled, plan = check_request(workspace, request)
    provider = open_provider(filled.provider)
    executor, stop, started = DaemonExecutor(1, "synthgen-trial"), Stop(), time.monotonic()
    calls, usage, last = 0, Usage(), SynthGenError("No reply came.")
    alarm = DaemonExecutor(1, "synthgen-alarm")
    alarm.submit(_stop_after, stop, seconds)
    try:
        for outcomes in DatasetGenerator(provider).generate(plan, [0], executor, 1, stop=stop):
            for outcome in outcomes:
                match outcome:
                    case Reply():
                        calls += 1
                        usage += outcome.completion.usage
                    case Failure():
                        last = outcome.error
                    case Made():
                        took = time.monotonic() - started
                        return Trial(outcome.content, outcome.metadata, took, calls, usage)
        if stop.is_set():
            raise ProviderUnavailableError(
                f"No example was ready within {seconds:.0f} s.", "Try a smaller model.", cause="timeout"
            )
        raise InvalidExampleError(f"No attempt led to an example. The last one: {last.message}", last.hint)
    finally:
        stop.set()
        _close_later(executor, provider)
        alarm.shutdown(wait=False)


def _close_later(executor: DaemonExecutor, provider: LLMProvider) -> None:
    """Close the provider once no call uses it any more; nobody waits for that."""
    executor.shutdown(wait=False, cancel_futures=True)

    def close() -> None:
        executor.join()
        provider.close()

    threading.Thread(target=close, name="synthgen-close", daemon=True).start()


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
    with closing(open_provider(filled.provider)) as provider:
        filled = replace(filled, provider=provider.config)  # with the model that it chose, if none was named
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
    _run_in_background(workspace, job, filled, plan, is_repeatable=is_repeatable)
    return job


def resume_generation(workspace: Workspace, job_id: int) -> Job:
    """Go on with a run that was interrupted, cancelled or failed: what is there is kept, what was paid for is used.

    Raises:
        NotFoundError: there is no such job, or its dataset was deleted.
        ConflictError: it runs already, or is complete.
        ProviderError: the model cannot be reached; the job stays as it was.
    """
    job = workspace.database.get_job(job_id)
    if job.dataset_id is None:
        raise NotFoundError(f"The dataset of job {job_id} is gone.", "Start a new run.")
    workspace.database.get_dataset(job.dataset_id)
    request = _from_parameters(workspace, job.parameters)
    filled, plan = check_request(workspace, request)
    if not job.status.is_active:
        open_provider(filled.provider).close()
    job = workspace.database.reopen_job(job_id, workspace.runner.owner)
    _run_in_background(workspace, job, filled, plan, is_repeatable=True)
    return job


def _to_parameters(request: GenerationRequest) -> JsonObject:
    return asdict(replace(request, provider=ProviderConfig(""))) | {"provider": dict(request.provider.public())}


def _from_parameters(workspace: Workspace, parameters: JsonObject) -> GenerationRequest:
    values = dict(parameters)
    said = values.pop("provider")
    assert isinstance(said, dict)
    provider = provider_config(
        workspace.settings, str(said["type"]), model=str(said["model"]), base_url=str(said["base_url"])
    )
    method = Method(str(values.pop("method")))
    return GenerationRequest(**values, provider=provider, method=method)  # type: ignore[arg-type] # as _to_parameters wrote


def _run_in_background(
    workspace: Workspace, job: Job, request: GenerationRequest, plan: Plan, *, is_repeatable: bool
) -> None:
    database, workers = workspace.database, request.workers or 1

    def work(run: Run) -> None:
        assert job.dataset_id is not None
        dataset = database.get_dataset(job.dataset_id)
        provider = open_provider(request.provider)
        executor = DaemonExecutor(workers, f"synthgen-call-{job.id}")
        try:
            run.note("Getting the model ready.")
            provider.prepare(lambda text, share: run.note(f"{text} {share:.0%}"), run.stop)
            run.note("")
            done = database.get_job_items(job.id)
            items = (item for item in range(job.requested) if item not in done)
            memory = _memory(workspace, job, use_cache=request.use_cache) if is_repeatable else None
            generator = DatasetGenerator(provider, workspace.catalogue)
            for outcomes in generator.generate(plan, items, executor, workers, memory=memory, stop=run.stop):
                progress = _progress(run, request.provider.type, outcomes)
                run.record(progress)
                if progress.examples:
                    workspace.mirror.append(dataset.file_path, ((e.content, e.metadata) for e in progress.examples))
        finally:
            _close_later(executor, provider)
            _put_file_in_order(workspace, dataset)

    workspace.runner.start(job, work)


def _put_file_in_order(workspace: Workspace, dataset: Dataset) -> None:
    """Rewrite the file in the order of the items, unless the dataset was deleted meanwhile."""
    try:
        workspace.database.get_dataset(dataset.id)
    except NotFoundError:
        return
    workspace.mirror.rewrite_soon(dataset.id, dataset.file_path)


def _memory(workspace: Workspace, job: Job, *, use_cache: bool) -> Memory | None:
    """Finds this job's paid replies, and other jobs' where that is allowed; None where there are none to be found."""
    settings = workspace.settings
    since = now() - timedelta(hours=settings.cache_ttl) if settings.enable_caching and use_cache else None
    if not workspace.database.has_completions(job_id=job.id, since=since):
        return None

    def find(key: str) -> Completion | None:
        return workspace.database.get_completions([key], job_id=job.id, since=since).get(key)

    return find


def _progress(run: Run, provider_type: str, outcomes: Iterable[Outcome]) -> Progress:
    examples, replies, given_up, is_new_error = [], [], 0, False
    for outcome in outcomes:
        match outcome:
            case Made():
                examples.append(NewExample(outcome.item, outcome.content, outcome.metadata, outcome.item))
            case Reply():
                replies.append(PaidReply(outcome.key, outcome.item, outcome.attempt, provider_type, outcome.completion))
            case Failure():
                run.count_error(outcome.cause, outcome.error)
                given_up += outcome.is_final
                is_new_error = True
    return Progress(
        examples,
        replies,
        failed=given_up,
        calls=len(replies),
        usage=sum((reply.completion.usage for reply in replies), Usage()),
        errors=run.errors_json() if is_new_error else None,
        seconds=run.seconds,
    )


def conversation(format_type: str, content: JsonObject) -> Iterator[tuple[Role, str]]:
    """An example's turns in order, whatever its format: what a page draws as bubbles."""
    for message in get_format(format_type).to_messages(content):
        yield message.role, message.content
