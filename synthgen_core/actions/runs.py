"""The work of a generation job, in the background: calls, examples and what they cost, written down as they come."""

import threading
from collections.abc import Iterable, Sequence
from datetime import timedelta

from synthgen_core.actions.providers import model_table, open_provider
from synthgen_core.budget import OK, Budget, Tariff
from synthgen_core.concurrency import DaemonExecutor
from synthgen_core.database import LoggedCall, NewExample, PaidReply, Progress
from synthgen_core.database.datasets import now
from synthgen_core.errors import NotFoundError
from synthgen_core.generator import Call, DatasetGenerator, Failure, Made, Memory, Outcome, Reply
from synthgen_core.jobs import Run
from synthgen_core.methods import Plan
from synthgen_core.models import Completion, Dataset, Job, ProviderConfig, Usage
from synthgen_core.providers import LLMProvider
from synthgen_core.workspace import Workspace, forget_expired


def run_in_background(
    workspace: Workspace,
    job: Job,
    plan: Plan,
    config: ProviderConfig,
    budget: Budget,
    *,
    workers: int,
    use_cache: bool,
    has_memory: bool,
) -> None:
    """Do what is missing of a pending job as soon as there is room; returns at once.

    Without memory no reply is looked for that was paid for before, because none can be there.
    """
    database = workspace.database

    def work(run: Run) -> None:
        assert job.dataset_id is not None
        dataset = database.get_dataset(job.dataset_id)
        provider = open_provider(config, model_table(workspace.settings))
        executor = DaemonExecutor(workers, f"synthgen-call-{job.id}")
        try:
            run.note("Getting the model ready.")
            provider.prepare(lambda text, share: run.note(f"{text} {share:.0%}"), run.stop)
            run.note("")
            forget_expired(workspace)
            done = database.get_job_items(job.id)
            items = (item for item in range(job.requested) if item not in done)
            memory = _memory(workspace, job, use_cache=use_cache) if has_memory else None
            generator = DatasetGenerator(provider, workspace.catalogue)
            cap = budget if budget.is_capped else None
            for outcomes in generator.generate(
                plan, items, executor, workers, memory=memory, stop=run.stop, budget=cap
            ):
                progress = _progress(run, outcomes, provider.config, budget.tariff)
                run.record(progress)
                if progress.examples:
                    workspace.mirror.append(dataset.file_path, ((e.content, e.metadata) for e in progress.examples))
        finally:
            close_later(executor, provider)
            _put_file_in_order(workspace, dataset)

    workspace.runner.start(job, work)


def close_later(executor: DaemonExecutor, provider: LLMProvider) -> None:
    """Close the provider once no call uses it any more; nobody waits for that."""
    executor.shutdown(wait=False, cancel_futures=True)

    def close() -> None:
        executor.join()
        provider.close()

    threading.Thread(target=close, name="synthgen-close", daemon=True).start()


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


def log_of(outcomes: Iterable[Outcome], config: ProviderConfig, tariff: Tariff) -> list[LoggedCall]:
    """The calls among these outcomes of one batch, with what they cost, and where to find what they brought."""
    keys = {(reply.item, reply.attempt): reply.key for reply in outcomes if isinstance(reply, Reply)}
    return [
        LoggedCall(
            call.item,
            call.attempt,
            config.type,
            call.model,
            config.base_url,
            call.outcome,
            call.usage,
            tariff.cost(call.usage, call.outcome),
            call.seconds,
            keys.get((call.item, call.attempt)) if call.outcome == OK else None,
        )
        for call in outcomes
        if isinstance(call, Call)
    ]


def _progress(run: Run, outcomes: Sequence[Outcome], config: ProviderConfig, tariff: Tariff) -> Progress:
    examples, replies, given_up, is_new_error = [], [], 0, False
    for outcome in outcomes:
        match outcome:
            case Made():
                examples.append(NewExample(outcome.item, outcome.content, outcome.metadata, outcome.item))
            case Reply():
                replies.append(PaidReply(outcome.key, outcome.item, outcome.attempt, config.type, outcome.completion))
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
        log=log_of(outcomes, config, tariff),
        errors=run.errors_json() if is_new_error else None,
        seconds=run.seconds,
    )
