"""The commands about what was: versions of a dataset, and the trash."""

import argparse
import getpass
from dataclasses import asdict

from synthgen_core.actions import trash as trash_actions
from synthgen_core.actions.datasets import find_dataset
from synthgen_core.actions.versions import (
    compare,
    get_differences,
    get_versions,
    make_version,
    restore_version,
)
from synthgen_core.cli.commands_providers import settings_of
from synthgen_core.cli.output import DONE, print_json, print_table
from synthgen_core.database import DiffKind
from synthgen_core.diffs import Change, diff_contents
from synthgen_core.errors import ConfigError, NotFoundError
from synthgen_core.models import Dataset, Version
from synthgen_core.workspace import Workspace, open_workspace

MARKS = {Change.EQUAL: "{}", Change.ADDED: "{{+{}+}}", Change.REMOVED: "[-{}-]"}
"""As ``git diff --word-diff`` shows words."""
SHOWN = 10
"""Differences of each kind that are shown, unless told otherwise."""


def versions_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``versions`` takes."""
    parser.add_argument("action", choices=["list", "make", "diff", "restore"])
    parser.add_argument("dataset", help="id or name")
    parser.add_argument("numbers", nargs="*", type=int, metavar="N", help="of versions: diff 1 2 (or 1: until now)")
    parser.add_argument("--name", default="", help="make: of the version")
    parser.add_argument("--note", default="", help="make: what is to be known of it")
    parser.add_argument("--author", default="", help="make, restore: who does it (default: your user name)")
    parser.add_argument("--limit", type=int, default=SHOWN, help=f"diff: examples of each kind (default {SHOWN})")


def versions(options: argparse.Namespace) -> int:
    """Named states of a dataset: list, make, compare, bring back."""
    workspace = open_workspace(settings_of(options))
    try:
        dataset = find_dataset(workspace, options.dataset)
        act = {"list": _list, "make": _make, "diff": _diff, "restore": _restore}[options.action]
        act(workspace, dataset, options)
        return DONE
    finally:
        workspace.close()


def _list(workspace: Workspace, dataset: Dataset, options: argparse.Namespace) -> None:
    found = get_versions(workspace, dataset.id)
    if options.json:
        print_json([_version_json(version) for version in found])
    else:
        print_table(
            ["number", "name", "examples", "made (UTC)", "by"],
            [[v.number, v.name, v.example_count, f"{v.created_at:%Y-%m-%d %H:%M}", v.author] for v in found],
        )


def _make(workspace: Workspace, dataset: Dataset, options: argparse.Namespace) -> None:
    name = options.name or f"Version {len(get_versions(workspace, dataset.id)) + 1}"
    made = make_version(workspace, dataset.id, name=name, author=_author(options), note=options.note)
    if options.json:
        print_json(_version_json(made))
    else:
        print(f"Version {made.number} of “{dataset.name}”: {made.name}, {made.example_count:,} examples.")


def _diff(workspace: Workspace, dataset: Dataset, options: argparse.Namespace) -> None:
    if not 1 <= len(options.numbers) <= 2:
        raise ConfigError("Which versions are to be compared, is not said.", "Give one number, or two.")
    found = compare(workspace, dataset.id, *options.numbers)
    rows = {kind: get_differences(workspace, found, kind, limit=options.limit) for kind in DiffKind}
    if options.json:
        print_json(
            {
                "first": found.first.number,
                "second": found.second.number if found.second else None,
                "counts": dict(found.counts),
                "examples": [asdict(row) for kind in DiffKind for row in rows[kind]],
            }
        )
        return
    until = f"version {found.second.number}" if found.second else "now"
    counts = ", ".join(f"{count:,} {kind}" for kind, count in found.counts.items())
    print(f"“{dataset.name}” from version {found.first.number} to {until}: {counts}.")
    for kind in DiffKind:
        for row in rows[kind]:
            print(f"  example {row.example_id}, {kind}")
            for field in diff_contents(row.before, row.after) if row.before and row.after else ():
                if field.change is not Change.EQUAL:
                    print(f"    {field.name}: {''.join(MARKS[span.change].format(span.text) for span in field.spans)}")


def _restore(workspace: Workspace, dataset: Dataset, options: argparse.Namespace) -> None:
    if len(options.numbers) != 1:
        raise ConfigError("Which version is to be restored, is not said.", "Give its number.")
    done = restore_version(workspace, dataset.id, options.numbers[0], author=_author(options))
    if options.json:
        print_json({"status": "restored", "changed": done.changed, "batch": done.batch_id})
    else:
        print(f"{done.changed:,} examples of “{dataset.name}” were changed back.")


def _version_json(version: Version) -> dict[str, object]:
    return {
        "number": version.number,
        "name": version.name,
        "note": version.note,
        "author": version.author,
        "created_at": version.created_at.isoformat(),
        "examples": version.example_count,
    }


def _author(options: argparse.Namespace) -> str:
    if options.author:
        return str(options.author)
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # this user has no name
        raise ConfigError("Who does it, is not known.", "Say it with --author.") from None


def trash_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``trash`` takes."""
    parser.add_argument("action", choices=["list", "put", "restore", "purge"])
    parser.add_argument("dataset", nargs="?", help="put: id or name; restore, purge: id")
    parser.add_argument("--all", action="store_true", help="purge: all that is in the trash")
    parser.add_argument("--older-than", type=float, default=0, metavar="DAYS", help="purge --all: put there before")


def trash(options: argparse.Namespace) -> int:
    """The deleted datasets: list them, delete one, bring it back, or take it away for good."""
    if options.action != "list" and not options.dataset and not (options.action == "purge" and options.all):
        raise ConfigError("Which dataset is meant, is not said.", "Give its id; for all: purge --all.")
    workspace = open_workspace(settings_of(options))
    try:
        _say(_move(workspace, options), options)
        return DONE
    finally:
        workspace.close()


def _move(workspace: Workspace, options: argparse.Namespace) -> list[Dataset]:
    """Do it; returns the datasets that it is about."""
    match options.action:
        case "put":
            dataset = find_dataset(workspace, options.dataset)
            trash_actions.delete_dataset(workspace, dataset.id)
            return [dataset]
        case "restore":
            return [trash_actions.restore_dataset(workspace, _id(options.dataset))]
        case "purge" if options.all:
            return trash_actions.purge_trash(workspace, older_than_days=options.older_than)
        case "purge":
            return [trash_actions.purge_dataset(workspace, _id(options.dataset))]
        case _:
            return trash_actions.get_trash(workspace)


def _id(text: str) -> int:
    if not text.strip().isdecimal():
        raise NotFoundError(f"“{text}” is no dataset in the trash.", "Give the number that `trash list` shows.")
    return int(text)


def _say(datasets: list[Dataset], options: argparse.Namespace) -> None:
    if options.json:
        rows = [{"id": each.id, "name": each.name, "examples": each.example_count} for each in datasets]
        print_json({"action": options.action, "datasets": rows})
    elif options.action == "list":
        print_table(
            ["id", "name", "examples", "deleted (UTC)"],
            [[d.id, d.name, d.example_count, f"{d.deleted_at:%Y-%m-%d %H:%M}"] for d in datasets],
        )
    else:
        done = {"put": "is in the trash", "restore": "is back", "purge": "is gone for good"}[options.action]
        for each in datasets:
            print(f"“{each.name}” ({each.example_count:,} examples) {done}.")
        if not datasets:
            print("There is nothing in the trash that is old enough.")
