"""Rubrics are kept in versions that never change, and found again by name or hash."""

from dataclasses import asdict

import pytest

from synthgen_core.actions.rubrics import STANDARD, find_rubric, get_rubric, get_rubrics, save_rubric
from synthgen_core.errors import ConfigError, NotFoundError
from synthgen_core.judging import CRITERIA
from synthgen_core.workspace import Workspace

TONE: dict[str, object] = {"name": "tone", "label": "Tone", "question": "Is it kind?", "weight": 2.0}


def test_the_five_criteria_are_always_there_and_never_stored(workspace: Workspace) -> None:
    assert get_rubrics(workspace) == [STANDARD]
    assert [criterion.name for criterion in STANDARD.rubric.criteria] == [criterion.name for criterion in CRITERIA]
    assert save_rubric(workspace, "My own", [asdict(criterion) for criterion in CRITERIA]) == STANDARD
    assert get_rubrics(workspace) == [STANDARD]


def test_an_edited_rubric_is_a_new_version_and_the_old_one_stays(each_workspace: Workspace) -> None:
    first = save_rubric(each_workspace, " Support ", [TONE], author="Cleo")
    second = save_rubric(each_workspace, "Support", [TONE], "Short answers are fine.", "Cleo")
    assert [(kept.name, kept.version, kept.title) for kept in (first, second)] == [
        ("Support", 1, "Support, version 1"),
        ("Support", 2, "Support, version 2"),
    ]
    assert get_rubrics(each_workspace) == [STANDARD, second, first]
    assert get_rubric(each_workspace, first.hash) == first
    assert first.rubric.notes == ""


def test_the_same_content_is_the_same_row_under_whatever_name(workspace: Workspace) -> None:
    first = save_rubric(workspace, "Support", [TONE])
    assert save_rubric(workspace, "Other", [TONE]) == first
    assert save_rubric(workspace, "Support", [TONE]) == first
    assert get_rubrics(workspace) == [STANDARD, first]


def test_the_apps_rubric_is_edited_into_its_first_version(workspace: Workspace) -> None:
    saved = save_rubric(workspace, "Standard", [TONE])
    assert (saved.version, find_rubric(workspace, "standard")) == (1, saved)
    assert get_rubrics(workspace)[0] == STANDARD


def test_a_rubric_is_found_by_name_or_by_the_beginning_of_its_hash(workspace: Workspace) -> None:
    save_rubric(workspace, "Support", [TONE])
    newest = save_rubric(workspace, "Support", [TONE], "Notes")
    assert find_rubric(workspace, "") == STANDARD
    assert find_rubric(workspace, " support ") == newest
    assert find_rubric(workspace, newest.hash[:8]) == newest
    with pytest.raises(NotFoundError, match="“Suport”") as raised:
        find_rubric(workspace, "Suport")
    assert "Standard, Support" in raised.value.hint
    with pytest.raises(NotFoundError):
        get_rubric(workspace, "0" * 32)


@pytest.mark.parametrize(
    ("name", "criteria", "said"),
    [
        (" \n", [TONE], "no name"),
        ("a", [], "no criteria"),
        ("a", [TONE, TONE], "twice"),
        ("a", [{**TONE, "weight": 0}], "weights"),
        ("a", [{**TONE, "weight": None}], "weight"),
        ("a", [{**TONE, "name": "Tone of voice"}], "Tone of voice"),
    ],
)
def test_what_is_no_rubric_is_refused_with_the_reason(
    workspace: Workspace, name: str, criteria: list[dict[str, object]], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        save_rubric(workspace, name, criteria)
    assert get_rubrics(workspace) == [STANDARD]


def test_what_no_database_takes_is_left_out_of_a_rubric(each_workspace: Workspace) -> None:
    odd = {**TONE, "question": "Is it\0 kind? \ud800"}
    saved = save_rubric(each_workspace, "a\0b", [odd], "\udfff", "\0me")
    assert (saved.name, saved.rubric.criteria[0].question, saved.author) == ("ab", "Is it kind? \ufffd", "me")
    assert get_rubric(each_workspace, saved.hash) == saved


@pytest.mark.parametrize(
    ("label", "name"), [("Tone of voice!", "tone_of_voice"), ("  3 Steps ", "steps"), ("x" * 60, "x" * 40)]
)
def test_a_criterion_without_a_name_gets_one_from_its_label(workspace: Workspace, label: str, name: str) -> None:
    saved = save_rubric(workspace, "Support", [{"label": label, "question": "Is it?", "weight": 1}])
    assert saved.rubric.criteria[0].name == name


def test_a_label_without_latin_letters_asks_for_a_name(workspace: Workspace) -> None:
    with pytest.raises(ConfigError, match="Criterion 1"):
        save_rubric(workspace, "Support", [{"label": "语气", "question": "Is it?", "weight": 1}])
