"""Datasets are listed, found, downloaded and written where the user says."""

from pathlib import Path

import pytest

from synthgen_core.actions import datasets, jobs, trash
from synthgen_core.errors import (
    ConfigError,
    DatabaseError,
    NotFoundError,
)
from synthgen_core.workspace import Workspace
from tests.core.actions.support import add_dataset, lines


def test_lists_are_filtered_by_any_name_of_a_domain_and_paged(workspace: Workspace) -> None:
    for n in range(45):
        add_dataset(workspace, f"set {n:02}", domain="support" if n % 3 else "medical")
    page = datasets.get_datasets(workspace, "Customer Support", "CHAT", sort="name", is_descending=False, page=2)
    assert (len(page.rows), page.total, page.rows[0].name) == (10, 30, "set 31")
    assert datasets.get_datasets(workspace, page=0).rows == datasets.get_datasets(workspace).rows
    assert datasets.get_datasets(workspace, page=9).rows == []
    assert datasets.get_datasets(workspace, text="SET 07").total == 1
    for domain, format_type in (("suport", None), (None, "chatt")):
        with pytest.raises(NotFoundError, match="Did you mean"):
            datasets.get_datasets(workspace, domain, format_type)


def test_a_dataset_is_found_by_number_and_by_name(workspace: Workspace) -> None:
    older, newer = add_dataset(workspace, "Same"), add_dataset(workspace, "same ", file_path="datasets/b.jsonl")
    workspace.database.update_dataset(newer, name="same")
    assert datasets.find_dataset(workspace, f" {older} ").id == older
    assert datasets.find_dataset(workspace, "SAME").id == newer
    for wrong, said in (("sam", "Did you mean"), ("999", "999"), ("²", "²"), ("9" * 30, "number")):
        with pytest.raises(NotFoundError, match=said):
            datasets.find_dataset(workspace, wrong)


def test_a_download_holds_the_latest_edit(workspace: Workspace) -> None:
    dataset_id = add_dataset(workspace)
    example = datasets.get_dataset_examples(workspace, dataset_id)[0]
    workspace.database.update_example(example.id, {"messages": []}, seen_revision=1, author="ann")
    workspace.mirror.rewrite_soon(dataset_id, "datasets/a.jsonl")
    assert lines(workspace, dataset_id)[0]["messages"] == []
    with pytest.raises(NotFoundError):
        datasets.download_dataset(workspace, 999)


def test_a_dataset_is_written_where_the_user_says(workspace: Workspace, tmp_path: Path) -> None:
    dataset_id, empty = add_dataset(workspace, "full", 3), add_dataset(workspace, "empty", 0)
    out = tmp_path / "new" / "out.jsonl"
    assert datasets.save_dataset_to_jsonl(workspace, dataset_id, out) == 3
    assert out.read_bytes() == workspace.mirror.path("datasets/full.jsonl").read_bytes()
    with pytest.raises(ConfigError, match="no examples"):
        datasets.save_dataset_to_jsonl(workspace, empty, out)
    with pytest.raises(DatabaseError):
        datasets.save_dataset_to_jsonl(workspace, dataset_id, tmp_path)
    with pytest.raises(NotFoundError):
        datasets.save_dataset_to_jsonl(workspace, 999, out)
    assert len(out.read_bytes().splitlines()) == 3


def test_what_is_not_there_is_told_and_nothing_changes(workspace: Workspace) -> None:
    for act in (
        lambda: datasets.get_dataset_details(workspace, 9),
        lambda: datasets.get_dataset_examples(workspace, 9),
        lambda: trash.delete_dataset(workspace, 9),
        lambda: trash.restore_dataset(workspace, 9),
        lambda: datasets.rename_dataset(workspace, 9, "x"),
        lambda: jobs.get_job(workspace, 9),
        lambda: jobs.cancel_task(workspace, 9),
        lambda: jobs.resume_task(workspace, 9),
        lambda: jobs.delete_task(workspace, 9),
        lambda: jobs.find_job(workspace, "latest"),
        lambda: jobs.find_job(workspace, "²"),
        lambda: jobs.find_job(workspace, "9" * 30),
        lambda: jobs.find_job(workspace, "mine"),
    ):
        with pytest.raises(NotFoundError):
            act()
