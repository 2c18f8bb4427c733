"""Background work: a bounded number of jobs at a time, each in a daemon thread; progress goes to the database.

A new kind of job is a function that takes a ``Run`` and an action that calls ``JobRunner.start``; progress, cancelling,
heartbeat and the list of tasks come with it.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from synthgen_core.concurrency import DaemonExecutor, Stop
from synthgen_core.database import Database, NewDataset, Progress
from synthgen_core.database.datasets import now
from synthgen_core.errors import PausedError, StoppedError, SynthGenError, trace_of
from synthgen_core.formats import writable
from synthgen_core.models import Dataset, Job, JobStatus, JsonObject
from synthgen_core.models.jobs import ACTIVE

LOG = logging.getLogger(__name__)
BEAT_SECONDS = 1.0
LOST_AFTER = timedelta(seconds=60)
"""An owner of whom nothing was heard for so long is taken to be dead."""
GRACE_SECONDS = 4.0


class Run:
    """A job as its work sees it: what it is, whether to stop, and where to write progress."""

    def __init__(self, job: Job, database: Database) -> None:
        self.job = job
        self.stop = Stop()
        self.errors: dict[str, JsonObject] = {
            key: dict(value) for key, value in job.errors.items() if isinstance(value, dict)
        }
        self.is_interrupted = False
        """Stopped because the process ends, not because somebody cancelled."""
        self._database = database
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long the job has run, earlier runs included."""
        return self.job.seconds + time.monotonic() - self._started

    def count_error(self, cause: str, error: SynthGenError) -> None:
        """Add one to the count of this cause, and keep the newest message."""
        seen = self.errors.pop(cause, {})  # the newest stands last
        count = seen.get("count", 0)
        self.errors[cause] = {
            "count": (count if isinstance(count, int) else 0) + 1,
            "message": writable(error.message),
            "hint": writable(error.hint),
        }

    def errors_json(self) -> JsonObject:
        """The counts so far, as they are kept with the job."""
        return {cause: dict(entry) for cause, entry in self.errors.items()}

    def note(self, text: str) -> None:
        """Say what the job is busy with, where the counts do not tell."""
        self._database.set_note(self.job.id, text)

    def begin_dataset(self, new: NewDataset) -> Dataset:
        """An empty dataset that nobody sees until it is published; ``record`` writes to the job's first one."""
        made = self._database.begin_dataset(self.job.id, new)
        if self.job.dataset_id is None:
            self.job = replace(self.job, dataset_id=made.id)
        return made

    def record(self, progress: Progress) -> None:
        """Write progress down, all of it or nothing. Raises NotFoundError once the dataset is deleted."""
        self._database.record(self.job, progress)


Work = Callable[[Run], None]
"""What a job does; it returns when done, and raises SynthGenError when it cannot go on."""


