"""Operations on datasets from the pages: the form, what it will do, and what became of it."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from synthgen_core.database import NewJob
from synthgen_core.models import Dataset, ExampleFilter, ExampleStatus, JobKind, JobStatus, JsonObject, Origin
from synthgen_core.workspace import Workspace
from tests.pages.support import chat, dataset_names, errors, make_dataset, make_job, read, said, simple

Open = Callable[..., AppTest]
SECONDS = 60.0
TALK = chat("Why?", "Because.", "Really?", "Yes.")


def text(page: AppTest) -> str:
    """All that the dialog says, too."""
    assert not page.exception
    return read("\n".join(element.value for element in [*page.markdown, *page.caption]))


def choose(page: AppTest, dataset: Dataset, origin: Origin) -> AppTest:
    """Open the dialog of an operation from the menu of a dataset."""
    return page.menu_button(key=f"operations{dataset.id}").click(origin).run()


def begin(place: Workspace, page: AppTest) -> AppTest:
    """Press the dialog's button, wait for the job, and look again."""
    page.button(key="start_operation").click().run()
    for job in place.database.get_jobs(kind=JobKind.CURATION):
        assert place.runner.wait(job.id, SECONDS)
    return page.run()


def newest(place: Workspace, origin: Origin) -> list[Dataset]:
    return [dataset for dataset in place.database.get_datasets(sort="created_at") if dataset.origin is origin]


def questions(place: Workspace, dataset: Dataset) -> list[object]:
    return [content["messages"][0]["content"] for content, _ in place.database.stream_contents(dataset.id)]  # type: ignore[index, call-overload]


def test_a_merge_shows_the_repeats_first_and_leaves_them_out_if_asked(place: Workspace, open_page: Open) -> None:
    one = make_dataset(place, "One", [simple(n) for n in range(3)])
    two = make_dataset(place, "Two", [simple(n) for n in range(2, 5)])
    page = open_page("datasets")
    for dataset in (one, two):
        page.checkbox(key=f"picked{dataset.id}").check().run()
    next(button for button in page.button if button.label == "Merge").click().run()
    assert "One + Two" in text(page)
    assert "1 examples repeat one of a dataset before theirs" in text(page)
    page.toggle(key="operation_skip").set_value(True)
    next(button for button in page.button if button.label == "Merge").click().run()
    assert "1 left out" in text(page)
    page = begin(place, page)
    (made,) = newest(place, Origin.MERGED)
    assert questions(place, made) == [f"Question number {n}?" for n in range(5)]
    assert "Merge of “One”, “Two”" in said(page)
    assert "One + Two, 5 examples" in said(page)
    assert not page.checkbox(key=f"picked{one.id}").value, "what was merged is not chosen any more"


def test_one_dataset_cannot_be_merged(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, "One", [simple(0)])
    page = open_page("datasets")
    page.checkbox(key=f"picked{made.id}").check().run()
    assert next(button for button in page.button if button.label == "Merge").disabled


def test_a_sample_is_the_one_that_was_previewed_and_its_seed_is_kept(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, "All", [simple(n) for n in range(30)])
    page = choose(open_page("datasets"), made, Origin.SAMPLED)
    page.number_input(key="operation_size").set_value(7)
    page.text_input(key="operation_seed").set_value("11")
    page.text_input(key="operation_name").set_value("Few")
    page = choose(page, made, Origin.SAMPLED)
    assert "Few 7 examples, chat" in text(page).replace("**", "").replace(":gray[", "")
    assert "23 left out" in text(page)
    assert "Seed 11" in text(page)
    begin(place, page)
    (few,) = newest(place, Origin.SAMPLED)
    (parent,) = place.database.get_parents(few.id)
    assert (few.name, few.example_count, parent.parent_id, parent.seed) == ("Few", 7, made.id, 11)


def test_a_seed_that_is_none_is_refused_in_place(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, "All", [simple(n) for n in range(3)])
    page = choose(open_page("datasets"), made, Origin.SAMPLED)
    page.text_input(key="operation_seed").set_value("-1")
    page = choose(page, made, Origin.SAMPLED)
    assert "A seed is a whole number" in errors(page)


def test_a_split_has_to_add_up(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, "All", [chat(f"{word}?", f"{word}.") for word in ("oak", "elm", "fir", "ash", "yew")])
    page = choose(open_page("datasets"), made, Origin.SPLIT)
    page.number_input(key="operation_Test").set_value(50.0)
    page = choose(page, made, Origin.SPLIT)
    assert "140" in errors(page)
    assert not [button for button in page.button if button.key == "start_operation"]
    page.number_input(key="operation_Training").set_value(60.0)
    page.number_input(key="operation_Validation").set_value(0.0)
    page.number_input(key="operation_Test").set_value(40.0)
    page = begin(place, choose(page, made, Origin.SPLIT))
    parts = {dataset.name: dataset.example_count for dataset in newest(place, Origin.SPLIT)}
    assert parts == {"All, train": 3, "All, test": 2}
    assert "All, train, 3 examples" in said(page)
    assert "All, test, 2 examples" in said(page)


