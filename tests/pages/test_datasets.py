"""The list of datasets: filters, order, pages."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from synthgen_core.workspace import Workspace
from tests.pages.support import buttons, dataset_names, labels, make_dataset, make_full, said, simple

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


def test_each_order_sorts(place: Workspace, open_page: Open) -> None:
    for name, size in (("Beta", 1), ("Alpha", 3), ("Gamma", 2)):
        made = make_dataset(place, name, [simple(n) for n in range(size)])
        if name == "Beta":
            first = made
    place.database.update_dataset(first.id, description="changed last")
    page = open_page("datasets")
    for order, expected in (
        ("Name", ["Alpha", "Beta", "Gamma"]),
        ("Largest", ["Alpha", "Gamma", "Beta"]),
        ("Newest", ["Gamma", "Alpha", "Beta"]),
        ("Newest change", ["Beta", "Gamma", "Alpha"]),
    ):
        page.selectbox(key="order").select(order).run()
        assert dataset_names(page) == expected, order


def test_a_dataset_in_the_trash_is_not_listed(place: Workspace, open_page: Open) -> None:
    gone = make_dataset(place, "Gone")
    make_dataset(place, "Here")
    place.database.delete_dataset(gone.id)
    page = open_page("datasets")
    assert dataset_names(page) == ["Here"]
    assert "1 dataset" in said(page)


def test_new_dataset_leads_to_generate(place: Workspace, open_page: Open) -> None:
    make_dataset(place)
    page = open_page("datasets")
    buttons(page)[0].click().run()
    assert "Legal Documentation" in labels(page)
