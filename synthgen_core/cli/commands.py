"""The commands, each a function of its parsed options that returns an exit code."""

import argparse
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from pathlib import Path

from synthgen_core.actions import datasets as dataset_actions
from synthgen_core.actions import jobs as job_actions
from synthgen_core.actions.usage import GroupBy, UsageRow, cost_in_words, get_usage
from synthgen_core.cli.commands_providers import list_models, list_providers, models_arguments, settings_of
from synthgen_core.cli.output import cost_json, print_json, print_table, watch
from synthgen_core.domains import load_catalogue
from synthgen_core.models import Job, JobStatus
from synthgen_core.workspace import Workspace, open_workspace

DONE, FAILED, USAGE, PARTIAL, INTERRUPTED = 0, 1, 2, 3, 130


@dataclass(frozen=True, slots=True)
class Command:
    """A row of the table below."""

    name: str
    help: str
    run: Callable[[argparse.Namespace], int]
    add_arguments: Callable[[argparse.ArgumentParser], None] = lambda parser: None
    needs_data: bool = True


def _generate_arguments(parser: argparse.ArgumentParser) -> None:
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
    parser.add_argument("--workers", type=int, help="calls at a time")
    parser.add_argument("--temperature", type=float, help="0 to 2 (default: the method's own)")
    _budget_arguments(parser)
    parser.add_argument("--no-cache", action="store_true", help="do not use paid replies of other jobs again")
    parser.add_argument("--out", metavar="FILE", help="write the dataset to this JSONL file as well")


def _budget_arguments(parser: argparse.ArgumentParser) -> None:
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
    from synthgen_core.actions.providers import choose_provider, provider_config

    settings = settings_of(options)
    given = {"model": options.model, "base_url": options.base_url}
    if options.provider:
        config = provider_config(settings, options.provider, **given)
    else:
        config = choose_provider(settings).config
        config = replace(config, **{name: value for name, value in given.items() if value})
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
        use_cache=not options.no_cache,
        max_cost=options.max_cost,
        max_tokens_total=options.max_tokens_total,
    )
    workspace = open_workspace(settings)
    try:
        check_request(workspace, request)
        return _finish(workspace, start_generation(workspace, request), options)
    finally:
        workspace.close()


def resume(options: argparse.Namespace) -> int:
    """Go on with a job that stopped short, and wait for it."""
    workspace = open_workspace(settings_of(options))
    try:
        job = job_actions.find_job(workspace, options.job)
        budget = {"max_cost": options.max_cost, "max_tokens_total": options.max_tokens_total}
        return _finish(workspace, job_actions.resume_task(workspace, job.id, **budget), options)
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
        print(f"  {job.calls:,} calls, {job.usage.total:,} tokens, cost: {view.cost}")
        for cause, error in job.errors.items():
            if isinstance(error, dict):
                print(f"  {error['count']} x {cause}: {error['message']} {error['hint']}".rstrip())
        if job.status is not JobStatus.COMPLETED:
            higher = " --max-cost ... (or --max-tokens-total ...)" if view.is_out_of_budget else ""
            print(f"  To go on: python -m synthgen_core resume {job.id}{higher}")
    if job.status is JobStatus.COMPLETED:
        return DONE if job.done >= job.requested else PARTIAL
    if view.is_out_of_budget:
        return PARTIAL
    return INTERRUPTED if job.status is JobStatus.INTERRUPTED else FAILED


def list_domains(options: argparse.Namespace) -> int:
    """Domains and subdomains, with the slugs to use."""
    catalogue = load_catalogue(settings_of(options).domains_dir)
    domains = [catalogue.domain(options.domain)] if options.domain else list(catalogue)
    if options.json:
        print_json(
            [
                {
                    "slug": domain.slug,
                    "name": domain.name,
                    "summary": domain.summary,
                    "subdomains": [
                        {"slug": s.slug, "name": s.name, "description": s.description} for s in domain.subdomains
                    ],
                    "parameters": {name: dict(weights) for name, weights in domain.parameters.items()},
                }
                for domain in domains
            ]
        )
    else:
        print_table(
            ["domain", "subdomain", "name"],
            [[domain.slug, s.slug, f"{domain.name} / {s.name}"] for domain in domains for s in domain.subdomains],
        )
        for problem in catalogue.problems:
            print(f"Left out: {problem}")
    return DONE


