"""What an export would come to: which examples, how many rows, what is left out, and what a target refuses."""

import re
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from synthgen_core.actions.export_files import Order, examples_of
from synthgen_core.conversion import DEFAULT_STRATEGY, get_strategy
from synthgen_core.errors import ConfigError
from synthgen_core.exporting import PREFERENCE, Count, Recipe, Survey, format_for, survey
from synthgen_core.models import Dataset, ExampleFilter, Watermark
from synthgen_core.splitting import MOST_COMPARED, Groups, assign, check_shares, origin_keys, words_to_compare
from synthgen_core.targets import SPLITS, TARGETS, Facts, Omission, Target, get_target
from synthgen_core.workspace import Workspace

SAMPLE = 200
"""Examples by whose size that of all is estimated."""
LICENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")
"""A licence's identifier, as the Hub knows it."""
ALL_ACTIVE = ExampleFilter()


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What is asked for."""

    dataset_id: int
    target: str
    """A key of ``TARGETS``."""
    filter: ExampleFilter = ALL_ACTIVE
    version: int | None = None
    """Number of a version of the dataset; None: as it is now."""
    strategy: str = DEFAULT_STRATEGY
    """How conversations are taken apart where the target has no place for them."""
    split: tuple[float, ...] = ()
    """Percentages for train, validation and test; two: train and validation; empty: one file."""
    seed: int = 0
    """Of the split."""
    licence: str = ""
    """For targets that publish: as the user states it, never invented."""
    skip_invalid: bool = False
    """Leave out what the target refuses; else nothing is written."""


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """What an export would come to."""

    dataset: Dataset
    target: Target
    matched: int
    """Examples that match the filter."""
    examples: int
    """Of them: those that would be written."""
    rows: int
    """Rows that they come to."""
    per_split: Mapping[str, int]
    """Name of the split (empty: there is none) -> rows."""
    left_out: int
    """Examples that give no row, because conversations are taken apart so."""
    omissions: Sequence[Count]
    """What is left out, of examples or altogether, by reason."""
    refused: int
    """Examples that the target refuses."""
    refusals: Sequence[Count]
    """Why, by reason."""
    pairs: int | None
    """Preference pairs that edits left behind, where these are what is written."""
    estimated_bytes: int
    warnings: tuple[str, ...]
    problem: str
    """Why it cannot be written as it stands, and what to do; empty: it can."""


@dataclass(frozen=True, slots=True)
class TargetChoice:
    """A target as a choice for one dataset."""

    target: Target
    needs_strategy: bool
    """Conversations have to be taken apart for it."""
    makes_pairs: bool
    """It takes pairs, and those of this dataset are what its edits left behind."""
    problem: str
    """Why it cannot be chosen; empty: it can."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A request, looked at: what it comes to, and what would be written."""

    request: ExportRequest
    plan: ExportPlan
    order: Order


def get_targets(workspace: Workspace, dataset_id: int) -> list[TargetChoice]:
    """Every target, with what it means for this dataset. Raises NotFoundError."""
    dataset = workspace.database.get_dataset(dataset_id)
    choices = []
    for target in TARGETS.values():
        format = format_for(target, dataset.format)
        makes_pairs = format is None and PREFERENCE in target.formats
        problem = "" if format or makes_pairs else f"{target.label} has no place for {dataset.format} examples."
        choices.append(TargetChoice(target, (dataset.format, format) == ("chat", "instruction"), makes_pairs, problem))
    return choices


def plan_export(workspace: Workspace, request: ExportRequest) -> ExportPlan:
    """What an export would come to; nothing is written.

    Raises:
        NotFoundError: there is no such dataset, version, target or strategy.
        ConfigError: the split or the filter cannot be used.
    """
    return draft_export(workspace, request).plan


