"""The command line does what the pages do, says how it went in its exit code, and stops in seconds."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from synthgen_core import __version__
from synthgen_core.cli import main
from synthgen_core.cli.commands import COMMANDS
from synthgen_core.models import JobStatus
from synthgen_core.settings import ROOT, Settings
from synthgen_core.workspace import Workspace, open_workspace, repair_files
from tests.support.replies import MODEL
from tests.support.server import Act, ModelServer

SECONDS = 60.0
BAD = Act(text="I would rather not.")
ATTEMPTS = 9
"""Bad replies after which an item is given up."""


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture(autouse=True)
def _provider(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of this process name the server."""
    values = {"LLM_PROVIDER": "openai", "OPENAI_BASE_URL": server.url, "OPENAI_MODEL": MODEL}
    for name, value in values.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def generate(data: Path, *more: str) -> list[str]:
    where = ["--domain", "support", "--subdomain", "technical_support", "--data-dir", str(data)]
    return ["generate", *where, "--workers", "2", *more]


def said(capsys: pytest.CaptureFixture[str]) -> Any:
    """What was printed for machines."""
    return json.loads(capsys.readouterr().out)


@contextmanager
def opened(data: Path) -> Iterator[Workspace]:
    with closing(open_workspace(Settings(data_dir=data))) as workspace:
        yield workspace


# -- generate


@pytest.mark.parametrize("format_type", ["chat", "instruction"])
def test_a_dataset_is_made_and_its_file_named(
    data: Path, format_type: str, capsys: pytest.CaptureFixture[str], server: ModelServer
) -> None:
    assert main(generate(data, "--count", "4", "--format", format_type, "--seed", "7", "--json")) == 0
    report = said(capsys)
    assert {key: report[key] for key in ("status", "requested", "generated", "calls", "seed", "errors")} == {
        "status": "completed",
        "requested": 4,
        "generated": 4,
        "calls": 4,
        "seed": 7,
        "errors": {},
    }
    rows = [json.loads(line) for line in Path(report["file"]).read_text(encoding="utf-8").splitlines()]
    assert [row["metadata"]["item"] for row in rows] == [0, 1, 2, 3]
    assert all(("messages" in row) == (format_type == "chat") for row in rows)
    assert Path(report["file"]).is_relative_to(data / "datasets")
    assert (report["prompt_tokens"], report["completion_tokens"]) == (400, 200)
    assert len(server.calls) == 4


