"""How long lists and pages take in a dataset of a million examples, against one of a thousand: its last page; and how
long the saving of a cell.

Page 4,000 is opened in both ways that there are: of a dataset without gaps but for some removed examples, which is the
usual one, and of one with too many gaps to find the page by its index. ``python -m benchmarks.paging`` takes two
minutes, most of it to fill the database, and 0.6 GB of disk. Exits with 1 if a bar is missed.
"""

import argparse
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import orjson

from synthgen_core.actions.datasets import (
    PAGE_SIZE,
    count_examples,
    describe_dataset,
    get_dataset_details,
    get_dataset_examples,
    get_datasets,
)
from synthgen_core.actions.review import review_page
from synthgen_core.actions.review_edit import edit_text
from synthgen_core.actions.versions import compare, make_version
from synthgen_core.database import NewDataset
from synthgen_core.models import ExampleFilter, ExampleStatus, Json, JsonObject
from synthgen_core.reviewing import Actor, ReviewQuery
from synthgen_core.settings import Settings
from synthgen_core.sizes import fingerprint, size_of
from synthgen_core.texts import Part
from synthgen_core.workspace import Workspace, open_workspace

SMALL, PAGE = 1000, 4000
MOST = 1.2
"""A page of the large dataset may take so many times what it takes in the small one."""
ROUNDS, REPEATS = 10, 15
COLUMNS = """dataset_id, example_index, content, status, metadata, created_at, updated_at, revision, turns, characters,
content_hash"""
AT = "2026-11-01 10:00:00.000000"
TEXT = "The parcel was to come on Monday, and the tracking page has said the same thing since then. "


def main() -> int:
    """Fill, measure, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000, help="examples (default 1000000)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        small, small_id = _filled(Path(folder) / "small", SMALL)
        large, large_id = _filled(Path(folder) / "large", options.count)
        with closing(small), closing(large):
            is_reached = _judge("list of datasets", _seconds(small, _list), _seconds(large, _list))
            first = _seconds(small, lambda place: _page(place, small_id, SMALL // PAGE_SIZE))
            last = min(PAGE, options.count // PAGE_SIZE)
            name = f"page {last:,}"
            is_reached &= _judge(name, first, _seconds(large, lambda place: _page(place, large_id, last)))
            is_reached &= _judge(
                "save a cell", _seconds(small, _cells(small, small_id)), _seconds(large, _cells(large, large_id))
            )
            _remove(small, small_id, range(5))
            _remove(large, large_id, range(500))
            first = _seconds(small, lambda place: _page(place, small_id, SMALL // PAGE_SIZE - 1))
            after = _seconds(large, lambda place: _page(place, large_id, last))
            is_reached &= _judge(f"{name}, some removed before it", first, after)
            _remove(large, large_id, range(50_000, 60_000))
            _tell(f"{name}, 10,500 removed before it", _seconds(large, lambda place: _page(place, large_id, last)))
            chosen = ExampleFilter(text="nowhere to be found")
            _tell("search all texts, none found", _once(lambda: count_examples(large, large_id, chosen)))
            _tell("overview, first time", _once(lambda: describe_dataset(large, large_id)))
            _tell("overview, again", _once(lambda: describe_dataset(large, large_id)))
            _tell("make a version", _once(lambda: make_version(large, large_id, name="v", author="me")))
            _remove(large, large_id, range(150))
            _tell("compare it with now", _once(lambda: compare(large, large_id, 1)))
    return 0 if is_reached else 1


def _filled(folder: Path, count: int) -> tuple[Workspace, int]:
    """A workspace with a dataset of so many examples."""
    workspace = open_workspace(Settings(data_dir=folder))
    dataset = workspace.database.create_dataset(NewDataset("d", "support", "returns", "chat", "datasets/d.jsonl"))
    path = str(workspace.database.engine.url.database)
    with closing(sqlite3.connect(path)) as plain, plain:
        marks = ", ".join("?" * len(COLUMNS.split(",")))
        plain.executemany(f"INSERT INTO examples ({COLUMNS}) VALUES ({marks})", _rows(dataset.id, count))
        plain.execute("UPDATE datasets SET example_count = ? WHERE id = ?", (count, dataset.id))
    return workspace, dataset.id


def _rows(dataset_id: int, count: int) -> Iterator[tuple[object, ...]]:
    for n in range(count):
        said = (("user", f"Question {n}. {TEXT}"), ("assistant", TEXT * 3))
        messages: list[Json] = [{"role": role, "content": text} for role, text in said]
        content: JsonObject = {"messages": messages}
        metadata = orjson.dumps({"parameters": {"tone": ("calm", "angry")[n % 2]}, "language": "en", "item": n})
        size = size_of(content)
        digest = fingerprint(content)
        values = (dataset_id, n, orjson.dumps(content).decode(), "active", metadata.decode(), AT, AT, 1)
        yield (*values, size.turns, size.characters, digest)


def _list(workspace: Workspace) -> None:
    page = get_datasets(workspace)
    assert page.summaries


def _page(workspace: Workspace, dataset_id: int, number: int) -> None:
    """What a dataset's page asks for, for its page of this number."""
    get_dataset_details(workspace, dataset_id)
    assert count_examples(workspace, dataset_id)
    assert len(get_dataset_examples(workspace, dataset_id, PAGE_SIZE, (number - 1) * PAGE_SIZE)) == PAGE_SIZE


def _cells(workspace: Workspace, dataset_id: int) -> Callable[[Workspace], None]:
    """Saves a cell of the review's grid, each time the next example's, and reads the grid's page as it is then."""
    rows = iter(workspace.database.get_dataset_examples(dataset_id, 500, 200))

    def save(place: Workspace) -> None:
        row = next(rows)
        edit_text(place, row.id, Part.LAST_ANSWER, "Another answer.", seen=TEXT * 3, actor=Actor("me", "s"))
        assert review_page(place, ReviewQuery(dataset_id), at=row.id).rows

    return save


def _remove(workspace: Workspace, dataset_id: int, indexes: range) -> None:
    ids = [row.id for row in workspace.database.get_dataset_examples(dataset_id, len(indexes), indexes.start)]
    workspace.database.set_status(dataset_id, ids, ExampleStatus.REMOVED, author="me")


def _seconds(workspace: Workspace, act: Callable[[Workspace], None]) -> float:
    """The median time that it takes, once it was done before, in the round that other processes disturbed least."""
    act(workspace)
    return min(statistics.median(_once(lambda: act(workspace)) for _ in range(REPEATS)) for _ in range(ROUNDS))


def _once(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def _judge(what: str, small: float, large: float) -> bool:
    ratio = large / small
    verdict = "ok  " if ratio <= MOST else "MISS"
    times = f"{small * 1000:.2f} ms -> {large * 1000:.2f} ms"
    print(f"{verdict}  {what:<36} {ratio:.2f}   (at most {MOST}; {times})", flush=True)
    return ratio <= MOST


def _tell(what: str, seconds: float) -> None:
    print(f"      {what:<36} {seconds * 1000:.1f} ms", flush=True)


if __name__ == "__main__":
    sys.exit(main())
