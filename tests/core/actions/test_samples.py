"""The sample: it comes in once and whole, its flaws are found by the rules, and its README tells the truth."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from synthgen_core.actions.datasets import describe_dataset
from synthgen_core.actions.duplicates import latest_search
from synthgen_core.actions.import_files import local_file
from synthgen_core.actions.imports import start_import
from synthgen_core.actions.samples import NAME, SAMPLES, find_sample, open_sample
from synthgen_core.actions.trash import delete_dataset
from synthgen_core.actions.trust import compare_scores, get_pairs
from synthgen_core.cli import main
from synthgen_core.database.reviews import Review
from synthgen_core.errors import DatabaseError
from synthgen_core.models import Dataset, Example
from synthgen_core.rules import RULES
from synthgen_core.settings import Settings
from synthgen_core.workspace import Workspace, open_workspace
from tests.core.actions.support import finish, lines

README = (SAMPLES / "README.md").read_text(encoding="utf-8")
SAMPLE_FILE = SAMPLES / f"{NAME}.jsonl"
Opened = tuple[Workspace, Dataset, dict[str, Example]]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """A workspace with the sample, and its examples by name; to look at only."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("sample"))
    with closing(open_workspace(settings)) as workspace:
        made = open_sample(workspace)
        found = workspace.database.get_dataset_examples(made.id, limit=1000)
        yield workspace, made, {str(example.metadata["sample"]): example for example in found}


def flagged(opened: Opened) -> dict[str, set[str]]:
    """Rule -> names of the examples that it flags."""
    workspace, _, examples = opened
    names = {example.id: name for name, example in examples.items()}
    found: dict[str, set[str]] = {}
    for flag in workspace.database.get_flags(list(names)):
        found.setdefault(flag.rule, set()).add(names[flag.example_id])
    return found


def reviews_of(opened: Opened) -> dict[str, list[Review]]:
    workspace, _, examples = opened
    said = workspace.database.get_reviews([example.id for example in examples.values()])
    return {name: said[example.id] for name, example in examples.items() if example.id in said}


def test_every_flaw_is_found_by_the_rule_that_should_and_nothing_else_is_flagged(opened: Opened) -> None:
    table = re.findall(r"^\| `(\w+)` \| (.+) \|$", README, re.MULTILINE)
    told = {rule: set(re.findall(r"`(\w+)`", names)) for rule, names in table if rule in RULES}
    assert flagged(opened) == told
    assert RULES.keys() - told.keys() == {"copied"}, "there was no prompt with examples"


def test_the_counts_in_the_readme_are_those_of_the_files(opened: Opened) -> None:
    workspace, made, examples = opened
    reviews = reviews_of(opened)
    judged = [workspace.database.get_judgements(example.id) for example in examples.values()]
    rows = [example.metadata for example in examples.values()]
    reviewables = workspace.database.get_reviewables([example.id for example in examples.values()])
    counts = {
        "examples": made.example_count,
        "written by hand for the sample": sum(row["model"] == "written by hand" for row in rows),
        "written by SmolLM2-135M-Instruct": sum(row["model"] == "SmolLM2-135M-Instruct" for row in rows),
        **{f"of the domain {domain}": sum(row["domain"] == domain for row in rows) for domain in domains(opened)},
        "judged with a score": sum(each.overall is not None for said in judged for each in said),
        "where judging failed": sum(each.overall is None for said in judged for each in said),
        "decided by people": sum(any(r.verdict.is_decision for r in said) for said in reviews.values()),
        "scored by people": sum(any(r.score is not None for r in said) for said in reviews.values()),
        "read by both reviewers": sum(len({r.reviewer for r in said}) == 2 for said in reviews.values()),
        "on which the reviewers disagree": sum(each.verdict == "disputed" for each in reviewables),
        "edited": sum(example.revision > 1 for example in examples.values()),
        "with tags": sum(bool(each.tags) for each in reviewables),
        "with a note": sum(bool(each.note) for each in reviewables),
    }
    told = {name: int(count) for name, count in re.findall(r"^\| (\w.+) \| (\d+) \|$", README, re.MULTILINE)}
    assert told == counts


def domains(opened: Opened) -> list[str]:
    return sorted({str(example.metadata["domain"]) for example in opened[2].values()})


