"""The work of a generation job, in the background: calls, examples and what they cost, written down as they come."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from synthgen_core.actions.batches import batch_tariff, open_batch_run
from synthgen_core.actions.providers import model_table, open_provider
from synthgen_core.actions.requests import GenerationRequest
from synthgen_core.budget import OK, Budget, Tariff
from synthgen_core.concurrency import DaemonExecutor, Stop
from synthgen_core.database import LoggedCall, NewExample, PaidReply, Progress
from synthgen_core.database.datasets import now
from synthgen_core.door import Door
from synthgen_core.driving import Memory
from synthgen_core.errors import NotFoundError
from synthgen_core.generator import DatasetGenerator
from synthgen_core.jobs import Run
from synthgen_core.methods import Plan
from synthgen_core.models import Completion, Dataset, Job, ProviderConfig, Side, Usage
from synthgen_core.outcomes import Call, Failure, Made, Outcome, Reply
from synthgen_core.providers import LLMProvider
from synthgen_core.workspace import Workspace, forget_expired


def run_in_background(
    workspace: Workspace, job: Job, request: GenerationRequest, plan: Plan, budget: Budget, *, has_memory: bool
) -> None:
    """Do what is missing of a pending job as soon as there is room; returns at once.

    ``request`` is complete, as ``check_request`` makes it. Without memory no reply is looked for that was paid for
    before, because none can be there.
    """
    database, workers = workspace.database, request.workers or 1

    def work(run: Run) -> None:
        assert job.dataset_id is not None
        dataset = database.get_dataset(job.dataset_id)
        sides = open_sides(workspace, request)
        configs = {side: provider.config for side, provider in sides.items()}
        executor = DaemonExecutor(workers, f"synthgen-call-{job.id}")
        try:
            run.note("Getting the model ready.")
            for provider in set(sides.values()):
                provider.prepare(lambda text, share: run.note(f"{text} {share:.0%}"), run.stop)
            door = _door(workspace, run, dataset, plan)
            run.note("")
            forget_expired(workspace)
            memory = None
            if has_memory or request.use_batch:
                memory = memory_of(workspace, job, use_cache=request.use_cache, is_needed=request.use_batch)
            generator = DatasetGenerator(sides[Side.WRITER], workspace.catalogue, assistant=sides[Side.ASSISTANT])

            def missing() -> list[int]:
                done = database.get_job_items(job.id)
                return [item for item in range(job.requested) if item not in done]

            def save(outcomes: Sequence[Outcome], tariffs: Mapping[Side, Tariff]) -> None:
                progress = _progress(run, outcomes, configs, tariffs)
                run.record(progress)
                if progress.examples:
                    workspace.mirror.append(dataset.file_path, ((e.content, e.metadata) for e in progress.examples))

            def replay(stop: Stop) -> Iterator[list[Outcome]]:
                return generator.generate(
                    plan, missing(), executor, 1, memory=memory, stop=stop, door=door, is_offline=True
                )

            cap = budget if budget.is_capped else None
            batches = None
            if request.use_batch:
                tariff = batch_tariff(workspace.settings, request.provider)
                batches = open_batch_run(workspace, run, sides[Side.WRITER], tariff, budget)
                for outcomes in batches.outcomes(replay):
                    save(outcomes, {Side.WRITER: tariff})
            items = missing()
            if batches and items:
                run.note(f"Asking for the last {len(items):,} one by one, at the ordinary price.")
            stream = generator.generate(
                plan, items, executor, workers, memory=memory, stop=run.stop, budget=cap, door=door
            )
            for outcomes in batches.news(stream) if batches else stream:
                save(outcomes, budget.tariffs)
        finally:
            close_later(executor, *sides.values())
            _put_file_in_order(workspace, dataset)

    workspace.runner.start(job, work)


def open_sides(workspace: Workspace, request: GenerationRequest) -> dict[Side, LLMProvider]:
    """The models of a run, ready to be asked; one for both sides where only one was chosen.

    Raises as ``open_provider`` does; then none is left open.
    """
    table = model_table(workspace.settings)
    writer = open_provider(request.provider, table)
    assistant = writer
    if request.assistant_provider is not None:
        try:
            assistant = open_provider(request.assistant_provider, table)
        except BaseException:
            writer.close()
            raise
    return {Side.WRITER: writer, Side.ASSISTANT: assistant}


def close_sides(sides: Mapping[Side, LLMProvider]) -> None:
    """Close the models of a run that no call uses."""
    for provider in set(sides.values()):
        provider.close()


def close_later(executor: DaemonExecutor, *providers: LLMProvider) -> None:
    """Close the providers once no call uses them any more; nobody waits for that."""
    executor.shutdown(wait=False, cancel_futures=True)

    def close() -> None:
        executor.join()
        for provider in set(providers):
            provider.close()

    threading.Thread(target=close, name="synthgen-close", daemon=True).start()


def _door(workspace: Workspace, run: Run, dataset: Dataset, plan: Plan) -> Door:
    """The door of this dataset: it knows all that is in it, whichever run brought it."""
    door = Door(plan.format, plan.templates())
    if dataset.example_count:
        run.note(f"Reading the {dataset.example_count:,} examples that are there.")
    for content, metadata in workspace.database.stream_contents(dataset.id):
        run.stop.check()
        door.remember(content, str(metadata.get("situation", "")))
    return door


def _put_file_in_order(workspace: Workspace, dataset: Dataset) -> None:
    """Rewrite the file in the order of the items, unless the dataset was deleted meanwhile."""
    try:
        workspace.database.get_dataset(dataset.id)
    except NotFoundError:
        return
    workspace.mirror.rewrite_soon(dataset.id, dataset.file_path)


def memory_of(workspace: Workspace, job: Job, *, use_cache: bool, is_needed: bool = False) -> Memory | None:
    """Finds this job's paid replies, and other jobs' where that is allowed; None where there are none to be found.

    ``is_needed``: some will be there later.
    """
    settings = workspace.settings
    since = now() - timedelta(hours=settings.cache_ttl) if settings.enable_caching and use_cache else None
    if not is_needed and not workspace.database.has_completions(job_id=job.id, since=since):
        return None

    def find(key: str) -> Completion | None:
        return workspace.database.get_completions([key], job_id=job.id, since=since).get(key)

    return find


def log_of(
    outcomes: Iterable[Outcome], configs: Mapping[Side, ProviderConfig], tariffs: Mapping[Side, Tariff]
) -> list[LoggedCall]:
    """The calls among these outcomes of one batch, with what they cost, and where to find what they brought."""
    keys = {(reply.item, reply.attempt): reply.key for reply in outcomes if isinstance(reply, Reply)}
    return [
        LoggedCall(
            call.item,
            call.attempt,
            configs[call.side].type,
            call.model,
            configs[call.side].base_url,
            call.outcome,
            call.usage,
            tariffs[call.side].cost(call.usage, call.outcome),
            call.seconds,
            keys.get((call.item, call.attempt)) if call.outcome == OK else None,
        )
        for call in outcomes
        if isinstance(call, Call)
    ]


def _progress(
    run: Run, outcomes: Sequence[Outcome], configs: Mapping[Side, ProviderConfig], tariffs: Mapping[Side, Tariff]
) -> Progress:
    examples, replies, given_up, is_new_error = [], [], 0, False
    for outcome in outcomes:
        match outcome:
            case Made():
                examples.append(NewExample(outcome.item, outcome.content, outcome.metadata, outcome.item))
            case Reply():
                asked = configs[outcome.side].type
                replies.append(PaidReply(outcome.key, outcome.item, outcome.attempt, asked, outcome.completion))
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
        log=log_of(outcomes, configs, tariffs),
        errors=run.errors_json() if is_new_error else None,
        seconds=run.seconds,
    )
