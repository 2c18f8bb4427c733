"""What every provider can do. The contract tests in ``tests/core/test_providers.py`` hold them all to it."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from synthgen_core.concurrency import Stop
from synthgen_core.errors import SynthGenError
from synthgen_core.models import ChatRequest, Completion, Message, ProviderConfig, Role
from synthgen_core.providers.catalogue import ModelTable, load_models
from synthgen_core.providers.model_info import ModelInfo

Progress = Callable[[str, float], None]
"""Told what is being done, and how much of it is done, 0-1."""


class LLMProvider(ABC):
    """One model of one service. Safe for any number of threads at once. It retries nothing: that is the caller's."""

    def __init__(self, config: ProviderConfig, models: ModelTable | None = None) -> None:
        self.config = config
        self.models = models or load_models()
        """What is known of models."""
        self._facts: tuple[ProviderConfig, ModelInfo] | None = None

    @property
    def facts(self) -> ModelInfo:
        """What is known of this model where it is asked."""
        kept = self._facts
        if kept is None or kept[0] is not self.config:
            kept = self._facts = (self.config, self.models.facts(self.config))
        return kept[1]

    @abstractmethod
    def complete(self, request: ChatRequest, stop: Stop | None = None) -> Completion:
        """Send one request and wait for the reply.

        Raises:
            ProviderRefusedError: asking again cannot help.
            ProviderUnavailableError: it may.
            StoppedError: ``stop`` was set meanwhile.
        """

    @abstractmethod
    def check(self) -> None:
        """Make sure, cheaply, that a request could succeed now: reachable, key accepted, model present.

        Raises ProviderError as ``complete`` does, or ConfigError where this computer lacks something.
        """

    @abstractmethod
    def get_models(self) -> list[str]:
        """Names of the models that can be chosen. Raises ProviderError as ``complete`` does."""

    def is_available(self) -> bool:
        """Whether ``check`` finds nothing wrong."""
        try:
            self.check()
        except SynthGenError:
            return False
        return True

    def prepare(self, progress: Progress | None = None, stop: Stop | None = None) -> None:  # noqa: B027 - below
        """Do what takes long before the first call (fetch weights, load a model); most have nothing to prepare.

        Raises as ``complete`` does, or ConfigError where this computer lacks something.
        """

    def generate_text(self, prompt: str, max_tokens: int = 2000, *, temperature: float | None = None) -> str:
        """The reply to one prompt, as text. Raises as ``complete`` does."""
        request = ChatRequest((Message(Role.USER, prompt),), max_tokens=max_tokens, temperature=temperature)
        return self.complete(request).text

    def close(self) -> None:  # noqa: B027 - most have nothing to close
        """Give back connections. The provider cannot be used afterwards."""
