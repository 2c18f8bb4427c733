"""Fetching a model onto a local server, in the background: one at a time for each server, seen from every page."""

import threading
from contextlib import closing
from typing import Protocol, cast

from synthgen_core.actions.provider_states import in_background
from synthgen_core.concurrency import Stop
from synthgen_core.errors import ConfigError, StoppedError, SynthGenError
from synthgen_core.models import ProviderConfig
from synthgen_core.providers import create_provider
from synthgen_core.providers.base import Progress
from synthgen_core.workspace import process_registry

PULLING = ("ollama",)
"""Types of providers that can fetch models."""


class _Fetches(Protocol):
    def pull(self, model: str, progress: Progress | None, stop: Stop | None) -> None: ...


class Pull:
    """A model on its way."""

    def __init__(self, config: ProviderConfig, model: str) -> None:
        self.model = model
        self.text, self.fraction = f"Asking for {model}.", 0.0
        """What is being done, and how much of it is done, 0-1."""
        self._stop = Stop()
        self._end = in_background(lambda: self._fetch(config), "synthgen-pull")

    def _fetch(self, config: ProviderConfig) -> SynthGenError | None:
        try:
            with closing(create_provider(config.type, config)) as provider:
                cast(_Fetches, provider).pull(self.model, self._note, self._stop)
        except SynthGenError as error:
            return error
        return None

    def _note(self, text: str, fraction: float) -> None:
        self.text, self.fraction = text, min(1.0, max(0.0, fraction))

    @property
    def is_running(self) -> bool:
        """It has not ended yet."""
        return not self._end.done()

    @property
    def is_stopped(self) -> bool:
        """Somebody stopped it."""
        return isinstance(self.error, StoppedError)

    @property
    def error(self) -> SynthGenError | None:
        """What ended it early; None while it runs, and where it went well."""
        return self._end.result() if self._end.done() else None

    def wait(self, seconds: float) -> SynthGenError | None:
        """Wait for the end, at most so long; returns what ended it early. Raises TimeoutError."""
        return self._end.result(seconds)

    def stop(self) -> None:
        """Ask it to stop; what has come so far is kept by the server."""
        self._stop.set()


def start_pull(config: ProviderConfig, model: str) -> Pull:
    """Begin to fetch a model; where that server is at it already, that pull. Raises ConfigError for an empty name."""
    if not model.strip():
        raise ConfigError("No model was named.", "Give a name, such as gemma3:4b.")
    pulls, lock = _registry()
    with lock:
        pull = pulls.get(config.base_url)
        if pull is None or not pull.is_running:
            pull = pulls[config.base_url] = Pull(config, model.strip())
        return pull


def get_pull(config: ProviderConfig) -> Pull | None:
    """The pull that runs on this server, or the one that ended last."""
    return _registry()[0].get(config.base_url)


def _registry() -> tuple[dict[str, Pull], threading.Lock]:
    """What outlives a reload of our modules, as the workspace does."""
    found: tuple[dict[str, Pull], threading.Lock] = process_registry().setdefault("pulls", ({}, threading.Lock()))
    return found
