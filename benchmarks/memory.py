"""How much the memory of a long run grows, from its first call to its end; a server without latency answers.

``python -m benchmarks.memory`` takes about 40 s; with ``--count 100000``, which is what the bar is about, some minutes.
Exits with 1 if the bar is missed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from synthgen_core.settings import SETTINGS
from tests.support.latency_server import latency_server

ROOT = Path(__file__).resolve().parent.parent
MOST_GROWTH, MB = 150.0, 1_000_000
WARM = 1000
"""Examples after which all code is loaded and every buffer is in use: growth per 10,000 counts from there."""


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="examples (default 20000)")
    parser.add_argument("--workers", type=int, default=32, help="calls at a time (default 32)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, latency_server(0.0) as server:
        command = [sys.executable, "-m", "synthgen_core", "generate", "--domain", "support"]
        command += ["--subdomain", "technical_support", "--count", str(options.count), "--provider", "openai"]
        command += ["--base-url", server.url, "--model", "m", "--workers", str(options.workers)]
        command += ["--data-dir", folder, "--json"]
        environment = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, env=environment) as process:
            samples = _watch(psutil.Process(process.pid), lambda: server.stats().answered, options.count)
        if process.returncode:
            raise SystemExit(f"the command failed: {process.returncode}")
    start = samples[0][1]
    growth = max(size for _, size in samples) - start
    warm = next(sample for sample in samples if sample[0] >= min(WARM, options.count))
    busy = [sample for sample in samples if sample[0] < options.count] or samples
    per_10k = (busy[-1][1] - warm[1]) / max(1, busy[-1][0] - warm[0]) * 10_000
    is_reached = growth <= MOST_GROWTH
    print(f"{options.count} examples, {options.workers} workers: {start:.0f} MB at the first call")
    print(f"      growth per 10,000 examples once warm   {per_10k:.1f} MB")
    verdict = "ok  " if is_reached else "MISS"
    print(f"{verdict}  most above the start                   {growth:.0f} MB   (at most {MOST_GROWTH:.0f})")
    return 0 if is_reached else 1


def _watch(process: psutil.Process, answered: Callable[[], int], count: int) -> list[tuple[int, float]]:
    """(calls answered, MB in use), from the first call until the process ends."""
    samples: list[tuple[int, float]] = []
    told = 0
    while True:
        try:
            size = process.memory_info().rss / MB
            if process.status() == psutil.STATUS_ZOMBIE:
                return samples
        except psutil.NoSuchProcess:
            return samples
        done = answered()
        if done:
            samples.append((done, size))
        if done // 10_000 > told:
            told = done // 10_000
            print(f"{done:8d} of {count}: {size:.0f} MB")
        time.sleep(0.2 if samples else 0.02)


if __name__ == "__main__":
    sys.exit(main())
