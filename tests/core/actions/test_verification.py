"""An export can be written again byte for byte; and whatever no longer agrees is found."""

from pathlib import Path

import orjson
import pytest
import sqlalchemy as sa

from synthgen_core.actions.export_plans import ExportRequest
from synthgen_core.actions.exports import write_export
from synthgen_core.actions.verification import reproduce_export, verify_dataset
from synthgen_core.database.tables import datasets, examples, exports
from synthgen_core.errors import ConfigError, DatabaseError, NotFoundError
from synthgen_core.models import ExampleStatus
from synthgen_core.targets import TARGETS
from synthgen_core.workspace import Workspace
from tests.core.actions.exporting import everything, fill, ids_of, mixed
from tests.core.targets.support import said


@pytest.mark.parametrize("target", [name for name, target in TARGETS.items() if "chat" in target.formats])
def test_an_export_is_written_again_byte_for_byte_whatever_became_of_its_dataset(
    workspace: Workspace, tmp_path: Path, target: str
) -> None:
    dataset_id = mixed(workspace)
    ids = ids_of(workspace, dataset_id)
    workspace.database.update_example(ids[0], said("edited", "before"), seen_revision=1, author="Ann")
    request = ExportRequest(dataset_id, target, licence="mit", skip_invalid=True, split=(60, 20, 20), seed=5)
    write_export(workspace, request, tmp_path / "first")
    workspace.database.update_example(ids[0], said("edited", "after"), seen_revision=2, author="Ann")
    workspace.database.update_example(ids[1], said("also", "edited"), seen_revision=1, author="Ann")
    workspace.database.set_status(dataset_id, ids[2:5], ExampleStatus.REMOVED, author="Ann")
    workspace.database.update_dataset(dataset_id, name="Another name")
    again = reproduce_export(workspace, tmp_path / "first" / "manifest.json", tmp_path / "again")
    assert everything(tmp_path / "again") == everything(tmp_path / "first")
    assert again.verified == again.rows > 0


def test_a_single_file_is_written_again_under_its_own_name(workspace: Workspace, tmp_path: Path) -> None:
    write_export(workspace, ExportRequest(mixed(workspace), "csv"), tmp_path / "a.csv")
    manifest, folder = tmp_path / "a.csv.manifest.json", tmp_path / "again"
    folder.mkdir()
    reproduce_export(workspace, manifest, folder)
    assert everything(folder) == {name: (tmp_path / name).read_bytes() for name in ("a.csv", "a.csv.manifest.json")}
    with pytest.raises(ConfigError, match=r"calls the file a\.csv, not b\.csv"):
        reproduce_export(workspace, manifest, tmp_path / "b.csv")
    with pytest.raises(ConfigError, match="is there already"):
        reproduce_export(workspace, manifest, folder)


def test_pairs_from_edits_are_written_again_as_they_were(workspace: Workspace, tmp_path: Path) -> None:
    dataset_id = fill(workspace, [said("a", "b")])
    example_id = ids_of(workspace, dataset_id)[0]
    workspace.database.update_example(example_id, said("a", "better"), seen_revision=1, author="Ann")
    write_export(workspace, ExportRequest(dataset_id, "trl_preference"), tmp_path / "a.jsonl")
    workspace.database.update_example(example_id, said("a", "best"), seen_revision=2, author="Ann")
    (tmp_path / "again").mkdir()
    reproduce_export(workspace, tmp_path / "a.jsonl.manifest.json", tmp_path / "again")
    assert (tmp_path / "again" / "a.jsonl").read_bytes() == (tmp_path / "a.jsonl").read_bytes()


def test_bytes_that_cannot_be_made_again_are_not_passed_off_as_the_same(workspace: Workspace, tmp_path: Path) -> None:
    write_export(workspace, ExportRequest(mixed(workspace), "openai_chat"), tmp_path / "a.jsonl")
    with workspace.database.engine.begin() as connection:  # as another version of the app would have written it
        files = connection.execute(sa.select(exports.c.files)).scalar_one()
        files[0]["sha256"] = "0" * 64
        connection.execute(sa.update(exports).values(files=files, app_version="0.9"))
    manifest = orjson.loads((tmp_path / "a.jsonl.manifest.json").read_bytes())
    manifest |= {"files": files, "app": "SynthGen 0.9"}
    (tmp_path / "a.jsonl.manifest.json").write_bytes(orjson.dumps(manifest))
    (tmp_path / "again").mkdir()
    with pytest.raises(DatabaseError, match=r"written by version 0\.9"):
        reproduce_export(workspace, tmp_path / "a.jsonl.manifest.json", tmp_path / "again")
    assert not list((tmp_path / "again").iterdir())


