"""Watching, cancelling, resuming and deleting background jobs."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from synthgen_core.access import Role, requires
from synthgen_core.actions.usage import cost_in_words
from synthgen_core.database.jobs import STOPPED_SHORT
from synthgen_core.errors import BudgetReachedError, NotFoundError
from synthgen_core.models import Example, Job, JobKind, JobStatus
from synthgen_core.workspace import ACTIVE, Workspace

RESUME: Mapping[JobKind, str] = {
    JobKind.GENERATION: "generation:resume_generation",
    JobKind.IMPORT: "imports:resume_import",
    JobKind.CURATION: "curation:resume_curation",
    JobKind.RULES: "rules:resume_rules",
    JobKind.MEASURES: "measures:resume_measuring",
    JobKind.DUPLICATES: "duplicate_search:resume_search",
    JobKind.QUALITY: "quality:resume_quality",
    JobKind.COMPARISON: "comparing:resume_comparison",
}
"""``module:function`` of this package, loaded on first use: watching a job takes none of them. Each function takes a
workspace, a job's number, and ``max_cost`` and ``max_tokens_total`` by name."""


@dataclass(frozen=True, slots=True)
class JobView:
    """A job with what a page shows of it."""

    job: Job
    title: str
    """What it works on, in words."""
    newest: list[Example]

    @property
    def fraction(self) -> float:
        """Share of the requested items that is settled, 0-1; once the job has ended, the share that came."""
        settled = self.job.done + (self.job.failed if self.job.status.is_active else 0)
        return min(1.0, settled / self.job.requested) if self.job.requested else 0.0

    @property
    def seconds(self) -> float:
        """How long the job has run, all runs together; up to this moment while it runs."""
        job = self.job
        if job.status is JobStatus.RUNNING and job.heartbeat_at:
            return job.seconds + max(0.0, (datetime.now(UTC) - job.heartbeat_at).total_seconds())
        return job.seconds

    @property
    def rate(self) -> float | None:
        """Accepted examples a minute, over all the time that the job ran; None before the first."""
        return 60 * self.job.done / self.job.seconds if self.job.done and self.job.seconds else None

    @property
    def eta(self) -> float | None:
        """Seconds until it is done at this rate; None while that cannot be told."""
        left = self.job.requested - self.job.done - self.job.failed
        return 60 * left / self.rate if self.rate and self.job.status is JobStatus.RUNNING else None

    @property
    def shortfall(self) -> int:
        """Items that were asked for and did not come, once the job has ended."""
        return 0 if self.job.status.is_active else self.job.requested - self.job.done

    @property
    def cost(self) -> str:
        """What it cost, in words: "$1.20", "unknown", or "$1.20 and 3 calls of unknown cost"."""
        return cost_in_words(self.job.cost, self.job.unknown_cost_calls)

    @property
    def max_cost(self) -> Decimal | None:
        """US dollars that it may cost."""
        cap = self.job.parameters.get("max_cost")
        return None if cap is None else Decimal(str(cap))

    @property
    def max_tokens_total(self) -> int | None:
        """Tokens that it may take."""
        cap = self.job.parameters.get("max_tokens_total")
        return cap if isinstance(cap, int) else None

    @property
    def is_out_of_budget(self) -> bool:
        """It paused because its budget is used up; to go on it needs a higher one."""
        return self.job.status is JobStatus.INTERRUPTED and BudgetReachedError.cause in self.job.errors

    @property
    def can_resume(self) -> bool:
        """There is something left to do, and somebody may start it."""
        return self.job.status in STOPPED_SHORT


def get_job(workspace: Workspace, job_id: int, *, newest: int = 0) -> JobView:
    """A job as it stands, with its newest examples if asked for. Raises NotFoundError."""
    return _view(workspace, workspace.database.get_job(job_id), newest)


def latest_task(workspace: Workspace, dataset_id: int, kind: JobKind) -> JobView | None:
    """The newest job of a kind on a dataset; None: there was none."""
    jobs = workspace.database.get_jobs((), kind, dataset_id=dataset_id, limit=1)
    return _view(workspace, jobs[0], 0) if jobs else None


def find_job(workspace: Workspace, name: str) -> Job:
    """The job with this id; ``latest``: the newest that can be resumed. Raises NotFoundError."""
    if name.strip().isdecimal():
        return workspace.database.get_job(int(name))
    if name.strip().lower() == "latest":
        if jobs := workspace.database.get_jobs(STOPPED_SHORT, limit=1):
            return jobs[0]
        raise NotFoundError("There is no job to resume.", "All are complete, or still running.")
    raise NotFoundError(f"“{name}” is no job.", "Give a number, or “latest”.")


def get_all_tasks(
    workspace: Workspace,
    statuses: Sequence[JobStatus] = (),
    kind: JobKind | None = None,
    *,
    dataset_id: int | None = None,
    limit: int = 20,
    offset: int = 0,
) -> list[JobView]:
    """A page of the jobs, the newest first; those of one dataset, if it is named."""
    jobs = workspace.database.get_jobs(statuses, kind, dataset_id=dataset_id, limit=limit, offset=offset)
    return [_view(workspace, job, 0) for job in jobs]


def count_tasks(workspace: Workspace, statuses: Sequence[JobStatus] = (), kind: JobKind | None = None) -> int:
    """How many jobs there are in all."""
    return workspace.database.count_jobs(statuses, kind)


def get_active_tasks(workspace: Workspace) -> list[JobView]:
    """The jobs that wait or run, the oldest first."""
    return [_view(workspace, job, 0) for job in reversed(workspace.database.get_jobs(ACTIVE))]


@requires(Role.ADMIN)
def cancel_task(workspace: Workspace, job_id: int) -> None:
    """Stop a job; no new call starts, and what it achieved is kept. Raises NotFoundError."""
    workspace.runner.cancel(job_id)


@requires(Role.ADMIN)
def resume_task(
    workspace: Workspace, job_id: int, *, max_cost: Decimal | None = None, max_tokens_total: int | None = None
) -> Job:
    """Go on with a job that stopped short, with a new budget if one is given. Raises as the action of its kind does."""
    module, _, name = RESUME[workspace.database.get_job(job_id).kind].partition(":")
    resume: Callable[..., Job] = getattr(importlib.import_module(f"synthgen_core.actions.{module}"), name)
    return resume(workspace, job_id, max_cost=max_cost, max_tokens_total=max_tokens_total)


@requires(Role.ADMIN)
def delete_task(workspace: Workspace, job_id: int) -> None:
    """Forget a job; its dataset stays. Raises NotFoundError, or ConflictError while it is active."""
    workspace.database.delete_job(job_id)


def _view(workspace: Workspace, job: Job, newest: int) -> JobView:
    return JobView(job, _title(workspace, job), workspace.database.newest_of_job(job.id, newest) if newest else [])


def _title(workspace: Workspace, job: Job) -> str:
    try:
        domain, subdomain = workspace.catalogue.find(str(job.parameters["domain"]), str(job.parameters["subdomain"]))
    except (KeyError, NotFoundError):
        return str(job.parameters.get("name", ""))
    return f"{domain.name} / {subdomain.name}"
