"""Target against actual of what was drawn for a dataset, and topping it up where something is missing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from synthgen_core.access import Role, requires
from synthgen_core.actions.generation import start_generation
from synthgen_core.actions.requests import MOST_EXAMPLES, GenerationRequest, check_request, from_parameters
from synthgen_core.coverage import (
    Making,
    ParameterCoverage,
    Standing,
    ValueCoverage,
    correct_weights,
    measure_coverage,
    off_target_after,
    target_shares,
)
from synthgen_core.database import Measure
from synthgen_core.errors import ConfigError, NotFoundError
from synthgen_core.models import Dataset, ExampleStatus, Job, JobKind, JsonObject, Method, ProviderConfig
from synthgen_core.workspace import ACTIVE, Workspace

__all__ = ["COVERAGE", "Coverage", "ParameterCoverage", "Standing", "TopUp", "ValueCoverage", "last_run"]
__all__ += ["plan_top_up", "read_coverage", "running_top_up", "start_top_up"]

COVERAGE = "coverage"
"""Name of the measure."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What there is of what was to be drawn."""

    n: int
    """Active examples."""
    untargeted: int
    """Of them, those of a domain that is not known here; nothing is said of these."""
    makings: tuple[Making, ...]
    parameters: tuple[ParameterCoverage, ...]

    @property
    def missing(self) -> int:
        """Examples that the worst parameter lacks: a number to top up by."""
        return max((each.missing for each in self.parameters), default=0)


@dataclass(frozen=True, slots=True)
class TopUp:
    """A run that puts the shares right."""

    request: GenerationRequest
    expected: Mapping[str, tuple[float, float]]
    """Parameter -> share of the examples that is off target now, and will be on average."""

    @property
    def now(self) -> float:
        """Off target now, the mean over the parameters."""
        return _mean([before for before, _ in self.expected.values()])

    @property
    def then(self) -> float:
        """Off target afterwards, likewise."""
        return _mean([after for _, after in self.expected.values()])


def measure(workspace: Workspace, dataset: Dataset, tick: Callable[[], None]) -> tuple[int, JsonObject]:
    """Examples by parameter and value, and by how they were made, as JSON, for ``measures``."""
    names = sorted({name for domain in workspace.catalogue for name in domain.parameters})
    counts = workspace.database.count_values(dataset.id, names)
    tick()
    makings = workspace.database.count_makings(dataset.id)
    return dataset.example_count, {
        "active": {name: dict(values) for name, values in counts[ExampleStatus.ACTIVE].items()},
        "removed": {name: dict(values) for name, values in counts[ExampleStatus.REMOVED].items()},
        "makings": [[each.domain, each.subdomain, each.method, each.count] for each in makings],
    }


def read_coverage(workspace: Workspace, dataset: Dataset, kept: Measure) -> Coverage:
    """The counts that ``measure`` found, against what the domains' weights make of them.

    An example that does not say which domain it is of, is of the dataset's.
    """
    result: dict[str, Any] = dict(kept.result)
    makings, untargeted = [], 0
    for domain, subdomain, method, count in result["makings"]:
        try:
            found = workspace.catalogue.find(domain or dataset.domain, subdomain or dataset.subdomain)
        except NotFoundError:
            untargeted += count
            continue
        makings.append(Making(*found, method == Method.QUESTION_BANK, count))
    parameters = measure_coverage(makings, result["active"], result["removed"])
    return Coverage(kept.n, untargeted, tuple(makings), tuple(parameters))


def last_run(workspace: Workspace, dataset_id: int) -> Job | None:
    """The newest run that made examples for this dataset; None: no run is known."""
    return next(iter(workspace.database.get_jobs(kind=JobKind.GENERATION, dataset_id=dataset_id, limit=1)), None)


def plan_top_up(
    workspace: Workspace,
    dataset: Dataset,
    coverage: Coverage,
    more: int,
    provider: ProviderConfig | None = None,
    *,
    seed: int | None = None,
) -> TopUp:
    """The run that adds so many examples, the missing values drawn more often than the others.

    It is like the newest run of this dataset, with another seed, and without a budget; ``provider``: another model
    than that one's.

    Raises:
        ConfigError: no run is known and no provider was named, or as ``check_request`` does. NotFoundError: likewise.
    """
    job = last_run(workspace, dataset.id)
    last = None if job is None else from_parameters(workspace, job.parameters)
    if last is None:
        if provider is None:
            raise ConfigError(f"No run is known that made “{dataset.name}”.", "Choose the model that is to write.")
        spoken = str(dataset.metadata.get("language") or "en")
        last = GenerationRequest(
            dataset.domain, dataset.subdomain, provider, format_type=dataset.format, language=spoken
        )
    elif provider is not None and provider != last.provider:
        last = replace(last, provider=provider, assistant_provider=None, method=None, workers=None, use_batch=False)
    if not 1 <= more <= MOST_EXAMPLES:
        raise ConfigError(f"The number of examples cannot be {more:,}.", f"Give 1 to {MOST_EXAMPLES:,}.")
    request = replace(
        last,
        name=dataset.name,
        num_examples=more,
        seed=seed,
        max_cost=None,
        max_tokens_total=None,
        add_to=dataset.id,
        first_index=0,
        weights={},
    )
    filled, plan = check_request(workspace, request)
    is_from_bank = filled.method is Method.QUESTION_BANK
    weights = correct_weights(coverage.parameters, plan.domain, plan.subdomain, more, is_from_bank=is_from_bank)
    _, corrected = check_request(workspace, replace(request, weights=weights))
    drawn = target_shares(corrected.domain, plan.subdomain, is_from_bank=is_from_bank)
    expected = {
        each.name: (each.off_target, off_target_after(each, more, drawn[each.name]))
        for each in coverage.parameters
        if each.name in weights
    }
    return TopUp(replace(request, weights=weights), expected)


@requires(Role.ADMIN)
def start_top_up(workspace: Workspace, planned: TopUp) -> Job:
    """Start it; returns at once. Raises as ``start_generation`` does."""
    return start_generation(workspace, planned.request)


def running_top_up(workspace: Workspace, dataset_id: int) -> Job | None:
    """The run that adds to this dataset now, or waits to."""
    return next(iter(workspace.database.get_jobs(ACTIVE, JobKind.GENERATION, dataset_id=dataset_id)), None)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
