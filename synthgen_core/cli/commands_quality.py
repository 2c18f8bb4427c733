"""The commands that judge a dataset with a model: ``judge`` gives scores, ``quality`` makes a better dataset, too."""

import argparse
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from synthgen_core.actions.datasets import find_dataset, save_dataset_to_jsonl
from synthgen_core.actions.jobs import get_job
from synthgen_core.actions.quality import (
    DEFAULT_BATCH_SIZE,
    MIN_QUALITY_SCORE,
    QualityRequest,
    estimate_quality,
    quality_counters,
    start_quality,
)
from synthgen_core.actions.rubrics import find_rubric
from synthgen_core.actions.usage import dollars
from synthgen_core.cli.commands_generate import budget_arguments, chosen_model
from synthgen_core.cli.commands_providers import settings_of
from synthgen_core.cli.output import DONE, cost_json, end_code, print_end, print_json, watch
from synthgen_core.models import Job
from synthgen_core.workspace import Workspace, open_workspace


def who_judges(parser: argparse.ArgumentParser) -> None:
    """What a command takes that asks a judge."""
    parser.add_argument("--provider", default="", help="who judges, such as openai or ollama (default: LLM_PROVIDER)")
    parser.add_argument("--model", default="", help="the model's name; better not the one that wrote the dataset")
    parser.add_argument("--base-url", default="", help="address of a server that speaks the provider's protocol")
    parser.add_argument("--rubric", default="", help="name or hash of a saved rubric (default: the standard one)")


def judge_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``judge`` takes."""
    parser.add_argument("dataset", help="id or name")
    who_judges(parser)
    parser.add_argument(
        "--runs", type=int, default=1, metavar="K", help="replies on each text; the score is their mean"
    )
    parser.add_argument("--sample", type=int, metavar="N", help="so many examples by chance (default: all)")
    parser.add_argument("--seed", type=int, help="of the sample: the same seed draws the same examples")
    parser.add_argument("--again", action="store_true", help="ask also where this judge has given a score already")
    parser.add_argument(
        "--batch-size", type=int, default=DEFAULT_BATCH_SIZE, metavar="N", help="examples at a time (default 10)"
    )
    parser.add_argument("--estimate", action="store_true", help="say what it will take, and end")
    budget_arguments(parser)


def quality_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``quality`` takes."""
    judge_arguments(parser)
    parser.add_argument(
        "--min-quality-score",
        type=float,
        default=MIN_QUALITY_SCORE,
        metavar="SCORE",
        help="what is below is weak (default 7)",
    )
    parser.add_argument("--auto-fix", action="store_true", help="mend what is weak; kept only if it is judged better")
    parser.add_argument("--auto-remove", action="store_true", help="leave out what is weak, or stays so when mended")
    parser.add_argument("--out", metavar="FILE", help="write the new dataset to this JSONL file as well")


def judge(options: argparse.Namespace) -> int:
    """Score the examples of a dataset."""
    return _begin(options, lambda request: replace(request, judge_only=True))


def improve_dataset(options: argparse.Namespace) -> int:
    """Judge a dataset, and make a better one."""
    return _begin(
        options,
        lambda request: replace(
            request,
            min_quality_score=options.min_quality_score,
            auto_fix=options.auto_fix,
            auto_remove=options.auto_remove,
        ),
    )


def _begin(options: argparse.Namespace, specify: Callable[[QualityRequest], QualityRequest]) -> int:
    settings = settings_of(options)
    workspace = open_workspace(settings)
    try:
        shared = QualityRequest(
            find_dataset(workspace, options.dataset).id,
            chosen_model(settings, options),
            rubric=find_rubric(workspace, options.rubric).rubric,
            runs=options.runs,
            sample=options.sample,
            seed=options.seed,
            again=options.again,
            batch_size=options.batch_size,
            max_cost=options.max_cost,
            max_tokens_total=options.max_tokens_total,
        )
        request = specify(shared)
        if options.estimate:
            return _print_estimate(workspace, request, options)
        return finish_quality(workspace, start_quality(workspace, request), options)
    finally:
        workspace.close()


def _print_estimate(workspace: Workspace, request: QualityRequest, options: argparse.Namespace) -> int:
    found = estimate_quality(workspace, request)
    if options.json:
        cost = None if found.cost is None else f"{found.cost:f}"
        usage = {"prompt_tokens": found.usage.prompt_tokens, "completion_tokens": found.usage.completion_tokens}
        shared = {name: value for name, value in asdict(found).items() if name not in ("usage", "cost")}
        print_json(shared | usage | {"cost": cost})
        return DONE
    cost = "cost unknown" if found.cost is None else f"about {dollars(found.cost)}"
    print(f"{found.examples:,} examples, {found.known:,} of them scored by this judge already.")
    print(f"About {found.calls:,} calls and {found.usage.total:,} tokens, {cost}. {found.basis}")
    for warning in found.warnings:
        print(warning)
    return DONE


def finish_quality(workspace: Workspace, job: Job, options: argparse.Namespace) -> int:
    """Watch a run of a judge to its end, and say how it went."""
    watch(workspace, job.id, is_quiet=options.json)
    view = get_job(workspace, job.id)
    job, counters = view.job, quality_counters(workspace, view.job)
    file = str(workspace.mirror.path(counters.file)) if counters.file else None
    if counters.result_id is not None and getattr(options, "out", None):
        save_dataset_to_jsonl(workspace, counters.result_id, Path(options.out))
        file = options.out
    if options.json:
        print_json(
            {
                "status": job.status,
                "job": job.id,
                "dataset": job.dataset_id,
                "requested": job.requested,
                **asdict(counters),
                "file": file,
                "calls": job.calls,
                "prompt_tokens": job.usage.prompt_tokens,
                "completion_tokens": job.usage.completion_tokens,
                **cost_json(job.cost, job.unknown_cost_calls),
                "seconds": round(job.seconds, 3),
                "seed": job.parameters["seed"],
                "errors": job.errors,
            }
        )
    else:
        mean = "" if counters.average is None else f" Mean score: {counters.average:.2f} of 10."
        print(f"{counters.scored:,} of {job.requested:,} examples have a score, {job.status}.{mean}")
        if not job.parameters["judge_only"]:
            print(f"  {counters.kept:,} kept, {counters.fixed:,} mended, {counters.removed:,} removed.")
        if file:
            print(f"  New dataset {counters.result_id}: {file}")
        print_end(view)
    return end_code(view, is_whole=not job.failed)
