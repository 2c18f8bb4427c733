"""Tasks are listed, and say how far they are."""

import threading

import pytest

from synthgen_core.actions import datasets, jobs
from synthgen_core.errors import (
    ConflictError,
)
from synthgen_core.models import JobStatus
from synthgen_core.workspace import Workspace
from tests.core.actions.support import (
    ask,
    finish,
    make,
    start_and_wait_for_three,
)
from tests.support.server import ModelServer


def test_the_list_of_tasks_is_paged_and_says_what_each_is_about(workspace: Workspace, server: ModelServer) -> None:
    made = [make(workspace, ask(server, 1, seed=1)).id for _ in range(3)]
    views = jobs.get_all_tasks(workspace, limit=2, offset=1)
    assert [view.job.id for view in views] == [made[1], made[0]]
    assert views[0].title == "Customer Support / Technical Support"
    assert jobs.count_tasks(workspace) == 3
    assert jobs.count_tasks(workspace, (JobStatus.FAILED,)) == 0
    assert jobs.get_active_tasks(workspace) == []
    jobs.delete_task(workspace, made[0])
    assert [view.job.id for view in jobs.get_all_tasks(workspace)] == [made[2], made[1]]
    assert datasets.get_datasets(workspace).total == 3


def test_a_task_in_progress_shows_how_far_it_is(
    workspace: Workspace, server: ModelServer, gate: threading.Event
) -> None:
    job = start_and_wait_for_three(workspace, server)
    view = jobs.get_job(workspace, job.id, newest=2)
    assert (view.fraction, view.shortfall, view.can_resume) == (0.3, 0, False)
    assert [example.metadata["seed"] for example in view.newest] == [1, 1]
    assert view.rate is not None
    assert view.eta is not None
    assert view.rate > 0 < view.eta
    assert [active.job.id for active in jobs.get_active_tasks(workspace)] == [job.id]
    with pytest.raises(ConflictError):
        jobs.delete_task(workspace, job.id)
    jobs.cancel_task(workspace, job.id)
    finish(workspace, job)
    ended = jobs.get_job(workspace, job.id)
    assert (ended.shortfall, ended.can_resume, ended.eta) == (7, True, None)
