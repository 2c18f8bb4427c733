"""The examples of a dataset: found, filtered, paged, drawn as what they are, removed and brought back."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from synthgen_core.database import NewExample
from synthgen_core.database.flags import NewFlag
from synthgen_core.models import Dataset, ExampleStatus, JsonObject, Severity
from synthgen_core.workspace import Workspace
from tests.pages.support import chat, make_dataset, read, said, simple

Open = Callable[..., AppTest]
CALL: JsonObject = {
    "messages": [
        {
            "role": "user",
            "content": [{"type": "text", "text": "Weather?"}, {"type": "image_url", "image_url": "p.png"}],
        },
        {
            "role": "assistant",
            "content": None,
            "reasoning": "I look it up.",
            "tool_calls": [{"id": "c1", "function": {"name": "get_weather", "arguments": '{"city": "Rome"}'}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": '{"temp": 27}'},
        {"role": "assistant", "content": "27 degrees.", "weight": 0},
    ],
    "tools": [{"type": "function", "function": {"name": "get_weather"}}],
}


def shown(page: AppTest) -> list[str]:
    """The numbers of the examples that the page shows."""
    return [text.value.strip("*") for text in page.main.markdown if text.value.startswith("**Example")]


def bubbles(page: AppTest) -> list[tuple[str, str]]:
    """(speaker, text) of every bubble."""
    return [(bubble.name, read(bubble.markdown[0].value)) for bubble in page.chat_message]


@pytest.fixture
def open_examples(open_page: Open) -> Callable[..., AppTest]:
    """Opens the tab of a dataset's examples."""
    return lambda made, **query: open_page("dataset", dataset=str(made.id), tab="Examples", **query)


def test_examples_are_shown_as_bubbles_with_what_was_drawn(place: Workspace, open_examples: Open) -> None:
    page = open_examples(make_dataset(place, contents=[simple(0), simple(1)]))
    assert bubbles(page)[:2] == [("user", "Question number 0?"), ("assistant", "Answer number 0.")]
    assert len(bubbles(page)) == 4
    assert "frustrated" in said(page), "the drawn parameters are shown"


def test_a_system_message_is_folded_away(place: Workspace, open_examples: Open) -> None:
    page = open_examples(make_dataset(place, contents=[chat("Hello?", "Hello.", system="Be brief.")]))
    assert len(bubbles(page)) == 2
    assert page.expander[0].markdown[0].value == "Be brief."


def test_an_instruction_is_shown_with_its_input_and_what_was_said_before(place: Workspace, open_examples: Open) -> None:
    content = {"instruction": "Sort.", "input": "b, a", "output": "a, b", "history": [["Hello?", "Hello."]]}
    page = open_examples(make_dataset(place, contents=[content], format_type="instruction"))
    spoken = [(bubble.name, [read(text.value) for text in bubble.markdown]) for bubble in page.chat_message]
    assert spoken == [
        ("user", ["Hello?"]),
        ("assistant", ["Hello."]),
        ("user", ["Sort.", "b, a"]),
        ("assistant", ["a, b"]),
    ]


def test_both_answers_of_a_pair_are_shown_under_their_names(place: Workspace, open_examples: Open) -> None:
    content: JsonObject = {
        "prompt": [{"role": "user", "content": "Why?"}],
        "chosen": [{"role": "assistant", "content": "Because."}],
        "rejected": [{"role": "assistant", "content": "No idea."}],
    }
    page = open_examples(make_dataset(place, contents=[content], format_type="preference"))
    assert [text for _, text in bubbles(page)] == ["Why?", "Because.", "No idea."]
    text = said(page)
    assert text.index("chosen") < text.index("Because.") < text.index("rejected") < text.index("No idea.")


def test_calls_of_tools_parts_and_further_keys_are_shown(place: Workspace, open_examples: Open) -> None:
    page = open_examples(make_dataset(place, contents=[CALL]))
    text = said(page)
    for part in ("Weather?", "image_url: p.png", "I look it up.", "get_weather", "c1", "27 degrees.", "weight: 0"):
        assert part in text
    code = [each.value for each in page.code]
    assert any('"city": "Rome"' in each for each in code)
    assert any('"temp": 27' in each for each in code)


def test_the_end_of_a_long_conversation_is_folded_away(place: Workspace, open_examples: Open) -> None:
    page = open_examples(make_dataset(place, contents=[chat(*[f"turn {n}" for n in range(50)])]))
    assert [each.label for each in page.expander] == ["38 further messages"]
    assert len(bubbles(page)) == 50


