"""Runs through a service's batches: who offers them, at what price, and all that one needs."""

from decimal import Decimal

from synthgen_core.actions.providers import model_table
from synthgen_core.actions.usage import tariff_for
from synthgen_core.batching import BatchRun
from synthgen_core.budget import Budget, Tariff
from synthgen_core.courier import Courier
from synthgen_core.errors import ConfigError
from synthgen_core.jobs import Run
from synthgen_core.models import Method, ProviderConfig, Usage
from synthgen_core.providers import LLMProvider, open_batches, provider_kind
from synthgen_core.settings import Settings
from synthgen_core.workspace import Workspace


def batch_factor(settings: Settings, config: ProviderConfig) -> Decimal | None:
    """What a call to this model costs in a batch, as a part of its ordinary price; None where there are no batches.

    Raises ConfigError where the user's table of models is wrong.
    """
    if not provider_kind(config.type).batches:
        return None
    return model_table(settings).facts(config).batch_factor


def check_batches(settings: Settings, config: ProviderConfig, method: Method) -> None:
    """Raise ConfigError if examples cannot be made in this way, by this model, through batches."""
    if batch_factor(settings, config) is None:
        who = f"“{config.model}”" if config.model else provider_kind(config.type).name
        raise ConfigError(
            f"No batches are known for {who} at {config.base_url or 'its address'}.",
            "Make the dataset without batches, or write the model with its batch_factor into models.toml in the data "
            "folder.",
        )
    if method is not Method.STRUCTURED:
        raise ConfigError(
            f"Batches need one call for each example, which the way “{method}” does not do.",
            "Choose the way “structured”, or make the dataset without batches.",
        )


def batch_tariff(settings: Settings, config: ProviderConfig) -> Tariff:
    """What calls to this model cost in a batch. Raises ConfigError where it has none."""
    tariff, factor = tariff_for(settings, config), batch_factor(settings, config)
    if factor is None:
        raise ConfigError(f"No batches are known for “{config.model}”.", "Make the dataset without batches.")

    def price(usage: Usage) -> Decimal | None:
        whole = tariff.price(usage)
        return None if whole is None else whole * factor

    return Tariff(price, tariff.token_limit)


def open_batch_run(workspace: Workspace, run: Run, provider: LLMProvider, tariff: Tariff, budget: Budget) -> BatchRun:
    """The batches of a job, with those that it left with the service when it stopped."""
    earlier = workspace.database.get_batches(run.job.id)
    courier = Courier(open_batches(provider), workspace.database, run, provider.config.model, tariff, budget)
    return BatchRun(courier, run, budget, earlier)
