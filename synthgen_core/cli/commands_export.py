"""The commands that take datasets out: ``export``, which says first what is lost, and ``verify``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from synthgen_core.actions.datasets import find_dataset
from synthgen_core.actions.export_plans import ExportPlan, ExportRequest, draft_export
from synthgen_core.actions.exports import ExportResult, write_draft
from synthgen_core.actions.verification import reproduce_export, verify_dataset
from synthgen_core.cli.commands_providers import settings_of
from synthgen_core.cli.output import DONE, FAILED, USAGE, print_json
from synthgen_core.conversion import DEFAULT_STRATEGY, STRATEGIES
from synthgen_core.errors import ConfigError
from synthgen_core.exporting import Count
from synthgen_core.models import ExampleFilter, ExampleStatus
from synthgen_core.targets import TARGETS
from synthgen_core.workspace import open_workspace


def export_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``export`` takes."""
    parser.add_argument("dataset", nargs="?", help="id or name")
    parser.add_argument("--target", help=f"one of {', '.join(TARGETS)} (default jsonl)", default="jsonl")
    parser.add_argument("--out", metavar="PATH", help="the file, or the folder where there are several; none: a look")
    parser.add_argument(
        "--strategy",
        default=DEFAULT_STRATEGY,
        help=f"how conversations become single exchanges: {', '.join(s.replace('_', '-') for s in STRATEGIES)}",
    )
    parser.add_argument("--status", default="active", help="active, removed or all (default active)")
    parser.add_argument("--reviewed", action="store_true", help="only what a person accepted or rejected as it is")
    parser.add_argument("--min-score", type=float, metavar="S", help="only from this score on, 0 to 10")
    parser.add_argument("--no-flags", action="store_true", help="only what no rule flagged")
    parser.add_argument("--split", type=shares, default=(), metavar="80/10/10", help="train, validation, test")
    parser.add_argument("--seed", type=int, default=0, help="of the split (default 0)")
    parser.add_argument("--version", type=int, metavar="N", help="as the dataset was in its version N")
    parser.add_argument("--licence", default="", help="for hugging_face: under which it may be used, such as cc-by-4.0")
    parser.add_argument("--skip-invalid", action="store_true", help="leave out what the target refuses")
    parser.add_argument("--overwrite", action="store_true", help="replace the files, or the earlier export, at PATH")
    parser.add_argument("--from-manifest", metavar="FILE", help="write that export again, byte for byte")