def test_it_says_so_in_words_too(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(generate(data, "--count", "2", "--name", "Прёвет")) == 0
    told = capsys.readouterr()
    assert told.out.startswith("2 of 2 examples, completed. Dataset 1: ")
    assert told.err == ""
    assert main(["datasets", "--data-dir", str(data)]) == 0
    assert "Прёвет" in capsys.readouterr().out


def test_the_dataset_goes_to_a_file_of_the_user_s_choice_as_well(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new folder" / "mine.jsonl"
    assert main(generate(data, "--count", "3", "--out", str(out), "--json")) == 0
    assert said(capsys)["file"] == str(out)
    (mirror,) = (data / "datasets").iterdir()
    assert out.read_bytes() == mirror.read_bytes()
    assert len(out.read_bytes().splitlines()) == 3


def test_two_data_folders_are_two_worlds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, count in (("one", 1), ("two", 2)):
        assert main(generate(tmp_path / name, "--count", str(count), "--json")) == 0
        assert said(capsys)["dataset"] == 1
    for name, count in (("one", 1), ("two", 2)):
        assert main(["datasets", "--data-dir", str(tmp_path / name), "--json"]) == 0
        assert [row["examples"] for row in said(capsys)] == [count]


def test_a_relative_folder_starts_where_the_user_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(generate(Path("here"), "--count", "1", "--out", "out.jsonl", "--json")) == 0
    assert said(capsys)["status"] == "completed"
    assert (tmp_path / "here" / "llm_dataset_creator.db").is_file()
    assert (tmp_path / "out.jsonl").is_file()


def test_what_is_given_wins_over_the_settings(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], server: ModelServer
) -> None:
    server.models = ["llama3"]
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9")
    given = ["--provider", "ollama", "--base-url", server.root, "--model", "llama3", "--language", "German"]
    assert main(generate(data, "--count", "1", "--temperature", "0.5", *given)) == 0
    (call,) = server.calls
    assert (call.path, call.body["model"], call.body["options"]["temperature"]) == ("/api/chat", "llama3", 0.5)
    assert "Language: German" in call.words


def test_a_part_of_what_was_asked_for_is_exit_code_3(
    data: Path, capsys: pytest.CaptureFixture[str], server: ModelServer
) -> None:
    server.then(*[BAD] * ATTEMPTS)
    assert main(generate(data, "--count", "3", "--workers", "1")) == 3
    out = capsys.readouterr().out
    assert out.startswith("2 of 3 examples, completed.")
    assert f"{ATTEMPTS} x " in out


def test_nothing_of_what_was_asked_for_is_exit_code_1(
    data: Path, capsys: pytest.CaptureFixture[str], server: ModelServer
) -> None:
    server.choose = lambda call: BAD
    assert main(generate(data, "--count", "1", "--out", str(data / "out.jsonl"))) == 1
    out = capsys.readouterr().out
    assert out.startswith("0 of 1 examples, failed.")
    assert "python -m synthgen_core resume 1" in out
    assert not (data / "out.jsonl").exists()


@pytest.mark.parametrize(
    ("more", "code", "told"),
    [
        (["--domain", "suport"], 2, "Did you mean Customer Support"),
        (["--subdomain", "technical"], 2, "Technical Support"),
        (["--format", "chta"], 2, "Did you mean chat"),
        (["--language", "Germn"], 2, "Did you mean German"),
        (["--provider", "opnai"], 2, "Did you mean openai"),
        (["--count", "0"], 2, "1 to 1,000,000"),
        (["--count", "1000001"], 2, "1 to 1,000,000"),
        (["--workers", "0"], 2, "1 to 256"),
        (["--provider", "embedded", "--language", "de"], 2, "English only"),
        (["--base-url", "http://127.0.0.1:9/v1"], 1, "does not answer"),
        (["--data-dir", "/proc/nothing"], 1, "/proc/nothing"),
    ],
)
def test_what_cannot_be_done_is_told_with_a_remedy_and_nothing_is_made(
    data: Path, more: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str], server: ModelServer
) -> None:
    assert main(generate(data, *more)) == code
    shown = capsys.readouterr()
    assert shown.err.startswith("Error: ")
    assert told in shown.err
    assert shown.out == ""
    assert main(generate(data, *more, "--json")) == code
    report = said(capsys)
    assert report["status"] == "error"
    assert report["hint"]
    assert told in f"{report['detail']} {report['hint']}"
    assert server.calls == []
    assert not (data / "datasets").exists()


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["generate"], ["generate", "--count", "x"], ["resume"]])
def test_wrong_usage_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m synthgen_core" in capsys.readouterr().err


