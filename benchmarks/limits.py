"""How a run fares with a service that refuses, fails and cuts off, and with many workers: time, calls, CPU.

The server, a process of its own, shows the faults by a fixed draw; the baseline is a bare client of as many threads
that waits out each ``Retry-After`` in its thread, and sends again until all is answered. Both meet the same faults, in
turn. ``python -m benchmarks.limits`` takes about two minutes and exits with 1 if a bar is missed; ``--full`` runs the
limit on calls a second at its whole length, and the bare client against it.
"""

import argparse
import json
import math
import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from itertools import count as count_from
from pathlib import Path

from benchmarks.overhead import LATENCY, ROOT, SEED, Measured, run_bare, run_command, write_requests
from synthgen_core.concurrency import DaemonExecutor
from synthgen_core.domains import load_catalogue
from synthgen_core.driving import OK
from synthgen_core.generator import DatasetGenerator
from synthgen_core.methods import make_plan
from synthgen_core.models import Method
from synthgen_core.outcomes import Call
from synthgen_core.providers import create_provider
from synthgen_core.settings import SETTINGS
from tests.support.latency_server import Faults, LatencyServer, latency_server

COUNT, WORKERS, FEW = 1000, 32, 400
SCATTERED = [Faults(refused=0.05, failed=0.02, cut=0.03, seed=seed) for seed in (1, 2, 3)]
AT_A_TIME, A_SECOND, RATE = Faults(most_open=16), Faults(most_a_second=20), 20
END = "."
"""Of every whole answer; there is no other in it."""
DOMAIN, SUBDOMAIN, MODEL = "support", "technical_support", "m"
BARE, FAILED = ROOT / "tests/support/bare_client.py", 1


class Bench:
    """The server, and both clients in front of it."""

    def __init__(self, server: LatencyServer, folder: Path) -> None:
        self.server = server
        self._folder = folder
        self._runs = count_from()
        self.are_met = True

    def judge(self, name: str, value: float, *, at_most: float = math.inf, at_least: float = -math.inf) -> None:
        """Print a figure, and whether it reaches its bar."""
        is_met = at_least <= value <= at_most
        self.are_met &= is_met
        bounds = [(at_least, "at least"), (at_most, "at most")]
        bar = ", ".join(f"{word} {bound:g}" for bound, word in bounds if math.isfinite(bound))
        print(f"{'ok  ' if is_met else 'MISS'}  {name:<58}{value:8.3f}  ({bar})", flush=True)

    def requests(self, count: int) -> Path:
        """The file with the requests of so many examples."""
        file = self._folder / f"{count}.jsonl"
        if not file.exists():
            write_requests(file, count)
        return file

    def run_bare(self, faults: Faults, count: int = COUNT) -> Measured:
        """The baseline."""
        self.server.reset(faults)
        measured = run_bare(self.server, self.requests(count), WORKERS)
        assert measured.stats.answered == count, measured.stats
        return measured

    def run_command(self, faults: Faults, count: int = COUNT, workers: int = WORKERS) -> Measured:
        """The product; every example is there, unlike any other, and whole."""
        self.server.reset(faults)
        folder = self.new_folder()
        measured = run_command(self.server, folder, count, workers)
        with closing(sqlite3.connect(folder / "llm_dataset_creator.db")) as connection:
            contents = [json.loads(row[0]) for row in connection.execute("SELECT content FROM examples")]
        assert all(content["messages"][-1]["content"].endswith(END) for content in contents), "one was cut off"
        return measured

    def new_folder(self) -> Path:
        """A data folder that nobody has used."""
        return self._folder / f"run{next(self._runs)}"


def between_calls(run: Measured) -> float:
    """Seconds from the first call at the server to the last."""
    return run.stats.last_call - run.stats.first_call


def refused_share(run: Measured) -> float:
    """Of all calls."""
    return run.stats.refused / run.stats.calls


def tell(who: str, run: Measured) -> None:
    """Print what the server saw of a run."""
    stats = run.stats
    print(
        f"      {who:<8}{run.seconds:6.2f} s, {between_calls(run):6.2f} s between first and last call; {stats.calls} "
        f"calls: {stats.refused} refused, {stats.failed} failed, {stats.cut} cut off",
        flush=True,
    )


def scattered_faults(bench: Bench) -> None:
    """Refusals, failures and cut replies here and there."""
    print("5 % refused for a second, 2 % failed, 3 % cut off:")
    pairs = []
    for faults in SCATTERED:
        pairs.append((bench.run_command(faults), bench.run_bare(faults)))
        tell("command", pairs[-1][0])
        tell("bare", pairs[-1][1])
    between = statistics.median(between_calls(ours) / between_calls(bare) for ours, bare in pairs)
    bench.judge("first to last call / bare client, median of three", between, at_most=1.0)
    whole = statistics.median(ours.seconds / bare.seconds for ours, bare in pairs)
    bench.judge("whole command, its start included / bare client", whole, at_most=1.0)


def so_many_at_a_time(bench: Bench) -> None:
    """A service that answers 16 calls at a time."""
    print("All above 16 calls at a time refused:")
    ours, bare = bench.run_command(AT_A_TIME), bench.run_bare(AT_A_TIME)
    tell("command", ours)
    tell("bare", bare)
    bench.judge("first to last call / bare client", between_calls(ours) / between_calls(bare), at_most=1.2)
    bench.judge("share of calls refused", refused_share(ours), at_most=0.1)


