"""Generate: the wizard's steps, the preview, the start, and watching it happen."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from synthgen_core.actions.generation import GenerationRequest, check_request
from synthgen_core.actions.jobs import get_job
from synthgen_core.domains import load_catalogue
from synthgen_core.models import JobStatus, ProviderConfig
from synthgen_core.prompts import label_of
from synthgen_core.scenarios import in_words
from synthgen_core.workspace import Workspace
from tests.pages.support import errors, filter_by, labels, make_dataset, make_job, read, said
from tests.support.server import Act, ModelServer

Open = Callable[..., AppTest]
NOBODY = "http://127.0.0.1:9/v1"
CATALOGUE = load_catalogue()


def choose(page: AppTest, domain: str = "support", subdomain: str = "technical_support") -> AppTest:
    """Go to the last step."""
    page.button(key=f"pick-{domain}").click().run()
    return page.button(key=f"pick-{subdomain}").click().run()


def use(page: AppTest, url: str) -> AppTest:
    """Choose the OpenAI-compatible provider at this address."""
    page.selectbox(key="provider").select_index(page.selectbox(key="provider").options.index(_name(page))).run()
    page.text_input(key="base_url").set_value(url).run()
    return page


def _name(page: AppTest) -> str:
    return next(name for name in page.selectbox(key="provider").options if "OpenAI" in name)


def generate(page: AppTest) -> AppTest:
    """Press the button that starts the run."""
    return next(button for button in page.button if button.label.startswith("Generate")).click().run()


def prompts(page: AppTest) -> list[str]:
    """The messages of the prompt's preview."""
    return [code.value for code in page.code]


def is_empty(place: Workspace) -> bool:
    files = list((place.settings.data_dir / "datasets").glob("*"))
    return not (place.database.count_datasets() or place.database.count_jobs() or files)


def test_all_twelve_domains_can_be_chosen(open_page: Open) -> None:
    assert set(labels(open_page("generate"))) >= {domain.name for domain in CATALOGUE}


@pytest.mark.parametrize("domain", [domain.slug for domain in CATALOGUE])
def test_every_subdomain_has_a_card_and_a_prompt_with_every_parameter(
    domain: str, place: Workspace, open_page: Open, server: ModelServer
) -> None:
    found = CATALOGUE.domain(domain)
    page = open_page("generate")
    page.button(key=f"pick-{found.slug}").click().run()
    assert set(labels(page)) >= {subdomain.name for subdomain in found.subdomains}
    subdomain = found.subdomains[-1]
    page.button(key=f"pick-{subdomain.slug}").click().run()
    page.text_input(key="seed").set_value("7").run()
    for provider in ("embedded", "openai"):
        if provider == "openai":
            use(page, server.url)
        request = GenerationRequest(found.slug, subdomain.slug, ProviderConfig(provider), seed=7)
        drawn = check_request(place, request)[1].scenario(0).parameters
        assert len(drawn) >= 4
        text = "\n".join(prompts(page))
        for name, value in drawn.items():
            assert label_of(name) in text, name
            assert in_words(value) in text, name
    assert said(page)


def test_the_steps_lead_back_and_the_choices_can_be_changed(open_page: Open) -> None:
    page = choose(open_page("generate"))
    assert any(button.label == "Generate 10" for button in page.button)
    page.button(key="to_subdomains").click().run()
    assert "Billing" in said(page)
    page.button(key="to_domains").click().run()
    assert "Legal Documentation" in labels(page)
    choose(page, "legal", "contracts")
    assert "Contracts" in said(page)
    assert "Legal Documentation" in said(page)


def test_the_settings_outlive_another_choice_of_subdomain(open_page: Open) -> None:
    page = choose(open_page("generate"))
    page.number_input(key="count").set_value(7).run()
    page.button(key="to_subdomains").click().run()
    page.button(key="pick-account").click().run()
    assert any(button.label == "Generate 7" for button in page.button)


def test_the_same_seed_shows_the_same_prompt(open_page: Open) -> None:
    page = choose(open_page("generate"))
    page.text_input(key="seed").set_value("7").run()
    first = prompts(page)
    assert prompts(page.run()) == first
    page.text_input(key="seed").set_value("8").run()
    assert prompts(page) != first


@pytest.mark.parametrize("seed", ["seven", "-1", "1.5", "²", "9" * 19, "9" * 5_000])
def test_a_seed_that_is_none_is_refused_in_words(seed: str, open_page: Open) -> None:
    page = choose(open_page("generate"))
    page.text_input(key="seed").set_value(seed).run()
    assert "seed" in errors(page).lower()
    assert not page.exception
    assert not any(button.label.startswith("Generate ") for button in page.button)


