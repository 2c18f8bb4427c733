"""The import page: files are taken in, looked through, and imported as the user decides."""

import gzip
from collections.abc import Callable

import orjson
import pytest
from streamlit.testing.v1 import AppTest

from synthgen_core.models import JobKind, JobStatus
from synthgen_core.workspace import Workspace
from tests.pages.support import buttons, chat, errors, labels, links, make_dataset, make_job, said, simple

Open = Callable[..., AppTest]
SECONDS = 60.0


def lines(*rows: object) -> bytes:
    """A JSONL file; a text is a line as it stands."""
    return b"".join((row.encode() if isinstance(row, str) else orjson.dumps(row)) + b"\n" for row in rows)


GOOD = lines(*(simple(n) for n in range(4)))
DAMAGED = lines(simple(0), '{"messages": [', simple(2), {"messages": [{"role": "wizard", "content": "x"}]})


@pytest.fixture
def upload(open_page: Open) -> Callable[..., AppTest]:
    """Opens the page and uploads: ``upload(("a.jsonl", b"..."), ...)``."""

    def upload_(*files: tuple[str, bytes], page: AppTest | None = None) -> AppTest:
        page = page or open_page("import")
        for name, content in files:
            page.file_uploader[0].upload(name, content)
        return page.run()

    return upload_


def press(page: AppTest, label: str) -> AppTest:
    """Press the button whose label begins so."""
    found = [button for button in buttons(page) if button.label.startswith(label)]
    assert len(found) == 1, labels(page)
    return found[0].click().run()


def job_ids(place: Workspace) -> list[int]:
    return [job.id for job in reversed(place.database.get_jobs(kind=JobKind.IMPORT))]


def finish(place: Workspace, page: AppTest) -> AppTest:
    """Wait for all imports, and look again."""
    for job_id in job_ids(place):
        assert place.runner.wait(job_id, SECONDS)
    return page.run()


def table(page: AppTest) -> list[dict[str, str]]:
    """The list of bad lines."""
    return [{str(name): str(value) for name, value in row.items()} for row in page.table[0].value.to_dict("records")]


def test_nothing_is_imported_before_it_was_looked_at(place: Workspace, upload: Callable[..., AppTest]) -> None:
    page = upload(("talks.jsonl", GOOD))
    text = said(page)
    assert "4 good rows" in text
    assert "4 OpenAI chat" in text
    assert "Question number 0?" in text
    assert place.database.get_jobs() == []
    assert place.database.count_datasets() == 0
    page = finish(place, press(page, "Import 4 examples"))
    assert "4 good rows" in said(page)
    (made,) = place.database.get_datasets()
    assert (made.name, made.example_count, made.origin) == ("talks", 4, "imported")
    page = press(page, "Open dataset")
    assert "talks" in said(page)


def test_bad_lines_are_listed_and_the_good_ones_can_come_in(place: Workspace, upload: Callable[..., AppTest]) -> None:
    page = upload(("mixed.jsonl", DAMAGED))
    assert "2 bad lines" in said(page)
    assert [row["Line"] for row in table(page)] == ["2", "4"]
    assert "wizard" in table(page)[1]["Reason"]
    page = finish(place, press(page, "Import the good ones (2)"))
    assert place.database.get_datasets()[0].example_count == 2
    assert "Lines that did not come in (2)" in said(page)
    assert [row["Line"] for row in table(page)] == ["2", "4"]
    assert page.download_button[0].label == "Download 2 bad lines"


def test_all_or_nothing_imports_nothing_of_a_damaged_file_and_the_choice_can_be_changed(
    place: Workspace, upload: Callable[..., AppTest]
) -> None:
    page = finish(place, press(upload(("mixed.jsonl", DAMAGED)), "All or nothing"))
    assert "2 of 4 rows cannot be imported" in errors(page)
    assert place.database.count_datasets() == 0
    page = press(page, "Back to the preview")
    finish(place, press(page, "Import the good ones"))
    assert place.database.get_datasets()[0].example_count == 2