def test_a_manifest_of_another_database_is_not_mistaken_for_ours(workspace: Workspace, tmp_path: Path) -> None:
    write_export(workspace, ExportRequest(mixed(workspace), "jsonl"), tmp_path / "a.jsonl")
    path = tmp_path / "a.jsonl.manifest.json"
    manifest = orjson.loads(path.read_bytes())
    for changed in ({**manifest, "export": 99}, {**manifest, "created_at": "2020-01-01T00:00:00+00:00"}):
        path.write_bytes(orjson.dumps(changed))
        with pytest.raises(NotFoundError):
            reproduce_export(workspace, path, tmp_path / "again")


@pytest.mark.parametrize("text", [b"{", b"[]", b"{}", b'{"export": "1", "files": []}'])
def test_what_is_no_manifest_is_told(workspace: Workspace, tmp_path: Path, text: bytes) -> None:
    (tmp_path / "m.json").write_bytes(text)
    with pytest.raises(ConfigError, match=r"m\.json is not"):
        reproduce_export(workspace, tmp_path / "m.json", tmp_path / "again")
    with pytest.raises(ConfigError, match="cannot be read"):
        reproduce_export(workspace, tmp_path / "absent.json", tmp_path / "again")


# -- verify


def test_what_agrees_is_said_to_agree_with_what_was_compared(each_workspace: Workspace, tmp_path: Path) -> None:
    dataset_id = mixed(each_workspace)
    write_export(each_workspace, ExportRequest(dataset_id, "parquet"), tmp_path / "a.parquet")
    found = verify_dataset(each_workspace, dataset_id, tmp_path / "a.parquet.manifest.json")
    assert found.differences == ()
    assert found.examples == 12
    assert len(found.checked) == 4


def test_a_text_that_was_changed_in_the_database_is_found(workspace: Workspace) -> None:
    dataset_id = mixed(workspace)
    example_id = ids_of(workspace, dataset_id)[3]
    with workspace.database.engine.begin() as connection:
        changed = sa.update(examples).where(examples.c.id == example_id).values(content=said("not", "mine"))
        connection.execute(changed)
    differences = verify_dataset(workspace, dataset_id).differences
    assert f"fingerprints say: {example_id}." in differences[0]
    assert "is not what the database holds" in differences[1]


def test_a_wrong_count_and_a_changed_file_are_found(workspace: Workspace) -> None:
    dataset_id = mixed(workspace)
    dataset = workspace.database.get_dataset(dataset_id)
    with workspace.database.engine.begin() as connection:
        connection.execute(sa.update(datasets).values(example_count=11))
    workspace.mirror.path(dataset.file_path).write_text("{}\n")
    counted, file = verify_dataset(workspace, dataset_id).differences
    assert "counts 11 active examples, and has 12" in counted
    assert dataset.file_path in file


def test_an_exported_file_that_was_changed_or_is_gone_is_found(workspace: Workspace, tmp_path: Path) -> None:
    dataset_id = mixed(workspace)
    write_export(workspace, ExportRequest(dataset_id, "openai_chat", split=(50, 50)), tmp_path / "a")
    (tmp_path / "a" / "train.jsonl").write_text("{}\n")
    (tmp_path / "a" / "validation.jsonl").unlink()
    changed, gone = verify_dataset(workspace, dataset_id, tmp_path / "a" / "manifest.json").differences
    assert "train.jsonl is not what was written" in changed
    assert "validation.jsonl is not there" in gone


def test_a_manifest_of_another_dataset_or_database_is_a_difference(workspace: Workspace, tmp_path: Path) -> None:
    first, second = mixed(workspace), fill(workspace, [said("a", "b")], name="Other")
    write_export(workspace, ExportRequest(first, "jsonl"), tmp_path / "a.jsonl")
    path = tmp_path / "a.jsonl.manifest.json"
    assert f"of dataset {first}, not of {second}" in verify_dataset(workspace, second, path).differences[0]
    path.write_bytes(path.read_bytes().replace(b'"target": "jsonl"', b'"target": "csv"'))
    assert "another export" in verify_dataset(workspace, first, path).differences[0]
