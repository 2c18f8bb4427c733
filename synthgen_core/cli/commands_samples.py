"""The command that brings in the sample dataset."""

import argparse

from synthgen_core.actions.rules import rules_summary
from synthgen_core.actions.samples import open_sample
from synthgen_core.cli.commands_providers import settings_of
from synthgen_core.cli.output import DONE, print_json
from synthgen_core.workspace import open_workspace


def bring_in_sample(options: argparse.Namespace) -> int:
    """The sample, brought in or found; and what the rules say of it."""
    workspace = open_workspace(settings_of(options))
    try:
        dataset = open_sample(workspace)
        flags = rules_summary(workspace, dataset.id).flags
        if options.json:
            print_json({"dataset": dataset.id, "name": dataset.name, "examples": dataset.example_count})
        else:
            print(f"Dataset {dataset.id}, “{dataset.name}”: {dataset.example_count} examples.")
            print(f"Flagged by {len(flags)} rules: {', '.join(flags)}.")
        return DONE
    finally:
        workspace.close()
