"""Generate: how examples are made can be chosen, and what suits the model is chosen already."""

import re
from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.ways import WAYS
from synthgen_core.models import Method
from synthgen_core.workspace import Workspace
from tests.pages.support import errors, make_dataset, said, simple
from tests.pages.test_generate import choose, generate, prompts, use
from tests.support.reviews import review
from tests.support.server import ModelServer

Open = Callable[..., AppTest]


@pytest.fixture
def assistant() -> Iterator[ModelServer]:
    with ModelServer() as started:
        yield started


def make_it(page: AppTest, method: Method, provider: str = "openai") -> AppTest:
    box = page.selectbox(key=f"method_{provider}")
    label = next(label for label in box.options if label.startswith(WAYS[method].label))
    return box.select(label).run()


def approve(place: Workspace, count: int, name: str = "Reviewed", format_type: str = "chat") -> int:
    made = make_dataset(place, name, [simple(n) for n in range(5)], format_type=format_type)
    ids = [example.id for example in place.database.get_dataset_examples(made.id)]
    if count:
        review(place.database, ids[:count])
    return made.id


def test_what_suits_the_model_is_chosen_and_every_way_is_explained(open_page: Open, server: ModelServer) -> None:
    assert set(WAYS) == set(Method)
    page = choose(open_page("generate"))
    assert page.selectbox(key="method_embedded").value is Method.QUESTION_BANK
    assert "Question bank (suits this model)" in page.selectbox(key="method_embedded").options
    assert WAYS[Method.QUESTION_BANK].summary in said(page)
    use(page, server.url)
    assert page.selectbox(key="method_openai").value is Method.STRUCTURED
    for method in Method:
        assert WAYS[method].summary in said(make_it(page, method))


def test_turn_by_turn_the_prompt_and_the_estimate_are_others(open_page: Open, server: ModelServer) -> None:
    page = use(choose(open_page("generate")), server.url)
    page.text_input(key="seed").set_value("7").run()
    whole = said(page)
    make_it(page, Method.TURN_BY_TURN)
    assert "You play a person" in prompts(page)[0]
    calls = [int(found[1]) for text in (whole, said(page)) if (found := re.search(r"(\d+) calls", text))]
    assert calls[0] < calls[1]


def test_two_models_make_a_dataset_together(
    place: Workspace, open_page: Open, server: ModelServer, assistant: ModelServer
) -> None:
    page = use(choose(open_page("generate")), server.url)
    page.number_input(key="count").set_value(2)
    make_it(page, Method.TURN_BY_TURN)
    assert "assistant_provider" not in {box.key for box in page.selectbox}
    page.toggle(key="two_models").set_value(True).run()
    page.text_input(key="assistant_base_url").set_value(assistant.url).run()
    page.text_input(key="assistant_model_openai_text").set_value("answerer").run()
    assert not errors(page)
    generate(page)
    assert place.runner.wait(1, 60)
    job = place.database.get_job(1)
    assert job.done == 2
    assert job.parameters["assistant_provider"] == {"type": "openai", "model": "answerer", "base_url": assistant.url}
    assert len(server.calls) == len(assistant.calls) >= 2


def test_another_way_forgets_the_second_model(open_page: Open, server: ModelServer) -> None:
    page = use(choose(open_page("generate")), server.url)
    make_it(page, Method.TURN_BY_TURN)
    page.toggle(key="two_models").set_value(True).run()
    make_it(page, Method.STRUCTURED)
    assert not errors(page)
    assert "two_models" not in {toggle.key for toggle in page.toggle}


def test_approved_examples_can_be_shown(place: Workspace, open_page: Open, server: ModelServer) -> None:
    approve(place, 0, "Unreviewed")
    approve(place, 5, "Instructions", "instruction")
    dataset_id = approve(place, 2)
    page = use(choose(open_page("generate")), server.url)
    box = page.selectbox(key="few_shot_from_chat")
    assert (box.options, box.value) == (["Reviewed (2 approved)"], None)
    assert "Question number" not in prompts(page)[-1]
    box.select("Reviewed (2 approved)").run()
    assert "approved these 2 examples" in prompts(page)[-1]
    assert "Question number 0?" in prompts(page)[-1]
    assert "2 approved examples only" in said(page)
    page.slider(key="few_shot").set_value(1).run()
    assert "approved this example" in prompts(page)[-1]
    assert "approved examples only" not in said(page)
    page.number_input(key="count").set_value(1)
    generate(page)
    assert place.runner.wait(1, 60)
    assert place.database.get_job(1).parameters["few_shot_from"] == dataset_id


def test_without_approved_examples_there_is_nothing_to_choose(open_page: Open, server: ModelServer) -> None:
    page = use(choose(open_page("generate")), server.url)
    assert page.selectbox(key="few_shot_from_chat").disabled
    make_it(page, Method.QUESTION_BANK)
    assert "few_shot_from_chat" not in {box.key for box in page.selectbox}


def test_what_does_not_go_together_is_said_at_once(open_page: Open, server: ModelServer) -> None:
    page = use(choose(open_page("generate")), server.url)
    [language] = [box for box in page.selectbox if (box.key or "").startswith("language_")]
    language.select(next(option for option in language.options if "Deutsch" in option)).run()
    assert not errors(page)
    make_it(page, Method.QUESTION_BANK)
    assert "question bank is in English" in errors(page)
