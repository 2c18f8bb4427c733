"""Editing an example: validated, revised, refused when stale, and mirrored within two seconds."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from synthgen_core.actions.datasets import download_dataset
from synthgen_core.actions.examples import get_example, update_example
from synthgen_core.actions.trash import delete_dataset
from synthgen_core.database import NewDataset, NewExample
from synthgen_core.errors import ConfigError, ConflictError, InvalidExampleError, NotFoundError
from synthgen_core.models import Dataset, JsonObject, Origin
from synthgen_core.settings import Settings
from synthgen_core.workspace import Workspace, open_workspace

WITHIN_SECONDS = 2.0
SLOW_MACHINE = 8.0


def chat(answer: str) -> JsonObject:
    return {"messages": [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": answer}]}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    opened = open_workspace(Settings(data_dir=tmp_path))
    yield opened
    opened.close()


@pytest.fixture
def dataset(workspace: Workspace) -> Dataset:
    path = workspace.mirror.claim("support", datetime.now(UTC))
    made = workspace.database.create_dataset(NewDataset("Set", "support", "technical_support", "chat", path))
    workspace.database.add_examples(made.id, [NewExample(n, chat(f"Answer {n}."), {}) for n in range(3)])
    workspace.mirror.rewrite(made.id, path)
    return workspace.database.get_dataset(made.id)


def first_id(workspace: Workspace, dataset: Dataset) -> int:
    return workspace.database.get_dataset_examples(dataset.id)[0].id


def test_an_edit_reaches_the_file_by_itself(workspace: Workspace, dataset: Dataset) -> None:
    update_example(workspace, first_id(workspace, dataset), chat("Because."), seen_revision=1, author="Ada")
    path = workspace.mirror.path(dataset.file_path)
    end = time.monotonic() + WITHIN_SECONDS + SLOW_MACHINE
    while b"Because." not in path.read_bytes() and time.monotonic() < end:
        time.sleep(0.02)
    lines = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    assert [line["messages"][1]["content"] for line in lines] == ["Because.", "Answer 1.", "Answer 2."]


def test_a_download_right_after_an_edit_holds_it(workspace: Workspace, dataset: Dataset) -> None:
    update_example(workspace, first_id(workspace, dataset), chat("At once."), seen_revision=1, author="Ada")
    assert b"At once." in download_dataset(workspace, dataset.id).read_bytes()


def test_an_edit_is_stored_as_it_was_written(workspace: Workspace, dataset: Dataset) -> None:
    text = "Line\u2028one\n\n```python\nx = 1\n```  \nمرحبا 👋"
    changed = update_example(workspace, first_id(workspace, dataset), chat(text), seen_revision=1, author="Ada")
    assert changed.revision == 2
    assert get_example(workspace, changed.id, dataset.id).content == chat(text)


@pytest.mark.parametrize(
    "content",
    [
        {"content": chat("Nested.")},
        {"messages": []},
        {"messages": [{"role": "user", "content": "Why?"}]},
        {"instruction": "Why?", "output": "So."},
    ],
)
def test_an_edit_that_is_no_example_of_the_format_is_refused(
    workspace: Workspace, dataset: Dataset, content: JsonObject
) -> None:
    example_id = first_id(workspace, dataset)
    with pytest.raises(InvalidExampleError):
        update_example(workspace, example_id, content, seen_revision=1, author="Ada")
    assert get_example(workspace, example_id).content == chat("Answer 0.")


def test_what_was_imported_may_be_edited_as_freely_as_it_came(workspace: Workspace, dataset: Dataset) -> None:
    free: JsonObject = {"messages": [{"role": "user", "content": "Why?", "name": "Ann"}]}
    path = workspace.mirror.claim("imported", datetime.now(UTC))
    new = NewDataset("Set", "", "", "chat", path, origin=Origin.IMPORTED)
    imported = workspace.database.create_dataset(new)
    workspace.database.add_examples(imported.id, [NewExample(0, chat("Answer."), {})])
    edited = update_example(workspace, first_id(workspace, imported), free, seen_revision=1, author="Ada")
    assert edited.content == free
    with pytest.raises(InvalidExampleError):
        update_example(workspace, first_id(workspace, dataset), free, seen_revision=1, author="Ada")
    with pytest.raises(InvalidExampleError):
        update_example(workspace, edited.id, {"messages": []}, seen_revision=2, author="Ada")


def test_a_stale_edit_is_refused_and_changes_nothing(workspace: Workspace, dataset: Dataset) -> None:
    example_id = first_id(workspace, dataset)
    update_example(workspace, example_id, chat("First."), seen_revision=1, author="Ada")
    with pytest.raises(ConflictError, match="revision"):
        update_example(workspace, example_id, chat("Second."), seen_revision=1, author="Ben")
    assert get_example(workspace, example_id).content == chat("First.")


def test_an_edit_needs_an_author(workspace: Workspace, dataset: Dataset) -> None:
    with pytest.raises(ConfigError, match="author"):
        update_example(workspace, first_id(workspace, dataset), chat("x"), seen_revision=1, author=" ")


def test_an_example_of_a_deleted_dataset_cannot_be_edited(workspace: Workspace, dataset: Dataset) -> None:
    example_id = first_id(workspace, dataset)
    delete_dataset(workspace, dataset.id)
    with pytest.raises(NotFoundError):
        update_example(workspace, example_id, chat("x"), seen_revision=1, author="Ada")


def test_an_example_is_found_only_in_its_own_dataset(workspace: Workspace, dataset: Dataset) -> None:
    with pytest.raises(NotFoundError, match="dataset"):
        get_example(workspace, first_id(workspace, dataset), dataset.id + 1)
