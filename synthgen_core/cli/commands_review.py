"""The commands on reviews: how much to read, how far that is, and how far people agree."""

import argparse
from dataclasses import asdict

from synthgen_core.actions.datasets import find_dataset
from synthgen_core.actions.review_plans import PlanState, get_plans, plan_review
from synthgen_core.actions.review_progress import ReviewProgress, review_progress
from synthgen_core.cli.commands_providers import settings_of
from synthgen_core.cli.output import DONE, print_json, print_table
from synthgen_core.statistics import Figure
from synthgen_core.workspace import open_workspace


def review_plan_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``review-plan`` takes."""
    parser.add_argument("dataset", help="id or name")
    aim = parser.add_mutually_exclusive_group(required=True)
    aim.add_argument("--estimate-within", type=float, metavar="SHARE", help="know the defect rate to ± this, as 0.05")
    aim.add_argument(
        "--at-most", type=float, metavar="SHARE", help="show that the defect rate is at most this, as 0.02"
    )
    parser.add_argument("--seed", type=int, help="draw the same examples again (default: drawn and printed)")


def plan_review_of(options: argparse.Namespace) -> int:
    """Draw a random sample of the size that the aim takes; it is reviewed on the Review page."""
    workspace = open_workspace(settings_of(options))
    try:
        dataset = find_dataset(workspace, options.dataset)
        made = plan_review(
            workspace, dataset.id, within=options.estimate_within, at_most=options.at_most, seed=options.seed
        )
    finally:
        workspace.close()
    if options.json:
        print_json(_plan_json(made))
        return DONE
    print(f"Plan {made.plan.id} for “{dataset.name}”, drawn with seed {made.plan.seed}.")
    print(f"  {made.reasoning}")
    print("Read all of them on the Review page (Queue, then this sample); `review-progress` tells how far that is.")
    return DONE


def review_progress_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``review-progress`` takes."""
    parser.add_argument("dataset", help="id or name")


def show_review_progress(options: argparse.Namespace) -> int:
    """How far the review of a dataset is, and how far its reviewers agree."""
    workspace = open_workspace(settings_of(options))
    try:
        dataset = find_dataset(workspace, options.dataset)
        found, plans = review_progress(workspace, dataset.id), get_plans(workspace, dataset.id)
    finally:
        workspace.close()
    if options.json:
        print_json(_json(found) | {"plans": [_plan_json(plan) for plan in plans]})
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
    for state in plans:
        provisional = "" if state.verdict else "provisional "
        print(f"plan {state.plan.id} ({state.plan.created_at:%Y-%m-%d}): {state.reasoning}")
        print(f"  {provisional}defect rate: {_in_words(state.estimate.rate)}")
        for words in filter(None, (state.verdict, state.caution)):
            print(f"  {words}")
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


def _plan_json(state: PlanState) -> dict[str, object]:
    plan, estimate = asdict(state.plan), state.estimate
    return {
        **plan,
        "created_at": state.plan.created_at.isoformat(),
        "reasoning": state.reasoning,
        "counts": asdict(state.counts),
        "rate": asdict(estimate.rate),
        "bound": estimate.bound,
        "is_complete": estimate.is_complete,
        "verdict": state.verdict,
        "caution": state.caution,
    }
