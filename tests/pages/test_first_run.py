"""The first run: two ways to begin, and every page on the sample."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from synthgen_core.actions.samples import find_sample, open_sample
from synthgen_core.workspace import Workspace
from tests.pages.support import buttons, figures, labels, make_dataset, said

Open = Callable[..., AppTest]
PARTS = ("Overview", "Rules", "Duplicates", "Charts", "Diversity", "Coverage", "Trust", "Losses and cost")
"""Of the Quality page; the part “Judge” says that no judge is set up, and that is so."""
DATASET_TABS = ("Overview", "Examples", "Metadata", "Versions", "Export")


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in buttons(page) if button.label == label).click().run()


def test_an_empty_dashboard_offers_two_ways(open_page: Open) -> None:
    page = open_page()
    assert labels(page) == ["Start", "Open the sample"]
    assert "Make a dataset now" in said(page)
    assert "Look at a sample" in said(page)


def test_a_first_dataset_is_two_presses_away(open_page: Open) -> None:
    page = press(open_page(), "Start")
    assert "Generate 10" in labels(page), "all is filled in"
    assert "Technical Support" in labels(page)


def test_a_model_of_one_s_own_is_named(monkeypatch: pytest.MonkeyPatch, open_page: Open) -> None:
    monkeypatch.setenv("LLM_PROVIDER", "openai")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-of-a-test")
    text = said(open_page())
    assert "Your model" in text
    assert "no key" not in text


def test_the_sample_opens_on_its_page(place: Workspace, open_page: Open) -> None:
    page = press(open_page(), "Open the sample")
    assert "Sample conversations" in said(page)
    assert figures(page)["Active examples"] == "90"
    assert find_sample(place) is not None


def test_the_list_of_datasets_offers_it_for_as_long_as_it_is_not_there(place: Workspace, open_page: Open) -> None:
    make_dataset(place)
    page = open_page("datasets")
    assert "Bring in the sample dataset" in labels(page)
    assert "Sample conversations" in said(press(page, "Bring in the sample dataset"))
    assert "Bring in the sample dataset" not in labels(open_page("datasets"))


def test_an_empty_list_of_datasets_offers_it(open_page: Open) -> None:
    assert "Sample conversations" in said(press(open_page("datasets"), "Open the sample"))


def test_every_page_has_something_to_show_on_the_sample(place: Workspace, open_page: Open) -> None:
    made = open_sample(place)
    asked = {"dataset": str(made.id)}
    pages = [(name, asked) for name in ("dashboard", "datasets", "review", "tasks")]
    pages += [("dataset", asked | {"tab": tab}) for tab in DATASET_TABS]
    pages += [("quality", asked | {"part": part}) for part in PARTS]
    for name, query in pages:
        page = open_page(name, **query)
        assert said(page), (name, query)
        assert not page.error, (name, query, [error.value for error in page.error])