def test_a_reload_finds_the_upload_again(upload: Callable[..., AppTest], open_page: Open) -> None:
    page = upload(("talks.jsonl", GOOD))
    again = open_page("import", **{name: _one(value) for name, value in page.query_params.items()})
    assert "talks.jsonl" in said(again)
    assert "4 good rows" in said(again)


def _one(value: str | list[str]) -> str:
    return value if isinstance(value, str) else value[0]


def test_an_address_with_an_upload_that_is_gone_says_so(open_page: Open) -> None:
    for token in ("0" * 32, "../../etc/passwd", ""):
        page = open_page("import", file=token, label="lost.jsonl")
        assert "“lost.jsonl” is gone" in errors(page)
        assert "Look for new files" in labels(page), "the first step"


def test_a_name_is_a_label_only(place: Workspace, upload: Callable[..., AppTest]) -> None:
    page = upload(("../../<b>x</b> ![y](http://elsewhere.test/z.png).jsonl", GOOD))
    finish(place, press(page, "Import 4"))
    assert place.database.get_datasets()[0].name.endswith("z.png)")
    assert [path.name for path in place.settings.data_dir.parent.iterdir()] == ["data"]


def test_columns_of_unknown_rows_are_mapped_with_the_guess_filled_in(
    place: Workspace, upload: Callable[..., AppTest]
) -> None:
    page = upload(("questions.csv", b"id,customer_question,best_answer\n1,Where?,Here.\n2,When?,Now.\n"))
    assert page.selectbox(key="mapping_instruction_instruction").value == "customer_question"
    assert page.selectbox(key="mapping_instruction_output").value == "best_answer"
    assert "2 good rows" in said(page)
    page.selectbox(key="mapping_instruction_instruction").set_value("best_answer")
    page.selectbox(key="mapping_instruction_output").set_value("customer_question").run()
    finish(place, press(page, "Import 2 examples"))
    (made,) = place.database.get_datasets()
    content = place.database.get_dataset_examples(made.id)[0].content
    assert (content["instruction"], content["output"]) == ("Here.", "Where?")


def test_rows_of_unknown_shape_can_be_left_out(upload: Callable[..., AppTest]) -> None:
    page = upload(("mixed.jsonl", lines(simple(0), {"question": "Where?", "answer": "Here."})))
    page.selectbox(key="mapping").select("Not an example: leave it out").run()
    assert "1 good row]" in said(page)
    assert "1 bad line]" in said(page)


def test_an_encoding_that_may_fit_is_offered(place: Workspace, upload: Callable[..., AppTest]) -> None:
    row = orjson.dumps(chat("Grüße?", "Schöne Grüße.")).decode().encode("cp1252") + b"\n"
    page = upload(("latin.jsonl", row))
    assert "Some lines are not UTF-8." in said(page)
    page = press(page, "Read the file as CP1252")
    assert "Schöne Grüße." in said(page)
    finish(place, press(page, "Import 1 example"))
    assert "Schöne" in str(place.database.get_dataset_examples(1)[0].content)


def test_invalid_bytes_are_replaced_only_if_asked(upload: Callable[..., AppTest]) -> None:
    row = orjson.dumps(chat("Hi?", "X.")).replace(b"X", b"\xff") + b"\n"
    page = upload(("odd.jsonl", row))
    assert "1 bad line]" in said(page)
    page.checkbox(key="replace_invalid").check().run()
    assert "1 good row]" in said(page)
    assert "�." in said(page)
    page.checkbox(key="replace_invalid").uncheck().run()
    assert "1 bad line]" in said(page)


