"""Which model writes, and whether it can."""

from contextlib import closing
from dataclasses import dataclass

from synthgen_core.errors import ConfigError, ProviderError
from synthgen_core.models import ProviderConfig
from synthgen_core.providers import PROVIDERS, LLMProvider, create_provider, provider_kind
from synthgen_core.settings import Settings


@dataclass(frozen=True, slots=True)
class Choice:
    """A provider that was chosen, and why."""

    config: ProviderConfig
    reason: str


def provider_config(
    settings: Settings, provider_type: str, *, model: str = "", base_url: str = "", api_key: str = ""
) -> ProviderConfig:
    """What the settings say of this provider, with what is given instead. Raises NotFoundError."""
    kind = provider_kind(provider_type)
    is_chosen = settings.llm_provider.lower() == kind.type
    defaults = {
        "embedded": (settings.embedded_model_path, "", ""),
        "ollama": ("", settings.ollama_url, ""),
        "openai": (settings.openai_model, settings.openai_base_url, settings.openai_api_key),
    }[kind.type]
    general = settings.llm_model if is_chosen else ""
    return ProviderConfig(
        kind.type,
        model or defaults[0] or general or kind.default_model,
        base_url or defaults[1] or kind.default_base_url,
        api_key or defaults[2],
    )


def choose_provider(settings: Settings) -> Choice:
    """The provider to use unless the user says otherwise: LLM_PROVIDER, else Ollama if it has a model, else embedded.

    Raises NotFoundError where LLM_PROVIDER names none.
    """
    if settings.llm_provider:
        return Choice(provider_config(settings, settings.llm_provider), "LLM_PROVIDER says so.")
    ollama = provider_config(settings, "ollama", model=settings.llm_model)
    try:
        with closing(create_provider("ollama", ollama)) as provider:
            models = provider.get_models()
    except (ProviderError, ConfigError):
        return Choice(
            provider_config(settings, "embedded"),
            f"LLM_PROVIDER is not set, and no Ollama answers at {_host(ollama.base_url)}.",
        )
    if not models:
        return Choice(provider_config(settings, "embedded"), "LLM_PROVIDER is not set, and Ollama has no model yet.")
    wanted = (ollama.model, f"{ollama.model}:latest")
    model = next((model for model in models if model in wanted), models[0])
    return Choice(
        provider_config(settings, "ollama", model=model), f"LLM_PROVIDER is not set, and Ollama answers with {model}."
    )


def _host(url: str) -> str:
    return url.partition("//")[2]


def get_models(settings: Settings, provider_type: str) -> list[str]:
    """The models that can be chosen. Raises NotFoundError, ConfigError or ProviderError."""
    with closing(create_provider(provider_type, provider_config(settings, provider_type))) as provider:
        return provider.get_models()


def open_provider(config: ProviderConfig) -> LLMProvider:
    """A provider that answers now.

    Raises:
        ProviderRefusedError: the key is refused, or the model does not exist.
        ProviderUnavailableError: it cannot be reached.
        ConfigError: it cannot be used on this computer.
    """
    provider = create_provider(config.type, config)
    try:
        provider.check()
    except BaseException:
        provider.close()
        raise
    return provider


__all__ = ["PROVIDERS", "Choice", "choose_provider", "get_models", "open_provider", "provider_config"]
