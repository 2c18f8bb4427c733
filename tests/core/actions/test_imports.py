"""An import brings in what is good, lists what is not, and leaves nothing half made whatever stops it."""

import gzip
import json
import shutil
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from synthgen_core.actions.import_files import Source, keep_upload, local_file
from synthgen_core.actions.import_previews import bad_lines_csv, preview_import
from synthgen_core.actions.import_runs import BATCH_ROWS, ImportOptions
from synthgen_core.actions.imports import ImportReport, get_import_report, resume_import, start_import
from synthgen_core.actions.jobs import cancel_task, get_job, resume_task
from synthgen_core.actions.trash import delete_dataset
from synthgen_core.errors import ConfigError, ConflictError, NotFoundError
from synthgen_core.models import JobKind, JobStatus, JsonObject, Origin
from synthgen_core.settings import Settings
from synthgen_core.workspace import Workspace, open_workspace
from tests.core.actions.support import SECONDS, files, finish, lines, stored, until

ALPACA: JsonObject = {"instruction": "Say hello", "input": "", "output": "Bonjour"}
PAIR: JsonObject = {"prompt": "Hi", "chosen": "Hello!", "rejected": "What?"}


def chat(text: str = "Hi") -> JsonObject:
    return {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": "Hello"}]}


def jsonl(*rows: JsonObject | str) -> bytes:
    return "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows).encode()


def file(tmp_path: Path, content: bytes, name: str = "a.jsonl") -> Source:
    (tmp_path / name).write_bytes(content)
    return local_file(tmp_path / name)


def bring_in(workspace: Workspace, *sources: Source, **options: Any) -> ImportReport:
    job = start_import(workspace, sources, ImportOptions(**options))
    assert workspace.runner.wait(job.id, SECONDS)
    return get_import_report(workspace, job.id)


def is_empty(workspace: Workspace) -> bool:
    """No dataset, seen or hidden, no example, no file."""
    with workspace.database.engine.connect() as connection:
        counts = [connection.execute(sa.text(f"SELECT count(*) FROM {t}")).scalar() for t in ("datasets", "examples")]
    return counts == [0, 0] and not files(workspace)


def test_good_lines_come_in_and_the_others_are_listed(each_workspace: Workspace, tmp_path: Path) -> None:
    workspace = each_workspace
    content = jsonl(chat("one"), "", "nope", {"content": chat("two")}, {"q": "x"}, chat("three"))
    report = bring_in(workspace, file(tmp_path, content, "Mine.jsonl"))
    assert (report.good, report.bad, report.skipped, report.blank) == (3, 2, 0, 1)
    assert report.shapes == {"openai_chat": 3}
    assert [(line.line, line.column, line.excerpt) for line in report.bad_lines] == [
        (3, 1, "nope"),
        (5, None, '{"q": "x"}'),
    ]
    assert "damaged wrapping" in report.notes[0]
    job = report.job
    assert (job.kind, job.status, job.requested, job.done, job.failed) == (JobKind.IMPORT, JobStatus.COMPLETED, 5, 3, 2)
    assert {cause: entry["count"] for cause, entry in job.errors.items()} == {"not_json": 1, "unknown_shape": 1}  # type: ignore[index, call-overload]
    assert report.dataset_id is not None
    dataset = workspace.database.get_dataset(report.dataset_id)
    assert (dataset.name, dataset.format, dataset.example_count, dataset.origin) == ("Mine", "chat", 3, Origin.IMPORTED)
    found = workspace.database.get_dataset_examples(dataset.id)
    assert [example.content for example in found] == [chat("one"), chat("two"), chat("three")]
    assert [example.metadata["source"]["line"] for example in found] == [1, 4, 6]  # type: ignore[index, call-overload]
    assert lines(workspace, dataset.id) == stored(workspace, dataset.id)
    assert get_job(workspace, job.id).title == "Mine"


def test_any_bytes_may_stand_in_a_bad_line(each_workspace: Workspace, tmp_path: Path) -> None:
    """PostgreSQL takes no NUL, and no encoder half a character."""
    content = jsonl(chat()) + b'nope \0\n\0\xff\n{"a": "\\ud800\\u0000"}\n{"\\u0000": 1}\n' + bytes(range(256)) + b"\n"
    report = bring_in(each_workspace, file(tmp_path, content))
    assert (report.good, report.bad) == (1, 6)
    assert all("\0" not in line.excerpt + line.reason for line in report.bad_lines)
    assert report.bad_lines[0].excerpt == "nope "


def test_bad_lines_can_be_taken_to_a_spreadsheet(workspace: Workspace, tmp_path: Path) -> None:
    report = bring_in(workspace, file(tmp_path, jsonl(chat(), '=HYPERLINK("x")')))
    assert bad_lines_csv(report.bad_lines).decode().splitlines() == [
        '"line","column","reason","excerpt"',
        '"2","1","It is not JSON: it begins with “=HYPERLINK(""x"")”.","\'=HYPERLINK(""x"")"',
    ]


def test_doubtful_examples_come_in_with_a_flag(each_workspace: Workspace, tmp_path: Path) -> None:
    doubtful = {"messages": [{"role": "user", "content": "Hi"}]}
    report = bring_in(each_workspace, file(tmp_path, jsonl(chat(), doubtful, chat())))
    assert report.dataset_id is not None
    ids = [example.id for example in each_workspace.database.get_dataset_examples(report.dataset_id)]
    [flag] = each_workspace.database.get_flags(ids)
    assert (flag.example_id, flag.rule, flag.severity, flag.source) == (
        ids[1],
        "last_not_assistant",
        "warning",
        "import",
    )


def test_our_own_file_comes_back_as_it_was(workspace: Workspace, tmp_path: Path) -> None:
    rows = [{**chat(f"{n}"), "metadata": {"parameters": {"tone": "warm"}, "seed": n}} for n in range(3)]
    report = bring_in(workspace, file(tmp_path, jsonl(*rows)))
    assert report.dataset_id is not None
    assert stored(workspace, report.dataset_id) == rows
    again = bring_in(workspace, file(tmp_path, jsonl(*lines(workspace, report.dataset_id)), "b.jsonl"), is_again=True)
    assert again.dataset_id is not None
    assert stored(workspace, again.dataset_id) == rows


def test_instructions_among_chats_become_chats_whichever_comes_first(workspace: Workspace, tmp_path: Path) -> None:
    for name, rows in (("a", [chat(), ALPACA]), ("b", [ALPACA, ALPACA, chat()])):
        report = bring_in(workspace, file(tmp_path, jsonl(*rows), name))
        assert (report.good, report.skipped) == (len(rows), 0)
        assert report.dataset_id is not None
        assert workspace.database.get_dataset(report.dataset_id).format == "chat"
        assert workspace.database.get_job(report.job.id).done == len(rows)
    assert len(workspace.database.get_datasets()) == len(files(workspace)) == 2


def test_where_formats_do_not_fit_the_most_frequent_wins(workspace: Workspace, tmp_path: Path) -> None:
    report = bring_in(workspace, file(tmp_path, jsonl(chat(), PAIR, PAIR)))
    assert (report.good, report.bad, report.skipped) == (2, 0, 1)
    assert report.dataset_id is not None
    assert workspace.database.get_dataset(report.dataset_id).format == "preference"
    assert [line.line for line in report.bad_lines] == [1]
    forced = bring_in(workspace, file(tmp_path, jsonl(chat(), PAIR, PAIR)), format_type="chat", is_again=True)
    assert (forced.good, forced.skipped) == (1, 2)
    with pytest.raises(NotFoundError, match="no format"):
        bring_in(workspace, file(tmp_path, jsonl(chat("x"))), format_type="poem")


def test_all_or_nothing_imports_nothing_for_one_bad_line(workspace: Workspace, tmp_path: Path) -> None:
    bad = file(tmp_path, jsonl(chat(), "nope", chat()))
    report = bring_in(workspace, bad, is_all_or_nothing=True)
    assert (report.dataset_id, report.job.status, report.bad) == (None, JobStatus.FAILED, 1)
    assert [line.line for line in report.bad_lines] == [2]
    [error] = report.job.errors.values()
    assert isinstance(error, dict)
    assert error["message"] == "1 of 3 rows cannot be imported, so that nothing was."
    assert is_empty(workspace)
    mixed = bring_in(workspace, file(tmp_path, jsonl(chat(), PAIR)), is_all_or_nothing=True)
    assert (mixed.dataset_id, mixed.skipped) == (None, 1)
    fine = bring_in(workspace, file(tmp_path, jsonl(chat(), ALPACA)), is_all_or_nothing=True)
    assert (fine.good, fine.job.status) == (2, JobStatus.COMPLETED)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"[]", b"nope\n"])
