"""A larger model is fetched from the hub once, completed where it broke off, verified, and every failure says what to
do. The hub is a small server here; ``huggingface_hub`` and the embedded engine are real."""

import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from synthgen_core.concurrency import Stop
from synthgen_core.errors import ConfigError, NotFoundError, ProviderRefusedError, StoppedError
from synthgen_core.models import ProviderConfig
from synthgen_core.providers.embedded import MODEL, EmbeddedProvider, is_ready, languages_of, load_engine
from synthgen_core.providers.gguf import (
    LIST,
    SPARE_BYTES,
    HubModel,
    check_fetchable,
    fetch_model,
    hub_model,
    is_here,
    offered_models,
)
from synthgen_core.providers.weights import MIN_GGUF_BYTES, SMOLLM2, ensure_weights

CONTENT = b"GGUF" + random.Random(7).randbytes(4 * MIN_GGUF_BYTES)
TOKEN = "hf_canaryCanary0123456789"

RUN = """
import json, sys
from pathlib import Path
from synthgen_core.providers.gguf import HubModel, fetch_model
model = HubModel(**json.loads(sys.argv[2]))
print(fetch_model(model.name, cache=Path(sys.argv[1]), models={model.name: model}).read_bytes()[:4])
"""


def model_of(content: bytes = CONTENT) -> HubModel:
    return HubModel(
        "Tiny-Instruct",
        "makers/Tiny-Instruct-GGUF",
        "0123456789abcdef0123456789abcdef01234567",
        "tiny-q4.gguf",
        len(content),
        1000,
        "Apache-2.0",
        sha256=hashlib.sha256(content).hexdigest(),
    )


@dataclass
class Hub:
    """As much of the hub's protocol as a download needs, and its faults. The blob is on another host, as it is there."""

    model: HubModel
    content: bytes = CONTENT
    size: int | None = None
    """What it says; by default the truth."""
    etag: str | None = None
    has_ranges: bool = True
    refusals: deque[tuple[int, str]] = field(default_factory=deque)
    """Status and X-Error-Code of the next answers; the last one stays."""
    cuts: deque[int] = field(default_factory=deque)
    """After how many bytes the next downloads break off."""
    hold_after: int | None = None
    """After how many bytes a download stands still, until ``go_on``; -1: before anything is answered."""
    is_web_page: bool = False
    go_on: threading.Event = field(default_factory=threading.Event)
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """Method, path and headers of each request."""
    port: int = 0

    def downloads(self) -> list[str]:
        """The Range of each request for the blob."""
        return [headers.get("range", "") for method, path, headers in self.seen if (method, path) == ("GET", "/blob")]

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.seen.append((request.command, request.path, {k.lower(): v for k, v in request.headers.items()}))
        if self.hold_after == -1:
            self.go_on.wait(60)
        if self.is_web_page:
            self.send(request, 200, {"Content-Type": "text/html"}, b"<html>")
        elif request.path == "/blob":
            self.send_blob(request)
        elif self.refusals:
            status, code = self.refusals[0] if len(self.refusals) == 1 else self.refusals.popleft()
            self.send(request, status, {"X-Error-Code": code} if code else {})
        elif request.path == f"/{self.model.repository}/resolve/{self.model.revision}/{self.model.file}":
            etag = hashlib.sha256(self.content).hexdigest() if self.etag is None else self.etag
            size = len(self.content) if self.size is None else self.size
            linked = {"X-Repo-Commit": self.model.revision, "X-Linked-Etag": f'"{etag}"', "X-Linked-Size": str(size)}
            self.send(request, 302, linked | {"Location": f"http://localhost:{self.port}/blob"})
        else:
            self.send(request, 404, {"X-Error-Code": "EntryNotFound"})

    def send_blob(self, request: BaseHTTPRequestHandler) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", "")) if self.has_ranges else None
        rest = self.content[int(asked[1]) if asked else 0 :]
        request.send_response(206 if asked else 200)
        request.send_header("Content-Length", str(len(rest)))
        request.end_headers()
        if self.cuts:
            request.wfile.write(rest[: self.cuts.popleft()])
            request.close_connection = True
        elif self.hold_after is not None:
            request.wfile.write(rest[: self.hold_after])
            self.go_on.wait(60)
            request.wfile.write(rest[self.hold_after :])
        else:
            request.wfile.write(rest)

    @staticmethod
    def send(request: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        request.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            request.send_header(name, value)
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)


def serve(hub: Hub) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:  # noqa: N802
            with suppress(ConnectionError):  # whoever asked was killed
                hub.answer(self)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.port = server.server_port
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the cache nor the account nor the proxy of whoever runs this; and no hub unless a test has one."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    hub = Hub(model_of())
    server = serve(hub)
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{hub.port}")
    yield hub
    hub.go_on.set()
    server.shutdown()
    server.server_close()


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
    assert not (cache / hub.model.file).exists()
    assert not (cache / f"{hub.model.file}.stamp").exists()
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
    hub.refusals.append((503, ""))
    threading.Thread(target=lambda: (_wait_until_seen(hub), hub.refusals.clear()), daemon=True).start()
    assert fetch(hub, cache).read_bytes() == CONTENT