def so_many_a_second(bench: Bench, *, is_full: bool) -> None:
    """A service that takes 20 calls in any second."""
    print(f"All above {RATE} calls in any second refused:")
    ours = bench.run_command(A_SECOND, COUNT if is_full else FEW)
    answers = bench.server.answers()
    tell("command", ours)
    if is_full:
        tell("bare", bench.run_bare(A_SECOND))
    start, seconds = answers[0], answers[-1] - answers[0]
    middle = [moment for moment in answers if 0.3 * seconds < moment - start < 0.9 * seconds]
    rate = (len(middle) - 1) / (middle[-1] - middle[0])
    bench.judge("rate over the middle part / rate allowed", rate / RATE, at_least=0.9, at_most=1.1)
    if is_full:
        bench.judge("share of calls refused", refused_share(ours), at_most=0.05)
    else:
        print(f"      share of calls refused, of {ours.stats.calls} calls: {refused_share(ours):.3f}")


def a_wrong_key(bench: Bench) -> None:
    """A service that denies every call, though not the list of its models."""
    print("A wrong key:")
    bench.server.reset(Faults(denies=True))
    command = [sys.executable, "-m", "synthgen_core", "generate", "--domain", DOMAIN, "--subdomain", SUBDOMAIN]
    command += ["--count", str(COUNT), "--provider", "openai", "--base-url", bench.server.url, "--model", MODEL]
    command += ["--workers", str(WORKERS), "--data-dir", str(bench.new_folder()), "--json"]
    environment = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, env=environment, check=False)
    report = json.loads(done.stdout)
    assert (done.returncode, report["status"], list(report["errors"])) == (FAILED, "failed", ["auth"]), report
    bench.judge("calls until the job has failed", bench.server.stats().calls, at_most=WORKERS)


def many_workers(bench: Bench) -> None:
    """64 workers through the command, 128 through the generator, which tells of every call."""
    print("Many workers:")
    runs = {workers: bench.run_command(Faults(), 2 * COUNT, workers) for workers in (32, 64)}
    for workers, run in runs.items():
        tell(f"{workers:4}", run)
    bench.judge("rate with 64 workers / with 32", runs[64].stats.rate / runs[32].stats.rate, at_least=1.0)
    plan = make_plan(
        load_catalogue(),
        domain=DOMAIN,
        subdomain=SUBDOMAIN,
        format_type="chat",
        language_code="en",
        method=Method.STRUCTURED,
        seed=SEED,
    )
    bench.server.reset(Faults())
    executor = DaemonExecutor(128)
    with closing(create_provider("openai", {"model": MODEL, "base_url": bench.server.url})) as provider:
        batches = DatasetGenerator(provider).generate(plan, range(2 * COUNT), executor, 128)
        calls = [outcome for batch in batches for outcome in batch if isinstance(outcome, Call)]
    executor.shutdown()
    print(f"      with 128, without a database: {bench.server.stats().rate * LATENCY:.0f} calls at a time on average")
    bench.judge("failed calls with 128 workers", sum(call.outcome != OK for call in calls), at_most=0)


def processor_time(bench: Bench) -> None:
    """What a call costs more than a few do, so that start and imports are left out."""
    print("CPU of a call:")

    def cost(run: Callable[[int], object]) -> float:
        few, many = (_processor_seconds(run, count) for count in (WORKERS, COUNT + WORKERS))
        return (many - few) / COUNT * 1000

    def run_sdk(count: int) -> None:
        bench.server.reset(Faults())
        command = [sys.executable, str(BARE), bench.server.root.removeprefix("http://")]
        subprocess.run([*command, str(bench.requests(count)), str(WORKERS), "sdk"], check=True)
        assert bench.server.stats().answered == count

    rounds = [(cost(lambda count: bench.run_command(Faults(), count)), cost(run_sdk)) for _ in range(2)]
    for ours, bare in rounds:
        print(f"      command {ours:.2f} ms, chat.completions.create of the openai SDK in threads {bare:.2f} ms")
    ours, bare = (min(values) for values in zip(*rounds, strict=True))
    bench.judge("CPU of a call, all kept / of the SDK's, nothing kept", ours / bare, at_most=1.5)


def _processor_seconds(run: Callable[[int], object], count: int) -> float:
    """CPU of the processes that it starts and waits for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(count)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


PARTS = ("faults", "open", "rate", "key", "workers", "cpu")


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"only these of {', '.join(PARTS)}")
    parser.add_argument("--full", action="store_true", help="1000 examples at 20 calls a second (two minutes more)")
    options = parser.parse_args()
    parts: dict[str, Callable[[Bench], None]] = {
        "faults": scattered_faults,
        "open": so_many_at_a_time,
        "rate": lambda bench: so_many_a_second(bench, is_full=options.full),
        "key": a_wrong_key,
        "workers": many_workers,
        "cpu": processor_time,
    }
    if unknown := set(options.parts) - set(parts):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    print(f"{COUNT} examples, {WORKERS} workers, {LATENCY * 1000:.0f} ms latency, unless it says otherwise")
    with tempfile.TemporaryDirectory() as name, latency_server(LATENCY) as server:
        bench = Bench(server, Path(name))
        for part in options.parts or parts:
            parts[part](bench)
    return 0 if bench.are_met else 1


if __name__ == "__main__":
    sys.exit(main())