def test_a_file_without_examples_makes_nothing(workspace: Workspace, tmp_path: Path, content: bytes) -> None:
    report = bring_in(workspace, file(tmp_path, content))
    assert (report.dataset_id, report.good, report.job.status) == (None, 0, JobStatus.FAILED)
    assert "There are no examples in it." in str(report.job.errors)
    assert is_empty(workspace)


def test_the_same_content_is_imported_again_only_on_purpose(workspace: Workspace, tmp_path: Path) -> None:
    first = bring_in(workspace, file(tmp_path, jsonl(chat()), "a.jsonl"))
    other_name = file(tmp_path, jsonl(chat()), "b.jsonl")
    with pytest.raises(ConflictError) as caught:
        bring_in(workspace, other_name)
    assert f"was already imported on {first.job.created_at:%Y-%m-%d}" in caught.value.message
    assert f"as dataset {first.dataset_id} “a”" in caught.value.message
    earlier = preview_import(workspace, other_name).earlier
    assert earlier is not None
    assert earlier.dataset_id == first.dataset_id
    assert bring_in(workspace, other_name, is_again=True).good == 1
    for dataset in workspace.database.get_datasets():
        delete_dataset(workspace, dataset.id)
    assert preview_import(workspace, other_name).earlier is None
    assert bring_in(workspace, other_name).good == 1


