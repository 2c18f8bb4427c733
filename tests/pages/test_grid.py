"""The grid's adapter: only its free features, no foreign code in its options, no event dealt with twice or lost."""

import json
from collections.abc import Callable
from typing import Any

from streamlit.testing.v1 import AppTest

from pages.ui.events import unseen
from pages.ui.grid import CODE_MARK, HEAT, without_code
from synthgen_core.workspace import Workspace
from tests.pages.support import chat, make_dataset


def told(nonce: str, *numbers: int) -> dict[str, Any]:
    return {"nonce": nonce, "log": [{"n": n} for n in numbers]}


def numbers(value: object, marks: dict[str, int]) -> list[int]:
    return [int(entry["n"]) for entry in unseen(value, marks)]


def test_each_entry_of_a_log_is_dealt_with_once() -> None:
    marks: dict[str, int] = {}
    assert numbers(told("a", 1, 2), marks) == [1, 2]
    assert numbers(told("a", 1, 2), marks) == []
    assert numbers(told("a", 2, 3, 4), marks) == [3, 4]
    assert numbers(told("b", 1), marks) == [1], "another mounting of the component begins anew"


def test_an_entry_at_which_one_is_interrupted_comes_again() -> None:
    marks: dict[str, int] = {}
    for entry in unseen(told("a", 1, 2, 3), marks):
        if entry["n"] == 2:
            break
    assert numbers(told("a", 1, 2, 3), marks) == [2, 3]


def test_what_is_no_log_holds_nothing() -> None:
    for value in (None, {}, {"nonce": "a"}, "text", []):
        assert numbers(value, {}) == []


def test_code_that_is_hidden_in_halves_of_a_mark_is_taken_out_as_well() -> None:
    half = len(CODE_MARK) // 2
    nested = f"{CODE_MARK[:half]}{CODE_MARK}{CODE_MARK[half:]}alert(1){CODE_MARK}"
    assert without_code(nested) == "alert(1)"


def test_a_string_is_never_taken_for_code_and_code_of_ours_stays() -> None:
    mark = f"{CODE_MARK}alert(1){CODE_MARK}"
    cleaned = without_code({"columns": [{"headerName": mark, mark: (mark,)}], "style": HEAT, "width": 3})
    assert CODE_MARK not in json.dumps({key: value for key, value in cleaned.items() if key != "style"})
    assert cleaned["style"] is HEAT
    assert cleaned["width"] == 3


def test_the_grid_uses_free_features_only_and_no_text_of_an_example_is_in_its_options(
    place: Workspace, open_page: Callable[..., AppTest]
) -> None:
    text = f"{CODE_MARK}alert(1){CODE_MARK}"
    made = make_dataset(place, text, [chat(text, text)])
    page = open_page("review", dataset=str(made.id))
    assert not page.exception
    sent = json.loads(page.get("component_instance")[0].proto.json_args)
    assert sent["enable_enterprise_modules"] is False
    assert sent["license_key"] is None
    assert "alert(1)" not in json.dumps(sent["gridOptions"])
