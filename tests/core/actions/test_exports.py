"""Exports: what they come to is said first; what is written is whole, verified and can be written again."""

import hashlib
import os
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from synthgen_core.actions.export_plans import ExportRequest, get_targets, plan_export
from synthgen_core.actions.exports import download_export, list_exports, write_export
from synthgen_core.errors import ConfigError, DatabaseError, NotFoundError
from synthgen_core.models import ExampleFilter, ExampleStatus
from synthgen_core.targets import TARGETS
from synthgen_core.workspace import Workspace
from tests.core.actions.exporting import BY_MODEL, chats, everything, fill, ids_of, mixed, rows
from tests.core.targets.support import INSTRUCTION, PAIR, said
from tests.support.reviews import review


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_is_written_read_back_and_listed(each_workspace: Workspace, tmp_path: Path, name: str) -> None:
    target = TARGETS[name]
    is_pair = target.formats == ("preference",)
    dataset_id = fill(each_workspace, [PAIR], format_type="preference") if is_pair else mixed(each_workspace)
    request = ExportRequest(dataset_id, name, licence="mit", skip_invalid=True)
    plan = plan_export(each_workspace, request)
    result = write_export(each_workspace, request, tmp_path / "out")
    assert result.rows == result.verified == plan.rows > 0
    folder = tmp_path / "out" if target.is_folder else tmp_path
    for file in result.files:
        content = (folder / file.name).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (file.sha256, file.size)
    assert [export.id for export in list_exports(each_workspace, dataset_id)] == [result.export_id]


def test_the_plan_says_what_is_left_out_and_what_is_refused_and_all_of_it_adds_up(workspace: Workspace) -> None:
    dataset_id = mixed(workspace)
    plan = plan_export(workspace, ExportRequest(dataset_id, "alpaca"))
    assert (plan.matched, plan.examples, plan.left_out, plan.refused) == (12, 10, 2, 0)
    assert {told.reason: told.count for told in plan.omissions} == {"several_exchanges": 1, "tools_used": 1}
    assert plan_export(workspace, ExportRequest(dataset_id, "alpaca", strategy="per-turn")).rows == 12
    plan = plan_export(workspace, ExportRequest(dataset_id, "unsloth"))
    assert (plan.matched, plan.examples, plan.refused) == (12, 11, 1)
    assert {refusal.reason: refusal.examples for refusal in plan.refusals} == {
        "unknown_role": [ids_of(workspace, dataset_id)[-1]],
        "not_plain": [ids_of(workspace, dataset_id)[-1]],
    }


def test_nothing_is_written_while_the_target_refuses_a_row_unless_told_to_leave_it_out(
    workspace: Workspace, tmp_path: Path
) -> None:
    request = ExportRequest(mixed(workspace), "unsloth")
    with pytest.raises(ConfigError, match="refuses 1 of 12 examples"):
        write_export(workspace, request, tmp_path / "a.jsonl")
    assert not list(tmp_path.glob("a*"))
    assert write_export(workspace, replace(request, skip_invalid=True), tmp_path / "a.jsonl").rows == 11


def test_an_empty_export_is_refused_with_the_cause(workspace: Workspace, tmp_path: Path) -> None:
    empty = fill(workspace, [])
    with pytest.raises(ConfigError, match="No example matches"):
        write_export(workspace, ExportRequest(empty, "jsonl"), tmp_path / "a.jsonl")
    long = fill(workspace, [said("a", "b", "c", "d")], name="Long")
    with pytest.raises(ConfigError, match="No row would be left"):
        write_export(workspace, ExportRequest(long, "alpaca"), tmp_path / "a.jsonl")
    assert not list(tmp_path.glob("a*"))


