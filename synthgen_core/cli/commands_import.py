"""The commands that bring files in: import those that are named, or those that lie in the folder of datasets."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from synthgen_core.actions.import_files import Source, local_file
from synthgen_core.actions.import_previews import ImportPreview, bad_lines_csv, preview_import
from synthgen_core.actions.import_runs import ImportOptions
from synthgen_core.actions.imports import ImportReport, get_import_report, scan_folder, start_import
from synthgen_core.cli.commands_providers import settings_of
from synthgen_core.cli.output import DONE, FAILED, INTERRUPTED, PARTIAL, print_json, watch
from synthgen_core.database import NewBadLine
from synthgen_core.errors import SynthGenError
from synthgen_core.files import write_atomically
from synthgen_core.formats import FORMATS
from synthgen_core.models import Job, JobStatus
from synthgen_core.workspace import Workspace, open_workspace

SHOWN_LINES = 10
"""Bad lines that are printed of each file."""
SHOWN_IN_JSON = 1000


def import_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``import`` can be told."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="JSONL, JSON, CSV or Parquet, gzipped or not")
    parser.add_argument("--name", default="", help="of the dataset (default: the file's)")
    parser.add_argument("--together", action="store_true", help="one dataset of all files (default: one of each)")
    parser.add_argument("--format", default="", choices=["", *FORMATS], help="of the dataset (default: what fits most)")
    parser.add_argument("--map", action="append", default=[], metavar="FIELD=COLUMN", help="what a column holds")
    parser.add_argument("--encoding", default="", help="of the characters (default: utf-8)")
    parser.add_argument("--replace-invalid", action="store_true", help="put � where bytes are no characters")
    parser.add_argument("--all-or-nothing", action="store_true", help="import nothing if one line is bad")
    parser.add_argument("--again", action="store_true", help="also what was imported before")
    parser.add_argument("--preview", action="store_true", help="say what is in the files, and import nothing")
    parser.add_argument("--bad-lines", metavar="FILE", help="write the bad lines to this CSV file")


def import_files(options: argparse.Namespace) -> int:
    """Import files, and wait for them."""
    asked = ImportOptions(
        name=options.name,
        format_type=options.format,
        encoding=options.encoding,
        replace_invalid=options.replace_invalid,
        mapping=tuple(_pair(text) for text in options.map),
        is_all_or_nothing=options.all_or_nothing,
        is_again=options.again,
    )
    workspace = open_workspace(settings_of(options))
    try:
        sources = [local_file(Path(name)) for name in options.files]
        if options.preview:
            return _preview(workspace, sources, asked, options)
        groups = [sources] if options.together else [[source] for source in sources]
        jobs: list[Job] = []
        refused: dict[str, SynthGenError] = {}
        for group in groups:
            try:
                jobs.append(start_import(workspace, group, asked))
            except SynthGenError as error:
                if len(groups) == 1:
                    raise
                refused[group[0].label] = error
        return finish_imports(workspace, jobs, options, refused)
    finally:
        workspace.close()


def scan(options: argparse.Namespace) -> int:
    """Import the files in the folder of datasets that are not known yet, and wait for them."""
    workspace = open_workspace(settings_of(options))
    try:
        report = scan_folder(workspace)
        return finish_imports(workspace, report.started, options, dict(report.failed))
    finally:
        workspace.close()


def finish_imports(
    workspace: Workspace, jobs: Sequence[Job], options: argparse.Namespace, refused: Mapping[str, SynthGenError]
) -> int:
    """Watch imports to their end, and say how they went."""
    for job in jobs:
        watch(workspace, job.id, is_quiet=options.json)
    reports = [get_import_report(workspace, job.id) for job in jobs]
    if wanted := getattr(options, "bad_lines", None):
        write_atomically(Path(wanted), [bad_lines_csv([line for one in reports for line in one.bad_lines])])
    if options.json:
        print_json(_to_json(reports, refused))
    else:
        for report in reports:
            _print_report(report)
        for name, error in refused.items():
            print(f"{name}: not imported. {error}")
        if not reports and not refused:
            print("Nothing new was found.")
    return _exit_code(reports, refused)


def _exit_code(reports: Sequence[ImportReport], refused: Mapping[str, SynthGenError]) -> int:
    if any(report.job.status is JobStatus.INTERRUPTED for report in reports):
        return INTERRUPTED
    is_part_missing = refused or any(report.bad + report.skipped for report in reports)
    if not any(report.dataset_id for report in reports):
        return FAILED if reports or refused else DONE
    return PARTIAL if is_part_missing or not all(report.dataset_id for report in reports) else DONE


def _pair(text: str) -> tuple[str, str]:
    field, _, column = text.partition("=")
    return field.strip(), column.strip()


def _print_report(report: ImportReport) -> None:
    lines = f"{report.good:,} good, {report.bad:,} bad, {report.skipped + report.blank:,} skipped"
    lines += f" ({report.blank:,} blank)" if report.blank else ""
    name = report.job.parameters["name"]
    made = f"dataset {report.dataset_id}" if report.dataset_id else f"nothing was imported, {report.job.status}"
    print(f"{name}: {made}. Lines: {lines}.")
    if report.shapes:
        print(f"  Shapes: {', '.join(f'{shape} {count:,}' for shape, count in report.shapes.items())}.")
    for note in report.notes:
        print(f"  {note}")
    if not report.dataset_id:
        for error in report.job.errors.values():
            if isinstance(error, dict):
                print(f"  {error['message']} {error['hint']}".rstrip())
    _print_bad_lines(report.bad_lines, report.bad + report.skipped)


def _print_bad_lines(lines: Sequence[NewBadLine], total: int) -> None:
    for line in lines[:SHOWN_LINES]:
        at = f"line {line.line:,}" + (f", column {line.column:,}" if line.column else "")
        print(f"  {at}: {line.reason}")
    if total > SHOWN_LINES:
        print(f"  ... and {total - SHOWN_LINES:,} more: see --bad-lines FILE or --json.")


def _to_json(reports: Sequence[ImportReport], refused: Mapping[str, SynthGenError]) -> dict[str, object]:
    made = [report.dataset_id for report in reports if report.dataset_id]
    shapes: dict[str, int] = {}
    for report in reports:
        for shape, count in report.shapes.items():
            shapes[shape] = shapes.get(shape, 0) + count
    return {
        "status": "completed" if made else "failed" if reports or refused else "nothing_new",
        "dataset": made[0] if made else None,
        "datasets": made,
        "good": sum(report.good for report in reports),
        "bad": sum(report.bad for report in reports),
        "skipped": sum(report.skipped + report.blank for report in reports),
        "blank": sum(report.blank for report in reports),
        "shapes": shapes,
        "imports": [_report_json(report) for report in reports],
        "refused": [{"name": name, "detail": error.message, "hint": error.hint} for name, error in refused.items()],
    }


def _report_json(report: ImportReport) -> dict[str, object]:
    return {
        "name": report.job.parameters["name"],
        "job": report.job.id,
        "status": report.job.status,
        "dataset": report.dataset_id,
        "good": report.good,
        "bad": report.bad,
        "skipped": report.skipped + report.blank,
        "blank": report.blank,
        "shapes": dict(report.shapes),
        "notes": list(report.notes),
        "seconds": round(report.job.seconds, 3),
        "errors": report.job.errors,
        "bad_lines": _lines_json(report.bad_lines),
    }


def _lines_json(lines: Sequence[NewBadLine]) -> list[dict[str, object]]:
    return [
        {"line": line.line, "column": line.column, "reason": line.reason, "excerpt": line.excerpt, "shape": line.shape}
        for line in lines[:SHOWN_IN_JSON]
    ]


def _preview(workspace: Workspace, sources: Sequence[Source], asked: ImportOptions, options: argparse.Namespace) -> int:
    previews = [preview_import(workspace, source, asked) for source in sources]
    if options.json:
        print_json([_preview_json(preview) for preview in previews])
    else:
        for preview in previews:
            _print_preview(preview)
    return DONE


def _preview_json(preview: ImportPreview) -> dict[str, object]:
    return {
        "name": preview.source.label,
        "type": preview.file_type,
        "is_whole": preview.is_whole,
        "rows": preview.rows,
        "good": preview.good,
        "bad": preview.bad,
        "skipped": preview.skipped + preview.blank,
        "blank": preview.blank,
        "format": preview.format,
        "shapes": dict(preview.shapes),
        "warnings": dict(preview.warnings),
        "notes": list(preview.notes),
        "encoding": preview.encoding,
        "encoding_guess": preview.encoding_guess,
        "columns": list(preview.columns),
        "mapping_guess": dict(preview.mapping_guess),
        "earlier_dataset": preview.earlier.dataset_id if preview.earlier else None,
        "first": [example.content for example in preview.first],
        "bad_lines": _lines_json(preview.bad_lines),
    }


def _print_preview(preview: ImportPreview) -> None:
    extent = "" if preview.is_whole else f" (of the first {preview.rows:,} rows)"
    print(f"{preview.source.label}: {preview.file_type}, {preview.good:,} good, {preview.bad:,} bad{extent}.")
    if preview.shapes:
        shapes = ", ".join(f"{shape} {count:,}" for shape, count in preview.shapes.items())
        print(f"  Format: {preview.format}. Shapes: {shapes}.")
    for note in preview.notes:
        print(f"  {note}")
    if preview.encoding_guess:
        print(f"  Not all of it is {preview.encoding}; it may be {preview.encoding_guess} (--encoding).")
    if preview.has_unknown_shape:
        guess = " ".join(f"--map {field}={column}" for field, column in preview.mapping_guess.items())
        print(f"  Some rows fit no known shape. Columns: {', '.join(preview.columns)}. {guess and f'Try {guess}'}")
    if preview.earlier:
        print(f"  Its content was imported before, as dataset {preview.earlier.dataset_id} (--again).")
    _print_bad_lines(preview.bad_lines, preview.bad + preview.skipped)
