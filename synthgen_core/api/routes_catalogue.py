"""Domains, and the providers that can write."""

from fastapi import APIRouter

from synthgen_core.actions.provider_states import look_at
from synthgen_core.actions.providers import PROVIDERS, choose_provider, model_table
from synthgen_core.actions.settings import (
    ProviderChoice,
    chosen_config,
    effective_settings,
    mask,
    save_provider_choice,
    save_setting,
)
from synthgen_core.api.bodies import (
    ConfigureRequest,
    DomainBody,
    ProviderBody,
    ProviderConfigBody,
    SubdomainBody,
)
from synthgen_core.api.place import Place
from synthgen_core.domains import Domain
from synthgen_core.models import ProviderConfig

router = APIRouter()


@router.get("/domains", tags=["domains"])
def list_domains(place: Place) -> list[DomainBody]:
    """All domains."""
    return [_domain(domain) for domain in place.catalogue]


@router.get("/domains/{domain}", tags=["domains"])
def get_domain(place: Place, domain: str) -> DomainBody:
    """A domain, by its slug or its name."""
    return _domain(place.catalogue.domain(domain))


@router.get("/domains/{domain}/subdomains", tags=["domains"])
def list_subdomains(place: Place, domain: str) -> list[SubdomainBody]:
    """The parts of a domain."""
    return _domain(place.catalogue.domain(domain)).subdomains


@router.get("/providers", tags=["providers"])
def list_providers(place: Place) -> list[ProviderBody]:
    """The kinds of services that can write."""
    return [ProviderBody(type=kind.type, label=kind.name, costs_money=kind.is_paid) for kind in PROVIDERS.values()]


@router.post("/providers/configure", tags=["providers"])
def configure_provider(place: Place, body: ConfigureRequest) -> ProviderConfigBody:
    """Keep a provider's model and address. Keys are not taken: they come from the environment."""
    save_provider_choice(place.settings, body.provider, ProviderChoice(body.model, body.base_url))
    if body.is_default:
        save_setting(place.settings, "LLM_PROVIDER", body.provider)
    return _config(chosen_config(effective_settings(data_dir=place.settings.data_dir), body.provider))


@router.get("/providers/current", tags=["providers"])
def get_current_provider(place: Place) -> ProviderConfigBody:
    """Who writes unless a request says otherwise."""
    return _config(choose_provider(effective_settings(data_dir=place.settings.data_dir)).config)


@router.get("/providers/{provider}/models", tags=["providers"])
def list_models(place: Place, provider: str) -> list[str]:
    """The models that a provider has; it is asked for them."""
    settings = effective_settings(data_dir=place.settings.data_dir)
    state = look_at(chosen_config(settings, provider), model_table(settings))
    if state.error is not None and not state.models:
        raise state.error
    return [*state.models]


def _domain(domain: Domain) -> DomainBody:
    return DomainBody(
        slug=domain.slug,
        name=domain.name,
        summary=domain.summary,
        subdomains=[SubdomainBody.model_validate(subdomain) for subdomain in domain.subdomains],
        parameters={name: dict(weights) for name, weights in domain.parameters.items()},
    )


def _config(config: ProviderConfig) -> ProviderConfigBody:
    return ProviderConfigBody(
        provider=config.type,
        model=config.model,
        base_url=config.base_url,
        api_key=mask(config.api_key) if config.api_key else "",
    )