def test_several_files_make_one_dataset_if_asked_for(workspace: Workspace, tmp_path: Path) -> None:
    one = file(tmp_path, jsonl(chat("1"), "nope"), "one.jsonl")
    two = file(tmp_path, gzip.compress(jsonl(chat("2"), chat("3"))), "two.jsonl.gz")
    report = bring_in(workspace, one, two)
    assert (report.good, report.bad) == (3, 1)
    assert report.dataset_id is not None
    dataset = workspace.database.get_dataset(report.dataset_id)
    assert (dataset.name, dataset.metadata["files"]) == ("one and 1 more", ["one.jsonl", "two.jsonl.gz"])
    assert [e.example_index for e in workspace.database.get_dataset_examples(dataset.id)] == [0, 1, 2]
    for source in (one, two):
        with pytest.raises(ConflictError):
            bring_in(workspace, source)


def test_what_cannot_work_is_refused_before_there_is_a_job(workspace: Workspace, tmp_path: Path) -> None:
    utf16 = file(tmp_path, '{"a": 1}'.encode("utf-16"), "a.jsonl")
    source = file(tmp_path, jsonl(chat()), "b.jsonl")
    for sources, options, message in (
        ([], {}, "no file"),
        ([utf16], {}, "UTF-16"),
        ([source, utf16], {}, "UTF-16"),
        ([source], {"encoding": "klingon"}, "klingon"),
        ([source], {"mapping": (("question", "q"),)}, "question"),
    ):
        with pytest.raises(ConfigError, match=message):
            bring_in(workspace, *sources, **options)
    assert workspace.database.count_jobs() == 0


def test_a_file_that_changes_while_it_is_read_is_not_imported(workspace: Workspace, tmp_path: Path) -> None:
    source = file(tmp_path, jsonl(chat()))
    (tmp_path / "a.jsonl").write_bytes(jsonl(chat(), chat()))
    report = bring_in(workspace, source)
    assert (report.dataset_id, report.job.status) == (None, JobStatus.FAILED)
    assert "was changed while it was read" in str(report.job.errors)
    assert is_empty(workspace)


def test_an_upload_goes_away_once_it_is_imported(workspace: Workspace) -> None:
    import io

    source = keep_upload(workspace, "a.jsonl", io.BytesIO(jsonl(chat())))
    assert preview_import(workspace, source).good == 1
    assert source.facts.path.exists()
    assert bring_in(workspace, source).good == 1
    assert not source.facts.path.exists()
    with pytest.raises(NotFoundError, match="is gone"):
        preview_import(workspace, source)
    kept = keep_upload(workspace, "b.jsonl", io.BytesIO(b"nope\n"))
    assert bring_in(workspace, kept).good == 0
    assert kept.facts.path.exists()


# -- stopped


MANY = 2 * BATCH_ROWS + 5000


class Brake:
    """Once its first batch is written, the import waits before its next step, until it is let go."""

    def __init__(self, workspace: Workspace) -> None:
        self.waits, self.go = threading.Event(), threading.Event()
        self._has_batch = False
        sa.event.listen(workspace.database.engine, "after_cursor_execute", self._notice)
        sa.event.listen(workspace.database.engine, "checkin", self._wait)

    def _notice(self, _c: object, _cursor: object, statement: str, _p: object, _context: object, _m: bool) -> None:
        self._has_batch = self._has_batch or statement.startswith("INSERT INTO examples")

    def _wait(self, _connection: object, _record: object) -> None:
        if self._has_batch and threading.current_thread().name.startswith("synthgen-job"):
            self.waits.set()
            assert self.go.wait(SECONDS)


