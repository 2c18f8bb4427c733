"""Generate: the choice to make a dataset through a service's batches."""

from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from synthgen_core.workspace import Workspace
from tests.core.actions.batches import PRICES
from tests.core.actions.support import finish
from tests.pages.support import errors
from tests.support.batch_server import BatchServer
from tests.support.replies import MODEL

Open = Callable[..., AppTest]


@pytest.fixture
def batch_server() -> Iterator[BatchServer]:
    with BatchServer() as running:
        yield running


def settings_of(open_page: Open, url: str) -> AppTest:
    """The wizard's last step, with a model of this server."""
    page = open_page("generate")
    page.button(key="pick-support").click().run()
    page.button(key="pick-technical_support").click().run()
    kinds = page.selectbox(key="provider").options
    page.selectbox(key="provider").select_index(next(n for n, name in enumerate(kinds) if "OpenAI" in name)).run()
    page.text_input(key="base_url").set_value(url).run()
    return page.text_input(key="model_openai_text").set_value(MODEL).run()


def switches(page: AppTest) -> list[str]:
    return [toggle.label for toggle in page.toggle if toggle.key == "batch"]


def test_batches_are_offered_where_their_price_is_known(
    open_page: Open, place: Workspace, batch_server: BatchServer
) -> None:
    page = settings_of(open_page, batch_server.url)
    assert not switches(page), "nothing is known of this server's batches"
    (place.settings.data_dir / "models.toml").write_text(PRICES, encoding="utf-8")
    assert switches(page.run()) == ["In batches: half the price, up to 24 hours"]
    ways = page.selectbox(key="method_openai").options
    page.selectbox(key="method_openai").select_index(ways.index("Turn by turn")).run()
    assert not switches(page), "a way with several calls an example cannot go through batches"


def test_the_embedded_model_has_no_batches(open_page: Open) -> None:
    page = open_page("generate")
    page.button(key="pick-support").click().run()
    assert not switches(page.button(key="pick-technical_support").click().run())


def test_a_run_through_batches_is_started_and_complete(
    open_page: Open, place: Workspace, batch_server: BatchServer
) -> None:
    (place.settings.data_dir / "models.toml").write_text(PRICES, encoding="utf-8")
    page = settings_of(open_page, batch_server.url)
    page.toggle(key="batch").set_value(True).run()
    assert any("50% of the ordinary price" in caption.value for caption in page.caption)
    next(button for button in page.button if button.label.startswith("Generate")).click().run()
    assert not errors(page)
    [job] = place.database.get_jobs()
    assert job.parameters["use_batch"] is True
    assert finish(place, job).done == job.requested
    assert [len(batch.requests) for batch in batch_server.batches] == [job.requested]
