"""The report has every part of the page, says what each figure rests on, and bears any dataset."""

from pathlib import Path

import pytest

from synthgen_core.actions.datasets import get_dataset_examples
from synthgen_core.actions.duplicate_search import start_search
from synthgen_core.actions.duplicates import latest_search, remove_twins
from synthgen_core.actions.report import make_report, report_file, save_report
from synthgen_core.actions.rules import check_dataset
from synthgen_core.database import NewExample
from synthgen_core.errors import ConfigError, NotFoundError
from synthgen_core.reports import Facts, as_markdown
from synthgen_core.reviewing import Verdict
from synthgen_core.workspace import Workspace
from tests.core.actions.curating import add, chat
from tests.core.actions.support import add_dataset, ask, finish, make
from tests.support.reviews import review
from tests.support.server import ModelServer


def test_a_generated_and_checked_dataset_is_reported_with_what_each_figure_rests_on(
    workspace: Workspace, server: ModelServer
) -> None:
    job = make(workspace, ask(server, 40, seed=3))
    dataset_id = job.dataset_id or 0
    finish(workspace, check_dataset(workspace, dataset_id))
    report = make_report(workspace, dataset_id)
    assert [section.title for section in report.sections] == [
        "Overview",
        "Scores",
        "Rules",
        "Lengths and turns",
        "Diversity",
        "Coverage",
        "Losses and cost",
    ]
    for section in report.sections:
        for block in section.blocks:
            if isinstance(block, Facts):
                assert all(value for _, value, _ in block.rows), section.title
            else:
                assert block.caption, (section.title, block.title)
    text = as_markdown(report)
    assert "Active examples | 40 | not removed" in text
    assert "n = 40 examples that all rules have read" in text
    assert "Drawn | 40 | asked for by 1 run" in text


def test_duplicates_that_were_removed_are_not_reported_as_left(workspace: Workspace) -> None:
    dataset_id = add(workspace, [chat("How?", "Open Billing, and press Correct.")] * 3)
    finish(workspace, start_search(workspace, dataset_id))
    assert "Duplicates that are left | 2 in 1 clusters | n = 3" in report_file(workspace, dataset_id, "md").decode()
    found = latest_search(workspace, dataset_id)
    assert found is not None
    remove_twins(workspace, found, author="Ada")
    assert "Duplicates that are left | 0 in 0 clusters | n = 3" in report_file(workspace, dataset_id, "md").decode()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_dataset_of_which_nothing_is_known_is_reported_as_that(workspace: Workspace, count: int) -> None:
    dataset_id = add_dataset(workspace, count=count)
    text = report_file(workspace, dataset_id, "md").decode()
    assert f"Active examples | {count} |" in text
    assert "No example has a score yet" in text
    assert "nan" not in text.lower()


def test_nothing_in_a_dataset_becomes_a_part_of_the_page(workspace: Workspace) -> None:
    nasty = "<script>alert(1)</script>"
    dataset_id = add_dataset(workspace, nasty, 0)
    workspace.database.add_examples(
        dataset_id,
        [
            NewExample(
                n,
                {"messages": [{"role": "user", "content": nasty}, {"role": "assistant", "content": nasty}]},
                {"model": f"{nasty}{n % 2}", "parameters": {nasty: f"{nasty}{n % 2}"}},
            )
            for n in range(4)
        ],
    )
    review(workspace.database, [example.id for example in get_dataset_examples(workspace, dataset_id)], Verdict.REJECT)
    assert "<script" not in report_file(workspace, dataset_id, "html").decode()


def test_a_report_is_written_by_its_ending(workspace: Workspace, tmp_path: Path) -> None:
    dataset_id = add_dataset(workspace)
    save_report(workspace, dataset_id, tmp_path / "a.HTML")
    save_report(workspace, dataset_id, tmp_path / "a.md")
    assert (tmp_path / "a.HTML").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (tmp_path / "a.md").read_text(encoding="utf-8").startswith("# Quality of “a”")
    with pytest.raises(ConfigError, match=r"“\.pdf”"):
        save_report(workspace, dataset_id, tmp_path / "a.pdf")
    with pytest.raises(NotFoundError):
        save_report(workspace, 999, tmp_path / "b.md")
    assert not (tmp_path / "b.md").exists()
