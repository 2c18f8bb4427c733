"""An operation that is cancelled, or meets trouble, leaves what was there, and nothing else."""

import threading
from contextlib import closing
from pathlib import Path

import pytest

from synthgen_core.actions import trash
from synthgen_core.actions.curation import Duplicate, Merge, Split, resume_curation, start, wait_for_datasets
from synthgen_core.actions.jobs import cancel_task, resume_task
from synthgen_core.errors import ConfigError, SynthGenError
from synthgen_core.models import Job, JobStatus
from synthgen_core.settings import Settings
from synthgen_core.workspace import Workspace, open_workspace, tidy
from tests.core.actions.curating import SECONDS, add, chat, do, rows
from tests.core.actions.support import until

LARGE = 30_000


@pytest.fixture
def large(workspace: Workspace) -> int:
    return add(workspace, [chat(f"question {n}", "x" * 300) for n in range(LARGE)], "large")


def began(workspace: Workspace, job: Job) -> None:
    until(lambda: workspace.database.get_job(job.id).done)


def is_untouched(workspace: Workspace) -> bool:
    names = [path.name for path in workspace.settings.datasets_dir.iterdir()]
    return workspace.database.count_datasets() == 1 and names == ["large.jsonl"]


def test_a_cancelled_operation_leaves_nothing_behind(workspace: Workspace, large: int) -> None:
    job = start(workspace, Duplicate(large))
    began(workspace, job)
    assert workspace.database.count_datasets() == 1, "nobody sees half of it"
    cancel_task(workspace, job.id)
    with pytest.raises(SynthGenError, match="cancelled"):
        wait_for_datasets(workspace, job)
    ended = workspace.database.get_job(job.id)
    assert (ended.status, ended.done, ended.dataset_id) == (JobStatus.CANCELLED, 0, None)
    assert workspace.database.get_unfinished() == []
    assert is_untouched(workspace)
    resume_task(workspace, job.id)
    (made,) = wait_for_datasets(workspace, job)
    assert made.example_count == len(rows(workspace, made)) == LARGE


def test_closing_the_app_in_between_leaves_what_the_next_start_takes_away(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    with closing(open_workspace(settings)) as workspace:
        large = add(workspace, [chat(f"question {n}", "x" * 300) for n in range(LARGE)], "large")
        job = start(workspace, Duplicate(large))
        began(workspace, job)
    with closing(open_workspace(settings)) as workspace:
        assert workspace.database.get_job(job.id).status is JobStatus.INTERRUPTED
        assert workspace.database.count_datasets() == 1
        tidy(workspace)
        assert is_untouched(workspace)
        (made,) = wait_for_datasets(workspace, resume_curation(workspace, job.id))
        assert made.example_count == LARGE


def test_a_split_is_shown_whole_or_not_at_all(workspace: Workspace, large: int) -> None:
    job = start(workspace, Split(large, (50, 50), seed=1))
    began(workspace, job)
    cancel_task(workspace, job.id)
    assert workspace.runner.wait(job.id, SECONDS)
    assert is_untouched(workspace)


def test_a_parent_that_is_purged_meanwhile_ends_the_job(workspace: Workspace, large: int) -> None:
    job = start(workspace, Duplicate(large))
    began(workspace, job)
    trash.delete_dataset(workspace, large)
    trash.purge_dataset(workspace, large)
    assert workspace.runner.wait(job.id, SECONDS)
    ended = workspace.database.get_job(job.id)
    made = workspace.database.get_made_by(job.id)
    assert (ended.status is JobStatus.FAILED and not made) or [d.example_count for d in made] == [LARGE]


def test_edits_meanwhile_do_not_come_along(workspace: Workspace, large: int) -> None:
    last = workspace.database.get_dataset_examples(large, 1, LARGE - 1)[0]
    job = start(workspace, Duplicate(large))
    began(workspace, job)
    workspace.database.update_example(last.id, chat("edited", "now"), seen_revision=1, author="ann")
    (made,) = wait_for_datasets(workspace, job)
    assert workspace.database.get_dataset_examples(made.id, 1, LARGE - 1)[0].content == last.content


def test_two_operations_at_once_do_not_meet(workspace: Workspace) -> None:
    one, two = add(workspace, [chat("a", "1")] * 300, "one"), add(workspace, [chat("b", "2")] * 300, "two")
    made: list[int] = []

    def merge() -> None:
        made.extend(d.id for d in do(workspace, Merge((one, two))))

    threads = [threading.Thread(target=merge) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert len(set(made)) == 4
    assert len({workspace.database.get_dataset(each).file_path for each in made}) == 4
    assert all(len(rows(workspace, workspace.database.get_dataset(each))) == 600 for each in made)


def test_an_operation_that_was_done_is_not_done_twice(workspace: Workspace) -> None:
    source = add(workspace, [chat("a", "1")], "one")
    job = start(workspace, Duplicate(source))
    (made,) = wait_for_datasets(workspace, job)
    with workspace.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE jobs SET status = 'interrupted'")  # it died right after it was done
    assert [d.id for d in wait_for_datasets(workspace, resume_curation(workspace, job.id))] == [made.id]
    assert workspace.database.count_datasets() == 2


def test_a_dataset_that_was_deleted_cannot_be_resumed_from(workspace: Workspace, large: int) -> None:
    job = start(workspace, Duplicate(large))
    began(workspace, job)
    cancel_task(workspace, job.id)
    assert workspace.runner.wait(job.id, SECONDS)
    trash.delete_dataset(workspace, large)
    with pytest.raises(ConfigError, match=f"no dataset {large}"):
        wait_for_datasets(workspace, resume_curation(workspace, job.id))
