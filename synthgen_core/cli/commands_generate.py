"""The commands that make datasets: start a run, or go on with one, and wait for it."""

import argparse
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from synthgen_core.actions import datasets as dataset_actions
from synthgen_core.actions import jobs as job_actions
from synthgen_core.cli.commands_providers import settings_of
from synthgen_core.cli.output import cost_json, end_code, print_end, print_json, watch
from synthgen_core.models import Job, JobKind, Method, ProviderConfig
from synthgen_core.settings import Settings
from synthgen_core.workspace import Workspace, open_workspace


def generate_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``generate`` can be told."""
    parser.add_argument("--domain", required=True, help="slug, name or alias, such as support")
    parser.add_argument("--subdomain", required=True, help="slug, name or alias, such as technical_support")
    parser.add_argument("--count", type=int, default=10, help="valid examples to make (default 10)")
    parser.add_argument("--format", default="chat", help="chat or instruction")
    parser.add_argument("--language", default="en", help="code or name (default en)")
    parser.add_argument("--name", default="", help="of the dataset")
    parser.add_argument("--seed", type=int, help="the same seed gives the same scenarios")
    parser.add_argument("--provider", default="", help="embedded, ollama or openai (default: see LLM_PROVIDER)")
    parser.add_argument("--model", default="", help="the model's name")
    parser.add_argument("--base-url", default="", help="address of a server that speaks the provider's protocol")
    parser.add_argument(
        "--method", type=Method, choices=list(Method), help="way of making (default: what suits the provider)"
    )
    parser.add_argument("--assistant-provider", default="", help="turn by turn: who answers (default: --provider)")
    parser.add_argument("--assistant-model", default="", help="turn by turn: the model that answers")
    parser.add_argument("--assistant-base-url", default="", help="turn by turn: the address of who answers")
    parser.add_argument(
        "--few-shot-from", type=int, metavar="DATASET", help="prompts show approved examples of this dataset"
    )
    parser.add_argument("--few-shot", type=int, default=3, metavar="N", help="so many at a time, 1 to 8 (default 3)")
    parser.add_argument("--workers", type=int, help="calls at a time")
    parser.add_argument("--temperature", type=float, help="0 to 2 (default: the method's own)")
    budget_arguments(parser)
    parser.add_argument(
        "--batch", action="store_true", help="send the calls in batches: cheaper, but it can take 24 hours"
    )
    parser.add_argument("--no-cache", action="store_true", help="do not use paid replies of other jobs again")
    parser.add_argument("--out", metavar="FILE", help="write the dataset to this JSONL file as well")


def resume_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``resume`` can be told."""
    parser.add_argument("job", help="a job's number, or latest")
    budget_arguments(parser)
    parser.add_argument("--out", metavar="FILE", help="write the dataset to this JSONL file as well")


def budget_arguments(parser: argparse.ArgumentParser) -> None:
    """How much a run may spend."""
    parser.add_argument("--max-cost", type=_dollars, metavar="DOLLARS", help="pause before it costs more, such as 5.00")
    parser.add_argument("--max-tokens-total", type=int, metavar="N", help="pause before it takes more tokens in all")


def _dollars(text: str) -> Decimal:
    try:
        return Decimal(text.strip().removeprefix("$"))
    except ArithmeticError:
        raise argparse.ArgumentTypeError(f"“{text}” is no sum of money; write it like 5.00") from None


def generate(options: argparse.Namespace) -> int:
    """Make a dataset and wait for it."""
    from synthgen_core.actions.generation import GenerationRequest, check_request, start_generation

    settings = settings_of(options)
    config = chosen_model(settings, options)
    request = GenerationRequest(
        domain=options.domain,
        subdomain=options.subdomain,
        provider=config,
        num_examples=options.count,
        format_type=options.format,
        language=options.language,
        name=options.name,
        seed=options.seed,
        workers=options.workers,
        temperature=options.temperature,
        method=options.method,
        assistant_provider=_assistant(settings, options, config),
        few_shot_from=options.few_shot_from,
        few_shot=options.few_shot,
        use_cache=not options.no_cache,
        use_batch=options.batch,
        max_cost=options.max_cost,
        max_tokens_total=options.max_tokens_total,
    )
    workspace = open_workspace(settings)
    try:
        filled, _ = check_request(workspace, request)
        if filled.few_shot < request.few_shot:
            shown = f"only {filled.few_shot} of the {request.few_shot} approved examples that were asked for"
            print(f"Dataset {request.few_shot_from} has {shown}; prompts show what there is.", file=sys.stderr)
        return _finish(workspace, start_generation(workspace, request), options)
    finally:
        workspace.close()