def test_the_embedded_model_writes_english_and_others_every_language(open_page: Open, server: ModelServer) -> None:
    page = choose(open_page("generate"))
    assert len(page.selectbox(key="language_1").options) == 1
    use(page, server.url)
    [language] = [box for box in page.selectbox if (box.key or "").startswith("language_")]
    assert len(language.options) >= 11
    language.select(next(option for option in language.options if "Deutsch" in option)).run()
    assert "German" in "\n".join(prompts(page))


def test_another_format_changes_the_prompt(open_page: Open, server: ModelServer) -> None:
    page = use(choose(open_page("generate")), server.url)
    assert "exchange" in prompts(page)[-1]
    filter_by(page, "instruction")
    assert "one instruction and one answer" in prompts(page)[-1]


def test_a_run_is_started_watched_and_complete(place: Workspace, open_page: Open, server: ModelServer) -> None:
    page = use(choose(open_page("generate")), server.url)
    page.number_input(key="count").set_value(3)
    page.text_input(key="seed").set_value("7")
    page.text_input(key="name").set_value("My calls").run()
    generate(page)
    assert page.query_params["job"] == "1", "the address can be reloaded"
    assert place.runner.wait(1, 60)
    page.run()
    text = said(page)
    assert "3 of 3 examples" in text
    assert "completed" in text
    assert len([bubble for bubble in page.chat_message if bubble.name == "user"]) >= 3, "the newest are shown"
    [dataset] = place.database.get_datasets()
    assert (dataset.name, dataset.example_count, dataset.metadata["seed"]) == ("My calls", 3, 7)
    page.button(key="open1").click().run()
    assert read(page.title[0].value) == "My calls"


def test_while_it_runs_the_page_can_be_left_reloaded_and_opened_twice(
    place: Workspace, open_page: Open, server: ModelServer
) -> None:
    wait = threading.Event()
    server.choose = lambda call: Act() if call.number < 1 else Act(until=wait)
    page = use(choose(open_page("generate")), server.url)
    page.number_input(key="count").set_value(3).run()
    page.number_input(key="workers_openai").set_value(1).run()
    generate(page)
    server.wait_for_calls(2)
    page.switch_page("pages/tasks.py").run()
    assert "1 of 3 examples" in said(page)
    page.switch_page("pages/generate.py").run()
    assert "1 of 3 examples" in said(page), "back on the page, without an address"
    assert "1 of 3 examples" in said(open_page("generate", job="1")), "reloaded, or in a second tab"
    assert "What is the dataset about?" in said(open_page("generate")), "a new visitor starts anew"
    page.button(key="cancel1").click().run()
    wait.set()
    assert place.runner.wait(1, 60)
    assert "cancelled" in said(page.run())
    page.button(key="resume1").click().run()
    assert place.runner.wait(1, 60)
    assert "3 of 3 examples" in said(page.run())
    assert place.database.count_jobs() == 1


def test_new_dataset_leads_back_to_the_same_choices(place: Workspace, open_page: Open, server: ModelServer) -> None:
    page = use(choose(open_page("generate")), server.url)
    page.number_input(key="count").set_value(1).run()
    generate(page)
    assert place.runner.wait(1, 60)
    page.run()
    next(button for button in page.button if button.label == "New dataset").click().run()
    assert "job" not in page.query_params
    assert any(button.label == "Generate 1" for button in page.button)


def test_an_address_where_nobody_listens_creates_nothing(place: Workspace, open_page: Open) -> None:
    page = generate(use(choose(open_page("generate")), NOBODY))
    assert f"does not answer at {NOBODY}" in errors(page)
    assert "Is it running" in errors(page), "and what to do"
    assert is_empty(place)
    assert any(button.label == "Generate 10" for button in page.button), "the choices are still there"


def test_a_refused_key_creates_nothing(place: Workspace, open_page: Open, server: ModelServer) -> None:
    server.models_act = Act(status=401, text="no such key")
    page = generate(use(choose(open_page("generate")), server.url))
    assert "refuses the key" in errors(page)
    assert "Check the key" in errors(page)
    assert is_empty(place)
    server.models_act = Act()
    generate(page)
    assert not page.error, "and the next try is not held up by the last"
    assert place.runner.wait(1, 60)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/v1", "127.0.0.1:80", "file:///etc/passwd", "http://"])