def _wait_until_seen(hub: Hub) -> None:
    while not hub.seen:
        time.sleep(0.01)


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
    assert "HF_ENDPOINT" in str(failure(hub, cache))


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


def test_a_wrong_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(NotFoundError, match="There is no embedded model “smollm-360m-instruct”") as caught:
        fetch_model("smollm-360m-instruct")
    assert "SmolLM2-360M-Instruct" in caught.value.hint
    assert hub_model(" qwen2.5-0.5b-INSTRUCT ").name == "Qwen2.5-0.5B-Instruct"


def test_each_row_of_the_list_is_whole_dated_and_says_where_it_was_read() -> None:
    assert re.search(r"^# Dated \d+ \w+ 20\d\d", LIST.read_text(encoding="utf-8"), re.MULTILINE)
    models = list(offered_models().values())
    assert [model.size for model in models] == sorted(model.size for model in models)
    assert len({model.file for model in models}) == len({model.name.casefold() for model in models}) == len(models)
    for model in models:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", model.repository)
        assert re.fullmatch(r"[\w.-]+\.gguf", model.file)
        assert re.fullmatch(r"[0-9a-f]{40}", model.revision)
        assert re.fullmatch(r"[0-9a-f]{64}|", model.sha256)
        assert model.size > MIN_GGUF_BYTES
        assert model.memory * 1e6 > model.size
        assert model.licence
        assert model.source
        assert all(re.fullmatch("[a-z]{2}", code) for code in model.languages)
        assert bool(model.restriction) == (model.licence not in ("Apache-2.0", "MIT")), model.name


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The default cache folder, this test's own and empty."""
    for name in ("XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    from synthgen_core.providers.weights import default_cache

    assert tmp_path in default_cache().parents
    default_cache().mkdir(parents=True)
    return default_cache()


def provider_of(model: str = "") -> EmbeddedProvider:
    return EmbeddedProvider(ProviderConfig("embedded", model))


def test_the_provider_lists_what_it_has_before_what_it_could_fetch(own_cache: Path) -> None:
    names = list(offered_models())
    assert provider_of().get_models() == [MODEL, *names]
    assert not is_ready(names[1])
    with (own_cache / hub_model(names[1]).file).open("wb") as file:
        file.truncate(hub_model(names[1]).size)
    assert provider_of(names[0]).get_models() == [MODEL, names[1], names[0], *names[2:]]
    assert is_ready(names[1].upper())
    assert not is_ready(names[0])


def test_a_copy_that_only_has_the_right_size_is_not_loaded(own_cache: Path) -> None:
    model = next(iter(offered_models().values()))
    with (own_cache / model.file).open("wb") as file:
        file.truncate(model.size)
    with pytest.raises(ConfigError, match="cannot be reached"):
        provider_of(model.name).prepare()


def test_the_provider_says_what_it_needs_to_fetch_a_model(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = next(iter(offered_models()))
    provider_of(name).check()
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert not provider_of(name).is_available()


def test_a_name_that_is_no_model_is_refused_with_the_nearest() -> None:
    with pytest.raises(ProviderRefusedError, match="There is no embedded model “Llama-3.2-1B”") as caught:
        provider_of("Llama-3.2-1B").check()
    assert "Llama-3.2-1B-Instruct" in caught.value.hint
    assert MODEL in caught.value.hint


def test_only_the_models_that_write_english_only_are_held_to_it(tmp_path: Path) -> None:
    assert languages_of() == languages_of(MODEL) == languages_of("SmolLM2-1.7B-Instruct") == ("en",)
    assert languages_of("Qwen2.5-0.5B-Instruct") == ()
    assert {"en", "de", "hi"} < set(languages_of("llama-3.2-1b-instruct"))
    assert languages_of(str(tmp_path / "other.gguf")) == languages_of("no such model") == ()


def test_the_engine_runs_a_model_that_was_fetched(hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    weights = ensure_weights()
    hub.content = weights.read_bytes()
    hub.model = replace(model_of(hub.content), sha256=SMOLLM2.member_sha256)
    for name in ("XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    told: list[str] = []
    engine = load_engine(hub.model, lambda text, _share: told.append(text), Stop())
    assert told[0] == "Fetching Tiny-Instruct (98 MB)"
    assert told[-1] == "Loading the model"
    chunks = engine.chat({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4, "stream": True}, Stop())
    assert any((choice.get("delta") or {}).get("content") for chunk in chunks for choice in chunk.get("choices", ()))
