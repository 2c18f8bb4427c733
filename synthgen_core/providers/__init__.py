"""The models that can write examples. A new service that speaks OpenAI's protocol is one row of ``PROVIDERS``;
one with its own protocol is one module of this package, and its row.

Modules are imported on first use: importing an SDK can take seconds.
"""

import importlib
import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass

from synthgen_core.errors import ConfigError, NotFoundError
from synthgen_core.models import Method, ProviderConfig
from synthgen_core.providers.base import LLMProvider

__all__ = ["PROVIDERS", "LLMProvider", "ProviderKind", "create_provider", "get_provider_types", "provider_kind"]

SPACE = re.compile(r"[\s\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class ProviderKind:
    """A row of the registry: what is known of a provider before it is reached."""

    type: str
    name: str
    implementation: str
    """``module:Class`` within this package."""
    summary: str
    """One line for the picker."""
    method: Method
    """How it makes an example best."""
    default_model: str = ""
    default_base_url: str = ""
    workers: int = 8
    """Calls at a time, unless the user says otherwise."""
    is_paid: bool = False
    """Marked with $."""
    languages: tuple[str, ...] = ()
    """Codes of the only languages it can write; empty: no limit is known."""


PROVIDERS: dict[str, ProviderKind] = {
    kind.type: kind
    for kind in (
        ProviderKind(
            "embedded",
            "Embedded model",
            "embedded:EmbeddedProvider",
            "SmolLM2-135M on this computer. Demo quality: fluent, on topic, facts often wrong.",
            Method.QUESTION_BANK,
            default_model="SmolLM2-135M-Instruct",
            workers=4,
            languages=("en",),
        ),
        ProviderKind(
            "ollama",
            "Ollama",
            "ollama:OllamaProvider",
            "A local Ollama server. No key, no cost.",
            Method.STRUCTURED,
            default_base_url="http://localhost:11434",
            workers=2,
        ),
        ProviderKind(
            "openai",
            "OpenAI and compatible",
            "openai_compatible:OpenAIProvider",
            "OpenAI, or any server that speaks its protocol (base URL).",
            Method.STRUCTURED,
            default_model="gpt-6-luna",
            default_base_url="https://api.openai.com/v1",
            workers=16,
            is_paid=True,
        ),
    )
}


def get_provider_types() -> list[str]:
    """The keys of the registry, in the order in which they are offered."""
    return list(PROVIDERS)


def provider_kind(provider_type: str) -> ProviderKind:
    """The row of a provider. Raises NotFoundError."""
    try:
        return PROVIDERS[provider_type.strip().lower()]
    except KeyError:
        raise NotFoundError.of("provider", provider_type, PROVIDERS) from None


def create_provider(provider_type: str, config: ProviderConfig | Mapping[str, str] | None = None) -> LLMProvider:
    """A provider of this type, ready to be called. Nothing is reached yet: see ``LLMProvider.is_available``.

    ``config`` is a ProviderConfig, or a mapping with any of ``model``, ``base_url`` (or ``url``) and ``api_key``.

    Raises:
        NotFoundError: there is no such type.
        ConfigError: the address is not http or https, or the provider's optional package is not installed.
    """
    kind = provider_kind(provider_type)
    if not isinstance(config, ProviderConfig):
        given = dict(config or {})
        config = ProviderConfig(
            kind.type, given.get("model", ""), given.get("base_url") or given.get("url", ""), given.get("api_key", "")
        )
    base_url = (config.base_url or kind.default_base_url).strip().rstrip("/")
    if base_url and not _is_address(base_url):
        raise ConfigError(
            f"The address “{base_url}” of {kind.name} is not one.", "Give one such as http://localhost:8080/v1."
        )
    module, _, name = kind.implementation.partition(":")
    implementation: type[LLMProvider] = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    return implementation(ProviderConfig(kind.type, config.model or kind.default_model, base_url, config.api_key))


def _is_address(url: str) -> bool:
    """Whether this is http or https, with a host, and a port that can be."""
    try:
        parts = urllib.parse.urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not SPACE.search(url)
    except ValueError:
        return False