def list_datasets(options: argparse.Namespace) -> int:
    """Datasets, the newest first."""
    workspace = open_workspace(settings_of(options))
    try:
        datasets = workspace.database.get_datasets()
        if options.json:
            print_json(
                [
                    {
                        "id": d.id,
                        "name": d.name,
                        "domain": d.domain,
                        "subdomain": d.subdomain,
                        "format": d.format,
                        "examples": d.example_count,
                        "updated_at": d.updated_at.isoformat(),
                        "file": str(workspace.mirror.path(d.file_path)),
                    }
                    for d in datasets
                ]
            )
        else:
            print_table(
                ["id", "name", "domain", "format", "examples", "updated (UTC)"],
                [
                    [d.id, d.name, d.domain, d.format, d.example_count, f"{d.updated_at:%Y-%m-%d %H:%M}"]
                    for d in datasets
                ],
            )
        return DONE
    finally:
        workspace.close()


def list_jobs(options: argparse.Namespace) -> int:
    """Jobs, the newest first; or cancel one."""
    workspace = open_workspace(settings_of(options))
    try:
        if options.cancel is not None:
            job_actions.cancel_task(workspace, options.cancel)
        views = job_actions.get_all_tasks(workspace, limit=options.limit)
        if options.json:
            print_json(
                [
                    {
                        "id": v.job.id,
                        "kind": v.job.kind,
                        "status": v.job.status,
                        "title": v.title,
                        "dataset": v.job.dataset_id,
                        "requested": v.job.requested,
                        "generated": v.job.done,
                        "failed": v.job.failed,
                        "calls": v.job.calls,
                        **cost_json(v.job.cost, v.job.unknown_cost_calls),
                        "errors": v.job.errors,
                    }
                    for v in views
                ]
            )
        else:
            print_table(
                ["id", "status", "what", "done", "asked", "seconds", "cost"],
                [
                    [v.job.id, v.job.status, v.title, v.job.done, v.job.requested, f"{v.job.seconds:.1f}", v.cost]
                    for v in views
                ],
            )
        return DONE
    finally:
        workspace.close()


def show_usage(options: argparse.Namespace) -> int:
    """Calls, tokens and costs, summed up."""
    workspace = open_workspace(settings_of(options))
    try:
        table = get_usage(workspace, options.by)
    finally:
        workspace.close()
    if options.json:
        rows = [{options.by: table.names[row.group], "key": list(row.group), **_usage_json(row)} for row in table.rows]
        print_json({"rows": rows, "total": _usage_json(table.total)})
        return DONE
    print_table(
        [options.by, "calls", "failed", "prompt tokens", "reply tokens", "cost"],
        [
            [
                name,
                f"{row.calls:,}",
                f"{row.failed_calls:,}",
                f"{row.usage.prompt_tokens:,}",
                f"{row.usage.completion_tokens:,}",
                cost_in_words(row.cost, row.unknown_cost_calls),
            ]
            for name, row in [*((table.names[row.group], row) for row in table.rows), ("total", table.total)]
        ],
    )
    return DONE


def _usage_json(row: UsageRow) -> dict[str, object]:
    return {
        "calls": row.calls,
        "failed_calls": row.failed_calls,
        **asdict(row.usage),
        **cost_json(row.cost, row.unknown_cost_calls),
        "seconds": round(row.seconds, 3),
    }


def doctor(options: argparse.Namespace) -> int:
    """What is configured, reachable and writable."""
    from synthgen_core.actions.overview import examine

    findings = examine(settings_of(options))
    if options.json:
        print_json([{"name": f.name, "is_fine": f.is_fine, "text": f.text} for f in findings])
    else:
        for finding in findings:
            print(f"{'ok  ' if finding.is_fine else 'FAIL'}  {finding.name}: {finding.text}")
    return DONE if all(finding.is_fine for finding in findings) else FAILED


def _resume_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", help="a job's number, or latest")
    _budget_arguments(parser)
    parser.add_argument("--out", metavar="FILE", help="write the dataset to this JSONL file as well")


def _usage_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--by", choices=list(GroupBy), default=GroupBy.DAY, type=GroupBy, help="default: day (UTC)")


def _jobs_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=int, default=20, help="how many (default 20)")
    parser.add_argument("--cancel", type=int, metavar="JOB", help="stop this job first")


COMMANDS = (
    Command("generate", "make a dataset", generate, _generate_arguments),
    Command("resume", "go on with a job that stopped short", resume, _resume_arguments),
    Command("datasets", "list the datasets", list_datasets),
    Command("jobs", "list the jobs", list_jobs, _jobs_arguments),
    Command("usage", "sum up calls, tokens and costs", show_usage, _usage_arguments),
    Command(
        "domains",
        "list domains and subdomains",
        list_domains,
        lambda parser: (parser.add_argument("domain", nargs="?", help="only this one"), None)[1],
    ),
    Command("providers", "say which providers can write", list_providers),
    Command("models", "list a provider's models", list_models, models_arguments),
    Command("doctor", "say what is configured, reachable and writable", doctor),
)
