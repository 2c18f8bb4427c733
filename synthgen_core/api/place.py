"""What every route works on, and what it says of a job."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Depends, Request

from synthgen_core.actions import jobs
from synthgen_core.actions.providers import choose_provider
from synthgen_core.actions.quality import quality_counters
from synthgen_core.actions.settings import chosen_config, effective_settings
from synthgen_core.api.bodies import JobBody
from synthgen_core.models import JobKind, ProviderConfig
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


def told(place: Workspace, job_id: int) -> JobBody:
    """A job as it stands, with the counters of a quality run. Raises NotFoundError."""
    view = jobs.get_job(place, job_id)
    counters = asdict(quality_counters(place, view.job)) if view.job.kind is JobKind.QUALITY else None
    return JobBody.of(view, counters)