def chosen_model(settings: Settings, options: argparse.Namespace) -> ProviderConfig:
    """The model that is named, or else the one that is chosen automatically."""
    from synthgen_core.actions.providers import choose_provider, provider_config

    given = {"model": options.model, "base_url": options.base_url}
    if options.provider:
        return provider_config(settings, options.provider, **given)
    return replace(choose_provider(settings).config, **{name: value for name, value in given.items() if value})


def _assistant(settings: Settings, options: argparse.Namespace, writer: ProviderConfig) -> ProviderConfig | None:
    """The model that answers turn by turn, if it is another one."""
    from synthgen_core.actions.providers import provider_config

    given = {"model": options.assistant_model, "base_url": options.assistant_base_url}
    if options.assistant_provider:
        return provider_config(settings, options.assistant_provider, **given)
    named = {name: value for name, value in given.items() if value}
    return replace(writer, **named) if named else None


def resume(options: argparse.Namespace) -> int:
    """Go on with a job that stopped short, and wait for it."""
    workspace = open_workspace(settings_of(options))
    try:
        job = job_actions.find_job(workspace, options.job)
        budget = {"max_cost": options.max_cost, "max_tokens_total": options.max_tokens_total}
        job = job_actions.resume_task(workspace, job.id, **budget)
        if job.kind is JobKind.IMPORT:
            from synthgen_core.cli.commands_import import finish_imports  # late: a run of ``generate`` needs it not

            return finish_imports(workspace, [job], options, {})
        if job.kind is JobKind.CURATION:
            from synthgen_core.cli.commands_curation import finish_curation

            return finish_curation(workspace, job, options)
        if job.kind is JobKind.QUALITY:
            from synthgen_core.cli.commands_quality import finish_quality

            return finish_quality(workspace, job, options)
        if job.kind is JobKind.COMPARISON:
            from synthgen_core.cli.commands_compare import finish_comparison

            return finish_comparison(workspace, job, options)
        if job.kind is JobKind.RULES:
            from synthgen_core.cli.commands_checks import finish_rules

            return finish_rules(workspace, job, options)
        if job.kind is JobKind.DUPLICATES:
            from synthgen_core.cli.commands_checks import finish_duplicates

            return finish_duplicates(workspace, job, options)
        return _finish(workspace, job, options)
    finally:
        workspace.close()


def _finish(workspace: Workspace, job: Job, options: argparse.Namespace) -> int:
    """Watch a job to its end, write the file that was asked for, and say how it went."""
    watch(workspace, job.id, is_quiet=options.json)
    view = job_actions.get_job(workspace, job.id)
    job = view.job
    assert job.dataset_id is not None
    written = ""
    if options.out and job.done:
        dataset_actions.save_dataset_to_jsonl(workspace, job.dataset_id, Path(options.out))
        written = options.out
    dataset = workspace.database.get_dataset(job.dataset_id)
    report = {
        "status": job.status,
        "job": job.id,
        "dataset": job.dataset_id,
        "requested": job.requested,
        "generated": job.done,
        "calls": job.calls,
        "prompt_tokens": job.usage.prompt_tokens,
        "completion_tokens": job.usage.completion_tokens,
        **cost_json(job.cost, job.unknown_cost_calls),
        "seconds": round(job.seconds, 3),
        "seed": job.parameters["seed"],
        "file": written or str(workspace.mirror.path(dataset.file_path)),
        "errors": job.errors,
    }
    if options.json:
        print_json(report)
    else:
        print(f"{job.done} of {job.requested} examples, {job.status}. Dataset {job.dataset_id}: {report['file']}")
        print_end(view)
    return end_code(view, is_whole=job.done >= job.requested)
