"""Versions, bulk changes and the trash: what a page calls, with the file following."""

from datetime import timedelta

import pytest

from synthgen_core.actions import datasets, examples, trash, versions
from synthgen_core.actions.curation import Duplicate
from synthgen_core.database import DiffKind
from synthgen_core.errors import ConfigError, NotFoundError
from synthgen_core.models import ExampleFilter, ExampleStatus, Origin
from synthgen_core.workspace import Workspace
from tests.core.actions.curating import add, chat, do, texts
from tests.core.actions.support import until


def follows(workspace: Workspace, dataset_id: int) -> None:
    """The file comes to hold what the database does."""
    dataset = workspace.database.get_dataset(dataset_id)
    until(lambda: workspace.mirror.is_equal(dataset.id, dataset.file_path))


def test_a_version_is_compared_and_restored_with_its_file(each_workspace: Workspace) -> None:
    workspace = each_workspace
    source = add(workspace, [chat(text, "yes") for text in "abc"])
    first = versions.make_version(workspace, source, name=" raw\n ", author=" ann ", note="x\0")
    assert (first.name, first.author, first.note) == ("raw", "ann", "x")
    ids = [row.id for row in datasets.get_dataset_examples(workspace, source)]
    removed = examples.set_status(workspace, source, ids[:1], ExampleStatus.REMOVED, author="ann")
    examples.update_example(workspace, ids[1], chat("B", "yes"), seen_revision=1, author="ann")
    second = versions.make_version(workspace, source, name="later", author="ann")
    follows(workspace, source)
    now = versions.compare(workspace, source, 1)
    backwards = versions.compare(workspace, source, second.number, 1)
    assert now.counts == backwards.counts == {DiffKind.ADDED: 0, DiffKind.REMOVED: 1, DiffKind.CHANGED: 1}
    assert (backwards.first, backwards.second, now.second) == (first, second, None)
    (changed,) = versions.get_differences(workspace, now, DiffKind.CHANGED)
    assert (changed.before, changed.after) == (chat("b", "yes"), chat("B", "yes"))
    done = versions.restore_version(workspace, source, 1, author="ben")
    assert done.changed == 2
    follows(workspace, source)
    assert texts(workspace, workspace.database.get_dataset(source)) == ["a", "b", "c"]
    examples.undo_batch(workspace, done.batch_id, author="ben")
    follows(workspace, source)
    assert texts(workspace, workspace.database.get_dataset(source)) == ["B", "c"]
    undone = examples.undo_batch(workspace, removed.batch_id, author="ben")
    assert (undone.changed, undone.skipped) == (1, 0), "it stands as the removal left it, whatever came in between"
    assert [r.operation for r in examples.get_revisions(workspace, ids[0])][:2] == ["created", "remove"]
    assert examples.get_flags(workspace, ids) == []


def test_what_is_not_there_or_has_no_name_is_told(workspace: Workspace) -> None:
    source = add(workspace, [chat("a", "1")])
    for act in (
        lambda: versions.compare(workspace, source, 1),
        lambda: versions.restore_version(workspace, source, 1, author="a"),
        lambda: versions.get_versions(workspace, 99),
        lambda: versions.make_version(workspace, 99, name="a", author="a"),
        lambda: examples.set_status(workspace, 99, [1], ExampleStatus.REMOVED, author="a"),
        lambda: examples.undo_batch(workspace, "x", author="a"),
        lambda: trash.purge_dataset(workspace, source),
        lambda: datasets.describe_dataset(workspace, 99),
        lambda: datasets.update_dataset(workspace, 99, name="x"),
    ):
        with pytest.raises(NotFoundError):
            act()
    for wrong in (
        lambda: versions.make_version(workspace, source, name=" ", author="a"),
        lambda: versions.make_version(workspace, source, name="a", author=""),
        lambda: versions.restore_version(workspace, source, 1, author=" "),
        lambda: examples.set_status(workspace, source, [], ExampleStatus.REMOVED, author=" "),
        lambda: examples.undo_batch(workspace, "x", author=""),
        lambda: datasets.update_dataset(workspace, source, name=" "),
        lambda: datasets.update_dataset(workspace, source, tags=[str(n) for n in range(51)]),
        lambda: datasets.get_datasets(workspace, sort="size"),
        lambda: trash.purge_trash(workspace, older_than_days=-1),
    ):
        with pytest.raises(ConfigError):
            wrong()


