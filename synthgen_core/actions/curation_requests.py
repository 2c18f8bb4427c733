"""What can be asked of datasets in order to make new ones: one class of values for each operation, and its check.

A further operation is a class here with its row in ``CHECKS``, and its row of ``curation_plans.PLANNERS``.
"""

from collections.abc import Callable, Mapping
from dataclasses import Field, asdict, dataclass, field, replace
from typing import Any, ClassVar, Protocol

from synthgen_core.actions.datasets import clean_name
from synthgen_core.conversion import DEFAULT_STRATEGY, can_convert, get_strategy
from synthgen_core.errors import ConfigError
from synthgen_core.formats import get_format
from synthgen_core.methods import random_seed
from synthgen_core.models import Dataset, ExampleFilter, ExampleStatus, JsonObject, Origin, Range, Severity
from synthgen_core.splitting import check_shares
from synthgen_core.targets import SPLITS
from synthgen_core.workspace import Workspace

MOST_SEED = 2**63 - 1


class Request(Protocol):
    """What all operations have; each is a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    operation: ClassVar[Origin]

    @property
    def name(self) -> str:
        """Of the new dataset; empty: made from those of its parents."""

    @property
    def dataset_ids(self) -> tuple[int, ...]:
        """What it is made from, in order."""


@dataclass(frozen=True, slots=True)
class OfOne:
    """What is made from one dataset."""

    dataset_id: int

    @property
    def dataset_ids(self) -> tuple[int, ...]:
        """The one."""
        return (self.dataset_id,)


@dataclass(frozen=True, slots=True)
class Merge:
    """The active examples of several datasets, one dataset after the other."""

    operation: ClassVar = Origin.MERGED
    dataset_ids: tuple[int, ...]
    name: str = ""
    skip_duplicates: bool = False
    """Leave out what repeats an example of a dataset that comes before."""
    format_type: str = ""
    """Needed where the formats differ: what is not of it, is converted."""
    strategy: str = DEFAULT_STRATEGY
    """How conversations become instructions, if they do."""


@dataclass(frozen=True, slots=True)
class Sample(OfOne):
    """So many active examples, drawn by chance."""

    operation: ClassVar = Origin.SAMPLED
    size: int
    name: str = ""
    seed: int | None = None
    """None: one is drawn, and kept."""
    stratify_by: str = ""
    """A parameter; each of its values keeps its share. Empty: none."""


@dataclass(frozen=True, slots=True)
class Split(OfOne):
    """Parts for training, validation and testing; what is alike, or of one conversation, stays together."""

    operation: ClassVar = Origin.SPLIT
    shares: tuple[float, ...] = (80, 10, 10)
    """Percent of train, validation and test."""
    name: str = ""
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Convert(OfOne):
    """The active examples in another format."""

    operation: ClassVar = Origin.CONVERTED
    format_type: str
    strategy: str = DEFAULT_STRATEGY
    name: str = ""


@dataclass(frozen=True, slots=True)
class Deduplicate(OfOne):
    """The active examples without exact repeats; of those that are the same, the first one stays."""

    operation: ClassVar = Origin.DEDUPLICATED
    name: str = ""


@dataclass(frozen=True, slots=True)
class Filter(OfOne):
    """The examples that match."""

    operation: ClassVar = Origin.FILTERED
    filter: ExampleFilter = field(default_factory=ExampleFilter)
    name: str = ""


@dataclass(frozen=True, slots=True)
class Duplicate(OfOne):
    """A copy of the active examples."""

    operation: ClassVar = Origin.DUPLICATED
    name: str = ""


REQUESTS: Mapping[Origin, type[Any]] = {
    each.operation: each for each in (Merge, Sample, Split, Convert, Deduplicate, Filter, Duplicate)
}


def check_request(workspace: Workspace, request: Request) -> tuple[Request, tuple[Dataset, ...]]:
    """The request with every gap filled, and the datasets that it is about.

    Raises:
        NotFoundError: there is no such dataset, format or strategy.
        ConfigError: it cannot be done; the message says why.
    """
    datasets = tuple(workspace.database.get_dataset(each) for each in request.dataset_ids)
    for dataset in datasets:
        if not dataset.example_count and request.operation is not Origin.FILTERED:
            raise ConfigError(f"The dataset “{dataset.name}” has no active examples.", "Choose another one.")
    filled = replace(request, name=clean_name(request.name))
    check = CHECKS.get(request.operation)
    return (check(workspace, filled, datasets) if check else filled), datasets


def _check_merge(_: Workspace, request: Merge, datasets: tuple[Dataset, ...]) -> Merge:
    if len(datasets) < 2 or len(set(request.dataset_ids)) < len(datasets):
        raise ConfigError("A merge takes two or more different datasets.", "Choose them.")
    formats = list(dict.fromkeys(dataset.format for dataset in datasets))
    if len(formats) > 1 and not request.format_type:
        raise ConfigError(
            f"The datasets have different formats: {', '.join(formats)}.", "Say which of them the result is to have."
        )
    target = get_format(request.format_type or formats[0]).name
    _check_conversion(formats, target)
    return replace(request, format_type=target, strategy=get_strategy(request.strategy).name)


def _check_conversion(formats: list[str], target: str) -> None:
    for format in formats:
        if not can_convert(format, target):
            raise ConfigError(
                f"The {format} format cannot become {target}: that takes a second answer for each example.",
                "Choose another format.",
            )


def _check_sample(_: Workspace, request: Sample, datasets: tuple[Dataset, ...]) -> Sample:
    if request.size < 1:
        raise ConfigError(f"A sample of {request.size:,} is none.", "Give 1 or more.")
    return replace(request, seed=_checked_seed(request.seed), stratify_by=request.stratify_by.strip())


def _check_split(_: Workspace, request: Split, datasets: tuple[Dataset, ...]) -> Split:
    check_shares(request.shares, len(SPLITS))
    return replace(request, seed=_checked_seed(request.seed))


def _check_convert(_: Workspace, request: Convert, datasets: tuple[Dataset, ...]) -> Convert:
    target = get_format(request.format_type).name
    if datasets[0].format == target:
        raise ConfigError(
            f"The dataset “{datasets[0].name}” has the {target} format already.", "Choose another format."
        )
    _check_conversion([datasets[0].format], target)
    return replace(request, format_type=target, strategy=get_strategy(request.strategy).name)


def _check_filter(workspace: Workspace, request: Filter, datasets: tuple[Dataset, ...]) -> Filter:
    if not workspace.database.count_examples(request.dataset_id, request.filter):
        raise ConfigError("No example matches the filter.", "Change it.")
    return request


def _checked_seed(seed: int | None) -> int:
    if seed is not None and not 0 <= seed <= MOST_SEED:
        raise ConfigError(f"The seed cannot be {seed:,}.", f"Give 0 to {MOST_SEED:,}.")
    return random_seed() if seed is None else seed


CHECKS: Mapping[Origin, Callable[[Workspace, Any, tuple[Dataset, ...]], Request]] = {
    Origin.MERGED: _check_merge,
    Origin.SAMPLED: _check_sample,
    Origin.SPLIT: _check_split,
    Origin.CONVERTED: _check_convert,
    Origin.FILTERED: _check_filter,
}


def to_json(request: Request) -> JsonObject:
    """A request as it is kept with its job."""
    return asdict(request)


def from_json(operation: Origin, values: JsonObject) -> Request:
    """The request that ``to_json`` was given."""
    read: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    if isinstance(wanted := read.get("filter"), dict):
        read["filter"] = _to_filter(wanted)
    made: Request = REQUESTS[operation](**read)
    return made


def _to_filter(kept: dict[str, Any]) -> ExampleFilter:
    """A filter as a job of this or of an older version kept it."""
    read = kept | {"statuses": tuple(ExampleStatus(each) for each in kept["statuses"])}
    for name in ("ranges", "criteria"):
        read[name] = {key: Range(**bounds) for key, bounds in kept.get(name, {}).items()}
    if severity := kept.get("severity"):
        read["severity"] = Severity(severity)
    return ExampleFilter(**read)
