"""kill -9 in the middle of a run, then resume: nothing accepted is lost, and only what was in flight is paid again."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from synthgen_core.settings import ROOT, SETTINGS
from tests.support.server import Act, Call, ModelServer

COUNT, WORKERS, PATIENCE = 120, 8, 60.0


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(lambda call: Act(delay=0.03)) as server:
        yield server


def command(*arguments: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    return subprocess.Popen(
        [sys.executable, "-m", "synthgen_core", *arguments, "--json"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def generate(server: ModelServer, folder: Path) -> subprocess.Popen[str]:
    return command(
        *("generate", "--domain", "support", "--subdomain", "technical_support", "--count", str(COUNT)),
        *("--provider", "openai", "--base-url", server.url, "--model", "m", "--workers", str(WORKERS)),
        *("--data-dir", str(folder)),
    )


def finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The report of a command that succeeds."""
    with process:
        output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, (output, errors)
    report: dict[str, Any] = json.loads(output)
    return report


def kill(process: subprocess.Popen[str]) -> None:
    with process:
        process.send_signal(signal.SIGKILL)


def examples(folder: Path) -> dict[int, tuple[int, str, str]]:
    """Index -> (id, content, metadata) of what is in the database, seen with plain sqlite3."""
    connection = sqlite3.connect(folder / "llm_dataset_creator.db")
    rows = connection.execute("SELECT example_index, id, content, metadata FROM examples").fetchall()
    connection.close()
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def lines(file: str) -> list[Any]:
    return [json.loads(line) for line in Path(file).read_text(encoding="utf-8").splitlines()]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_a_killed_run_goes_on_where_it_was(server: ModelServer, tmp_path: Path) -> None:
    process = generate(server, tmp_path)
    server.wait_for_calls(COUNT // 2, PATIENCE)
    kill(process)
    before = examples(tmp_path)
    arrived = len(server.calls)
    assert 0 < len(before) < COUNT
    assert len(before) >= arrived - WORKERS  # each example is kept as soon as its reply is there

    report = finish(command("resume", "latest", "--data-dir", str(tmp_path)))

    after = examples(tmp_path)
    assert (report["status"], report["generated"]) == ("completed", COUNT)
    assert sorted(after) == list(range(COUNT))
    assert {index: after[index] for index in before} == before
    times = Counter(call.body["seed"] for call in server.calls)  # the openings to avoid may differ the second time
    assert len(times) == COUNT
    assert sum(times.values()) - COUNT <= WORKERS
    assert set(times.values()) <= {1, 2}
    kept = [json.loads(after[index][1]) | {"metadata": json.loads(after[index][2])} for index in range(COUNT)]
    assert lines(report["file"]) == kept


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_a_run_killed_again_and_again_is_still_completed(server: ModelServer, tmp_path: Path) -> None:
    kills = 3
    process = generate(server, tmp_path)
    for n in range(1, kills + 1):
        server.wait_for_calls(n * COUNT // 5, PATIENCE)
        kill(process)
        process = command("resume", "latest", "--data-dir", str(tmp_path))
    report = finish(process)
    assert (report["status"], report["generated"], len(lines(report["file"]))) == ("completed", COUNT, COUNT)
    assert len(server.calls) <= COUNT + kills * WORKERS
    assert report["calls"] == COUNT  # the job counts what it kept


def test_a_run_that_ran_out_of_credit_goes_on_without_paying_twice(tmp_path: Path) -> None:
    """A reply that led to no example is paid for all the same: it is remembered, too."""

    def choose(call: Call) -> Act:
        return Act(text="Certainly!") if call.body["seed"] % 3 == 0 else Act(status=402 if call.number >= 60 else 200)

    with ModelServer(choose) as server:
        process = generate(server, tmp_path)
        with process:
            output, _ = process.communicate(timeout=PATIENCE)
        first = json.loads(output)
        assert (process.returncode, first["status"]) == (1, "failed")
        assert "credit" in first["errors"]
        assert 0 < first["generated"] < COUNT
        useless = {call.body["seed"] for call in server.calls if call.body["seed"] % 3 == 0}
        assert useless
        server.choose = lambda call: Act()
        paid = len(server.calls)
        finish(command("resume", str(first["job"]), "--data-dir", str(tmp_path)))
        again = [call.body["seed"] for call in server.calls[paid:]]
        assert len([seed for seed in again if seed in useless]) <= WORKERS
        assert sorted(examples(tmp_path)) == list(range(COUNT))