@pytest.mark.parametrize(
    ("strategy", "said_first", "made"),
    [("skip_multi_turn", "1 skipped", 1), ("per_turn", "3 examples come of it", 3)],
)
def test_a_conversion_tells_its_losses_before_anything_is_written(
    strategy: str, said_first: str, made: int, place: Workspace, open_page: Open
) -> None:
    talks = make_dataset(place, "Talks", [simple(0), TALK])
    page = choose(open_page("datasets"), talks, Origin.CONVERTED)
    assert page.selectbox(key="operation_format").value == "instruction"
    page.selectbox(key="operation_strategy").set_value(strategy)
    page = choose(page, talks, Origin.CONVERTED)
    assert said_first in text(page)
    assert "2 to convert" in text(page)
    assert place.database.count_datasets() == 1
    begin(place, page)
    assert newest(place, Origin.CONVERTED)[0].example_count == made


def test_what_cannot_be_converted_is_told_and_not_offered(place: Workspace, open_page: Open) -> None:
    talks = make_dataset(place, "Talks", [TALK])
    page = choose(open_page("datasets"), talks, Origin.CONVERTED)
    assert "1 skipped" in text(page)
    assert "No example would be left." in errors(page)
    assert not [button for button in page.button if button.key == "start_operation"]


def test_repeats_are_counted_and_taken_out(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, "All", [simple(0), simple(1), chat("question NUMBER 0", "Answer number 0!")])
    page = choose(open_page("datasets"), made, Origin.DEDUPLICATED)
    assert "1 left out: It repeats an example before it." in text(page)
    begin(place, page)
    assert newest(place, Origin.DEDUPLICATED)[0].example_count == 2
    assert place.database.get_dataset(made.id).example_count == 3, "the old one is as it was"


def test_a_filter_makes_a_dataset_of_what_matches(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, "All", [simple(n) for n in range(12)])
    page = choose(open_page("datasets"), made, Origin.FILTERED)
    next(field for field in page.text_input if "filter_" in str(field.key)).set_value("number 1")
    page = choose(page, made, Origin.FILTERED)
    assert "9 left out" in text(page)
    begin(place, page)
    assert newest(place, Origin.FILTERED)[0].example_count == 3


def test_a_copy_has_all_active_examples(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, "All", [simple(n) for n in range(3)])
    removed = place.database.get_dataset_examples(made.id)[0]
    place.database.set_status(made.id, [removed.id], ExampleStatus.REMOVED, author="me")
    page = open_page("datasets")
    page = begin(place, page.button(key=f"duplicate{made.id}").click().run())
    assert dataset_names(page)[:2] == ["All, copy, 2 examples", "All, copy"]
    assert place.database.count_examples(newest(place, Origin.DUPLICATED)[0].id, ExampleFilter()) == 2


def test_an_empty_dataset_offers_no_operation(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, "Empty")
    page = open_page("datasets")
    assert page.menu_button(key=f"operations{made.id}").disabled
    assert page.button(key=f"duplicate{made.id}").disabled


def test_a_panel_of_what_was_started_can_be_opened_by_its_address_and_closed(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, "All", [simple(0)])
    page = open_page("datasets")
    begin(place, page.button(key=f"duplicate{made.id}").click().run())
    (job,) = place.database.get_jobs(kind=JobKind.CURATION)
    assert job.status is JobStatus.COMPLETED
    page = open_page("datasets", job=str(job.id))
    assert "Copy of “All”" in said(page)
    page.button(key="close").click().run()
    assert "Copy of “All”" not in said(page)


def test_a_dataset_that_was_deleted_meanwhile_is_told(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, "All", [simple(0)])
    page = open_page("datasets").button(key=f"duplicate{made.id}").click().run()
    place.database.delete_dataset(made.id)
    page.button(key="start_operation").click().run()
    assert f"There is no dataset {made.id}" in errors(page)
    assert place.database.get_jobs() == []


def test_an_operation_that_failed_says_why_and_that_nothing_was_made(place: Workspace, open_page: Open) -> None:
    parameters: JsonObject = {"name": "Copy of “All”", "operation": "duplicated", "request": {"dataset_id": 1}}
    job = place.database.create_job(NewJob(JobKind.CURATION, parameters, 1, place.runner.owner))
    place.database.begin_job(job.id, place.runner.owner)
    cause: JsonObject = {"DatabaseError": {"count": 1, "message": "The disk is full.", "hint": "Free some space."}}
    place.database.end_job(job.id, JobStatus.FAILED, errors=cause, seconds=1.0)
    page = open_page("datasets", job=str(job.id))
    assert "The disk is full." in errors(page)
    assert "Nothing was made." in said(page)
    assert [button.label for button in page.button if button.key == f"resume{job.id}"] == ["Resume"]


def test_a_job_of_another_kind_has_no_panel_here(place: Workspace, open_page: Open) -> None:
    job = make_job(place, make_dataset(place, "Made", [simple(0)]))
    assert "Technical Support" not in said(open_page("datasets", job=str(job.id)))