def test_examples_come_ten_a_page(place: Workspace, open_examples: Open) -> None:
    page = open_examples(make_dataset(place, contents=[simple(n) for n in range(24)]))
    assert shown(page) == [f"Example {n}" for n in range(1, 11)]
    assert "1 to 10 of 24 examples" in said(page)
    page.pagination[0].set_value(3).run()
    assert shown(page) == [f"Example {n}" for n in range(21, 25)]
    assert "21 to 24 of 24 examples" in said(page)


@pytest.mark.parametrize(
    ("asked", "first"), [("2", 11), ("3", 21), ("4", 1), ("0", 1), ("x", 1), ("99999999999999999999", 1)]
)
def test_an_address_with_a_page_shows_that_page(asked: str, first: int, place: Workspace, open_examples: Open) -> None:
    page = open_examples(make_dataset(place, contents=[simple(n) for n in range(24)]), page=asked)
    assert not page.exception
    assert shown(page)[0] == f"Example {first}"
    assert page.pagination[0].value == (first + 9) // 10, "the page that is marked is the page that is shown"


def test_a_search_begins_at_its_first_page(place: Workspace, open_examples: Open) -> None:
    page = open_examples(make_dataset(place, contents=[simple(n) for n in range(120)]), page="2")
    page.text_input[0].set_value("number 1").run()
    assert "1 to 10 of 31 examples" in said(page), "1, 10 to 19, 100 to 119"
    assert shown(page)[0] == "Example 2"
    page.text_input[0].set_value("nowhere").run()
    assert "No example matches" in said(page)


def flagged(place: Workspace) -> Dataset:
    """Three examples: one with a flag, and two with a parameter of their own."""
    made = make_dataset(place)
    flag = NewFlag("assistant_twice", Severity.WARNING, "Messages 1 and 2 are both by “assistant”.")
    for n, (flags, tone) in enumerate([((flag,), "calm"), ((), "angry"), ((), "calm")]):
        metadata: JsonObject = {"parameters": {"emotional_tones": tone}}
        place.database.add_examples(made.id, [NewExample(n, simple(n), metadata, flags=flags)])
    return made


def opened(page: AppTest, made: Dataset) -> AppTest:
    """The page with its further filters folded out."""
    page.session_state[f"filter_examples_{made.id}_more"] = True
    return page.run()


def choose(page: AppTest, label: str, value: str) -> None:
    """Choose a value in the field with this label."""
    (field,) = [box for box in page.selectbox if box.label == label]
    field.set_value(value).run()


def test_flags_parameters_and_scores_narrow_the_list(place: Workspace, open_examples: Open) -> None:
    made = flagged(place)
    page = opened(open_examples(made), made)
    choose(page, "Flags", "assistant_twice")
    assert shown(page) == ["Example 1"]
    assert "the assistant speaks twice in a row" in said(page)
    choose(page, "Flags", "none")
    assert shown(page) == ["Example 2", "Example 3"]
    choose(page, "The user's tone", "calm")
    assert shown(page) == ["Example 3"]
    page.session_state[f"filter_examples_{made.id}_more"] = False
    assert shown(page.run()) == ["Example 3"], "what was chosen holds when it is folded in"
    page.button(key=f"filter_examples_{made.id}_clear").click().run()
    assert len(shown(page)) == 3
    page = opened(page, made)
    page.number_input[0].set_value(5.0).run()
    assert "No example matches" in said(page), "none has a score"


def test_an_example_is_removed_undone_and_brought_back(place: Workspace, open_examples: Open) -> None:
    made = make_dataset(place, contents=[simple(0), simple(1)])
    first = place.database.get_dataset_examples(made.id)[0].id
    page = open_examples(made)
    page.button(key=f"status{first}").click().run()
    assert shown(page) == ["Example 2"]
    assert place.database.get_example(first).status is ExampleStatus.REMOVED
    page.button(key="undo").click().run()
    assert shown(page) == ["Example 1", "Example 2"]
    page.button(key=f"status{first}").click().run()
    page.selectbox[0].set_value("Removed").run()
    assert shown(page) == ["Example 1"]
    page.button(key=f"status{first}").click().run()
    assert "No example matches" in said(page)
    assert place.database.get_example(first).status is ExampleStatus.ACTIVE
