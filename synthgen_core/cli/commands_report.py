"""The command that writes a report on a dataset's quality."""

import argparse
from pathlib import Path

from synthgen_core.actions.datasets import find_dataset
from synthgen_core.actions.report import save_report
from synthgen_core.cli.commands_providers import settings_of
from synthgen_core.cli.output import DONE, print_json
from synthgen_core.workspace import open_workspace


def report_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``report`` takes."""
    parser.add_argument("dataset", help="id or name")
    parser.add_argument(
        "--out", required=True, metavar="PATH", help="the file to write: .html, or .md for a dataset card"
    )
    parser.add_argument(
        "--threshold", type=float, default=7.0, metavar="SCORE", help="what a judge would remove is below (default 7)"
    )


def write_report(options: argparse.Namespace) -> int:
    """Measure what was not measured yet, and write the report."""
    workspace, path = open_workspace(settings_of(options)), Path(options.out)
    try:
        dataset = find_dataset(workspace, options.dataset)
        save_report(workspace, dataset.id, path, threshold=options.threshold)
    finally:
        workspace.close()
    if options.json:
        print_json({"dataset": dataset.id, "file": str(path)})
    else:
        print(f"{path} holds the report on “{dataset.name}”.")
    return DONE
