"""What a terminal gets: exit codes, tables, JSON and a progress bar."""

import json
import sys
from collections.abc import Sequence
from decimal import Decimal

from synthgen_core.actions.jobs import JobView, get_job
from synthgen_core.models import JobStatus
from synthgen_core.workspace import Workspace

DONE, FAILED, USAGE, PARTIAL, INTERRUPTED = 0, 1, 2, 3, 130
BAR = 30
BEAT_SECONDS = 0.2


def print_json(value: object) -> None:
    """One JSON value, letters kept as letters."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def cost_json(cost: Decimal | None, unknown_cost_calls: int) -> dict[str, object]:
    """What something cost, for machines: exact dollars as text, null where no part of it is known."""
    return {"cost": None if cost is None else f"{cost:f}", "unknown_cost_calls": unknown_cost_calls}


def print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns as wide as they need to be."""
    texts = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[n]) for row in texts) for n in range(len(head))]
    for row in texts:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def print_end(view: JobView) -> None:
    """What a job took that asked a model, what went wrong in it, and how to go on with it."""
    job = view.job
    print(f"  {job.calls:,} calls, {job.usage.total:,} tokens, cost: {view.cost}")
    for cause, error in job.errors.items():
        if isinstance(error, dict):
            print(f"  {error['count']} x {cause}: {error['message']} {error['hint']}".rstrip())
    if job.status is not JobStatus.COMPLETED:
        higher = " --max-cost ... (or --max-tokens-total ...)" if view.is_out_of_budget else ""
        print(f"  To go on: python -m synthgen_core resume {job.id}{higher}")


def end_code(view: JobView, *, is_whole: bool) -> int:
    """The exit code of a job that asked a model; ``is_whole``: nothing is missing of what was asked for."""
    if view.job.status is JobStatus.COMPLETED:
        return DONE if is_whole else PARTIAL
    if view.is_out_of_budget:
        return PARTIAL
    return INTERRUPTED if view.job.status is JobStatus.INTERRUPTED else FAILED


def watch(workspace: Workspace, job_id: int, *, is_quiet: bool = False) -> None:
    """Wait for a job, with a bar on a terminal; Ctrl-C interrupts it, so that it can be resumed."""
    is_live = not is_quiet and sys.stderr.isatty()
    try:
        while not workspace.runner.wait(job_id, BEAT_SECONDS):
            if is_live:
                _draw(workspace, job_id)
        if is_live:
            _draw(workspace, job_id)
            print(file=sys.stderr)
    except KeyboardInterrupt:
        if is_live:
            print("\nStopping; what is done is kept.", file=sys.stderr)
        workspace.runner.close()


def _draw(workspace: Workspace, job_id: int) -> None:
    view = get_job(workspace, job_id)
    filled = round(BAR * view.fraction)
    parts = [f"{view.job.done}/{view.job.requested}", view.job.note or view.job.status]
    if view.rate:
        parts.append(f"{view.rate:.0f} a minute")
    if view.eta is not None:
        parts.append(f"{view.eta:.0f} s left")
    line = f"[{'#' * filled}{'.' * (BAR - filled)}] {', '.join(parts)}"
    print(f"\r{line:<100}", end="", file=sys.stderr, flush=True)
