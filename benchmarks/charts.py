"""How long the charts of a dataset of a million examples take to open, against those of one of a thousand.

Both are opened in Chromium, from the request to the charts being drawn, once before they are measured (then the large
one offers to measure) and, as the median of several, after the job that measures has run; the difference is what
counts. ``python -m benchmarks.charts --count 100000`` for a smaller one. Exits with 1 if a bar is missed.
"""

import argparse
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import orjson
from playwright.sync_api import Page, sync_playwright

from synthgen_core.actions.charts import CHARTS
from synthgen_core.actions.measures import get_or_measure, start_measuring
from synthgen_core.database import NewDataset
from synthgen_core.models import Json, JsonObject
from synthgen_core.settings import Settings
from synthgen_core.sizes import fingerprint, size_of
from synthgen_core.workspace import Workspace, open_workspace
from tests.tools.app import App, idle, start_app
from tests.tools.chromium import ARGUMENTS, find_chromium

SMALL, MOST_SECONDS, ROUNDS = 1000, 2.0, 3
VIEWS = ("Scores", "By group", "Sizes")
COLUMNS = """dataset_id, example_index, content, status, metadata, created_at, updated_at, revision, turns, characters,
content_hash, quality_score, rule_score, person_score"""
JUDGED = """
INSERT INTO judgements (example_id, revision, provider, model, rubric_hash, scores, overall, rationale, reply, state,
    created_at, run, is_candidate)
SELECT id, 1, 'openai', 'judge', '0', json_object('alignment', id % 11, 'formatting', id % 7, 'utility', 8),
    quality_score, '', '', 'scored', created_at, 1, 0 FROM examples WHERE quality_score IS NOT NULL"""
AT = "2026-11-01 10:00:00.000000"
SENTENCE = "The parcel was to come on Monday, and the tracking page has said the same thing since then. "
DRAWN = "() => document.querySelectorAll('.stPlotlyChart .plot-container').length > 0"


def main() -> int:
    """Fill, measure, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000, help="examples (default 1000000)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with closing(open_workspace(Settings(data_dir=folder))) as place:
            small, large = (_fill(place, size) for size in (SMALL, options.count))
            begun = time.perf_counter()
            job = start_measuring(place, large, [CHARTS])
            place.runner.wait(job.id)
            print(f"      the job that measures {options.count:,} examples: {time.perf_counter() - begun:.1f} s")
            assert get_or_measure(place, place.database.get_dataset(small), CHARTS, at_once=SMALL) is not None
        app = start_app(folder)
        try:
            return 0 if _judge(app, small, large) else 1
        finally:
            app.stop()


def _judge(app: App, small: int, large: int) -> bool:
    is_reached = True
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=[*ARGUMENTS, "--no-sandbox"])
        page = chromium.new_page(viewport={"width": 1366, "height": 768})
        for view in VIEWS:
            first, second = (_seconds(page, app, dataset_id, view) for dataset_id in (small, large))
            is_reached &= second - first <= MOST_SECONDS
            word = "ok  " if second - first <= MOST_SECONDS else "MISS"
            times = f"{first:.2f} s -> {second:.2f} s"
            print(f"{word}  {view:<10} {second - first:+.2f} s   (at most {MOST_SECONDS} s more; {times})", flush=True)
        chromium.close()
    return is_reached


def _seconds(page: Page, app: App, dataset_id: int, view: str) -> float:
    """Median time from the request to the charts; the first one is not counted."""
    found = []
    for _ in range(ROUNDS + 1):
        begun = time.perf_counter()
        page.goto(f"{app.url}/quality?dataset={dataset_id}&part=Charts")
        page.wait_for_function(DRAWN)
        if view != VIEWS[0]:
            idle(page)
            begun = time.perf_counter()
            page.get_by_text(view, exact=True).first.click()
            page.get_by_text({"By group": "By model", "Sizes": "Score against length"}[view]).wait_for()
        idle(page)
        found.append(time.perf_counter() - begun)
    return statistics.median(found[1:])


def _fill(place: Workspace, count: int) -> int:
    """A dataset of so many examples with scores of all kinds."""
    made = place.database.create_dataset(
        NewDataset(f"{count:,}", "support", "returns", "chat", f"datasets/{count}.jsonl")
    )
    with closing(sqlite3.connect(str(place.database.engine.url.database))) as plain, plain:
        marks = ", ".join("?" * len(COLUMNS.split(",")))
        plain.executemany(f"INSERT INTO examples ({COLUMNS}) VALUES ({marks})", _rows(made.id, count))
        plain.execute(f"{JUDGED} AND dataset_id = {made.id}")
        plain.execute("UPDATE datasets SET example_count = ? WHERE id = ?", (count, made.id))
    return made.id


def _rows(dataset_id: int, count: int) -> Iterator[tuple[object, ...]]:
    rng = random.Random(5)
    for n in range(count):
        answer = SENTENCE * rng.randrange(1, 6)
        messages: list[Json] = [{"role": "user", "content": f"Question {n}?"}, {"role": "assistant", "content": answer}]
        content: JsonObject = {"messages": messages}
        drawn: JsonObject = {f"parameter_{each}": rng.choice("abcde") for each in range(6)}
        metadata = orjson.dumps({"model": rng.choice(("one", "two")), "language": "en", "parameters": drawn}).decode()
        size = size_of(content)
        values = (dataset_id, n, orjson.dumps(content).decode(), "active", metadata, AT, AT, 1, size.turns)
        scores = (rng.randrange(60, 200) / 20, rng.randrange(21) / 2, rng.randrange(11) if n % 10 == 0 else None)
        yield (*values, size.characters, fingerprint(content), *scores)


if __name__ == "__main__":
    sys.exit(main())
