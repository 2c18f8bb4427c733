"""A larger model is fetched from the hub once, completed where it broke off, verified, and every failure says what to
do. The hub is a small server here; ``huggingface_hub`` and the embedded engine are real."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from synthgen_core.concurrency import Stop
from synthgen_core.errors import ConfigError, StoppedError
from synthgen_core.providers.gguf import SPARE_BYTES, check_fetchable, fetch_model, is_here
from synthgen_core.providers.weights import MIN_GGUF_BYTES
from tests.support.hub import CONTENT, Hub, forget_account, model_of, running

TOKEN = "hf_canaryCanary0123456789"

RUN = """
import json, sys
from pathlib import Path
from synthgen_core.providers.gguf import HubModel, fetch_model
model = HubModel(**json.loads(sys.argv[2]))
print(fetch_model(model.name, cache=Path(sys.argv[1]), models={model.name: model}).read_bytes()[:4])
"""


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forget_account(monkeypatch, tmp_path / "hf")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with running(Hub(model_of())) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        yield hub


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache é" / "with spaces"


def fetch(hub: Hub, cache: Path, *, stop: Stop | None = None, told: list[tuple[str, float]] | None = None) -> Path:
    def tell(text: str, share: float) -> None:
        if told is not None:
            told.append((text, share))

    return fetch_model(hub.model.name, cache=cache, models={hub.model.name: hub.model}, stop=stop, progress=tell)


def failure(hub: Hub, cache: Path) -> ConfigError:
    """The error; nothing that could be taken for the model is left."""
    with pytest.raises(ConfigError) as caught:
        fetch(hub, cache)
    assert caught.value.hint
    left = {path.name for path in cache.glob("*")} if cache.exists() else set()
    assert not left & {hub.model.file, f"{hub.model.file}.stamp", f"{hub.model.file}.sha256"}
    return caught.value


def parts(cache: Path) -> list[Path]:
    return list(cache.glob("*.part"))


def start(hub: Hub, cache: Path) -> "subprocess.Popen[str]":
    """Another process that wants the model."""
    command = [sys.executable, "-c", RUN, str(cache), json.dumps(asdict(hub.model))]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_part(cache: Path, size: int) -> None:
    """Until so much of the model is on the disk."""
    give_up = time.monotonic() + 60
    while not any(part.stat().st_size >= size for part in parts(cache)):
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_a_model_is_fetched_verified_and_told_of_in_rising_shares(hub: Hub, cache: Path) -> None:
    told: list[tuple[str, float]] = []
    path = fetch(hub, cache, told=told)
    assert path.read_bytes() == CONTENT
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert told[0] == ("Fetching Tiny-Instruct (4 MB)", 0.0)
    assert told[-1] == ("Tiny-Instruct is ready", 1.0)
    assert sorted(p.name for p in cache.iterdir()) == ["tiny-q4.gguf", "tiny-q4.gguf.lock", "tiny-q4.gguf.stamp"]


def test_a_model_that_is_here_needs_no_hub(hub: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fetch(hub, cache)
    requests = len(hub.seen)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert fetch(hub, cache) == path
    assert is_here(hub.model, cache)
    assert len(hub.seen) == requests


def test_a_copy_put_there_by_hand_is_used(hub: Hub, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / hub.model.file).write_bytes(CONTENT)
    assert fetch(hub, cache) == cache / hub.model.file
    assert not hub.seen


def test_an_unchanged_file_is_not_hashed_again(hub: Hub, cache: Path) -> None:
    path = fetch(hub, cache)
    times = path.stat()
    path.write_bytes(b"X" * len(CONTENT))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert fetch(hub, cache).read_bytes()[:1] == b"X", "it was hashed"


@pytest.mark.parametrize("damaged", [CONTENT[:-1] + b"!", CONTENT[:-1]], ids=["changed", "cut"])
def test_a_damaged_copy_is_replaced(hub: Hub, cache: Path, damaged: bytes) -> None:
    cache.mkdir(parents=True)
    (cache / hub.model.file).write_bytes(damaged)
    assert fetch(hub, cache).read_bytes() == CONTENT


def test_a_download_that_breaks_off_goes_on_where_it_stopped(hub: Hub, cache: Path) -> None:
    hub.cuts.append(3_000_000)
    assert fetch(hub, cache).read_bytes() == CONTENT
    assert len(hub.downloads()) == 2
    first, second = hub.downloads()
    assert not first
    assert int(second.removeprefix("bytes=").removesuffix("-")) >= MIN_GGUF_BYTES


def test_a_stop_is_heard_within_a_second_and_what_is_here_is_kept_for_the_next_time(hub: Hub, cache: Path) -> None:
    hub.hold_after = 3_000_000
    stop = Stop()
    stopped: list[float] = []

    def tell(_text: str, share: float) -> None:
        if share > 0 and not stopped:
            stopped.append(time.monotonic())
            stop.set()

    with pytest.raises(StoppedError):
        fetch_model(hub.model.name, cache=cache, models={hub.model.name: hub.model}, stop=stop, progress=tell)
    assert time.monotonic() - stopped[0] < 1
    (part,) = parts(cache)
    have = part.stat().st_size
    assert have >= MIN_GGUF_BYTES
    hub.hold_after = None
    told: list[tuple[str, float]] = []
    assert fetch(hub, cache, told=told).read_bytes() == CONTENT
    assert hub.downloads()[-1] == f"bytes={have}-"
    assert told[0][1] > 0, "what was here counts"


def test_a_stop_is_heard_while_the_hub_does_not_answer(hub: Hub, cache: Path) -> None:
    hub.hold_after = -1
    stop = Stop()
    stopped: list[float] = []

    def stop_it() -> None:
        give_up = time.monotonic() + 60
        while not hub.seen and time.monotonic() < give_up:
            time.sleep(0.01)
        stopped.append(time.monotonic())
        stop.set()

    threading.Thread(target=stop_it, daemon=True).start()
    with pytest.raises(StoppedError):
        fetch(hub, cache, stop=stop)
    assert hub.seen
    assert time.monotonic() - stopped[0] < 1


def test_a_stop_is_heard_while_the_file_is_checked(hub: Hub, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / hub.model.file).write_bytes(CONTENT)
    stop = Stop()
    told: list[str] = []

    def tell(text: str, _share: float) -> None:
        told.append(text)
        stop.set()

    with pytest.raises(StoppedError):
        fetch_model(hub.model.name, cache=cache, models={hub.model.name: hub.model}, stop=stop, progress=tell)
    assert told == ["Checking Tiny-Instruct"]


def test_a_hub_that_cannot_send_a_part_sends_the_whole(hub: Hub, cache: Path) -> None:
    hub.has_ranges = False
    hub.cuts.append(3_000_000)
    assert fetch(hub, cache).read_bytes() == CONTENT


def test_a_file_with_another_hash_is_refused_and_removed(hub: Hub, cache: Path) -> None:
    hub.content = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    error = failure(hub, cache)
    assert "SHA-256 differs" in error.message
    assert "HF_ENDPOINT" in error.hint
    assert not parts(cache)
    hub.content = CONTENT
    assert fetch(hub, cache).read_bytes() == CONTENT


def test_a_file_of_another_size_is_refused_before_it_is_fetched(hub: Hub, cache: Path) -> None:
    hub.size = 12345
    assert "12345 bytes instead of" in failure(hub, cache).message
    assert not hub.downloads()


def test_a_file_that_is_no_model_is_refused_and_removed(hub: Hub, cache: Path) -> None:
    hub.content = b"<!DOCTYPE html>" * 100_000
    hub.model = model_of(hub.content)
    assert "is not a GGUF model" in failure(hub, cache).message
    assert not parts(cache)


@pytest.mark.parametrize(("status", "code"), [(401, ""), (401, "GatedRepo"), (403, "GatedRepo"), (401, "RepoNotFound")])
def test_a_gated_model_tells_how_to_get_it(
    hub: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch, status: int, code: str
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.refusals.append((status, code))
    error = failure(hub, cache)
    assert f"does not give {hub.model.repository} to everybody (status {status})" in error.message
    assert f"Accept the licence on https://huggingface.co/{hub.model.repository}" in error.hint
    assert "HF_TOKEN" in error.hint
    assert TOKEN not in f"{error}{error.__cause__}{error.__context__}"


def test_the_token_is_shown_to_the_hub_and_to_nobody_else(
    hub: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    fetch(hub, cache)
    shown = {path: headers.get("authorization") for _, path, headers in hub.seen}
    assert shown.pop("/blob") is None
    assert set(shown.values()) == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize("code", ["EntryNotFound", "RevisionNotFound", "RepoNotFound", ""])
def test_a_model_that_the_hub_does_not_have_is_named(hub: Hub, cache: Path, code: str) -> None:
    hub.refusals.append((404, code))
    error = failure(hub, cache)
    assert f"127.0.0.1:{hub.port} has no tiny-q4.gguf in {hub.model.repository} (status 404)" in error.message
    assert "EMBEDDED_MODEL_PATH" in error.hint


def test_a_hub_that_is_busy_for_a_moment_is_asked_again(hub: Hub, cache: Path) -> None:
    hub.refusals.extend([(503, ""), (429, "")])
    assert fetch(hub, cache).read_bytes() == CONTENT
    assert not hub.refusals


def test_a_hub_that_cannot_be_reached_is_told_with_the_way_by_hand(
    hub: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://user:secret@127.0.0.1:9")
    error = failure(hub, cache)
    assert error.message.startswith("127.0.0.1:9 cannot be reached: ")
    assert f"put tiny-q4.gguf of https://huggingface.co/{hub.model.repository} into {cache}" in error.hint


@pytest.mark.parametrize("address", ["http://[broken", "nonsense", "http://"])
def test_an_address_that_is_none_is_told(hub: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("HF_ENDPOINT", address)
    assert failure(hub, cache).message == "What HF_ENDPOINT holds is not an address."


def test_a_web_page_in_the_place_of_the_hub_is_told(hub: Hub, cache: Path) -> None:
    hub.is_web_page = True
    error = failure(hub, cache)
    assert error.message.endswith("does not answer as a hub does.")
    assert "HF_ENDPOINT" in error.hint


def test_offline_is_offline(hub: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "HF_HUB_OFFLINE" in failure(hub, cache).message
    assert not hub.seen


def test_without_the_package_there_is_a_command_that_installs_it(
    hub: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    error = failure(hub, cache)
    assert "huggingface_hub, which is not installed" in error.message
    assert "pip install huggingface_hub" in error.hint
    with pytest.raises(ConfigError, match="not installed"):
        check_fetchable(hub.model)


def test_a_full_disk_is_told_before_anything_is_fetched_and_what_is_here_counts(hub: Hub, cache: Path) -> None:
    def get(free: int) -> Path:
        models = {hub.model.name: hub.model}
        return fetch_model(hub.model.name, cache=cache, models=models, free_bytes=lambda _folder: free)

    with pytest.raises(ConfigError, match=r"not enough free space for Tiny-Instruct in .*: 204 MB of 204 MB"):
        get(len(CONTENT) + SPARE_BYTES - 1)
    assert not hub.seen
    part = cache / f"{hub.model.file}.{hub.model.revision[:12]}.part"
    part.write_bytes(CONTENT[:1_000_000])
    assert get(len(CONTENT) - 1_000_000 + SPARE_BYTES).read_bytes() == CONTENT
    assert hub.downloads() == ["bytes=1000000-"]


def test_a_folder_that_cannot_be_written_is_named(hub: Hub, tmp_path: Path) -> None:
    blocker = tmp_path / "blocker"
    blocker.write_text("a file where a folder should be")
    with pytest.raises(ConfigError, match="cannot be written") as caught:
        fetch(hub, blocker / "cache")
    assert str(blocker / "cache") in caught.value.message


def test_two_processes_and_two_threads_cause_one_download(hub: Hub, cache: Path) -> None:
    hub.hold_after = 2_000_000
    processes = [start(hub, cache) for _ in range(2)]
    wait_for_part(cache, 1)
    told: list[tuple[str, float]] = []
    paths: list[Path] = []
    threads = [threading.Thread(target=lambda: paths.append(fetch(hub, cache, told=told))) for _ in range(2)]
    for thread in threads:
        thread.start()
    while len(told) < 2:
        time.sleep(0.01)
    assert {text for text, _ in told} == {"Another process is fetching the model; waiting for it"}
    hub.go_on.set()
    assert [process.communicate()[0] for process in processes] == ["b'GGUF'\n"] * 2
    for thread in threads:
        thread.join()
    assert paths == [cache / hub.model.file] * 2
    assert hub.downloads() == [""]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_the_next_process_goes_on_where_the_one_before_was_killed(hub: Hub, cache: Path) -> None:
    hub.hold_after = 3_000_000
    holder = start(hub, cache)
    wait_for_part(cache, MIN_GGUF_BYTES)
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    hub.go_on.set()
    assert fetch(hub, cache).read_bytes() == CONTENT
    assert hub.downloads()[-1].startswith("bytes=")


def test_a_model_without_a_hash_on_the_list_is_held_to_the_hubs_and_this_is_said(hub: Hub, cache: Path) -> None:
    hub.model = replace(hub.model, sha256="")
    told: list[tuple[str, float]] = []
    path = fetch(hub, cache, told=told)
    assert "it has the SHA-256 that the hub tells, since our list has none" in told[-1][0]
    requests = len(hub.seen)
    assert fetch(hub, cache) == path
    assert len(hub.seen) == requests
    path.write_bytes(CONTENT[:-1] + b"!")
    assert fetch(hub, cache).read_bytes() == CONTENT, "a damaged copy was not noticed"


def test_a_model_that_nobody_can_vouch_for_is_refused(hub: Hub, cache: Path) -> None:
    hub.model = replace(hub.model, sha256="")
    hub.etag = "no-hash"
    assert "cannot be verified" in failure(hub, cache).message
