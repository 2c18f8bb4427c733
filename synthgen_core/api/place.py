"""What every route works on."""

from typing import Annotated

from fastapi import Depends, Request

from synthgen_core.actions.providers import choose_provider
from synthgen_core.actions.settings import chosen_config, effective_settings
from synthgen_core.models import ProviderConfig
from synthgen_core.workspace import Workspace


def place_of(request: Request) -> Workspace:
    """The workspace that the app works on."""
    opened: Workspace = request.app.state.workspace()
    return opened


Place = Annotated[Workspace, Depends(place_of)]


def provider_for(place: Workspace, provider: str, model: str) -> ProviderConfig:
    """The provider that a request names, or the current one. Raises NotFoundError and ConfigError."""
    settings = effective_settings(data_dir=place.settings.data_dir)
    config = chosen_config(settings, provider) if provider else choose_provider(settings).config
    return ProviderConfig(config.type, model or config.model, config.base_url, config.api_key)
