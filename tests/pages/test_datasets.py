"""The list of datasets: filters, order, pages, ticks; deleting and the trash."""

from collections.abc import Callable

import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from synthgen_core.actions.curation import Duplicate, start, wait_for_datasets
from synthgen_core.database import tables
from synthgen_core.workspace import Workspace
from tests.pages.support import buttons, dataset_names, errors, labels, make_dataset, make_full, said, simple
from tests.support.reviews import review

Open = Callable[..., AppTest]


def test_the_list_has_three_pages_of_20_with_every_dataset_once(place: Workspace, open_page: Open) -> None:
    made = make_full(place)
    page = open_page("datasets")
    assert "45 datasets" in said(page)
    assert len(dataset_names(page)) == 20
    seen = dataset_names(page)
    for number in (2, 3):
        page.pagination[0].set_value(number).run()
        seen += dataset_names(page)
    assert len(dataset_names(page)) == 5
    assert sorted(seen) == sorted(dataset.name for dataset in made)


def test_a_filter_counts_what_it_finds(place: Workspace, open_page: Open) -> None:
    make_full(place)
    page = open_page("datasets")
    page.selectbox(key="domain_filter").select("Customer Support").run()
    assert dataset_names(page) == [f"Collection {n:02}" for n in (36, 24, 12, 0)], "the newest change first"
    assert "4 datasets" in said(page)
    page.text_input(key="search").set_value("ION 12").run()
    assert dataset_names(page) == ["Collection 12"]
    assert "1 dataset" in said(page)


def test_a_filter_by_format(place: Workspace, open_page: Open) -> None:
    make_dataset(place, "Talks")
    make_dataset(place, "Tasks", format_type="instruction")
    page = open_page("datasets")
    page.selectbox(key="format_filter").select("Instruction").run()
    assert dataset_names(page) == ["Tasks"]


def test_a_filter_on_the_last_page_shows_what_it_finds(place: Workspace, open_page: Open) -> None:
    make_full(place)
    page = open_page("datasets")
    page.pagination[0].set_value(3).run()
    page.text_input(key="search").set_value("Collection 4").run()
    assert len(dataset_names(page)) == 5
    assert "Nothing matches" not in said(page)


def test_a_shorter_list_on_a_page_that_is_gone_shows_the_page_that_is_marked(place: Workspace, open_page: Open) -> None:
    for n in range(60):
        make_dataset(place, f"{'Odd' if n % 2 else 'Even'} {n}")
    page = open_page("datasets")
    page.pagination[0].set_value(3).run()
    page.text_input(key="search").set_value("odd").run()
    assert (page.pagination[0].value, len(dataset_names(page))) in ((1, 20), (2, 10))


def test_a_search_takes_every_sign_for_itself(place: Workspace, open_page: Open) -> None:
    for name in ("100 % sure", "snake_case", "plain"):
        make_dataset(place, name, domain="legal", subdomain="contracts")
    page = open_page("datasets")
    for text, found in (("%", ["100 % sure"]), ("_", ["snake_case"]), ("'\"\\", [])):
        page.text_input(key="search").set_value(text).run()
        assert dataset_names(page) == found


def test_a_filter_that_finds_nothing_says_so_and_how_to_go_on(place: Workspace, open_page: Open) -> None:
    make_dataset(place)
    page = open_page("datasets")
    page.text_input(key="search").set_value("nowhere").run()
    assert "Nothing matches" in said(page)
    assert "filter" in said(page)
    page.text_input(key="search").set_value("").run()
    assert dataset_names(page) == ["Router trouble"]


def sort_by(page: AppTest, column: str) -> AppTest:
    return page.button(key=f"sort-{column}").click().run()


def test_each_title_sorts_and_once_more_the_other_way_round(place: Workspace, open_page: Open) -> None:
    made = [
        make_dataset(place, name, [simple(n) for n in range(size)], domain=domain, format_type=format_type)
        for name, size, domain, format_type in (
            ("Beta", 1, "support", "instruction"),
            ("Alpha", 3, "legal", "chat"),
            ("Gamma", 2, "medical", "preference"),
        )
    ]
    place.database.update_dataset(made[0].id, description="changed last")
    page = open_page("datasets")
    assert dataset_names(page) == ["Beta", "Gamma", "Alpha"], "the newest change first"
    for column, expected in (
        ("name", ["Alpha", "Beta", "Gamma"]),
        ("domain", ["Alpha", "Gamma", "Beta"]),
        ("format", ["Alpha", "Beta", "Gamma"]),
        ("example_count", ["Alpha", "Gamma", "Beta"]),
        ("updated_at", ["Beta", "Gamma", "Alpha"]),
    ):
        assert dataset_names(sort_by(page, column)) == expected, column
        assert dataset_names(sort_by(page, column)) == expected[::-1], column


