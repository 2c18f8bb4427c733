"""The commands that list what there is: domains, datasets, jobs, calls and their cost; and the state of it all."""

import argparse
from dataclasses import asdict

from synthgen_core.actions import jobs as job_actions
from synthgen_core.actions.overview import examine
from synthgen_core.actions.usage import GroupBy, UsageRow, cost_in_words, get_usage
from synthgen_core.cli.commands_providers import settings_of
from synthgen_core.cli.output import DONE, FAILED, cost_json, print_json, print_table
from synthgen_core.domains import load_catalogue
from synthgen_core.workspace import open_workspace


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
    findings = examine(settings_of(options))
    if options.json:
        print_json([{"name": f.name, "is_fine": f.is_fine, "text": f.text} for f in findings])
    else:
        for finding in findings:
            print(f"{'ok  ' if finding.is_fine else 'FAIL'}  {finding.name}: {finding.text}")
    return DONE if all(finding.is_fine for finding in findings) else FAILED


def usage_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``usage`` takes."""
    parser.add_argument("--by", choices=list(GroupBy), default=GroupBy.DAY, type=GroupBy, help="default: day (UTC)")


def jobs_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``jobs`` takes."""
    parser.add_argument("--limit", type=int, default=20, help="how many (default 20)")
    parser.add_argument("--cancel", type=int, metavar="JOB", help="stop this job first")


def domains_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``domains`` takes."""
    parser.add_argument("domain", nargs="?", help="only this one")