def test_a_description_has_parents_and_figures(workspace: Workspace) -> None:
    source = add(workspace, [chat("a", "1"), chat("b", "2", "c", "3")], metadata=[{"language": "en"}, {}])
    found = datasets.describe_dataset(workspace, source)
    assert (found.dataset.id, found.summary.scored, found.parents, found.children) == (source, 0, [], [])
    assert found.details.turns.bars == ((2, 1), (3, 0), (4, 1))
    assert found.details.languages == {"": 1, "en": 1}


def test_tags_are_kept_once_and_found_in_lists(workspace: Workspace) -> None:
    source = add(workspace, [chat("a", "1")], origin=Origin.IMPORTED)
    changed = datasets.update_dataset(workspace, source, tags=["Gold ", "gold", "gold", "", "été", "x" * 99])
    assert changed.tags == ("Gold", "gold", "été", "x" * 60)
    assert datasets.update_dataset(workspace, source, description="new").tags == changed.tags
    for text in ("GOLD", "ÉTÉ", "new"):
        assert datasets.get_datasets(workspace, text=text).total == 1
    assert datasets.get_datasets(workspace, text="silver").total == 0
    assert datasets.get_datasets(workspace, origin=Origin.IMPORTED).total == 1
    assert datasets.get_datasets(workspace, origin=Origin.MERGED).total == 0


def test_examples_are_listed_and_counted_by_a_filter(workspace: Workspace) -> None:
    source = add(workspace, [chat(text, "yes") for text in "abc"])
    chosen = ExampleFilter(text="B\0")
    assert [row.example_index for row in datasets.get_dataset_examples(workspace, source, filter=chosen)] == [1]
    assert datasets.count_examples(workspace, source, chosen) == 1


def test_lists_are_sorted_by_what_is_measured(workspace: Workspace) -> None:
    ids = [add(workspace, [chat("a", "1")], name) for name in ("low", "high")]
    with workspace.database.engine.begin() as connection:
        for dataset_id, score in zip(ids, (3, 8), strict=True):
            connection.exec_driver_sql(f"UPDATE examples SET quality_score = {score} WHERE dataset_id = {dataset_id}")
    page = datasets.get_datasets(workspace, sort="mean_score")
    assert [row.name for row in page.rows] == ["high", "low"]
    assert [page.summaries[row.id].mean_score for row in page.rows] == [8.0, 3.0]


def test_the_trash_is_emptied_of_what_is_old_enough(workspace: Workspace) -> None:
    old, new = add(workspace, [chat("a", "1")], "old"), add(workspace, [chat("b", "2")], "new")
    for each in (old, new):
        trash.delete_dataset(workspace, each)
    moment = workspace.database.get_dataset(old, is_deleted=True).deleted_at
    assert moment is not None
    with workspace.database.engine.begin() as connection:
        before = str((moment - timedelta(days=40)).replace(tzinfo=None))
        connection.exec_driver_sql("UPDATE datasets SET deleted_at = ? WHERE id = ?", (before, old))
    assert [d.name for d in trash.get_trash(workspace)] == ["new", "old"]
    assert [d.name for d in trash.purge_trash(workspace, older_than_days=30)] == ["old"]
    assert trash.restore_dataset(workspace, new).example_count == 1
    follows(workspace, new)
    assert trash.purge_trash(workspace) == []


def test_a_new_dataset_does_not_take_the_file_of_one_in_the_trash(workspace: Workspace) -> None:
    source = add(workspace, [chat("a", "1")], "one")
    made: list[int] = []
    for _ in range(3):  # within one second, by which files are named
        (copy,) = do(workspace, Duplicate(source))
        trash.delete_dataset(workspace, copy.id)
        made.append(copy.id)
    restored = [trash.restore_dataset(workspace, each) for each in made]
    assert len({dataset.file_path for dataset in restored}) == 3
    for dataset in restored:
        assert texts(workspace, dataset) == ["a"]
