"""Files are written whole or not at all, never outside their folder; the mirror follows the database."""

import json
import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from synthgen_core.concurrency import DaemonExecutor
from synthgen_core.errors import DatabaseError
from synthgen_core.files import Lines, Mirror, claim_file, to_line, write_atomically
from synthgen_core.models import JsonObject

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
ODD_TEXTS = (
    "one\u2028line",
    "one\u0085line",
    "one\x0bline",
    "one\rline",
    "one\nline",
    'a "quote" \\ and a \0',
    "مرحبا 🎉",
)


class Store:
    """The lines of some datasets, as a database would stream them; counts how often it was asked."""

    def __init__(self) -> None:
        self.texts: dict[int, list[str]] = {1: ["a", "b", "c"]}
        self.loads = 0
        self.loaded = threading.Event()
        self.may_load = threading.Event()
        self.may_load.set()

    def load(self, dataset_id: int) -> Lines:
        self.loads += 1
        self.loaded.set()
        assert self.may_load.wait(30)
        for n, text in enumerate(self.texts[dataset_id]):
            yield to_line(content(text), {"n": n})


def content(text: str) -> JsonObject:
    return {"messages": [{"role": "user", "content": text}]}


def texts(path: Path) -> list[str]:
    """What a reader of JSONL finds: one JSON object to a line, lines ended by LF."""
    whole = path.read_bytes()
    assert whole == b"" or whole.endswith(b"\n")
    return [json.loads(line)["messages"][0]["content"] for line in whole.split(b"\n")[:-1]]


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def mirror(tmp_path: Path, store: Store) -> Iterator[Mirror]:
    opened = Mirror(tmp_path / "data", store.load)
    yield opened
    opened.close()


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """No file may grow beyond this: what the system says then is near enough to a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def until(is_so: Callable[[], bool], seconds: float = 20.0) -> float:
    """Wait for it; how long it took."""
    started = time.monotonic()
    while not is_so():
        assert time.monotonic() - started < seconds, "it never came"
        time.sleep(0.01)
    return time.monotonic() - started


# -- one file


def test_a_file_is_written_with_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "a.jsonl"
    write_atomically(path, [b"one\n", b"two\n"])
    assert path.read_bytes() == b"one\ntwo\n"
    assert [p.name for p in path.parent.iterdir()] == ["a.jsonl"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_failure_in_the_middle_leaves_the_old_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"old\n")

    def chunks() -> Iterator[bytes]:
        yield b"x" * 3_000_000
        assert path.read_bytes() == b"old\n"
        raise DatabaseError("the server went away")

    with pytest.raises(DatabaseError, match="went away"):
        write_atomically(path, chunks())
    assert path.read_bytes() == b"old\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file_whole_and_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"old\n")
    with full_disk(100_000), pytest.raises(DatabaseError) as caught:
        write_atomically(path, [b"x" * 3_000_000])
    assert str(path) in caught.value.message
    assert caught.value.hint
    assert path.read_bytes() == b"old\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("parent", ["in_the_way", "in_the_way/sub"])
def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, parent: str) -> None:
    (tmp_path / "in_the_way").write_text("a file")
    for act in (lambda: write_atomically(tmp_path / parent / "a", []), lambda: claim_file(tmp_path / parent, "a")):
        with pytest.raises(DatabaseError, match="cannot be written"):
            act()


def test_a_reader_sees_the_old_file_or_the_new_one_and_never_a_part(tmp_path: Path) -> None:
    path, size = tmp_path / "a", 300_000
    write_atomically(path, [b"0" * size])
    is_done = threading.Event()

    def write() -> None:
        for n in range(20):
            write_atomically(path, [str(n % 10).encode() * (size // 3)] * 3)
        is_done.set()

    writer = DaemonExecutor(1)
    future = writer.submit(write)
    while not is_done.is_set():
        seen = path.read_bytes()
        assert len(seen) == size
        assert len(set(seen)) == 1
    future.result(timeout=30)
    writer.shutdown()


# -- the names of files


def test_twenty_runs_that_start_in_the_same_second_get_a_file_each(mirror: Mirror, tmp_path: Path) -> None:
    barrier, executor = threading.Barrier(20), DaemonExecutor(20)

    def claim() -> str:
        barrier.wait()
        return mirror.claim("support", NOON)

    claimed = [future.result(timeout=30) for future in [executor.submit(claim) for _ in range(20)]]
    executor.shutdown()
    assert len(set(claimed)) == 20
    assert {path.name for path in (tmp_path / "data/datasets").iterdir()} == {Path(path).name for path in claimed}
    assert min(claimed, key=len) == "datasets/support_2026-11-22_120000.jsonl"


def test_a_claim_never_touches_a_file_that_is_there(mirror: Mirror, tmp_path: Path) -> None:
    first = mirror.claim("support", NOON)
    mirror.path(first).write_text("mine")
    second = mirror.claim("support", NOON)
    assert second == "datasets/support_2026-11-22_120000_2.jsonl"
    assert mirror.path(first).read_text() == "mine"


@pytest.mark.parametrize(
    "path", ["../evil.jsonl", "datasets/../../evil.jsonl", "/etc/passwd", "datasets/link/evil.jsonl", ".."]
)
def test_nothing_outside_the_data_folder_is_read_written_or_deleted(mirror: Mirror, tmp_path: Path, path: str) -> None:
    outside = tmp_path / "evil.jsonl"
    outside.write_text("somebody else's")
    (tmp_path / "data" / "datasets").mkdir(parents=True)
    (tmp_path / "data" / "datasets" / "link").symlink_to(tmp_path)
    for act in (
        lambda: mirror.path(path),
        lambda: mirror.append(path, [(content("x"), {})]),
        lambda: mirror.rewrite(1, path),
        lambda: mirror.remove(1, path),
        lambda: mirror.bring_up_to_date(1, path),
        lambda: mirror.is_equal(1, path),
    ):
        with pytest.raises(DatabaseError, match="not in the data folder"):
            act()
    assert outside.read_text() == "somebody else's"


# -- the mirror


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_an_example_is_one_line_whatever_it_holds(mirror: Mirror, store: Store, text: str) -> None:
    store.texts[1] = ["before", text, "after"]
    mirror.rewrite(1, "datasets/a.jsonl")
    path = mirror.path("datasets/a.jsonl")
    assert texts(path) == store.texts[1]
    assert path.read_bytes().count(b"\n") == 3
    assert mirror.is_equal(1, "datasets/a.jsonl")


def test_a_line_holds_the_content_and_then_the_metadata() -> None:
    line = to_line({"instruction": "é", "input": "", "output": "x"}, {"seed": 1})
    assert line == '{"instruction":"é","input":"","output":"x","metadata":{"seed":1}}\n'.encode()


def test_lines_are_appended_and_a_rewrite_puts_them_in_order(mirror: Mirror, store: Store) -> None:
    for text in ("c", "a"):
        mirror.append("datasets/a.jsonl", [(content(text), {})])
    mirror.append("datasets/a.jsonl", [(content("b"), {}), (content("d"), {})])
    assert texts(mirror.path("datasets/a.jsonl")) == ["c", "a", "b", "d"]
    mirror.rewrite(1, "datasets/a.jsonl")
    assert texts(mirror.path("datasets/a.jsonl")) == ["a", "b", "c"]


def test_lines_appended_by_many_threads_never_mix(mirror: Mirror) -> None:
    executor = DaemonExecutor(8)

    def append(n: int) -> None:
        mirror.append("datasets/a.jsonl", [(content(f"{n}:{'x' * 5000}"), {})] * 3)

    for future in [executor.submit(append, n) for n in range(24)]:
        future.result(timeout=30)
    executor.shutdown()
    found = texts(mirror.path("datasets/a.jsonl"))
    assert sorted(found) == sorted(f"{n}:{'x' * 5000}" for n in range(24) for _ in range(3))


def test_an_append_to_a_full_disk_is_told(mirror: Mirror) -> None:
    mirror.append("datasets/a.jsonl", [(content("x" * 1000), {})])
    path = mirror.path("datasets/a.jsonl")
    size = path.stat().st_size
    with full_disk(size), pytest.raises(DatabaseError, match="cannot be written"):
        mirror.append("datasets/a.jsonl", [(content("y"), {})])
    assert path.stat().st_size == size


@pytest.mark.parametrize(
    ("change", "is_equal"),
    [
        (lambda lines: lines, True),
        (lambda lines: lines[:-1], False),
        (lambda lines: [*lines, lines[0]], False),
        (lambda lines: [lines[1], lines[0], lines[2]], False),
        (lambda lines: [lines[0], lines[1].replace(b"b", b"B"), lines[2]], False),
        (lambda lines: [*lines[:-1], lines[-1][:-5]], False),
        (lambda lines: [*lines[:-1], lines[-1].rstrip(b"\n")], False),
        (lambda lines: [], False),
        (lambda lines: [b"", *lines, b"\n"], False),
    ],
)
def test_any_difference_from_the_database_is_seen(
    mirror: Mirror, change: Callable[[list[bytes]], list[bytes]], is_equal: bool
) -> None:
    mirror.rewrite(1, "datasets/a.jsonl")
    path = mirror.path("datasets/a.jsonl")
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    assert mirror.is_equal(1, "datasets/a.jsonl") is is_equal


def test_a_missing_file_or_a_folder_in_its_place_is_not_equal(mirror: Mirror) -> None:
    assert not mirror.is_equal(1, "datasets/a.jsonl")
    mirror.path("datasets/a.jsonl").mkdir(parents=True)
    assert not mirror.is_equal(1, "datasets/a.jsonl")


def test_an_empty_dataset_is_an_empty_file(mirror: Mirror, store: Store) -> None:
    store.texts[1] = []
    mirror.rewrite(1, "datasets/a.jsonl")
    assert mirror.path("datasets/a.jsonl").read_bytes() == b""
    assert mirror.is_equal(1, "datasets/a.jsonl")


def test_an_edit_is_in_the_file_within_two_seconds(mirror: Mirror, store: Store) -> None:
    mirror.rewrite(1, "datasets/a.jsonl")
    store.texts[1][1] = "edited"
    mirror.rewrite_soon(1, "datasets/a.jsonl")
    took = until(lambda: texts(mirror.path("datasets/a.jsonl")) == ["a", "edited", "c"])
    assert took < 2.0


def test_edits_in_quick_succession_share_a_rewrite_and_none_is_left_out(mirror: Mirror, store: Store) -> None:
    store.texts[2] = ["other"]
    for n in range(100):
        store.texts[1][0] = f"edit {n}"
        mirror.rewrite_soon(1, "datasets/a.jsonl")
    mirror.rewrite_soon(2, "datasets/b.jsonl")
    until(lambda: mirror.path("datasets/b.jsonl").exists())
    assert texts(mirror.path("datasets/a.jsonl"))[0] == "edit 99"
    assert store.loads < 20


def test_an_edit_during_a_rewrite_leads_to_another(mirror: Mirror, store: Store) -> None:
    store.may_load.clear()
    mirror.rewrite_soon(1, "datasets/a.jsonl")
    assert store.loaded.wait(20)
    store.texts[1] = ["later"]
    mirror.rewrite_soon(1, "datasets/a.jsonl")
    store.texts[1] = ["latest"]
    store.may_load.set()
    until(lambda: store.loads == 2)
    until(lambda: texts(mirror.path("datasets/a.jsonl")) == ["latest"])


def test_a_file_is_brought_up_to_date_before_it_is_handed_out(mirror: Mirror, store: Store) -> None:
    assert texts(mirror.bring_up_to_date(1, "datasets/a.jsonl")) == ["a", "b", "c"]
    store.texts[1] = ["new"]
    mirror.rewrite_soon(1, "datasets/a.jsonl")
    assert texts(mirror.bring_up_to_date(1, "datasets/a.jsonl")) == ["new"]
    loads = store.loads
    mirror.bring_up_to_date(1, "datasets/a.jsonl")
    assert store.loads == loads  # nothing to do


def test_a_file_that_is_being_rewritten_is_handed_out_new(mirror: Mirror, store: Store) -> None:
    mirror.rewrite(1, "datasets/a.jsonl")
    store.texts[1] = ["new"]
    store.loaded.clear()
    store.may_load.clear()
    mirror.rewrite_soon(1, "datasets/a.jsonl")
    assert store.loaded.wait(20)
    executor = DaemonExecutor(1)
    handed = executor.submit(mirror.bring_up_to_date, 1, "datasets/a.jsonl")
    with pytest.raises(TimeoutError):
        handed.result(timeout=0.2)
    store.may_load.set()
    assert texts(handed.result(timeout=20)) == ["new"]
    executor.shutdown()


def test_a_removed_file_stays_away_though_a_rewrite_was_due(mirror: Mirror, store: Store) -> None:
    store.texts[2] = ["other"]
    mirror.rewrite(1, "datasets/a.jsonl")
    mirror.rewrite_soon(1, "datasets/a.jsonl")
    mirror.rewrite_soon(2, "datasets/b.jsonl")
    mirror.remove(1, "datasets/a.jsonl")
    until(lambda: mirror.path("datasets/b.jsonl").exists())
    assert not mirror.path("datasets/a.jsonl").exists()
    mirror.remove(1, "datasets/a.jsonl")  # once more does no harm


def test_closing_writes_what_waits(tmp_path: Path, store: Store) -> None:
    mirror = Mirror(tmp_path, store.load)
    store.texts[2] = ["other"]
    mirror.rewrite_soon(1, "datasets/a.jsonl")
    mirror.rewrite_soon(2, "datasets/b.jsonl")
    mirror.close()
    assert texts(tmp_path / "datasets/a.jsonl") == ["a", "b", "c"]
    assert texts(tmp_path / "datasets/b.jsonl") == ["other"]
    assert store.loads == 2


def test_closing_waits_for_a_rewrite_that_has_begun(tmp_path: Path, store: Store) -> None:
    mirror = Mirror(tmp_path, store.load)
    store.may_load.clear()
    mirror.rewrite_soon(1, "datasets/a.jsonl")
    assert store.loaded.wait(20)
    executor = DaemonExecutor(1)
    closing = executor.submit(mirror.close)
    with pytest.raises(TimeoutError):
        closing.result(timeout=0.2)
    store.may_load.set()
    closing.result(timeout=20)
    assert texts(tmp_path / "datasets/a.jsonl") == ["a", "b", "c"]
    executor.shutdown()


def test_a_rewrite_that_fails_does_not_end_the_later_ones(mirror: Mirror, store: Store) -> None:
    store.texts[2] = ["other"]
    mirror.path("datasets/a.jsonl").mkdir(parents=True)  # nothing can be written there
    mirror.rewrite_soon(1, "datasets/a.jsonl")
    mirror.rewrite_soon(2, "datasets/b.jsonl")
    until(lambda: mirror.path("datasets/b.jsonl").is_file())
    mirror.path("datasets/a.jsonl").rmdir()
    mirror.rewrite_soon(1, "datasets/a.jsonl")
    until(lambda: mirror.path("datasets/a.jsonl").is_file())
