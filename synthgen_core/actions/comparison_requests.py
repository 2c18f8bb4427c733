"""What a user asks to have compared: checked, with every gap filled, and as a job remembers it."""

from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from typing import Any

from synthgen_core.actions.caps import budget_of, caps_of, check_caps, check_room, check_seed, in_range
from synthgen_core.actions.quality_requests import check_judge
from synthgen_core.actions.requests import MOST_WORKERS, kept_config, usual_workers
from synthgen_core.budget import Budget
from synthgen_core.errors import ConfigError
from synthgen_core.formats import Format, get_format
from synthgen_core.judging import Rubric
from synthgen_core.judging.prompts import pair_request
from synthgen_core.judging.rubric import make_rubric
from synthgen_core.methods import random_seed
from synthgen_core.models import Job, JsonObject, ProviderConfig, Side
from synthgen_core.workspace import Workspace

MOST_PAIRS = 2000


@dataclass(frozen=True, slots=True)
class ComparisonRequest:
    """What is to be compared, and who compares it."""

    first: int
    """A dataset; with ``are_examples``, an example, as ``second``."""
    second: int
    provider: ProviderConfig
    """The judge."""
    rubric: Rubric = field(default_factory=Rubric)
    pairs: int = 50
    seed: int | None = None
    """By which the pairs are drawn; None: one is drawn, and kept with the job."""
    are_examples: bool = False
    workers: int | None = None
    """Calls at a time; None: the provider's default."""
    max_cost: Decimal | None = None
    max_tokens_total: int | None = None


@dataclass(frozen=True, slots=True)
class Sides:
    """The two sides of a comparison, as they are found."""

    format: Format
    datasets: tuple[int, int]
    names: tuple[str, str]
    """In words."""


def check_comparison(workspace: Workspace, request: ComparisonRequest) -> tuple[ComparisonRequest, Sides]:
    """The request with every gap filled, and what it compares.

    Raises:
        NotFoundError: one of the two is not there.
        ConfigError: they cannot be compared, a number is out of range, or the model is too small to judge.
    """
    check_judge(request.provider)
    sides = _find_sides(workspace, request)
    usual = usual_workers(workspace.settings, request.provider.type)
    workers = usual if request.workers is None else request.workers
    in_range("number of workers", workers, 1, MOST_WORKERS)
    pairs = 1 if request.are_examples else request.pairs
    in_range("number of pairs", pairs, 1, MOST_PAIRS)
    seed = random_seed() if request.seed is None else request.seed
    check_seed(seed)
    check_caps(request.max_cost, request.max_tokens_total)
    return replace(request, pairs=pairs, seed=seed, workers=workers), sides


def _find_sides(workspace: Workspace, request: ComparisonRequest) -> Sides:
    what = "example" if request.are_examples else "dataset"
    if request.first == request.second:
        raise ConfigError(f"Both are {what} {request.first}.", "Choose two that are not the same.")
    first, second = request.first, request.second
    if request.are_examples:
        first, second = (workspace.database.get_example(number).dataset_id for number in (first, second))
    one, other = workspace.database.get_dataset(first), workspace.database.get_dataset(second)
    if one.format != other.format:
        raise ConfigError(
            f"“{one.name}” is in the format {one.format}, “{other.name}” in the format {other.format}.",
            "Convert one of them first.",
        )
    empty = next((dataset for dataset in (one, other) if not dataset.example_count), None)
    if empty and not request.are_examples:
        raise ConfigError(f"“{empty.name}” has no examples.", "Choose another dataset.")
    names = (f"“{one.name}”", f"“{other.name}”")
    if request.are_examples:
        names = (f"example {request.first}", f"example {request.second}")
    return Sides(get_format(one.format), (first, second), names)


def check_room_for_pairs(
    workspace: Workspace, request: ComparisonRequest, sides: Sides, job: Job | None = None
) -> None:
    """Raise ConfigError if the budget leaves no room for one call, or if nobody could keep to it."""
    budget = comparison_budget(workspace, request, job)
    if budget.is_capped:
        if request.are_examples:  # they may be the last of their dataset, and removed
            example = workspace.database.get_example(request.first)
        else:
            (example,) = workspace.database.get_dataset_examples(sides.datasets[0], 1)
        asked = pair_request(request.rubric, sides.format, example.content, example.content)
        check_room(budget, asked, {Side.WRITER: request.provider.model}, job)


def comparison_budget(workspace: Workspace, request: ComparisonRequest, job: Job | None) -> Budget:
    """What a comparison may spend, and has spent."""
    return budget_of(workspace.settings, request.provider, request.max_cost, request.max_tokens_total, job)


def to_parameters(request: ComparisonRequest, sides: Sides) -> JsonObject:
    """A request as a job keeps it: without keys."""
    values: JsonObject = asdict(replace(request, provider=ProviderConfig(""), rubric=Rubric()))
    said: JsonObject = {
        "name": f"{sides.names[0]} against {sides.names[1]}",
        "names": [*sides.names],
        "provider": dict(request.provider.public()),
        "rubric": request.rubric.to_json(),
        "rubric_hash": request.rubric.hash,
    }
    return values | said | caps_of(request)


def from_parameters(workspace: Workspace, parameters: JsonObject) -> ComparisonRequest:
    """The request that a job keeps, with the keys that the settings have now."""
    values: dict[str, Any] = dict(parameters)
    for name in ("name", "names", "rubric_hash"):
        del values[name]
    rubric, said, cost = values.pop("rubric"), values.pop("provider"), values.pop("max_cost")
    return ComparisonRequest(
        **values,
        provider=kept_config(workspace, said),
        rubric=make_rubric(rubric["criteria"], rubric["notes"]),
        max_cost=None if cost is None else Decimal(cost),
    )
