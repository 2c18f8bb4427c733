"""Larger models for the embedded provider: a dated list (``gguf_models.toml``) of instruct models, each one file in a
repository of the Hugging Face hub, fetched when a user asks for it by name, and never used unverified.

``huggingface_hub`` is an optional package; ``HF_ENDPOINT``, ``HF_TOKEN`` and ``HF_HUB_OFFLINE`` mean what they mean to
it. A model that is here needs neither it nor a network.
"""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache as remembered
from pathlib import Path

from synthgen_core.concurrency import Stop
from synthgen_core.errors import ConfigError, NotFoundError
from synthgen_core.providers.base import Progress
from synthgen_core.providers.hub_download import Reply
from synthgen_core.providers.model_files import (
    FreeBytes,
    check_space,
    file_sha256,
    folder_errors,
    is_verified,
    locked,
    run_stoppable,
    unwritable,
    write_stamp,
    write_whole,
)
from synthgen_core.providers.weights import check_gguf, default_cache

LIST = Path(__file__).with_name("gguf_models.toml")
HUB = "https://huggingface.co"
SPARE_BYTES = 200_000_000
"""What is left free on the disk beside the model."""
FETCH_SECONDS = 24 * 3600.0
"""A line that stands still is given up much earlier."""
DOWNLOAD_SHARE = 0.9
"""How much of the progress is the download; the rest is checking."""
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class HubModel:
    """A row of the list."""

    name: str
    repository: str
    revision: str
    """The commit whose file this is."""
    file: str
    size: int
    """Bytes."""
    memory: int
    """MB that it needs when it runs: an estimate."""
    licence: str
    restriction: str = ""
    """What the licence forbids or demands, in plain words; empty where the texts may be used as one likes."""
    languages: tuple[str, ...] = ()
    """Codes of the only languages that its makers name; empty: they name many."""
    sha256: str = ""
    """Empty where the hub's own word has to do."""
    source: str = ""
    """Where this row was read."""


Models = Mapping[str, HubModel]
"""Name -> model."""


@remembered
def offered_models() -> Models:
    """The list, smallest model first."""
    rows = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return {
        name: HubModel(name=name, **row | {"languages": tuple(row.get("languages", ()))}) for name, row in rows.items()
    }


def hub_model(name: str, models: Models | None = None) -> HubModel:
    """The model of this name, in any case. Raises NotFoundError that names the nearest."""
    models = offered_models() if models is None else models
    wanted = name.strip().casefold()
    for known, model in models.items():
        if known.casefold() == wanted:
            return model
    raise NotFoundError.of("embedded model", name, models)


def is_here(model: HubModel, cache: Path | None = None) -> bool:
    """Whether its file is in the cache, by its size: quick. It is verified before it is used."""
    try:
        return ((cache or default_cache()) / model.file).stat().st_size == model.size
    except OSError:
        return False


def check_fetchable(model: HubModel) -> None:
    """Raise ConfigError if the model is not here and the package that would fetch it is missing."""
    if not is_here(model):
        _require_hub(model)


def fetch_model(
    name: str,
    *,
    progress: Progress | None = None,
    cache: Path | None = None,
    stop: Stop | None = None,
    models: Models | None = None,
    free_bytes: FreeBytes = lambda folder: shutil.disk_usage(folder).free,
) -> Path:
    """The verified file of this model, fetched where it is not here; a download that broke off is completed.

    Any number of threads and processes may call it at once: one fetches, the others wait. ``models`` is another list,
    ``free_bytes`` tells the free space of a folder.

    Raises:
        NotFoundError: there is no such model on the list.
        ConfigError: huggingface_hub is not installed, the folder cannot be written or is full, or the hub does not
            give the file, or not the right one.
        StoppedError: ``stop`` was set meanwhile; what was brought is kept for the next time.
    """
    model = hub_model(name, models)
    tell = progress or (lambda _text, _share: None)
    stop = stop or Stop()
    cache = cache or default_cache()
    if found := _find(model, cache, stop, tell):
        return found
    _require_hub(model)
    _check_endpoint()
    with folder_errors(cache):
        cache.mkdir(parents=True, exist_ok=True)
        with locked(cache / f"{model.file}.lock", stop, tell, FETCH_SECONDS):
            if found := _find(model, cache, stop, tell):  # another process has fetched it meanwhile
                return found
            part = cache / f"{model.file}.{model.revision[:12]}.part"
            check_space(cache, model.size - _size(part) + SPARE_BYTES, free_bytes, model.name)
            hub_hash = _download(model, part, stop, tell)
            return _publish(model, part, model.sha256 or hub_hash, stop, tell)


def _require_hub(model: HubModel) -> None:
    if importlib.util.find_spec("huggingface_hub") is None:
        raise ConfigError(
            f"{model.name} is fetched with the package huggingface_hub, which is not installed.",
            "Run “pip install huggingface_hub”.",
        )


def _endpoint() -> str:
    return os.environ.get("HF_ENDPOINT", "").strip() or HUB


def _check_endpoint() -> None:
    try:
        parts = urllib.parse.urlsplit(_endpoint())
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise ConfigError(
            "What HF_ENDPOINT holds is not an address.", f"Give one such as {HUB}, or leave it empty for that one."
        )


def _find(model: HubModel, cache: Path, stop: Stop, tell: Progress) -> Path | None:
    """Its file if that is in the cache with the right hash."""
    path = cache / model.file
    if not is_here(model, cache):
        return None
    sha256 = model.sha256
    if not sha256:
        try:
            sha256 = _hub_hash_file(path).read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            return None
    return path if is_verified(path, _stamp(path), sha256, _checking(model, stop, tell)) else None


