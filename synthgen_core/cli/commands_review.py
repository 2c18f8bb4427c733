"""The command on reviews: how far they are, and how far people agree."""

import argparse
from dataclasses import asdict

from synthgen_core.actions.datasets import find_dataset
from synthgen_core.actions.review_progress import ReviewProgress, review_progress
from synthgen_core.cli.commands_providers import settings_of
from synthgen_core.cli.output import DONE, print_json, print_table
from synthgen_core.statistics import Figure
from synthgen_core.workspace import open_workspace


def review_progress_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``review-progress`` takes."""
    parser.add_argument("dataset", help="id or name")


def show_review_progress(options: argparse.Namespace) -> int:
    """How far the review of a dataset is, and how far its reviewers agree."""
    workspace = open_workspace(settings_of(options))
    try:
        dataset = find_dataset(workspace, options.dataset)
        found = review_progress(workspace, dataset.id)
    finally:
        workspace.close()
    if options.json:
        print_json(_json(found))
        return DONE
    print(f"“{dataset.name}”: {found.reviewed:,} of {found.n:,} examples are reviewed.")
    counts = ("accepted", "rejected", "disputed", "skipped", "stale")
    print("  " + ", ".join(f"{getattr(found, name):,} {name}" for name in counts))
    print(f"  accept rate: {_in_words(found.accept_rate)}")
    print_table(
        ["reviewer", "accepted", "rejected", "skipped", "scored", "mean score"],
        [
            [p.name, p.accepted, p.rejected, p.skipped, p.scored, "" if p.mean_score is None else f"{p.mean_score:.2f}"]
            for p in found.people
        ],
    )
    for name, figure in found.agreement.items():
        print(f"{name}: {_in_words(figure)}")
    return DONE


def _in_words(figure: Figure) -> str:
    if figure.value is None:
        return figure.why_withheld
    interval = "" if figure.low is None or figure.high is None else f" [{figure.low:.3f}, {figure.high:.3f}]"
    return f"{figure.value:.3f}{interval}, n = {figure.n:,} ({figure.method})"


def _json(found: ReviewProgress) -> dict[str, object]:
    return {
        "examples": found.n,
        "reviewed": found.reviewed,
        "accepted": found.accepted,
        "rejected": found.rejected,
        "disputed": found.disputed,
        "skipped": found.skipped,
        "stale": found.stale,
        "accept_rate": asdict(found.accept_rate),
        "people": [asdict(each) | {"last_at": each.last_at.isoformat()} for each in found.people],
        "overlapping": found.overlapping,
        "agreement": {name: asdict(figure) for name, figure in found.agreement.items()},
    }