def test_only_active_examples_leave_unless_asked(workspace: Workspace, tmp_path: Path) -> None:
    dataset_id = fill(workspace, chats(3))
    ids = ids_of(workspace, dataset_id)
    workspace.database.set_status(dataset_id, ids[:1], ExampleStatus.REMOVED, author="Ann")
    everyone = ExampleFilter(statuses=())
    assert plan_export(workspace, ExportRequest(dataset_id, "jsonl")).matched == 2
    assert plan_export(workspace, ExportRequest(dataset_id, "jsonl", everyone)).matched == 3
    review(workspace.database, ids[1:2])
    reviewed = ExportRequest(dataset_id, "openai_chat", ExampleFilter(is_reviewed=True))
    write_export(workspace, reviewed, tmp_path / "a.jsonl")
    assert rows(tmp_path / "a.jsonl") == chats(3)[1:2]


def test_a_version_leaves_as_it_was(workspace: Workspace, tmp_path: Path) -> None:
    dataset_id = fill(workspace, chats(3))
    ids = ids_of(workspace, dataset_id)
    version = workspace.database.create_version(dataset_id, name="first", author="Ann")
    workspace.database.update_example(ids[0], said("new", "text"), seen_revision=1, author="Ann")
    workspace.database.set_status(dataset_id, ids[1:2], ExampleStatus.REMOVED, author="Ann")
    request = ExportRequest(dataset_id, "openai_chat", version=version.number)
    write_export(workspace, request, tmp_path / "a.jsonl")
    assert rows(tmp_path / "a.jsonl") == chats(3)
    with pytest.raises(NotFoundError, match="no version 9"):
        plan_export(workspace, replace(request, version=9))
    with pytest.raises(ConfigError, match="cannot be searched"):
        plan_export(workspace, replace(request, filter=ExampleFilter(text="a")))


def test_a_split_is_seeded_complete_and_keeps_what_is_alike_on_one_side(workspace: Workspace, tmp_path: Path) -> None:
    dataset_id = fill(workspace, [*chats(60), *chats(20)])  # twenty of them twice
    request = ExportRequest(dataset_id, "openai_chat", split=(80, 10, 10), seed=3)
    plan = plan_export(workspace, request)
    assert sum(plan.per_split.values()) == 80
    assert list(plan.per_split) == ["train", "validation", "test"]
    write_export(workspace, request, tmp_path / "a")
    write_export(workspace, request, tmp_path / "again")
    parts = [rows(tmp_path / "a" / f"{name}.jsonl") for name in plan.per_split]
    assert [len(part) for part in parts] == list(plan.per_split.values()) == [64, 8, 8]
    texts = [{orjson.dumps(row) for row in part} for part in parts]
    assert not texts[0] & texts[1]
    assert not texts[0] & texts[2]
    assert not texts[1] & texts[2]
    hashes = [orjson.loads((tmp_path / name / "manifest.json").read_bytes())["files"] for name in ("a", "again")]
    assert hashes[0] == hashes[1]
    write_export(workspace, replace(request, seed=4), tmp_path / "other")
    assert everything(tmp_path / "other")["test.jsonl"] != everything(tmp_path / "a")["test.jsonl"]


def test_a_split_that_makes_no_whole_is_refused_before_anything(workspace: Workspace) -> None:
    with pytest.raises(ConfigError, match="makes 110 %"):
        plan_export(workspace, ExportRequest(mixed(workspace), "jsonl", split=(80, 30)))


def test_rows_of_one_conversation_stay_in_one_part(workspace: Workspace, tmp_path: Path) -> None:
    long = [said(*(f"{n} {side}{k}" for k in range(3) for side in "qa")) for n in range(20)]
    dataset_id = fill(workspace, long)
    request = ExportRequest(dataset_id, "alpaca", strategy="per_turn", split=(50, 50))
    write_export(workspace, request, tmp_path / "a")
    files = (tmp_path / "a" / "train.jsonl", tmp_path / "a" / "validation.jsonl")
    parts = [{row["output"].split()[0] for row in rows(path)} for path in files]
    assert not parts[0] & parts[1]
    assert len(parts[0] | parts[1]) == 20