class JobRunner:
    """Runs jobs in this process. One per process, whatever is reloaded: see ``workspace.shared_workspace``."""

    def __init__(self, database: Database, *, owner: str, max_jobs: int) -> None:
        self.owner = owner
        self._database = database
        self._executor = DaemonExecutor(max_jobs, "synthgen-job")
        self._runs: dict[int, Run] = {}
        self._lock = threading.Condition()
        self._closing = Stop()
        self._heart = threading.Thread(target=self._beat_loop, name="synthgen-heart", daemon=True)
        self._heart.start()

    def start(self, job: Job, work: Work) -> None:
        """Run this pending job as soon as there is room."""
        run = Run(job, self._database)
        with self._lock:
            self._runs[job.id] = run
            self._lock.notify_all()
        self._executor.submit(self._perform, run, work)

    def cancel(self, job_id: int) -> None:
        """Stop a job, here or in the process that owns it; what it achieved is kept. Raises NotFoundError."""
        self._database.request_cancel(job_id)
        with self._lock:
            run = self._runs.get(job_id)
        if run is None:
            return
        run.stop.set()
        if not self._database.get_job(job_id).status.is_active:  # it waited, and need not wait for its turn to end
            self._forget(run)

    def wait(self, job_id: int, seconds: float | None = None) -> bool:
        """Wait until a job of this process has ended, at most so long; tells whether it has."""
        with self._lock:
            return self._lock.wait_for(lambda: job_id not in self._runs, seconds)

    def close(self, grace: float = GRACE_SECONDS) -> None:
        """Interrupt all jobs, so that they can be resumed, and wait a little for them to write down where they are."""
        with self._lock:
            runs = list(self._runs.values())
        for run in runs:
            run.is_interrupted = not run.stop.is_set()
            run.stop.set()
        self._closing.set()
        with self._lock:
            self._lock.wait_for(lambda: not self._runs, grace)
            left = list(self._runs.values())
        for run in left:
            self._finish(run, self._stopped(run), None)
        self._executor.shutdown(wait=False)

    def _perform(self, run: Run, work: Work) -> None:
        """The outermost frame of a job's thread: whatever happens in it becomes a status."""
        job = run.job
        status, errors, note = JobStatus.FAILED, None, ""
        with self._lock:
            if self._runs.get(job.id) is not run:
                return  # cancelled while it waited; it may have been resumed since, as another run
        try:
            if run.stop.is_set() or not self._database.begin_job(job.id, self.owner):
                status = self._stopped(run)
                return
            LOG.info("job %s started", job.id)
            work(run)
            status = self._verdict(run)
        except StoppedError:
            status = self._verdict(run)
        except PausedError as error:
            run.count_error(error.cause, error)
            errors = run.errors_json()
            if run.stop.is_set():
                status = self._verdict(run)
            else:
                status, note = JobStatus.INTERRUPTED, error.note
        except SynthGenError as error:
            run.count_error(getattr(error, "cause", "") or type(error).__name__, error)
            status = self._verdict(run) if run.stop.is_set() else JobStatus.FAILED
            errors = run.errors_json()
            LOG.warning("job %s ended early: %s", job.id, type(error).__name__)
        except Exception as error:  # noqa: BLE001 - here only, and told by `trace_of`
            run.count_error(
                "bug", SynthGenError(f"The app made a mistake ({type(error).__name__}).", "Please report it.")
            )
            errors = run.errors_json()
            LOG.error("job %s crashed\n%s", job.id, trace_of(error))
        finally:
            self._finish(run, status, errors, note)

    def _verdict(self, run: Run) -> JobStatus:
        if run.stop.is_set():
            return self._stopped(run)
        return JobStatus.COMPLETED if self._database.get_job(run.job.id).done else JobStatus.FAILED

    @staticmethod
    def _stopped(run: Run) -> JobStatus:
        return JobStatus.INTERRUPTED if run.is_interrupted else JobStatus.CANCELLED

    def _finish(self, run: Run, status: JobStatus, errors: JsonObject | None, note: str = "") -> None:
        try:
            self._database.end_job(run.job.id, status, errors=errors, seconds=run.seconds, note=note)
            LOG.info("job %s is %s", run.job.id, status)
        except SynthGenError as error:
            LOG.error("the end of job %s could not be written down: %s", run.job.id, error.message)
        self._forget(run)

    def _forget(self, run: Run) -> None:
        with self._lock:
            if self._runs.get(run.job.id) is run:
                del self._runs[run.job.id]
            self._lock.notify_all()

    def _beat_loop(self) -> None:
        """Tell the others that this process lives, and hear from them which of its jobs to stop."""
        while not self._closing.wait(BEAT_SECONDS):
            with self._lock:
                while not self._runs and not self._closing.is_set():
                    self._lock.wait(BEAT_SECONDS)
            if self._closing.is_set():
                return
            try:
                cancelled = self._database.beat(self.owner)
            except SynthGenError as error:
                LOG.warning("no heartbeat: %s", error.message)
                continue
            with self._lock:
                runs = [self._runs[job_id] for job_id in cancelled if job_id in self._runs]
            for run in runs:
                run.stop.set()


def find_lost_jobs(database: Database, is_dead: Callable[[str], bool]) -> list[int]:
    """Mark the jobs whose process is gone as interrupted, and return their ids."""
    owners = {job.owner for job in database.get_jobs(ACTIVE)}
    return database.abandon_jobs([owner for owner in owners if is_dead(owner)], now() - LOST_AFTER)
