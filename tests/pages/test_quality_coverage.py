"""The parts Diversity, Coverage, and Losses and cost of the Quality page."""

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from synthgen_core.actions.coverage import COVERAGE
from synthgen_core.actions.diversity import DIVERSITY
from synthgen_core.actions.generation import GenerationRequest, start_generation
from synthgen_core.actions.measures import get_or_measure
from synthgen_core.database import LoggedCall, NewExample, Progress
from synthgen_core.models import Dataset, JobKind, JobStatus, JsonObject, ProviderConfig, Usage
from synthgen_core.workspace import Workspace
from tests.pages.support import chat, figures, make_dataset, make_job, said
from tests.support.replies import MODEL
from tests.support.server import ModelServer

OpenPage = Callable[..., AppTest]
LEVEL = "complexity_levels"
TOPICS = ["router cable modem signal", "refund invoice charge card", "password login account locked"]


def varied(count: int) -> list[JsonObject]:
    return [chat(f"My {TOPICS[n % 3]} number {n}?", f"As to {TOPICS[n % 3]}: step {n} first.") for n in range(count)]


def with_levels(place: Workspace, **levels: int) -> Dataset:
    """A dataset whose examples have these complexity levels, and no other parameter."""
    drawn = [level for level, count in levels.items() for _ in range(count)]
    made = make_dataset(place)
    new = [NewExample(n, chat(f"q{n}", f"a{n}"), {"parameters": {LEVEL: level}}) for n, level in enumerate(drawn)]
    place.database.add_examples(made.id, new)
    return place.database.get_dataset(made.id)


def part(open_page: OpenPage, dataset: Dataset, name: str) -> AppTest:
    return open_page("quality", dataset=str(dataset.id), part=name)


def charts(page: AppTest) -> list[dict[str, Any]]:
    return [json.loads(chart.proto.spec) for chart in page.get("plotly_chart")]


def texts(traces: Sequence[dict[str, Any]]) -> list[str]:
    return [text for trace in traces for text in trace.get("text", ())]


@pytest.mark.parametrize("name", ["Diversity", "Coverage", "Losses and cost"])
@pytest.mark.parametrize("count", [0, 1, 40])
def test_every_part_can_be_read_whatever_there_is(place: Workspace, open_page: OpenPage, name: str, count: int) -> None:
    page = part(open_page, make_dataset(place, contents=varied(count), metadata={}), name)
    assert not page.exception
    assert not page.error


def test_few_examples_have_no_diversity_and_the_page_says_from_when_on(place: Workspace, open_page: OpenPage) -> None:
    page = part(open_page, make_dataset(place, contents=varied(12)), "Diversity")
    assert "12 active examples; measured from 30 on" in said(page)
    assert not charts(page)


def test_diversity_shows_its_figures_with_their_basis_and_a_map(place: Workspace, open_page: OpenPage) -> None:
    page = part(open_page, make_dataset(place, contents=varied(60)), "Diversity")
    assert list(figures(page)) == [
        "Distinct words",
        "Distinct pairs",
        "Distinct triples",
        "Compression ratio",
        "Self-similarity",
    ]
    assert "mean of 5 random samples of 30 texts of 60" in said(page)
    (drawn,) = charts(page)
    assert sum(len(trace["x"]) for trace in drawn["data"]) == 60
    assert "60 examples drawn at random, in 2 islands" in said(page)
    assert len(page.get("page_link")) > 5, "typical examples of the first island"


def test_another_dataset_is_compared_at_the_size_that_both_have(place: Workspace, open_page: OpenPage) -> None:
    large, small = (make_dataset(place, f"Set {n}", varied(n)) for n in (120, 40))
    get_or_measure(place, small, DIVERSITY, at_once=100)
    page = part(open_page, large, "Diversity")
    page.multiselect[0].select(small.id).run()
    assert "samples of 30 texts" in said(page)
    compared = charts(page)[:5]
    assert [len(chart["data"][0]["x"]) for chart in compared] == [2] * 5
    assert compared[0]["layout"]["yaxis"]["ticktext"] == ["Set 120", "Set 40"]


def test_a_dataset_alone_is_compared_with_nothing(place: Workspace, open_page: OpenPage) -> None:
    page = part(open_page, make_dataset(place, contents=varied(40)), "Diversity")
    assert not page.multiselect
    assert "To compare, open this tab for another dataset" in said(page)


def test_a_large_dataset_is_measured_on_request(place: Workspace, open_page: OpenPage) -> None:
    many = make_dataset(place, contents=[chat(f"q {n}", f"a {n}") for n in range(2001)])
    page = part(open_page, many, "Diversity")
    assert "2,001 examples have to be measured first" in said(page)
    page.button(key="diversity-measure").click().run()
    (job,) = place.database.get_jobs(kind=JobKind.MEASURES)
    assert place.runner.wait(job.id, 60)
    assert len(figures(part(open_page, many, "Diversity"))) == 5


