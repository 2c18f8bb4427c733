"""A large file follows edits at a pace that leaves the machine free; whoever asks for it gets it new."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from synthgen_core.files import Mirror

LARGE, SMALL = "datasets/large.jsonl", "datasets/small.jsonl"
SECONDS = 60.0
loaded: list[int] = []


def load(dataset_id: int) -> Iterator[bytes]:
    """What the database holds: how often it was asked."""
    loaded.append(dataset_id)
    yield f"{loaded.count(dataset_id)}\n".encode()


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    loaded.clear()
    (tmp_path / "datasets").mkdir()
    opened = Mirror(tmp_path, load)
    yield opened
    opened.close()


def grow(mirror: Mirror, megabytes: int) -> None:
    """Make the large file that large, without filling it."""
    with mirror.path(LARGE).open("wb") as file:
        file.truncate(megabytes * 1_000_000)


def test_a_large_file_rests_while_a_small_one_is_written_again_and_again(mirror: Mirror) -> None:
    grow(mirror, 100)
    mirror.rewrite_soon(1, LARGE)
    for n in range(1, 4):
        mirror.rewrite_soon(2, SMALL)
        end = time.monotonic() + SECONDS
        while loaded.count(2) < n:
            assert time.monotonic() < end, "it was never written"
            time.sleep(0.01)
    assert 1 not in loaded
    assert mirror.bring_up_to_date(1, LARGE).read_bytes() == b"1\n"


def test_closing_leaves_what_takes_long_to_the_next_start(mirror: Mirror) -> None:
    grow(mirror, 300)
    mirror.rewrite_soon(1, LARGE)
    mirror.rewrite_soon(2, SMALL)
    mirror.close()
    assert loaded == [2]
    assert not mirror.is_equal(1, LARGE), "which is how the next start finds it"
