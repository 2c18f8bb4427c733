"""The commands that look at a dataset without a model: its rules, and its duplicates."""

import argparse
from dataclasses import asdict

from synthgen_core.actions.datasets import find_dataset
from synthgen_core.actions.jobs import get_job
from synthgen_core.cli.commands_providers import settings_of
from synthgen_core.cli.output import DONE, FAILED, INTERRUPTED, print_json, print_table, watch
from synthgen_core.errors import ConfigError
from synthgen_core.models import Job, JobStatus
from synthgen_core.workspace import Workspace, open_workspace

SHOWN = 20
"""Pairs that are printed for people; machines get all."""


def rules_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``rules`` takes."""
    parser.add_argument("dataset", help="id or name")
    parser.add_argument("--rule", action="append", default=[], metavar="NAME", help="only this one (repeatable)")
    parser.add_argument(
        "--threshold", action="append", default=[], metavar="RULE=NUMBER", help="instead of its default (repeatable)"
    )


def check_rules(options: argparse.Namespace) -> int:
    """Run the rules over a dataset, and say what they found."""
    from synthgen_core.actions.rules import check_dataset

    workspace = open_workspace(settings_of(options))
    try:
        dataset = find_dataset(workspace, options.dataset)
        thresholds = dict(_number_of(text) for text in options.threshold)
        job = check_dataset(workspace, dataset.id, thresholds, options.rule)
        return finish_rules(workspace, job, options)
    finally:
        workspace.close()


def _number_of(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        return name, float(number)
    except ValueError as error:
        raise ConfigError(f"“{text}” is no rule with its number.", "Write it like short_answer=20.") from error


def finish_rules(workspace: Workspace, job: Job, options: argparse.Namespace) -> int:
    """Watch a run of the rules to its end, and say what they found."""
    from synthgen_core.actions.rules import rules_summary

    watch(workspace, job.id, is_quiet=options.json)
    job = get_job(workspace, job.id).job
    assert job.dataset_id is not None
    found = rules_summary(workspace, job.dataset_id)
    if options.json:
        scores = [{"score": score, "examples": count} for score, count in found.scores.items()]
        print_json(
            {"status": job.status, "job": job.id, "dataset": job.dataset_id, "read": job.done}
            | asdict(found)
            | {"scores": scores, "errors": job.errors}
        )
    else:
        mean = "" if found.mean_score is None else f" Mean score: {found.mean_score:.2f} of 10."
        print(f"The rules have read {job.done:,} examples.{mean}")
        severities = ("error", "warning", "info")
        rows = [
            [rule, *(f"{counts[each]:,}" if each in counts else "" for each in severities)]
            for rule, counts in found.flags.items()
        ]
        print_table(["rule", "errors", "warnings", "hints"], rows)
        _print_errors(job)
    return DONE if job.status is JobStatus.COMPLETED else _code_of(job)


def _tell_stopped(job: Job, options: argparse.Namespace) -> int:
    if options.json:
        print_json({"status": job.status, "job": job.id, "dataset": job.dataset_id, "errors": job.errors})
    else:
        print(f"The search is {job.status}.")
        _print_errors(job)
    return _code_of(job)


def _print_errors(job: Job) -> None:
    for error in job.errors.values():
        if isinstance(error, dict):
            print(f"{error['message']} {error['hint']}".rstrip())
    if job.status is JobStatus.INTERRUPTED:
        print(f"To go on: python -m synthgen_core resume {job.id}")


def _code_of(job: Job) -> int:
    return INTERRUPTED if job.status is JobStatus.INTERRUPTED else FAILED


def duplicates_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``duplicates`` takes."""
    parser.add_argument("dataset", help="id or name")
    parser.add_argument("--threshold", type=float, default=0.8, metavar="S", help="similarity, 0.5 to 1 (default 0.8)")
    parser.add_argument("--compare", default="whole", choices=["whole", "question", "response"], help="default whole")
    parser.add_argument(
        "--keep",
        default="verdict,score,longer",
        metavar="BY",
        help="what decides which of several is kept (default verdict,score,longer; of equals the oldest)",
    )
    parser.add_argument("--remove", action="store_true", help="remove the others, as one change that can be undone")
    parser.add_argument("--undo", default="", metavar="BATCH", help="bring back what a removal took")
    parser.add_argument("--author", default="command line", help="who removes (default: command line)")


def show_duplicates(options: argparse.Namespace) -> int:
    """Examples that say the same, or nearly so; remove all but the best of them if asked."""
    from synthgen_core.actions.duplicate_search import start_search
    from synthgen_core.actions.examples import undo_batch
    from synthgen_core.dedup import Compared

    workspace = open_workspace(settings_of(options))
    try:
        dataset = find_dataset(workspace, options.dataset)
        if options.undo:
            undone = undo_batch(workspace, options.undo, author=options.author)
            if options.json:
                print_json({"batch": undone.batch_id, "restored": undone.changed, "skipped": undone.skipped})
            else:
                print(f"{undone.changed:,} examples are back.")
            return DONE
        keep = options.keep.split(",")
        job = start_search(
            workspace, dataset.id, threshold=options.threshold, compared=Compared(options.compare), keep=keep
        )
        return finish_duplicates(workspace, job, options, author=options.author if options.remove else "")
    finally:
        workspace.close()


def finish_duplicates(workspace: Workspace, job: Job, options: argparse.Namespace, *, author: str = "") -> int:
    """Watch a search to its end, and say what it found; an author removes the twins."""
    from synthgen_core.actions.duplicates import latest_search, remove_twins, stream_pairs

    watch(workspace, job.id, is_quiet=options.json)
    job = get_job(workspace, job.id).job
    assert job.dataset_id is not None
    found = latest_search(workspace, job.dataset_id)
    if job.status is not JobStatus.COMPLETED or found is None:
        return _tell_stopped(job, options)
    pairs = list(stream_pairs(workspace, found))
    done = remove_twins(workspace, found, author=author) if author and pairs else None
    if options.json:
        print_json(
            {
                "dataset": found.dataset_id,
                "threshold": found.threshold,
                "compared": found.compared,
                "searched": found.searched,
                "clusters": found.clusters,
                "pairs": [{"kept": kept, "twin": twin, "similarity": near} for kept, twin, near in pairs],
                "removed": done.changed if done else 0,
                "batch": done.batch_id if done else None,
            }
        )
        return DONE
    print(f"{found.twins:,} of {found.searched:,} examples are like others; {found.clusters:,} are like those.")
    if pairs:
        print_table(["kept", "twin", "similarity"], [[kept, twin, f"{near:.1%}"] for kept, twin, near in pairs[:SHOWN]])
    if len(pairs) > SHOWN:
        print(f"... and {len(pairs) - SHOWN:,} more; --json lists all.")
    if done:
        print(f"{done.changed:,} were removed. To undo: duplicates {found.dataset_id} --undo {done.batch_id}")
    return DONE