def test_an_address_that_is_none_creates_nothing(url: str, place: Workspace, open_page: Open) -> None:
    page = generate(use(choose(open_page("generate")), url))
    assert errors(page)
    assert not page.exception
    assert is_empty(place)


def test_openai_without_a_key_says_which_setting_to_set(place: Workspace, open_page: Open) -> None:
    page = choose(open_page("generate"))
    page.selectbox(key="provider").select(_name(page)).run()
    generate(page)
    assert "OPENAI_API_KEY" in errors(page)
    assert is_empty(place)


def test_an_ollama_that_does_not_answer_is_named(
    monkeypatch: pytest.MonkeyPatch, unopened: None, tmp_path: Path, new_page: Open
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("OLLAMA_URL", "http://127.0.0.1:9")
    page = choose(new_page("generate"))
    page.selectbox(key="provider").select("Ollama").run()
    assert not page.exception
    assert "does not answer at http://127.0.0.1:9" in errors(page)


def test_ollama_s_models_can_be_chosen(
    monkeypatch: pytest.MonkeyPatch, unopened: None, tmp_path: Path, new_page: Open, server: ModelServer
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("OLLAMA_URL", server.root)
    server.models[:] = ["llama", "qwen"]
    page = choose(new_page("generate"))
    page.selectbox(key="provider").select("Ollama").run()
    assert page.selectbox(key="model_ollama").options == ["llama", "qwen"]


def test_a_trial_shows_an_example_and_keeps_nothing(place: Workspace, open_page: Open, server: ModelServer) -> None:
    page = use(choose(open_page("generate")), server.url)
    page.button(key="try").click().run()
    assert page.chat_message
    assert "not kept" in said(page)
    assert is_empty(place)


def test_a_trial_that_fails_says_why(place: Workspace, open_page: Open, server: ModelServer) -> None:
    server.choose = lambda call: Act(status=401, text="no such key")
    page = use(choose(open_page("generate")), server.url)
    page.button(key="try").click().run()
    assert "refuses the key" in errors(page)
    assert is_empty(place)


@pytest.mark.parametrize("asked", ["999", "9" * 30])
def test_a_job_that_does_not_exist_is_said_so_and_leads_on(asked: str, open_page: Open) -> None:
    page = open_page("generate", job=asked)
    if len(asked) < 18:
        assert "There is no job 999" in errors(page)
        next(button for button in page.button if button.label == "New dataset").click().run()
    assert "What is the dataset about?" in said(page)


@pytest.mark.parametrize("asked", ["abc", "-1", "²", ""])
def test_what_is_no_job_starts_the_wizard(asked: str, open_page: Open) -> None:
    assert "What is the dataset about?" in said(open_page("generate", job=asked))


@pytest.mark.parametrize("status", JobStatus)
def test_a_job_in_any_state_can_be_watched(status: JobStatus, place: Workspace, open_page: Open) -> None:
    made = make_dataset(place)
    job = make_job(place, made, status, done=0 if status is JobStatus.FAILED else 2)
    page = open_page("generate", job=str(job.id))
    expected = {JobStatus.PENDING: "waiting"}.get(status, status.value)
    assert expected in said(page)
    assert get_job(place, job.id).job.status is status


def test_a_run_without_a_single_example_says_why(place: Workspace, open_page: Open, server: ModelServer) -> None:
    server.choose = lambda call: Act(status=401, text="no such key")
    page = use(choose(open_page("generate")), server.url)
    generate(page)
    assert place.runner.wait(1, 60)
    page.run()
    assert "failed" in said(page)
    assert "refuses the key" in errors(page)
    assert "Check the key" in errors(page)


def test_a_choice_that_is_gone_starts_anew(open_page: Open) -> None:
    page = open_page("generate")
    page.session_state["_domain"] = "gardening"
    assert "What is the dataset about?" in said(page.run())


def test_the_estimate_tells_calls_tokens_money_and_what_they_rest_on(open_page: Open) -> None:
    page = choose(open_page("generate"))
    [told] = [caption.value for caption in page.caption if "tokens, " in caption.value]
    assert "calls" in told
    assert "free" in told
    assert "words an answer" in told


def test_a_cap_in_tokens_goes_with_the_job(open_page: Open, place: Workspace, server: ModelServer) -> None:
    page = use(choose(open_page("generate")), server.url)
    page.number_input(key="max_tokens").set_value(500_000).run()
    generate(page)
    [job] = place.database.get_jobs()
    assert job.parameters["max_tokens_total"] == 500_000