def test_a_wrong_setting_is_named(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CACHE_TTL", "a day")
    assert main(generate(data)) == 2
    assert "CACHE_TTL" in capsys.readouterr().err


def test_the_same_seed_costs_nothing_again_unless_asked(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calls = []
    for more in ([], [], ["--no-cache"]):
        assert main(generate(data, "--count", "2", "--seed", "1", "--json", *more)) == 0
        calls.append(said(capsys)["calls"])
    assert calls == [2, 0, 2]


# -- the other commands


def test_a_job_goes_on_where_it_failed(data: Path, capsys: pytest.CaptureFixture[str], server: ModelServer) -> None:
    server.choose = lambda call: Act(status=402, text="no credit") if call.number >= 3 else Act()
    assert main(generate(data, "--count", "6", "--workers", "1", "--json")) == 1
    first = said(capsys)
    assert (first["status"], first["generated"]) == ("failed", 3)
    assert "credit" in first["errors"]
    server.choose = lambda call: Act()
    for job, out in (("latest", data / "out.jsonl"),):
        assert main(["resume", job, "--data-dir", str(data), "--out", str(out), "--json"]) == 0
        report = said(capsys)
        assert (report["job"], report["generated"], report["calls"]) == (first["job"], 6, 6)
        assert len(out.read_bytes().splitlines()) == 6
    assert main(["resume", "latest", "--data-dir", str(data)]) == 2
    assert "There is no job to resume" in capsys.readouterr().err
    assert main(["resume", str(first["job"]), "--data-dir", str(data)]) == 1
    assert "completed" in capsys.readouterr().err
    for wrong in ("99", "9" * 30, "²", "mine"):
        assert main(["resume", wrong, "--data-dir", str(data)]) == 2


def test_jobs_are_listed_and_one_that_runs_elsewhere_is_cancelled(
    data: Path, capsys: pytest.CaptureFixture[str], server: ModelServer
) -> None:
    server.choose = lambda call: Act(delay=SECONDS) if call.number >= 2 else Act()
    with started(data, "--count", "10") as process:
        server.wait_for_calls(4)
        assert main(["jobs", "--data-dir", str(data), "--json", "--cancel", "1"]) == 0
        (row,) = said(capsys)
        assert (row["id"], row["requested"], row["title"]) == (1, 10, "Customer Support / Technical Support")
        out, _ = process.communicate(timeout=SECONDS)
        assert process.returncode == 1
        assert "2 of 10 examples, cancelled." in out
    assert main(["jobs", "--data-dir", str(data)]) == 0
    assert "cancelled" in capsys.readouterr().out
    assert main(["jobs", "--data-dir", str(data), "--cancel", "9"]) == 2
    assert main(["jobs", "--data-dir", str(data), "--cancel", "9" * 30]) == 2


def test_domains_are_listed_with_the_slugs_to_use(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["domains", "--json", "--data-dir", str(data)]) == 0
    domains = said(capsys)
    assert (len(domains), domains[0]["slug"], domains[0]["subdomains"][0]["slug"]) == (
        12,
        "support",
        "technical_support",
    )
    assert main(["domains", "Medical Information"]) == 0
    shown = capsys.readouterr().out
    assert "medical" in shown
    assert "technical_support" not in shown
    assert main(["domains", "medicin"]) == 2
    assert "Did you mean" in capsys.readouterr().err
    assert not data.exists()  # it only looks


def test_an_empty_folder_has_no_datasets_and_no_jobs(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("datasets", "jobs"):
        assert main([command, "--data-dir", str(data), "--json"]) == 0
        assert said(capsys) == []
        assert main([command, "--data-dir", str(data)]) == 0
        assert capsys.readouterr().out.startswith("id ")


def test_the_doctor_says_what_is_wrong_in_its_exit_code(
    data: Path, capsys: pytest.CaptureFixture[str], server: ModelServer
) -> None:
    assert main(["doctor", "--data-dir", str(data)]) == 0
    assert "FAIL" not in capsys.readouterr().out
    server.models_act = Act(status=401)
    assert main(["doctor", "--data-dir", str(data), "--json"]) == 1
    assert [finding["name"] for finding in said(capsys) if not finding["is_fine"]] == ["model"]


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    assert "--json" in capsys.readouterr().out


# -- as a process


@contextmanager
def started(data: Path, *more: str) -> Iterator["subprocess.Popen[str]"]:
    """The command in a process of its own, which is not left behind."""
    run = [sys.executable, "-m", "synthgen_core", *generate(data, *more)]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(run, cwd=ROOT, env=dict(os.environ), text=True, start_new_session=True, **pipes) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def test_the_version_is_told() -> None:
    run = [sys.executable, "-m", "synthgen_core", "--version"]
    assert subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip() == __version__


@pytest.mark.parametrize(("how", "code", "status"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, -15, "")])
def test_stopping_the_process_takes_seconds_and_loses_nothing(
    data: Path, server: ModelServer, capsys: pytest.CaptureFixture[str], how: signal.Signals, code: int, status: str
) -> None:
    server.choose = lambda call: Act(delay=SECONDS) if call.number >= 5 else Act()
    with started(data, "--count", "50", "--json") as process:
        server.wait_for_calls(7)  # five are answered and saved: no call starts before that
        begun = time.monotonic()
        process.send_signal(how)
        out, err = process.communicate(timeout=SECONDS)
        assert time.monotonic() - begun < 5
    assert process.returncode == code
    assert "Traceback" not in err
    if status:
        assert json.loads(out)["status"] == status
    with opened(data) as workspace:
        job = workspace.database.get_job(1)
        assert job.status is JobStatus.INTERRUPTED
        assert job.done >= 4
        assert len(workspace.database.get_job_items(1)) == job.done
        repair_files(workspace)
        dataset = workspace.database.get_dataset(1)
        assert workspace.mirror.is_equal(1, dataset.file_path)
        assert dataset.example_count == job.done
    server.choose = lambda call: Act()
    assert main(["resume", "latest", "--data-dir", str(data), "--json"]) == 0
    report = said(capsys)
    assert report["generated"] == 50
    rows = [json.loads(line) for line in Path(report["file"]).read_text(encoding="utf-8").splitlines()]
    assert [row["metadata"]["item"] for row in rows] == list(range(50))


def test_ctrl_c_at_an_early_moment_is_exit_code_130(data: Path, server: ModelServer) -> None:
    server.choose = lambda call: Act(delay=SECONDS)
    with started(data) as process:
        end = time.monotonic() + SECONDS
        while not (data / "llm_dataset_creator.db").exists():
            assert time.monotonic() < end
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_output_that_nobody_reads_is_no_crash(data: Path) -> None:
    run = f'"{sys.executable}" -m synthgen_core domains --json | head -c 1'
    done = subprocess.run(["/bin/sh", "-c", run], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "["
    assert done.stderr == ""