def test_the_manifest_says_what_was_taken_of_what_and_by_whom_it_was_written(
    workspace: Workspace, tmp_path: Path
) -> None:
    dataset_id = mixed(workspace)
    result = write_export(workspace, ExportRequest(dataset_id, "openai_chat"), tmp_path / "a.jsonl")
    manifest = orjson.loads((tmp_path / "a.jsonl.manifest.json").read_bytes())
    assert manifest == orjson.loads(result.manifest)
    assert manifest["dataset"]["id"] == dataset_id
    assert manifest["generator_models"] == {"gemma3:27b": 12}
    assert manifest["counts"]["matched"] == manifest["counts"]["rows"] == manifest["counts"]["verified"] == 12
    assert manifest["filter"]["statuses"] == ["active"]
    assert manifest["files"][0]["sha256"] == hashlib.sha256((tmp_path / "a.jsonl").read_bytes()).hexdigest()


def test_fewer_rows_than_openai_takes_are_warned_of(workspace: Workspace) -> None:
    plan = plan_export(workspace, ExportRequest(fill(workspace, chats(9)), "openai_chat"))
    assert "10 rows or more, and these are 9" in plan.warnings[0]
    assert not plan.problem


def test_a_card_needs_a_licence_that_is_given_and_never_invented(workspace: Workspace, tmp_path: Path) -> None:
    request = ExportRequest(fill(workspace, chats(3)), "hugging_face")
    for licence in ("", "two words", "- x\ntags"):
        with pytest.raises(ConfigError, match="licence"):
            write_export(workspace, replace(request, licence=licence), tmp_path / "a")
    write_export(workspace, replace(request, licence="cc-by-4.0"), tmp_path / "a")
    assert "license: cc-by-4.0" in (tmp_path / "a" / "README.md").read_text()


def test_files_that_are_there_are_replaced_only_when_told(workspace: Workspace, tmp_path: Path) -> None:
    request = ExportRequest(fill(workspace, chats(3)), "jsonl")
    (tmp_path / "a.jsonl").write_text("mine")
    with pytest.raises(ConfigError, match="is there already"):
        write_export(workspace, request, tmp_path / "a.jsonl")
    assert (tmp_path / "a.jsonl").read_text() == "mine"
    write_export(workspace, request, tmp_path / "a.jsonl", overwrite=True)
    assert len(rows(tmp_path / "a.jsonl")) == 3
    folder = replace(request, target="llama_factory")
    write_export(workspace, folder, tmp_path / "f")
    with pytest.raises(ConfigError, match="holds an export"):
        write_export(workspace, folder, tmp_path / "f")
    write_export(workspace, folder, tmp_path / "f", overwrite=True)
    (tmp_path / "f" / "thesis.doc").write_text("mine")
    with pytest.raises(ConfigError, match="not of an export"):
        write_export(workspace, folder, tmp_path / "f", overwrite=True)


def test_what_the_disk_does_not_take_leaves_no_export_behind(workspace: Workspace, tmp_path: Path) -> None:
    dataset_id = fill(workspace, chats(3))
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseError, match="cannot be written"):
        write_export(workspace, ExportRequest(dataset_id, "jsonl"), tmp_path / "file" / "a.jsonl")
    assert list_exports(workspace, dataset_id) == []


