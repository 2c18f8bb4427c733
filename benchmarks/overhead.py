"""What the product adds to the time that the model takes: rate, whole command, first example, import.

A server in a process of its own answers each call after 100 ms; the baseline is a bare client that sends the very same
calls from as many threads and keeps nothing. Both are measured in turn, several times. The round that
other processes disturbed least counts; medians stand beside it.
``python -m benchmarks.overhead`` takes about 30 s and exits with 1 if a bar is missed.
"""

import argparse
import json
import math
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from synthgen_core.domains import load_catalogue
from synthgen_core.methods import RECIPES, make_plan
from synthgen_core.models import Method
from synthgen_core.settings import SETTINGS
from tests.support.latency_server import LatencyServer, Stats, latency_server

ROOT = Path(__file__).resolve().parent.parent
LATENCY, SEED = 0.1, 7
LEAST_RATE, MOST_TIMES, MOST_FIRST, MOST_IMPORT = 0.90, 1.6, 2.5, 0.5


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of the command."""

    seconds: float
    first: float
    """Seconds until the first example was in the database and in the file."""
    stats: Stats
    """What the server saw."""


def write_requests(file: Path, count: int) -> None:
    """The bodies of the calls that the command will make, a line each."""
    plan = make_plan(
        load_catalogue(),
        domain="support",
        subdomain="technical_support",
        format_type="chat",
        language_code="en",
        method=Method.STRUCTURED,
        seed=SEED,
    )
    with file.open("w") as out:
        for item in range(count):
            request = next(RECIPES[plan.method](plan, plan.scenario(item), item, 0, 1)).request
            body = {
                "model": "m",
                "messages": [{"role": message.role, "content": message.content} for message in request.messages],
                "seed": request.seed,
                "temperature": request.temperature,
                "max_tokens": request.max_tokens,
            }
            out.write(json.dumps(body) + "\n")


def run_bare(server: LatencyServer, requests: Path, workers: int) -> Measured:
    """The baseline: its own process, start included."""
    server.reset()
    started = time.monotonic()
    command = [sys.executable, str(ROOT / "tests/support/bare_client.py"), server.root.removeprefix("http://")]
    subprocess.run([*command, str(requests), str(workers)], check=True)
    return Measured(time.monotonic() - started, 0.0, server.stats())


def run_command(server: LatencyServer, folder: Path, count: int, workers: int) -> Measured:
    """The product: one ``generate`` command, with a new data folder."""
    server.reset()
    command = [sys.executable, "-m", "synthgen_core", "generate", "--domain", "support"]
    command += ["--subdomain", "technical_support", "--count", str(count), "--provider", "openai", "--base-url"]
    command += [server.url, "--model", "m", "--workers", str(workers), "--seed", str(SEED)]
    command += ["--data-dir", str(folder), "--json"]
    started = time.monotonic()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env=_environment()) as process:
        first = _wait_for_first(folder, started)
        output, _ = process.communicate()
    seconds = time.monotonic() - started
    report = json.loads(output)
    assert report["status"] == "completed", report
    _check(folder, Path(report["file"]), count)
    return Measured(seconds, first, server.stats())


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in SETTINGS}


def _wait_for_first(folder: Path, started: float) -> float:
    """Seconds until an example is in both places."""
    database = folder / "llm_dataset_creator.db"
    while True:
        time.sleep(0.02)
        if time.monotonic() - started > 60:
            raise SystemExit("no example came within 60 s")
        if not any(file.stat().st_size for file in (folder / "datasets").glob("*.jsonl")):
            continue
        connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        try:
            if connection.execute("SELECT count(*) FROM examples").fetchone()[0]:
                return time.monotonic() - started
        finally:
            connection.close()


def _check(folder: Path, file: Path, count: int) -> None:
    """Every example is in the database and in the file, and no two are alike."""
    connection = sqlite3.connect(folder / "llm_dataset_creator.db")
    contents = {json.dumps(json.loads(row[0])) for row in connection.execute("SELECT content FROM examples")}
    connection.close()
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert len(contents) == count, f"{len(contents)} of {count} examples in the database"
    assert {json.dumps({"messages": line["messages"]}) for line in lines} == contents, "the file differs"
    assert len(lines) == count, f"{len(lines)} of {count} lines in the file"


def import_seconds(module: str) -> float:
    """A new interpreter's start and import, less its start alone; the best of five."""

    def run(code: str) -> float:
        started = time.monotonic()
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
        return time.monotonic() - started

    return min(run(f"import {module}") for _ in range(5)) - min(run("pass") for _ in range(5))


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="examples (default 1000)")
    parser.add_argument("--workers", type=int, default=32, help="calls at a time (default 32)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each (default 3)")
    options = parser.parse_args()
    ideal = options.workers / LATENCY
    bare: list[Measured] = []
    ours: list[Measured] = []
    with tempfile.TemporaryDirectory() as name, latency_server(LATENCY) as server:
        requests = Path(name) / "requests.jsonl"
        write_requests(requests, options.count)
        for n in range(options.rounds):
            bare.append(run_bare(server, requests, options.workers))
            ours.append(run_command(server, Path(name) / str(n), options.count, options.workers))
            print(
                f"round {n + 1}: bare {bare[-1].seconds:.2f} s ({bare[-1].stats.rate / ideal:.3f} of the ideal rate), "
                f"command {ours[-1].seconds:.2f} s ({ours[-1].stats.rate / ideal:.3f}), first {ours[-1].first:.2f} s"
            )
    rates = [run.stats.rate / ideal for run in ours]
    to_answer = [run.stats.rate_to_answer / ideal for run in ours]
    times = [one.seconds / other.seconds for one, other in zip(ours, bare, strict=True)]
    first = [run.first for run in ours]
    imports = [import_seconds("synthgen_core") for _ in range(3)]
    print(f"{options.count} examples, {options.workers} workers, {LATENCY * 1000:.0f} ms latency; all in both places")
    print("                                           best   median")
    results = (
        _judge("rate at the server / ideal rate", rates, max, at_least=LEAST_RATE),
        _judge("  the same up to the last answer", to_answer, max),
        _judge("whole command / bare client", times, min, at_most=MOST_TIMES),
        _judge("seconds to the first example on disk", first, min, at_most=MOST_FIRST),
        _judge("seconds of `import synthgen_core`", imports, min, at_most=MOST_IMPORT),
    )
    return 0 if all(results) else 1


def _judge(
    name: str,
    values: Sequence[float],
    best: Callable[[Sequence[float]], float],
    *,
    at_least: float = -math.inf,
    at_most: float = math.inf,
) -> bool:
    is_reached = at_least <= best(values) <= at_most
    bar = f"  (at least {at_least})" if at_least > -math.inf else f"  (at most {at_most})" if at_most < math.inf else ""
    print(f"{'ok  ' if is_reached else 'MISS'}  {name:<36}{best(values):8.3f}{statistics.median(values):8.3f}{bar}")
    return is_reached


if __name__ == "__main__":
    sys.exit(main())
