"""The charts of quality: what they show, what they say they rest on, and the way from a bar to its examples."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.measuring import AT_ONCE
from synthgen_core.database import NewExample, NewFlag
from synthgen_core.models import Dataset, ExampleStatus, Origin, Parent, Severity, Watermark
from synthgen_core.workspace import Workspace
from tests.core.database.judged import judge, set_columns
from tests.pages.support import chat, make_dataset, said, simple

Open = Callable[..., AppTest]
Charts = Callable[..., AppTest]


def fill(place: Workspace, scores: Mapping[int, float], count: int = 40, name: str = "Router trouble") -> Dataset:
    """A dataset of so many examples, some of which a judge scored (by index) on two criteria."""
    made = make_dataset(place, name, [simple(n) for n in range(count)])
    ids = [row.id for row in place.database.get_dataset_examples(made.id, count)]
    set_columns(place.database, made.id, {index: {"quality_score": score} for index, score in scores.items()})
    for index, score in scores.items():
        judge(place.database, ids[index], {"alignment": score, "formatting": 10.0})
    return place.database.get_dataset(made.id)


@pytest.fixture
def charts(open_page: Open) -> Charts:
    """Opens one view of the part of a dataset."""

    def open_(dataset: Dataset, view: str = "Scores") -> AppTest:
        page = open_page("quality", dataset=str(dataset.id), part="Charts")
        page.session_state["charts-view"] = view
        return page.run()

    return open_


def drawn(page: AppTest) -> dict[str, dict[str, Any]]:
    """Title of each chart -> what Plotly is told."""
    assert not page.exception
    return {str(chart.proto.alt): json.loads(chart.proto.spec) for chart in page.main.get("plotly_chart")}


def opened(page: AppTest) -> list[str]:
    """What the review is narrowed to, in words, and which of how many examples are shown."""
    text = said(page)
    return [*re.findall(r":blue-badge\[(?!:)(.*?)\]", text), *re.findall(r"\d+–\d+ of [\d,]+", text)]


def click(page: AppTest, key: str, point: int, trace: int = 0) -> AppTest:
    """What a click on a bar or a point does."""
    chosen = {"curve_number": trace, "point_index": point, "point_number": point}
    page.session_state[key] = {"selection": {"points": [chosen], "point_indices": [point], "box": [], "lasso": []}}
    return page.run()


def test_scores_are_drawn_with_what_they_rest_on(place: Workspace, charts: Charts) -> None:
    dataset = fill(place, {n: float(n % 4 + 5) for n in range(30)})
    ids = [row.id for row in place.database.get_dataset_examples(dataset.id, 100)]
    judge(place.database, ids[35], None)
    place.database.set_status(dataset.id, ids[38:], ExampleStatus.REMOVED, author="ann")
    page = charts(dataset)
    (bars,) = drawn(page)["Judge's scores"]["data"]
    assert sum(bars["y"]) == 30
    text = said(page)
    assert "n = 30 of 38 active examples. Left out: 7 not judged, 1 where the judge failed, 2 removed." in text
    assert "The rules have not read these examples." in text
    assert "Nobody has given a score." in text


def test_a_click_on_a_bar_opens_its_examples_in_review(place: Workspace, charts: Charts) -> None:
    dataset = fill(place, {0: 5.0, 1: 6.0, 2: 6.0, 3: 7.0})
    page = click(charts(dataset), "spread-quality_score", 6)
    assert opened(page) == ["score from 6", "score below 7", "1–2 of 2"]
    assert "**Example 2**" in said(page)
    page.button(key=f"filter_review_{dataset.id}_clear").click().run()
    assert opened(page) == []


def test_a_click_on_a_criterion_opens_what_was_scored_so(place: Workspace, charts: Charts) -> None:
    dataset = fill(place, {0: 5.0, 1: 9.0, 2: 3.0})
    page = click(charts(dataset), "criteria", point=0, trace=2)
    assert opened(page) == ["alignment from 4", "alignment below 6", "1–1 of 1"]


def test_a_click_on_a_flag_opens_what_it_flags(place: Workspace, charts: Charts) -> None:
    made = make_dataset(place)
    flags = (NewFlag("refusal", Severity.ERROR, "m", source="rules"),)
    place.database.add_examples(
        made.id, [NewExample(n, simple(n), {}, flags=flags if n == 1 else ()) for n in range(3)]
    )
    page = click(charts(made), "flags", 0)
    assert opened(page) == ["flag: refusal (error)", "1–1 of 1"]


def test_a_click_on_a_point_opens_its_example(place: Workspace, charts: Charts) -> None:
    dataset = fill(place, {n: float(n % 10) for n in range(40)})
    page = charts(dataset, "Sizes")
    points = drawn(page)["Score against length"]["data"][0]
    assert len(points["x"]) == 40
    page = click(page, "score-characters", 7)
    assert page.query_params["example"]
    assert "Nothing matches" not in said(page)


def test_groups_have_their_means_and_those_of_few_say_so(place: Workspace, charts: Charts) -> None:
    made = make_dataset(place)
    tones = ["calm"] * 35 + ["angry"] * 5
    new = [NewExample(n, simple(n), {"model": "m", "parameters": {"tone": tone}}) for n, tone in enumerate(tones)]
    place.database.add_examples(made.id, [*new, NewExample(40, simple(40), {})])
    set_columns(place.database, made.id, {n: {"rule_score": float(5 + n % 2)} for n in range(40)})
    page = charts(made, "By group")
    (means,) = drawn(page)["By tone"]["data"]
    assert means["marker"]["symbol"] == ["circle", "circle-open"]
    assert means["customdata"][1] == "angry: 5.60, n = 5"
    assert list(drawn(page)) == ["By model", "By tone"], "nobody wrote down subdomain and language"
    page = click(page, "group-parameters-tone", 1)
    assert opened(page) == ["rule score from 0", "tone: angry", "1–5 of 5"]


def test_sizes_open_by_their_bars(place: Workspace, charts: Charts) -> None:
    made = make_dataset(place, contents=[chat("a", "b"), chat("a", "b", "c", "d"), chat("a", "b")])
    page = charts(made, "Sizes")
    assert "No example has a judge's score." in said(page)
    page = click(page, "size-turns", 0)
    assert opened(page) == ["turns from 2", "turns below 3", "1–2 of 2"]


def child_of(place: Workspace, parent: Dataset, scores: Mapping[int, float]) -> Dataset:
    child = fill(place, scores, name="Router trouble_improved")
    link = Parent(child.id, parent.id, parent.name, Origin.FILTERED, None, {}, Watermark(0, 0), child.example_count)
    place.database.publish([child.id], parents=[link])
    return place.database.get_dataset(child.id)


def test_before_and_after_stand_side_by_side(place: Workspace, charts: Charts) -> None:
    before = fill(place, {n: float(n % 2 + 5) for n in range(40)})
    after = child_of(place, before, {n: float(n % 2 + 6) for n in range(35)})
    page = charts(after, "Compare")
    text = said(page)
    assert "“Router trouble_improved” was made from “Router trouble”" in text
    assert "“Router trouble_improved” less “Router trouble”: 0.99" in text
    one, other = drawn(page)["Judge's scores, shares"]["data"]
    assert (one["name"], other["name"]) == ("Router trouble", "Router trouble_improved")
    assert sum(one["y"]) == pytest.approx(1)
    page = click(page, "compare-spread", point=5, trace=0)
    assert page.query_params["dataset"] == str(before.id)
    assert opened(page) == ["score from 5", "score below 6", "1–20 of 20"]


def test_datasets_that_are_not_related_are_compared_when_they_are_chosen(place: Workspace, charts: Charts) -> None:
    one, other = fill(place, {0: 5.0}), fill(place, {0: 5.0}, name="Another *name*")
    page = charts(one, "Compare")
    assert not drawn(page)
    page.multiselect[0].select(other.id).run()
    assert "The difference is not shown: n = 1; shown from 30 on." in said(page)
    assert len(drawn(page)["Judge's scores, means"]["data"]) == 2


VIEWS = ("Scores", "By group", "Sizes", "Compare")


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_to_measure_is_said(place: Workspace, charts: Charts, view: str) -> None:
    page = charts(make_dataset(place), view)
    assert "There is no active example to measure." in said(page)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(
    ("scores", "count"),
    [({}, 3), ({0: 7.0}, 1), (dict.fromkeys(range(40), 0.1), 40), (dict.fromkeys(range(30), 10.0), 30)],
)
def test_odd_scores_are_drawn(
    place: Workspace, charts: Charts, view: str, scores: Mapping[int, float], count: int
) -> None:
    fill(place, {}, 2, "Another")
    page = charts(fill(place, scores, count), view)
    assert "nan" not in said(page).lower()


def test_texts_in_the_place_of_scores_and_names_that_are_markup_do_no_harm(place: Workspace, charts: Charts) -> None:
    made = make_dataset(place)
    odd = {"quality_score": "NaN", "model": "<b>m</b>", "parameters": {"<i>tone</i>": "**a** $x$"}}
    place.database.add_examples(made.id, [NewExample(0, simple(0), odd)])
    set_columns(place.database, made.id, {0: {"quality_score": 7.0}})
    axis = drawn(charts(made, "By group"))["By model"]["layout"]["yaxis"]
    assert axis["ticktext"] == ["&lt;b&gt;m&lt;/b&gt; · 1"]


def test_a_large_dataset_is_measured_in_the_background_and_shows_the_age_of_what_it_shows(
    place: Workspace, charts: Charts
) -> None:
    made = make_dataset(place)
    place.database.add_examples(made.id, [NewExample(n, {"messages": []}, {}) for n in range(AT_ONCE + 1)])
    page = charts(made, "Sizes")
    assert "20,001 examples have to be measured first" in said(page)
    assert not drawn(page)
    page.button(key="charts-measure").click().run()
    (job,) = place.database.get_jobs(dataset_id=made.id)
    assert place.runner.wait(job.id, 60)
    assert "Characters" in drawn(page.run())
    place.database.add_examples(made.id, [NewExample(AT_ONCE + 1, simple(3), {})])
    page.run()
    assert "on 20,001 examples. The dataset has changed since." in said(page)
    assert "Characters" in drawn(page)
