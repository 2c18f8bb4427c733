"""Taking datasets out: what an export would come to, and the files, whole and verified or not at all."""

import re
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from synthgen_core import __version__
from synthgen_core.actions.export_files import (
    ExportedFile,
    Order,
    examples_of,
    manifest_name,
    manifest_of,
    read_back,
    write_files,
)
from synthgen_core.conversion import DEFAULT_STRATEGY, get_strategy
from synthgen_core.database import Export, NewExport
from synthgen_core.errors import ConfigError, DatabaseError
from synthgen_core.exporting import PREFERENCE, Count, Recipe, Survey, format_for, survey
from synthgen_core.models import Dataset, ExampleFilter, JsonObject, Watermark
from synthgen_core.staging import Stage, check_place, make_room, zip_folder
from synthgen_core.targets import SPLITS, TARGETS, Facts, Omission, Target, get_target, slug
from synthgen_core.workspace import Workspace

SAMPLE = 200
"""Examples by whose size that of all is estimated."""
KEPT_SECONDS = 24 * 3600
"""How long a file for download is kept."""
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
class ExportResult:
    """What was written."""

    export_id: int
    path: Path
    files: Sequence[ExportedFile]
    manifest: bytes
    rows: int
    verified: int
    """Rows that came back as they are when the files were read again with our own importer."""


@dataclass(frozen=True, slots=True)
class Download:
    """A file that a browser can have."""

    path: Path
    name: str
    media_type: str
    result: ExportResult


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
class _Draft:
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
    return _draft(workspace, request).plan


def write_export(workspace: Workspace, request: ExportRequest, path: Path, *, overwrite: bool = False) -> ExportResult:
    """Write an export to a file, or to a folder where it has several: all of it, read back and verified, or nothing.

    Raises:
        NotFoundError: as ``plan_export``.
        ConfigError: the plan has a problem, or something is in the way that must not be overwritten.
        DatabaseError: the disk does not take it, or it does not read back.
    """
    draft = _draft(workspace, request)
    if draft.plan.problem:
        raise ConfigError(draft.plan.problem)
    return _write(workspace, draft, path, overwrite=overwrite)


def download_export(workspace: Workspace, request: ExportRequest) -> Download:
    """Write an export to a file that is kept for a day; a ZIP file where it has several.

    Raises as ``write_export``.
    """
    target, dataset = get_target(request.target), workspace.database.get_dataset(request.dataset_id)
    name = f"{slug(dataset.name)}_{target.name}"
    room = make_room(workspace.settings.exports_dir, KEPT_SECONDS)
    if not target.is_folder and not request.split:
        path = room / f"{name}.{target.file_type}"
        return Download(path, path.name, MEDIA_TYPES[target.file_type], write_export(workspace, request, path))
    result = write_export(workspace, request, room / name)
    path = room / f"{name}.zip"
    zip_folder(room / name, path)
    return Download(path, path.name, "application/zip", result)


def list_exports(workspace: Workspace, dataset_id: int) -> list[Export]:
    """The exports of a dataset, the newest first. Raises NotFoundError."""
    workspace.database.get_dataset(dataset_id)
    return workspace.database.get_exports(dataset_id)


MEDIA_TYPES = {"jsonl": "application/x-ndjson", "csv": "text/csv", "parquet": "application/vnd.apache.parquet"}


def _draft(workspace: Workspace, request: ExportRequest) -> _Draft:
    dataset = workspace.database.get_dataset(request.dataset_id)
    target = get_target(request.target)
    check_shares(request.split)
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
    return _Draft(request, plan, order)


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
    groups = groups_of(workspace, order.dataset_id, ids, order.mark)
    places = assign(groups, request.split, request.seed)
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
            f"{first.examples[0]}). Mend them, or leave them out (--skip-invalid)."
        )
    if not found.ids:
        if is_from_edits:
            return "No pair was found: no person has edited an answer that a model wrote. Edit some, or import pairs."
        return "No row would be left: see what is left out, and why. Choose another strategy, or another target."
    if target.needs_licence and not LICENCE.fullmatch(request.licence):
        return "The licence under which it may be used is missing. Name it (--licence), such as cc-by-4.0 or mit."
    return ""


def _write(workspace: Workspace, draft: _Draft, path: Path, *, overwrite: bool) -> ExportResult:
    request, plan, order = draft.request, draft.plan, draft.order
    is_folder = plan.target.is_folder or bool(request.split)
    suffix = plan.target.file_type
    names = {part: f"{part or 'data'}.{suffix}" if is_folder else path.name for part in order.parts}
    if is_folder and not request.split and plan.target.file_type == "parquet":
        names = {"": f"{SPLITS[0]}.{suffix}"}  # what loads it looks for the name of a split
    order = replace(
        order, parts={names[part]: ids for part, ids in order.parts.items()}, facts=_facts(workspace, order)
    )
    beside = manifest_name(path, is_folder=is_folder)
    check_place(path, [*names.values(), beside], is_folder=is_folder, overwrite=overwrite)
    with Stage(path, is_folder=is_folder) as stage:
        files = write_files(workspace, order, stage)
        verified = read_back(stage, order, files)
        export = workspace.database.add_export(_new_export(request, plan, order, files, verified))
        try:
            manifest = manifest_of(export)
            stage.create(beside).write(manifest)
            stage.put_in_place()
        except DatabaseError:
            workspace.database.delete_export(export.id)
            raise
    return ExportResult(export.id, path, files, manifest, sum(file.rows for file in files), verified)


def _facts(workspace: Workspace, order: Order) -> Facts:
    ids = [each for part in order.parts.values() for each in part]
    known = workspace.database.gather_facts(ids)
    return replace(
        order.facts,
        fields=order.fields,
        languages=tuple(sorted(known.languages)),
        models=dict(known.models.most_common()),
        examples=len(ids),
        accepted=known.accepted,
        rejected=known.rejected,
        scored=known.scored,
        mean_score=known.score_sum / known.scored if known.scored else None,
        repeats=known.repeats,
    )


def _new_export(
    request: ExportRequest, plan: ExportPlan, order: Order, files: Sequence[ExportedFile], verified: int
) -> NewExport:
    asked: JsonObject = {
        "version": request.version,
        "strategy": request.strategy,
        "split": list(request.split),
        "skip_invalid": request.skip_invalid,
        "licence": request.licence,
    }
    return NewExport(
        dataset_id=order.dataset_id,
        watermark=order.mark,
        target=plan.target.name,
        options={**order.to_options(), "request": asked},
        filter={**asdict(request.filter), "statuses": [*request.filter.statuses]},
        seed=request.seed if request.split else None,
        counts={
            "matched": plan.matched,
            "refused": plan.refused,
            "examples": {name: len(ids) for name, ids in order.parts.items()},
            "rows": plan.rows,
            "verified": verified,
            "left_out": plan.left_out,
            "omissions": [{"reason": omission.reason, "examples": omission.count} for omission in plan.omissions],
        },
        files=[{"name": f.name, "sha256": f.sha256, "bytes": f.size, "rows": f.rows} for f in files],
        example_ids=array("q", (each for part in order.parts.values() for each in part)),
        app_version=__version__,
    )
