"""What the tests of operations share: datasets of given texts, and what came of an operation."""

from collections.abc import Sequence
from typing import Any

from synthgen_core.actions.curation import Request, start, wait_for_datasets
from synthgen_core.database import NewDataset, NewExample
from synthgen_core.models import Dataset, Example, JsonObject
from synthgen_core.workspace import Workspace

SECONDS = 60.0


def chat(*texts: str) -> JsonObject:
    """A conversation, the user first."""
    return {"messages": [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(texts)]}


def instruction(text: str, output: str = "Done.") -> JsonObject:
    return {"instruction": text, "input": "", "output": output}


def add(
    workspace: Workspace,
    contents: Sequence[JsonObject],
    name: str = "a",
    format_type: str = "chat",
    metadata: Sequence[JsonObject] = (),
    **changes: Any,
) -> int:
    """A dataset of these contents, with its file."""
    new = NewDataset(name, "support", "returns", format_type, f"datasets/{name}.jsonl", **changes)
    dataset = workspace.database.create_dataset(new)
    rows = [NewExample(n, content, metadata[n] if metadata else {"n": n}) for n, content in enumerate(contents)]
    workspace.database.add_examples(dataset.id, rows)
    workspace.mirror.rewrite(dataset.id, dataset.file_path)
    return dataset.id


def do(workspace: Workspace, request: Request) -> list[Dataset]:
    """Do it, and wait for what is made."""
    return wait_for_datasets(workspace, start(workspace, request))


def rows(workspace: Workspace, dataset: Dataset) -> list[Example]:
    """Its active examples, which stand in its file as well."""
    found = workspace.database.get_dataset_examples(dataset.id, 30_000)
    assert workspace.mirror.is_equal(dataset.id, dataset.file_path)
    assert dataset.example_count == len(found)
    return found


def texts(workspace: Workspace, dataset: Dataset) -> list[str]:
    """What is asked first in each of its examples."""
    return [str(row.content["messages"][0]["content"]) for row in rows(workspace, dataset)]  # type: ignore[index, call-overload] # a conversation
