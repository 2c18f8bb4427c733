"""How long an import takes beside a bare ``sqlite3.executemany`` of the same rows, and how much memory it needs.

The baseline reads the same file line by line, parses each with ``orjson``, and inserts it in one transaction into the
table ``examples`` of an empty database of ours: the same columns and indexes, nothing checked, no file written. The
import is all of the job: the file's hash, strict reading, shapes, checks, batches, the JSONL mirror. Rounds take turns;
the one of each that other processes disturbed least counts. ``python -m benchmarks.importing`` takes about a minute;
``--count 1000000 --rounds 1`` shows that memory does not grow with the file. Exits with 1 if a bar is missed.
"""

import argparse
import json
import random
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import orjson
import psutil

from synthgen_core.actions.import_files import local_file
from synthgen_core.actions.imports import get_import_report, start_import
from synthgen_core.database import open_database
from synthgen_core.models import JsonObject
from synthgen_core.settings import Settings
from synthgen_core.workspace import open_workspace

MOST_TIMES, MOST_GROWTH, MB = 3.0, 200.0, 1_000_000
SECONDS = 600.0
MOMENT = "2026-11-22 12:00:00.000000"
COLUMNS = (
    "dataset_id, example_index, content, status, metadata, created_at, updated_at, revision, turns, characters, "
    "content_hash"
)
INSERT = f"INSERT INTO examples ({COLUMNS}) VALUES (1, ?, ?, 'active', ?, '{MOMENT}', '{MOMENT}', 1, 2, 1000, ?)"
DATASET = f"""INSERT INTO datasets (name, description, domain, subdomain, format, example_count, created_at, updated_at,
file_path, metadata) VALUES ('', '', '', '', 'chat', 0, '{MOMENT}', '{MOMENT}', '', '{{}}')"""
TEXT = (
    "the of and to in is you that it was for on are as with his they at be this have from or one had by word but not "
    "what all were we when your can said there use an each which she do how their if will up other about out many"
)


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="examples (default 100000)")
    parser.add_argument("--rounds", type=int, default=3, help="default 3")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "corpus.jsonl"
        write_corpus(file, options.count)
        print(f"{options.count:,} conversations, {file.stat().st_size / MB:.0f} MB")
        import_file(file, Path(folder) / "warm", 1000)
        bare, whole = [], []
        for n in range(options.rounds):
            bare.append(insert_bare(file, Path(folder) / f"bare {n}"))
            whole.append(import_file(file, Path(folder) / f"import {n}", options.count))
            print(f"      round {n + 1}: bare {bare[-1].seconds:.2f} s, import {whole[-1].seconds:.2f} s")
    seconds = min(cost.seconds for cost in whole)
    times = seconds / min(cost.seconds for cost in bare)
    of_cpu = min(cost.cpu for cost in whole) / min(cost.cpu for cost in bare)
    growth = max(cost.growth for cost in whole)
    print(f"      imported                         {options.count / seconds:,.0f} rows/s")
    is_quick, is_flat = times <= MOST_TIMES, growth <= MOST_GROWTH
    print(f"{_verdict(is_quick)}  import / bare insert             {times:.2f}   (at most {MOST_TIMES:.0f})")
    print(f"      the same, of processor time      {of_cpu:.2f}")
    print(f"{_verdict(is_flat)}  MB of memory above the start     {growth:.0f}   (at most {MOST_GROWTH:.0f})")
    return 0 if is_quick and is_flat else 1


@dataclass(frozen=True, slots=True)
class Cost:
    """What a round took."""

    seconds: float
    cpu: float
    """Seconds of processor time."""
    growth: float = 0.0
    """MB of memory, at most, beyond what was in use before."""


def _verdict(is_reached: bool) -> str:
    return "ok  " if is_reached else "MISS"


def write_corpus(path: Path, count: int) -> None:
    """Conversations of one to three exchanges, 1.1 kB on average, as most tools write JSONL."""
    random.seed(7)
    with path.open("w", encoding="utf-8") as file:
        for row in conversations(count):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def conversations(count: int) -> Iterator[JsonObject]:
    """Random ones, none like another."""
    words = TEXT.split()
    for _ in range(count):
        messages: list[JsonObject] = []
        for _ in range(random.choice((1, 1, 2, 3))):
            asked = " ".join(random.choices(words, k=random.randint(10, 70)))
            paragraphs = (" ".join(random.choices(words, k=random.randint(20, 90))) for _ in range(2))
            messages.append({"role": "user", "content": f"{asked}?"})
            messages.append({"role": "assistant", "content": "\n\n".join(paragraphs)})
        yield {"messages": [*messages]}


def insert_bare(path: Path, folder: Path) -> Cost:
    """Parse and insert the rows, and nothing else."""
    folder.mkdir()
    open_database(f"sqlite:///{folder / 'a.db'}").close()
    with closing(sqlite3.connect(folder / "a.db")) as connection, path.open("rb") as file:
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(DATASET)
        connection.commit()
        started, cpu = time.perf_counter(), time.process_time()
        connection.executemany(INSERT, map(_bare_row, range(sys.maxsize), file))
        connection.commit()
        return Cost(time.perf_counter() - started, time.process_time() - cpu)


def _bare_row(n: int, line: bytes) -> tuple[object, ...]:
    content = orjson.dumps(orjson.loads(line)).decode()
    return n, content, f'{{"source":{{"shape":"openai_chat","line":{n}}}}}', f"{hash(content) % 2**64:032x}"


def import_file(path: Path, folder: Path, count: int) -> Cost:
    """Import the first ``count`` rows into a new data folder."""
    with closing(open_workspace(Settings(data_dir=folder))) as workspace:
        process, done = psutil.Process(), threading.Event()
        before = process.memory_info().rss
        peaks = [before]

        def watch() -> None:
            while not done.wait(0.05):
                peaks.append(process.memory_info().rss)

        watcher = threading.Thread(target=watch)
        watcher.start()
        if count < 10_000:  # a round to warm up
            some = folder / "some.jsonl"
            with path.open("rb") as file:
                some.write_bytes(b"".join(line for line, _ in zip(file, range(count), strict=False)))
            path = some
        started, cpu = time.perf_counter(), time.process_time()
        job = start_import(workspace, [local_file(path)])
        assert workspace.runner.wait(job.id, SECONDS), "it takes too long"
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        done.set()
        watcher.join()
        report = get_import_report(workspace, job.id)
        assert (report.good, report.bad) == (count, 0), report
    return Cost(seconds, cpu, (max(peaks) - before) / MB)


if __name__ == "__main__":
    sys.exit(main())
