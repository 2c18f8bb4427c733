"""How soon the next example is there after a decision, against a page of Streamlit's own that has nothing on it.

Both are timed in Chromium, from the key or click to the new text, as the median of several; the ratio is what counts.
``python benchmarks/review.py [N ...]``: sizes of the datasets, 1,000 and 100,000 unless others are given.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from synthgen_core.database import NewExample
from synthgen_core.settings import load_settings
from synthgen_core.workspace import open_workspace
from tests.pages.support import make_dataset, simple
from tests.tools.app import App, idle, start_app
from tests.tools.chromium import ARGUMENTS, find_chromium

SIZES, ROUNDS, CHUNK = (1_000, 100_000), 15, 5_000
EMPTY = """
import streamlit as st
def more(): st.session_state.n = st.session_state.get("n", 0) + 1
st.button("More", on_click=more)
st.markdown(f"**Round {st.session_state.get('n', 0)}**")
"""
TIMED = """([act, watched]) => new Promise(done => {
    const seen = () => [...document.querySelectorAll(watched)].filter(e => e.offsetParent);
    const text = () => seen().map(e => e.textContent).join();
    const before = text(), start = performance.now();
    const look = () => text() !== before && text() ? done(performance.now() - start) : requestAnimationFrame(look);
    if (act.key) document.body.dispatchEvent(new KeyboardEvent('keydown', {key: act.key, bubbles: true}));
    else document.querySelector(act.click).click();
    requestAnimationFrame(look);
})"""
"""Milliseconds until what is watched reads otherwise."""


CAUGHT_UP = "() => document.documentElement.dataset.reviewAhead === undefined"


def times_of(page: Page, act: dict[str, str], watched: str) -> tuple[float, float]:
    """Seconds until it reads otherwise, and until the app has caught up: medians; the first two are not counted."""
    seen, caught_up = [], []
    for _ in range(ROUNDS + 2):
        begun = time.perf_counter()
        seen.append(page.evaluate(TIMED, [act, watched]) / 1000)
        page.wait_for_function(CAUGHT_UP, polling="raf")
        caught_up.append(time.perf_counter() - begun)
        idle(page)
    return statistics.median(seen[2:]), statistics.median(caught_up[2:])


def fill(folder: Path, size: int) -> None:
    """A dataset of this size."""
    place = open_workspace(load_settings({"DATA_DIR": str(folder)}))
    made = make_dataset(place, "Many", [])
    numbers: Iterator[int] = iter(range(size))
    while chunk := list(islice(numbers, CHUNK)):
        place.database.add_examples(made.id, [NewExample(n, simple(n), {}) for n in chunk])
    place.close()


def opened(page: Page, app: App, path: str) -> Page:
    """The page, at rest."""
    page.goto(app.url + path)
    idle(page)
    return page


def main() -> None:
    """Measure and print."""
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=[*ARGUMENTS, "--no-sandbox"])
        page = chromium.new_page(viewport={"width": 1366, "height": 768})
        script = Path(name) / "empty.py"
        script.write_text(EMPTY, encoding="utf-8")
        app = start_app(Path(name) / "empty", script=script)
        empty, _ = times_of(opened(page, app, "/"), {"click": "button[kind=secondary]"}, "strong")
        app.stop()
        print(f"empty page: {empty:.3f} s")
        for size in sizes:
            folder = Path(name) / str(size)
            fill(folder, size)
            app = start_app(folder)
            opened(page, app, "/review?dataset=1")
            page.frame_locator('iframe[title*="agGrid"]').locator(".ag-row").first.wait_for()
            idle(page)
            for how, act in (("key", {"key": "a"}), ("click", {"click": ".st-key-review-do-a button"})):
                seconds, behind = times_of(page, act, ":is(.st-key-review-body-0, .st-key-review-ahead-body) p")
                ratio = f"{seconds / empty:.2f} times as long"
                print(f"{size:,} examples, by {how}: {seconds:.3f} s, {ratio}; all drawn: {behind:.3f} s")
            app.stop()
        chromium.close()


if __name__ == "__main__":
    main()
