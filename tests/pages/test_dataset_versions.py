"""The versions of a dataset: listed, compared word by word."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from synthgen_core.actions.examples import set_status, update_example
from synthgen_core.actions.versions import make_version
from synthgen_core.database import NewExample
from synthgen_core.models import Dataset, ExampleStatus
from synthgen_core.workspace import Workspace
from tests.pages.support import chat, make_dataset, said, simple

Open = Callable[..., AppTest]


def changed(place: Workspace) -> Dataset:
    """Three examples and a version; since then one was changed, one removed, and one came."""
    made = make_dataset(place, contents=[chat("Why?", "It is so."), simple(1), simple(2)])
    make_version(place, made.id, name="At <b>first</b>", author="Ann", note="As it came.")
    first, second, _ = place.database.get_dataset_examples(made.id)
    update_example(place, first.id, chat("Why?", "It is <i>not</i> so."), seen_revision=1, author="Ann")
    set_status(place, made.id, [second.id], ExampleStatus.REMOVED, author="Ann")
    place.database.add_examples(made.id, [NewExample(3, simple(3), {})])
    return made


def diffs(page: AppTest) -> list[str]:
    """What the page shows of changes."""
    return [element.proto.body for element in page.main.get("html") if 'class="diff"' in element.proto.body]


def test_a_dataset_without_versions_offers_to_make_one(place: Workspace, open_page: Open) -> None:
    page = open_page("dataset", dataset=str(make_dataset(place, contents=[simple(0)]).id), tab="Versions")
    assert "0 versions" in said(page)
    assert "Compare" not in said(page)


def test_versions_are_listed_with_author_note_and_count(place: Workspace, open_page: Open) -> None:
    text = said(open_page("dataset", dataset=str(changed(place).id), tab="Versions"))
    for part in ("At <b>first</b>", "by Ann", "As it came.", "3 examples"):
        assert part in text


def test_a_comparison_shows_what_came_what_went_and_which_words_changed(place: Workspace, open_page: Open) -> None:
    page = open_page("dataset", dataset=str(changed(place).id), tab="Versions")
    kinds = page.get("button_group")[0]
    assert [option.content.split()[-2:] for option in kinds.proto.options] == [
        ["1", "added"],
        ["1", "removed"],
        ["1", "changed"],
    ]
    assert "Question number 3?" in said(page)
    kinds.set_value("removed").run()
    assert "Question number 1?" in said(page)
    page.get("button_group")[0].set_value("changed").run()
    (text,) = diffs(page)
    assert "<ins>&lt;i&gt;not&lt;/i&gt; </ins>" in text, "what is in a text is no HTML"
    assert "1 text without a change" in said(page)


def test_two_versions_are_compared_the_older_one_first(place: Workspace, open_page: Open) -> None:
    made = changed(place)
    make_version(place, made.id, name="Later", author="Ann")
    page = open_page("dataset", dataset=str(made.id), tab="Versions")
    page.selectbox[0].set_value(2).run()
    assert "No example differs" in page.info[0].value
    page.selectbox[1].set_value(1).run()
    assert "The older one comes first." in said(page)
    assert "Question number 3?" in said(page), "it was added from the older to the newer"
