"""A workspace opens what is there, mends its files, and closes in seconds."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from synthgen_core.database import NewDataset, NewExample, NewJob, Progress
from synthgen_core.errors import DatabaseError
from synthgen_core.jobs import Run
from synthgen_core.models import Dataset, JobKind, JobStatus
from synthgen_core.settings import Settings
from synthgen_core.workspace import Workspace, open_workspace, repair_files

SECONDS = 30.0


@pytest.fixture
def workspace(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    with closing(open_workspace(Settings(data_dir=tmp_path / "data", database_url=database_url))) as opened:
        yield opened


def make_dataset(workspace: Workspace, count: int = 3) -> Dataset:
    new = NewDataset("a", "support", "returns", "chat", f"datasets/{time.monotonic_ns()}.jsonl")
    dataset = workspace.database.create_dataset(new)
    workspace.database.add_examples(dataset.id, [NewExample(n, {"text": f"é {n}"}, {"n": n}) for n in range(count)])
    workspace.mirror.rewrite(dataset.id, dataset.file_path)
    return workspace.database.get_dataset(dataset.id)


def numbers(path: Path) -> list[int]:
    return [orjson.loads(line)["metadata"]["n"] for line in path.read_bytes().splitlines()]


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def double(path: Path) -> None:
    path.write_bytes(path.read_bytes() * 2)


def retouch(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace("é 1".encode(), b"e 1"))


def put_folder_away(path: Path) -> None:
    path.unlink()
    path.parent.rmdir()


@pytest.mark.parametrize("damage", [truncate, double, retouch, Path.unlink, put_folder_away])
def test_a_damaged_file_is_written_anew_and_a_good_one_is_left(
    workspace: Workspace, damage: Callable[[Path], None]
) -> None:
    dataset = make_dataset(workspace)
    assert repair_files(workspace) == []
    path = workspace.mirror.path(dataset.file_path)
    good = path.read_bytes()
    damage(path)
    assert repair_files(workspace) == [dataset.id]
    assert path.read_bytes() == good
    assert repair_files(workspace) == []


def test_the_file_of_a_dataset_that_a_job_writes_to_is_left_alone(workspace: Workspace) -> None:
    busy, free = make_dataset(workspace), make_dataset(workspace)
    job = workspace.database.create_job(NewJob(JobKind.GENERATION, {}, 3, "me:1:1.00"), busy.id)
    for dataset in (busy, free):
        truncate(workspace.mirror.path(dataset.file_path))
    assert repair_files(workspace) == [free.id]
    workspace.database.end_job(job.id, JobStatus.CANCELLED)
    assert repair_files(workspace) == [busy.id]
    assert numbers(workspace.mirror.path(busy.file_path)) == [0, 1, 2]


def test_one_file_that_cannot_be_mended_does_not_keep_the_others_from_it(workspace: Workspace) -> None:
    stuck, other = make_dataset(workspace), make_dataset(workspace)
    for dataset in (stuck, other):
        workspace.mirror.path(dataset.file_path).unlink()
    workspace.mirror.path(stuck.file_path).mkdir()
    assert repair_files(workspace) == [other.id]
    assert numbers(workspace.mirror.path(other.file_path)) == [0, 1, 2]


def test_deleted_datasets_get_no_file(workspace: Workspace) -> None:
    dataset = make_dataset(workspace)
    workspace.database.delete_dataset(dataset.id)
    workspace.mirror.remove(dataset.id, dataset.file_path)
    assert repair_files(workspace) == []
    assert not workspace.mirror.path(dataset.file_path).exists()


def test_two_can_work_on_one_folder_and_neither_takes_the_other_s_jobs(workspace: Workspace) -> None:
    begun, go_on = threading.Event(), threading.Event()
    new = NewJob(JobKind.GENERATION, {}, 1, workspace.runner.owner)
    job = workspace.database.create_job(new, make_dataset(workspace).id)

    def work(run: Run) -> None:
        begun.set()
        go_on.wait(SECONDS)
        run.record(Progress([NewExample(99, {}, {}, 0)]))

    workspace.runner.start(job, work)
    assert begun.wait(SECONDS)
    with closing(open_workspace(workspace.settings)) as second:
        assert second.database.get_job(job.id).status is JobStatus.RUNNING
        assert repair_files(second) == []
        theirs = make_dataset(second)
        assert workspace.database.get_dataset(theirs.id) == theirs
    go_on.set()
    assert workspace.runner.wait(job.id, SECONDS)
    assert workspace.database.get_job(job.id).status is JobStatus.COMPLETED


def test_opening_finds_the_jobs_of_a_process_that_was_killed(workspace: Workspace) -> None:
    dataset = make_dataset(workspace)
    code = "from synthgen_core.system import this_process; print(this_process())"
    gone = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    job = workspace.database.create_job(NewJob(JobKind.GENERATION, {}, 3, gone), dataset.id)
    workspace.database.begin_job(job.id, gone)
    with closing(open_workspace(workspace.settings)) as second:
        assert second.database.get_job(job.id).status is JobStatus.INTERRUPTED
        assert second.database.get_dataset(dataset.id).example_count == 3


def test_a_workspace_that_is_closed_has_written_everything(tmp_path: Path) -> None:
    workspace = open_workspace(Settings(data_dir=tmp_path))
    dataset = make_dataset(workspace)
    example = workspace.database.get_dataset_examples(dataset.id)[0]
    workspace.database.update_example(example.id, {"text": "new"}, seen_revision=1, author="ann")
    workspace.mirror.rewrite_soon(dataset.id, dataset.file_path)
    workspace.close()
    assert orjson.loads((tmp_path / dataset.file_path).read_bytes().splitlines()[0])["text"] == "new"


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in its place")
    with pytest.raises(DatabaseError, match="data"):
        open_workspace(Settings(data_dir=tmp_path / "data"))


def test_a_user_s_own_domain_is_in_the_catalogue_and_a_wrong_one_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "domains"
    folder.mkdir()
    (folder / "broken.toml").write_text("slug = ")
    with closing(open_workspace(Settings(data_dir=tmp_path))) as workspace:
        assert len(list(workspace.catalogue)) == 12
        assert "broken.toml" in str(workspace.catalogue.problems[0])


SHARED = """if True:
    import importlib, sys, threading, time
    from concurrent.futures import ThreadPoolExecutor
    from pathlib import Path
    import synthgen_core.jobs, synthgen_core.workspace
    from synthgen_core.database import NewDataset, NewJob
    from synthgen_core.models import JobKind
    from synthgen_core.settings import Settings

    settings = Settings(data_dir=Path(sys.argv[1]))
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: synthgen_core.workspace.shared_workspace(settings), range(8)))
    importlib.reload(synthgen_core.jobs)
    importlib.reload(synthgen_core.workspace)
    opened.append(synthgen_core.workspace.shared_workspace(settings))
    print(len({id(workspace) for workspace in opened}))
    hearts = [thread for thread in threading.enumerate() if thread.name == "synthgen-heart"]
    print(len(hearts))

    begun = threading.Event()
    def work(run):
        begun.set()
        run.stop.wait(600)
    workspace = opened[0]
    new = NewDataset("a", "support", "returns", "chat", "datasets/a.jsonl")
    job = workspace.database.create_job(NewJob(JobKind.GENERATION, {}, 1, workspace.runner.owner), new)
    workspace.runner.start(job, work)
    begun.wait(30)
    print(time.time(), flush=True)
    """


def test_a_process_has_one_workspace_whatever_is_reloaded_and_ends_in_seconds(tmp_path: Path) -> None:
    run = [sys.executable, "-c", SHARED, str(tmp_path)]
    done = subprocess.run(run, capture_output=True, text=True, check=False, timeout=120)
    ended = time.time()
    assert done.returncode == 0, done.stderr
    workspaces, hearts, last = done.stdout.split()
    assert (workspaces, hearts) == ("1", "1")
    assert ended - float(last) < 5  # with a job that would go on for ten minutes
    with closing(open_workspace(Settings(data_dir=tmp_path))) as workspace:
        assert workspace.database.get_job(1).status is JobStatus.INTERRUPTED
        assert repair_files(workspace) in ([], [1])