def test_pairs_come_from_what_people_made_of_a_model_s_answers(workspace: Workspace, tmp_path: Path) -> None:
    contents = [said(f"question {n}", f"answer {n}") for n in range(4)]
    dataset_id = fill(workspace, contents)
    ids = ids_of(workspace, dataset_id)
    with pytest.raises(ConfigError, match="no person has edited"):
        write_export(workspace, ExportRequest(dataset_id, "trl_preference"), tmp_path / "a.jsonl")
    for n, text in ((0, "better"), (1, "good")):
        workspace.database.update_example(ids[n], said(f"question {n}", text), seen_revision=1, author="Ann")
    workspace.database.update_example(ids[2], said("other question", "x"), seen_revision=1, author="Ann")
    request = ExportRequest(dataset_id, "trl_preference")
    plan = plan_export(workspace, request)
    assert (plan.matched, plan.pairs, plan.rows) == (4, 2, 2)
    assert [(told.reason, told.count) for told in plan.omissions] == [("prompt_edited", 1)]
    write_export(workspace, request, tmp_path / "a.jsonl")
    assert rows(tmp_path / "a.jsonl")[0] == {
        "prompt": [{"role": "user", "content": "question 0"}],
        "chosen": [{"role": "assistant", "content": "better"}],
        "rejected": [{"role": "assistant", "content": "answer 0"}],
    }
    write_export(workspace, replace(request, target="openai_preference"), tmp_path / "b.jsonl")
    assert rows(tmp_path / "b.jsonl")[1]["preferred_output"] == [{"role": "assistant", "content": "good"}]


def test_what_no_model_wrote_makes_no_pair(workspace: Workspace) -> None:
    dataset_id = fill(workspace, [said("a", "b")], metadata={})
    workspace.database.update_example(ids_of(workspace, dataset_id)[0], said("a", "c"), seen_revision=1, author="Ann")
    plan = plan_export(workspace, ExportRequest(dataset_id, "trl_preference"))
    assert (plan.pairs, [told.reason for told in plan.omissions]) == (0, ["not_by_model"])


def test_each_dataset_is_offered_the_targets_that_it_can_take(workspace: Workspace) -> None:
    chat = {choice.target.name: choice for choice in get_targets(workspace, fill(workspace, chats(1)))}
    assert list(chat) == list(TARGETS)
    assert not any(choice.problem for choice in chat.values())
    assert [name for name, choice in chat.items() if choice.needs_strategy] == ["alpaca"]
    assert [name for name, choice in chat.items() if choice.makes_pairs] == ["openai_preference", "trl_preference"]
    pairs = get_targets(workspace, fill(workspace, [PAIR], name="Pairs", format_type="preference"))
    assert not any(choice.makes_pairs or choice.problem for choice in pairs)


def test_a_download_is_one_file_or_a_zip_of_several_and_old_ones_go(workspace: Workspace) -> None:
    dataset_id = fill(workspace, [INSTRUCTION], format_type="instruction", name="Sums & co")
    single = download_export(workspace, ExportRequest(dataset_id, "alpaca"))
    assert (single.name, single.media_type) == ("sums_co_alpaca.jsonl", "application/x-ndjson")
    assert rows(single.path) == [INSTRUCTION]
    day_before_yesterday = time.time() - 2 * 24 * 3600
    os.utime(single.path.parent, (day_before_yesterday, day_before_yesterday))
    several = download_export(workspace, ExportRequest(dataset_id, "llama_factory"))
    assert several.name == "sums_co_llama_factory.zip"
    with zipfile.ZipFile(several.path) as archive:
        assert {Path(name).name for name in archive.namelist()} == {
            "data.jsonl",
            "dataset_info.json",
            "manifest.json",
        }
    assert several.path.is_relative_to(workspace.settings.exports_dir)
    assert not single.path.exists()


def test_own_files_hold_every_example_to_the_byte_as_the_dataset_s_file_does(
    workspace: Workspace, tmp_path: Path
) -> None:
    dataset_id = mixed(workspace)
    write_export(workspace, ExportRequest(dataset_id, "jsonl"), tmp_path / "a.jsonl")
    dataset = workspace.database.get_dataset(dataset_id)
    assert (tmp_path / "a.jsonl").read_bytes() == workspace.mirror.path(dataset.file_path).read_bytes()
    assert rows(tmp_path / "a.jsonl")[0]["metadata"] == BY_MODEL
