"""Which model writes, and whether it can."""

from contextlib import closing
from dataclasses import dataclass

from synthgen_core.errors import ConfigError, ProviderError, ProviderRefusedError
from synthgen_core.models import ProviderConfig
from synthgen_core.providers import PROVIDERS, LLMProvider, create_provider, default_model, languages_of, provider_kind
from synthgen_core.providers.catalogue import ModelTable, load_models
from synthgen_core.providers.registry import full_address
from synthgen_core.settings import Settings


@dataclass(frozen=True, slots=True)
class Choice:
    """A provider that was chosen, and why."""

    config: ProviderConfig
    reason: str


def model_table(settings: Settings) -> ModelTable:
    """What is known of models: our table, and over it the user's ``DATA_DIR/models.toml``.

    Raises ConfigError where that file is wrong.
    """
    return load_models(settings.models_file)


def provider_config(
    settings: Settings, provider_type: str, *, model: str = "", base_url: str = "", api_key: str = ""
) -> ProviderConfig:
    """What the settings say of this provider, with what is given instead.

    Raises NotFoundError, or ConfigError where ``DATA_DIR/models.toml`` is wrong.
    """
    kind = provider_kind(provider_type)
    is_chosen = settings.llm_provider.lower() == kind.type
    general = settings.llm_model if is_chosen else ""
    address = base_url or settings.get(kind.base_url_setting) or kind.default_base_url
    return ProviderConfig(
        kind.type,
        model or settings.get(kind.model_setting) or general or default_model(kind, model_table(settings)),
        full_address(kind, address),
        api_key or settings.get(kind.key_setting),
    )


def choose_provider(settings: Settings) -> Choice:
    """The provider to use unless the user says otherwise: LLM_PROVIDER, else Ollama if it has a model, else embedded.

    Raises NotFoundError where LLM_PROVIDER names none.
    """
    if settings.llm_provider:
        return Choice(provider_config(settings, settings.llm_provider), "LLM_PROVIDER says so.")
    ollama = provider_config(settings, "ollama", model=settings.llm_model)
    try:
        with closing(create_provider("ollama", ollama, model_table(settings))) as provider:
            models = provider.get_models()
            model = _pick(provider, models)
    except (ProviderError, ConfigError):
        return Choice(
            provider_config(settings, "embedded"),
            f"LLM_PROVIDER is not set, and no Ollama answers at {_host(ollama.base_url)}.",
        )
    if not models:
        return Choice(provider_config(settings, "embedded"), "LLM_PROVIDER is not set, and Ollama has no model yet.")
    return Choice(
        provider_config(settings, "ollama", model=model), f"LLM_PROVIDER is not set, and Ollama answers with {model}."
    )


def _pick(provider: LLMProvider, models: list[str]) -> str:
    """The model that the provider takes; the first, where it has none of the name that it was given."""
    try:
        provider.check()
    except ProviderRefusedError:
        return models[0] if models else ""
    return provider.config.model


def _host(url: str) -> str:
    return url.partition("//")[2]


def open_provider(config: ProviderConfig, models: ModelTable | None = None) -> LLMProvider:
    """A provider that answers now. ``models``: see ``model_table``; without, our own table.

    Raises:
        ProviderRefusedError: the key is refused, or the model does not exist.
        ProviderUnavailableError: it cannot be reached.
        ConfigError: it cannot be used on this computer.
    """
    provider = create_provider(config.type, config, models)
    try:
        provider.check()
    except BaseException:
        provider.close()
        raise
    return provider


__all__ = [
    "PROVIDERS",
    "Choice",
    "choose_provider",
    "languages_of",
    "model_table",
    "open_provider",
    "provider_config",
]
