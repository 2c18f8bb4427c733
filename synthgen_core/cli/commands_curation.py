"""The commands that make datasets of datasets: merge, sample, split, convert, dedupe, filter.

Each says with ``--preview`` what it will do, and writes nothing then.
"""

import argparse
from collections.abc import Callable

from synthgen_core.actions.curation import (
    Convert,
    Deduplicate,
    Filter,
    Merge,
    Preview,
    Request,
    Sample,
    Split,
    preview,
    start,
)
from synthgen_core.actions.datasets import find_dataset
from synthgen_core.actions.jobs import get_job
from synthgen_core.cli.commands_export import shares, statuses_of
from synthgen_core.cli.commands_providers import settings_of
from synthgen_core.cli.output import DONE, FAILED, INTERRUPTED, PARTIAL, USAGE, print_json, watch
from synthgen_core.conversion import DEFAULT_STRATEGY, STRATEGIES
from synthgen_core.errors import ConfigError
from synthgen_core.formats import FORMATS
from synthgen_core.models import ExampleFilter, Job, JobStatus
from synthgen_core.workspace import Workspace, open_workspace

Ask = Callable[[tuple[int, ...]], Request]
"""The ids of the datasets that were named -> what is asked of them."""


def merge_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``merge`` takes."""
    parser.add_argument("datasets", nargs="+", metavar="DATASET", help="ids or names, in order")
    parser.add_argument("--skip-duplicates", action="store_true", help="leave out what is in a dataset before")
    parser.add_argument("--format", default="", choices=["", *FORMATS], help="of the result, if theirs differ")
    _strategy_argument(parser)
    _common_arguments(parser)


def merge(options: argparse.Namespace) -> int:
    """The examples of several datasets in one."""
    return _do(
        options,
        options.datasets,
        lambda ids: Merge(ids, options.name, options.skip_duplicates, options.format, options.strategy),
    )


def sample_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``sample`` takes."""
    parser.add_argument("dataset", help="id or name")
    parser.add_argument("--size", type=int, required=True, metavar="N", help="examples to draw")
    parser.add_argument("--by", default="", metavar="PARAMETER", help="each of its values keeps its share")
    parser.add_argument("--seed", type=int, help="the same seed draws the same examples")
    _common_arguments(parser)


def sample(options: argparse.Namespace) -> int:
    """Some examples, drawn by chance."""
    return _do(
        options, [options.dataset], lambda ids: Sample(ids[0], options.size, options.name, options.seed, options.by)
    )


def split_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``split`` takes."""
    parser.add_argument("dataset", help="id or name")
    parser.add_argument("--shares", type=shares, default=(80, 10, 10), metavar="80/10/10", help="the default")
    parser.add_argument("--seed", type=int, help="the same seed makes the same parts")
    _common_arguments(parser)


def split(options: argparse.Namespace) -> int:
    """Parts for training, validation and testing."""
    return _do(options, [options.dataset], lambda ids: Split(ids[0], options.shares, options.name, options.seed))


def convert_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``convert`` takes."""
    parser.add_argument("dataset", help="id or name")
    parser.add_argument("--to", required=True, metavar="FORMAT", help=", ".join(FORMATS))
    _strategy_argument(parser)
    _common_arguments(parser)


def convert(options: argparse.Namespace) -> int:
    """The examples in another format."""
    return _do(options, [options.dataset], lambda ids: Convert(ids[0], options.to, options.strategy, options.name))


def dedupe_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``dedupe`` takes."""
    parser.add_argument("dataset", help="id or name")
    _common_arguments(parser)


def dedupe(options: argparse.Namespace) -> int:
    """The examples without exact repeats."""
    return _do(options, [options.dataset], lambda ids: Deduplicate(ids[0], options.name))


def filter_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``filter`` takes."""
    parser.add_argument("dataset", help="id or name")
    parser.add_argument("--text", default="", help="only what says this, in any case")
    parser.add_argument("--status", default="active", help="active, removed or all (default active)")
    parser.add_argument("--min-score", type=float, metavar="S", help="only from this score on, 0 to 10")
    parser.add_argument("--max-score", type=float, metavar="S", help="only up to this score")
    parser.add_argument("--reviewed", choices=["yes", "no"], help="whether a person accepted or rejected it as it is")
    parser.add_argument("--flags", metavar="RULE", help="any, none, or the name of a rule that flagged it")
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="as it was drawn")
    _common_arguments(parser)


