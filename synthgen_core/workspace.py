"""The one place where collaborators meet: settings, database, files, jobs and domains, opened and closed together."""

import atexit
import logging
import sys
import threading
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from synthgen_core.access import OWNER, Visitor
from synthgen_core.database import Database, open_database
from synthgen_core.database.datasets import now
from synthgen_core.domains import Catalogue, load_catalogue
from synthgen_core.errors import DatabaseError
from synthgen_core.files import Mirror
from synthgen_core.jobs import JobRunner, find_lost_jobs
from synthgen_core.models.jobs import ACTIVE as ACTIVE
from synthgen_core.settings import Settings
from synthgen_core.staging import KEPT_SECONDS, remove_older
from synthgen_core.system import is_dead, this_process

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Workspace:
    """What every action works on."""

    settings: Settings
    database: Database
    mirror: Mirror
    runner: JobRunner
    catalogue: Catalogue
    visitor: Visitor = OWNER
    """On whose behalf it is worked on."""

    def close(self) -> None:
        """Interrupt what runs, write what waits, give everything back. Takes a few seconds at most."""
        self.runner.close()
        self.mirror.close()
        self.database.close()


def log_to_stderr(level: str) -> None:
    """Let this process's log go to stderr, from this level on; it holds ids and causes, never contents or keys."""
    logger = logging.getLogger("synthgen_core")
    logger.setLevel(level.upper())
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logger.addHandler(handler)


def open_workspace(settings: Settings) -> Workspace:
    """Open, and where needed make, the data folder and its database; mark jobs of dead processes as interrupted.

    Raises:
        DatabaseError: the folder or the database cannot be used.
        ConfigError: a setting cannot be used.
    """
    database = open_database(settings.sqlalchemy_url)
    mirror = Mirror(settings.data_dir, database.stream_lines_of_file)
    if lost := find_lost_jobs(database, is_dead):
        LOG.info("interrupted jobs found: %s", lost)
    runner = JobRunner(database, owner=this_process(), max_jobs=settings.max_concurrent_jobs)
    return Workspace(settings, database, mirror, runner, load_catalogue(settings.domains_dir))


def repair_files(workspace: Workspace) -> list[int]:
    """Compare every dataset's file with the database and write the wrong ones anew; returns their dataset ids.

    Files of datasets that a job is writing to are left alone; one that cannot be written is logged. Raises
    DatabaseError.
    """
    busy = {job.dataset_id for job in workspace.database.get_jobs(ACTIVE)}
    wrong = [
        dataset
        for dataset in workspace.database.get_datasets()
        if dataset.id not in busy and not workspace.mirror.is_equal(dataset.id, dataset.file_path)
    ]
    mended = []
    for dataset in wrong:
        try:
            workspace.mirror.rewrite(dataset.id, dataset.file_path)
        except DatabaseError as error:
            LOG.error("the file of dataset %s is not what the database holds: %s", dataset.id, error.message)
        else:
            mended.append(dataset.id)
            LOG.warning("the file of dataset %s was not what the database holds; it was written anew", dataset.id)
    return mended


def discard_unfinished(workspace: Workspace) -> list[int]:
    """Take away the datasets that a job of a dead process left half made, or that were half purged; their ids.

    Raises DatabaseError.
    """
    unfinished = workspace.database.get_unfinished()
    for dataset in unfinished:
        workspace.mirror.remove(dataset.id, dataset.file_path)
        workspace.database.discard_dataset(dataset.id)
        LOG.warning("the dataset %s was half made when its job ended; it was taken away", dataset.id)
    return [dataset.id for dataset in unfinished]


def forget_expired(workspace: Workspace) -> int:
    """Forget the paid replies that are older than CACHE_TTL, but for those that jobs need in order to go on.

    Returns how many. Raises DatabaseError.
    """
    oldest = now() - timedelta(hours=workspace.settings.cache_ttl)
    forgotten = workspace.database.delete_completions(before=oldest)
    if forgotten:
        LOG.info("%s replies were older than CACHE_TTL and were forgotten", forgotten)
    return forgotten


def tidy(workspace: Workspace, also: Sequence[Callable[[Workspace], object]] = ()) -> None:
    """What is done once, in the background, when the app has started, and then ``also``; a failure is logged."""
    try:
        forget_expired(workspace)
        discard_unfinished(workspace)
        remove_older(workspace.settings.exports_dir, KEPT_SECONDS)
        repair_files(workspace)
        for act in also:
            act(workspace)
    except DatabaseError as error:
        LOG.error("not all could be put in order: %s", error.message)


def process_registry() -> dict[str, Any]:
    """What there is once in a process, by name; kept where a reload of our modules cannot reach it.

    Streamlit reloads them while jobs run.
    """
    return vars(sys.modules.setdefault("_synthgen_process", types.ModuleType("_synthgen_process")))


def shared_workspace(settings: Settings, at_start: Sequence[Callable[[Workspace], object]] = ()) -> Workspace:
    """This process's workspace, opened once, put in order in the background, and given to what is done ``at_start``."""
    registry = process_registry()
    with registry.setdefault("lock", threading.Lock()):
        workspace: Workspace | None = registry.get("workspace")
        if workspace is None:
            log_to_stderr(settings.log_level)
            workspace = registry["workspace"] = open_workspace(settings)
            atexit.register(workspace.close)
            threading.Thread(target=tidy, args=(workspace, at_start), name="synthgen-repair", daemon=True).start()
        return workspace