def shares(text: str) -> tuple[float, ...]:
    """Percentages such as 80/10/10."""
    try:
        return tuple(float(share) for share in text.split("/"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{text}” is no split; write it like 80/10/10") from None


def export(options: argparse.Namespace) -> int:
    """Show what an export comes to, and write it."""
    if options.from_manifest:
        return _export_again(options)
    if not options.dataset:
        raise ConfigError("Which dataset is to be exported, is not said.", "Give its number or its name.")
    workspace = open_workspace(settings_of(options))
    try:
        dataset = find_dataset(workspace, options.dataset)
        draft = draft_export(workspace, _request(options, dataset.id))
        if not options.json:
            _print_plan(draft.plan)
        if not options.out or draft.plan.problem:
            if options.json:
                print_json(_plan_json(draft.plan))
            elif draft.plan.problem:
                print(f"Nothing was written. {draft.plan.problem}")
            return USAGE if draft.plan.problem else DONE
        result = write_draft(workspace, draft, Path(options.out), overwrite=options.overwrite)
    finally:
        workspace.close()
    if options.json:
        print_json({**_plan_json(draft.plan), **_result_json(result)})
    else:
        _print_result(result)
    return DONE


def _export_again(options: argparse.Namespace) -> int:
    if not options.out:
        raise ConfigError("Where the export is to be written, is not said.", "Give --out PATH.")
    workspace = open_workspace(settings_of(options))
    try:
        manifest = Path(options.from_manifest)
        result = reproduce_export(workspace, manifest, Path(options.out), overwrite=options.overwrite)
    finally:
        workspace.close()
    if options.json:
        print_json({"status": "written", **_result_json(result)})
    else:
        _print_result(result)
    return DONE


def statuses_of(text: str) -> tuple[ExampleStatus, ...]:
    """The statuses that ``--status`` means; none for all. Raises ConfigError."""
    statuses = {"all": (), **{status.value: (status,) for status in ExampleStatus}}
    if (status := text.strip().lower()) not in statuses:
        raise ConfigError(f"There is no status “{text}”.", f"Known: {', '.join(statuses)}.")
    return statuses[status]


def _request(options: argparse.Namespace, dataset_id: int) -> ExportRequest:
    return ExportRequest(
        dataset_id,
        options.target,
        ExampleFilter(
            statuses=statuses_of(options.status),
            min_score=options.min_score,
            is_reviewed=True if options.reviewed else None,
            flags="none" if options.no_flags else None,
        ),
        version=options.version,
        strategy=options.strategy,
        split=options.split,
        seed=options.seed,
        licence=options.licence.strip(),
        skip_invalid=options.skip_invalid,
    )


def _print_plan(plan: ExportPlan) -> None:
    print(f"{plan.target.label}: {plan.examples:,} of {plan.matched:,} matching examples, {plan.rows:,} rows", end="")
    print(f", about {_in_words(plan.estimated_bytes)}.")
    if len(plan.per_split) > 1:
        print("  " + ", ".join(f"{name} {count:,}" for name, count in plan.per_split.items()))
    if plan.pairs is not None:
        print(f"  Preference pairs from edits: {plan.pairs:,}")
    if plan.left_out:
        print(f"  Left out: {plan.left_out:,}")
    for told in plan.omissions:
        print(f"  {told.count:,} x {told.message}")
    if plan.refused:
        print(f"  Refused by {plan.target.label}: {plan.refused:,}")
    for refusal in plan.refusals:
        named = ", ".join(map(str, refusal.examples))
        print(f"  {refusal.count:,} x {refusal.message} {refusal.remedy} (examples {named})")
    for warning in plan.warnings:
        print(f"  {warning}")


def _in_words(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:,.1f} kB"


def _print_result(result: ExportResult) -> None:
    print(f"Written: {result.path}, verified {result.verified:,} of {result.rows:,}.")
    for file in result.files:
        print(f"  {file.name}  {file.rows:,} rows  {file.size:,} bytes  sha256 {file.sha256}")


def _plan_json(plan: ExportPlan) -> dict[str, object]:
    return {
        "status": "refused" if plan.problem else "planned",
        "detail": plan.problem,
        "dataset": plan.dataset.id,
        "target": plan.target.name,
        "matched": plan.matched,
        "examples": plan.examples,
        "left_out": plan.left_out,
        "refused": plan.refused,
        "rows": plan.rows,
        "per_split": dict(plan.per_split),
        "pairs": plan.pairs,
        "omissions": _counts_json(plan.omissions),
        "refusals": _counts_json(plan.refusals),
        "warnings": list(plan.warnings),
    }


def _counts_json(counts: Sequence[Count]) -> list[dict[str, object]]:
    return [
        {"reason": c.reason, "message": c.message, "remedy": c.remedy, "count": c.count, "examples": c.examples}
        for c in counts
    ]


def _result_json(result: ExportResult) -> dict[str, object]:
    return {
        "status": "written",
        "export": result.export_id,
        "path": str(result.path),
        "verified": result.verified,
        "rows": result.rows,
        "files": [{"name": f.name, "rows": f.rows, "bytes": f.size, "sha256": f.sha256} for f in result.files],
    }


def verify_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``verify`` takes."""
    parser.add_argument("dataset", help="id or name")
    parser.add_argument("--manifest", metavar="FILE", help="compare this export of it, too")


def verify(options: argparse.Namespace) -> int:
    """Say whether database, file and export agree."""
    workspace = open_workspace(settings_of(options))
    try:
        dataset = find_dataset(workspace, options.dataset)
        found = verify_dataset(workspace, dataset.id, Path(options.manifest) if options.manifest else None)
    finally:
        workspace.close()
    if options.json:
        print_json(
            {
                "status": "differs" if found.differences else "equal",
                "dataset": dataset.id,
                "examples": found.examples,
                "checked": list(found.checked),
                "differences": list(found.differences),
            }
        )
    else:
        print(f"Dataset {dataset.id}: compared {'; '.join(found.checked)}.")
        for difference in found.differences:
            print(f"  {difference}")
        print("They differ." if found.differences else "All agree.")
    return FAILED if found.differences else DONE
