"""Waiting for what a browser does not tell by itself."""

import time
from collections.abc import Callable

from playwright.sync_api import Page, WebSocket

SECONDS = 120.0
"""The embedded model writes slowly, and the machine may be busy."""


def wait_for(condition: Callable[[], object], page: Page, seconds: float = SECONDS) -> None:
    """Let the browser go on until the condition holds."""
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "waited in vain"
        page.wait_for_timeout(100)


class Frames:
    """Counts what a page and the app say to each other, from the page's next load on."""

    def __init__(self, page: Page) -> None:
        self.count = 0
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framesent", self._add)
        socket.on("framereceived", self._add)

    def _add(self, _: object) -> None:
        self.count += 1