def test_a_cancelled_import_leaves_nothing_and_can_be_done_anew(workspace: Workspace, tmp_path: Path) -> None:
    source = file(tmp_path, jsonl(*(chat(f"{n}") for n in range(MANY))))
    brake = Brake(workspace)
    job = start_import(workspace, [source])
    assert brake.waits.wait(SECONDS)
    assert workspace.database.get_datasets() == []  # nobody sees a part of it
    assert 0 < workspace.database.get_job(job.id).done < MANY
    with pytest.raises(ConflictError, match="is being imported"):
        start_import(workspace, [source])
    cancel_task(workspace, job.id)
    brake.go.set()
    ended = finish(workspace, job)
    assert (ended.status, ended.done, ended.failed, ended.dataset_id) == (JobStatus.CANCELLED, 0, 0, None)
    assert is_empty(workspace)
    again = finish(workspace, resume_task(workspace, job.id))
    assert (again.status, again.done, again.requested) == (JobStatus.COMPLETED, MANY, MANY)
    assert [dataset.example_count for dataset in workspace.database.get_datasets()] == [MANY]


def test_an_import_that_the_app_s_end_interrupts_can_be_done_anew(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    source = file(tmp_path, jsonl(*(chat(f"{n}") for n in range(MANY)), "nope"))
    with closing(open_workspace(settings)) as workspace:
        brake = Brake(workspace)
        job = start_import(workspace, [source])
        assert brake.waits.wait(SECONDS)
        threading.Timer(0.2, brake.go.set).start()
    with closing(open_workspace(settings)) as workspace:
        assert workspace.database.get_job(job.id).status is JobStatus.INTERRUPTED
        assert workspace.database.get_datasets() == []
        assert finish(workspace, resume_import(workspace, job.id)).status is JobStatus.COMPLETED
        report = get_import_report(workspace, job.id)
        assert (report.good, report.bad, report.job.done, report.job.failed) == (MANY, 1, MANY, 1)
        assert len(workspace.database.get_datasets()) == len(files(workspace)) == 1


def test_a_disk_that_fills_in_the_middle_ends_the_import_and_leaves_nothing(
    workspace: Workspace, tmp_path: Path
) -> None:
    source = file(tmp_path, jsonl(*(chat("x" * 20_000 + f"{n}") for n in range(1500))))  # two batches of 16 MB
    pages = 0

    def limit(connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages or 2**30}")

    with workspace.database.engine.connect() as connection:
        pages = int(connection.exec_driver_sql("PRAGMA page_count").scalar_one()) + 6000
    sa.event.listen(workspace.database.engine, "begin", limit)
    report = bring_in(workspace, source)
    assert (report.job.status, report.dataset_id) == (JobStatus.FAILED, None)
    assert "The disk is full" in str(report.job.errors)
    assert is_empty(workspace)
    pages = 0
    assert finish(workspace, resume_import(workspace, report.job.id)).done == 1500


def test_a_file_that_cannot_be_written_ends_the_import_and_leaves_nothing(workspace: Workspace, tmp_path: Path) -> None:
    source = file(tmp_path, jsonl(*(chat(f"{n}") for n in range(MANY))))
    brake = Brake(workspace)
    job = start_import(workspace, [source])
    assert brake.waits.wait(SECONDS)
    shutil.rmtree(workspace.settings.datasets_dir)
    workspace.settings.datasets_dir.write_text("in the way")
    brake.go.set()
    ended = finish(workspace, job)
    assert (ended.status, ended.dataset_id) == (JobStatus.FAILED, None)
    assert "cannot be written" in str(ended.errors)
    assert is_empty(workspace)


def test_progress_is_told_in_rows_that_the_bytes_suggest(workspace: Workspace, tmp_path: Path) -> None:
    source = file(tmp_path, jsonl(*(chat("x" * 900 + f"{n}") for n in range(MANY))))
    brake = Brake(workspace)
    job = start_import(workspace, [source])
    assert brake.waits.wait(SECONDS)
    running = workspace.database.get_job(job.id)
    assert running.done < running.requested
    assert MANY / 2 < running.requested < MANY * 2
    brake.go.set()
    done = finish(workspace, job)
    assert (done.requested, done.done) == (MANY, MANY)
    until(lambda: not workspace.database.get_job(job.id).note)
