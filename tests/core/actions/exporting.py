"""What the tests of exports share: datasets that are worth exporting, and their files as they were written."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from synthgen_core.database import NewDataset, NewExample
from synthgen_core.models import JsonObject
from synthgen_core.workspace import Workspace
from tests.core.targets.support import TOOL_CHAT, said

BY_MODEL: JsonObject = {"model": "gemma3:27b", "language": "en", "parameters": {"tone": "calm"}}


def fill(
    workspace: Workspace,
    contents: Sequence[JsonObject],
    *,
    name: str = "Returns",
    format_type: str = "chat",
    metadata: JsonObject = BY_MODEL,
) -> int:
    """A dataset of these examples, with its file."""
    path = f"datasets/{name.lower()}.jsonl"
    dataset = workspace.database.create_dataset(NewDataset(name, "support", "returns", format_type, path))
    new = [NewExample(n, content, metadata) for n, content in enumerate(contents)]
    workspace.database.add_examples(dataset.id, new)
    workspace.mirror.rewrite(dataset.id, dataset.file_path)
    return dataset.id


def chats(count: int) -> list[JsonObject]:
    """Conversations that are unlike one another."""
    return [said(*(" ".join(f"{side}{n}word{k}" for k in range(12)) for side in "qa")) for n in range(count)]


def mixed(workspace: Workspace) -> int:
    """Ten short conversations, a long one, and one that calls a tool."""
    return fill(workspace, [*chats(10), said("a", "b", "c", "d"), TOOL_CHAT])


def ids_of(workspace: Workspace, dataset_id: int) -> list[int]:
    return [example.id for example in workspace.database.get_dataset_examples(dataset_id, limit=1000)]


def rows(path: Path) -> list[Any]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def everything(folder: Path) -> dict[str, bytes]:
    """Name -> bytes of all files of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