def filter_examples(options: argparse.Namespace) -> int:
    """The examples that match."""
    chosen = ExampleFilter(
        statuses=statuses_of(options.status),
        text=options.text,
        min_score=options.min_score,
        max_score=options.max_score,
        is_reviewed=None if options.reviewed is None else options.reviewed == "yes",
        flags=options.flags,
        parameters=dict(_pair(text) for text in options.parameter),
    )
    return _do(options, [options.dataset], lambda ids: Filter(ids[0], chosen, options.name))


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise ConfigError(f"“{text}” is no parameter with its value.", "Write it like tone=formal.")
    return name, value


def _strategy_argument(parser: argparse.ArgumentParser) -> None:
    names = ", ".join(name.replace("_", "-") for name in STRATEGIES)
    parser.add_argument("--strategy", default=DEFAULT_STRATEGY, help=f"how conversations become instructions: {names}")


def _common_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", default="", help="of the new dataset")
    parser.add_argument("--preview", action="store_true", help="say what will happen, and write nothing")


def _do(options: argparse.Namespace, names: list[str], ask: Ask) -> int:
    """Show what would happen, or do it and wait."""
    workspace = open_workspace(settings_of(options))
    try:
        asked = ask(tuple(find_dataset(workspace, name).id for name in names))
        if options.preview:
            return _show(preview(workspace, asked), options)
        return finish_curation(workspace, start(workspace, asked), options)
    finally:
        workspace.close()


def _show(found: Preview, options: argparse.Namespace) -> int:
    if options.json:
        print_json(
            {
                "status": "preview",
                "seed": getattr(found.request, "seed", None),
                "total": found.total,
                "datasets": [
                    {"name": each.name, "format": each.format, "examples": each.count} for each in found.outputs
                ],
                "left_out": [{"reason": each.reason, "count": each.count} for each in found.left_out],
                "conversion": found.losses.to_json() if found.losses else None,
                "notes": list(found.notes),
                "problem": found.problem,
            }
        )
    else:
        print(f"{found.total:,} examples go in.")
        for each in found.outputs:
            print(f"  {each.count:,} in “{each.name}” ({each.format})")
        for left in found.left_out:
            print(f"  {left.count:,} left out. {left.message}")
        for loss in found.losses.losses if found.losses else ():
            print(f"  {loss.count:,} {'skipped' if loss.is_skip else 'lose something'}. {loss.message}")
        for note in (*found.notes, found.problem):
            print(f"  {note}" if note else "", end="\n" if note else "")
        print("Nothing was written.")
    return USAGE if found.problem else DONE


def finish_curation(workspace: Workspace, job: Job, options: argparse.Namespace) -> int:
    """Watch an operation to its end, and say what came of it."""
    watch(workspace, job.id, is_quiet=options.json)
    job = get_job(workspace, job.id).job
    made = workspace.database.get_made_by(job.id)
    parents = workspace.database.get_parents(made[0].id) if made else []
    said = parents[0].options if parents else {}
    notes = said.get("notes")
    if options.json:
        rows = [
            {
                "id": each.id,
                "name": each.name,
                "format": each.format,
                "examples": each.example_count,
                "file": str(workspace.mirror.path(each.file_path)),
            }
            for each in made
        ]
        report: dict[str, object] = {"status": job.status, "job": job.id, "datasets": rows, "errors": job.errors}
        report |= {name: said.get(name) for name in ("left_out", "conversion", "notes")}
        print_json(report | {"seed": parents[0].seed if parents else None})
    else:
        for each in made:
            path = workspace.mirror.path(each.file_path)
            print(f"Dataset {each.id}, “{each.name}”: {each.example_count:,} examples ({each.format}). {path}")
        for note in notes if isinstance(notes, list) else ():
            print(f"  {note}")
        for error in job.errors.values():
            if isinstance(error, dict):
                print(f"Nothing was made. {error['message']} {error['hint']}".rstrip())
        if job.status is JobStatus.INTERRUPTED:
            print(f"To do it anew: python -m synthgen_core resume {job.id}")
    if job.status is JobStatus.COMPLETED:
        asked = job.parameters.get("request")
        size = asked.get("size") if isinstance(asked, dict) else None
        return PARTIAL if isinstance(size, int) and made[0].example_count < size else DONE
    return INTERRUPTED if job.status is JobStatus.INTERRUPTED else FAILED