def _stamp(path: Path) -> Path:
    return path.with_name(f"{path.name}.stamp")


def _hub_hash_file(path: Path) -> Path:
    """Where the hash is kept that the hub told for a file whose hash is not on our list."""
    return path.with_name(f"{path.name}.sha256")


def _checking(model: HubModel, stop: Stop, tell: Progress) -> Callable[[int], None]:
    def tick(done: int) -> None:
        stop.check()
        tell(f"Checking {model.name}", DOWNLOAD_SHARE + (1 - DOWNLOAD_SHARE) * min(1.0, done / model.size) * 0.99)

    return tick


def _download(model: HubModel, part: Path, stop: Stop, tell: Progress) -> str:
    """Complete the part; the hub's hash of the file, or "" where it tells none."""
    module = ["-P", "-m", "synthgen_core.providers.hub_download"]
    command = [sys.executable, *module, model.repository, model.file, model.revision, str(model.size), str(part)]
    paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    env = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONIOENCODING": "utf-8",
        "HF_ENDPOINT": _endpoint(),
        "HF_HUB_DISABLE_XET": "1",  # it cannot go on where it stopped
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }

    def tick() -> None:
        share = min(1.0, _size(part) / model.size)
        tell(f"Fetching {model.name} ({round(model.size / 1e6)} MB)", share * DOWNLOAD_SHARE)

    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        # It sees the end of its standard input when we end, however that happens, and ends too.
        try:
            run_stoppable(command, env, log, stop, tick, seconds=FETCH_SECONDS, stdin=subprocess.PIPE)
        except TimeoutError:
            raise _problem(model, part, Reply(problem="cut")) from None
        log.seek(0)
        said = [line.strip() for line in log if line.strip()]
    try:
        reply = Reply(**json.loads(said[-1]))
    except (IndexError, ValueError, TypeError):
        raise ConfigError(
            f"The download of {model.name} failed: {_last_word(said)}.", f"Try again. {_by_hand(model, part.parent)}"
        ) from None
    if reply.problem:
        raise _problem(model, part, reply)
    return reply.etag if SHA256.fullmatch(reply.etag) else ""


def _publish(model: HubModel, part: Path, sha256: str, stop: Stop, tell: Progress) -> Path:
    """Verify the part and give it its name."""
    if not sha256:
        raise ConfigError(
            f"{model.name} cannot be verified: neither our list nor the hub tells its SHA-256.",
            _by_hand(model, part.parent),
        )
    if file_sha256(part, _checking(model, stop, tell)) != sha256:
        part.unlink()
        raise ConfigError(
            f"What {_hub()} sent for {model.name} is not the published file: its SHA-256 differs. It was removed.",
            "Try again; if it happens again, something on the way changes it (HF_ENDPOINT, a proxy).",
        )
    try:
        check_gguf(part)
    except ConfigError:
        part.unlink()
        raise
    path = part.with_name(model.file)
    part.replace(path)
    write_stamp(path, _stamp(path), sha256)
    if not model.sha256:
        write_whole(_hub_hash_file(path), sha256)
    word = "" if model.sha256 else "; it has the SHA-256 that the hub tells, since our list has none"
    tell(f"{model.name} is ready{word}", 1.0)
    return path


def _problem(model: HubModel, part: Path, reply: Reply) -> ConfigError:
    """What went wrong, in our words, and one thing to do."""
    by_hand = _by_hand(model, part.parent)
    have, all_of_it = round(_size(part) / 1e6), round(model.size / 1e6)
    match reply.problem:
        case "gated":
            return ConfigError(
                f"{_hub()} does not give {model.repository} to everybody (status {reply.detail}).",
                f"Accept the licence on {HUB}/{model.repository}, with an account there, and set HF_TOKEN to a token "
                "of that account.",
            )
        case "missing":
            return ConfigError(
                f"{_hub()} has no {model.file} in {model.repository} (status {reply.detail}).",
                "Choose another model, or set EMBEDDED_MODEL_PATH to a GGUF file.",
            )
        case "unreachable":
            return ConfigError(f"{_hub()} cannot be reached: {reply.detail}.", f"Check the connection. {by_hand}")
        case "offline":
            return ConfigError(
                f"{model.name} is not on this computer, and HF_HUB_OFFLINE forbids to fetch it.", by_hand
            )
        case "not_a_hub":
            return ConfigError(
                f"{_hub()} does not answer as a hub does.", "Check HF_ENDPOINT and the proxy, if one is set."
            )
        case "size":
            return ConfigError(
                f"The {model.file} that {_hub()} has is another one: {reply.detail} bytes instead of {model.size}.",
                "Check HF_ENDPOINT, or choose another model.",
            )
        case "cut":
            return ConfigError(
                f"The download of {model.name} broke off after {have} of {all_of_it} MB.",
                "Try again: it goes on where it stopped.",
            )
        case "disk":
            return unwritable(part.parent, reply.detail)
        case _:
            return ConfigError(f"{_hub()} fails (status {reply.detail}).", "Try again later.")


def _by_hand(model: HubModel, cache: Path) -> str:
    return f"By hand: put {model.file} of {HUB}/{model.repository} into {cache}."


def _hub() -> str:
    """The hub's name for a message, without what else its address may hold."""
    return urllib.parse.urlsplit(_endpoint()).netloc.rpartition("@")[2]


def _last_word(said: list[str]) -> str:
    """What a process that failed unforeseen said of it: the kind of error, since its text may hold a key."""
    return said[-1].partition(":")[0][:80] if said else "its process was ended from outside"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
