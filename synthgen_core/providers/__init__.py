"""The models that can write examples. A new service that speaks OpenAI's protocol is one row in ``registry``; one with
its own protocol is one module of this package, and its row.

Modules are imported on first use: importing an SDK can take seconds.
"""

import importlib
import re
import urllib.parse
from collections.abc import Mapping
from typing import Any

from synthgen_core.errors import ConfigError
from synthgen_core.models import ProviderConfig
from synthgen_core.providers.base import LLMProvider
from synthgen_core.providers.batches import BatchService
from synthgen_core.providers.catalogue import ModelTable, load_models
from synthgen_core.providers.registry import (
    PROVIDERS,
    ProviderKind,
    full_address,
    get_provider_types,
    provider_kind,
)

__all__ = [
    "PROVIDERS",
    "BatchService",
    "LLMProvider",
    "ProviderKind",
    "create_provider",
    "default_model",
    "get_provider_types",
    "languages_of",
    "open_batches",
    "provider_kind",
]

SPACE = re.compile(r"[\s\x00-\x1f\x7f]")


def create_provider(
    provider_type: str,
    config: ProviderConfig | Mapping[str, str] | None = None,
    models: ModelTable | None = None,
) -> LLMProvider:
    """A provider of this type, ready to be called. Nothing is reached yet: see ``LLMProvider.is_available``.

    ``config`` is a ProviderConfig, or a mapping with any of ``model``, ``base_url`` (or ``url``) and ``api_key``;
    ``models`` tells what the models can do (default: our own table, without the user's file).

    Raises:
        NotFoundError: there is no such type.
        ConfigError: the address is not http or https, or the provider's optional package is not installed.
        ProviderRefusedError: a key is missing, or cannot be one.
    """
    kind = provider_kind(provider_type)
    if not isinstance(config, ProviderConfig):
        given = dict(config or {})
        config = ProviderConfig(
            kind.type, given.get("model", ""), given.get("base_url") or given.get("url", ""), given.get("api_key", "")
        )
    implementation: type[LLMProvider] = _load(kind.implementation)
    return implementation(
        ProviderConfig(
            kind.type,
            config.model or default_model(kind, models),
            _checked_address(kind, config.base_url or kind.default_base_url),
            config.api_key.strip(),
        ),
        models,
    )


def open_batches(provider: LLMProvider) -> BatchService:
    """The batches of this provider's service, for its model. Raises ConfigError where it has none."""
    kind = provider_kind(provider.config.type)
    if not kind.batches:
        raise ConfigError(f"{kind.name} takes no batches.", "Make the dataset without batches.")
    service: BatchService = _load(kind.batches)(provider)
    return service


def default_model(kind: ProviderKind, models: ModelTable | None = None) -> str:
    """The model to ask where none is named: the table's default; empty where the server says what it has."""
    default = None if kind.is_local else (models or load_models()).default(kind.type)
    return default.name if default else ""


def languages_of(config: ProviderConfig) -> tuple[str, ...]:
    """Codes of the only languages that this model can write; empty: no limit is known."""
    lookup = provider_kind(config.type).languages_lookup
    return tuple(_load(lookup)(config.model)) if lookup else ()


def _load(place: str) -> Any:
    """What is at ``module:name`` within this package."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)


def _checked_address(kind: ProviderKind, given: str) -> str:
    url = full_address(kind, given)
    if "@" in url:  # wherever it stands: a password may hold a slash, and the scheme may be missing
        raise ConfigError(
            f"The address of {kind.name} holds a user's name or a password.",
            "Give it without: addresses are stored and shown. A key has a field of its own.",
        )
    if url and not _is_address(url):
        raise ConfigError(
            f"The address “{given.strip().rstrip('/')}” of {kind.name} is not one.",
            "Give one such as http://localhost:8080/v1.",
        )
    return url


def _is_address(url: str) -> bool:
    """Whether this is http or https, with a host, and a port that can be."""
    try:
        parts = urllib.parse.urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not SPACE.search(url)
    except ValueError:
        return False
