"""The app is stopped with a job at work, and started again."""

import json
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from synthgen_core.models import JobStatus
from tests.e2e.filling import filling
from tests.e2e.test_main_job import choose, done
from tests.e2e.watching import wait_for
from tests.support.server import Act, Call, ModelServer
from tests.tools.app import App, Console

Start = Callable[..., App]
Open = Callable[..., Page]


def test_a_stopped_app_resumes_its_job_without_loss_and_without_doubles(
    app: Start, open_page: Open, console: Console, tmp_path: Path
) -> None:
    def first_two(call: Call) -> Act:
        return Act() if call.number < 2 else Act(delay=600)

    folder = tmp_path / "data"
    with ModelServer(first_two) as server:
        settings = {"LLM_PROVIDER": "openai", "OPENAI_BASE_URL": server.url, "LLM_MODEL": "stub-model"}
        started = app(folder, **settings)
        page = open_page(started, "/generate")
        choose(page, 6, workers=3).click()
        wait_for(lambda: done(page) == 2, page)
        server.wait_for_calls(5)
        page.close()
        assert started.stop() < 6
        console.errors.clear()  # the page lost its app

        server.choose = lambda call: Act()
        again = app(folder, **settings)
        page = open_page(again, "/tasks")
        expect(page.get_by_role("button", name="Resume")).to_be_visible()
        expect(page.locator(".stMarkdownBadge", has_text="interrupted")).to_be_visible()
        assert done(page) == 2
        page.get_by_role("button", name="Resume").click()
        wait_for(lambda: done(page) == 6, page)
        expect(page.locator(".stMarkdownBadge", has_text="completed")).to_be_visible(timeout=60_000)
        assert len(server.calls) == 6 + 3, "only what was under way is asked again"
        page.close()
        again.stop()  # the file is put into the order of the database soon after a job, and at the end at the latest
        console.errors.clear()
    with filling(folder) as place:
        [job] = place.database.get_jobs()
        assert job.status is JobStatus.COMPLETED
        [dataset] = place.database.get_datasets()
        kept = [example.content for example in place.database.get_dataset_examples(dataset.id)]
        lines = (folder / dataset.file_path).read_text(encoding="utf-8").splitlines()
    assert len(kept) == len({json.dumps(content) for content in kept}) == 6
    assert [json.loads(line)["messages"] for line in lines] == [content["messages"] for content in kept]