def test_what_is_drawn_is_what_the_domains_know(opened: Opened) -> None:
    workspace, _, examples = opened
    for name, example in examples.items():
        domain, _ = workspace.catalogue.find(str(example.metadata["domain"]), str(example.metadata["subdomain"]))
        drawn = example.metadata["parameters"]
        assert isinstance(drawn, dict)
        for parameter, value in drawn.items():
            assert value in domain.parameters[parameter], (name, parameter)


def test_there_is_enough_of_both_to_hold_the_judge_against_people(opened: Opened) -> None:
    workspace, made, _ = opened
    compared = compare_scores(get_pairs(workspace, made.id))
    assert compared.spearman.value is not None, "30 are needed"
    assert compared.spearman.n >= 35
    assert 0.5 < compared.spearman.value < 1


def test_the_edited_example_was_judged_before_and_reviewed_after(opened: Opened) -> None:
    workspace, _, examples = opened
    edited = examples["prorata_wrong"]
    first, second = workspace.database.get_revisions(edited.id)
    assert "$10 back" in str(first.content)
    assert "$20" in second.reason
    assert edited.quality_score is None, "what the judge said is of the older text"
    assert workspace.database.get_judgements(edited.id)[0].revision == 1
    (standing,) = workspace.database.get_reviewables([edited.id])
    assert (standing.verdict, standing.is_stale) == ("accept", False)


def test_the_sample_has_guidelines_a_source_a_file_and_a_search_for_duplicates(opened: Opened) -> None:
    workspace, made, _ = opened
    assert "Accept an example if" in made.guidelines
    assert [one.name for one in describe_dataset(workspace, made.id).imports] == [SAMPLE_FILE.name]
    search = latest_search(workspace, made.id)
    assert search is not None
    assert search.twins == len(flagged(opened)["duplicate"])
    assert len(lines(workspace, made.id)) == made.example_count


def test_the_sample_s_own_names_are_all_used(opened: Opened) -> None:
    said = [orjson.loads(line) for line in (SAMPLES / f"{NAME}.said.jsonl").read_bytes().splitlines()[1:]]
    assert {each["sample"] for each in said} <= opened[2].keys()
    assert len({each["sample"] for each in said}) == len(said)
    assert set(re.findall(r"`((?:[a-z]+_)+[a-z]+)`", README)) - RULES.keys() <= opened[2].keys()


def test_it_comes_in_once_however_often_it_is_opened(workspace: Workspace) -> None:
    with ThreadPoolExecutor(4) as pool:
        ids = {made.id for made in pool.map(lambda _: open_sample(workspace), range(4))}
    assert len(ids) == 1
    assert workspace.database.count_datasets() == 1


def test_a_deleted_sample_comes_back_as_a_new_one(workspace: Workspace) -> None:
    first = open_sample(workspace)
    delete_dataset(workspace, first.id)
    assert find_sample(workspace) is None
    assert open_sample(workspace).id != first.id


def test_the_file_imported_alone_is_not_the_sample(workspace: Workspace) -> None:
    finish(workspace, start_import(workspace, [local_file(SAMPLE_FILE)]))
    (imported,) = workspace.database.get_datasets()
    assert imported.example_count == len(SAMPLE_FILE.read_bytes().splitlines()), "every line is a good one"
    assert find_sample(workspace) is None
    assert open_sample(workspace).id != imported.id


def test_where_nothing_can_be_written_nothing_is_brought_in(workspace: Workspace) -> None:
    workspace.settings.datasets_dir.parent.mkdir(exist_ok=True)
    workspace.settings.datasets_dir.write_text("in the way")
    with pytest.raises(DatabaseError):
        open_sample(workspace)
    assert workspace.database.count_datasets() == 0
    assert not workspace.database.get_unfinished()


def test_the_command_brings_it_in_and_says_what_the_rules_find(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(tmp_path / "data")
    assert main(["sample-data", "--data-dir", folder]) == 0
    assert "Dataset 1, “Sample conversations”: 90 examples." in capsys.readouterr().out
    assert main(["sample-data", "--data-dir", folder, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"dataset": 1, "name": "Sample conversations", "examples": 90}
