"""How fast a dataset leaves: 100,000 conversations (130 MB) to JSONL, beside ``orjson`` alone writing the same rows.

``python -m benchmarks.exporting`` takes about a minute, most of it to fill the database. Exits with 1 if the bar is
missed. What is compared with the bar is choosing the examples and writing, hashing, syncing and naming the file; that
it is read again by our own importer, every row parsed and written once more, is measured beside it.
"""

import argparse
import gc
import random
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import orjson
import psutil

from synthgen_core.actions.export_files import Order, write_files
from synthgen_core.actions.export_plans import ExportRequest, draft_export
from synthgen_core.actions.exports import write_export
from synthgen_core.database import NewDataset, NewExample
from synthgen_core.models import JsonObject
from synthgen_core.settings import Settings
from synthgen_core.staging import Stage
from synthgen_core.workspace import Workspace, open_workspace

LEAST_RATIO, MB = 0.25, 1_000_000
BATCH = 5000
ROUNDS = 5
METADATA: JsonObject = {"domain": "support", "language": "en", "parameters": {"tone": "calm"}, "model": "m", "seed": 1}


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="examples (default 100000)")
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder) / "data")
        with closing(open_workspace(settings)) as workspace:
            dataset_id = _fill(workspace, count)
            alone, size = _orjson_alone(count)
            print(f"{count:,} conversations, {size / MB:.0f} MB; orjson alone: {count / alone:,.0f} rows/s")
            goal = Path(folder) / "out.jsonl"
            order = draft_export(workspace, ExportRequest(dataset_id, "jsonl")).order
            written = _best(lambda: _write(workspace, order, goal))
            ratio = alone / written
            verdict = "ok  " if ratio >= LEAST_RATIO else "MISS"
            print(f"{verdict}  written / orjson alone            {ratio:.2f}   (at least {LEAST_RATIO})")
            for target in ("jsonl", "openai_chat", "csv", "parquet"):
                request = ExportRequest(dataset_id, target)
                process, path = psutil.Process(), Path(folder) / target
                start, before = time.perf_counter(), process.memory_info().rss
                result = write_export(workspace, request, path)
                seconds, grown = time.perf_counter() - start, process.memory_info().rss - before
                print(
                    f"      {target:<12} planned, written, read again: {count / seconds:,.0f} rows/s, "
                    f"verified {result.verified:,}; memory {grown / MB:+.0f} MB"
                )
    return 0 if ratio >= LEAST_RATIO else 1


def _write(workspace: Workspace, order: Order, goal: Path) -> None:
    ids, mark = workspace.database.select_examples(order.dataset_id, ExportRequest(0, "").filter)
    with Stage(goal, is_folder=False) as stage:
        write_files(workspace, replace(order, parts={goal.name: ids}, mark=mark), stage)
        stage.put_in_place()


def _best(do: Callable[[], None]) -> float:
    """Seconds of the round that other programs disturbed least."""
    times = []
    for _ in range(ROUNDS):
        gc.collect()
        start = time.perf_counter()
        do()
        times.append(time.perf_counter() - start)
    return min(times)


def _orjson_alone(count: int) -> tuple[float, int]:
    """Seconds to serialise all rows, a part of them after the other, and their bytes."""
    seconds, size = array("d", [0.0] * ROUNDS), 0
    for rows in _batches(count):
        whole: list[JsonObject] = [{**content, "metadata": METADATA} for content in rows]
        for n in range(ROUNDS):
            start = time.perf_counter()
            lines = [orjson.dumps(row) for row in whole]
            seconds[n] += time.perf_counter() - start
        size += sum(map(len, lines)) + len(lines)
    return min(seconds), size


def _fill(workspace: Workspace, count: int) -> int:
    new = NewDataset("bench", "support", "returns", "chat", "datasets/bench.jsonl")
    dataset = workspace.database.create_dataset(new)
    done = 0
    for rows in _batches(count):
        workspace.database.add_examples(
            dataset.id, [NewExample(done + n, content, METADATA) for n, content in enumerate(rows)]
        )
        done += len(rows)
    return dataset.id


def _batches(count: int) -> Iterator[list[JsonObject]]:
    """Conversations of four turns, some 1,100 bytes each: words with capitals, quotes, paragraphs, other scripts."""
    chance = random.Random(1)
    words = ["".join(chance.choices("etaoinshrdlucmfw", k=chance.randint(2, 9))) for _ in range(5000)]
    words += ['"quoted"', "naïve", "10 %", "text.\n\nAnd", "größer", "请问", "it's", "C:\\temp"] * 60
    for start in range(0, count, BATCH):
        yield [_conversation(chance, words) for _ in range(min(BATCH, count - start))]


def _conversation(chance: random.Random, words: list[str]) -> JsonObject:
    roles = ("user", "assistant") * 2
    return {"messages": [{"role": role, "content": " ".join(chance.choices(words, k=40))} for role in roles]}


if __name__ == "__main__":
    sys.exit(main())
