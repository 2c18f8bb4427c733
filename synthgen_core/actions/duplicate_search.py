"""The search for examples of a dataset that say the same, or nearly so: in memory, or as a job that keeps its finds."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from synthgen_core.access import Role, requires
from synthgen_core.database import Cluster, Near, NewJob, NewSearch, Progress
from synthgen_core.database.checks import RANKS, check_ranks
from synthgen_core.dedup import NEAR, Compared, compared_text, find_duplicates
from synthgen_core.errors import ConfigError, ConflictError, StoppedError
from synthgen_core.formats import get_format
from synthgen_core.jobs import Run
from synthgen_core.models import Job, JobKind, JsonObject
from synthgen_core.workspace import ACTIVE, Workspace

KEEP = tuple(RANKS)
"""What decides which of several is kept, the first one first: a person's verdict, then the score, then the length."""
LEAST, MOST = 0.5, 1.0
"""Thresholds that can be searched for."""
TOLD = 2000
"""Examples after which a job's progress is written down."""


@dataclass(frozen=True, slots=True)
class Clusters:
    """What a search found."""

    searched: int
    """Active examples that were looked at."""
    clusters: tuple[Cluster, ...]
    """The largest first."""


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What is looked for."""

    threshold: float = NEAR
    """Share of words, 0.5 to 1, that two examples have in the same order."""
    compared: Compared = Compared.WHOLE
    keep: tuple[str, ...] = KEEP


def find_clusters(
    workspace: Workspace,
    dataset_id: int,
    request: SearchRequest,
    *,
    tick: Callable[[], None] = lambda: None,
    read: Callable[[int, int], None] = lambda number, total: None,
) -> Clusters:
    """Active examples of a dataset that are alike, in stars around the one that is best by ``request.keep``.

    Takes about 20 seconds for 100,000. ``tick`` is called now and then, and may raise, to stop; ``read`` is told how
    many of how many examples were read.

    Raises:
        NotFoundError: there is no such dataset. ConfigError: the request cannot be answered.
    """
    _check(request)
    format = get_format(workspace.database.get_dataset(dataset_id).format)
    ids: array[int] = workspace.database.rank_examples(dataset_id, request.keep)

    def texts() -> Iterator[str]:
        for number, each in enumerate(workspace.database.read_in_order(ids)):
            if number % TOLD == 0:
                read(number, len(ids))
            yield compared_text(format, each.content, request.compared)
        read(len(ids), len(ids))

    clusters = [
        Cluster(ids[star.centre], tuple(Near(ids[twin.number], twin.similarity) for twin in star.twins))
        for star in find_duplicates(texts(), request.threshold, tick=tick)
    ]
    clusters.sort(key=lambda cluster: -len(cluster.twins))
    return Clusters(len(ids), tuple(clusters))


@requires(Role.REVIEWER)
def start_search(
    workspace: Workspace,
    dataset_id: int,
    *,
    threshold: float = NEAR,
    compared: Compared = Compared.WHOLE,
    keep: Sequence[str] = KEEP,
) -> Job:
    """Search a dataset for duplicates in the background; returns at once. See ``duplicates`` for what was found.

    What an earlier search found is replaced once this one is done.

    Raises:
        NotFoundError: there is no such dataset.
        ConfigError: the threshold is out of range, a rank is unknown, or the dataset is empty.
        ConflictError: a search runs in this dataset already.
    """
    request = SearchRequest(threshold, compared, tuple(keep))
    _check(request)
    dataset = workspace.database.get_dataset(dataset_id)
    if not dataset.example_count:
        raise ConfigError(f"“{dataset.name}” has no examples.", "Choose another dataset.")
    for job in workspace.database.get_jobs(ACTIVE, JobKind.DUPLICATES, dataset_id=dataset_id):
        raise ConflictError(f"A search in “{dataset.name}” runs already (job {job.id}).", "Wait, or cancel it.")
    parameters: JsonObject = {
        "name": f"Duplicates in “{dataset.name}”",
        "threshold": request.threshold,
        "compared": request.compared,
        "keep": [*request.keep],
    }
    new = NewJob(JobKind.DUPLICATES, parameters, dataset.example_count, workspace.runner.owner)
    job = workspace.database.create_job(new, dataset_id)
    _start(workspace, job, request)
    return job


@requires(Role.REVIEWER)
def resume_search(workspace: Workspace, /, job_id: int, **_: object) -> Job:
    """Begin a search that stopped short anew: nothing of it was kept. Raises NotFoundError, or ConflictError."""
    job = workspace.database.reopen_job(job_id, workspace.runner.owner)
    keep = job.parameters["keep"]
    assert isinstance(keep, list)
    threshold, compared = float(str(job.parameters["threshold"])), Compared(str(job.parameters["compared"]))
    _start(workspace, job, SearchRequest(threshold, compared, tuple(map(str, keep))))
    return job


def _check(request: SearchRequest) -> None:
    if not LEAST <= request.threshold <= MOST:
        message = f"The threshold {request.threshold:g} is not a similarity that can be looked for."
        raise ConfigError(message, f"Give a number from {LEAST:g} to {MOST:g}, such as {NEAR:g}.")
    check_ranks(request.keep)


def _start(workspace: Workspace, job: Job, request: SearchRequest) -> None:
    workspace.runner.start(job, lambda run: _search(workspace, run, request))


def _search(workspace: Workspace, run: Run, request: SearchRequest) -> None:
    """Read, compare, write. Raises NotFoundError once the dataset is deleted, and StoppedError."""
    dataset_id = run.job.dataset_id
    assert dataset_id is not None
    done = run.job.done  # of a run before, of which nothing was kept

    def tick() -> None:
        if run.stop.is_set():
            raise StoppedError

    def read(number: int, total: int) -> None:
        nonlocal done
        run.record(Progress(done=number - done, requested=total, seconds=run.seconds))
        done = number
        if number == total:
            run.note("Comparing what is alike.")

    watermark = workspace.database.get_watermark(dataset_id)
    found = find_clusters(workspace, dataset_id, request, tick=tick, read=read)
    tick()
    new = NewSearch(watermark, request.threshold, request.compared, request.keep, found.searched, found.clusters)
    workspace.database.record_search(run.job, new, run.seconds)
