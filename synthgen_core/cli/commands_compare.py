"""The command that compares two datasets, or two examples, with a judge."""

import argparse
from dataclasses import asdict

from synthgen_core.actions.comparing import (
    Comparison,
    ComparisonRequest,
    estimate_comparison,
    get_comparison,
    start_comparison,
)
from synthgen_core.actions.datasets import find_dataset
from synthgen_core.actions.rubrics import find_rubric
from synthgen_core.actions.usage import dollars
from synthgen_core.cli.commands_generate import budget_arguments, chosen_model
from synthgen_core.cli.commands_providers import settings_of
from synthgen_core.cli.commands_quality import who_judges
from synthgen_core.cli.output import DONE, cost_json, end_code, print_end, print_json, watch
from synthgen_core.errors import ConfigError
from synthgen_core.models import Job
from synthgen_core.statistics import Figure
from synthgen_core.workspace import Workspace, open_workspace


def compare_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``compare`` takes."""
    parser.add_argument("first", help="id or name of a dataset; with --examples, the id of an example")
    parser.add_argument("second", help="what it is compared with")
    who_judges(parser)
    parser.add_argument("--pairs", type=int, default=50, metavar="N", help="pairs to ask about (default 50)")
    parser.add_argument("--seed", type=int, help="the same seed draws the same pairs")
    parser.add_argument("--examples", action="store_true", help="compare two examples instead of two datasets")
    parser.add_argument("--workers", type=int, help="calls at a time")
    parser.add_argument("--estimate", action="store_true", help="say what it will take, and end")
    budget_arguments(parser)


def compare(options: argparse.Namespace) -> int:
    """Compare, wait for it, and say who won how often."""
    settings = settings_of(options)
    workspace = open_workspace(settings)
    try:
        find = _example_id if options.examples else lambda text: find_dataset(workspace, text).id
        request = ComparisonRequest(
            find(options.first),
            find(options.second),
            chosen_model(settings, options),
            find_rubric(workspace, options.rubric).rubric,
            options.pairs,
            options.seed,
            are_examples=options.examples,
            workers=options.workers,
            max_cost=options.max_cost,
            max_tokens_total=options.max_tokens_total,
        )
        if options.estimate:
            return _print_estimate(workspace, request, options)
        return finish_comparison(workspace, start_comparison(workspace, request), options)
    finally:
        workspace.close()


def _example_id(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise ConfigError(f"“{text}” is no example.", "Give its id: a whole number.")
    return int(text)


def _print_estimate(workspace: Workspace, request: ComparisonRequest, options: argparse.Namespace) -> int:
    told = estimate_comparison(workspace, request)
    if options.json:
        tokens = {"prompt_tokens": told.usage.prompt_tokens, "completion_tokens": told.usage.completion_tokens}
        cost = None if told.cost is None else f"{told.cost:f}"
        print_json({"calls": told.calls, **tokens, "cost": cost, "basis": told.basis})
        return DONE
    cost = "cost unknown" if told.cost is None else f"about {dollars(told.cost)}"
    print(f"About {told.calls:,} calls and {told.usage.total:,} tokens, {cost}. {told.basis}")
    return DONE


def finish_comparison(workspace: Workspace, job: Job, options: argparse.Namespace) -> int:
    """Watch a comparison to its end, and say what came of it."""
    watch(workspace, job.id, is_quiet=options.json)
    found = get_comparison(workspace, job.id)
    job = found.view.job
    if options.json:
        print_json(_json(found))
    else:
        first, second = found.names
        print(f"{first} wins {found.wins[0]:,}, {second} wins {found.wins[1]:,} of {job.requested:,} pairs.")
        print(f"  {found.ties:,} ties, {found.failed:,} failed.")
        print(f"  {first} wins {_share(found.win_rate)} of those decided.")
        print(f"  The order decided in {_share(found.turned)} of those with a verdict.")
        if not job.parameters["are_examples"]:
            print(f"  About the same scenario or question: {found.same_matter:,}; by chance: {_by_chance(found):,}.")
            print(f"  The same in both, and left out: {found.alike:,}.")
        print_end(found.view)
    return end_code(found.view, is_whole=not job.failed)


def _by_chance(found: Comparison) -> int:
    return found.view.job.requested - found.same_matter


def _share(figure: Figure) -> str:
    if figure.value is None or figure.low is None or figure.high is None:
        return f"an unknown share ({figure.why_withheld.rstrip('.')})"
    return f"{figure.value:.1%} (95 %: {figure.low:.1%} to {figure.high:.1%}, n = {figure.n:,})"


def _json(found: Comparison) -> dict[str, object]:
    job = found.view.job
    return {
        "status": job.status,
        "job": job.id,
        "first": job.parameters["first"],
        "second": job.parameters["second"],
        "requested": job.requested,
        "wins_first": found.wins[0],
        "wins_second": found.wins[1],
        "ties": found.ties,
        "failed": found.failed,
        "win_rate": asdict(found.win_rate),
        "order_decided": asdict(found.turned),
        "order_decided_for_first_shown": found.for_first_shown,
        "same_scenario": found.same_matter,
        "by_chance": _by_chance(found),
        "alike": found.alike,
        "seed": job.parameters["seed"],
        "rubric_hash": job.parameters["rubric_hash"],
        "pairs": [asdict(pair) for pair in found.pairs],
        "calls": job.calls,
        "prompt_tokens": job.usage.prompt_tokens,
        "completion_tokens": job.usage.completion_tokens,
        **cost_json(job.cost, job.unknown_cost_calls),
        "seconds": round(job.seconds, 3),
        "errors": job.errors,
    }