def test_several_files_make_a_dataset_each_or_one_together(place: Workspace, upload: Callable[..., AppTest]) -> None:
    alpaca = lines({"instruction": "Sum up", "input": "A text.", "output": "Short."})
    files = (("talks.jsonl", GOOD), ("tasks.jsonl.gz", gzip.compress(alpaca)))
    page = upload(*files)
    assert "Import 5 examples" in labels(page)
    page = finish(place, press(page, "Import 5 examples"))
    assert {made.name: made.format for made in place.database.get_datasets()} == {
        "talks": "chat",
        "tasks": "instruction",
    }
    assert page.query_params["job"] == [str(job_id) for job_id in job_ids(place)]
    page = upload(*files)
    page.checkbox(key="import_again").check()
    page.get("button_group")[0].set_value("One dataset of all").run()  # type: ignore[union-attr]
    assert "together they make a dataset of the format chat" in said(page)
    finish(place, press(page, "Import 5 examples"))
    newest = place.database.get_datasets(sort="created_at")[0]
    assert (newest.name, newest.format, newest.example_count) == ("talks and 1 more", "chat", 5)


def test_a_file_that_cannot_be_read_is_told_and_can_be_left_out(upload: Callable[..., AppTest]) -> None:
    page = upload(("archive.zip", b"PK\x03\x04..."), ("talks.jsonl", GOOD))
    assert "ZIP archive" in errors(page)
    assert page.button(key="import_False").disabled
    drop = next(button for button in buttons(page) if str(button.key).startswith("leave_out"))
    page = drop.click().run()
    assert "archive.zip" not in said(page)
    assert not page.button(key="import_False").disabled


def test_an_empty_file_is_no_dataset(upload: Callable[..., AppTest]) -> None:
    page = upload(("empty.jsonl", b""))
    assert "There is no example to import." in said(page)
    assert page.button(key="import_False").disabled


def test_the_same_content_again_is_told_and_imported_only_on_purpose(
    place: Workspace, upload: Callable[..., AppTest]
) -> None:
    finish(place, press(upload(("talks.jsonl", GOOD)), "Import 4"))
    page = upload(("other name.jsonl", GOOD))
    assert "was already imported on" in said(page)
    assert ("dataset", "dataset=1") in links(page)
    assert not [label for label in labels(page) if label.startswith("Import 4")]
    page.checkbox(key="import_again").check().run()
    finish(place, press(page, "Import 4"))
    assert place.database.count_datasets() == 2


def test_an_upload_over_the_limit_of_imports_is_refused(
    upload: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMPORT_MAX_FILE_MB", "1")
    page = upload(("large.jsonl.gz", b" " * 1_000_001))
    assert "more than 1 MB" in errors(page)
    assert "Look for new files" in labels(page)


def test_the_folder_is_looked_through_once_for_each_file(place: Workspace, open_page: Open) -> None:
    folder = place.settings.data_dir / "datasets"
    folder.mkdir(exist_ok=True)
    (folder / "found.jsonl").write_bytes(GOOD)
    (folder / "sheet.csv").write_bytes(b"PK\x03\x04...")
    page = finish(place, press(open_page("import"), "Look for new files"))
    assert "found" in said(page)
    assert [made.name for made in place.database.get_datasets()] == ["found"]
    page = press(open_page("import"), "Look for new files")
    assert len(job_ids(place)) == 1
    assert "ZIP archive" in errors(page)


def test_a_job_of_another_kind_is_no_import(place: Workspace, open_page: Open) -> None:
    job = make_job(place, make_dataset(place))
    assert f"Job {job.id} is no import" in errors(open_page("import", job=str(job.id)))
    assert "no job 999" in errors(open_page("import", job="999"))


def test_tasks_tell_of_an_import_in_its_own_words(
    place: Workspace, upload: Callable[..., AppTest], open_page: Open
) -> None:
    finish(place, press(upload(("mixed.jsonl", DAMAGED)), "Import the good ones"))
    assert place.database.get_jobs()[0].status is JobStatus.COMPLETED
    page = open_page("tasks")
    text = said(page)
    assert "2 examples of 4 could not be brought in" in text
    assert "every attempt failed" not in text
    assert "tokens" not in text
    assert ("import", f"job={job_ids(place)[0]}") in links(page)
    assert str(place.settings.data_dir) not in text
