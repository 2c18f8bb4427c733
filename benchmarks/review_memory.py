"""How much memory of the app one more person on the Review page takes, at work and with the page still open.

Each session is a tab of Chromium that opens the page and decides on examples by key. What the first ones take, code and
buffers that all share, is not counted: the figure is the growth over the sessions after them, divided by their number.
``python -m benchmarks.review_memory [N ...]``: sizes of the datasets, 1,000 and 100,000 unless others are given; about
a minute each. Exits with 1 if the bar is missed.
"""

import sys
import tempfile
from pathlib import Path

import psutil
from playwright.sync_api import BrowserContext, sync_playwright

from benchmarks.review import fill
from tests.tools.app import App, idle, start_app
from tests.tools.chromium import ARGUMENTS, find_chromium

SIZES, MOST_MB, MB = (1_000, 100_000), 50.0, 1_000_000
SHARED, COUNTED, DECISIONS = 2, 8, 10
"""Sessions that are not counted, sessions that are, and what each decides on."""


def work(context: BrowserContext, app: App) -> None:
    """One more session: the page, its grid, and decisions; it stays open."""
    page = context.new_page()
    page.goto(app.url + "/review?dataset=1")
    page.frame_locator('iframe[title*="agGrid"]').locator(".ag-row").first.wait_for(timeout=120_000)
    idle(page)
    for _ in range(DECISIONS):
        page.keyboard.press("a")
        idle(page)


def megabytes(app: App) -> float:
    """What the app's process holds now."""
    return float(psutil.Process(app.process.pid).memory_info().rss / MB)


def main() -> int:
    """Measure, print, judge."""
    is_met = True
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=[*ARGUMENTS, "--no-sandbox"])
        for size in [int(size) for size in sys.argv[1:]] or SIZES:
            folder = Path(name) / str(size)
            fill(folder, size)
            app, context = start_app(folder), chromium.new_context(viewport={"width": 1366, "height": 768})
            at_rest = megabytes(app)
            for _ in range(SHARED):
                work(context, app)
            before = megabytes(app)
            for _ in range(COUNTED):
                work(context, app)
            each = (megabytes(app) - before) / COUNTED
            is_met &= each <= MOST_MB
            verdict = "ok  " if each <= MOST_MB else "MISS"
            print(f"{size:,} examples: {at_rest:.0f} MB at rest, {before:.0f} MB with {SHARED} sessions")
            print(f"{verdict}  each of {COUNTED} more{each:8.1f} MB   (at most {MOST_MB:.0f})", flush=True)
            context.close()
            app.stop()
        chromium.close()
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