def test_scores_and_reviews_are_shown_with_what_they_rest_on_and_sorted_by(place: Workspace, open_page: Open) -> None:
    made = [make_dataset(place, name, [simple(n) for n in range(4)]) for name in ("None", "Low", "High")]
    for dataset, scores in ((made[1], (2.0, 3.0)), (made[2], (9.0, 8.0, 7.0))):
        for example, score in zip(place.database.get_dataset_examples(dataset.id), scores, strict=False):
            with place.database.engine.begin() as connection:
                change = sa.update(tables.examples).where(tables.examples.c.id == example.id)
                connection.execute(change.values(quality_score=score))
    review(place.database, [place.database.get_dataset_examples(made[1].id)[0].id])
    for dataset in made[1:]:
        place.database.update_dataset(dataset.id, description="scored")  # as whoever writes scores does
    page = open_page("datasets")
    text = said(page)
    assert "8.0 :gray[:small[n 3]]" in text
    assert "2.5 :gray[:small[n 2]]" in text
    assert "25 %" in text
    assert dataset_names(sort_by(page, "mean_score")) == ["High", "Low", "None"]
    assert dataset_names(sort_by(page, "mean_score")) == ["Low", "High", "None"], "what has no score comes last"
    assert dataset_names(sort_by(page, "reviewed"))[0] == "Low"


def test_a_filter_by_origin(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, "Made", [simple(1)])
    wait_for_datasets(place, start(place, Duplicate(made.id, "Copied")))
    page = open_page("datasets")
    page.selectbox(key="origin_filter").select("Duplicated").run()
    assert dataset_names(page) == ["Copied"]


def test_tags_and_descriptions_are_searched(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, "One", description="for the pilot")
    make_dataset(place, "Two")
    place.database.update_dataset(made.id, tags=["gold"])
    page = open_page("datasets")
    for text in ("GOLD", "pilot"):
        page.text_input(key="search").set_value(text).run()
        assert dataset_names(page) == ["One"]
    assert "#gold" in said(page)


def test_a_dataset_in_the_trash_is_not_listed(place: Workspace, open_page: Open) -> None:
    gone = make_dataset(place, "Gone")
    make_dataset(place, "Here")
    place.database.delete_dataset(gone.id)
    page = open_page("datasets")
    assert dataset_names(page) == ["Here"]
    assert "1 dataset" in said(page)


def test_new_dataset_leads_to_generate_and_import_to_the_files(place: Workspace, open_page: Open) -> None:
    make_dataset(place)
    assert "Legal Documentation" in labels(press(open_page("datasets"), "New dataset"))
    assert "Look for new files" in labels(press(open_page("datasets"), "Import"))


def press(page: AppTest, label: str) -> AppTest:
    (button,) = [button for button in buttons(page) if button.label == label]
    return button.click().run()


def test_a_file_can_be_taken_from_the_row(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, "Full", [simple(1)])
    empty = make_dataset(place, "Empty")
    page = open_page("datasets")
    assert not page.download_button(key=f"download{made.id}").disabled
    assert page.download_button(key=f"download{empty.id}").disabled


def test_deleting_asks_first_and_the_trash_gives_it_back(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, "Mistake", [simple(1)])
    make_dataset(place, "Other")
    page = open_page("datasets")
    page.button(key=f"delete{made.id}").click().run()
    assert any("goes to the trash" in caption.value for caption in page.caption)
    assert dataset_names(page) == ["Other", "Mistake"], "only asked so far"
    page.button(key="delete").click().run()
    assert dataset_names(page) == ["Other"]
    trash = open_page("datasets", datasets_view="Trash")
    assert "Mistake" in said(trash)
    trash.button(key=f"restore{made.id}").click().run()
    assert "The trash is empty" in said(trash)
    assert place.database.get_dataset(made.id).example_count == 1


def test_the_trash_is_emptied_for_good_one_by_one_or_at_once(place: Workspace, open_page: Open) -> None:
    made = [make_dataset(place, f"Old {n}", [simple(n)]) for n in range(3)]
    for dataset in made:
        place.database.delete_dataset(dataset.id)
    page = open_page("datasets", datasets_view="Trash")
    assert "3 datasets" in said(page)
    page.button(key=f"purge{made[0].id}").click().run()
    assert [dataset.id for dataset in place.database.get_trash()] == [made[2].id, made[1].id]
    page.button(key="purge_all").click().run()
    assert place.database.get_trash() == []
    assert "The trash is empty" in said(page)


def test_what_was_purged_meanwhile_is_told(place: Workspace, open_page: Open) -> None:
    made = make_dataset(place, "Gone")
    place.database.delete_dataset(made.id)
    page = open_page("datasets", datasets_view="Trash")
    place.database.purge_dataset(made.id)
    page.button(key=f"restore{made.id}").click().run()
    assert f"no dataset {made.id} in the trash" in errors(page)


def test_ticks_last_over_pages_of_the_list(place: Workspace, open_page: Open) -> None:
    made = make_full(place)
    page = open_page("datasets")
    first = place.database.get_datasets(limit=1)[0]
    page.checkbox(key=f"picked{first.id}").check().run()
    page.pagination[0].set_value(2).run()
    other = next(box for box in page.checkbox if str(box.key).startswith("picked"))
    other.check().run()
    assert "2 chosen" in said(page)
    page.pagination[0].set_value(1).run()
    assert page.checkbox(key=f"picked{first.id}").value
    press(page, "Clear")
    assert "Tick datasets" in said(page)
    assert not page.checkbox(key=f"picked{first.id}").value
    assert len(made) == 45


def test_several_are_deleted_at_once(place: Workspace, open_page: Open) -> None:
    made = [make_dataset(place, name) for name in ("One", "Two", "Three")]
    page = open_page("datasets")
    for dataset in made[:2]:
        page.checkbox(key=f"picked{dataset.id}").check().run()
    page.button(key="delete_chosen").click().run()
    page.button(key="delete").click().run()
    assert dataset_names(page) == ["Three"]
    assert "Tick datasets" in said(page)
