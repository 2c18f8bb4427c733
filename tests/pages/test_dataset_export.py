"""Taking a dataset out: targets with what they are for, counts before, reasons, the written file and its manifest."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from synthgen_core.actions.examples import set_status, update_example
from synthgen_core.actions.versions import make_version
from synthgen_core.database import NewExample
from synthgen_core.models import ExampleStatus, JsonObject
from synthgen_core.targets import TARGETS
from synthgen_core.workspace import Workspace
from tests.pages.support import chat, make_dataset, said, simple

Open = Callable[..., AppTest]


@pytest.fixture
def open_export(open_page: Open) -> Callable[..., AppTest]:
    """Opens the tab where a dataset is exported."""
    return lambda made: open_page("dataset", dataset=str(made.id), tab="Export")


def export(page: AppTest) -> AppTest:
    """Press the button."""
    (button,) = [button for button in page.button if button.label == "Export"]
    assert not button.disabled
    return button.click().run()


def written(place: Workspace, pattern: str) -> list[Path]:
    """The files of exports."""
    return sorted(place.settings.exports_dir.rglob(pattern))


def test_every_target_is_offered_with_a_line_on_what_it_is_for(place: Workspace, open_export: Open) -> None:
    page = open_export(make_dataset(place, contents=[simple(0)]))
    assert page.radio[0].options == [target.label for target in TARGETS.values()]
    assert list(page.radio[0].proto.captions) == [target.summary for target in TARGETS.values()]


def test_pairs_are_made_of_edited_answers(place: Workspace, open_export: Open) -> None:
    made = make_dataset(place)
    place.database.add_examples(made.id, [NewExample(n, simple(n), {"model": "stub"}) for n in range(2)])
    page = open_export(made)
    page.radio[0].set_value("trl_preference").run()
    assert "No pair was found" in page.warning[0].value
    first = place.database.get_dataset_examples(made.id)[0].id
    update_example(place, first, chat("Question number 0?", "Better."), seen_revision=1, author="Ann")
    page.run()
    assert "1 pair from edits." in said(page)
    assert "1 row written" in said(export(page))


def test_an_export_is_counted_first_written_and_verified(place: Workspace, open_export: Open) -> None:
    made = make_dataset(place, contents=[simple(n) for n in range(12)])
    page = open_export(made)
    assert "**12 rows**, about" in said(page)
    export(page)
    assert "12 rows written" in said(page)
    assert "verified 12 of 12" in said(page)
    (file,) = written(place, "*.jsonl")
    assert [json.loads(line)["messages"] for line in file.read_bytes().splitlines()] == [
        simple(n)["messages"] for n in range(12)
    ]
    assert [button.proto.label for button in page.get("download_button")] == [
        "Download JSONL",
        "Download router\\_trouble\\_jsonl\\.jsonl",
        "manifest.json",
    ]
    assert "Earlier exports · 1" in said(page)


def test_filters_and_the_state_of_a_version_say_which_examples(place: Workspace, open_export: Open) -> None:
    made = make_dataset(place, contents=[simple(n) for n in range(3)])
    make_version(place, made.id, name="All", author="Ann")
    first = place.database.get_dataset_examples(made.id)[0].id
    set_status(place, made.id, [first], ExampleStatus.REMOVED, author="Ann")
    page = open_export(made)
    assert "**2 rows**" in said(page)
    page.text_input[0].set_value("number 2").run()
    assert "**1 row**" in said(page)
    page.text_input[0].set_value("").run()
    page.selectbox[0].set_value(1).run()
    assert "**3 rows**" in said(page)
    assert "3 rows written" in said(export(page))


def test_nothing_to_export_is_said_and_not_written(place: Workspace, open_export: Open) -> None:
    page = open_export(make_dataset(place))
    (button,) = [button for button in page.button if button.label == "Export"]
    assert button.disabled
    assert "No example matches" in page.warning[0].value


def test_conversations_are_taken_apart_as_chosen_with_a_report(place: Workspace, open_export: Open) -> None:
    page = open_export(make_dataset(place, contents=[chat("a", "b"), chat("c", "d", "e", "f")]))
    page.radio[0].set_value("alpaca").run()
    assert "**1 row** of 2 examples that match" in said(page)
    assert "What is left out · 1 reason" in said(page)
    (strategy,) = [box for box in page.selectbox if box.label.startswith("Conversations")]
    strategy.set_value("per_turn").run()
    assert "**3 rows**" in said(page)


def test_what_a_target_refuses_is_told_row_by_row_and_left_out_on_request(place: Workspace, open_export: Open) -> None:
    call: JsonObject = {
        "messages": [
            {"role": "user", "content": "Weather?"},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": {"name": "look"}}]},
            {"role": "tool", "tool_call_id": "1", "content": "27"},
            {"role": "assistant", "content": "27."},
        ]
    }
    page = open_export(make_dataset(place, contents=[simple(0), call]))
    page.radio[0].set_value("unsloth").run()
    assert "Refused: 1 example" in said(page)
    assert "Unsloth-safe refuses 1 of 2 examples" in page.warning[0].value
    assert [*page.dataframe[0].value["Examples"]][:1] == [1]
    (skip,) = [toggle for toggle in page.toggle if toggle.label.startswith("Leave out")]
    skip.set_value(True).run()
    assert "1 row written" in said(export(page))


def test_a_split_is_counted_and_written_as_files_of_their_own(place: Workspace, open_export: Open) -> None:
    texts = ("red cars drive fast", "cats sleep all day", "bread needs some yeast", "rain fell on Monday", "tax is due")
    page = open_export(make_dataset(place, contents=[chat(f"{text}?", f"{text}!") for text in texts]))
    (split,) = [toggle for toggle in page.toggle if toggle.label.startswith("Split")]
    split.set_value(True).run()
    shares = page.number_input
    shares[0].set_value(60).run()
    assert "add up to 80 %" in page.error[0].value
    page.number_input[1].set_value(40).run()
    page.number_input[2].set_value(0).run()
    assert "train: 3 rows · validation: 2 rows" in said(page)
    export(page)
    assert [file.name for file in written(place, "*.jsonl")] == ["train.jsonl", "validation.jsonl"]
    assert written(place, "*.zip")


def test_a_licence_is_asked_for_where_one_is_needed(place: Workspace, open_export: Open) -> None:
    page = open_export(make_dataset(place, contents=[simple(0)]))
    assert not [box for box in page.selectbox if box.label == "Licence"]
    page.radio[0].set_value("hugging_face").run()
    assert "licence" in page.warning[0].value
    (licence,) = [box for box in page.selectbox if box.label == "Licence"]
    licence.set_value("mit").run()
    assert "1 row written" in said(export(page))
    assert written(place, "README.md")


def test_a_change_of_the_settings_puts_the_written_file_out_of_sight(place: Workspace, open_export: Open) -> None:
    page = export(open_export(make_dataset(place, contents=[simple(0)])))
    page.radio[0].set_value("csv").run()
    assert "written" not in said(page)
    page.radio[0].set_value("jsonl").run()
    assert "1 row written" in said(page)