def draft_export(workspace: Workspace, request: ExportRequest) -> Draft:
    dataset = workspace.database.get_dataset(request.dataset_id)
    target = get_target(request.target)
    if request.split:
        check_shares(request.split, len(SPLITS))
    format = format_for(target, dataset.format)
    edited = dataset.format if format is None and PREFERENCE in target.formats else ""
    if format is None and not edited:
        raise ConfigError(f"{target.label} has no place for {dataset.format} examples.", "Choose another target.")
    recipe = Recipe(target, PREFERENCE if edited else dataset.format, get_strategy(request.strategy).name)
    ids, mark = _choose(workspace, request)
    facts = Facts(name=dataset.name, description=dataset.description, format=recipe.format, origin=dataset.origin)
    order = Order(dataset.id, mark, recipe, edited, {}, frozenset(), replace(facts, licence=request.licence))
    if recipe.is_verbatim:
        found = Survey(ids=array("q", ids), rows=array("I", [1]) * len(ids))
        found.size = _estimate(workspace, order, ids)
    else:
        unpaired: dict[str, Count] = {}

        def tell(example_id: int, why: Omission) -> None:
            unpaired.setdefault(why.reason, Count(why.reason, why.message)).add(example_id)

        found = survey(recipe, examples_of(workspace, order, ids, tell))
        found.omissions |= unpaired
    parts, warnings = _parts(workspace, request, order, found)
    order = replace(order, parts=parts, fields=frozenset(found.fields))
    rows_of = dict(zip(found.ids, found.rows, strict=True)) if request.split else {}
    rows = sum(found.rows)
    plan = ExportPlan(
        dataset=dataset,
        target=target,
        matched=len(ids),
        examples=len(found.ids),
        rows=rows,
        per_split={name: sum(map(rows_of.__getitem__, part)) for name, part in parts.items()}
        if rows_of
        else {"": rows},
        left_out=found.left_out,
        omissions=list(found.omissions.values()),
        refused=found.refused,
        refusals=list(found.refusals.values()),
        pairs=len(found.ids) + found.refused if edited else None,
        estimated_bytes=found.size,
        warnings=tuple(warnings),
        problem=_problem(request, target, len(ids), found, is_from_edits=bool(edited)),
    )
    return Draft(request, plan, order)


def _choose(workspace: Workspace, request: ExportRequest) -> tuple[Sequence[int], Watermark]:
    """The examples that are meant, and the state in which they are taken."""
    if request.version is None:
        return workspace.database.select_examples(request.dataset_id, request.filter)
    if request.filter.text:
        raise ConfigError("An earlier version cannot be searched for a text.", "Leave out the text, or the version.")
    mark = workspace.database.get_version(request.dataset_id, request.version).watermark
    return workspace.database.select_examples_at(request.dataset_id, request.filter, mark), mark


def _estimate(workspace: Workspace, order: Order, ids: Sequence[int]) -> int:
    """About how many bytes these examples take as they are stored."""
    some = ids[:: max(1, len(ids) // SAMPLE)]
    size = sum(map(len, workspace.database.stream_lines(order.dataset_id, some, order.mark)))
    return round(size * len(ids) / len(some)) if some else 0


def _parts(
    workspace: Workspace, request: ExportRequest, order: Order, found: Survey
) -> tuple[dict[str, Sequence[int]], list[str]]:
    """Name of the split (empty: there is none) -> ids, and what to warn of."""
    warnings = []
    if 0 < sum(found.rows) < order.recipe.target.few:
        fewest = order.recipe.target.few
        warnings.append(f"{order.recipe.target.label} takes {fewest} rows or more, and these are {sum(found.rows)}.")
    if not request.split:
        return {"": found.ids}, warnings
    ids = found.ids
    groups = Groups(finds_near=len(ids) <= MOST_COMPARED)
    format = order.recipe.source
    for _, content, metadata in examples_of(workspace, order, ids):
        groups.add(words_to_compare(format, content), origin_keys(metadata))
    if len(ids) > MOST_COMPARED:
        warnings.append(
            f"Of more than {MOST_COMPARED:,} examples, exact repeats are kept on one side of the split, near ones not."
        )
    places = assign(groups.numbers(), request.split, request.seed)
    parts: dict[str, Sequence[int]] = {}
    for n, (name, share) in enumerate(zip(SPLITS, request.split, strict=False)):
        if share:
            parts[name] = array("q", (each for each, place in zip(ids, places, strict=True) if place == n))
            if not parts[name]:
                warnings.append(f"The part “{name}” has no example: there are too few, or too many that are alike.")
    return {name: part for name, part in parts.items() if part}, warnings


def _problem(request: ExportRequest, target: Target, matched: int, found: Survey, *, is_from_edits: bool) -> str:
    """Why an export cannot be written as it was asked for."""
    if not matched:
        return "No example matches: an empty export is not written. Change the filter."
    if found.refused and not request.skip_invalid:
        first = next(iter(found.refusals.values()))
        return (
            f"{target.label} refuses {found.refused:,} of {matched:,} examples: {first.message} (example "
            f"{first.examples[0]}). Mend them, or choose to leave out what it refuses."
        )
    if not found.ids:
        if is_from_edits:
            return "No pair was found: no person has edited an answer that a model wrote. Edit some, or import pairs."
        return "No row would be left: see what is left out, and why. Choose another strategy, or another target."
    if target.needs_licence and not LICENCE.fullmatch(request.licence):
        return "The licence under which it may be used is missing. Name it, such as cc-by-4.0 or mit."
    return ""