def test_coverage_shows_target_and_actual_of_each_value(place: Workspace, open_page: OpenPage) -> None:
    page = part(open_page, with_levels(place, simple=60, medium=40), "Coverage")
    assert figures(page) | {"Active examples": "100"} == figures(page)
    (chart,) = charts(page)
    bars, targets = chart["data"]
    weights = place.catalogue.domain("support").parameters[LEVEL]
    assert bars["x"] == [pytest.approx(share) for share in (0.6, 0.4, 0.0)]
    assert targets["x"] == [pytest.approx(weight / 100) for weight in weights.values()]
    assert "n = 100; 30.0% off target. p < 0.001" in said(page)
    assert "Not one of 100 examples says which value was drawn." in said(page), "the parameters that they lack"


def test_without_drawn_parameters_there_is_nothing_to_compare(place: Workspace, open_page: OpenPage) -> None:
    made = make_dataset(place)
    place.database.add_examples(made.id, [NewExample(n, chat("q", "a"), {}) for n in range(3)])
    page = part(open_page, place.database.get_dataset(made.id), "Coverage")
    assert "None of the 3 active examples has drawn parameters" in said(page)


def test_an_unknown_domain_has_no_target(place: Workspace, open_page: OpenPage) -> None:
    made = make_dataset(place, contents=varied(3), domain="gone", subdomain="too")
    assert "The domain of these 3 examples is not known here" in said(part(open_page, made, "Coverage"))


def generate(place: Workspace, server: ModelServer, num_examples: int) -> Dataset:
    request = GenerationRequest(
        "support",
        "technical_support",
        ProviderConfig("openai", MODEL, server.url, "sk-x"),
        num_examples=num_examples,
        seed=1,
    )
    job = start_generation(place, request)
    assert place.runner.wait(job.id, 60)
    assert job.dataset_id is not None
    return place.database.get_dataset(job.dataset_id)


def test_a_button_adds_what_is_missing(
    place: Workspace, open_page: OpenPage, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = generate(place, server, 12)
    page = part(open_page, made, "Coverage")
    assert "As in the last run: stub-model, structured." in said(page)
    page.number_input[0].set_value(7).run()
    assert "7 calls" in said(page)
    page.button(key="top-up-start").click().run()
    assert not page.error
    job = place.database.get_jobs(kind=JobKind.GENERATION)[0]
    assert place.runner.wait(job.id, 60)
    job = place.database.get_job(job.id)
    assert (job.dataset_id, job.status, job.done) == (made.id, JobStatus.COMPLETED, 7)
    assert job.parameters["weights"]
    assert place.database.get_dataset(made.id).example_count == 19
    assert figures(part(open_page, made, "Coverage"))["Active examples"] == "19"


def test_while_a_run_adds_to_it_the_page_shows_that_run(place: Workspace, open_page: OpenPage) -> None:
    made = with_levels(place, simple=20)
    make_job(place, made, JobStatus.RUNNING, done=0)
    page = part(open_page, place.database.get_dataset(made.id), "Coverage")
    assert not page.number_input
    assert "0 of 4 examples" in str([bar.proto.text for bar in page.get("progress")])


def test_what_was_not_generated_here_is_topped_up_by_a_model_that_is_chosen(
    place: Workspace, open_page: OpenPage
) -> None:
    page = part(open_page, with_levels(place, simple=20), "Coverage")
    assert [box.label for box in page.selectbox if box.label == "Model"] == ["Model"]
    assert not page.radio


def test_losses_say_where_each_number_is_from(place: Workspace, open_page: OpenPage) -> None:
    made = make_dataset(place)
    errors: dict[str, Any] = {"not_json": {"count": 3, "message": "m", "hint": "h"}}
    make_job(place, made, requested=5, done=3, failed=2, errors=errors)
    page = part(open_page, place.database.get_dataset(made.id), "Losses and cost")
    stages, causes = charts(page)
    assert texts(stages["data"])[0] == "5"
    assert "3 (100% of answered)" in texts(stages["data"])
    assert causes["layout"]["yaxis"]["ticktext"] == ["not json"]
    assert "Drawn: asked for by 1 run (jobs)" in said(page).replace("*", "")
    assert "No call to a model is known for this dataset" in said(page)


def test_models_are_compared_by_time_and_cost(place: Workspace, open_page: OpenPage) -> None:
    made = make_dataset(place, contents=varied(2))
    job = make_job(place, made)
    log = [LoggedCall(n, 1, "openai", "m", "", "ok", Usage(10, 5), Decimal("0.25"), 2.0) for n in range(4)]
    log.append(LoggedCall(9, 1, "openai", "m", "", "timeout", Usage(), None, 60.0))
    place.database.record(job, Progress(log=log))
    page = part(open_page, made, "Losses and cost")
    (table,) = page.dataframe
    row = table.value.iloc[0]
    assert (row["Model"], row["Calls"], row["Failed"], row["Tokens"]) == ("m", 5, 1, 60)
    assert row["Cost"] == "$1.00 and 1 call of unknown cost"
    assert (row["Median"], row["95 % within"]) == ("2 s", "2 s")
    assert "5 calls for this dataset, judging and mending too (calls); the cost of 1 is not known" in said(page)


def test_coverage_that_is_kept_is_not_counted_again(place: Workspace, open_page: OpenPage) -> None:
    made = with_levels(place, simple=10)
    kept = get_or_measure(place, made, COVERAGE, at_once=100)
    part(open_page, made, "Coverage")
    assert place.database.get_measure(made.id, COVERAGE) == kept
